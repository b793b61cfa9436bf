/**
 * Whom a new connection belongs to, by the first bytes it sent. Pure.
 */
#ifndef EDGE_PEEK_H
#define EDGE_PEEK_H

#include "base/bytes.h"

#define PEEK_BYTES 8 /* "GET /ws" and what ends the path */

enum peek { PEEK_MORE, PEEK_WS, PEEK_HTTP };

/** PEEK_MORE: these bytes are the beginning of a WebSocket request, and not yet enough. */
enum peek peek_classify(struct bytes first);

#endif
