#include "bench/figures.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "bench/histogram.h"

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

double figures_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* Of `count` > 0 values, which are sorted. */
static json_t *summarize(double *values, size_t count)
{
    double median = figures_median(values, count);
    double range = values[count - 1] - values[0];
    return json_pack("{s:f, s:f, s:f, s:o}", "median", median, "min", values[0], "max",
                     values[count - 1], "spread",
                     median != 0 ? json_real(range / median) : json_null());
}

static json_t *summarize_figure(const json_t *runs, const char *name)
{
    size_t count = 0;
    double *values = memory_alloc((json_array_size(runs) + 1) * sizeof *values);
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const json_t *value = json_object_get(json_array_get(runs, i), name);
        if (json_is_number(value)) {
            values[count++] = json_number_value(value);
        }
    }
    json_t *summary = count != 0 ? summarize(values, count) : NULL;
    free(values);
    return summary;
}

json_t *figures_summarize(const json_t *runs, const json_t *setting)
{
    json_t *figures = json_object();
    for (size_t i = 0; i < json_array_size(runs); i++) {
        const char *name;
        json_t *value;
        json_object_foreach(json_array_get(runs, i), name, value)
        {
            bool known =
                json_object_get(setting, name) != NULL || json_object_get(figures, name) != NULL;
            if (!known && json_is_number(value)) {
                json_object_set_new(figures, name, summarize_figure(runs, name));
            }
        }
    }
    return figures;
}

/* NULL if one of the runs has none of that name that can be read. */
static json_t *merge(const json_t *runs, const char *name)
{
    struct histogram *sum = memory_alloc(sizeof *sum);
    json_t *merged = NULL;
    int error = 0;
    for (size_t i = 0; i < json_array_size(runs) && error == 0; i++) {
        const json_t *all = json_object_get(json_array_get(runs, i), "histograms");
        error = histogram_add_json(sum, json_object_get(all, name));
    }
    if (error == 0) {
        merged = histogram_to_json(sum);
        json_object_set_new(merged, "curve", histogram_curve(sum));
    }
    free(sum);
    return merged;
}

json_t *figures_merge_histograms(const json_t *runs)
{
    json_t *all = json_object();
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(json_array_get(runs, 0), "histograms"), name, value)
    {
        json_object_set_new(all, name, merge(runs, name));
    }
    return all;
}
