#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "bench/protocol.h"
#include "tests/unit/bench/protocols/protocol_checks.h"

/* As NATS 2.15 said it to both partners, one after the other; the refusal is 2.15's words. */
static const char captured[] =
    "PONG\r\n"
    "MSG answer.00000000000000aa.00000003.1.0000abcd 1 26\r\n{\"stream\":\"CHAT3\",\"seq\":1}\r\n"
    "MSG chat.3.00000000000000aa.00000003.1 2 answer.00000000000000aa.00000003.1.0000abcd "
    "50\r\n" TEXT "\r\n"
    "PING\r\n"
    "MSG answer.00000000000000aa.00000003.1.ffffffff 1 78\r\n{\"error\":{\"code\":503,"
    "\"err_code\":10077,\"description\":\"maximum bytes exceeded\"}}\r\n"
    "MSG created 9 2\r\n{}\r\n"
    "MSG chat.3.00000000000000aa.00000003.1 2 $JS.ACK.CHAT3.1Gqd9CbN.1.7.1.1795273200102836844.0 "
    "50\r\n" TEXT "\r\n";

static void check_captured(const struct split_feed *feed)
{
    static const enum chat_incoming_type types[] = {
        CHAT_OTHER, CHAT_ACKED, CHAT_MESSAGE, CHAT_OTHER, CHAT_REFUSED, CHAT_OTHER, CHAT_MESSAGE};
    check_types(feed, types, 7);
    assert_int_equal(feed->items[1].in.id, 0xabcd);
    assert_string_equal(feed->items[2].text, TEXT);
    assert_string_equal(feed->items[6].text, TEXT);
    assert_int_equal(feed->items[4].in.id, 0xffffffff);
    assert_int_not_equal(feed->items[4].in.error, 0);
    check_answers(feed, "PONG\r\n", 6);
}

static void answers_and_texts_are_told_apart_wherever_they_are_cut(void **state)
{
    (void)state;
    split_feed_everywhere(&nats_protocol, captured, check_captured);
}

static void a_send_is_published_with_an_inbox_for_its_answer(void **state)
{
    (void)state;
    static const char expected[] = "PUB chat.3.00000000000000aa.00000003.1 "
                                   "answer.00000000000000aa.00000003.1.0000abcd 50\r\n" TEXT "\r\n";
    check_send(&nats_protocol, 0xabcd, expected, sizeof expected - 1);
}

static void what_a_server_would_not_say_is_malformed(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "-ERR 'Unknown Protocol Operation'\r\n",
        "HMSG chat.a 2 12 12\r\nNATS/1.0\r\n\r\n\r\n",
        "MSG answer.0000000000000000.00000000.0.0000000x 1 2\r\n{}\r\n",
        "MSG a 1 2\r\n{}\r\n",
        "MSG chat.a 2 2\r\n{}{}",
        "MSG a 12 2\r\n{}\r\n",
        "MSG 1 2\r\n{}\r\n",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        check_status(&nats_protocol, wrong[i], strlen(wrong[i]), ERR_MALFORMED);
    }
    static const char *const garbage[] = {"\n",       "PING\n", "MSG a 1 x\r\n",
                                          "MSG 12\n", "M\r\n",  "MSG a 1 99999999\r\n",
                                          "MSG5\r\n", "H \r\n"};
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        assert_true(nats_protocol.split(text_of(garbage[i])) == LINK_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_and_texts_are_told_apart_wherever_they_are_cut),
        cmocka_unit_test(a_send_is_published_with_an_inbox_for_its_answer),
        cmocka_unit_test(what_a_server_would_not_say_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
