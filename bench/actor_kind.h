/**
 * An actor kind of the bench's own, and the shapes in which its actors talk.
 *
 * Handlers have nothing but their state and the context, and their counts are no facts to be
 * logged, so what they share stands in one global: set before the node starts, freed after it.
 */
#ifndef BENCH_ACTOR_KIND_H
#define BENCH_ACTOR_KIND_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "runtime/actor.h"

#define ACTOR_BODY_BYTES 64
#define ACTOR_BURST 16 /* messages of a sender for one credit of its receiver */

#define BENCH_MESSAGE_FIELDS(F, R)                                                                 \
    F(R, BYTES, body, REQUIRED, 0, ACTOR_BODY_BYTES, NULL, BODY, "64 bytes", "\"ZHVldA\"")
RECORD_DECLARE(bench_message, BENCH_MESSAGE_FIELDS)

enum bench_command {
    BENCH_START = 1, /* to the first actor of a shard: gives the others what they begin with */
    BENCH_HOP,       /* counts, and goes on to the next actor */
    BENCH_ASK,       /* is answered */
    BENCH_ANSWER,    /* counts, and asks again */
    BENCH_GO,        /* sends a burst to the receiver */
    BENCH_DATA,      /* counts */
    BENCH_LAST,      /* counts, and lets its sender go on */
    BENCH_CALL,      /* counts, and answers the caller */
    BENCH_STORE      /* counts, emits an event with the body, and answers the caller */
};

/** What an actor counted: written by its shard's thread alone, read by whoever samples. */
struct bench_slot {
    _Alignas(64) _Atomic uint64_t handled;
    uint32_t next; /* number of the one it talks to */
    uint16_t shard;
    bool begins; /* gets `first` from BENCH_START */
};

struct bench_actors {
    struct bench_slot *slots; /* by number */
    struct address *addresses;
    uint32_t count;
    uint16_t first; /* enum bench_command */
    atomic_bool stop;
};
extern struct bench_actors bench_actors;
extern const struct kind bench_kind;

/** Declares `per_shard` actors on each of `shards`; their slots' `next` is their own number. */
void bench_actors_init(uint16_t shards, uint32_t per_shard);
void bench_actors_fini(void);
/** Number of the k-th actor of a shard. */
uint32_t bench_actor_number(uint16_t shard, uint32_t k);
/** Handled by all so far. Any thread. */
uint64_t bench_actors_handled(void);
const struct command_type *bench_command_type(enum bench_command code);

#endif
