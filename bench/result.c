#include "bench/result.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "bench/figures.h"
#include "bench/machine.h"
#include "bench/options.h"
#include "bench/report.h"

#define NAMES_MAX 8 /* files of one second */

static const char *const heads[] = {"format", "scenario", "command", "date", "machine", "versions"};

json_t *result_create(const char *scenario, const char *folder, json_t *setting,
                      const char *const *headlines)
{
    json_t *names = json_array();
    for (size_t i = 0; headlines != NULL && headlines[i] != NULL; i++) {
        json_array_append_new(names, json_string(headlines[i]));
    }
    char date[REPORT_DATE_BYTES];
    report_date(date);
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:[]}", "format", RESULT_FORMAT,
                     "scenario", scenario, "command", command_line, "date", date, "machine",
                     machine_describe(folder), "versions", machine_versions(), "setting", setting,
                     "headlines", names, "runs");
}

void result_add(json_t *result, json_t *run)
{
    json_array_append_new(json_object_get(result, "runs"), run);
}

static bool all_good(const json_t *runs)
{
    for (size_t i = 0; i < json_array_size(runs); i++) {
        if (json_is_false(json_object_get(json_array_get(runs, i), "good"))) {
            return false;
        }
    }
    return true;
}

/* Counts of every bucket are big, and no longer needed once they are added up. */
static void drop_counts(json_t *histograms)
{
    const char *name;
    json_t *histogram;
    json_object_foreach(histograms, name, histogram)
    {
        json_object_del(histogram, "counts");
    }
}

/* A run may say that an option did not apply (null), or what it came to. */
static void correct_setting(json_t *setting, const json_t *run)
{
    json_object_update_existing(setting, (json_t *)(uintptr_t)run);
}

void result_finish(json_t *result)
{
    json_t *runs = json_object_get(result, "runs");
    correct_setting(json_object_get(result, "setting"), json_array_get(runs, 0));
    json_t *latencies = figures_merge_histograms(runs);
    drop_counts(latencies);
    for (size_t i = 0; i < json_array_size(runs); i++) {
        drop_counts(json_object_get(json_array_get(runs, i), "histograms"));
    }
    json_object_set_new(result, "figures",
                        figures_summarize(runs, json_object_get(result, "setting")));
    json_object_set_new(result, "latencies", latencies);
    json_object_set_new(result, "good", json_boolean(all_good(runs)));
}

/* A single run as one flat object, under what tells where it comes from. */
static json_t *flatten(const json_t *result)
{
    json_t *flat = json_object();
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        json_object_set(flat, heads[i], json_object_get(result, heads[i]));
    }
    json_t *calibration = json_object_get(result, "calibration");
    if (calibration != NULL) {
        json_object_set(flat, "calibration", calibration);
    }
    json_object_update(flat, json_array_get(json_object_get(result, "runs"), 0));
    return flat;
}

static void print_spread(const json_t *summary)
{
    const json_t *spread = json_object_get(summary, "spread");
    if (json_is_number(spread)) {
        printf(" %6.1f%%", 100 * json_number_value(spread));
    } else {
        printf(" %7s", "-");
    }
}

static void print_figure(const char *name, const json_t *summary, const json_t *runs)
{
    static const char *const columns[] = {"median", "min", "max"};
    printf("%-*s", REPORT_NAME_WIDTH, name);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        report_print_cell(json_object_get(summary, columns[i]));
    }
    print_spread(summary);
    printf("  |");
    for (size_t i = 0; i < json_array_size(runs); i++) {
        report_print_cell(json_object_get(json_array_get(runs, i), name));
    }
    printf("\n");
}

static void print_figures(const json_t *result)
{
    const json_t *runs = json_object_get(result, "runs");
    const char *name;
    json_t *summary;
    printf("\n%-*s %12s %12s %12s %7s  |", REPORT_NAME_WIDTH, "figure", "median", "min", "max",
           "spread");
    for (size_t i = 0; i < json_array_size(runs); i++) {
        printf("%9s %3zu", "run", i + 1);
    }
    printf("\n");
    json_object_foreach(json_object_get(result, "figures"), name, summary)
    {
        print_figure(name, summary, runs);
    }
}

static void print_latencies(const json_t *result)
{
    static const double wanted[] = {50, 90, 99, 99.9, 99.99, 100};
    const char *name;
    json_t *histogram;
    json_object_foreach(json_object_get(result, "latencies"), name, histogram)
    {
        const json_t *curve = json_object_get(histogram, "curve");
        size_t next = 0;
        printf("\n%s, µs, all runs together:", name);
        for (size_t i = 0; i < json_array_size(curve); i++) {
            const json_t *point = json_array_get(curve, i);
            double percentile = json_number_value(json_array_get(point, 0));
            while (next < sizeof wanted / sizeof wanted[0] && wanted[next] < percentile - 1e-6) {
                next++;
            }
            if (next < sizeof wanted / sizeof wanted[0] &&
                fabs(wanted[next] - percentile) <= 1e-6) {
                printf("  p%g %lld", wanted[next],
                       (long long)json_integer_value(json_array_get(point, 1)));
            }
        }
        printf("\n");
    }
}

