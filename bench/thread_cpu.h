/**
 * Which threads of this process used its CPU.
 */
#ifndef BENCH_THREAD_CPU_H
#define BENCH_THREAD_CPU_H

#include <stdint.h>

/**
 * User and system time, in microseconds, of the threads that run now and whose name begins with
 * `name`, in steps of 10 ms for each; -1 when the kernel does not tell. Any thread.
 */
int64_t thread_cpu_us(const char *name);

#endif
