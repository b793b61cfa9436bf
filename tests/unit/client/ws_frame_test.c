#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "client/ws_frame.h"

#define LIMIT 70000

/* Frames as a server sends them. */
static void server_says(struct buffer *out, bool fin, uint8_t opcode, struct bytes payload)
{
    struct ws_head head = {.fin = fin, .opcode = opcode, .length = payload.len};
    ws_raw_append(out, &head, payload);
}

static struct bytes text(const char *string)
{
    return bytes_of(string, strlen(string));
}

/* Parses `wire` in chunks of `step` bytes and writes what was found as "opcode:payload;". */
static int parse_in_steps(struct bytes wire, size_t step, struct buffer *found)
{
    struct ws_parser parser;
    int status = 0;
    ws_parser_init(&parser, LIMIT);
    while (wire.len != 0 && status == 0) {
        size_t take = step < wire.len ? step : wire.len;
        uint8_t *chunk = memory_copy(wire.data, take); /* so that reading over its end shows */
        struct bytes input = bytes_of(chunk, take);
        struct ws_event event;
        while ((status = ws_parser_next(&parser, &input, &event)) > 0) {
            buffer_append_u8(found, (uint8_t)('0' + event.opcode));
            buffer_append(found, ":", 1);
            buffer_append(found, event.payload.data, event.payload.len);
            buffer_append(found, ";", 1);
        }
        free(chunk);
        wire = bytes_of(wire.data + take, wire.len - take);
    }
    ws_parser_fini(&parser);
    return status;
}

static void assert_parses(const struct buffer *wire, const char *expected)
{
    for (size_t step = 1; step <= wire->len; step++) {
        struct buffer found = {0};
        assert_int_equal(parse_in_steps(buffer_bytes(wire), step, &found), 0);
        assert_int_equal(found.len, strlen(expected));
        assert_memory_equal(found.data, expected, found.len);
        buffer_fini(&found);
    }
}

static int parse_status(const void *wire, size_t len)
{
    struct buffer found = {0};
    int whole = parse_in_steps(bytes_of(wire, len), len, &found);
    int bytewise = parse_in_steps(bytes_of(wire, len), 1, &found);
    assert_int_equal(whole, bytewise);
    buffer_fini(&found);
    return whole;
}

static void several_frames_come_out_however_they_are_split(void **state)
{
    (void)state;
    struct buffer wire = {0};
    server_says(&wire, true, WS_BINARY, text("one"));
    server_says(&wire, true, WS_TEXT, text(""));
    server_says(&wire, true, WS_PING, text("p"));
    server_says(&wire, true, WS_BINARY, text("two"));
    server_says(&wire, true, WS_CLOSE, text("\x0f\xa1retry_ms=7"));
    assert_parses(&wire, "2:one;1:;9:p;2:two;8:retry_ms=7;");
    buffer_fini(&wire);
}

static void fragments_are_joined_with_control_frames_between(void **state)
{
    (void)state;
    struct buffer wire = {0};
    server_says(&wire, false, WS_TEXT, text("fra"));
    server_says(&wire, true, WS_PING, text("a"));
    server_says(&wire, false, WS_CONTINUATION, text("gmen"));
    server_says(&wire, false, WS_CONTINUATION, text(""));
    server_says(&wire, true, WS_PONG, text("b"));
    server_says(&wire, true, WS_CONTINUATION, text("ts"));
    server_says(&wire, true, WS_TEXT, text("next"));
    assert_parses(&wire, "9:a;::b;1:fragments;1:next;" /* 10, a pong, is written as ":" */);
    buffer_fini(&wire);
}

static void lengths_around_the_three_forms_are_read(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 1, 124, 125, 126, 127, 128, 65534, 65535, 65536, LIMIT};
    static const size_t heads[] = {2, 2, 2, 2, 4, 4, 4, 4, 4, 10, 10};
    uint8_t *payload = memory_alloc(LIMIT);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct buffer wire = {0};
        struct ws_parser parser;
        struct ws_event event;
        server_says(&wire, true, WS_BINARY, bytes_of(payload, lengths[i]));
        assert_int_equal(wire.len, heads[i] + lengths[i]);
        struct bytes input = buffer_bytes(&wire);
        ws_parser_init(&parser, LIMIT);
        assert_int_equal(ws_parser_next(&parser, &input, &event), 1);
        assert_int_equal(event.payload.len, lengths[i]);
        assert_int_equal(ws_parser_next(&parser, &input, &event), 0);
        ws_parser_fini(&parser);
        buffer_fini(&wire);
    }
    free(payload);
}

static void a_whole_frame_is_not_copied(void **state)
{
    (void)state;
    struct buffer wire = {0};
    struct ws_parser parser;
    struct ws_event event;
    server_says(&wire, true, WS_BINARY, text("zero copy"));
    struct bytes input = buffer_bytes(&wire);
    ws_parser_init(&parser, LIMIT);
    assert_int_equal(ws_parser_next(&parser, &input, &event), 1);
    assert_ptr_equal(event.payload.data, wire.data + 2);
    ws_parser_fini(&parser);
    buffer_fini(&wire);
}

