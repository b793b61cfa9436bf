#include "bench/scenario.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "bench/calibrate.h"
#include "bench/interrupt.h"
#include "bench/report.h"
#include "bench/result.h"

#define DEFAULT_FOLDER "bench/results"
#define REPEAT_MAX 1000

/* What every scenario can be asked for. */
struct request {
    int64_t repeat;
    const char *save; /* folder; NULL: do not */
    bool calibrate;
    bool json;
    const char *folder; /* of the data: which disk to describe and calibrate */
};

void scenario_series(json_t *report, const char *name, double value)
{
    json_t *all = json_object_get(report, "series");
    if (all == NULL) {
        all = json_object();
        json_object_set_new(report, "series", all);
    }
    json_t *list = json_object_get(all, name);
    if (list == NULL) {
        list = json_array();
        json_object_set_new(all, name, list);
    }
    json_array_append_new(list, report_figure(value));
}

void scenario_latencies(json_t *report, const char *name, const struct histogram *histogram)
{
    json_t *all = json_object_get(report, "histograms");
    if (all == NULL) {
        all = json_object();
        json_object_set_new(report, "histograms", all);
    }
    json_t *one = histogram_to_json(histogram);
    json_object_set_new(one, "curve", histogram_curve(histogram));
    json_object_set_new(all, name, one);
}

void scenario_quantiles(json_t *report, const char *name, const struct histogram *histogram)
{
    static const struct {
        const char *name;
        double quantile;
    } rows[] = {{"p50", 0.5}, {"p99", 0.99}, {"max", 1.0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char full[64];
        snprintf(full, sizeof full, "%s_%s_ms", name, rows[i].name);
        report_put(report, full, (double)histogram_quantile(histogram, rows[i].quantile) / 1000);
    }
}

/* Paths and processes stay out: they tell of the place, not of the measurement. */
static json_t *collect_setting(const struct option_row *rows, size_t count)
{
    json_t *setting = json_object();
    for (size_t i = 0; i < count; i++) {
        json_t *value = NULL;
        if (rows[i].kind == OPTION_INT && strcmp(rows[i].name, "pid") != 0) {
            value = json_integer(*(const int64_t *)rows[i].out);
        } else if (rows[i].kind == OPTION_FLAG && *(const bool *)rows[i].out) {
            value = json_true();
        } else if (rows[i].kind == OPTION_TEXT && *(const char *const *)rows[i].out != NULL) {
            value = json_string(*(const char *const *)rows[i].out);
        }
        if (value != NULL) {
            json_object_set_new(setting, rows[i].name, value);
        }
    }
    return setting;
}

static const char *find_folder(const struct option_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *folder =
            rows[i].kind == OPTION_PLACE ? *(const char *const *)rows[i].out : NULL;
        if (folder != NULL && strcmp(rows[i].name, "data") == 0) {
            return folder;
        }
    }
    return ".";
}

static void show_run(const struct scenario *scenario, const struct request *request, int64_t number,
                     const json_t *report)
{
    char text[512] = "";
    for (size_t i = 0; scenario->headlines != NULL && scenario->headlines[i] != NULL; i++) {
        const json_t *value = json_object_get(report, scenario->headlines[i]);
        size_t len = strlen(text);
        if (json_is_number(value)) {
            snprintf(text + len, sizeof text - len, "  %s %.*f", scenario->headlines[i],
                     json_number_value(value) < 1000 ? 2 : 0, json_number_value(value));
        }
    }
    fprintf(stderr, "run %lld of %lld:%s%s\n", (long long)number, (long long)request->repeat, text,
            json_is_false(json_object_get(report, "good")) ? "  NOT GOOD" : "");
}

/* A report that still is what it was given has no figures. */
static bool has_figures(const json_t *report, const json_t *setting)
{
    return json_object_size(report) > json_object_size(setting);
}

