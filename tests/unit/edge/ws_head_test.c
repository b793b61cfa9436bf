#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client/ws_frame.h"
#include "edge/ws_head.h"
#include "wire/record.h"

/** What a client reads of a frame with `len` bytes of payload. */
static void check_frame(size_t len)
{
    struct buffer out = {0};
    struct ws_parser parser;
    struct ws_event event;
    uint8_t *payload = memory_alloc(len);
    ws_parser_init(&parser, 1 << 20);
    ws_append_frame(&out, WS_SERVER_BINARY, bytes_of(payload, len));
    struct bytes input = buffer_bytes(&out);
    assert_int_equal(ws_parser_next(&parser, &input, &event), 1);
    assert_int_equal(event.opcode, WS_BINARY);
    assert_int_equal(event.payload.len, len);
    assert_int_equal(input.len, 0);
    ws_parser_fini(&parser);
    buffer_fini(&out);
    free(payload);
}

static void a_client_reads_frames_of_every_size(void **state)
{
    static const size_t sizes[] = {0, 1, 125, 126, 127, 65535, 65536, 65537, 300000};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        check_frame(sizes[i]);
    }
}

static void a_frame_of_two_runs_is_the_frame_of_both_in_a_row(void **state)
{
    static const char text[] = "two runs, one frame";
    (void)state;
    for (size_t cut = 0; cut <= sizeof text; cut++) {
        struct buffer whole = {0}, parts = {0};
        ws_append_frame(&whole, WS_SERVER_TEXT, bytes_of(text, sizeof text));
        ws_append_frame_of(&parts, WS_SERVER_TEXT, bytes_of(text, cut),
                           bytes_of(text + cut, sizeof text - cut));
        assert_true(bytes_equal(buffer_bytes(&whole), buffer_bytes(&parts)));
        buffer_fini(&whole);
        buffer_fini(&parts);
    }
}

static void a_close_frame_has_its_code_and_a_reason_that_fits(void **state)
{
    struct buffer out = {0};
    struct ws_parser parser;
    struct ws_event event;
    char reason[301];
    (void)state;
    memset(reason, 'r', 300);
    reason[300] = '\0';
    ws_append_close(&out, 4003, reason);
    ws_parser_init(&parser, 1000);
    struct bytes input = buffer_bytes(&out);
    assert_int_equal(ws_parser_next(&parser, &input, &event), 1);
    assert_int_equal(event.opcode, WS_CLOSE);
    assert_int_equal(event.close_code, 4003);
    assert_int_equal(event.payload.len, WS_CONTROL_MAX - 2);
    ws_parser_fini(&parser);
    buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_reads_frames_of_every_size),
        cmocka_unit_test(a_frame_of_two_runs_is_the_frame_of_both_in_a_row),
        cmocka_unit_test(a_close_frame_has_its_code_and_a_reason_that_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
