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
    bool start;              /* BENCH_START to the first actor of each shard */
    enum bench_command call; /* 0: none; else what the edge submits until it is closed … */
    uint32_t window;         /* … this many at a time on each shard, to its actors in turn */
    uint64_t calls;          /* of one round of actor_node_round on each shard */
};

/** Opens and starts; bench_actors_init came before. 0 or an error. */
int actor_node_start(const struct actor_node_config *config, struct actor_node **out);
/** Submits `code` as often as the config's `calls` on each shard; the round before has ended. */
void actor_node_round(struct actor_node *node, enum bench_command code);
/** Lets what is under way come to its end; NULL is fine. */
void actor_node_close(struct actor_node *node);

/** Calls that were answered without an error, and with one. Any thread. */
uint64_t actor_node_answered(struct actor_node *node);
uint64_t actor_node_refused(struct actor_node *node);
/** A figure of the node by its name; -1 when there is none. Up to 0.2 s old. */
int64_t actor_node_figure(struct actor_node *node, const char *name);

#endif
