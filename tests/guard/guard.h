/**
 * The guard: how many instructions the server spends on one message, one session, one row.
 *
 * The server's own code runs in the simulator's world (tests/simulation/machine.h) in one thread,
 * with fixed seeds, fixed batches and a clock that does not matter, so that a count is the same on
 * every run. Callgrind counts, and only inside the server: collection is switched on at the
 * functions by which the world calls the server and off at those by which the server calls the
 * world; guard.sh holds the two lists. Outside callgrind the scenarios run as plain tests.
 */
#ifndef TESTS_GUARD_GUARD_H
#define TESTS_GUARD_GUARD_H

#include <stdint.h>

struct guard_scenario {
    const char *name;
    const char *unit;      /* what is counted per */
    uint64_t (*run)(void); /* returns how many units ran between count_begin and count_end */
};

/** Each ends with a NULL name. */
extern const struct guard_scenario guard_chat_scenarios[];
extern const struct guard_scenario guard_session_scenarios[];
extern const struct guard_scenario guard_storage_scenarios[];
extern const struct guard_scenario guard_disk_scenarios[];
extern const struct guard_scenario guard_actor_scenarios[];

/** From here on callgrind counts. Set-up and warm-up belong before. */
void guard_count_begin(void);
void guard_count_end(void);

/** Ends the process with status 1 and says why: a count of something that went wrong is none. */
_Noreturn void guard_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
