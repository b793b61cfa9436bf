/**
 * Log-linear histogram, as HdrHistogram's: 128 buckets for each doubling, so that a value read back
 * is at most 0.8 % above the one that was added. Fixed size, no allocation, one thread.
 */
#ifndef BENCH_HISTOGRAM_H
#define BENCH_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_LINEAR_BITS 7
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

/** The smallest bucket's upper end that at least `quantile` (0..1) of the values do not exceed. */
uint64_t histogram_quantile(const struct histogram *histogram, double quantile);

#endif
