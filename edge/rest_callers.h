/**
 * Who asks over REST: signed-in callers by their access token, kept open as sessions, and those who
 * have not signed in, for one request each.
 *
 * A token is verified once (60 µs) and then known by its text, so a caller costs a look-up. A known
 * caller is a session of the user actor, which therefore tells it at once when it is revoked or its
 * couple changes; it follows no stream and counts as no presence. At most `max` are kept, the least
 * recently used go first. Who shows wrong tokens too often is refused without looking at more.
 * All functions: the shard's thread.
 *
 *     ──token verified──▶ opening ──session_attach answered──▶ open ──revoked, evicted, expired──▶
 * dead └────────────refused───────────────────────────────────────────────▶
 */
#ifndef EDGE_REST_CALLERS_H
#define EDGE_REST_CALLERS_H

#include "edge/session.h"

struct rest_callers;
struct rest_caller;

/** One request of a caller; the first member of what the user of this module keeps for it. */
struct rest_request_ref {
    struct rest_request_ref *previous, *next; /* of the same caller */
    struct rest_caller *caller;               /* NULL: of none now */
    uint32_t id;
};

struct rest_callers_config {
    struct session_table *sessions;
    const struct token_key *key; /* borrowed */
    uint32_t max;                /* signed-in callers that are kept */
    int64_t idle_ms;             /* then they go */
    void *self;
    /** The caller is open (or needs no opening): go on with rest_callers_submit. */
    void (*ready)(void *self, struct rest_request_ref *request);
    /** The answer; the request is of no caller any more. */
    void (*result)(void *self, struct rest_request_ref *request, struct bytes result);
    void (*error)(void *self, struct rest_request_ref *request, const struct rpc_error *error);
    int64_t (*now_ms)(void *clock); /* milliseconds UTC */
    void *clock;
};

struct rest_callers *rest_callers_create(const struct rest_callers_config *config);
/** Requests that are still out get no answer. NULL is fine. */
void rest_callers_destroy(struct rest_callers *callers);

/**
 * The request of whoever has this token, or of somebody not signed in (`token` empty). Leads to
 * `ready` or `error`, perhaps at once. `remote` tells peers apart for rate limits.
 */
void rest_callers_join(struct rest_callers *callers, struct bytes token, struct bytes remote,
                       struct rest_request_ref *request);

/** Sends it, in `ready`. `rpc->id` is set here. Leads to `result` or `error`, perhaps at once. */
void rest_callers_submit(struct rest_callers *callers, struct rest_request_ref *request,
                         const struct op *op, struct rpc_request *rpc);

/** Takes a request back before `ready` was called; after it, its answer comes all the same. */
bool rest_callers_leave(struct rest_callers *callers, struct rest_request_ref *request);

/** A verified token's claims, counting failures; for those who open a session themselves. */
int rest_callers_verify(struct rest_callers *callers, struct bytes token, struct bytes remote,
                        struct token_claims *out, int64_t *retry_ms);

/** Lets idle ones go. Call about every 250 ms. */
void rest_callers_tick(struct rest_callers *callers);
/** Frees those that have died in this turn. Call at its end. */
void rest_callers_turn_end(struct rest_callers *callers);

/** Signed-in ones that are kept. */
uint32_t rest_callers_count(const struct rest_callers *callers);

#endif
