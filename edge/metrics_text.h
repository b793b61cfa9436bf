/**
 * Lines of the text format of Prometheus. Pure.
 */
#ifndef EDGE_METRICS_TEXT_H
#define EDGE_METRICS_TEXT_H

#include "base/bytes.h"
#include "runtime/buckets.h"

/** "# HELP" and "# TYPE" of a family; `help` is one line. */
void metrics_text_family(struct buffer *out, const char *name, const char *type, const char *help);

/** One sample; `labels` like a="b",c="d", or "". */
void metrics_text_sample(struct buffer *out, const char *name, const char *labels, uint64_t value);
/** The same, divided by `unit`. */
void metrics_text_fraction(struct buffer *out, const char *name, const char *labels, uint64_t value,
                           uint64_t unit);

/** The samples of a histogram, bounds and sum divided by `unit`. */
void metrics_text_histogram(struct buffer *out, const char *name, const char *labels,
                            const struct bucket_bounds *bounds, const struct bucket_counts *counts,
                            uint64_t unit);

/** Appends `text` as it stands within the quotes of a label. */
void metrics_text_label(struct buffer *out, const char *text);

#endif
