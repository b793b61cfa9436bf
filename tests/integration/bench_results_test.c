/*
 * duet-bench as it is used: runs are repeated and saved, and a page is made of what was saved.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/folder.h"
#include "tests/integration/support_bench.h"

#define PAGE_BYTES (1 << 20)

static char folder[PATH_MAX];

static int chat_is_saved(void **state)
{
    (void)state;
    const char *const words[] = {"chat", "--seconds", "1", "--warmup", "0",    "--couples",
                                 "5",    "--repeat",  "2", "--save",   folder, NULL};
    if (folder_make(".", folder) != 0) {
        return -1;
    }
    int status = bench_run(words);
    if (status != 0) {
        print_message("%s\n", bench_output);
    }
    return status;
}

static int folder_is_removed(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

static json_t *load_saved(void)
{
    return bench_saved(folder, "chat-couples5-window1-bytes200-");
}

static void both_runs_and_what_they_come_to_are_saved(void **state)
{
    (void)state;
    json_t *saved = load_saved();
    const json_t *runs = json_object_get(saved, "runs");
    const json_t *rate = json_object_get(json_object_get(saved, "figures"), "acked_per_s");
    assert_int_equal(json_array_size(runs), 2);
    double first = bench_number(json_array_get(runs, 0), "acked_per_s");
    double second = bench_number(json_array_get(runs, 1), "acked_per_s");
    assert_true(first > 0 && second > 0 && first != second);
    assert_true(bench_number(rate, "min") == (first < second ? first : second));
    assert_true(bench_number(rate, "max") == (first < second ? second : first));
    assert_true(bench_number(rate, "median") > bench_number(rate, "min"));
    assert_true(bench_number(rate, "median") < bench_number(rate, "max"));
    assert_true(json_is_true(json_object_get(saved, "good")));
    json_decref(saved);
}

static void every_delivery_is_in_the_merged_histogram(void **state)
{
    (void)state;
    json_t *saved = load_saved();
    const json_t *runs = json_object_get(saved, "runs");
    double delivered = 0;
    for (size_t i = 0; i < 2; i++) { /* there was no warm-up */
        delivered += bench_number(json_array_get(runs, i), "delivered");
        const json_t *series = json_object_get(json_array_get(runs, i), "series");
        assert_int_equal(json_array_size(json_object_get(series, "t_s")), 1);
        assert_true(bench_number(json_array_get(runs, i), "acked_per_s") > 0);
    }
    const json_t *merged = json_object_get(json_object_get(saved, "latencies"), "delivery");
    assert_true(bench_number(merged, "count") == delivered);
    json_decref(saved);
}

static char *read_page(const char *path)
{
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    char *text = calloc(1, PAGE_BYTES);
    assert_non_null(text);
    size_t len = fread(text, 1, PAGE_BYTES - 1, file);
    fclose(file);
    assert_true(len > 0);
    return text;
}

static void the_page_has_the_plots(void **state)
{
    (void)state;
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/report.html", folder);
    const char *const words[] = {"report", "--in", folder, NULL};
    assert_int_equal(bench_run(words), 0);
    char *page = read_page(path);
    assert_non_null(strstr(page, "<title>Latency by percentile</title>"));
    assert_non_null(strstr(page, "<path class=\"line c0\""));
    assert_non_null(strstr(page, "duet-bench chat --seconds 1"));
    assert_null(strstr(page, folder));
    free(page);
}

static void a_broken_file_is_named_and_the_page_made_without_it(void **state)
{
    (void)state;
    char path[PATH_MAX + 32];
    snprintf(path, sizeof path, "%s/broken.json", folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs("{\"scenario\": \"chat\", ", file);
    fclose(file);
    const char *const words[] = {"report", "--in", folder, NULL};
    assert_int_equal(bench_run(words), 1);
    assert_non_null(strstr(bench_output, "broken.json"));
    remove(path);
    snprintf(path, sizeof path, "%s/report.html", folder);
    char *page = read_page(path);
    assert_non_null(strstr(page, "Latency by percentile"));
    assert_null(strstr(page, "broken"));
    free(page);
}

static void a_place_that_cannot_be_written_is_told_before_the_run(void **state)
{
    (void)state;
    const char *const words[] = {"chat", "--seconds", "60", "--save", "/proc/nowhere", NULL};
    assert_int_equal(bench_run(words), 1);
    assert_non_null(strstr(bench_output, "cannot save to /proc/nowhere"));
    assert_null(strstr(bench_output, "seeding"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_runs_and_what_they_come_to_are_saved),
        cmocka_unit_test(every_delivery_is_in_the_merged_histogram),
        cmocka_unit_test(the_page_has_the_plots),
        cmocka_unit_test(a_broken_file_is_named_and_the_page_made_without_it),
        cmocka_unit_test(a_place_that_cannot_be_written_is_told_before_the_run),
    };
    return cmocka_run_group_tests(tests, chat_is_saved, folder_is_removed);
}
