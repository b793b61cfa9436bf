#include "edge/health.h"

#include <stdlib.h>

#include "base/error.h"
#include "edge/http_check.h"
#include "wire/rest_envelope.h"

#define ALLOW "GET, HEAD, OPTIONS"

struct health {
    struct health_config config;
    bool draining;
};

static void answer(struct health *health, struct http_exchange *exchange, int status,
                   const char *content_type, struct bytes body)
{
    struct buffer headers = {0};
    rest_common_headers(health->config.rest, exchange, &headers);
    buffer_append(&headers, content_type, strlen(content_type));
    static const char own[] = "cache-control: no-store\r\n";
    buffer_append(&headers, own, sizeof own - 1);
    http_answer(exchange, &(struct http_response){
                              .status = status, .headers = buffer_bytes(&headers), .body = body});
    buffer_fini(&headers);
}

static const char json[] = "content-type: application/json\r\n";

static void answer_healthz(struct health *health, struct http_exchange *exchange)
{
    answer(health, exchange, 200, json, text_of("{\"status\":\"ok\"}"));
}

/** Why no request should be sent here; 0: none. */
static int unready(const struct health *health)
{
    if (health->draining) {
        return ERR_SHUTTING_DOWN;
    }
    bool room = health->config.node == NULL || node_has_room(health->config.node);
    return room ? 0 : ERR_STORAGE_FULL;
}

/** 503 for all reasons: that is what those who ask look for. */
static void answer_readyz(struct health *health, struct http_exchange *exchange)
{
    struct buffer body = {0};
    int error = unready(health);
    if (error == 0) {
        answer_healthz(health, exchange);
        return;
    }
    rest_append_error(&body, &(struct rpc_error){.code = error});
    answer(health, exchange, 503, json, buffer_bytes(&body));
    buffer_fini(&body);
}

/**
 * Whoever asks through a proxy that is not trusted has no address that could be in a list: else a
 * proxy on this machine would open the figures to everybody.
 */
static bool may_read(const struct health *health, const struct http_request *request)
{
    uint8_t room[FORWARDED_ADDRESS_BYTES];
    struct forwarded_lines lines = {0};
    bool passed_on = false;
    for (uint32_t i = 0; i < request->header_count; i++) {
        const struct http_header *line = &request->headers[i];
        if (http_check_is_named(line->name, "x-forwarded-for")) {
            forwarded_lines_add(&lines, line->value);
        }
        passed_on = passed_on || http_check_is_named(line->name, "x-forwarded-for") ||
                    http_check_is_named(line->name, "forwarded") ||
                    http_check_is_named(line->name, "via");
    }
    bool trusted = forwarded_includes(health->config.forwarded, request->peer);
    if (passed_on && (!trusted || lines.count == 0)) {
        return false;
    }
    return forwarded_includes(
        health->config.readers,
        forwarded_remote(health->config.forwarded, request->peer, &lines, room));
}

static void answer_metrics(struct health *health, struct http_exchange *exchange)
{
    static const char text[] = "content-type: text/plain; version=0.0.4; charset=utf-8\r\n";
    struct buffer body = {0};
    if (health->config.metrics == NULL || !may_read(health, http_request(exchange))) {
        rest_refuse(health->config.rest, exchange, &(struct rpc_error){.code = ERR_FORBIDDEN});
        return;
    }
    metrics_render(health->config.metrics, &body);
    answer(health, exchange, 200, text, buffer_bytes(&body));
    buffer_fini(&body);
}

static const struct {
    const char *path;
    uint16_t endpoint; /* enum metrics_endpoint */
    void (*answer)(struct health *health, struct http_exchange *exchange);
} rows[] = {
    {"/healthz", METRICS_HEALTHZ, answer_healthz},
    {"/readyz", METRICS_READYZ, answer_readyz},
    {"/metrics", METRICS_METRICS, answer_metrics},
};

bool health_head(struct health *health, struct http_exchange *exchange)
{
    const struct http_request *request = http_request(exchange);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!bytes_equal(request->path, text_of(rows[i].path))) {
            continue;
        }
        http_set_endpoint(exchange, rows[i].endpoint);
        if (request->method == HTTP_GET || request->method == HTTP_HEAD) {
            rows[i].answer(health, exchange);
        } else {
            rest_refuse_method(health->config.rest, exchange, ALLOW);
        }
        return true;
    }
    return false;
}

struct health *health_create(const struct health_config *config)
{
    struct health *health = memory_alloc(sizeof *health);
    health->config = *config;
    return health;
}

void health_destroy(struct health *health)
{
    free(health);
}

void health_drain(struct health *health)
{
    health->draining = true;
}
