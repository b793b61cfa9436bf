/**
 * Who talks to whom in the `actor` scenario, and how fast that goes.
 */
#ifndef BENCH_ACTOR_SHAPES_H
#define BENCH_ACTOR_SHAPES_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/actor_kind.h"

struct actor_shape {
    const char *name;
    const char *peer; /* shape of bench/erlang/actor_bench.erl; NULL: none */
    const char *doc;
    bool across;              /* needs more than one shard */
    uint32_t mailbox_max;     /* 0: as in production */
    enum bench_command first; /* what the actors that begin get; 0: calls from outside … */
    enum bench_command call;  /* … of this command */
    void (*arrange)(uint16_t shards, uint32_t per_shard); /* fills next and begins; or NULL */
};
extern const struct actor_shape actor_shapes[];
extern const uint32_t actor_shape_count;

struct actor_run {
    const char *data_parent;
    uint16_t shards;
    uint32_t per_shard;
    uint32_t window; /* calls from outside, per shard */
    int64_t warmup_ms, measure_ms;
};

struct actor_rate {
    double per_s;   /* messages, or round trips where two make one */
    double ns_each; /* of one shard's time */
    int64_t dropped, refused;
};

/** One run. 0 or an error after a message. */
int actor_shape_run(const struct actor_shape *shape, const struct actor_run *run,
                    struct actor_rate *out);

struct actor_activation {
    double per_s;         /* commands to sleeping actors */
    double us_each;       /* of one shard's time, the command included */
    double awake_us_each; /* the same to actors that are awake, for comparison */
    double put_away_ms;   /* from the last event until all were put away */
    uint64_t actors;
    int64_t awake_already, asleep_still; /* calls that met what they should not: 0 in a good run */
};
/** Actors with state in LMDB, put away because they were idle, and called again. */
int actor_activation_run(const struct actor_run *run, uint32_t per_shard,
                         struct actor_activation *out);

#endif
