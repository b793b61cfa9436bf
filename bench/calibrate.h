/**
 * What this machine can do at best, to stand beside every figure: a raw epoll server that does the
 * same receives and sends as a chat, one fdatasync, one LMDB commit.
 */
#ifndef BENCH_CALIBRATE_H
#define BENCH_CALIBRATE_H

#include <stdint.h>

#include <jansson.h>

#define CALIBRATE_COUPLES 100

/**
 * Couples over loopback TCP, one thread serving and one generating: each 200-byte message leads to
 * an acknowledgement to its sender and a copy to the partner, gathered per connection and sent
 * once per turn. `*per_s`: messages acknowledged and delivered a second. 0 or ERR_IO.
 */
int calibrate_echo(uint32_t couples, uint32_t window, int64_t us, double *per_s);

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
