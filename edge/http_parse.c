#include "edge/http_parse.h"

#include <stdlib.h>
#include <strings.h>

#include "edge/http_head.h"
#include "edge/http_llhttp.h"

static struct http_parsed refused(int status, const char *fault)
{
    return (struct http_parsed){.verdict = HTTP_PARSE_REFUSED, .status = status, .fault = fault};
}

static const char *const method_texts[HTTP_METHOD_COUNT] = {
    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS", [HTTP_OTHER] = "OTHER"};

const char *http_method_text(enum http_method method)
{
    return method_texts[method];
}

static enum http_method find_method(struct bytes text)
{
    for (int i = 0; i < HTTP_OTHER; i++) {
        if (strlen(method_texts[i]) == text.len &&
            memcmp(method_texts[i], text.data, text.len) == 0) {
            return (enum http_method)i;
        }
    }
    return HTTP_OTHER;
}

/** The same view, of the copy; what is no view of the head (a path that was added) stays. */
static struct bytes moved(struct bytes view, struct bytes head, const uint8_t *copy)
{
    if (view.data >= head.data && view.data < head.data + head.len) {
        view.data = copy + (view.data - head.data);
    }
    return view;
}

/** A message with a copy of its head, so that it does not depend on where it was read. */
static struct http_message *make_message(struct bytes head, const struct http_head_parts *parts)
{
    size_t headers_size = parts->header_count * sizeof(struct http_header);
    struct http_message *message =
        memory_resize(NULL, sizeof(struct http_message) + headers_size + head.len);
    uint8_t *copy = (uint8_t *)message->headers + headers_size;
    memcpy(copy, head.data, head.len);
    for (uint32_t i = 0; i < parts->header_count; i++) {
        message->headers[i].name = moved(parts->headers[i].name, head, copy);
        message->headers[i].value = moved(parts->headers[i].value, head, copy);
    }
    *message = (struct http_message){.request = {.method = find_method(parts->method),
                                                 .method_text = moved(parts->method, head, copy),
                                                 .path = moved(parts->path, head, copy),
                                                 .query = moved(parts->query, head, copy),
                                                 .has_body = parts->has_length || parts->chunked,
                                                 .headers = message->headers,
                                                 .header_count = parts->header_count,
                                                 .http_1_0 = parts->http_1_0},
                                     .keep_alive = parts->keep_alive,
                                     .chunked = parts->chunked,
                                     .expects_continue = parts->expects_continue,
                                     .left = parts->content_length};
    return message;
}

struct http_parsed http_parse_head(struct bytes in, struct http_message **out)
{
    struct http_head_parts parts;
    struct http_head head = http_head_read(in, &parts);
    struct http_llhttp *chunked;
    bool keep_alive;
    if (head.verdict == HTTP_HEAD_MORE) {
        return (struct http_parsed){.verdict = HTTP_PARSE_MORE};
    }
    if (head.verdict == HTTP_HEAD_REFUSED) {
        return refused(head.status, head.fault);
    }
    if (!http_llhttp_agrees(bytes_of(in.data, parts.bytes), &parts, &keep_alive, &chunked)) {
        return refused(400, "The head could be read in two ways.");
    }
    *out = make_message(bytes_of(in.data, parts.bytes), &parts);
    (*out)->keep_alive = (*out)->keep_alive && keep_alive;
    (*out)->llhttp = chunked;
    return (struct http_parsed){.verdict = HTTP_PARSE_DONE, .used = parts.bytes};
}

bool http_message_has_more(const struct http_message *message)
{
    return message->chunked || message->left != 0;
}

static struct http_parsed body_step(struct http_message *message, bool done, size_t used)
{
    if (done) {
        message->chunked = false;
        message->request.body = buffer_bytes(&message->body);
    }
    return (struct http_parsed){.verdict = done ? HTTP_PARSE_DONE : HTTP_PARSE_MORE, .used = used};
}

static struct http_parsed parse_chunked(struct http_message *message, struct bytes in,
                                        size_t body_max)
{
    size_t before = message->body.len, used;
    enum http_chunk_verdict verdict =
        http_chunk_read(&message->chunk, in, &message->body, body_max, &used);
    if (verdict == HTTP_CHUNK_TOO_LARGE) {
        return refused(413, "The body is too large.");
    }
    if (verdict == HTTP_CHUNK_FAULT) {
        return refused(400, "The chunks of the body are malformed.");
    }
    bool end = verdict == HTTP_CHUNK_END;
    if (!http_llhttp_agrees_body(message->llhttp, bytes_of(in.data, used),
                                 message->body.len - before, end)) {
        return refused(400, "The chunks of the body could be read in two ways.");
    }
    return body_step(message, end, used);
}

struct http_parsed http_parse_body(struct http_message *message, struct bytes in, size_t body_max)
{
    if (message->chunked) {
        return parse_chunked(message, in, body_max);
    }
    if (message->left > body_max || message->body.len > body_max - message->left) {
        return refused(413, "The body is too large.");
    }
    size_t used = in.len < message->left ? in.len : (size_t)message->left;
    buffer_append(&message->body, in.data, used);
    message->left -= used;
    return body_step(message, message->left == 0, used);
}

void http_message_destroy(struct http_message *message)
{
    if (message != NULL) {
        http_llhttp_destroy(message->llhttp);
        buffer_fini(&message->body);
        free(message);
    }
}

bool http_request_header(const struct http_request *request, const char *name, struct bytes *value)
{
    size_t len = strlen(name);
    for (uint32_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        if (header->name.len == len &&
            strncasecmp((const char *)header->name.data, name, len) == 0) {
            *value = header->value;
            return true;
        }
    }
    return false;
}

uint32_t http_request_header_count(const struct http_request *request, const char *name)
{
    uint32_t count = 0;
    size_t len = strlen(name);
    for (uint32_t i = 0; i < request->header_count; i++) {
        const struct http_header *header = &request->headers[i];
        count +=
            header->name.len == len && strncasecmp((const char *)header->name.data, name, len) == 0
                ? 1
                : 0;
    }
    return count;
}
