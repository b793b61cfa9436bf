#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire/json_text.h"

#define LEN_MAX 26

/* Character by character, as RFC 8259 has it. */
static size_t escape(const uint8_t *text, size_t len, char *out)
{
    static const char named[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    size_t at = 0;
    out[at++] = '"';
    for (size_t i = 0; i < len; i++) {
        const char *found = text[i] != 0 ? strchr(named, text[i]) : NULL;
        if (found != NULL) {
            out[at++] = '\\';
            out[at++] = letters[found - named];
        } else if (text[i] < 0x20) {
            at += (size_t)sprintf(out + at, "\\u%04x", text[i]);
        } else {
            out[at++] = (char)text[i];
        }
    }
    out[at++] = '"';
    return at;
}

/* Every byte at every place of texts of every length, among bytes that look nearly like it. */
static void what_needs_an_escape_gets_one_wherever_it_stands(void **state)
{
    static const uint8_t neighbours[] = {' ', '!', '#', '[', ']', 0x80, 0xa2, 0xff, '"', 0x1f};
    struct buffer out = {0};
    (void)state;
    for (size_t len = 1; len <= LEN_MAX; len++) {
        for (size_t at = 0; at < len; at++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                uint8_t text[LEN_MAX];
                char expected[LEN_MAX * 6 + 3];
                memset(text, neighbours[(len + at + byte) % sizeof neighbours], len);
                text[at] = (uint8_t)byte;
                buffer_clear(&out);
                json_text_string(&out, bytes_of(text, len));
                assert_int_equal(out.len, escape(text, len, expected));
                assert_memory_equal(out.data, expected, out.len);
            }
        }
    }
    buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_needs_an_escape_gets_one_wherever_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