static void close_frames_carry_code_and_reason(void **state)
{
    (void)state;
    static const uint8_t with_code[] = {0x88, 5, 0x03, 0xef, 'b', 'a', 'd'};
    static const uint8_t without[] = {0x88, 0};
    static const uint8_t half[] = {0x88, 1, 0x03};
    struct ws_parser parser;
    struct ws_event event;
    struct bytes input = bytes_of(with_code, sizeof with_code);
    ws_parser_init(&parser, LIMIT);
    assert_int_equal(ws_parser_next(&parser, &input, &event), 1);
    assert_int_equal(event.close_code, 1007);
    assert_true(bytes_equal(event.payload, text("bad")));
    input = bytes_of(without, sizeof without);
    assert_int_equal(ws_parser_next(&parser, &input, &event), 1);
    assert_int_equal(event.close_code, WS_CLOSE_NONE);
    ws_parser_fini(&parser);
    assert_int_equal(parse_status(half, sizeof half), ERR_MALFORMED);
}

static void breaches_of_the_standard_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint8_t wire[12];
        size_t len;
    } cases[] = {
        {"reserved bit", {0xc2, 1, 'x'}, 3},
        {"reserved data opcode", {0x83, 1, 'x'}, 3},
        {"reserved control opcode", {0x8b, 1, 'x'}, 3},
        {"masked by a server", {0x82, 0x81, 0, 0, 0, 0, 'x'}, 7},
        {"fragmented ping", {0x09, 0}, 2},
        {"ping of 126 bytes", {0x89, 126, 0, 126}, 4},
        {"126 in two bytes too many", {0x82, 126, 0, 125}, 4},
        {"65535 in eight bytes", {0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 10},
        {"length with the top bit", {0x82, 127, 0x80, 0, 0, 0, 0, 1, 0, 0}, 10},
        {"continuation of nothing", {0x80, 1, 'x'}, 3},
        {"message inside a message", {0x02, 1, 'x', 0x82, 1, 'y'}, 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        print_message("%s\n", cases[i].what);
        assert_int_equal(parse_status(cases[i].wire, cases[i].len), ERR_MALFORMED);
    }
}

static void messages_beyond_the_limit_are_refused_when_announced(void **state)
{
    (void)state;
    struct buffer fragments = {0};
    static const uint8_t huge[] = {0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint8_t *half = memory_alloc(LIMIT / 2);
    assert_int_equal(parse_status(huge, sizeof huge), ERR_TOO_LARGE);
    server_says(&fragments, false, WS_BINARY, bytes_of(half, LIMIT / 2));
    server_says(&fragments, false, WS_CONTINUATION, bytes_of(half, LIMIT / 2));
    assert_int_equal(parse_status(fragments.data, fragments.len), 0);
    server_says(&fragments, true, WS_CONTINUATION, text("x"));
    assert_int_equal(parse_status(fragments.data, fragments.len), ERR_TOO_LARGE);
    buffer_fini(&fragments);
    free(half);
}

static void what_a_client_sends_is_masked(void **state)
{
    (void)state;
    /* The example of RFC 6455, 5.7: a masked text message "Hello". */
    static const uint8_t expected[] = {0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d,
                                       0x7f, 0x9f, 0x4d, 0x51, 0x58};
    struct buffer out = {0};
    ws_frame_append(&out, WS_TEXT, 0x37fa213d, text("Hello"));
    assert_int_equal(out.len, sizeof expected);
    assert_memory_equal(out.data, expected, sizeof expected);
    ws_mask_apply(out.data + 6, 2, 0x37fa213d, 0);
    ws_mask_apply(out.data + 8, 3, 0x37fa213d, 2);
    assert_memory_equal(out.data + 6, "Hello", 5);

    buffer_clear(&out);
    ws_frame_append(&out, WS_BINARY, 0, text("plain"));
    assert_int_equal(out.data[1], 0x85);
    assert_memory_equal(out.data + 6, "plain", 5);

    buffer_clear(&out);
    ws_close_append(&out, 1000, 0, "bye");
    assert_memory_equal(out.data,
                        "\x88\x85\0\0\0\0\x03\xe8"
                        "bye",
                        out.len);
    buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_frames_come_out_however_they_are_split),
        cmocka_unit_test(fragments_are_joined_with_control_frames_between),
        cmocka_unit_test(lengths_around_the_three_forms_are_read),
        cmocka_unit_test(a_whole_frame_is_not_copied),
        cmocka_unit_test(close_frames_carry_code_and_reason),
        cmocka_unit_test(breaches_of_the_standard_are_refused),
        cmocka_unit_test(messages_beyond_the_limit_are_refused_when_announced),
        cmocka_unit_test(what_a_client_sends_is_masked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
