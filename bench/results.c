#include "bench/results.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/figures.h"
#include "bench/options.h"
#include "bench/page.h"
#include "bench/report.h"
#include "bench/result.h"

#define DEFAULT_FOLDER "bench/results"
#define WHY_BYTES 256

static int pass_over(const char *file, int line, const char *why)
{
    if (line != 0) {
        complain("%s, line %d: %s; passed over", file, line, why);
    } else {
        complain("%s: %s; passed over", file, why);
    }
    return 1;
}

static bool ends_in(const char *name, const char *end)
{
    size_t len = strlen(name);
    return len > strlen(end) && strcmp(name + len - strlen(end), end) == 0;
}

static int read_result(const char *path, const char *name, json_t *results)
{
    json_error_t error;
    char why[WHY_BYTES];
    json_t *json = json_load_file(path, 0, &error);
    if (json == NULL) {
        return pass_over(name, error.line > 0 ? error.line : 0, error.text);
    }
    json_t *result = result_read(json, why, sizeof why);
    if (result == NULL) {
        return pass_over(name, 0, why);
    }
    json_object_set_new(result, "file", json_string(name));
    json_array_append_new(results, result);
    return 0;
}

/* Runs with the same setting are runs of one result. */
static void join(json_t *results, json_t *result)
{
    const json_t *setting = json_object_get(result, "setting");
    for (size_t i = 0; i < json_array_size(results); i++) {
        json_t *other = json_array_get(results, i);
        if (json_equal(json_object_get(other, "setting"), setting)) {
            json_t *runs = json_object_get(other, "runs");
            json_array_extend(runs, json_object_get(result, "runs"));
            json_object_set_new(other, "figures", figures_summarize(runs, setting));
            json_decref(result);
            return;
        }
    }
    json_array_append_new(results, result);
}

/* One line: a peer's description, the calibration, or a run. NULL, or what is wrong with it. */
static const char *read_line(const char *line, json_t *comparison)
{
    static char why[WHY_BYTES];
    json_error_t error;
    json_t *json = json_loads(line, 0, &error);
    if (json == NULL) {
        snprintf(why, sizeof why, "%s", error.text);
        return why;
    }
    if (json_object_get(json, "peer") != NULL) {
        json_array_append_new(json_object_get(comparison, "peers"), json);
        return NULL;
    }
    json_t *result = result_read(json, why, sizeof why);
    if (result == NULL) {
        return why;
    }
    if (strcmp(page_text(result, "scenario"), "calibrate") == 0) {
        json_object_set(comparison, "calibration",
                        json_array_get(json_object_get(result, "runs"), 0));
        json_decref(result);
        return NULL;
    }
    if (json_object_get(comparison, "calibration") != NULL) {
        json_object_set(result, "calibration", json_object_get(comparison, "calibration"));
    }
    join(json_object_get(comparison, "results"), result);
    return NULL;
}

static int read_comparison(const char *path, const char *name, json_t *comparisons)
{
    int bad = 0;
    char *line = NULL;
    size_t size = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return pass_over(name, 0, strerror(errno));
    }
    json_t *comparison = json_pack("{s:s, s:[], s:[]}", "file", name, "results", "peers");
    if (comparison == NULL) {
        fclose(file);
        return pass_over(name, 0, "its name is not UTF-8");
    }
    for (int number = 1; getline(&line, &size, file) > 0; number++) {
        const char *why = read_line(line, comparison);
        bad += why != NULL ? pass_over(name, number, why) : 0;
    }
    free(line);
    fclose(file);
    json_array_append_new(comparisons, comparison);
    return bad;
}

int results_gather(const char *folder, json_t **results, json_t **comparisons)
{
    struct dirent **entries;
    *results = json_array();
    *comparisons = json_array();
    int count = scandir(folder, &entries, NULL, alphasort);
    if (count < 0) {
        complain("%s: %s; chat --save and the like put results there", folder, strerror(errno));
        return -1;
    }
    int bad = 0;
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        char path[PATH_MAX];
        int len = snprintf(path, sizeof path, "%s/%s", folder, name);
        bool fits = len > 0 && (size_t)len < sizeof path;
        if (fits && ends_in(name, ".json")) {
            bad += read_result(path, name, *results);
        } else if (fits && ends_in(name, ".jsonl")) {
            bad += read_comparison(path, name, *comparisons);
        }
        free(entries[i]);
    }
    free(entries);
    return bad;
}

static int write_page(const char *path, const json_t *results, const json_t *comparisons)
{
    struct buffer page = {0};
    page_write(&page, results, comparisons);
    FILE *file = fopen(path, "we");
    bool written = file != NULL && fwrite(page.data, 1, page.len, file) == page.len;
    written = file != NULL && fclose(file) == 0 && written;
    buffer_fini(&page);
    if (!written) {
        complain("%s: %s", path, strerror(errno));
        return EXIT_FAILURE;
    }
    fprintf(stderr, "%zu results, %zu comparisons: %s\n", json_array_size(results),
            json_array_size(comparisons), path);
    return EXIT_SUCCESS;
}

int results_main(int argc, char **argv)
{
    static const struct command command = {
        .name = "report",
        .summary = "All results of a folder as one HTML page with plots.",
        .details = "Fails (exit code 1) when a file cannot be read as a result; the page has the "
                   "others.\n"};
    const char *in = DEFAULT_FOLDER;
    const char *out = NULL;
    const struct option_row rows[] = {
        {"in", OPTION_PLACE, &in, 0, 0, "folder with results"},
        {"out", OPTION_PLACE, &out, 0, 0, "the page's file, else report.html in that folder"},
    };
    char path[PATH_MAX];
    json_t *results;
    json_t *comparisons;
    int code = options_parse(&command, rows, sizeof rows / sizeof rows[0], argc, argv);
    if (code >= 0) {
        return code;
    }
    snprintf(path, sizeof path, "%s/report.html", in);
    int bad = results_gather(in, &results, &comparisons);
    code = EXIT_FAILURE;
    if (bad >= 0 && write_page(out != NULL ? out : path, results, comparisons) == EXIT_SUCCESS) {
        code = bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    json_decref(results);
    json_decref(comparisons);
    return code;
}
