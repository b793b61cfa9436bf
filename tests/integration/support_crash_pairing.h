/**
 * Pairs of singles that find each other, part, and find each other again, so that a crash hits them
 * at any step of it; and what has to be true of them afterwards.
 *
 *     inviting ──▶ matching ──▶ leaving ──▶ inviting …
 */
#ifndef TESTS_INTEGRATION_SUPPORT_CRASH_PAIRING_H
#define TESTS_INTEGRATION_SUPPORT_CRASH_PAIRING_H

#include "tests/integration/support_crash_account.h"
#include "tests/integration/support_crash_ledger.h"

#define CRASH_PAIRS_MAX 16

enum crash_pairing_state {
    CRASH_INVITING,
    CRASH_MATCHING,
    CRASH_LEAVING,
    CRASH_PAIRING_STATE_COUNT
};

struct crash_pairing {
    struct crash_account *owner;
    struct crash_account *redeemer;
    enum crash_pairing_state state;
    uint32_t id; /* of the request in flight */
    bool in_flight;
    bool lasts; /* they are a couple by the redeemer's answer */
    char code[17];
    struct id couple; /* of the last answer */
};

struct crash_singles {
    struct crash_account users[2 * CRASH_PAIRS_MAX];
    struct crash_pairing pairings[CRASH_PAIRS_MAX];
    int pairs;
    unsigned rounds; /* of pairing that were completed, all pairs together */
    uint64_t random;
    struct crash_tally *tally;
};

/** A number below `bound`, from splitmix64 of `*state`. */
uint64_t crash_roll(uint64_t *state, uint64_t bound);

/** Signs up two users for each pair. 0 or a code after printing why. */
int crash_singles_init(struct crash_singles *singles, int pairs, uint16_t port, uint64_t seed,
                       struct crash_tally *tally);
void crash_singles_fini(struct crash_singles *singles);

/** Draws who pairs with whom, connects all and begins. */
int crash_singles_open(struct crash_singles *singles, uint16_t port);

/** Goes on wherever an answer has come. Does not wait. */
void crash_singles_turn(struct crash_singles *singles);

/** The server is dead: takes in the last answers; true if a couple.match is in flight. */
bool crash_singles_drop(struct crash_singles *singles);

/**
 * The server is back: every pair must become a whole couple, by the request that was in flight
 * asked again, by itself, or by a new code; and then two singles.
 */
void crash_singles_settle(struct crash_singles *singles, uint16_t port);

#endif
