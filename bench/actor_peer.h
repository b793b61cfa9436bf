/**
 * Erlang/OTP as a peer of the `actor` scenario: bench/erlang/actor_bench.erl, compiled and run.
 */
#ifndef BENCH_ACTOR_PEER_H
#define BENCH_ACTOR_PEER_H

#include <limits.h>
#include <stdint.h>

struct actor_peer {
    char beam[PATH_MAX]; /* folder of the compiled module */
    char version[64];    /* of OTP */
    const char *missing; /* why it cannot run; NULL: it can */
};

/** `source`: the module, NULL: found beside the program or below the current folder. */
void actor_peer_prepare(struct actor_peer *peer, const char *source, const char *parent);
void actor_peer_fini(struct actor_peer *peer);

/** One run on `schedulers` threads. Messages a second, or -1 after a message. */
double actor_peer_run(const struct actor_peer *peer, const char *shape, uint32_t schedulers,
                      uint32_t actors, int64_t warmup_ms, int64_t measure_ms);

#endif
