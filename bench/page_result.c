/*
 * One result of the page: its plots, its figures, its origin.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/html.h"
#include "bench/page.h"
#include "bench/plot.h"

#define LINES_MAX 64 /* runs beyond these are left out of plots, not of tables */

/* The lines of one plot, and the arrays that they need. */
struct lines {
    struct plot_line items[LINES_MAX];
    double *arrays[2 * LINES_MAX];
    size_t count;
};

static double number_or_gap(const json_t *value)
{
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static void lines_add(struct lines *lines, double *x, double *y, size_t count, int color, bool thin)
{
    lines->arrays[2 * lines->count] = x;
    lines->arrays[2 * lines->count + 1] = y;
    lines->items[lines->count++] =
        (struct plot_line){.x = x, .y = y, .count = count, .color = color, .thin = thin};
}

static void lines_fini(struct lines *lines)
{
    for (size_t i = 0; i < 2 * lines->count; i++) {
        free(lines->arrays[i]);
    }
}

/* A time series of every run. */
static void add_series(struct lines *lines, const json_t *result, const char *name, int color)
{
    const json_t *runs = json_object_get(result, "runs");
    for (size_t i = 0; i < json_array_size(runs) && lines->count < LINES_MAX; i++) {
        const json_t *all = json_object_get(json_array_get(runs, i), "series");
        const json_t *times = json_object_get(all, "t_s");
        const json_t *values = json_object_get(all, name);
        size_t count = json_array_size(times);
        count = json_array_size(values) < count ? json_array_size(values) : count;
        double *x = memory_alloc((count + 1) * sizeof *x);
        double *y = memory_alloc((count + 1) * sizeof *y);
        for (size_t k = 0; k < count; k++) {
            x[k] = number_or_gap(json_array_get(times, k));
            y[k] = number_or_gap(json_array_get(values, k));
        }
        lines_add(lines, x, y, count, color, json_array_size(runs) > 1);
    }
}

static void add_curve(struct lines *lines, const json_t *histogram, int color, bool thin)
{
    const json_t *curve = json_object_get(histogram, "curve");
    size_t count = json_array_size(curve);
    if (count == 0 || lines->count == LINES_MAX) {
        return;
    }
    double *x = memory_alloc(count * sizeof *x);
    double *y = memory_alloc(count * sizeof *y);
    for (size_t i = 0; i < count; i++) {
        const json_t *point = json_array_get(curve, i);
        x[i] = number_or_gap(json_array_get(point, 0));
        y[i] = fmax(number_or_gap(json_array_get(point, 1)), 1); /* a logarithm is taken */
    }
    lines_add(lines, x, y, count, color, thin);
}

/* Each run thin, all together thick. */
static void add_curves(struct lines *lines, const json_t *result, const char *name, int color)
{
    const json_t *runs = json_object_get(result, "runs");
    for (size_t i = 0; i < json_array_size(runs) && json_array_size(runs) > 1; i++) {
        const json_t *all = json_object_get(json_array_get(runs, i), "histograms");
        add_curve(lines, json_object_get(all, name), color, true);
    }
    add_curve(lines, json_object_get(json_object_get(result, "latencies"), name), color, false);
}

static bool has_series(const json_t *result, const char *name)
{
    const json_t *run = json_array_get(json_object_get(result, "runs"), 0);
    const json_t *values = json_object_get(json_object_get(run, "series"), name);
    for (size_t i = 0; i < json_array_size(values); i++) {
        if (json_is_number(json_array_get(values, i))) {
            return true;
        }
    }
    return false;
}

/* A time series of every run in one plot, or two in two colours. */
struct series_plot {
    const char *series[2]; /* the second may be NULL */
    struct plot plot;      /* but for its lines */
};

static const struct series_plot rate_plot = {
    .series = {"acked_per_s"},
    .plot = {.title = "Rate over time",
             .description = "Messages acknowledged a second, for each second of each run; a line "
                            "for every run.",
             .x_label = "seconds of the measurement",
             .y_label = "messages acknowledged a second",
             .y_name = "",
             .legend = {"acknowledged"}}};

static const struct series_plot latency_plot = {
    .series = {"p50_us", "p99_us"},
    .plot = {.title = "Latency over time",
             .description = "Median and 99th percentile of the time from sending to the partner's "
                            "receipt, for each second of each run.",
             .x_label = "seconds of the measurement",
             .y_label = "from send to the partner's receipt (log scale)",
             .y_name = "_us",
             .y_scale = PLOT_LOG,
             .legend = {"median", "99th percentile"}}};

static const struct series_plot replay_plot = {
    .series = {"log_to_replay"},
    .plot = {.title = "Log to replay",
             .description =
                 "Records that a start after a crash would replay, for each second of each run.",
             .x_label = "seconds of the measurement",
             .y_label = "records",
             .y_name = "",
             .legend = {"log to replay"}}};

/* Nothing when the result lacks one of the series. */
static void plot_series(struct buffer *out, const json_t *result, const struct series_plot *wanted)
{
    struct lines lines = {.count = 0};
    struct plot plot = wanted->plot;
    for (int i = 0; i < 2 && wanted->series[i] != NULL; i++) {
        if (!has_series(result, wanted->series[i])) {
            lines_fini(&lines);
            return;
        }
        add_series(&lines, result, wanted->series[i], i);
    }
    plot.lines = lines.items;
    plot.count = lines.count;
    plot_write(out, &plot);
    lines_fini(&lines);
}

/* What chat calls its two histograms; other scenarios name theirs for people. */
static const char *curve_title(const char *name)
{
    static const char *const titles[][2] = {{"delivery", "send to the partner's receipt"},
                                            {"answer", "send to the response"}};
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        if (strcmp(titles[i][0], name) == 0) {
            return titles[i][1];
        }
    }
    return name;
}

