#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/bytes.h"
#include "bench/folder.h"
#include "bench/histogram.h"
#include "bench/options.h"
#include "bench/report.h"
#include "bench/result.h"
#include "bench/results.h"
#include "bench/scenario.h"

static char folder[PATH_MAX];

static int set_up(void **state)
{
    (void)state;
    return folder_make(".", folder);
}

static int tear_down(void **state)
{
    (void)state;
    folder_remove(folder);
    return 0;
}

static json_t *run_of(double rate, uint64_t latency_us)
{
    struct histogram *histogram = memory_alloc(sizeof *histogram);
    json_t *run = json_pack("{s:i, s:f, s:b}", "couples", 7, "acked_per_s", rate, "good", 1);
    histogram_add(histogram, latency_us);
    scenario_latencies(run, "delivery", histogram);
    scenario_series(run, "t_s", 1);
    scenario_series(run, "acked_per_s", -1);
    free(histogram);
    return run;
}

static json_t *result_of_two_runs(void)
{
    static const char *const headlines[] = {"acked_per_s", NULL};
    json_t *result = result_create("chat", folder, json_pack("{s:i}", "couples", 7), headlines);
    result_add(result, run_of(100, 10));
    result_add(result, run_of(200, 30));
    result_finish(result);
    return result;
}

static void write_file(const char *name, const char *text)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void what_is_saved_is_read_back_whole(void **state)
{
    (void)state;
    static const char *const named_by[] = {"couples", NULL};
    json_t *result = result_of_two_runs();
    assert_int_equal(result_save(result, folder, named_by), 0);
    json_t *results;
    json_t *comparisons;
    assert_int_equal(results_gather(folder, &results, &comparisons), 0);
    assert_int_equal(json_array_size(results), 1);
    json_t *read = json_array_get(results, 0);
    const char *file = json_string_value(json_object_get(read, "file"));
    assert_memory_equal(file, "chat-couples7-2", strlen("chat-couples7-2"));
    json_object_del(read, "file");
    char *written = json_dumps(result, JSON_REAL_PRECISION(REPORT_DIGITS));
    char *back = json_dumps(read, JSON_REAL_PRECISION(REPORT_DIGITS));
    assert_string_equal(back, written);
    free(written);
    free(back);
    json_decref(results);
    json_decref(comparisons);
    json_decref(result);
}

static void a_second_result_of_the_same_second_does_not_replace_the_first(void **state)
{
    (void)state;
    json_t *results;
    json_t *comparisons;
    json_t *result = result_of_two_runs();
    assert_int_equal(result_save(result, folder, NULL), 0);
    assert_int_equal(result_save(result, folder, NULL), 0);
    assert_int_equal(results_gather(folder, &results, &comparisons), 0);
    assert_int_equal(json_array_size(results), 2);
    json_decref(results);
    json_decref(comparisons);
    json_decref(result);
}

static void a_result_says_what_it_was_measured_with(void **state)
{
    (void)state;
    json_t *result = result_of_two_runs();
    const json_t *machine = json_object_get(result, "machine");
    const json_t *versions = json_object_get(result, "versions");
    assert_true(json_is_integer(json_object_get(machine, "cores")));
    assert_non_null(json_object_get(json_object_get(machine, "disk"), "rotational"));
    assert_true(json_is_string(json_object_get(versions, "commit")));
    assert_true(json_is_string(json_object_get(versions, "lmdb")));
    assert_true(json_is_true(json_object_get(result, "good")));
    char *text = json_dumps(result, 0);
    assert_null(strstr(text, folder)); /* nobody needs to know where */
    free(text);
    json_decref(result);
}

static void curves_are_kept_and_counts_are_not(void **state)
{
    (void)state;
    json_t *result = result_of_two_runs();
    const json_t *merged = json_object_get(json_object_get(result, "latencies"), "delivery");
    const json_t *run = json_array_get(json_object_get(result, "runs"), 0);
    const json_t *own = json_object_get(json_object_get(run, "histograms"), "delivery");
    assert_int_equal(json_integer_value(json_object_get(merged, "count")), 2);
    assert_true(json_array_size(json_object_get(merged, "curve")) != 0);
    assert_true(json_array_size(json_object_get(own, "curve")) != 0);
    assert_null(json_object_get(merged, "counts"));
    assert_null(json_object_get(own, "counts"));
    json_decref(result);
}

