/**
 * What must be true of a couple's chat after any crash, as pure bookkeeping.
 *
 * A message has a place: its seq in the stream and its msg in the history. An answer, the partner's
 * push and the history all tell it, and have to agree, before and after crashes. Whatever told it
 * came out of the server, so from then on the message must be in the history. A message that no one
 * was told of may be there or not, but once, and each sender's messages in the order of sending.
 *
 * A view is one device's account of the stream: its own answers and the pushes together have to
 * fill it without a gap, each place once.
 */
#ifndef TESTS_INTEGRATION_SUPPORT_CRASH_LEDGER_H
#define TESTS_INTEGRATION_SUPPORT_CRASH_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Errors are described on standard error, the first few of each kind. */
struct crash_tally {
    uint64_t acked;
    uint64_t in_flight;
    uint64_t mid_pairing;
    uint64_t lost;
    uint64_t doubled;
    uint64_t disordered;
    uint64_t half_couples;
    uint64_t others; /* whatever else should not have been: refusals, closed connections */
};

/** Adds one to a count of the tally, after saying what is wrong. */
__attribute__((format(printf, 2, 3))) void crash_wrong(uint64_t *count, const char *format, ...);

/** Off where a test provokes what is wrong: then nothing is said, only counted. */
void crash_wrong_show(bool on);

bool crash_tally_is_bad(const struct crash_tally *tally);

struct said {
    int64_t seq; /* 0: nobody was told */
    int64_t msg;
    bool acked;
    bool found; /* in the history that is being read */
};

/** Both members' messages; number n of a member is said[member][n - 1]. */
struct crash_ledger {
    int couple; /* for messages */
    struct said *said[2];
    int64_t count[2];
    int64_t found_last[2]; /* the history read so far: each member's last number */
    int64_t found_msg;     /* and its end */
    struct crash_tally *tally;
};
void crash_ledger_fini(struct crash_ledger *ledger);

/** Opens an account for the member's next message and returns its number. */
int64_t crash_ledger_say(struct crash_ledger *ledger, int member);

/** The text of a message, ended with a NUL; its length varies. Tells couple, member and number. */
#define CRASH_TEXT_MAX 400
void crash_ledger_text(const struct crash_ledger *ledger, int member, int64_t no,
                       char out[CRASH_TEXT_MAX]);
/** The number in a text of this couple's member; 0 if it is none. */
int64_t crash_ledger_number(const struct crash_ledger *ledger, int member, const uint8_t *text,
                            size_t len);

void crash_ledger_acked(struct crash_ledger *ledger, int member, int64_t no, int64_t seq,
                        int64_t msg);
void crash_ledger_pushed(struct crash_ledger *ledger, int member, int64_t no, int64_t seq,
                         int64_t msg);

/** One row of the history, in order. `no` 0: a text that nobody sent. */
void crash_ledger_found(struct crash_ledger *ledger, int member, int64_t no, int64_t seq,
                        int64_t msg);
/** The history was read to its end: everything told must be in it. */
void crash_ledger_found_all(struct crash_ledger *ledger);
/** The next history begins at its first message again. */
void crash_ledger_find_again(struct crash_ledger *ledger);

struct crash_view {
    uint8_t *seen;
    int64_t capacity;
    int64_t low;    /* everything up to here was seen: the cursor for a resume */
    int64_t high;   /* highest place seen */
    int64_t pushed; /* place of the last push of this connection */
};
void crash_view_fini(struct crash_view *view);
void crash_view_saw(struct crash_view *view, int64_t seq, bool pushed, struct crash_tally *tally);
/** A new connection resumes after `low`: what was seen beyond comes again. */
void crash_view_resume(struct crash_view *view);

#endif
