#include "edge/http_llhttp.h"

#include <llhttp.h>
#include <stdlib.h>

/** What llhttp makes of a head, beside what was judged. */
struct reading {
    const struct http_head_parts *judged;
    uint32_t header_count;
    struct bytes target, name, value; /* spans come in pieces of one run */
    bool differs;
    bool headers_complete;
    bool keep_alive;
};

struct http_llhttp {
    llhttp_t parser;
    size_t body_len;
    bool complete;
};

static int extend(struct bytes *span, const char *at, size_t len)
{
    if (span->len == 0) {
        span->data = (const uint8_t *)at;
    }
    span->len += len;
    return 0;
}

static int read_target(llhttp_t *parser, const char *at, size_t len)
{
    struct reading *reading = parser->data;
    return extend(&reading->target, at, len);
}

static int read_name(llhttp_t *parser, const char *at, size_t len)
{
    struct reading *reading = parser->data;
    return extend(&reading->name, at, len);
}

static int read_value(llhttp_t *parser, const char *at, size_t len)
{
    struct reading *reading = parser->data;
    return extend(&reading->value, at, len);
}

static bool same_run(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || a.data == b.data);
}

/** llhttp leaves blanks behind a value, which are no part of it. */
static struct bytes without_end_blanks(struct bytes value)
{
    while (value.len != 0 &&
           (value.data[value.len - 1] == ' ' || value.data[value.len - 1] == '\t')) {
        value.len--;
    }
    return value;
}

static int read_header_end(llhttp_t *parser)
{
    struct reading *reading = parser->data;
    uint32_t index = reading->header_count++;
    if (index >= reading->judged->header_count) {
        reading->differs = true;
    } else {
        const struct http_header *header = &reading->judged->headers[index];
        reading->differs = reading->differs || !same_run(reading->name, header->name) ||
                           !same_run(without_end_blanks(reading->value), header->value);
    }
    reading->name = reading->value = (struct bytes){0};
    return 0;
}

static int read_head_end(llhttp_t *parser)
{
    struct reading *reading = parser->data;
    const struct http_head_parts *judged = reading->judged;
    bool chunked = (parser->flags & F_CHUNKED) != 0;
    bool has_length = (parser->flags & F_CONTENT_LENGTH) != 0;
    reading->differs = reading->differs || reading->headers_complete ||
                       chunked != judged->chunked || has_length != judged->has_length ||
                       parser->http_major != 1 || (parser->http_minor == 0) != judged->http_1_0 ||
                       (has_length && parser->content_length != judged->content_length) ||
                       !same_run(reading->target, judged->target) ||
                       reading->header_count != judged->header_count;
    reading->headers_complete = true;
    reading->keep_alive = llhttp_should_keep_alive(parser) != 0;
    return 0;
}

static const llhttp_settings_t head_settings = {.on_url = read_target,
                                                .on_header_field = read_name,
                                                .on_header_value = read_value,
                                                .on_header_value_complete = read_header_end,
                                                .on_headers_complete = read_head_end};

static int read_body(llhttp_t *parser, const char *at, size_t len)
{
    struct http_llhttp *llhttp = parser->data;
    (void)at;
    llhttp->body_len += len;
    return 0;
}

static int read_body_end(llhttp_t *parser)
{
    struct http_llhttp *llhttp = parser->data;
    llhttp->complete = true;
    return 0;
}

static const llhttp_settings_t body_settings = {.on_body = read_body,
                                                .on_message_complete = read_body_end};

/** llhttp stops where another protocol might begin; here none does. */
static bool went_well(llhttp_errno_t error)
{
    return error == HPE_OK || error == HPE_PAUSED_UPGRADE;
}

/** Methods that llhttp need not know are read as POST is: what they mean is not its business. */
static bool reads_method(struct bytes method)
{
    static const llhttp_method_t known[] = {HTTP_GET,   HTTP_HEAD,   HTTP_POST,   HTTP_PUT,
                                            HTTP_PATCH, HTTP_DELETE, HTTP_OPTIONS};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        const char *name = llhttp_method_name(known[i]);
        if (strlen(name) == method.len && memcmp(name, method.data, method.len) == 0) {
            return true;
        }
    }
    return false;
}

static bool same_method(const llhttp_t *parser, struct bytes method)
{
    const char *name = llhttp_method_name((llhttp_method_t)parser->method);
    return strlen(name) == method.len && memcmp(name, method.data, method.len) == 0;
}

bool http_llhttp_agrees(struct bytes head, const struct http_head_parts *judged, bool *keep_alive,
                        struct http_llhttp **chunked)
{
    struct reading reading = {.judged = judged};
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &head_settings);
    parser.data = &reading;
    bool known = reads_method(judged->method);
    size_t skipped = known ? 0 : judged->method.len;
    if (!known && llhttp_execute(&parser, "POST", 4) != HPE_OK) {
        return false;
    }
    llhttp_errno_t error =
        llhttp_execute(&parser, (const char *)head.data + skipped, judged->bytes - skipped);
    if (!went_well(error) || reading.differs || !reading.headers_complete ||
        (known && !same_method(&parser, judged->method))) {
        return false;
    }
    *keep_alive = reading.keep_alive;
    *chunked = NULL;
    if (judged->chunked) {
        *chunked = memory_alloc(sizeof **chunked);
        (*chunked)->parser = parser;
        (*chunked)->parser.data = *chunked;
        (*chunked)->parser.settings = (void *)(uintptr_t)&body_settings;
    }
    return true;
}

bool http_llhttp_agrees_body(struct http_llhttp *llhttp, struct bytes raw, size_t body_len,
                             bool end)
{
    llhttp->body_len = 0;
    return !llhttp->complete &&
           went_well(llhttp_execute(&llhttp->parser, (const char *)raw.data, raw.len)) &&
           llhttp->body_len == body_len && llhttp->complete == end;
}

void http_llhttp_destroy(struct http_llhttp *llhttp)
{
    free(llhttp);
}
