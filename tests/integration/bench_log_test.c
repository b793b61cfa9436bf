/*
 * duet-bench log as it is used: a small log is appended, read, replayed and rebuilt from.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "tests/integration/support_daemon.h"

#define OUTPUT_BYTES (1 << 18)

static char output[OUTPUT_BYTES];

/* The report of a run, from the one line of JSON in what was printed. */
static json_t *run_log(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s", program_path("duet-bench"));
    char *const argv[] = {path,       "log",    "--seconds", "1",         "--messages",
                          "20000",    "--tail", "12000",     "--couples", "7",
                          "--shards", "2",      "--json",    NULL};
    int status = program_run(argv, output, sizeof output, false);
    if (status != 0) {
        print_message("%s\n", output);
    }
    assert_int_equal(status, 0);
    const char *line = strchr(output, '{');
    assert_non_null(line);
    json_t *report = json_loads(line, JSON_DISABLE_EOF_CHECK, NULL);
    assert_non_null(report);
    return report;
}

static double number(const json_t *report, const char *name)
{
    const json_t *value = json_object_get(report, name);
    if (!json_is_number(value)) {
        fail_msg("%s is no number", name);
    }
    return json_number_value(value);
}

static void a_log_is_appended_read_replayed_and_rebuilt_from(void **state)
{
    static const char *const positive[] = {
        "append_1_per_s",    "append_16_per_s",      "append_64_per_s",      "append_256_per_s",
        "append_1024_per_s", "append_1_commit_us",   "append_256_commit_us", "read_per_s",
        "replay_per_s",      "rebuild_replay_per_s", "rebuild_per_s"};
    (void)state;
    json_t *report = run_log();
    for (size_t i = 0; i < sizeof positive / sizeof positive[0]; i++) {
        assert_true(number(report, positive[i]) > 0);
    }
    assert_true(number(report, "bytes_per_record") > 200); /* the text alone */
    assert_true(number(report, "replay_records") == 12000);
    assert_true(number(report, "rebuild_records") == 20007); /* and a record for each couple */
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
