/**
 * The head of a request as raw bytes, judged before any library reads it: whose the connection is,
 * and whether every server on the way would read this head alike (RFC 9112). Stricter than the RFC
 * has to be: lines end with CRLF, nothing is folded, no control characters. Pure.
 */
#ifndef EDGE_HTTP_HEAD_H
#define EDGE_HTTP_HEAD_H

#include "base/bytes.h"

#define HTTP_HEAD_BYTES_MAX 8192    /* with the empty line that ends it */
#define HTTP_HEAD_WS_BYTES_MAX 4000 /* of a request to upgrade: no honest one comes near */
#define HTTP_HEAD_FIELDS_MAX 64

enum http_verdict {
    HTTP_HEAD_MORE,   /* nothing wrong so far; it is not complete */
    HTTP_HEAD_WS,     /* complete: GET /ws */
    HTTP_HEAD_OTHER,  /* complete: anything else */
    HTTP_HEAD_REFUSED /* answer with status and fault, and close */
};

struct http_head {
    enum http_verdict verdict;
    int status;        /* of a refusal: 400, 431 or 505 */
    const char *fault; /* static */
};

/** `first`: what has come so far, from the connection's first byte on. */
struct http_head http_head_judge(struct bytes first);

#endif
