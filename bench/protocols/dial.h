/**
 * A blocking conversation with a peer in its own protocol, before the load: connect, sign in, hand
 * the socket over. The first error sticks and is printed; all later calls do nothing. One thread.
 */
#ifndef BENCH_PROTOCOLS_DIAL_H
#define BENCH_PROTOCOLS_DIAL_H

#include "bench/protocol.h"

struct dial {
    const struct chat_place *place;
    int error;
    int fd; /* -1: none */
    int64_t deadline_ms;
    struct buffer received; /* and not yet consumed */
};

/** Connects to `place`, which must outlive the dial. To be ended by dial_finish in any case. */
void dial_open(struct dial *dial, const struct chat_place *place);

/** Sends what printf makes of it, 1 KiB at most. */
void dial_say(struct dial *dial, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * Receives until `wanted` has come and consumes all up to its end. It is an error if `unwanted`
 * comes before; NULL: nothing is. `step` is what a complaint calls this.
 */
void dial_await(struct dial *dial, const char *step, const char *wanted, const char *unwanted);

/** Sends `data` as it is. */
void dial_send(struct dial *dial, struct bytes data);

/**
 * Receives until a whole message has come, consumes it and copies it to `*message`, empty on an
 * error. `step` is what a complaint calls this.
 */
void dial_take(struct dial *dial, const char *step, link_splitter *split, struct buffer *message);

/** Makes what has come so far, and `message` unless it is NULL, the error: `why`, quoting it. */
void dial_fail(struct dial *dial, const char *step, const char *why, const struct buffer *message);

/** Hands over socket and rest to `*out`, or closes. Returns 0 or the first error. */
int dial_finish(struct dial *dial, struct opened *out);

#endif
