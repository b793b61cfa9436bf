#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/logger.h"
#include "config/settings.h"

static int setup(void **state)
{
    struct settings *settings = memory_alloc(sizeof *settings);
    options_init(&settings_table, settings);
    *state = settings;
    return 0;
}

static int teardown(void **state)
{
    options_fini(&settings_table, *state);
    free(*state);
    return 0;
}

static int set(struct settings *settings, const char *name, const char *text,
               struct option_fault *fault)
{
    return options_set(&settings_table, settings, name, text, "here", fault);
}

static void accepts(struct settings *settings, const char *name, const char *text)
{
    struct option_fault fault = {{0}};
    if (set(settings, name, text, &fault) != 0) {
        fail_msg("%s", fault.text);
    }
}

static void refuses(struct settings *settings, const char *name, const char *text,
                    const char *because)
{
    struct option_fault fault = {{0}};
    assert_int_equal(set(settings, name, text, &fault), ERR_INVALID_ARGUMENT);
    if (strncmp(fault.text, "here: ", 6) != 0 || strstr(fault.text, because) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", fault.text, because);
    }
}

static int run(struct settings *settings, char **words, struct option_request *request,
               struct option_fault *fault)
{
    int count = 0;
    while (words[count] != NULL) {
        count++;
    }
    return options_read_arguments(&settings_table, settings, count, words, request, fault);
}

#define RUN(settings, request, fault, ...)                                                         \
    run((settings), (char *[]){(char[]){"duetd"}, __VA_ARGS__ __VA_OPT__(, ) NULL}, (request),     \
        (fault))

static char *temporary_file(const char *text)
{
    char *path = text_copy("options_test.XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    return path;
}

static void test_defaults_are_as_documented(void **state)
{
    struct settings *settings = *state;
    assert_string_equal(settings->data, "./data");
    assert_string_equal(settings->listen, "127.0.0.1:7400");
    assert_int_equal(settings->log_level, LOG_LEVEL_INFO);
    assert_int_equal(settings->log_segment, 1LL << 30);
    assert_int_equal(settings->access_life, 1800000);
    assert_int_equal(settings->refresh_life, 7LL * 86400000);
    assert_true(settings->log_keep);
    assert_false(settings->test_log_nosync);
}

static void test_sizes_and_durations_take_units(void **state)
{
    struct settings *settings = *state;
    accepts(settings, "log_segment", "64MiB");
    assert_int_equal(settings->log_segment, 64LL << 20);
    accepts(settings, "log_segment", "8388608");
    assert_int_equal(settings->log_segment, 8LL << 20);
    accepts(settings, "log-segment", "2 gib");
    assert_int_equal(settings->log_segment, 2LL << 30);
    accepts(settings, "flush_age", "250ms");
    assert_int_equal(settings->flush_age, 250);
    accepts(settings, "refresh_life", "12h");
    assert_int_equal(settings->refresh_life, 43200000);
    accepts(settings, "log_keep", "off");
    assert_false(settings->log_keep);
    accepts(settings, "log_level", "WARN");
    assert_int_equal(settings->log_level, LOG_LEVEL_WARN);
}

static void test_bad_values_are_refused_with_a_remedy(void **state)
{
    struct settings *settings = *state;
    refuses(settings, "log_segment", "64MB", "write a size like");
    refuses(settings, "log_segment", "1KiB", "from 4MiB to 64GiB");
    refuses(settings, "log_segment", "9999999999GiB", "write a size like");
    refuses(settings, "log_segment", "", "write a size like");
    refuses(settings, "flush_age", "5", "write a duration like");
    refuses(settings, "flush_age", "-5s", "write a duration like");
    refuses(settings, "shards", "two", "write a whole number");
    refuses(settings, "shards", "1000", "from 0 to 256");
    refuses(settings, "log_keep", "maybe", "write yes or no");
    refuses(settings, "log_level", "loud", "debug, info, warn, error, off");
    refuses(settings, "data", "", "needs a value");
    refuses(settings, "log_segmet", "1GiB", "did you mean log_segment?");
    refuses(settings, "zzz", "1", "--help lists all");
    assert_int_equal(settings->log_segment, 1LL << 30);
}

static void test_a_file_is_read_and_its_faults_name_the_line(void **state)
{
    struct settings *settings = *state;
    struct option_fault fault = {{0}};
    char *good = temporary_file("# all\n\n shards = 3 # three\r\ndata = /tmp/a b#c\n");
    assert_int_equal(options_read_file(&settings_table, settings, good, &fault), 0);
    assert_int_equal(settings->shards, 3);
    assert_string_equal(settings->data, "/tmp/a b#c");
    char *bad = temporary_file("shards = 1\n\nnonsense\n");
    assert_int_equal(options_read_file(&settings_table, settings, bad, &fault),
                     ERR_INVALID_ARGUMENT);
    assert_non_null(strstr(fault.text, bad));
    assert_non_null(strstr(fault.text, ":3: \"nonsense\" is not of the form name = value"));
    assert_int_equal(options_read_file(&settings_table, settings, "no/such", &fault), ERR_IO);
    assert_non_null(strstr(fault.text, "no/such"));
    unlink(good);
    unlink(bad);
    free(good);
    free(bad);
}

static void test_the_command_line_wins_over_the_file(void **state)
{
    struct settings *settings = *state;
    struct option_fault fault = {{0}};
    struct option_request request;
    char *file = temporary_file("shards = 3\nlisten = 0.0.0.0:1\n");
    assert_int_equal(RUN(settings, &request, &fault, "--shards=5", "--config", file, "--data", "d",
                         "--set", "flush_age=1s", "--test-log-nosync", "--help"),
                     0);
    assert_int_equal(settings->shards, 5);
    assert_string_equal(settings->listen, "0.0.0.0:1");
    assert_string_equal(settings->data, "d");
    assert_int_equal(settings->flush_age, 1000);
    assert_true(settings->test_log_nosync);
    assert_true(request.help);
    assert_false(request.version);
    unlink(file);
    free(file);
}

static void test_bad_command_lines_are_refused(void **state)
{
    struct settings *settings = *state;
    struct option_fault fault = {{0}};
    struct option_request request;
    assert_int_equal(RUN(settings, &request, &fault, "--data"), ERR_INVALID_ARGUMENT);
    assert_string_equal(fault.text, "--data needs a value");
    assert_int_equal(RUN(settings, &request, &fault, "data"), ERR_INVALID_ARGUMENT);
    assert_int_equal(RUN(settings, &request, &fault, "--set", "shards"), ERR_INVALID_ARGUMENT);
    assert_int_equal(RUN(settings, &request, &fault, "--nothing", "1"), ERR_INVALID_ARGUMENT);
    assert_int_equal(RUN(settings, &request, &fault, "--shards", "x"), ERR_INVALID_ARGUMENT);
    assert_non_null(strstr(fault.text, "--shards: shards cannot be \"x\""));
}

static char *written(const struct settings *settings)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    assert_non_null(out);
    options_write_config(&settings_table, settings, out);
    fclose(out);
    return text;
}

