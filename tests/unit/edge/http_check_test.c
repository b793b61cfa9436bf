#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "edge/http_check.h"

#define VALUE_MAX 40

static bool is_accepted(const uint8_t *value, size_t len)
{
    struct http_check check = {0};
    uint8_t exact[VALUE_MAX]; /* at its end, so that a sanitizer sees what is read beyond */
    memcpy(exact + sizeof exact - len, value, len);
    (void)http_check_header(&check, bytes_of("x", 1), bytes_of(exact + sizeof exact - len, len));
    return check.fault == NULL;
}

/* Every byte at every place of values of every length, among bytes that look nearly like it. */
static void a_control_character_is_found_wherever_it_stands(void **state)
{
    static const uint8_t neighbours[] = {' ', 'a', '~', 0x80, 0x9f, 0xff, '\t', '!'};
    (void)state;
    for (size_t len = 1; len <= VALUE_MAX; len++) {
        for (size_t at = 0; at < len; at++) {
            for (unsigned byte = 0; byte < 256; byte++) {
                uint8_t value[VALUE_MAX];
                memset(value, neighbours[(len + at + byte) % sizeof neighbours], len);
                value[at] = (uint8_t)byte;
                bool allowed = byte == '\t' || (byte >= ' ' && byte != 0x7f);
                if (is_accepted(value, len) != allowed) {
                    fail_msg("byte %u at %zu of %zu", byte, at, len);
                }
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_control_character_is_found_wherever_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
