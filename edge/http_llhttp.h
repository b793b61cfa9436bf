/**
 * A second opinion on every request: llhttp reads the bytes that were judged here. Requests are
 * smuggled where two readers disagree, so only what both read alike goes on. Pure.
 */
#ifndef EDGE_HTTP_LLHTTP_H
#define EDGE_HTTP_LLHTTP_H

#include "edge/http_head.h"

struct http_llhttp; /* llhttp in the middle of a chunked body */

/**
 * Whether llhttp reads this head of `judged->bytes` bytes as it was judged: method, target, every
 * header, length, coding. `keep_alive`: when false, llhttp would close, for a header that is not
 * looked at here. `chunked`: what goes on with the body when there is a chunked one, else NULL;
 * the caller's.
 */
bool http_llhttp_agrees(struct bytes head, const struct http_head_parts *judged, bool *keep_alive,
                        struct http_llhttp **chunked);

/**
 * Reads on in a chunked body: `raw`, of which `body_len` bytes were taken for body; `end`: it was
 * taken for complete. Whether llhttp takes it so, too.
 */
bool http_llhttp_agrees_body(struct http_llhttp *llhttp, struct bytes raw, size_t body_len,
                             bool end);
void http_llhttp_destroy(struct http_llhttp *llhttp);

#endif
