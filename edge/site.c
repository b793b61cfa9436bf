#include "edge/site.h"

#include <stdlib.h>

#include "edge/pages.h"
#include "edge/rest.h"
#include "edge/sse.h"

struct site {
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

static struct bytes find_fixed(struct bytes path)
{
    if (bytes_equal(path, text_of("/healthz"))) {
        return text_of("{\"status\":\"ok\"}");
    }
    return (struct bytes){0};
}

/** Nothing here takes a body, so all is said when the head has come. */
static void answer_fixed(struct site *site, struct http_exchange *exchange, struct bytes body)
{
    const struct http_request *request = http_request(exchange);
    struct buffer headers = {0};
    if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
        rest_refuse_method(site->rest, exchange, "GET, HEAD, OPTIONS");
        return;
    }
    rest_common_headers(site->rest, exchange, &headers);
    static const char own[] = "content-type: application/json\r\ncache-control: no-store\r\n";
    buffer_append(&headers, own, sizeof own - 1);
    http_answer(exchange, &(struct http_response){
                              .status = 200, .headers = buffer_bytes(&headers), .body = body});
    buffer_fini(&headers);
}

static void answer_page(struct site *site, struct http_exchange *exchange, const struct page *page)
{
    const struct http_request *request = http_request(exchange);
    if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
        rest_refuse_method(site->rest, exchange, "GET, HEAD, OPTIONS");
        return;
    }
    struct http_response response = page_answer(page, request);
    http_answer(exchange, &response);
}

/* --- as the handler of HTTP ------------------------------------------------------------------ */

static size_t handle_head(void *self, struct http_exchange *exchange)
{
    struct site *site = self;
    struct bytes path = http_request(exchange)->path;
    struct bytes fixed = find_fixed(path);
    if (fixed.data != NULL) {
        answer_fixed(site, exchange, fixed);
        return 0;
    }
    const struct page *page = pages_find(site->pages, path);
    if (page != NULL) {
        answer_page(site, exchange, page);
        return 0;
    }
    if (sse_is_mine(path)) {
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

struct http_handler site_handler(struct site *site)
{
    return (struct http_handler){.self = site,
                                 .head = handle_head,
                                 .request = handle_request,
                                 .gone = handle_gone,
                                 .writable = handle_writable,
                                 .refusal = handle_refusal};
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
    return site;
}

void site_destroy(struct site *site)
{
    if (site != NULL) {
        sse_destroy(site->sse);
        rest_destroy(site->rest);
        free(site);
    }
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
