#include "tests/unit/wire/test.h"

#include <math.h>

#include "wire/codec.h"

static struct bytes whole_skip(struct bytes in, bool *failed)
{
    struct bytes copy = tight_copy(in);
    struct cursor cursor = cursor_of(copy);
    struct bytes taken = cursor_skip(&cursor);
    *failed = cursor.failed;
    assert_true(cursor.at <= cursor.end);
    tight_free(copy);
    return bytes_of(NULL, taken.len);
}

static bool skips(struct bytes in)
{
    bool failed = true;
    struct bytes taken = whole_skip(in, &failed);
    return !failed && taken.len == in.len;
}

static void integers_survive_at_every_boundary(void **state)
{
    (void)state;
    static const int64_t around[] = {0,     31,        32,        127,       128,
                                     255,   256,       32767,     32768,     65535,
                                     65536, INT32_MAX, 1ll << 32, 1ll << 53, INT64_MAX - 1};
    static const size_t sizes[] = {1, 1, 1, 1, 2, 2, 3, 3, 3, 3, 5, 5, 9, 9, 9};
    for (size_t i = 0; i < COUNT_OF(around); i++) {
        for (int64_t step = -1; step <= 1; step++) {
            for (int sign = -1; sign <= 1; sign += 2) {
                int64_t value = sign * (around[i] + step);
                struct buffer out = {0};
                pack_int(&out, value);
                struct cursor cursor = cursor_of(buffer_bytes(&out));
                assert_int_equal(cursor_peek(&cursor), CURSOR_INT);
                assert_true(cursor_int(&cursor) == value);
                assert_false(cursor.failed);
                assert_ptr_equal(cursor.at, cursor.end);
                buffer_fini(&out);
            }
        }
        struct buffer out = {0};
        pack_int(&out, around[i]);
        assert_int_equal(out.len, sizes[i]);
        buffer_fini(&out);
    }
}

static void smallest_integer_survives(void **state)
{
    (void)state;
    struct buffer out = {0};
    pack_int(&out, INT64_MIN);
    struct cursor cursor = cursor_of(buffer_bytes(&out));
    assert_true(cursor_int(&cursor) == INT64_MIN);
    assert_false(cursor.failed);
    buffer_fini(&out);
}

static void long_forms_of_small_integers_are_read(void **state)
{
    (void)state;
    static const struct {
        struct bytes in;
        int64_t value;
    } cases[] = {
        {{(const uint8_t *)"\xcc\x05", 2}, 5},
        {{(const uint8_t *)"\xcd\x00\x05", 3}, 5},
        {{(const uint8_t *)"\xce\x00\x00\x00\x05", 5}, 5},
        {{(const uint8_t *)"\xcf\x00\x00\x00\x00\x00\x00\x00\x05", 9}, 5},
        {{(const uint8_t *)"\xd0\xff", 2}, -1},
        {{(const uint8_t *)"\xd1\xff\xff", 3}, -1},
        {{(const uint8_t *)"\xd2\xff\xff\xff\xff", 5}, -1},
        {{(const uint8_t *)"\xd3\xff\xff\xff\xff\xff\xff\xff\xff", 9}, -1},
        {{(const uint8_t *)"\xd3\x00\x00\x00\x00\x00\x00\x00\x07", 9}, 7},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cursor cursor = cursor_of(cases[i].in);
        assert_true(cursor_int(&cursor) == cases[i].value);
        assert_false(cursor.failed);
        assert_true(skips(cases[i].in));
    }
}

static void integers_beyond_int64_are_refused(void **state)
{
    (void)state;
    struct cursor cursor = cursor_of(BYTES("\xcf\x80\x00\x00\x00\x00\x00\x00\x00"));
    assert_int_equal(cursor_peek(&cursor), CURSOR_BAD);
    assert_true(cursor_int(&cursor) == 0);
    assert_true(cursor.failed);
    assert_false(skips(BYTES("\xcf\xff\xff\xff\xff\xff\xff\xff\xff")));
}

