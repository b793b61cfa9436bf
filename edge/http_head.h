/**
 * The head of a request as raw bytes, judged before any library reads it: whose the connection is,
 * and whether every server on the way would read this head alike (RFC 9112). Stricter than the RFC
 * has to be: lines end with CRLF, nothing is folded, no control characters. Pure.
 */
#ifndef EDGE_HTTP_HEAD_H
#define EDGE_HTTP_HEAD_H

#include "edge/http_header.h"

#define HTTP_HEAD_BYTES_MAX 8192    /* with the empty line that ends it */
#define HTTP_HEAD_WS_BYTES_MAX 4000 /* of a request to upgrade: no honest one comes near */

enum http_verdict {
    HTTP_HEAD_MORE,   /* nothing wrong so far; it is not complete */
    HTTP_HEAD_WS,     /* complete: GET /ws */
    HTTP_HEAD_OTHER,  /* complete: anything else */
    HTTP_HEAD_REFUSED /* answer with status and fault, and close */
};

struct http_head {
    enum http_verdict verdict;
    int status;        /* of a refusal: 400, 417, 431, 501 or 505 */
    const char *fault; /* static */
};

/** What a head says. Views of it. */
struct http_head_parts {
    size_t bytes; /* of all of it */
    struct bytes method, target;
    struct bytes authority; /* of a target in absolute form; else its data is NULL */
    struct bytes path;      /* begins with '/', or is "*" */
    struct bytes query;     /* without '?' */
    bool http_1_0;
    bool keep_alive;
    bool chunked;
    bool has_length;
    uint64_t content_length;
    bool expects_continue; /* of HTTP/1.1 only */
    uint32_t header_count;
    struct http_header headers[HTTP_HEADERS_MAX]; /* values without blanks around them */
};

/**
 * Whose a connection is, by what has come of its first request, as early as that can be told:
 * OTHER does not say that the head is complete or without fault. WS does. REFUSED: only of what
 * begins as a WebSocket's request.
 */
struct http_head http_head_first(struct bytes first);

/** Judges all of a head. `first`: what has come so far, from the head's first byte on. */
struct http_head http_head_judge(struct bytes first);

/** The same, and fills `parts` when the verdict is WS or OTHER. */
struct http_head http_head_read(struct bytes first, struct http_head_parts *parts);

#endif
