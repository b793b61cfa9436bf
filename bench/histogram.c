#include "bench/histogram.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

#define CURVE_STEPS 10     /* for each factor of ten in what is left above a percentile */
#define CURVE_STEPS_MAX 60 /* up to 99.9999 */

/* Below HISTOGRAM_LINEAR a bucket per value; above, all bits under the leading eleven are dropped.
 */
static uint32_t bucket_of(uint64_t value)
{
    if (value < HISTOGRAM_LINEAR) {
        return (uint32_t)value;
    }
    uint32_t shift = 63 - (uint32_t)__builtin_clzll(value) - HISTOGRAM_LINEAR_BITS;
    return shift * HISTOGRAM_LINEAR + (uint32_t)(value >> shift);
}

static uint64_t bucket_end(uint32_t bucket)
{
    if (bucket < 2 * HISTOGRAM_LINEAR) {
        return bucket;
    }
    uint32_t shift = bucket / HISTOGRAM_LINEAR - 1;
    uint64_t start = (uint64_t)(bucket - shift * HISTOGRAM_LINEAR) << shift;
    return start + (((uint64_t)1 << shift) - 1);
}

void histogram_clear(struct histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
}

static void add_many(struct histogram *histogram, uint64_t value, uint64_t count)
{
    histogram->counts[bucket_of(value)] += count;
    histogram->total += count;
    if (value > histogram->max) {
        histogram->max = value;
    }
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
    add_many(histogram, value, 1);
}

void histogram_merge(struct histogram *histogram, const struct histogram *from)
{
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        histogram->counts[i] += from->counts[i];
    }
    histogram->total += from->total;
    histogram->max = from->max > histogram->max ? from->max : histogram->max;
}

static uint64_t value_at(const struct histogram *histogram, uint32_t bucket)
{
    uint64_t end = bucket_end(bucket);
    return end < histogram->max ? end : histogram->max;
}

uint64_t histogram_quantile(const struct histogram *histogram, double quantile)
{
    double wanted = quantile * (double)histogram->total;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen != 0 && (double)seen >= wanted) {
            return value_at(histogram, i);
        }
    }
    return histogram->max;
}

json_t *histogram_to_json(const struct histogram *histogram)
{
    json_t *counts = json_array();
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (histogram->counts[i] != 0) {
            json_array_append_new(counts, json_pack("[I, I]", (json_int_t)value_at(histogram, i),
                                                    (json_int_t)histogram->counts[i]));
        }
    }
    return json_pack("{s:I, s:I, s:o}", "count", (json_int_t)histogram->total, "max",
                     (json_int_t)histogram->max, "counts", counts);
}

int histogram_add_json(struct histogram *histogram, const json_t *json)
{
    const json_t *counts = json_object_get(json, "counts");
    const json_t *max = json_object_get(json, "max");
    if (!json_is_array(counts) || !json_is_integer(max) || json_integer_value(max) < 0) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < json_array_size(counts); i++) {
        const json_t *pair = json_array_get(counts, i);
        json_int_t value = json_integer_value(json_array_get(pair, 0));
        json_int_t count = json_integer_value(json_array_get(pair, 1));
        if (json_array_size(pair) != 2 || value < 0 || count <= 0) {
            return ERR_MALFORMED;
        }
        add_many(histogram, (uint64_t)value, (uint64_t)count);
    }
    uint64_t highest = (uint64_t)json_integer_value(max);
    histogram->max = highest > histogram->max ? highest : histogram->max;
    return 0;
}

static void append_point(json_t *curve, const struct histogram *histogram, double left)
{
    json_array_append_new(curve, json_pack("[f, I]", 100 * (1 - left),
                                           (json_int_t)histogram_quantile(histogram, 1 - left)));
}

json_t *histogram_curve(const struct histogram *histogram)
{
    json_t *curve = json_array();
    if (histogram->total == 0) {
        return curve;
    }
    append_point(curve, histogram, 0.5);
    for (int step = 4; step <= CURVE_STEPS_MAX; step++) { /* 10^-0.4 is the first below a half */
        double left = pow(10, -(double)step / CURVE_STEPS);
        if (left * (double)histogram->total < 1) {
            break;
        }
        append_point(curve, histogram, left);
    }
    append_point(curve, histogram, 0);
    return curve;
}
