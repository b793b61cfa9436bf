/* A layer says how much memory it holds, and holds little more than its rows. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runtime/overlay.h"

#define VALUE_BYTES 250
#define ROW_BYTES_MIN (VALUE_BYTES + ADDRESS_BYTES + 9)

static void put(struct overlay *overlay, uint8_t collection, uint64_t number, size_t len)
{
    static const uint8_t zeros[8 * VALUE_BYTES];
    uint8_t key[8];
    struct bytes value = bytes_of(zeros, len);
    assert_true(len <= sizeof zeros);
    put_u64(key, number);
    overlay_set(overlay, (struct address){.kind = 1}, collection, bytes_of(key, sizeof key),
                &value);
}

/** What the C library has given out; always 0 where another one stands in for it. */
static size_t taken(void)
{
    return mallinfo2().uordblks;
}

static struct overlay *layer_of(uint32_t rows)
{
    struct overlay *overlay = overlay_create();
    for (uint32_t i = 0; i < rows; i++) {
        put(overlay, 1, i, VALUE_BYTES);
        put(overlay, 2, i, VALUE_BYTES);
    }
    return overlay;
}

static void test_its_bytes_are_what_it_takes(void **state)
{
    (void)state;
    for (uint32_t rows = 1; rows < 30000; rows = rows * 3 / 2 + 1) {
        size_t before = taken();
        struct overlay *overlay = layer_of(rows);
        size_t took = taken() - before;
        assert_true(took <= overlay->bytes + overlay->bytes / 32 + 256);
        overlay_destroy(overlay);
    }
}

static void test_values_that_grow_count_until_the_layer_goes(void **state)
{
    (void)state;
    size_t before = taken();
    struct overlay *overlay = overlay_create();
    for (size_t len = 1; len <= (size_t)8 * VALUE_BYTES; len++) {
        put(overlay, 1, 7, len);
    }
    assert_true(overlay->bytes >= (size_t)8 * VALUE_BYTES);
    size_t took = taken() - before;
    assert_true(took <= overlay->bytes + overlay->bytes / 32 + 256);
    overlay_destroy(overlay);
}

static void test_what_is_not_rows_is_little(void **state)
{
    (void)state;
    for (uint32_t rows = 40; rows < 30000; rows = rows * 3 / 2) {
        struct overlay *overlay = layer_of(rows);
        size_t bytes = (size_t)2 * rows * ROW_BYTES_MIN;
        assert_true(overlay->bytes >= bytes);
        assert_true(overlay->bytes <= bytes + bytes / 5 + 8192);
        overlay_destroy(overlay);
    }
    struct overlay *small = layer_of(0);
    put(small, 1, 1, 20);
    assert_true(small->bytes <= 640); /* as most layers of those who write now and then */
    overlay_destroy(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_its_bytes_are_what_it_takes),
        cmocka_unit_test(test_values_that_grow_count_until_the_layer_goes),
        cmocka_unit_test(test_what_is_not_rows_is_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
