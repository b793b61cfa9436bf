/*
 * Joining over WebSocket, against servers that say what the real ones were heard to say.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "bench/protocols/websocket.h"
#include "tests/unit/support/ws_script.h"
#include "wire/record.h"

static const char connected[] = "{\"id\":1,\"connect\":{\"client\":\"a\",\"version\":\"6\"}}";

/* Joins and leaves; what the client said is in `*heard`, a line each. The code of joining. */
static int join(const struct chat_protocol *protocol, struct ws_script *script, uint32_t side,
                struct opened *opened, struct buffer *heard)
{
    ws_script_start(script);
    const struct chat_place place = {
        .host = "127.0.0.1", .port = script->port, .couple = 0xabc, .side = side, .run = 0xaa};
    *opened = (struct opened){.fd = -1};
    int error = protocol->join(&place, opened);
    if (error == 0) {
        assert_true(opened->fd >= 0);
        close(opened->fd);
    }
    ws_script_join(script);
    *heard = ws_script_heard(script);
    ws_script_fini(script);
    return error;
}

static void check_join(const struct chat_protocol *protocol, struct ws_script *script,
                       uint32_t side, int expected, const char *said)
{
    struct opened opened;
    struct buffer heard;
    assert_int_equal(join(protocol, script, side, &opened, &heard), expected);
    assert_string_equal((const char *)heard.data, said);
    buffer_fini(&opened.pending);
    buffer_fini(&heard);
}

static void socketio_enters_its_room_as_it_connects(void **state)
{
    (void)state;
    struct ws_script script = ws_script_of(NULL);
    ws_script_says_text(&script, "0{\"sid\":\"x\",\"pingInterval\":25000}");
    ws_script_says_text(&script, "40{\"sid\":\"y\"}");
    check_join(&socketio_protocol, &script, 1, 0,
               "40{\"run\":\"00000000000000aa\",\"couple\":2748,\"side\":1}\n");
    assert_non_null(strstr(script.request, "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1"));
}

static void centrifugo_connects_and_then_subscribes_to_its_own_channel(void **state)
{
    (void)state;
    struct ws_script script = ws_script_of(NULL);
    ws_script_says_text(&script, connected);
    ws_script_says_text(&script, "{}");
    ws_script_says_text(&script, "{\"id\":2,\"subscribe\":{}}");
    check_join(&centrifugo_protocol, &script, 1, 0,
               "{\"id\":1,\"connect\":{}}\n"
               "{\"id\":2,\"subscribe\":{\"channel\":\"c00000abc-1\"}}\n");
}

static void what_came_behind_the_last_reply_is_handed_over(void **state)
{
    (void)state;
    struct opened opened;
    struct buffer heard;
    struct ws_script script = ws_script_of(NULL);
    ws_script_says_text(&script, connected);
    ws_script_says_text(&script, "{\"id\":2,\"subscribe\":{}}");
    ws_script_says_text(&script, "{}");
    assert_int_equal(join(&centrifugo_protocol, &script, 0, &opened, &heard), 0);
    assert_int_equal(opened.pending.len, 4); /* of the third frame, sent with the others */
    assert_true(opened.couple_head == 0);
    buffer_fini(&opened.pending);
    buffer_fini(&heard);
}

