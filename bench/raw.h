/**
 * The beginning of a connection that is no WebSocket: blocking, with deadlines, until the load
 * takes it over. One thread.
 */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

#include "bench/protocol.h"

struct raw_client {
    int fd;
    struct buffer received;
    size_t taken; /* of it, by raw_next */
    int64_t deadline_ms;
};

/** Connects to the place's server. 0, or a code after printing why not. */
int raw_connect(struct raw_client *client, const struct chat_place *place);

/** Waits until the kernel has all of `data`. 0, ERR_END (too late) or ERR_IO. */
int raw_send(struct raw_client *client, struct bytes data);

/**
 * Waits for the next whole message; it is valid until the next call. 0, ERR_END (too late), ERR_IO
 * or ERR_MALFORMED.
 */
int raw_next(struct raw_client *client, link_splitter *split, struct bytes *message);

/** Hands the connection over, or closes it when `error` is not 0. Returns `error`. */
int raw_finish(struct raw_client *client, int error, struct opened *out);

#endif
