/**
 * A node with the bench's actors in this process: the real runtime, and an edge without sockets
 * that submits commands as a client would. One at a time; calls from the main thread.
 */
#ifndef BENCH_ACTOR_NODE_H
#define BENCH_ACTOR_NODE_H

#include <stdint.h>

#include "bench/actor_kind.h"

struct actor_node;

struct actor_node_config {
    const char *data;
    uint16_t shards;
    uint32_t mailbox_max;    /* 0: as in production */
    int64_t idle_ms;         /* 0: as in production */
    int64_t flush_age_ms;    /* 0: as in production */
    bool start;              /* BENCH_START to the first actor of each shard */
    enum bench_command call; /* 0: none; else what the edge submits until it is closed … */
    uint32_t window;         /* … this many at a time on each shard, to its actors in turn */
};

/** Opens and starts; bench_actors_init came before. 0 or an error. */
int actor_node_start(const struct actor_node_config *config, struct actor_node **out);
/** Lets what is under way come to its end; NULL is fine. */
void actor_node_close(struct actor_node *node);

/** How long a round took; nanoseconds. */
struct actor_round {
    double longest_ns; /* of a shard, from its first call to its last answer */
    double sum_ns;     /* of all shards */
};
/**
 * Calls the first `count` actors of each shard with `code`, `window` at a time, once each, and
 * waits for the answers. Of a node whose config has no `call`. 0, ERR_BUSY when some did not answer
 * within a minute, or ERR_END after an interrupt: then it is of no more use.
 */
int actor_node_round(struct actor_node *node, enum bench_command code, uint32_t count,
                     struct actor_round *out);

/** Calls that were answered by an error, and repeated. Any thread. */
uint64_t actor_node_refused(struct actor_node *node);
/** A figure of the node by its name; -1 when there is none. Up to 0.2 s old. */
int64_t actor_node_figure(struct actor_node *node, const char *name);

#endif
