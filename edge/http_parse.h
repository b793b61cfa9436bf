/**
 * One request out of bytes as they come: head, then body. Knows no socket. Pure.
 *
 *     http_parse_head ─DONE▶ (http_message_has_more) ─▶ http_parse_body ─DONE▶ the request is whole
 */
#ifndef EDGE_HTTP_PARSE_H
#define EDGE_HTTP_PARSE_H

#include "edge/http.h"
#include "edge/http_chunk.h"

enum http_parse_verdict { HTTP_PARSE_MORE, HTTP_PARSE_DONE, HTTP_PARSE_REFUSED };

struct http_parsed {
    enum http_parse_verdict verdict;
    size_t used;       /* of the bytes given; of a head: 0 until it is complete */
    int status;        /* of a refusal; the connection cannot be read any further */
    const char *fault; /* static */
};

struct http_message {
    struct http_request request; /* views of this message; its body when that is complete */
    bool keep_alive;
    bool chunked;
    bool expects_continue;
    uint64_t left; /* of a body with a length */
    struct buffer body;
    struct http_chunk chunk;
    struct http_llhttp *llhttp;   /* NULL: the body is not chunked */
    struct http_header headers[]; /* behind them: the bytes of the head */
};

/** `in`: from the first byte of a head on. DONE: `*out` is the caller's. */
struct http_parsed http_parse_head(struct bytes in, struct http_message **out);

/** Whether a body is to be read, or the rest of it. */
bool http_message_has_more(const struct http_message *message);

/** Reads on in the body, which may have `body_max` bytes (more: 413). Not without a body. */
struct http_parsed http_parse_body(struct http_message *message, struct bytes in, size_t body_max);

/** NULL is fine. */
void http_message_destroy(struct http_message *message);

#endif
