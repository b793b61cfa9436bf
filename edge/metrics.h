/**
 * What a node counts for operators, in the text format of Prometheus (version 0.0.4).
 *
 * Each shard counts its own; whoever renders adds them up and holds nobody back. Labels are of
 * declared names only: a path that is none is "other", so what clients send cannot make series.
 */
#ifndef EDGE_METRICS_H
#define EDGE_METRICS_H

#include "edge/http.h"
#include "runtime/node.h"
#include "wire/rest_route.h"

struct metrics;       /* of a node */
struct metrics_shard; /* its part of one shard */

/** What an exchange is counted as; routes of REST follow, by rest_route.index. */
enum metrics_endpoint {
    METRICS_OTHER,
    METRICS_HEALTHZ,
    METRICS_READYZ,
    METRICS_METRICS,
    METRICS_PAGES, /* all fixed pages */
    METRICS_STREAM,
    METRICS_FIRST_ROUTE
};

enum metrics_gauge { METRICS_HTTP_CONNECTIONS, METRICS_WS_CONNECTIONS, METRICS_GAUGE_COUNT };

struct metrics_config {
    uint16_t shards;
    struct node *node; /* borrowed; NULL: without its figures */
    const char *version;
    const struct rest_routes *routes; /* borrowed; NULL: none */
};

struct metrics *metrics_create(const struct metrics_config *config);
void metrics_destroy(struct metrics *metrics); /* NULL is fine */

/** The part of a shard; lives as long as the metrics. */
struct metrics_shard *metrics_of_shard(struct metrics *metrics, uint16_t shard);

/** One answer. The shard's thread, as the next. */
void metrics_record(struct metrics_shard *shard, enum http_method method, uint16_t endpoint,
                    int status, int64_t took_us);
void metrics_set(struct metrics_shard *shard, enum metrics_gauge gauge, uint64_t value);

/** Appends everything. Any thread. */
void metrics_render(const struct metrics *metrics, struct buffer *out);

#endif
