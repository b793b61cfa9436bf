/**
 * What the files of the metrics share: metrics.c (counting), metrics_render.c (HTTP, by endpoint),
 * metrics_process.c (process and node).
 */
#ifndef EDGE_METRICS_INTERNAL_H
#define EDGE_METRICS_INTERNAL_H

#include "edge/metrics.h"

/* One more than there are: what is not in the list, which no answer of ours should be. */
#define METRICS_STATUSES_MAX 48

/** Answers to one method at one endpoint. */
struct metrics_answers {
    _Atomic uint64_t by_status[METRICS_STATUSES_MAX];
    struct buckets took_us;
};

/** Written by its shard, read by any; see runtime/buckets.h. */
struct metrics_shard {
    const struct metrics *metrics;
    _Atomic uint64_t gauges[METRICS_GAUGE_COUNT];
    struct metrics_answers (*answers)[HTTP_METHOD_COUNT]; /* by endpoint */
};

struct metrics {
    struct metrics_config config;
    uint32_t endpoint_count;
    char **endpoints; /* their names */
    struct metrics_shard *shards;
    int64_t started_s; /* UTC */
};

extern const struct bucket_bounds metrics_took_bounds;

/** Of the process, and of the node where there is one. */
void metrics_render_process(const struct metrics *metrics, struct buffer *out);

#endif
