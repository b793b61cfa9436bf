/**
 * Fixed pages: the first page, /doc/ with Swagger UI, the two documents and the keys. Made once at
 * start and never changed, so every shard serves them from the same memory.
 */
#ifndef EDGE_PAGES_H
#define EDGE_PAGES_H

#include "edge/http.h"

struct page;
struct pages;

struct pages_config {
    struct bytes openapi;  /* /openapi.json; empty: not there */
    struct bytes asyncapi; /* /asyncapi.json; empty: not there */
    struct bytes jwks;     /* /.well-known/jwks.json; empty: not there */
};

/** Copies what it is given. */
struct pages *pages_create(const struct pages_config *config);
void pages_destroy(struct pages *pages); /* NULL is fine */

/** The page at this path, or NULL. Lives as long as the pages. Any thread. */
const struct page *pages_find(const struct pages *pages, struct bytes path);

/**
 * The answer to GET or HEAD: the page, compressed for who takes that, or 304 for who has it. Its
 * views live as long as the pages. Any thread.
 */
struct http_response page_answer(const struct page *page, const struct http_request *request);

#endif
