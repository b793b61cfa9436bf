/**
 * WebSocket connections of one shard (RFC 6455), on the shard's loop; each carries a session.
 *
 * One recv and one send per connection and loop turn, whatever many messages they hold; bounded
 * output; heartbeat. Refused, with a reason: other versions, subprotocols and origins, messages
 * above the limit, whatever breaks the RFC. No extensions: what compression costs in memory per
 * connection is more than all else. All functions: the shard's thread.
 */
#ifndef EDGE_WS_H
#define EDGE_WS_H

#include <stdint.h>

#include "edge/session.h"

struct uv_loop_s;
struct ws;

struct ws_config {
    struct uv_loop_s *loop;
    struct session_table *sessions;
    size_t message_bytes_max;
    int64_t heartbeat_ms;       /* without traffic, a ping */
    int64_t pong_within_ms;     /* without any answer, the end */
    const char *const *origins; /* exact; "*": any. Borrowed */
    uint32_t origin_count;
    const struct forwarded *forwarded; /* proxies that are trusted; borrowed */
};

/** 0 or ERR_IO. */
int ws_create(const struct ws_config *config, struct ws **out);

/**
 * Takes the socket, whatever comes of it. Nothing was read from it yet, and the whole head of its
 * request has come and was found sound.
 */
void ws_adopt(struct ws *ws, int fd);

/** Writes what was gathered; end of each loop turn. */
void ws_turn_end(struct ws *ws);

/** Heartbeats and deadlines. Call about every 250 ms; bounded work. */
void ws_tick(struct ws *ws);

/** Connections with a session. */
uint32_t ws_count(const struct ws *ws);

/** Ends all connections at once. The loop has to run until it is empty before ws_destroy. */
void ws_close(struct ws *ws);
void ws_destroy(struct ws *ws);

#endif
