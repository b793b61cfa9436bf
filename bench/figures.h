/**
 * Several runs of one scenario, summed up. Pure JSON, one thread.
 */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stddef.h>

#include <jansson.h>

/** Sorts the values, of which there is one at least; the mean of the two in the middle if even. */
double figures_median(double *values, size_t count);

/**
 * For every number in the runs (an array of objects) that is no member of `setting`, in the order
 * of the first run: {"name": {"median", "min", "max", "spread"}}. The spread is
 * (max - min) / median, null when the median is 0. Runs where the figure is missing or null are
 * passed over for it. A new object.
 */
json_t *figures_summarize(const json_t *runs, const json_t *setting);

/**
 * The histograms of all runs (their "histograms", by name) added up; each is as histogram_to_json
 * wrote it, with "curve". A new object, empty if there are none.
 */
json_t *figures_merge_histograms(const json_t *runs);

#endif
