/**
 * The server's side of the WebSocket handshake (RFC 6455, section 4.2), on a head that
 * http_head_judge has found sound. Pure; any thread.
 */
#ifndef EDGE_WS_UPGRADE_H
#define EDGE_WS_UPGRADE_H

#include <stdbool.h>

#include "base/bytes.h"
#include "edge/forwarded.h"

struct ws_origins {
    const char *const *items; /* exact; "*": any */
    uint32_t count;
};

struct ws_upgrade {
    size_t head_bytes;                /* with its empty line; what follows are frames */
    bool json;                        /* the subprotocol chosen: the client's first that is ours */
    struct forwarded_lines forwarded; /* views into the head */
};

/**
 * Judges the request's head at the beginning of `in` and appends the answer to `answer`: 101, or
 * an error with its reason. Returns whether it is 101; then `out` is filled.
 */
bool ws_upgrade_answer(struct bytes in, const struct ws_origins *origins, struct buffer *answer,
                       struct ws_upgrade *out);

#endif