static void one_bad_run_makes_a_bad_result(void **state)
{
    (void)state;
    json_t *result = result_create("chat", folder, json_object(), NULL);
    json_t *bad = run_of(100, 10);
    json_object_set_new(bad, "good", json_false());
    result_add(result, run_of(100, 10));
    result_add(result, bad);
    result_finish(result);
    assert_true(json_is_false(json_object_get(result, "good")));
    json_decref(result);
}

static void a_malformed_file_is_counted_and_passed_over(void **state)
{
    (void)state;
    static const char *const texts[] = {"{\"scenario\":",
                                        "[]",
                                        "{\"scenario\":\"chat\",\"runs\":[]}",
                                        "{\"scenario\":\"chat\",\"runs\":[1],\"figures\":{}}",
                                        "{\"format\":\"duet-bench 99\",\"scenario\":\"chat\"}",
                                        "{\"runs\":[{}]}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char name[32];
        snprintf(name, sizeof name, "bad-%zu.json", i);
        write_file(name, texts[i]);
    }
    write_file("good.json", "{\"scenario\":\"chat\",\"acked_per_s\":5}");
    write_file("notes.txt", "not looked at");
    json_t *results;
    json_t *comparisons;
    assert_int_equal(results_gather(folder, &results, &comparisons),
                     sizeof texts / sizeof texts[0]);
    assert_int_equal(json_array_size(results), 1);
    json_decref(results);
    json_decref(comparisons);
}

static void lines_with_the_same_setting_are_runs_of_one_result(void **state)
{
    (void)state;
    write_file("peers.jsonl",
               "{\"peer\":\"nats\",\"synced\":\"no\"}\n"
               "{\"scenario\":\"chat\",\"system\":\"nats\",\"window\":1,\"acked_per_s\":4}\n"
               "{\"scenario\":\"chat\",\"system\":\"nats\",\"window\":16,\"acked_per_s\":9}\n"
               "{\"scenario\":\"chat\",\"system\":\"nats\",\"window\":1,\"acked_per_s\":6}\n"
               "nonsense\n");
    json_t *results;
    json_t *comparisons;
    assert_int_equal(results_gather(folder, &results, &comparisons), 1);
    const json_t *comparison = json_array_get(comparisons, 0);
    const json_t *joined = json_object_get(comparison, "results");
    assert_int_equal(json_array_size(json_object_get(comparison, "peers")), 1);
    assert_int_equal(json_array_size(joined), 2);
    const json_t *first = json_array_get(joined, 0);
    assert_int_equal(json_array_size(json_object_get(first, "runs")), 2);
    const json_t *rate = json_object_get(json_object_get(first, "figures"), "acked_per_s");
    assert_true(json_number_value(json_object_get(rate, "median")) == 5);
    json_decref(results);
    json_decref(comparisons);
}

static void a_folder_that_cannot_be_made_is_told_before_anything_runs(void **state)
{
    (void)state;
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/a/b/c", folder);
    assert_int_equal(result_prepare(path), 0);
    assert_int_equal(access(path, W_OK), 0);
    write_file("file", "");
    snprintf(path, sizeof path, "%s/file/sub", folder);
    assert_int_not_equal(result_prepare(path), 0);
}

static void the_command_keeps_no_folders(void **state)
{
    (void)state;
    char *const words[] = {
        "/opt/build/duet-bench", "chat",     "--data", "/home/mina/disk", "--server",
        "ws://127.0.0.1:7400",   "--window", "16"};
    options_note_command_line(8, words);
    assert_string_equal(command_line,
                        "duet-bench chat --data disk --server ws://127.0.0.1:7400 --window 16");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_saved_is_read_back_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
            a_second_result_of_the_same_second_does_not_replace_the_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_result_says_what_it_was_measured_with, set_up, tear_down),
        cmocka_unit_test_setup_teardown(curves_are_kept_and_counts_are_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_bad_run_makes_a_bad_result, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_malformed_file_is_counted_and_passed_over, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(lines_with_the_same_setting_are_runs_of_one_result, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_made_is_told_before_anything_runs,
                                        set_up, tear_down),
        cmocka_unit_test(the_command_keeps_no_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
