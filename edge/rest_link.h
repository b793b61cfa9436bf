/**
 * Where a list goes on (RFC 8288), from what its answer says. Pure.
 */
#ifndef EDGE_REST_LINK_H
#define EDGE_REST_LINK_H

#include "base/bytes.h"

/**
 * Appends `link: <path?query>; rel="next"` and CRLF, with the request's own query and the answer's
 * next_cursor, or its page and one; nothing at the end of the list. `result` is the answer, a
 * MessagePack map with the fields of PAGING_RESULT.
 */
void rest_link_append(struct bytes path, struct bytes query, struct bytes result,
                      struct buffer *out);

#endif