/* Runs as often as asked for; the worst of the exit codes. */
static int run_all(const struct scenario *scenario, const struct request *request,
                   const void *options, json_t *result)
{
    const json_t *setting = json_object_get(result, "setting");
    int worst = EXIT_SUCCESS;
    for (int64_t i = 1; i <= request->repeat; i++) {
        if (request->repeat > 1) {
            progress("run %lld of %lld", (long long)i, (long long)request->repeat);
        }
        json_t *report = json_copy((json_t *)(uintptr_t)setting);
        int code = scenario->run(options, report);
        progress_end();
        worst = code != EXIT_SUCCESS ? code : worst;
        if (!has_figures(report, setting)) { /* nothing to go on with */
            json_decref(report);
            return code != EXIT_SUCCESS ? code : EXIT_FAILURE;
        }
        const json_t *calibration = json_object_get(result, "calibration");
        if (calibration != NULL && scenario->relate != NULL) {
            scenario->relate(report, calibration);
        }
        if (request->repeat > 1) {
            show_run(scenario, request, i, report);
        }
        result_add(result, report);
        if (code == EXIT_INTERRUPTED || interrupted()) {
            return EXIT_INTERRUPTED;
        }
    }
    return worst;
}

/* As many as the scenario has, where the echo can. */
static uint32_t echo_couples(const json_t *result)
{
    const json_t *setting = json_object_get(result, "setting");
    json_int_t couples = json_integer_value(json_object_get(setting, "couples"));
    return couples > 0 && couples <= CALIBRATE_COUPLES_MAX ? (uint32_t)couples : CALIBRATE_COUPLES;
}

/* What the runs before a failure or an interrupt found is shown, but is no result to keep. */
static int measure(const struct scenario *scenario, const struct request *request,
                   const void *options, json_t *setting)
{
    json_t *result =
        result_create(scenario->command.name, request->folder, setting, scenario->headlines);
    if (request->calibrate) {
        json_t *calibration = calibrate(request->folder, echo_couples(result));
        if (calibration == NULL) {
            json_decref(result);
            return interrupted() ? EXIT_INTERRUPTED : EXIT_FAILURE;
        }
        json_object_set_new(result, "calibration", calibration);
    }
    int code = run_all(scenario, request, options, result);
    size_t runs = json_array_size(json_object_get(result, "runs"));
    if (runs != 0) {
        result_finish(result);
        result_print(result, request->json);
    }
    if (request->save != NULL && runs == (size_t)request->repeat && code != EXIT_INTERRUPTED) {
        int error = result_save(result, request->save, scenario->named_by);
        code = error != 0 && code == EXIT_SUCCESS ? EXIT_FAILURE : code;
    }
    json_decref(result);
    return code;
}

int scenario_main(const struct scenario *scenario, const struct option_row *rows, size_t count,
                  const void *options, int argc, char **argv)
{
    struct request request = {.repeat = 1};
    const struct option_row common[] = {
        {"repeat", OPTION_INT, &request.repeat, 1, REPEAT_MAX,
         "runs, each on a fresh server; figures with median and spread"},
        {"calibrate", OPTION_FLAG, &request.calibrate, 0, 0,
         "first measure what this machine can do at best (15 s)"},
        {"save", OPTION_OPTIONAL_PLACE, &request.save, 0, 0,
         "keep the result as a file in this folder, else in " DEFAULT_FOLDER},
        {"json", OPTION_FLAG, &request.json, 0, 0, "print one JSON object"},
    };
    const size_t common_count = sizeof common / sizeof common[0];
    struct option_row *all = memory_alloc((count + common_count) * sizeof *all);
    memcpy(all, rows, count * sizeof *all);
    memcpy(all + count, common, sizeof common);
    int code = options_parse(&scenario->command, all, count + common_count, argc, argv);
    free(all);
    if (code >= 0) {
        return code;
    }
    if (scenario->accepts != NULL && !scenario->accepts(options)) {
        return EXIT_USAGE;
    }
    request.folder = find_folder(rows, count);
    if (request.save != NULL && request.save[0] == '\0') {
        request.save = DEFAULT_FOLDER;
    }
    if (request.save != NULL && result_prepare(request.save) != 0) {
        return EXIT_FAILURE;
    }
    return measure(scenario, &request, options, collect_setting(rows, count));
}