static void floats_survive_and_not_a_number_is_refused(void **state)
{
    (void)state;
    static const double values[] = {0, -0.0, 0.1, 1e308, 5e-324, -1234.5};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        struct buffer out = {0};
        pack_float(&out, values[i]);
        struct cursor cursor = cursor_of(buffer_bytes(&out));
        double back = cursor_float(&cursor);
        assert_memory_equal(&back, &values[i], sizeof back);
        buffer_fini(&out);
    }
    struct cursor single = cursor_of(BYTES("\xca\x3f\x00\x00\x00"));
    assert_true(cursor_float(&single) == 0.5);
    static const double refused[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct buffer out = {0};
        pack_float(&out, refused[i]);
        struct cursor cursor = cursor_of(buffer_bytes(&out));
        (void)cursor_float(&cursor);
        assert_true(cursor.failed);
        assert_false(skips(buffer_bytes(&out)));
        buffer_fini(&out);
    }
    assert_false(skips(BYTES("\xca\x7f\x80\x00\x00")));
    assert_false(skips(BYTES("\xca\x7f\xc0\x00\x00")));
}

static void lengths_use_the_shortest_form(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 31, 32, 255, 256, 65535, 65536};
    static const size_t text_heads[] = {1, 1, 2, 2, 3, 3, 5};
    static const size_t bin_heads[] = {2, 2, 2, 2, 3, 3, 5};
    char *data = malloc(65536);
    assert_non_null(data);
    memset(data, 'x', 65536);
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct buffer out = {0};
        pack_text(&out, bytes_of(data, lengths[i]));
        assert_int_equal(out.len, text_heads[i] + lengths[i]);
        struct cursor cursor = cursor_of(buffer_bytes(&out));
        assert_bytes(cursor_text(&cursor), bytes_of(data, lengths[i]));
        buffer_clear(&out);
        pack_bin(&out, bytes_of(data, lengths[i]));
        assert_int_equal(out.len, bin_heads[i] + lengths[i]);
        cursor = cursor_of(buffer_bytes(&out));
        assert_bytes(cursor_bin(&cursor), bytes_of(data, lengths[i]));
        assert_false(cursor.failed);
        buffer_fini(&out);
    }
    free(data);
}

static void counts_use_the_shortest_form(void **state)
{
    (void)state;
    static const uint32_t counts[] = {0, 15, 16, 65535, 65536};
    static const size_t heads[] = {1, 1, 3, 3, 5};
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct buffer out = {0};
        pack_array(&out, counts[i]);
        assert_int_equal(out.len, heads[i]);
        memset(buffer_extend(&out, counts[i]), 0xc0, counts[i]);
        struct cursor cursor = cursor_of(buffer_bytes(&out));
        assert_int_equal(cursor_array(&cursor), counts[i]);
        assert_true(skips(buffer_bytes(&out)));
        buffer_clear(&out);
        pack_map(&out, counts[i]);
        assert_int_equal(out.len, heads[i]);
        memset(buffer_extend(&out, 2 * counts[i]), 0xc0, 2 * counts[i]);
        cursor = cursor_of(buffer_bytes(&out));
        assert_int_equal(cursor_map(&cursor), counts[i]);
        assert_true(skips(buffer_bytes(&out)));
        buffer_fini(&out);
    }
}

static void announced_counts_beyond_the_input_are_refused(void **state)
{
    (void)state;
    static const struct bytes bombs[] = {
        {(const uint8_t *)"\xdd\xff\xff\xff\xff", 5},
        {(const uint8_t *)"\xdf\xff\xff\xff\xff", 5},
        {(const uint8_t *)"\xdd\xff\x00\x00\x00", 5},
        {(const uint8_t *)"\xdc\xff\xff", 3},
        {(const uint8_t *)"\xde\xff\xff", 3},
        {(const uint8_t *)"\x9f", 1},
        {(const uint8_t *)"\x82\xc0\xc0", 3},
        {(const uint8_t *)"\xdb\xff\xff\xff\xff", 5},
        {(const uint8_t *)"\xc6\xff\xff\xff\xff", 5},
        {(const uint8_t *)"\xc9\xff\xff\xff\xff\x01", 6},
        {(const uint8_t *)"\xc7\xff", 2},
        {(const uint8_t *)"\xd8", 1},
    };
    for (size_t i = 0; i < COUNT_OF(bombs); i++) {
        assert_false(skips(bombs[i]));
    }
}

static void ext_values_are_skipped_whole(void **state)
{
    (void)state;
    assert_true(skips(BYTES("\xd4\x01\xaa")));
    assert_true(skips(BYTES("\xd5\x01\xaa\xbb")));
    assert_true(skips(BYTES("\xd8\x01"
                            "0123456789abcdef")));
    assert_true(skips(BYTES("\xc7\x00\x01")));
    assert_true(skips(BYTES("\xc7\x02\x01\xaa\xbb")));
    assert_false(skips(BYTES("\xc7\x02\x01\xaa")));
    assert_false(skips(BYTES("\xd4\x01")));
}

