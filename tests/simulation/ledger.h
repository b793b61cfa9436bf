/**
 * What was promised to devices in a run: every entry of every stream that any of them has seen or
 * was acknowledged. Two that differ, at once or at the end, are a broken promise.
 */
#ifndef TESTS_SIMULATION_LEDGER_H
#define TESTS_SIMULATION_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ids.h"

enum fact_kind {
    FACT_NONE,
    FACT_MESSAGE,
    FACT_READ,
    FACT_COUPLE_ENDED,
    FACT_MATCHED,
    FACT_USER_ENDED,
    FACT_WAITING
};

/** One entry of a stream; at 0: not known. */
struct stream_fact {
    enum fact_kind what;
    int64_t msg;   /* of a message, or read up to */
    struct id who; /* who sent, read or left, or the partner */
    uint64_t text; /* hash */
    int64_t at;
};

struct ledger;
struct ledger *ledger_create(void);
void ledger_destroy(struct ledger *ledger);

uint64_t ledger_hash(struct bytes text);
/** Fails the run when it is known to be something else. `who` says where it comes from. */
void ledger_note(struct ledger *ledger, struct id epoch, int64_t seq,
                 const struct stream_fact *fact, const char *witness);
/** This device was told that its message `no` stands there. */
void ledger_acked(struct ledger *ledger, struct id user, struct id device, int64_t no,
                  struct id epoch, int64_t seq, int64_t msg);
/** Somebody was told that this couple is no more. */
void ledger_ended(struct ledger *ledger, struct id couple);
bool ledger_is_ended(const struct ledger *ledger, struct id couple);

/** … or NULL. */
const struct stream_fact *ledger_fact(const struct ledger *ledger, struct id epoch, int64_t seq);

struct acked {
    struct id user, device, epoch;
    int64_t no, seq, msg;
};
uint32_t ledger_acked_count(const struct ledger *ledger);
const struct acked *ledger_acked_at(const struct ledger *ledger, uint32_t index);

/** Highest seq that anyone has seen of a stream; 0: none. */
int64_t ledger_highest(const struct ledger *ledger, struct id epoch);
/** Calls for every stream that anyone has seen. */
void ledger_streams(const struct ledger *ledger, void (*visit)(void *context, struct id epoch),
                    void *context);

#endif
