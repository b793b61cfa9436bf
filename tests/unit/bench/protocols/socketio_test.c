#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "bench/protocol.h"
#include "tests/unit/bench/protocols/protocol_checks.h"

/* As Socket.IO 4.8 said it to both partners, one after the other. */
static const char captured[] = "\201 40{\"sid\":\"9DVgTncsSuw5F1lxAAAB\"}"
                               "\201\0114343981[]"
                               "\201B42[\"message\",\"" TEXT "\"]"
                               "\201\0012"
                               "\201\024434294967295[\"full\"]";

static void check_captured(const struct split_feed *feed)
{
    static const enum chat_incoming_type types[] = {CHAT_OTHER, CHAT_ACKED, CHAT_MESSAGE,
                                                    CHAT_OTHER, CHAT_REFUSED};
    check_types(feed, types, 5);
    assert_int_equal(feed->items[1].in.id, 43981);
    assert_string_equal(feed->items[2].text, TEXT);
    assert_int_equal(feed->items[4].in.id, 4294967295);
    assert_int_not_equal(feed->items[4].in.error, 0);
    check_answers(feed, "\201\201\000\000\000\0003", 7);
}

static void packets_are_told_apart_wherever_they_are_cut(void **state)
{
    (void)state;
    split_feed_everywhere_bytes(&socketio_protocol, captured, sizeof captured - 1, check_captured);
}

static void a_send_is_an_event_with_an_acknowledgement(void **state)
{
    (void)state;
    static const char expected[] = "\201\314\000\000\000\000"
                                   "420000043981[\"message\",\"" TEXT "\"]";
    check_send(&socketio_protocol, 43981, expected, sizeof expected - 1);
}

static void what_a_server_would_not_say_is_malformed(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "43",              /* no id */
        "43[]",            /* no id */
        "431[",            /* no end */
        "431x]",           /* no array */
        "4342949672960[]", /* an id too long */
        "4399999999999[]", /* an id too large */
        "42",              /* no event */
        "42[\"other\",\"a\"]",
        "42[\"message\",\"a",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct chat_incoming in;
        struct bytes message = text_of(wrong[i]);
        assert_int_equal(socketio_protocol.next(NULL, &message, &in), ERR_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_are_told_apart_wherever_they_are_cut),
        cmocka_unit_test(a_send_is_an_event_with_an_acknowledgement),
        cmocka_unit_test(what_a_server_would_not_say_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
