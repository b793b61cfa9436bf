/**
 * WebSocket connections of one shard, by libwebsockets on the shard's loop; each carries a session.
 *
 * libwebsockets parses and answers handshakes, unmasks and defragments. What it does not do is done
 * here: refusal of wrong versions, subprotocols and origins, of messages above the limit, of
 * clients that do not mask; heartbeat, bounded output, one write per connection and loop turn.
 * All functions: the shard's thread.
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
    int64_t heartbeat_ms;   /* without traffic, a ping */
    int64_t pong_within_ms; /* without any answer, the end */
    int64_t handshake_within_ms;
    const char *const *origins; /* exact; "*": any. Borrowed */
    uint32_t origin_count;
};

/** 0 or ERR_NO_MEMORY. */
int ws_create(const struct ws_config *config, struct ws **out);

/** Takes the socket, whatever comes of it; nothing was read from it yet. */
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
