/*
 * duet-bench spread as it is used: every message is answered and stored once, and the figures are
 * of the same messages.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/integration/support_bench.h"

static void assert_near(double found, double expected)
{
    if (fabs(found - expected) > 1e-3 * expected) {
        fail_msg("%f, expected %f", found, expected);
    }
}

/* What was sent was acknowledged and is in the log, once, and there is nothing else. */
static void assert_all_stored(const json_t *report)
{
    double sent = bench_number(report, "all_sent");
    assert_true(sent > 0);
    assert_true(bench_number(report, "all_acked") == sent);
    assert_true(bench_number(report, "all_stored") == sent);
    assert_true(bench_number(report, "errors") == 0);
    assert_true(bench_number(report, "acked") <= sent);
    assert_true(json_is_true(json_object_get(report, "good")));
}

static void assert_figures_add_up(const json_t *report)
{
    double acked = bench_number(report, "acked");
    double flushed = bench_number(report, "flushed_couples");
    double most = bench_number(report, "log_to_replay_max");
    assert_near(bench_number(report, "acked_per_s") * bench_number(report, "measured_s"), acked);
    assert_near(bench_number(report, "msgs_per_couple_flush") * flushed, acked);
    assert_true(bench_number(report, "flushes") <= flushed);
    assert_true(bench_number(report, "log_bytes_per_msg") > 200); /* the text alone */
    assert_true(bench_number(report, "log_to_replay") <= most);
    assert_true(bench_number(report, "log_to_replay_end") <= most);
    assert_true(bench_number(report, "ack_p50_us") > 0);
    assert_true(bench_number(report, "ack_p50_us") <= bench_number(report, "ack_p99_us"));
    assert_true(bench_number(report, "ack_p99_us") <= bench_number(report, "ack_max_us"));
}

static void couples_chat_and_are_flushed(void **state)
{
    static const char *const words[] = {
        "spread", "--couples",   "500",  "--window",     "64",     "--shards",
        "2",      "--flush-age", "1",    "--warmup",     "3",      "--seconds",
        "3",      "--rate",      "4000", "--replay-max", "100000", NULL};
    static const char *const threads[] = {"shards_cpu_us_per_msg", "log_cpu_us_per_msg",
                                          "state_cpu_us_per_msg"};
    double cpu_us = 0;
    (void)state;
    json_t *report = bench_report(words, 0);
    assert_all_stored(report);
    assert_figures_add_up(report);
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        cpu_us += bench_number(report, threads[i]);
    }
    assert_true(cpu_us > 0);
    assert_true(bench_number(report, "acked_per_s") < 4000 * 1.5);
    assert_true(bench_number(report, "flushed_couples") >= 500); /* each within two seconds */
    assert_true(bench_number(report, "rss_bytes") > bench_number(report, "anon_bytes"));
    assert_true(
        json_array_size(json_object_get(json_object_get(report, "series"), "log_to_replay")) == 3);
    json_decref(report);
}

/* More is asked for than may wait to be replayed: it is refused, sent again, and stored once. */
static void what_was_busy_is_sent_again(void **state)
{
    static const char *const words[] = {
        "spread",   "--couples", "7",         "--window", "60",           "--warmup", "1",
        "--shards", "1",         "--seconds", "2",        "--replay-max", "1000",     NULL};
    (void)state;
    json_t *report = bench_report(words, 0);
    assert_all_stored(report);
    assert_true(bench_number(report, "busy") > 0);
    json_decref(report);
}

static void a_wrong_command_line_is_refused(void **state)
{
    static const char *const words[] = {"spread", "--couples", "0", NULL};
    (void)state;
    assert_int_equal(bench_run(words), 2);
    assert_non_null(strstr(bench_output, "--couples"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(couples_chat_and_are_flushed),
        cmocka_unit_test(what_was_busy_is_sent_again),
        cmocka_unit_test(a_wrong_command_line_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
