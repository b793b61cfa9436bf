#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "wire/base64.h"

#define LEN_MAX 80

/* Every byte at every place of a group of three, and every remainder, as libsodium writes it. */
static void texts_are_those_of_libsodium(void **state)
{
    (void)state;
    for (size_t len = 0; len <= LEN_MAX; len++) {
        for (unsigned start = 0; start < 256; start++) {
            uint8_t data[LEN_MAX + 1];
            char text[BASE64_CHARS(LEN_MAX) + 2];
            char expected[BASE64_CHARS(LEN_MAX) + 2];
            memset(text, 'x', sizeof text);
            for (size_t i = 0; i < len; i++) {
                data[i] = (uint8_t)(start + i * 37);
            }
            sodium_bin2base64(expected, sizeof expected, data, len,
                              sodium_base64_VARIANT_URLSAFE_NO_PADDING);
            assert_int_equal(base64_encode(data, len, text, BASE64_CHARS(len) + 1),
                             strlen(expected));
            assert_string_equal(text, expected);
            assert_int_equal(text[strlen(expected) + 1], 'x');
        }
    }
}

static void what_was_encoded_is_decoded(void **state)
{
    (void)state;
    for (size_t len = 0; len <= LEN_MAX; len++) {
        uint8_t data[LEN_MAX];
        uint8_t back[LEN_MAX];
        char text[BASE64_CHARS(LEN_MAX) + 1];
        size_t found = 0;
        randombytes_buf(data, sizeof data);
        size_t chars = base64_encode(data, len, text, sizeof text);
        assert_true(base64_decode(bytes_of(text, chars), back, sizeof back, &found));
        assert_int_equal(found, len);
        assert_memory_equal(back, data, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_those_of_libsodium),
        cmocka_unit_test(what_was_encoded_is_decoded),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
