/*
 * The order of keys is that of memcmp, a shorter prefix first, whatever way they are compared; and
 * numbers as text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"

#define LEN_MAX 40

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static int expected(struct bytes a, struct bytes b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    return order != 0 ? sign(order) : sign((a.len > b.len) - (a.len < b.len));
}

static void assert_ordered(struct bytes a, struct bytes b)
{
    assert_int_equal(sign(bytes_compare(a, b)), expected(a, b));
    assert_int_equal(sign(bytes_compare(b, a)), -expected(a, b));
}

static void test_one_byte_decides_at_every_place_of_every_length(void **state)
{
    (void)state;
    static const uint8_t others[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    for (size_t len = 1; len <= LEN_MAX; len++) {
        uint8_t *a = malloc(len), *b = malloc(len); /* so that a byte too far is seen */
        memset(a, 0x40, len);
        memset(b, 0x40, len);
        assert_ordered(bytes_of(a, len), bytes_of(b, len));
        for (size_t i = 0; i < len * sizeof others; i++) {
            size_t at = i / sizeof others;
            b[at] = others[i % sizeof others];
            b[len - 1] = at != len - 1 ? 0x3f : b[len - 1]; /* what comes later says nothing */
            assert_ordered(bytes_of(a, len), bytes_of(b, len));
            b[at] = b[len - 1] = 0x40;
        }
        free(a);
        free(b);
    }
}

static void test_a_prefix_comes_first(void **state)
{
    (void)state;
    uint8_t data[LEN_MAX];
    memset(data, 0x40, sizeof data);
    assert_int_equal(bytes_compare(bytes_of(NULL, 0), bytes_of(NULL, 0)), 0);
    for (size_t a = 0; a <= LEN_MAX; a++) {
        for (size_t b = 0; b <= LEN_MAX; b++) {
            assert_ordered(bytes_of(data, a), bytes_of(data, b));
        }
    }
}

static void test_decimals_are_those_of_printf(void **state)
{
    static const int64_t values[] = {0, 1, 9, 10, 99, 100, 4294967295, 1767225600000000, INT64_MAX};
    struct buffer out = {0};
    char text[32];
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0] * 2; i++) {
        int64_t value = i % 2 == 0 ? values[i / 2] : -values[i / 2] - (i / 2 == 8);
        buffer_clear(&out);
        buffer_append_decimal(&out, value);
        assert_int_equal(out.len, snprintf(text, sizeof text, "%lld", (long long)value));
        assert_memory_equal(out.data, text, out.len);
    }
    buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_byte_decides_at_every_place_of_every_length),
        cmocka_unit_test(test_a_prefix_comes_first),
        cmocka_unit_test(test_decimals_are_those_of_printf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
