/**
 * Opening a node on a log that was written without it: what a start of duetd does, without sockets.
 */
#ifndef BENCH_LOG_NODE_H
#define BENCH_LOG_NODE_H

#include <stdbool.h>
#include <stdint.h>

struct log_opening {
    int64_t records;     /* replayed */
    int64_t recovery_ms; /* as the node counts */
    int64_t whole_us;    /* from before it was opened until it was closed */
};

/**
 * Opens a node on data directory `data` with so many shards (0: one per core, less one), and closes
 * it. With `settle` the bounds are the daemon's, and the state is whole afterwards; without it
 * nothing is flushed, so that the next opening finds what this one did. Blocks. 0, or the node's
 * error, which it said on the logger.
 */
int log_node_open(const char *data, uint16_t shards, bool settle, struct log_opening *out);

#endif
