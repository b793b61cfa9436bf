/**
 * A process and all that descend from it, as a server of several processes is accounted for.
 */
#ifndef BENCH_FAMILY_H
#define BENCH_FAMILY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FAMILY_MAX 512

/**
 * Writes `root` and its living descendants to `out`, FAMILY_MAX at most, and returns how many; 0
 * when there is no such process. `*cpu_us` gets user and system time of them all, and of their
 * children that have ended and were waited for. Reads /proc. Any thread.
 */
size_t family_of(pid_t root, pid_t out[FAMILY_MAX], int64_t *cpu_us);

#endif
