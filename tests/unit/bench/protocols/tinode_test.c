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

static void append_frame(struct buffer *out, const char *payload)
{
    struct ws_head head = {.fin = true, .opcode = WS_TEXT, .length = strlen(payload)};
    ws_raw_append(out, &head, text_of(payload));
}

/* As Tinode 0.25.3 said it. */
static void answers_and_messages_are_told_apart_wherever_they_are_cut(void **state)
{
    (void)state;
    struct buffer wire = {0};
    append_frame(&wire, "{\"ctrl\":{\"id\":\"0000000100\",\"topic\":\"grp7l-ysE6Fd2k\",\"params\":"
                        "{\"seq\":1},\"code\":202,\"text\":\"accepted\",\"ts\":\"2026\"}}");
    append_frame(&wire, "{\"data\":{\"topic\":\"grp7l-ysE6Fd2k\",\"from\":\"usrH1CAb-Q15GA\","
                        "\"ts\":\"2026\",\"seq\":2,\"content\":\"hello\"}}");
    append_frame(&wire, "{\"pres\":{\"topic\":\"me\",\"src\":\"usrH1CAb-Q15GA\",\"what\":\"on\"}}");
    append_frame(&wire, "{\"ctrl\":{\"id\":\"4294967295\",\"code\":503,\"text\":\"busy\"}}");
    for (size_t cut = 0; cut <= wire.len; cut++) {
        static struct split_feed feed;
        split_feed_init(&feed, &tinode_protocol);
        split_feed_bytes(&feed, (const char *)wire.data, cut);
        split_feed_bytes(&feed, (const char *)wire.data + cut, wire.len - cut);
        assert_int_equal(feed.count, 4);
        assert_int_equal(feed.items[0].in.type, CHAT_ACKED);
        assert_int_equal(feed.items[0].in.id, 100);
        assert_int_equal(feed.items[1].in.type, CHAT_MESSAGE);
        assert_string_equal(feed.items[1].text, "hello");
        assert_int_equal(feed.items[2].in.type, CHAT_OTHER);
        assert_int_equal(feed.items[3].in.type, CHAT_REFUSED);
        assert_int_equal(feed.items[3].in.id, UINT32_MAX);
        split_feed_fini(&feed);
    }
    buffer_fini(&wire);
}

static void what_cannot_be_understood_is_malformed(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "x",
        "{\"ctrl\":{\"id\":\"",
        "{\"ctrl\":{\"id\":\"100\",\"code\":202}}",
        "{\"ctrl\":{\"id\":\"0000000100\"}}",
        "{\"ctrl\":{\"id\":\"0000000100\",\"code\":",
        "{\"ctrl\":{\"id\":\"9999999999\",\"code\":202}}",
        "{\"data\":{\"topic\":\"grp\"}}",
        "{\"data\":{\"content\":\"duet",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct chat_incoming in;
        struct bytes message = text_of(wrong[i]);
        assert_int_equal(tinode_protocol.next(NULL, &message, &in), ERR_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_and_messages_are_told_apart_wherever_they_are_cut),
        cmocka_unit_test(what_cannot_be_understood_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
