#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "client/ws_frame.h"
#include "edge/ws_frame.h"

#define MAX 65536

static int head_of(const void *bytes, size_t len, struct ws_frame *frame)
{
    const char *reason = NULL;
    int found = ws_frame_head(bytes_of(bytes, len), MAX, frame, &reason);
    assert_true(found <= 1 || reason != NULL);
    return found;
}

static void heads_of_every_size_are_read_once_they_are_whole(void **state)
{
    static const size_t sizes[] = {0, 1, 125, 126, 127, 65535, 65536};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct ws_head head = {.fin = i % 2 == 0,
                                     .opcode = WS_BINARY,
                                     .masked = true,
                                     .mask = 0x01020304,
                                     .length = sizes[i]};
        uint8_t bytes[WS_HEAD_BYTES_MAX];
        struct ws_frame frame;
        size_t len = ws_head_encode(&head, bytes);
        for (size_t cut = 0; cut < len; cut++) {
            assert_int_equal(head_of(bytes, cut, &frame), 0);
        }
        assert_int_equal(head_of(bytes, len, &frame), 1);
        assert_int_equal(frame.opcode, WS_CLIENT_BINARY);
        assert_int_equal(frame.fin, head.fin);
        assert_int_equal(frame.head_bytes, len);
        assert_int_equal(frame.length, sizes[i]);
        assert_memory_equal(frame.mask, "\x01\x02\x03\x04", 4);
    }
}

static void what_breaks_the_rfc_is_refused_as_soon_as_it_shows(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        int code;
    } cases[] = {
        {"\x82\x05", 2, 1002}, /* no mask */
        {"\xc2\x85", 2, 1002}, /* reserved bits */
        {"\x83\x85", 2, 1002}, /* reserved opcodes */
        {"\x8b\x85", 2, 1002},
        {"\x09\x85", 2, 1002},         /* a control frame in pieces */
        {"\x89\xfe", 2, 1002},         /* … above 125 bytes */
        {"\x82\xfe\x00\x7d", 4, 1002}, /* a length not in shortest form */
        {"\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff", 10, 1002},
        {"\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00", 10, 1002}, /* … or negative */
        {"\x82\xff\x00\x00\x00\x00\x00\x01\x00\x01", 10, 1009}, /* one too many */
        {"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff", 10, 1009},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ws_frame frame;
        assert_int_equal(head_of(cases[i].bytes, cases[i].len, &frame), cases[i].code);
    }
}

static void a_mask_is_taken_off_whatever_the_length(void **state)
{
    uint8_t data[100], expected[100];
    const uint8_t mask[4] = {0xde, 0xad, 0xbe, 0xef};
    (void)state;
    for (size_t len = 0; len <= sizeof data; len++) {
        for (size_t i = 0; i < len; i++) {
            expected[i] = (uint8_t)(i * 7);
        }
        memcpy(data, expected, len);
        ws_mask_apply(data, len, 0xdeadbeef, 0);
        ws_unmask(data, len, mask);
        if (len != 0) {
            assert_memory_equal(data, expected, len);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_of_every_size_are_read_once_they_are_whole),
        cmocka_unit_test(what_breaks_the_rfc_is_refused_as_soon_as_it_shows),
        cmocka_unit_test(a_mask_is_taken_off_whatever_the_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