static void test_duet_conf_matches_the_table(void **state)
{
    (void)state;
    char path[512];
    snprintf(path, sizeof path, "%s", __FILE__);
    char *tests = strstr(path, "tests/unit/config/");
    assert_non_null(tests);
    snprintf(tests, sizeof path - (size_t)(tests - path), "config/duet.conf");
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    static char present[65536];
    size_t len = fread(present, 1, sizeof present - 1, file);
    present[len] = 0;
    fclose(file);
    char *expected = written(NULL);
    assert_string_equal(present, expected);
    free(expected);
}

static void test_a_printed_config_reads_back_the_same(void **state)
{
    struct settings *settings = *state;
    accepts(settings, "log_segment", "12345678");
    accepts(settings, "flush_age", "1500ms");
    accepts(settings, "log_level", "error");
    accepts(settings, "drain", "0s");
    char *text = written(settings);
    char *path = temporary_file(text);
    struct settings again;
    struct option_fault fault = {{0}};
    options_init(&settings_table, &again);
    assert_int_equal(options_read_file(&settings_table, &again, path, &fault), 0);
    char *second = written(&again);
    assert_string_equal(text, second);
    options_fini(&settings_table, &again);
    unlink(path);
    free(path);
    free(second);
    free(text);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_defaults_are_as_documented),
        TEST(test_sizes_and_durations_take_units),
        TEST(test_bad_values_are_refused_with_a_remedy),
        TEST(test_a_file_is_read_and_its_faults_name_the_line),
        TEST(test_the_command_line_wins_over_the_file),
        TEST(test_bad_command_lines_are_refused),
        TEST(test_duet_conf_matches_the_table),
        TEST(test_a_printed_config_reads_back_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