static void tinode_makes_a_topic_that_the_partner_joins_and_both_send_to(void **state)
{
    (void)state;
    static const char ok[] = "{\"ctrl\":{\"id\":\"1\",\"code\":201,\"text\":\"created\"}}";
    static const char hi[] = "{\"hi\":{\"id\":\"1\",\"ver\":\"0.25\"}}\n"
                             "{\"acc\":{\"id\":\"2\",\"user\":\"new\",\"scheme\":\"anonymous\","
                             "\"secret\":\"\",\"login\":true}}\n";
    char said[512];
    struct ws_script first = ws_script_of(NULL);
    ws_script_says_text(&first, ok);
    ws_script_says_text(&first, ok);
    ws_script_says_text(&first, "{\"pres\":{}}");
    ws_script_says_text(&first,
                        "{\"ctrl\":{\"id\":\"3\",\"topic\":\"grp7l-ysE6Fd2k\",\"code\":200}}");
    snprintf(said, sizeof said,
             "%s{\"sub\":{\"id\":\"3\",\"topic\":\"new\",\"set\":{\"desc\":{\"defacs\":"
             "{\"auth\":\"JRW\",\"anon\":\"JRW\"}}}}}\n",
             hi);
    check_join(&tinode_protocol, &first, 0, 0, said);

    struct ws_script second = ws_script_of(NULL);
    for (int i = 0; i < 3; i++) {
        ws_script_says_text(&second, ok);
    }
    snprintf(said, sizeof said, "%s{\"sub\":{\"id\":\"3\",\"topic\":\"grp7l-ysE6Fd2k\"}}\n", hi);
    check_join(&tinode_protocol, &second, 1, 0, said);

    struct chat_template template = {0};
    struct buffer out = {0};
    const struct chat_text text = {.couple = 0xabc, .side = 1, .number = 77, .at_us = 5};
    tinode_protocol.template_init(&template, CHAT_TEXT_BYTES_MIN, 1);
    tinode_protocol.append(&template, 42, 0, &text, &out);
    buffer_append_u8(&out, 0);
    assert_string_equal((char *)out.data + 8, /* behind a head with a longer length */
                        "{\"pub\":{\"id\":\"0000000042\",\"noecho\":true,\"topic\":"
                        "\"grp7l-ysE6Fd2k\",\"content\":"
                        "\"duet 00000abc 1 000000000000004d 0000000000000005 \"}}");
    buffer_fini(&out);
    chat_template_fini(&template);
}

static void a_topic_of_another_length_is_an_error(void **state)
{
    (void)state;
    static const char *const names[] = {"grp7", "grp7l-ysE6Fd2kX"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct opened opened;
        struct buffer heard;
        char reply[128];
        struct ws_script script = ws_script_of(NULL);
        ws_script_says_text(&script, "{\"ctrl\":{\"id\":\"1\",\"code\":201}}");
        ws_script_says_text(&script, "{\"ctrl\":{\"id\":\"2\",\"code\":201}}");
        snprintf(reply, sizeof reply, "{\"ctrl\":{\"topic\":\"%s\",\"code\":200}}", names[i]);
        ws_script_says_text(&script, reply);
        assert_int_equal(join(&tinode_protocol, &script, 0, &opened, &heard), ERR_IO);
        assert_int_equal(opened.fd, -1);
        buffer_fini(&heard);
    }
}

static void a_refusal_ends_the_join(void **state)
{
    (void)state;
    static const struct {
        const struct chat_protocol *protocol;
        const char *said;
    } rows[] = {
        {&socketio_protocol, "44{\"message\":\"no\"}"},
        {&centrifugo_protocol, "{\"id\":1,\"error\":{\"code\":101}}"},
        {&tinode_protocol, "{\"ctrl\":{\"id\":\"1\",\"code\":403}}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct opened opened;
        struct buffer heard;
        struct ws_script script = ws_script_of(NULL);
        ws_script_says_text(&script, rows[i].said);
        assert_int_equal(join(rows[i].protocol, &script, 0, &opened, &heard), ERR_IO);
        assert_int_equal(opened.fd, -1);
        buffer_fini(&heard);
    }
}

static void a_server_that_closes_or_is_not_there_is_an_error(void **state)
{
    (void)state;
    struct opened opened = {.fd = -1};
    struct buffer heard;
    struct ws_script script = ws_script_of(NULL);
    ws_script_says(&script, WS_CLOSE, text_of("\x0f\xa1later"));
    assert_int_equal(join(&centrifugo_protocol, &script, 0, &opened, &heard), ERR_IO);
    assert_int_equal(opened.fd, -1);
    buffer_fini(&heard);
    const struct chat_place nowhere = {.host = "127.0.0.1", .port = 1};
    assert_int_equal(centrifugo_protocol.join(&nowhere, &opened), ERR_IO);
    assert_int_equal(opened.fd, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(socketio_enters_its_room_as_it_connects),
        cmocka_unit_test(centrifugo_connects_and_then_subscribes_to_its_own_channel),
        cmocka_unit_test(what_came_behind_the_last_reply_is_handed_over),
        cmocka_unit_test(tinode_makes_a_topic_that_the_partner_joins_and_both_send_to),
        cmocka_unit_test(a_topic_of_another_length_is_an_error),
        cmocka_unit_test(a_refusal_ends_the_join),
        cmocka_unit_test(a_server_that_closes_or_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
