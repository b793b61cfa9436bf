/**
 * Whether a request's head is one that every server on the way reads alike (RFC 9112): what could
 * be read in two ways is how requests are smuggled. Pure: fed with the headers one by one.
 */
#ifndef EDGE_HTTP_CHECK_H
#define EDGE_HTTP_CHECK_H

#include <stdbool.h>

#include "base/bytes.h"

/** Zero-initialised is a head without headers. Keeps views of what it was fed. */
struct http_check {
    const char *fault; /* NULL: none so far; else what is wrong, static */
    struct bytes content_length;
    unsigned hosts, lengths, codings;
};

/** The next header as received, without blanks around the value. */
void http_check_header(struct http_check *check, struct bytes name, struct bytes value);

/** After the last: NULL, or what is wrong. `version`: "HTTP/1.1". */
const char *http_check_end(struct http_check *check, const char *version);

#endif
