/**
 * What the last steps of a run were, kept in memory and shown when a promise is broken.
 */
#ifndef TESTS_SIMULATION_TRACE_H
#define TESTS_SIMULATION_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ids.h"

/** Forgets the run before. `now_us` is read for every line. */
void trace_begin(const char *scenario, uint64_t seed, const int64_t *now_us);
/** How to repeat this very run; the rest of a command line after `simulation`. */
void trace_set_point(const char *options);
/** Prints every line as it comes. */
void trace_live(bool live);

void trace(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Prints the trace, what was broken and how to repeat it; ends the process with status 1. */
_Noreturn void sim_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Does the same when a check of the product ends the process. */
void trace_catch_aborts(void);

/** "couple:AbCdEf": enough to tell actors apart. In a small ring of buffers. */
const char *trace_address(struct address address);
const char *trace_id(struct id id);

#endif
