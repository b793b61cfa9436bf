/**
 * Figures about a running server from outside: CPU, memory, device writes, its own statistics.
 * A figure that cannot be had is -1. One thread.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

struct sample {
    int64_t at_us;         /* monotonic */
    int64_t cpu_us;        /* user and system, all threads, of the process and its descendants */
    int64_t own_cpu_us;    /* the same of this process */
    int64_t rss_bytes;     /* resident, mapped files included; of several: proportional shares */
    int64_t anon_bytes;    /* of that, without mapped files */
    int64_t device_bytes;  /* written to the device that holds the data directory, by anyone */
    int64_t log_to_replay; /* bytes or records, as the server counts them */
};

int64_t monotonic_us(void);

/** What the daemon with this data directory counts; NULL when it does not answer. Blocks a moment.
 */
json_t *sample_stats(const char *data);

/** One of them, or -1. */
int64_t sample_figure(const json_t *stats, const char *name);

/** Asks the daemon with this data directory; -1 when it does not answer. Blocks for a moment. */
int64_t sample_log_to_replay(const char *data);

/** Figures of process `pid` (0: none) and its descendants, and of data directory `data` or NULL. */
struct sample sample_take(pid_t pid, const char *data);
/** The same without asking the daemon, which may take a moment: log_to_replay is -1. */
struct sample sample_take_outside(pid_t pid, const char *data);

/** Process that listens on `data`/admin.sock, or 0. */
pid_t sample_find_server(const char *data);

/** Raises RLIMIT_NOFILE to at least `wanted`. 0, or ERR_IO. */
int raise_file_limit_quietly(uint64_t wanted);
/** The same, printing why not. */
int raise_file_limit(uint64_t wanted);

#endif