/* What the runs said in words, as the first one did: no figure, and no setting. */
static void copy_words(json_t *head, const json_t *run)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)run, name, value)
    {
        if (json_is_string(value) &&
            json_object_get(json_object_get(head, "setting"), name) == NULL) {
            json_object_set(head, name, value);
        }
    }
}

static void print_repeated(const json_t *result)
{
    json_t *head = json_object();
    for (size_t i = 1; i < sizeof heads / sizeof heads[0]; i++) {
        json_object_set(head, heads[i], json_object_get(result, heads[i]));
    }
    json_object_set(head, "setting", json_object_get(result, "setting"));
    if (json_object_get(result, "calibration") != NULL) {
        json_object_set(head, "calibration", json_object_get(result, "calibration"));
    }
    copy_words(head, json_array_get(json_object_get(result, "runs"), 0));
    json_object_set(head, "good", json_object_get(result, "good"));
    report_print(head, false);
    print_figures(result);
    print_latencies(result);
}

void result_print(const json_t *result, bool as_json)
{
    if (json_array_size(json_object_get(result, "runs")) == 1) {
        report_print(flatten(result), as_json);
    } else if (as_json) {
        report_print(json_incref((json_t *)result), true);
    } else {
        print_repeated(result);
    }
}

/* Letters, digits, dots and dashes only: it becomes part of a file's name. */
static void append_word(char *out, size_t size, const char *name, const char *value)
{
    size_t len = strlen(out);
    int wrote = snprintf(out + len, size - len, "-%s%s", name, value);
    for (char *at = out + len + 1; wrote > 0 && *at != '\0'; at++) {
        if (!isalnum((unsigned char)*at) && *at != '.') {
            *at = '-';
        }
    }
}

static void name_file(const json_t *result, const char *const *named_by, char *out, size_t size)
{
    const json_t *setting = json_object_get(result, "setting");
    snprintf(out, size, "%s", json_string_value(json_object_get(result, "scenario")));
    for (size_t i = 0; named_by != NULL && named_by[i] != NULL; i++) {
        const json_t *value = json_object_get(setting, named_by[i]);
        char number[24];
        if (json_is_integer(value) && json_integer_value(value) != 0) {
            snprintf(number, sizeof number, "%lld", (long long)json_integer_value(value));
            append_word(out, size, named_by[i], number);
        } else if (json_is_string(value)) {
            append_word(out, size, "", json_string_value(value));
        }
    }
}

/* A member per line, so that a person can look at a file and a diff has lines. */
static int write_json(FILE *file, const json_t *result)
{
    const char *name;
    json_t *value;
    const char *before = "{\n";
    json_object_foreach((json_t *)result, name, value)
    {
        fprintf(file, "%s\"%s\": ", before, name);
        json_dumpf(value, file,
                   JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(REPORT_DIGITS));
        before = ",\n";
    }
    fputs("\n}\n", file);
    int failed = ferror(file);
    return fclose(file) != 0 || failed ? ERR_IO : 0;
}

/* A new file; `path` is its name. NULL with errno. */
static FILE *create_file(const char *stem, const char *date, char *path, size_t size)
{
    FILE *file = NULL;
    errno = EEXIST;
    for (int i = 1; i <= NAMES_MAX && file == NULL && errno == EEXIST; i++) {
        char number[8] = "";
        if (i > 1) {
            snprintf(number, sizeof number, "-%d", i);
        }
        snprintf(path, size, "%s-%s%s.json", stem, date, number);
        file = fopen(path, "wxe");
    }
    return file;
}

int result_prepare(const char *folder)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/", folder);
    errno = ENAMETOOLONG;
    bool made = len > 0 && (size_t)len < sizeof path;
    for (char *slash = strchr(path + 1, '/'); made && slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        made = mkdir(path, 0777) == 0 || errno == EEXIST;
        *slash = '/';
    }
    if (!made || access(path, W_OK | X_OK) != 0) {
        complain("cannot save to %s: %s", folder, strerror(errno));
        return ERR_IO;
    }
    return 0;
}

/* Without what a file's name need not hold. */
static void squeeze_date(const char *date, char *out, size_t size)
{
    size_t len = 0;
    for (; *date != '\0' && len < size - 1; date++) {
        if (*date != '-' && *date != ':') {
            out[len++] = *date;
        }
    }
    out[len] = '\0';
}

int result_save(const json_t *result, const char *folder, const char *const *named_by)
{
    char name[256];
    char stem[PATH_MAX];
    char path[PATH_MAX + 64];
    char date[REPORT_DATE_BYTES];
    squeeze_date(json_string_value(json_object_get(result, "date")), date, sizeof date);
    name_file(result, named_by, name, sizeof name);
    int len = snprintf(stem, sizeof stem, "%s/%s", folder, name);
    FILE *file = NULL;
    if (len > 0 && (size_t)len < sizeof stem) {
        file = create_file(stem, date, path, sizeof path);
    }
    if (file == NULL || write_json(file, result) != 0) {
        complain("cannot save to %s: %s", folder, strerror(errno));
        return ERR_IO;
    }
    fprintf(stderr, "saved %s\n", path);
    return 0;
}