static void depth_is_bounded(void **state)
{
    (void)state;
    uint8_t *deep = malloc(100001);
    assert_non_null(deep);
    memset(deep, 0x91, 100001);
    deep[100000] = 0xc0;
    assert_false(skips(bytes_of(deep, 100001)));
    deep[RECORD_DEPTH_MAX] = 0xc0;
    assert_true(skips(bytes_of(deep, RECORD_DEPTH_MAX + 1)));
    memset(deep, 0x91, RECORD_DEPTH_MAX + 1);
    deep[RECORD_DEPTH_MAX + 1] = 0xc0;
    assert_false(skips(bytes_of(deep, RECORD_DEPTH_MAX + 2)));
    for (size_t i = 0; i < 50000; i++) { /* maps whose keys are maps */
        deep[i] = 0x81;
    }
    assert_false(skips(bytes_of(deep, 100000)));
    free(deep);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    static const struct bytes values[] = {
        {(const uint8_t *)"\x93\x01\xa2hi\xc4\x02\x00\x01", 9},
        {(const uint8_t *)"\x82\xa1"
                          "a\x92\xc3\xc2\xa1"
                          "b\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00",
         17},
        {(const uint8_t *)"\xdc\x00\x02\xcd\x01\x02\xd9\x03xyz", 11},
        {(const uint8_t *)"\xc8\x00\x02\x07\xaa\xbb", 6},
    };
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        assert_true(skips(values[i]));
        for (size_t len = 0; len < values[i].len; len++) {
            bool failed = false;
            (void)whole_skip(bytes_of(values[i].data, len), &failed);
            assert_true(failed);
        }
    }
}

static void failure_is_sticky(void **state)
{
    (void)state;
    struct cursor cursor = cursor_of(BYTES("\xa1x\x05\x06"));
    assert_true(cursor_int(&cursor) == 0);
    assert_true(cursor.failed);
    assert_true(cursor_int(&cursor) == 0);
    assert_int_equal(cursor_peek(&cursor), CURSOR_BAD);
    assert_int_equal(cursor_text(&cursor).len, 0);
    assert_int_equal(cursor_array(&cursor), 0);
    assert_int_equal(cursor_skip(&cursor).len, 0);
}

static void types_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        enum cursor_type type;
    } cases[] = {
        {"\xc0", CURSOR_NIL}, {"\xc2", CURSOR_BOOL},    {"\xc3", CURSOR_BOOL},
        {"\x7f", CURSOR_INT}, {"\xe0", CURSOR_INT},     {"\xa0", CURSOR_TEXT},
        {"\x80", CURSOR_MAP}, {"\x90", CURSOR_ARRAY},   {"\xc1", CURSOR_BAD},
        {"", CURSOR_BAD},     {"\xc4\x01", CURSOR_BIN}, {"\xc7\x01", CURSOR_EXT},
        {"\xcb", CURSOR_BAD},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cursor cursor = cursor_of(bytes_of(cases[i].in, strlen(cases[i].in)));
        assert_int_equal(cursor_peek(&cursor), cases[i].type);
    }
    struct cursor nothing = cursor_of((struct bytes){0});
    assert_int_equal(cursor_peek(&nothing), CURSOR_BAD);
}

static void invalid_utf8_is_refused_in_skipped_values_too(void **state)
{
    (void)state;
    assert_false(skips(BYTES("\x91\xa1\xff")));
    assert_false(skips(BYTES("\x81\xa1\xff\xc0")));
    assert_false(skips(BYTES("\xa1\x00")));
    assert_true(skips(BYTES("\xa3\xed\x95\x9c")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_survive_at_every_boundary),
        cmocka_unit_test(smallest_integer_survives),
        cmocka_unit_test(long_forms_of_small_integers_are_read),
        cmocka_unit_test(integers_beyond_int64_are_refused),
        cmocka_unit_test(floats_survive_and_not_a_number_is_refused),
        cmocka_unit_test(lengths_use_the_shortest_form),
        cmocka_unit_test(counts_use_the_shortest_form),
        cmocka_unit_test(announced_counts_beyond_the_input_are_refused),
        cmocka_unit_test(ext_values_are_skipped_whole),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(failure_is_sticky),
        cmocka_unit_test(types_are_told_apart),
        cmocka_unit_test(invalid_utf8_is_refused_in_skipped_values_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