static void plot_curves(struct buffer *out, const json_t *result, const char *const *names,
                        int count)
{
    struct plot plot = {.title = "Latency by percentile",
                        .description = "How long the fastest so many percent took at most; each "
                                       "run thin, all runs together thick.",
                        .x_label = "percentile",
                        .y_label = "latency (log scale)",
                        .y_name = "_us",
                        .x_scale = PLOT_PERCENTILE,
                        .y_scale = PLOT_LOG};
    struct lines lines = {.count = 0};
    for (int i = 0; i < count; i++) {
        add_curves(&lines, result, names[i], i);
        plot.legend[i] = curve_title(names[i]);
    }
    plot.lines = lines.items;
    plot.count = lines.count;
    plot_write(out, &plot);
    lines_fini(&lines);
}

/* As many curves a plot as there are colours. */
static void plot_all_curves(struct buffer *out, const json_t *result)
{
    const char *names[PLOT_COLORS];
    int count = 0;
    const char *name;
    json_t *histogram;
    json_object_foreach(json_object_get(result, "latencies"), name, histogram)
    {
        names[count++] = name;
        if (count == PLOT_COLORS) {
            plot_curves(out, result, names, count);
            count = 0;
        }
    }
    if (count != 0) {
        plot_curves(out, result, names, count);
    }
}

/* A series that no plot above knows. */
static void plot_other(struct buffer *out, const json_t *result, const char *name)
{
    const struct series_plot other = {
        .series = {name},
        .plot = {.title = name,
                 .description = "Its value over time; a line for every run.",
                 .x_label = "seconds of the measurement",
                 .y_label = name,
                 .y_name = name}};
    plot_series(out, result, &other);
}

static void plot_others(struct buffer *out, const json_t *result)
{
    static const char *const known[] = {"t_s",    "acked_per_s", "delivered_per_s",
                                        "p50_us", "p99_us",      "log_to_replay"};
    const json_t *run = json_array_get(json_object_get(result, "runs"), 0);
    const char *name;
    json_t *series;
    json_object_foreach(json_object_get(run, "series"), name, series)
    {
        bool is_known = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            is_known = is_known || strcmp(known[i], name) == 0;
        }
        if (!is_known) {
            plot_other(out, result, name);
        }
    }
}

static void write_plots(struct buffer *out, const json_t *result)
{
    html_raw(out, "<div class=\"plots\">");
    plot_series(out, result, &rate_plot);
    plot_all_curves(out, result);
    plot_series(out, result, &latency_plot);
    plot_series(out, result, &replay_plot);
    plot_others(out, result);
    html_raw(out, "</div>\n");
}

static void write_figure(struct buffer *out, const char *name, const json_t *summary,
                         const json_t *runs)
{
    html_raw(out, "<tr><th scope=\"row\">");
    html_text(out, name);
    html_raw(out, "</th>");
    if (json_array_size(runs) > 1) {
        const json_t *spread = json_object_get(summary, "spread");
        html_cell(out, name, number_or_gap(json_object_get(summary, "median")));
        html_cell(out, name, number_or_gap(json_object_get(summary, "min")));
        html_cell(out, name, number_or_gap(json_object_get(summary, "max")));
        if (json_is_number(spread)) {
            html_numbers(out, "<td>%.1f %%</td>", 100 * json_number_value(spread));
        } else {
            html_raw(out, "<td>–</td>");
        }
    }
    for (size_t i = 0; i < json_array_size(runs); i++) {
        html_cell(out, name, number_or_gap(json_object_get(json_array_get(runs, i), name)));
    }
    html_raw(out, "</tr>\n");
}

static void write_figures(struct buffer *out, const json_t *result)
{
    const json_t *runs = json_object_get(result, "runs");
    const char *name;
    json_t *summary;
    html_raw(out, "<details><summary>All figures</summary><div class=\"wide\" "
                  "tabindex=\"0\"><table><thead><tr>"
                  "<th scope=\"col\">figure</th>");
    if (json_array_size(runs) > 1) {
        html_raw(out, "<th scope=\"col\">median</th><th scope=\"col\">min</th>"
                      "<th scope=\"col\">max</th><th scope=\"col\">spread</th>");
    }
    for (size_t i = 0; i < json_array_size(runs); i++) {
        html_numbers(out, "<th scope=\"col\">run %zu</th>", i + 1);
    }
    html_raw(out, "</tr></thead><tbody>\n");
    json_object_foreach(json_object_get(result, "figures"), name, summary)
    {
        write_figure(out, name, summary, runs);
    }
    html_raw(out, "</tbody></table></div></details>\n");
}

void page_result(struct buffer *out, const json_t *result)
{
    char setting[256];
    page_setting(result, setting, sizeof setting);
    html_raw(out, "<section><h3>");
    html_text(out, page_text(result, "scenario"));
    html_raw(out, "<small>");
    html_text(out, setting);
    html_raw(out, "</small></h3>\n");
    if (json_is_false(json_object_get(result, "good"))) {
        html_raw(out, "<p class=\"bad\">Something went wrong in this result: not to be counted."
                      "</p>\n");
    }
    write_plots(out, result);
    page_origin(out, result);
    write_figures(out, result);
    html_raw(out, "</section>\n");
}
