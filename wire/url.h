/**
 * Paths and queries of URLs (RFC 3986; the query as HTML forms write it). Pure.
 */
#ifndef WIRE_URL_H
#define WIRE_URL_H

#include "base/bytes.h"

/**
 * Decodes %XX, and with `plus` also '+' as a blank, into `arena`; what has nothing to decode is
 * handed back as it is. False: a '%' that two hexadecimal digits do not follow.
 */
bool url_decode(struct bytes text, bool plus, struct arena *arena, struct bytes *out);

/** One name=value of a query, still encoded; both may be empty. */
struct url_pair {
    struct bytes name, value;
};

/** Takes the next pair off the front of `query`; false at its end. */
bool url_next_pair(struct bytes *query, struct url_pair *out);

#endif
