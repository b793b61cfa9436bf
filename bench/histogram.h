/**
 * Latency histogram with HdrHistogram's layout for three significant digits: 1,024 buckets for
 * each doubling, so that a value read back is at most 0.1 % above the one that was added, over the
 * whole range. Fixed size (450 KB: for the heap), no allocation while adding, one thread.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#include <jansson.h>

#define HISTOGRAM_LINEAR_BITS 10
#define HISTOGRAM_LINEAR (1u << HISTOGRAM_LINEAR_BITS)
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_LINEAR_BITS + 1) * HISTOGRAM_LINEAR)

/** Zero-initialised is empty. */
struct histogram {
    uint64_t total;
    uint64_t max;
    uint64_t counts[HISTOGRAM_BUCKETS];
};

void histogram_clear(struct histogram *histogram);
void histogram_add(struct histogram *histogram, uint64_t value);

/** Adds all that `from` counted. */
void histogram_merge(struct histogram *histogram, const struct histogram *from);

/** The smallest bucket's upper end that at least `quantile` (0..1) of the values do not exceed. */
uint64_t histogram_quantile(const struct histogram *histogram, double quantile);

/**
 * {"count", "max", "counts": [[value, count], …]}: every bucket that is not empty, by its upper
 * end. A new object.
 */
json_t *histogram_to_json(const struct histogram *histogram);

/** Adds what histogram_to_json wrote. 0, or ERR_MALFORMED: then part of it may have been added. */
int histogram_add_json(struct histogram *histogram, const json_t *json);

/**
 * The curve for a plot: [[percentile, value], …] from 50 up to the last that the number of values
 * bears out, ten for each tenth part that is left (90 to 99, 99 to 99.9, …), and [100, maximum]. A
 * new array, empty without values.
 */
json_t *histogram_curve(const struct histogram *histogram);

#endif
