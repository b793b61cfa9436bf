#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/bytes.h"
#include "bench/figures.h"
#include "bench/histogram.h"

static json_t *summarize(const char *runs_text)
{
    json_t *runs = json_loads(runs_text, 0, NULL);
    json_t *setting = json_pack("{s:i, s:n}", "couples", 100, "rate");
    assert_non_null(runs);
    json_t *figures = figures_summarize(runs, setting);
    json_decref(runs);
    json_decref(setting);
    return figures;
}

static double figure(const json_t *figures, const char *name, const char *part)
{
    const json_t *value = json_object_get(json_object_get(figures, name), part);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static void the_median_of_an_odd_count_is_in_the_middle(void **state)
{
    (void)state;
    json_t *figures = summarize("[{\"rate_per_s\":30},{\"rate_per_s\":10},{\"rate_per_s\":20}]");
    assert_true(figure(figures, "rate_per_s", "median") == 20);
    assert_true(figure(figures, "rate_per_s", "min") == 10);
    assert_true(figure(figures, "rate_per_s", "max") == 30);
    assert_true(figure(figures, "rate_per_s", "spread") == 1);
    json_decref(figures);
}

static void the_median_of_an_even_count_is_between_two(void **state)
{
    (void)state;
    json_t *figures = summarize("[{\"p\":1.5},{\"p\":4},{\"p\":2.5},{\"p\":100}]");
    assert_true(figure(figures, "p", "median") == 3.25);
    assert_true(figure(figures, "p", "spread") == 98.5 / 3.25);
    json_decref(figures);
}

static void a_median_sorts_and_takes_the_middle(void **state)
{
    (void)state;
    double odd[] = {9, 1, 5};
    double even[] = {10, 2, 4, 1};
    double one[] = {7};
    assert_true(figures_median(odd, 3) == 5);
    assert_true(figures_median(even, 4) == 3);
    assert_true(figures_median(one, 1) == 7);
}

static void one_run_has_no_spread(void **state)
{
    (void)state;
    json_t *figures = summarize("[{\"p\":7}]");
    assert_true(figure(figures, "p", "median") == 7);
    assert_true(figure(figures, "p", "spread") == 0);
    json_decref(figures);
}

static void a_median_of_zero_has_no_relative_spread(void **state)
{
    (void)state;
    json_t *figures = summarize("[{\"lost\":0},{\"lost\":0},{\"lost\":3}]");
    assert_true(figure(figures, "lost", "max") == 3);
    assert_true(json_is_null(json_object_get(json_object_get(figures, "lost"), "spread")));
    json_decref(figures);
}

static void settings_and_texts_are_no_figures(void **state)
{
    (void)state;
    json_t *figures = summarize(
        "[{\"couples\":100,\"rate\":5,\"good\":true,\"first_refusal\":\"BUSY\",\"p\":1}]");
    assert_int_equal(json_object_size(figures), 1);
    assert_true(figure(figures, "p", "median") == 1);
    json_decref(figures);
}

static void a_run_without_the_figure_is_passed_over(void **state)
{
    (void)state;
    json_t *figures = summarize("[{\"p\":null},{\"p\":4},{},{\"p\":6,\"later\":1}]");
    assert_true(figure(figures, "p", "median") == 5);
    assert_true(figure(figures, "later", "median") == 1);
    json_decref(figures);
}

static json_t *run_with(uint64_t from, uint64_t to)
{
    struct histogram *histogram = memory_alloc(sizeof *histogram);
    for (uint64_t value = from; value <= to; value++) {
        histogram_add(histogram, value);
    }
    json_t *run = json_pack("{s:{s:o}}", "histograms", "delivery", histogram_to_json(histogram));
    free(histogram);
    return run;
}

/* Not the mean of the runs' percentiles: what a percentile of all values is. */
static void histograms_are_merged_before_percentiles_are_taken(void **state)
{
    (void)state;
    json_t *runs = json_pack("[o, o]", run_with(1, 900), run_with(901, 1000));
    json_t *merged = figures_merge_histograms(runs);
    const json_t *delivery = json_object_get(merged, "delivery");
    assert_int_equal(json_integer_value(json_object_get(delivery, "count")), 1000);
    const json_t *median = json_array_get(json_object_get(delivery, "curve"), 0);
    assert_int_equal(json_integer_value(json_array_get(median, 1)), 500);
    json_decref(merged);
    json_decref(runs);
}

static void a_run_without_a_histogram_leaves_none_to_merge(void **state)
{
    (void)state;
    json_t *runs = json_pack("[o, {}]", run_with(1, 10));
    json_t *merged = figures_merge_histograms(runs);
    assert_null(json_object_get(merged, "delivery"));
    json_decref(merged);
    json_decref(runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_median_of_an_odd_count_is_in_the_middle),
        cmocka_unit_test(the_median_of_an_even_count_is_between_two),
        cmocka_unit_test(a_median_sorts_and_takes_the_middle),
        cmocka_unit_test(one_run_has_no_spread),
        cmocka_unit_test(a_median_of_zero_has_no_relative_spread),
        cmocka_unit_test(settings_and_texts_are_no_figures),
        cmocka_unit_test(a_run_without_the_figure_is_passed_over),
        cmocka_unit_test(histograms_are_merged_before_percentiles_are_taken),
        cmocka_unit_test(a_run_without_a_histogram_leaves_none_to_merge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
