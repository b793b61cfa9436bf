#include "bench/histogram.h"

#include <string.h>

/* Below HISTOGRAM_LINEAR a bucket per value; above, the bits under the leading eight are dropped.
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

void histogram_add(struct histogram *histogram, uint64_t value)
{
    histogram->counts[bucket_of(value)]++;
    histogram->total++;
    if (value > histogram->max) {
        histogram->max = value;
    }
}

uint64_t histogram_quantile(const struct histogram *histogram, double quantile)
{
    double wanted = quantile * (double)histogram->total;
    uint64_t seen = 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->counts[i];
        if (seen != 0 && (double)seen >= wanted) {
            uint64_t end = bucket_end(i);
            return end < histogram->max ? end : histogram->max;
        }
    }
    return histogram->max;
}
