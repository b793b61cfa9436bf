/**
 * Asks a daemon every second how much log a start would replay, on a thread of its own: the
 * generator must not stand still while the server finds time to answer, or the wait would be
 * measured as latency.
 */
#ifndef BENCH_WATCH_H
#define BENCH_WATCH_H

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct watch {
    pthread_t thread;
    bool running;
    int wake; /* eventfd: end */
    char data[PATH_MAX];
    atomic_llong latest; /* written by the thread, read by the generator; relaxed, a lone number */
};

/** Begins to ask the daemon with this data directory; "": nothing is asked. */
void watch_start(struct watch *watch, const char *data);

/** The last answer; -1 when there was none yet. Any thread. */
int64_t watch_latest(const struct watch *watch);

/** Ends the thread, which may take as long as one answer. After watch_start, once. */
void watch_stop(struct watch *watch);

#endif
