/**
 * A node with the daemon's actors in this process, whose edge has couples chat without sockets: on
 * each shard a window of `chat.send` commands that wait for their answers, as sessions would submit
 * them. Each edge has couples of its own, whichever shard their actors are on, and goes round them
 * in a random order again and again, within a couple from one member to the other.
 *
 * One at a time; calls from the main thread.
 */
#ifndef BENCH_SPREAD_NODE_H
#define BENCH_SPREAD_NODE_H

#include <stdint.h>

#include "bench/histogram.h"
#include "bench/log_chat.h"

struct spread_node;

struct spread_node_config {
    const char *data;
    uint16_t shards;       /* 0: one per core, less one */
    struct log_chat *chat; /* who chat, founded in the log of `data`; the node's until its close */
    uint32_t window;       /* commands without an answer, of all shards together */
    uint32_t rate;         /* messages a second, due at fixed times; 0: as fast as answers come */
    uint64_t replay_max;   /* 0: as in the daemon, as the next two */
    int64_t flush_age_ms;
    uint64_t unflushed_max;
};

/** Opens and starts. 0, or the node's error, which it said on the logger. */
int spread_node_start(const struct spread_node_config *config, struct spread_node **out);

struct spread_count {
    uint64_t sent, acked;
    uint64_t busy;   /* answers BUSY; these messages were sent again until there was another */
    uint64_t errors; /* other refusals: messages given up */
    int first_error; /* of these */
};
/** Since the start, of all shards. Acked ones are durable. */
struct spread_count spread_node_count(const struct spread_node *node);

/** A figure of the node by its name; -1 when there is none. Some are up to 0.2 s old. */
int64_t spread_node_figure(const struct spread_node *node, const char *name);

/** From now on latencies are kept: of messages sent and acknowledged until spread_node_stop. */
void spread_node_measure(struct spread_node *node);
/** Nothing new is sent; what is under way gets its answers. */
void spread_node_stop(struct spread_node *node);
/**
 * Writes all state and ends the node. Adds to `latencies` (microseconds; NULL: nothing) what was
 * measured, from when a message was due, without a rate sent first, to its answer. NULL is fine.
 */
void spread_node_close(struct spread_node *node, struct histogram *latencies);

#endif
