#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/error.h"
#include "bench/histogram.h"

static int set_up(void **state)
{
    *state = memory_alloc(sizeof(struct histogram));
    return 0;
}

static int tear_down(void **state)
{
    free(*state);
    return 0;
}

static void an_empty_histogram_answers_zero(void **state)
{
    assert_int_equal(histogram_quantile(*state, 0.5), 0);
    assert_int_equal(histogram_quantile(*state, 1), 0);
}

static void small_values_are_exact(void **state)
{
    struct histogram *histogram = *state;
    for (uint64_t value = 1; value <= 2000; value++) {
        histogram_add(histogram, value);
    }
    assert_int_equal(histogram_quantile(histogram, 0.5), 1000);
    assert_int_equal(histogram_quantile(histogram, 0.99), 1980);
    assert_int_equal(histogram_quantile(histogram, 1), 2000);
    assert_int_equal(histogram->total, 2000);
}

static void every_value_reads_back_with_three_digits(void **state)
{
    struct histogram *histogram = *state;
    for (uint64_t value = 1; value < UINT64_MAX / 8; value = value * 5 / 3 + 1) {
        histogram_clear(histogram);
        histogram_add(histogram, value);
        histogram_add(histogram, UINT64_MAX);
        uint64_t read = histogram_quantile(histogram, 0.5);
        assert_true(read >= value);
        assert_true(read - value <= value / 1024);
    }
}

static void the_end_of_the_range_is_held(void **state)
{
    struct histogram *histogram = *state;
    histogram_add(histogram, 0);
    histogram_add(histogram, UINT64_MAX);
    assert_true(histogram_quantile(histogram, 0.5) == 0);
    assert_true(histogram_quantile(histogram, 1) == UINT64_MAX);
    assert_int_equal(histogram->counts[HISTOGRAM_BUCKETS - 1], 1);
}

static void a_quantile_never_exceeds_the_maximum(void **state)
{
    struct histogram *histogram = *state;
    histogram_add(histogram, 1000500);
    assert_int_equal(histogram_quantile(histogram, 0.999), 1000500);
}

static void merging_adds_up(void **state)
{
    struct histogram *histogram = *state;
    struct histogram *other = memory_alloc(sizeof *other);
    for (uint64_t value = 1; value <= 100; value++) {
        histogram_add(value % 2 == 0 ? histogram : other, value);
    }
    histogram_merge(histogram, other);
    free(other);
    assert_int_equal(histogram->total, 100);
    assert_int_equal(histogram_quantile(histogram, 0.5), 50);
    assert_int_equal(histogram_quantile(histogram, 1), 100);
}

static void json_brings_back_every_quantile(void **state)
{
    struct histogram *histogram = *state;
    struct histogram *copy = memory_alloc(sizeof *copy);
    for (uint64_t value = 1; value < UINT64_MAX / 64; value = value * 9 / 8 + 1) {
        histogram_add(histogram, value);
    }
    json_t *json = histogram_to_json(histogram);
    assert_int_equal(histogram_add_json(copy, json), 0);
    assert_int_equal(copy->total, histogram->total);
    for (double quantile = 0; quantile <= 1; quantile += 0.01) {
        assert_true(histogram_quantile(copy, quantile) == histogram_quantile(histogram, quantile));
    }
    json_decref(json);
    free(copy);
}

static void json_of_something_else_is_refused(void **state)
{
    static const char *const texts[] = {"{}", "{\"max\":1,\"counts\":[[1]]}",
                                        "{\"max\":1,\"counts\":[[1,-1]]}",
                                        "{\"max\":-1,\"counts\":[]}", "{\"max\":1,\"counts\":7}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *json = json_loads(texts[i], 0, NULL);
        assert_non_null(json);
        assert_int_equal(histogram_add_json(*state, json), ERR_MALFORMED);
        json_decref(json);
    }
}

static double percentile_at(const json_t *curve, size_t index)
{
    return json_number_value(json_array_get(json_array_get(curve, index), 0));
}

static void a_curve_goes_as_far_as_the_count_bears_out(void **state)
{
    struct histogram *histogram = *state;
    for (uint64_t value = 1; value <= 1000; value++) {
        histogram_add(histogram, value);
    }
    json_t *curve = histogram_curve(histogram);
    size_t size = json_array_size(curve);
    assert_true(percentile_at(curve, 0) == 50);
    assert_true(percentile_at(curve, size - 1) == 100);
    assert_true(percentile_at(curve, size - 2) > 99.8 && percentile_at(curve, size - 2) < 99.91);
    for (size_t i = 1; i < size; i++) {
        assert_true(percentile_at(curve, i) > percentile_at(curve, i - 1));
    }
    assert_int_equal(json_integer_value(json_array_get(json_array_get(curve, size - 1), 1)), 1000);
    json_decref(curve);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_histogram_answers_zero, set_up, tear_down),
        cmocka_unit_test_setup_teardown(small_values_are_exact, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_value_reads_back_with_three_digits, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_end_of_the_range_is_held, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_quantile_never_exceeds_the_maximum, set_up, tear_down),
        cmocka_unit_test_setup_teardown(merging_adds_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(json_brings_back_every_quantile, set_up, tear_down),
        cmocka_unit_test_setup_teardown(json_of_something_else_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_curve_goes_as_far_as_the_count_bears_out, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
