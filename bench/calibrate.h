/**
 * What this machine can do at best, to stand beside every figure: a raw epoll server that does the
 * same receives and sends as a chat, one fdatasync, one LMDB commit, one first touch of a page.
 */
#ifndef BENCH_CALIBRATE_H
#define BENCH_CALIBRATE_H

#include <stdint.h>

#include <jansson.h>

#define CALIBRATE_COUPLES 100 /* unless told otherwise */
#define CALIBRATE_COUPLES_MAX 10000

struct echo_figures {
    double per_s;         /* messages acknowledged and delivered */
    double server_cpu_us; /* of the serving thread, user and system, per message */
};

/**
 * Couples over loopback TCP, one thread serving and one generating: each request leads to an
 * acknowledgement to its sender and a push to the partner, with the lengths that they have in
 * `duet-bench chat` with texts of 200 bytes, gathered per connection and sent once per turn. A
 * server that did nothing but receive and send would be this one. 0 or ERR_IO.
 */
int calibrate_echo(uint32_t couples, uint32_t window, int64_t us, struct echo_figures *out);

/** Median µs of the first touch of a page of a fresh mapping. 0 or ERR_NO_MEMORY. */
int calibrate_page_fault(double *median_us);

/**
 * Touches most of the memory that is available, once, and gives it back: afterwards the host of a
 * virtual machine backs it. Leaves an eighth, at least 512 MiB; ends after five minutes or when
 * interrupted. 0, ERR_IO when it cannot tell what is available, or ERR_NO_MEMORY.
 */
int touch_memory(int64_t *touched_bytes);

/** Median µs of appending 4 KiB to a preallocated file in `folder` and fdatasync. 0 or ERR_…. */
int calibrate_sync(const char *folder, int64_t us, double *median_us);

/**
 * Median µs of one LMDB commit (default flags) that appends `records` records of 200 bytes with
 * MDB_APPEND, in a fresh environment in `folder`. 0 or ERR_….
 */
int calibrate_lmdb(const char *folder, uint32_t records, int64_t us, double *median_us);

/**
 * All of these, with the disk that holds `folder`. A new object, or NULL after printing why not
 * (nothing is printed after an interrupt). Takes 15 s.
 */
json_t *calibrate(const char *folder, uint32_t couples);

int calibrate_main(int argc, char **argv);

#endif
