/**
 * The target of a request in its forms (RFC 9112, 3.2). Pure.
 */
#ifndef EDGE_HTTP_TARGET_H
#define EDGE_HTTP_TARGET_H

#include "edge/http_head.h"

/** Fills authority, path and query from method and target, of visible ASCII. NULL, or what is
 * wrong, static, with the status that says so. */
const char *http_target_split(struct http_head_parts *parts, int *status);

#endif
