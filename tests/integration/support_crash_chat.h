/**
 * Couples that chat without a break, several messages in flight on both sides, read marks now and
 * then; that survive the server's crashes by resuming and resending; and that check everything.
 */
#ifndef TESTS_INTEGRATION_SUPPORT_CRASH_CHAT_H
#define TESTS_INTEGRATION_SUPPORT_CRASH_CHAT_H

#include "tests/integration/support_crash_account.h"
#include "tests/integration/support_crash_ledger.h"

#define CRASH_WINDOW 4
#define CRASH_COUPLES_MAX 32

struct crash_flight {
    int64_t no;
    uint32_t id;
};

struct crash_chatter {
    struct crash_account account;
    struct crash_ledger *ledger; /* of the couple */
    struct crash_tally *tally;
    int member;
    struct id epoch; /* zero: not known yet */
    struct crash_view view;
    struct crash_flight flights[CRASH_WINDOW]; /* not acknowledged, in the order of sending */
    int flight_count;
    bool reading;
    uint32_t read_id;
    int64_t read_due; /* mark that ought to be sent; 0: none */
    bool gone;        /* the connection */
};

struct crash_fleet {
    struct crash_chatter chatters[2 * CRASH_COUPLES_MAX]; /* partners side by side */
    struct crash_ledger ledgers[CRASH_COUPLES_MAX];
    struct crash_tally *tally;
    int couples;
};

/** Signs up two users for each couple and pairs them. 0 or a code after printing why. */
int crash_fleet_init(struct crash_fleet *fleet, int couples, uint16_t port,
                     struct crash_tally *tally);
void crash_fleet_fini(struct crash_fleet *fleet);

/** Connects all, resumes, and resends what was not acknowledged. `refresh`: tokens first. */
int crash_fleet_open(struct crash_fleet *fleet, uint16_t port, bool refresh);

/** Waits up to `wait_ms` for something to happen and handles it; `talking` fills the windows. */
void crash_fleet_turn(struct crash_fleet *fleet, bool talking, int wait_ms);

/** Without new messages: until everything is answered and every view is complete, or wrong. */
void crash_fleet_settle(struct crash_fleet *fleet);

/** The server is dead: takes in what had left it, then counts what is in flight. */
void crash_fleet_drop(struct crash_fleet *fleet);

/** Compares the histories with the ledgers: what is new since the last time, or all of it. */
void crash_fleet_check(struct crash_fleet *fleet, bool all);

/** On a server with a copy of the data: only reads, and compares all of it. 0 or a code. */
int crash_fleet_inspect(struct crash_fleet *fleet, uint16_t port);

#endif
