/**
 * Server-sent events (HTML Living Standard, 9.2): GET /api/v1/notifications/stream.
 *
 * One stream carries all that its client follows: `?topics=user` (the default), `couple` or both.
 * It is a session that only listens. Each durable entry is an event whose id names the client's
 * place in every stream it follows, "user:<epoch>:<seq>,couple:<epoch>:<seq>"; a client that
 * comes back with it, as Last-Event-ID or `?last_event_id=`, misses nothing and gets nothing twice.
 * All functions: the shard's thread.
 *
 *     request ──token──▶ opening ──session.open answered──▶ streaming ──gone, revoked, slow──▶ dead
 */
#ifndef EDGE_SSE_H
#define EDGE_SSE_H

#include "edge/http.h"
#include "edge/rest.h"

struct sse;

struct sse_config {
    struct rest *rest; /* refuses, and knows tokens */
    struct session_table *sessions;
    int64_t heartbeat_ms; /* a comment after so long a silence; default 15,000 */
    int64_t (*now_ms)(void *clock);
    void *clock;
};

struct sse *sse_create(const struct sse_config *config);
void sse_destroy(struct sse *sse); /* NULL is fine */

bool sse_is_mine(struct bytes path);
/** As in struct http_handler. */
size_t sse_head(struct sse *sse, struct http_exchange *exchange);

/** Heartbeats. Call about every 250 ms. */
void sse_tick(struct sse *sse);
void sse_turn_end(struct sse *sse);
/** Streams that are open. */
uint32_t sse_count(const struct sse *sse);

#endif
