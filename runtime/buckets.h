/**
 * How many values fell into which range, counted by one thread and read by any: what a histogram
 * for operators is made of.
 */
#ifndef RUNTIME_BUCKETS_H
#define RUNTIME_BUCKETS_H

#include <stdatomic.h>
#include <stdint.h>

#define BUCKETS_MAX 16

/** Upper bounds, inclusive, ascending; what is larger than all has a bucket of its own. Static. */
struct bucket_bounds {
    uint32_t count; /* below BUCKETS_MAX */
    uint64_t upper[BUCKETS_MAX];
};

/* All loads and stores are relaxed: each number counts by itself, and a reader that sees one value
 * in the sum and not yet in its bucket misses nothing the next time. */
struct buckets {
    _Atomic uint64_t counts[BUCKETS_MAX];
    _Atomic uint64_t sum;
};

/** A copy that stands still. */
struct bucket_counts {
    uint64_t counts[BUCKETS_MAX]; /* each by itself, not added up */
    uint64_t sum;
};

/** One more; only one thread may write. */
static inline void counter_add(_Atomic uint64_t *counter, uint64_t value)
{
    uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, before + value, memory_order_relaxed);
}

/** The writer's thread only. */
static inline void buckets_add(struct buckets *buckets, const struct bucket_bounds *bounds,
                               uint64_t value)
{
    uint32_t at = 0;
    while (at < bounds->count && value > bounds->upper[at]) {
        at++;
    }
    counter_add(&buckets->counts[at], 1);
    counter_add(&buckets->sum, value);
}

/** Adds to `out`. Any thread. */
static inline void buckets_read(const struct buckets *buckets, struct bucket_counts *out)
{
    for (uint32_t i = 0; i < BUCKETS_MAX; i++) {
        out->counts[i] += atomic_load_explicit(&buckets->counts[i], memory_order_relaxed);
    }
    out->sum += atomic_load_explicit(&buckets->sum, memory_order_relaxed);
}

#endif
