/*
 * duet-bench actor as it is used: every shape runs to its end, and runs are repeated and saved.
 */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/folder.h"
#include "tests/integration/support_bench.h"

static void every_shape_has_its_figures(void **state)
{
    static const char *const words[] = {"actor",  "--actors", "40",        "--shards", "2",
                                        "--cold", "200",      "--seconds", "1",        "--warmup",
                                        "0",      "--alone",  NULL};
    static const char *const positive[] = {"ring_per_s",
                                           "ring_ns_each",
                                           "ring_across_per_s",
                                           "ask_per_s",
                                           "ask_across_per_s",
                                           "fan_in_per_s",
                                           "call_per_s",
                                           "store_per_s",
                                           "store_ns_each",
                                           "activation_per_s",
                                           "activation_us_each",
                                           "activation_awake_us_each",
                                           "activation_put_away_ms"};
    static const char *const zero[] = {"ring_dropped", "ring_across_dropped", "ask_dropped",
                                       "ask_across_dropped", "fan_in_dropped"};
    (void)state;
    json_t *report = bench_report(words, 0);
    for (size_t i = 0; i < sizeof positive / sizeof positive[0]; i++) {
        assert_true(bench_number(report, positive[i]) > 0);
    }
    for (size_t i = 0; i < sizeof zero / sizeof zero[0]; i++) {
        assert_true(bench_number(report, zero[i]) == 0);
    }
    assert_true(bench_number(report, "activation_actors") == 200);
    assert_false(json_is_false(json_object_get(report, "good")));
    assert_true(json_is_null(json_object_get(report, "ring_erlang_per_s")));
    assert_true(json_is_null(json_object_get(report, "ring_ratio")));
    assert_null(json_object_get(report, "store_ratio")); /* Erlang has no such shape */
    assert_string_equal(json_string_value(json_object_get(report, "erlang_version")),
                        "not asked for");
    json_decref(report);
}

static void repeated_runs_are_summed_up_and_saved(void **state)
{
    char folder[PATH_MAX];
    (void)state;
    assert_int_equal(folder_make(".", folder), 0);
    const char *const words[] = {"actor",  "--only",    "ring",     "--actors", "40", "--shards",
                                 "2",      "--seconds", "1",        "--warmup", "0",  "--alone",
                                 "--save", folder,      "--repeat", "2",        NULL};
    json_t *printed = bench_report(words, 0);
    json_t *saved = bench_saved(folder, "actor-ring-actors40-shards2-");
    folder_remove(folder);
    const json_t *rate = json_object_get(json_object_get(saved, "figures"), "ring_per_s");
    assert_int_equal(json_array_size(json_object_get(saved, "runs")), 2);
    assert_true(bench_number(rate, "min") <= bench_number(rate, "median"));
    assert_true(bench_number(rate, "median") <= bench_number(rate, "max"));
    assert_true(bench_number(rate, "spread") >= 0);
    assert_true(json_equal(json_object_get(printed, "setting"), json_object_get(saved, "setting")));
    assert_null(json_object_get(json_object_get(saved, "figures"), "ask_per_s"));
    json_decref(printed);
    json_decref(saved);
}

/* Where Erlang is installed; elsewhere the run says what is missing. */
static void erlang_runs_beside(void **state)
{
    static const char *const words[] = {"actor",     "--only", "ask",      "--actors", "40",
                                        "--seconds", "1",      "--warmup", "0",        NULL};
    (void)state;
    json_t *report = bench_report(words, 0);
    const char *version = json_string_value(json_object_get(report, "erlang_version"));
    assert_non_null(version);
    assert_true(bench_number(report, "ask_per_s") > 0);
    if (strstr(version, "erts") != NULL) {
        double ratio = bench_number(report, "ask_per_s") / bench_number(report, "ask_erlang_per_s");
        assert_true(fabs(bench_number(report, "ask_ratio") - ratio) < 1e-6 * ratio);
    } else {
        assert_true(json_is_null(json_object_get(report, "ask_ratio")));
    }
    json_decref(report);
}

static void what_does_not_go_together_is_a_wrong_command_line(void **state)
{
    static const char *const wrong[][8] = {
        {"actor", "--only", "circle", NULL},
        {"actor", "--only", "ring_across", "--shards", "1", NULL},
        {"actor", "--actors", "3", "--shards", "2", NULL},
        {"login", "--what", "fingerprint", NULL},
        {"chat", "--protocol", "smoke", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(bench_run(wrong[i]), 2);
        assert_non_null(strstr(bench_output, "duet-bench"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shape_has_its_figures),
        cmocka_unit_test(repeated_runs_are_summed_up_and_saved),
        cmocka_unit_test(erlang_runs_beside),
        cmocka_unit_test(what_does_not_go_together_is_a_wrong_command_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
