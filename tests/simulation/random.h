/**
 * All chance of a simulated run comes from one seed, through this.
 */
#ifndef TESTS_SIMULATION_RANDOM_H
#define TESTS_SIMULATION_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_random {
    uint64_t state;
};

/** splitmix64 (Steele, Lea, Flood 2014). */
static inline uint64_t sim_next(struct sim_random *random)
{
    uint64_t z = (random->state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/** 0 … bound - 1; bound > 0. */
static inline uint32_t sim_below(struct sim_random *random, uint32_t bound)
{
    return (uint32_t)(sim_next(random) % bound);
}

/** least … most, both included. */
static inline int64_t sim_between(struct sim_random *random, int64_t least, int64_t most)
{
    return least + (int64_t)(sim_next(random) % (uint64_t)(most - least + 1));
}

/** True once in `of` times. */
static inline bool sim_one_in(struct sim_random *random, uint32_t of)
{
    return sim_below(random, of) == 0;
}

static inline void sim_fill(struct sim_random *random, void *out, size_t len)
{
    uint8_t *at = out;
    for (size_t i = 0; i < len; i++) {
        at[i] = (uint8_t)sim_next(random);
    }
}

#endif
