#include "edge/site.h"

#include <stdlib.h>

#include "edge/health.h"
#include "edge/pages.h"
#include "edge/rest.h"
#include "edge/sse.h"

struct site {
    struct metrics_shard *counted; /* NULL: nothing is */
    struct health *health;
    struct rest *rest;
    struct sse *sse;
    const struct pages *pages;
};

static const struct exchange_owner *owner_of(struct http_exchange *exchange)
{
    void *context = *http_context(exchange);
    return context == NULL ? NULL : *(const struct exchange_owner **)context;
}

/* --- fixed answers --------------------------------------------------------------------------- */

static void answer_page(struct site *site, struct http_exchange *exchange, const struct page *page)
{
    const struct http_request *request = http_request(exchange);
    if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
        rest_refuse_method(site->rest, exchange, "GET, HEAD, OPTIONS");
        return;
    }
    struct http_response response = page_answer(page, request);
    response.body_stays = true;
    http_answer(exchange, &response);
}

/* --- as the handler of HTTP ------------------------------------------------------------------ */

static size_t handle_head(void *self, struct http_exchange *exchange)
{
    struct site *site = self;
    struct bytes path = http_request(exchange)->path;
    if (health_head(site->health, exchange)) {
        return 0;
    }
    if (bytes_equal(path, text_of("*"))) { /* only OPTIONS has it: what the server can do at all */
        rest_refuse_method(site->rest, exchange, "GET, HEAD, POST, PATCH, DELETE, OPTIONS");
        return 0;
    }
    const struct page *page = pages_find(site->pages, path);
    if (page != NULL) {
        http_set_endpoint(exchange, METRICS_PAGES);
        answer_page(site, exchange, page);
        return 0;
    }
    if (sse_is_mine(path)) {
        http_set_endpoint(exchange, METRICS_STREAM);
        return sse_head(site->sse, exchange);
    }
    return rest_head(site->rest, exchange);
}

static void handle_request(void *self, struct http_exchange *exchange)
{
    (void)self;
    owner_of(exchange)->request(exchange);
}

static void handle_gone(void *self, struct http_exchange *exchange)
{
    const struct exchange_owner *owner = owner_of(exchange);
    (void)self;
    if (owner != NULL) {
        owner->gone(exchange);
    }
}

static void handle_writable(void *self, struct http_exchange *exchange)
{
    const struct exchange_owner *owner = owner_of(exchange);
    (void)self;
    if (owner != NULL && owner->writable != NULL) {
        owner->writable(exchange);
    }
}

static void handle_refusal(void *self, int status, const char *fault, struct http_response *out)
{
    struct site *site = self;
    rest_refusal(site->rest, status, fault, out);
}

static void handle_answered(void *self, struct http_exchange *exchange, int status, int64_t took_us)
{
    struct site *site = self;
    const struct http_request *request = exchange == NULL ? NULL : http_request(exchange);
    if (site->counted != NULL) {
        metrics_record(site->counted, request == NULL ? HTTP_OTHER : request->method,
                       exchange == NULL ? METRICS_OTHER : http_endpoint(exchange), status, took_us);
    }
}

struct http_handler site_handler(struct site *site)
{
    return (struct http_handler){.self = site,
                                 .head = handle_head,
                                 .request = handle_request,
                                 .gone = handle_gone,
                                 .writable = handle_writable,
                                 .refusal = handle_refusal,
                                 .answered = handle_answered};
}

/* --- life ------------------------------------------------------------------------------------ */

struct site *site_create(const struct site_config *config)
{
    struct site *site = memory_alloc(sizeof *site);
    site->pages = config->pages;
    site->rest = rest_create(&(struct rest_config){.sessions = config->sessions,
                                                   .routes = config->routes,
                                                   .key = config->key,
                                                   .origins = config->origins,
                                                   .origin_count = config->origin_count,
                                                   .forwarded = config->forwarded,
                                                   .now_ms = config->now_ms,
                                                   .clock = config->clock});
    site->sse = sse_create(&(struct sse_config){.rest = site->rest,
                                                .sessions = config->sessions,
                                                .heartbeat_ms = config->sse_heartbeat_ms,
                                                .now_ms = config->now_ms,
                                                .clock = config->clock});
    site->health = health_create(&(struct health_config){.rest = site->rest,
                                                         .metrics = config->metrics,
                                                         .readers = config->metrics_readers,
                                                         .forwarded = config->forwarded,
                                                         .node = config->node});
    if (config->metrics != NULL) {
        site->counted = metrics_of_shard(config->metrics, config->shard);
    }
    return site;
}

void site_destroy(struct site *site)
{
    if (site != NULL) {
        health_destroy(site->health);
        sse_destroy(site->sse);
        rest_destroy(site->rest);
        free(site);
    }
}

void site_drain(struct site *site)
{
    health_drain(site->health);
}

void site_tick(struct site *site)
{
    rest_tick(site->rest);
    sse_tick(site->sse);
}

void site_turn_end(struct site *site)
{
    rest_turn_end(site->rest);
    sse_turn_end(site->sse);
}
