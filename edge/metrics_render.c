/* Adds up what the shards counted, and writes it down. */
#include <stdio.h>

#include "edge/http_error.h"
#include "edge/metrics_internal.h"
#include "edge/metrics_text.h"

static uint64_t sum_status(const struct metrics *metrics, uint32_t endpoint, int method,
                           uint32_t status)
{
    uint64_t sum = 0;
    for (uint16_t i = 0; i < metrics->config.shards; i++) {
        const struct metrics_answers *answers = &metrics->shards[i].answers[endpoint][method];
        sum += atomic_load_explicit(&answers->by_status[status], memory_order_relaxed);
    }
    return sum;
}

/** method="GET",endpoint="/metrics" */
static void set_labels(struct buffer *labels, const struct metrics *metrics, uint32_t endpoint,
                       int method)
{
    static const char first[] = "method=\"", second[] = "\",endpoint=\"";
    buffer_clear(labels);
    buffer_append(labels, first, sizeof first - 1);
    metrics_text_label(labels, http_method_text((enum http_method)method));
    buffer_append(labels, second, sizeof second - 1);
    metrics_text_label(labels, metrics->endpoints[endpoint]);
    buffer_append(labels, "\"", 2); /* with the NUL */
}

static void render_counts(const struct metrics *metrics, uint32_t endpoint, int method,
                          struct buffer *labels, struct buffer *out)
{
    char status[sizeof ",status=\"599\""];
    set_labels(labels, metrics, endpoint, method);
    size_t len = labels->len - 1;
    for (uint32_t i = 0; i < METRICS_STATUSES_MAX; i++) {
        uint64_t sum = sum_status(metrics, endpoint, method, i);
        if (sum != 0) {
            int added = snprintf(status, sizeof status, ",status=\"%d\"", http_error_status_at(i));
            labels->len = len;
            buffer_append(labels, status, (size_t)added + 1);
            metrics_text_sample(out, "http_requests_total", (const char *)labels->data, sum);
        }
    }
}

static void render_times(const struct metrics *metrics, uint32_t endpoint, int method,
                         struct buffer *labels, struct buffer *out)
{
    struct bucket_counts sum = {0};
    uint64_t all = 0;
    for (uint16_t i = 0; i < metrics->config.shards; i++) {
        buckets_read(&metrics->shards[i].answers[endpoint][method].took_us, &sum);
    }
    for (uint32_t i = 0; i <= metrics_took_bounds.count; i++) {
        all += sum.counts[i];
    }
    if (all != 0) {
        set_labels(labels, metrics, endpoint, method);
        metrics_text_histogram(out, "http_request_duration_seconds", (const char *)labels->data,
                               &metrics_took_bounds, &sum, 1000000);
    }
}

typedef void renderer(const struct metrics *metrics, uint32_t endpoint, int method,
                      struct buffer *labels, struct buffer *out);

static void for_each(const struct metrics *metrics, renderer *render, struct buffer *out)
{
    struct buffer labels = {0};
    for (uint32_t endpoint = 0; endpoint < metrics->endpoint_count; endpoint++) {
        for (int method = 0; method < HTTP_METHOD_COUNT; method++) {
            render(metrics, endpoint, method, &labels, out);
        }
    }
    buffer_fini(&labels);
}

static void render_gauge(const struct metrics *metrics, enum metrics_gauge gauge, const char *name,
                         const char *help, struct buffer *out)
{
    uint64_t sum = 0;
    for (uint16_t i = 0; i < metrics->config.shards; i++) {
        sum += atomic_load_explicit(&metrics->shards[i].gauges[gauge], memory_order_relaxed);
    }
    metrics_text_family(out, name, "gauge", help);
    metrics_text_sample(out, name, "", sum);
}

void metrics_render(const struct metrics *metrics, struct buffer *out)
{
    metrics_text_family(out, "http_requests_total", "counter",
                        "Answers to HTTP requests, by method, endpoint and status.");
    for_each(metrics, render_counts, out);
    metrics_text_family(out, "http_request_duration_seconds", "histogram",
                        "From the head of a request to its answer.");
    for_each(metrics, render_times, out);
    render_gauge(metrics, METRICS_HTTP_CONNECTIONS, "http_connections",
                 "Open HTTP connections, streams too.", out);
    render_gauge(metrics, METRICS_WS_CONNECTIONS, "ws_connections", "Open WebSocket connections.",
                 out);
    metrics_render_process(metrics, out);
}
