/* How figures get into a report. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "bench/report.h"
#include "bench/scenario.h"

static void a_figure_that_could_not_be_had_is_null(void **state)
{
    (void)state;
    json_t *report = json_object();
    report_put(report, "half", 0.5);
    report_put(report, "none", -1);
    report_put(report, "endless", INFINITY);
    report_put_count(report, "two", 2);
    report_put_count(report, "no_count", -1);
    assert_true(json_real_value(json_object_get(report, "half")) == 0.5);
    assert_true(json_is_null(json_object_get(report, "none")));
    assert_true(json_is_null(json_object_get(report, "endless")));
    assert_true(json_is_integer(json_object_get(report, "two")));
    assert_int_equal(json_integer_value(json_object_get(report, "two")), 2);
    assert_true(json_is_null(json_object_get(report, "no_count")));
    json_decref(report);
}

static void quantiles_are_in_milliseconds_under_their_names(void **state)
{
    (void)state;
    struct histogram *histogram = memory_alloc(sizeof *histogram);
    json_t *report = json_object();
    for (uint64_t us = 1; us <= 1000; us++) {
        histogram_add(histogram, us);
    }
    scenario_quantiles(report, "latency", histogram);
    assert_int_equal(json_object_size(report), 3);
    assert_float_equal(json_real_value(json_object_get(report, "latency_p50_ms")), 0.5, 0.002);
    assert_float_equal(json_real_value(json_object_get(report, "latency_p99_ms")), 0.99, 0.002);
    assert_float_equal(json_real_value(json_object_get(report, "latency_max_ms")), 1.0, 0.002);
    json_decref(report);
    free(histogram);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_figure_that_could_not_be_had_is_null),
        cmocka_unit_test(quantiles_are_in_milliseconds_under_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
