/**
 * What must hold at the end of every run, read from the disk of the node itself.
 */
#ifndef TESTS_SIMULATION_AUDIT_H
#define TESTS_SIMULATION_AUDIT_H

#include "tests/simulation/ledger.h"
#include "tests/simulation/machine.h"

/**
 * The log from its beginning: every reliable send taken once and answered once, messages and
 * entries numbered without a gap, no device's number twice, timers fired once. `quiet`: no send may
 * be left open.
 */
void audit_log(const struct machine *machine, const struct ledger *ledger, bool quiet);

/**
 * The flushed state: no half couple, nobody reserved, no pairing or sign-up under way, nothing
 * acknowledged lost, streams as every device saw them.
 */
void audit_state(const struct machine *machine, struct ledger *ledger);

/** No couple has ended without being erased: the month is over. */
void audit_erased(const struct machine *machine);

/** The state rebuilt from the whole log, on other shards, is the flushed state byte for byte. */
void audit_rebuild(struct machine *machine);

#endif
