/*
 * duet-bench log as it is used: a small log is appended, read, replayed and rebuilt from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/integration/support_bench.h"

static void a_log_is_appended_read_replayed_and_rebuilt_from(void **state)
{
    static const char *const positive[] = {
        "append_1_per_s",    "append_16_per_s",      "append_64_per_s",      "append_256_per_s",
        "append_1024_per_s", "append_1_commit_us",   "append_256_commit_us", "read_per_s",
        "replay_per_s",      "rebuild_replay_per_s", "rebuild_per_s"};
    (void)state;
    static const char *const words[] = {"log",   "--seconds", "1", "--messages", "20000", "--tail",
                                        "12000", "--couples", "7", "--shards",   "2",     NULL};
    json_t *report = bench_report(words, 0);
    for (size_t i = 0; i < sizeof positive / sizeof positive[0]; i++) {
        assert_true(bench_number(report, positive[i]) > 0);
    }
    assert_true(bench_number(report, "bytes_per_record") > 200); /* the text alone */
    assert_true(bench_number(report, "replay_records") == 12000);
    assert_true(bench_number(report, "rebuild_records") ==
                20007); /* and a record for each couple */
    assert_false(json_is_false(json_object_get(report, "good")));
    json_decref(report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_is_appended_read_replayed_and_rebuilt_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
