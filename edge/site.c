#include "edge/site.h"

#include <stdlib.h>

#include "base/check.h"
#include "edge/http_error.h"

#define HEADERS                                                                                    \
    "content-type: application/json\r\n"                                                           \
    "x-content-type-options: nosniff\r\n"                                                          \
    "cache-control: no-store\r\n"

struct site {
    struct buffer jwks;
    char refusal[256];
};

static bool is_text(struct bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

static struct bytes text(const char *literal)
{
    return bytes_of(literal, strlen(literal));
}

static void refuse(void *self, int status, const char *fault, struct http_response *out)
{
    struct site *site = self;
    int len = http_error_body(status, fault, site->refusal, sizeof site->refusal);
    *out = (struct http_response){
        .status = status, .headers = text(HEADERS), .body = bytes_of(site->refusal, (size_t)len)};
}

static struct bytes find_body(const struct site *site, struct bytes path)
{
    if (is_text(path, "/healthz")) {
        return text("{\"status\":\"ok\"}");
    }
    if (is_text(path, "/.well-known/jwks.json")) {
        return buffer_bytes(&site->jwks);
    }
    return (struct bytes){0};
}

/** Nothing here takes a body, so all is said when the head has come. */
static size_t handle_head(void *self, struct http_exchange *exchange)
{
    struct site *site = self;
    const struct http_request *request = http_request(exchange);
    struct http_response response = {
        .status = 200, .headers = text(HEADERS), .body = find_body(site, request->path)};
    if (response.body.data == NULL) {
        refuse(site, 404, "There is no such resource.", &response);
    } else if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
        refuse(site, 405, "This resource can be read only.", &response);
        response.headers = text(HEADERS "allow: GET, HEAD\r\n");
    }
    http_answer(exchange, &response);
    return 0;
}

static void handle_request(void *self, struct http_exchange *exchange)
{
    (void)self;
    (void)exchange;
    CHECK_DEBUG(!"answered with its head");
}

static void handle_gone(void *self, struct http_exchange *exchange)
{
    (void)self;
    (void)exchange;
}

struct site *site_create(struct bytes jwks)
{
    struct site *site = memory_alloc(sizeof *site);
    buffer_append(&site->jwks, jwks.data, jwks.len);
    return site;
}

void site_destroy(struct site *site)
{
    if (site != NULL) {
        buffer_fini(&site->jwks);
        free(site);
    }
}

struct http_handler site_handler(struct site *site)
{
    return (struct http_handler){.self = site,
                                 .head = handle_head,
                                 .request = handle_request,
                                 .gone = handle_gone,
                                 .writable = handle_gone,
                                 .refusal = refuse};
}
