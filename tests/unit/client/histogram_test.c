#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
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
    for (uint64_t value = 1; value <= 200; value++) {
        histogram_add(histogram, value);
    }
    assert_int_equal(histogram_quantile(histogram, 0.5), 100);
    assert_int_equal(histogram_quantile(histogram, 0.99), 198);
    assert_int_equal(histogram_quantile(histogram, 1), 200);
    assert_int_equal(histogram->total, 200);
}

static void every_value_reads_back_within_a_percent(void **state)
{
    struct histogram *histogram = *state;
    for (uint64_t value = 1; value < UINT64_MAX / 8; value = value * 5 / 3 + 1) {
        histogram_clear(histogram);
        histogram_add(histogram, value);
        histogram_add(histogram, UINT64_MAX);
        uint64_t read = histogram_quantile(histogram, 0.5);
        assert_true(read >= value);
        assert_true(read - value <= value / 128);
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
    histogram_add(histogram, 1000001);
    assert_int_equal(histogram_quantile(histogram, 0.999), 1000001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_histogram_answers_zero, set_up, tear_down),
        cmocka_unit_test_setup_teardown(small_values_are_exact, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_value_reads_back_within_a_percent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_of_the_range_is_held, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_quantile_never_exceeds_the_maximum, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
