#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "bench/protocol.h"
#include "client/ws_frame.h"
#include "tests/unit/bench/protocols/split_feed.h"

static struct split_feed feed;

static int setup(void **state)
{
    (void)state;
    split_feed_init(&feed, &centrifugo_protocol);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    split_feed_fini(&feed);
    return 0;
}

/* A frame as a server sends it: without a mask. */
static void say(const char *payload, size_t cut)
{
    struct buffer frame = {0};
    struct ws_head head = {.fin = true, .opcode = WS_TEXT, .length = strlen(payload)};
    ws_raw_append(&frame, &head, text_of(payload));
    cut = cut < frame.len ? cut : frame.len;
    split_feed_bytes(&feed, (const char *)frame.data, cut);
    split_feed_bytes(&feed, (const char *)frame.data + cut, frame.len - cut);
    buffer_fini(&frame);
}

static void replies_and_pushes_of_one_frame_are_told_apart(void **state)
{
    static const char lines[] =
        "{\"id\":1000000007,\"publish\":{}}\n"
        "{\"push\":{\"channel\":\"c00000001-0\",\"pub\":{\"data\":\"duet 1 \",\"info\":"
        "{\"client\":\"x\"},\"offset\":3}}}\n"
        "{}\n"
        "{\"push\":{\"channel\":\"c00000001-0\",\"join\":{}}}\n"
        "{\"id\":1536870911,\"error\":{\"code\":111,\"message\":\"limit\"}}\n";
    for (size_t cut = 0; cut <= sizeof lines + 4; cut++) {
        setup(state);
        say(lines, cut);
        assert_int_equal(feed.lost, 0);
        assert_int_equal(feed.count, 5);
        assert_int_equal(feed.items[0].in.type, CHAT_ACKED);
        assert_int_equal(feed.items[0].in.id, 7);
        assert_int_equal(feed.items[1].in.type, CHAT_MESSAGE);
        assert_string_equal(feed.items[1].text, "duet 1 ");
        assert_int_equal(feed.items[2].in.type, CHAT_OTHER);
        assert_int_equal(feed.items[3].in.type, CHAT_OTHER);
        assert_int_equal(feed.items[4].in.type, CHAT_REFUSED);
        assert_int_equal(feed.items[4].in.id, (1u << 29) - 1);
        static const uint8_t pong[] = {0x81, 0x82, 0, 0, 0, 0, '{', '}'};
        assert_int_equal(feed.link.out.len, sizeof pong);
        assert_memory_equal(feed.link.out.data, pong, sizeof pong);
        teardown(state);
    }
    setup(state);
}

static void what_is_no_reply_of_ours_is_malformed(void **state)
{
    static const char *const wrong[] = {
        "x",
        "{\"id\":",
        "{\"id\":5,\"publish\":{}}",
        "{\"id\":1536870912,\"publish\":{}}",
        "{\"id\":10000000070,\"publish\":{}}",
        "{\"id\":1000000007,\"subscribe\":{}}",
        "{\"id\":1000000007",
        "{\"push\":{\"channel\":\"c\",\"pub\":{\"data\":\"duet",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        setup(state);
        say(wrong[i], 0);
        assert_int_equal(feed.count, 1);
        assert_int_equal(feed.items[0].status, ERR_MALFORMED);
        teardown(state);
    }
    setup(state);
}

static void a_send_publishes_into_the_partners_channel(void **state)
{
    (void)state;
    struct chat_template template = {0};
    struct chat_text text = {.couple = 0xabc, .side = 1, .number = 77, .at_us = 5};
    struct buffer out = {0};
    centrifugo_protocol.template_init(&template, CHAT_TEXT_BYTES_MIN, 1);
    centrifugo_protocol.append(&template, (1u << 29) + 77, 0, &text, &out);
    buffer_append_u8(&out, 0);
    assert_string_equal((char *)out.data + 6,
                        "{\"id\":1000000077,\"publish\":{\"channel\":\"c00000abc-0\",\"data\":"
                        "\"duet 00000abc 1 000000000000004d 0000000000000005 \"}}");
    buffer_fini(&out);
    chat_template_fini(&template);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(replies_and_pushes_of_one_frame_are_told_apart, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_is_no_reply_of_ours_is_malformed, setup, teardown),
        cmocka_unit_test(a_send_publishes_into_the_partners_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
