/**
 * session.open: the request written, and its answer read.
 */
#ifndef BENCH_SESSION_ASK_H
#define BENCH_SESSION_ASK_H

#include <stdint.h>

#include "bench/link.h"
#include "bench/tokens.h"
#include "edge/session_ops.h"

/** Where a client stands in its streams, by enum stream_name. */
struct session_places {
    bool known[STREAM_COUNT]; /* else it asks without a cursor */
    struct id epoch[STREAM_COUNT];
    uint64_t after[STREAM_COUNT];
};

/** Appends request `id` that goes on at `places`: the payload of a frame. */
void session_request(struct buffer *payload, uint32_t id, const struct token *token,
                     const struct session_places *places);

/** The same as a whole frame. */
void session_ask(struct link *link, uint32_t id, const struct token *token,
                 const struct session_places *places);

struct session_answer {
    bool followed[STREAM_COUNT];
    bool reset[STREAM_COUNT];
    struct id epoch[STREAM_COUNT];
    uint64_t head[STREAM_COUNT];
};

/** Reads the MessagePack of a result. 0, or ERR_MALFORMED. */
int session_answer_read(struct bytes result, struct session_answer *out);

#endif
