#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "bench/protocol.h"
#include "tests/unit/bench/protocols/split_feed.h"

/* As Redis 7.0 said it to a connection that sent two messages and received one. */
static const char captured[] = "$15\r\n1795272479947-0\r\n"
                               ":1\r\n"
                               ">3\r\n$7\r\nmessage\r\n$12\r\nc:00000001:1\r\n$5\r\nh\r\n-i\r\n"
                               ">3\r\n$9\r\nsubscribe\r\n$12\r\nc:00000001:1\r\n:1\r\n"
                               "$15\r\n1795272479947-1\r\n"
                               ":1\r\n";

static void check_captured(const struct split_feed *feed)
{
    static const enum chat_incoming_type types[] = {CHAT_ACKED, CHAT_OTHER, CHAT_MESSAGE,
                                                    CHAT_OTHER, CHAT_ACKED, CHAT_OTHER};
    assert_int_equal(feed->count, 6);
    for (size_t i = 0; i < feed->count; i++) {
        assert_int_equal(feed->items[i].status, 1);
        assert_int_equal(feed->items[i].in.type, types[i]);
    }
    assert_int_equal(feed->items[0].in.id, 0);
    assert_int_equal(feed->items[4].in.id, 1);
    assert_string_equal(feed->items[2].text, "h\r\n-i");
}

static void replies_and_pushes_are_told_apart_wherever_they_are_cut(void **state)
{
    (void)state;
    split_feed_everywhere(&redis_protocol, captured, check_captured);
}

static void a_refused_append_is_the_message_that_it_belongs_to(void **state)
{
    (void)state;
    static struct split_feed feed;
    split_feed_init(&feed, &redis_protocol);
    split_feed_text(&feed, "$3\r\n1-1\r\n:1\r\n-MISCONF no disk\r\n:1\r\n$3\r\n1-2\r\n-ERR x\r\n");
    assert_int_equal(feed.count, 6);
    assert_int_equal(feed.items[2].in.type, CHAT_REFUSED);
    assert_int_equal(feed.items[2].in.id, 1);
    assert_int_equal(feed.items[4].in.type, CHAT_ACKED);
    assert_int_equal(feed.items[4].in.id, 2);
    assert_int_equal(feed.items[5].in.type, CHAT_OTHER);
    split_feed_fini(&feed);
}

static void a_reply_that_is_not_of_its_command_is_malformed(void **state)
{
    (void)state;
    static const char *const wrong[] = {":1\r\n", "+OK\r\n", "*0\r\n", "_\r\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        static struct split_feed feed;
        split_feed_init(&feed, &redis_protocol);
        split_feed_text(&feed, wrong[i]);
        assert_int_equal(feed.count, 1);
        assert_int_equal(feed.items[0].status, ERR_MALFORMED);
        split_feed_fini(&feed);
    }
}

static void garbage_ends_the_connection(void **state)
{
    (void)state;
    static const char *const garbage[] = {
        "x",    "$a\r\n", "$\r\n", "$3\r\nabcd\r", "$9999999999999999999\r\n", "*1000000\r\n",
        "$1x\n"};
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        assert_true(redis_protocol.split(text_of(garbage[i])) == LINK_MALFORMED);
    }
    static const char *const unfinished[] = {
        "$",  "$1", "$1\r",         "$1\r\n", "$1\r\na\r",
        ">3", "*1", "%1\r\n:1\r\n", "+O",     "*2\r\n$0\r\n\r\n"};
    for (size_t i = 0; i < sizeof unfinished / sizeof unfinished[0]; i++) {
        assert_int_equal(redis_protocol.split(text_of(unfinished[i])), 0);
    }
}

static void a_send_is_an_append_and_a_publish_of_one_text(void **state)
{
    (void)state;
    struct chat_template template = {0};
    struct buffer out = {0};
    struct chat_text text = {.couple = 0xabc, .side = 1, .number = 77, .at_us = 5};
    redis_protocol.template_init(&template, CHAT_TEXT_BYTES_MIN, 1);
    redis_protocol.append(&template, 77, 0, &text, &out);
    buffer_append_u8(&out, 0);
    assert_string_equal((char *)out.data,
                        "*5\r\n$4\r\nXADD\r\n$10\r\nc:00000abc\r\n$1\r\n*\r\n$1\r\nt\r\n"
                        "$50\r\nduet 00000abc 1 000000000000004d 0000000000000005 \r\n"
                        "*3\r\n$7\r\nPUBLISH\r\n$12\r\nc:00000abc:0\r\n"
                        "$50\r\nduet 00000abc 1 000000000000004d 0000000000000005 \r\n");
    buffer_fini(&out);
    chat_template_fini(&template);
}

static const char call_captured[] =
    "$15\r\n1795272479947-0\r\n"
    ">3\r\n$7\r\nmessage\r\n$12\r\nc:00000001:1\r\n$19\r\n1795272479947-1 d i\r\n"
    "-MISCONF no disk\r\n"
    "$15\r\n1795272479947-2\r\n";

static void check_call_captured(const struct split_feed *feed)
{
    assert_int_equal(feed->count, 4);
    assert_int_equal(feed->items[0].in.type, CHAT_ACKED);
    assert_int_equal(feed->items[1].in.type, CHAT_MESSAGE);
    assert_string_equal(feed->items[1].text, "d i");
    assert_int_equal(feed->items[2].in.type, CHAT_REFUSED);
    assert_int_equal(feed->items[2].in.id, 1);
    assert_int_equal(feed->items[3].in.type, CHAT_ACKED);
    assert_int_equal(feed->items[3].in.id, 2);
}

static void a_function_answers_once_and_publishes_the_place(void **state)
{
    (void)state;
    split_feed_everywhere(&redis_function_protocol, call_captured, check_call_captured);
    static struct split_feed feed;
    split_feed_init(&feed, &redis_function_protocol);
    split_feed_text(&feed, ":1\r\n>3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\nduet\r\n");
    assert_int_equal(feed.items[0].status, ERR_MALFORMED);
    assert_int_equal(feed.items[1].status, ERR_MALFORMED);
    split_feed_fini(&feed);
}

static void a_call_names_the_stream_and_the_partner(void **state)
{
    (void)state;
    struct chat_template template = {0};
    struct buffer out = {0};
    struct chat_text text = {.couple = 0xabc, .side = 0, .number = 77, .at_us = 5};
    redis_function_protocol.template_init(&template, CHAT_TEXT_BYTES_MIN, 1);
    redis_function_protocol.append(&template, 77, 0, &text, &out);
    buffer_append_u8(&out, 0);
    assert_string_equal((char *)out.data,
                        "*6\r\n$5\r\nFCALL\r\n$4\r\nsend\r\n$1\r\n1\r\n$10\r\nc:00000abc\r\n"
                        "$12\r\nc:00000abc:1\r\n"
                        "$50\r\nduet 00000abc 0 000000000000004d 0000000000000005 \r\n");
    buffer_fini(&out);
    chat_template_fini(&template);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_and_pushes_are_told_apart_wherever_they_are_cut),
        cmocka_unit_test(a_refused_append_is_the_message_that_it_belongs_to),
        cmocka_unit_test(a_reply_that_is_not_of_its_command_is_malformed),
        cmocka_unit_test(garbage_ends_the_connection),
        cmocka_unit_test(a_send_is_an_append_and_a_publish_of_one_text),
        cmocka_unit_test(a_function_answers_once_and_publishes_the_place),
        cmocka_unit_test(a_call_names_the_stream_and_the_partner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
