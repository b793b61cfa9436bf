/*
 * Counting. A shard's counters are an array over endpoints, methods and statuses, most of which
 * stay zero and cost no memory: it is larger than a page, so the kernel gives none before a write.
 */
#include "edge/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "edge/http_error.h"
#include "edge/metrics_internal.h"

#define ROUTE_PREFIX "/api/v1"

const struct bucket_bounds metrics_took_bounds = {.count = 14,
                                                  .upper = {250, 500, 1000, 2500, 5000, 10000,
                                                            20000, 50000, 100000, 250000, 500000,
                                                            1000000, 2500000, 10000000}};

static const char *const fixed_endpoints[METRICS_FIRST_ROUTE] = {
    [METRICS_OTHER] = "other",    [METRICS_HEALTHZ] = "/healthz",
    [METRICS_READYZ] = "/readyz", [METRICS_METRICS] = "/metrics",
    [METRICS_PAGES] = "pages",    [METRICS_STREAM] = ROUTE_PREFIX "/notifications/stream"};

static void name_endpoints(struct metrics *metrics)
{
    const struct rest_routes *routes = metrics->config.routes;
    uint32_t count = routes == NULL ? 0 : rest_routes_count(routes);
    metrics->endpoint_count = METRICS_FIRST_ROUTE + count;
    metrics->endpoints = memory_alloc(metrics->endpoint_count * sizeof *metrics->endpoints);
    for (uint32_t i = 0; i < METRICS_FIRST_ROUTE; i++) {
        metrics->endpoints[i] = text_copy(fixed_endpoints[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct rest_route *route = rest_routes_at(routes, i);
        size_t size = sizeof ROUTE_PREFIX + strlen(route->path);
        char *name = memory_alloc(size);
        snprintf(name, size, ROUTE_PREFIX "%s", route->path);
        metrics->endpoints[METRICS_FIRST_ROUTE + route->index] = name;
    }
}

struct metrics *metrics_create(const struct metrics_config *config)
{
    struct metrics *metrics = memory_alloc(sizeof *metrics);
    metrics->config = *config;
    metrics->started_s = time(NULL);
    name_endpoints(metrics);
    metrics->shards = memory_alloc(config->shards * sizeof *metrics->shards);
    for (uint16_t i = 0; i < config->shards; i++) {
        metrics->shards[i].metrics = metrics;
        metrics->shards[i].answers =
            memory_alloc(metrics->endpoint_count * sizeof *metrics->shards[i].answers);
    }
    return metrics;
}

void metrics_destroy(struct metrics *metrics)
{
    if (metrics == NULL) {
        return;
    }
    for (uint16_t i = 0; i < metrics->config.shards; i++) {
        free(metrics->shards[i].answers);
    }
    for (uint32_t i = 0; i < metrics->endpoint_count; i++) {
        free(metrics->endpoints[i]);
    }
    free(metrics->shards);
    free(metrics->endpoints);
    free(metrics);
}

struct metrics_shard *metrics_of_shard(struct metrics *metrics, uint16_t shard)
{
    return &metrics->shards[shard];
}

void metrics_record(struct metrics_shard *shard, enum http_method method, uint16_t endpoint,
                    int status, int64_t took_us)
{
    uint16_t known = endpoint < shard->metrics->endpoint_count ? endpoint : METRICS_OTHER;
    struct metrics_answers *answers = &shard->answers[known][method];
    uint32_t index = http_error_index(status);
    counter_add(&answers->by_status[index < METRICS_STATUSES_MAX ? index : 0], 1);
    buckets_add(&answers->took_us, &metrics_took_bounds, took_us < 0 ? 0 : (uint64_t)took_us);
}

void metrics_set(struct metrics_shard *shard, enum metrics_gauge gauge, uint64_t value)
{
    /* relaxed: a number by itself */
    atomic_store_explicit(&shard->gauges[gauge], value, memory_order_relaxed);
}
