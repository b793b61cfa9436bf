/**
 * Accounts for every message of a chat: who may still expect what, and what went wrong.
 *
 * A ledger belongs to a sender and follows each of its messages, numbered from 0, until it is both
 * acknowledged and delivered; the two may come in either order. A view belongs to a receiver and
 * follows the couple's stream as its session sees it: its own responses and the pushes together
 * must fill the stream without a gap, and pushes must come in the order of the stream.
 * Pure bookkeeping, one thread.
 */
#ifndef BENCH_LEDGER_H
#define BENCH_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** All but the first three must be 0 in a good run, `refused` (BUSY and so on) excepted. */
struct tally {
    uint64_t sent;
    uint64_t acked;
    uint64_t delivered;
    uint64_t refused;    /* answered by an error; never resent */
    uint64_t lost;       /* acknowledged, never delivered */
    uint64_t unanswered; /* neither acknowledged nor refused */
    uint64_t doubled;    /* delivered, acknowledged or seen in the stream twice */
    uint64_t disordered; /* later than its successor, or response and push disagree on its place */
    uint64_t gaps;       /* places of the stream never seen, with later ones seen */
    uint64_t unexpected; /* never sent, or refused and yet delivered */
};

/** Adds each count of `more`. */
void tally_add(struct tally *tally, const struct tally *more);
/** Whether anything in it is wrong. */
bool tally_is_bad(const struct tally *tally);

struct ledger_entry;
struct ledger {
    struct ledger_entry *ring;
    uint64_t capacity;        /* a power of two, or 0 */
    uint64_t tail;            /* all below are settled */
    uint64_t head;            /* the next message's number */
    uint64_t delivered_below; /* one above the highest number delivered */
};

/** Zero-initialised is empty. */
void ledger_fini(struct ledger *ledger);
/** Opens an entry for a message sent at `at_us` and returns its number. */
uint64_t ledger_sent(struct ledger *ledger, int64_t at_us, struct tally *tally);
/** When an open message was sent; -1 if it is not open. */
int64_t ledger_sent_at(const struct ledger *ledger, uint64_t number);
void ledger_acked(struct ledger *ledger, uint64_t number, uint64_t seq, uint64_t msg,
                  struct tally *tally);
void ledger_refused(struct ledger *ledger, uint64_t number, struct tally *tally);
void ledger_delivered(struct ledger *ledger, uint64_t number, uint64_t seq, uint64_t msg,
                      struct tally *tally);
/** Whether a message is open and has neither an answer nor a refusal: it may be sent again. */
bool ledger_unanswered(const struct ledger *ledger, uint64_t number);
/** Messages that are not settled. */
uint64_t ledger_open(const struct ledger *ledger);
/** The full number for the low bits of one, those in `mask`, as an answer carries them. */
uint64_t ledger_number_of(const struct ledger *ledger, uint32_t low, uint32_t mask);
/** Nothing more will come: counts what is missing. */
void ledger_finish(const struct ledger *ledger, struct tally *tally);

struct view {
    uint64_t *words;   /* a ring of bits: which places above `next` were seen */
    uint64_t capacity; /* in bits, a power of two >= 64, or 0 */
    uint64_t next;     /* the lowest place not seen */
    uint64_t end;      /* one above the highest place seen */
    uint64_t pushed;   /* the last push's place */
    uint64_t known;    /* places below may come again, in the replay after a reconnect */
};

/** A view whose stream begins after `head`. */
void view_init(struct view *view, uint64_t head);
void view_fini(struct view *view);
/** Place `seq` was seen, in a push or in an own response. */
void view_saw(struct view *view, uint64_t seq, bool pushed, struct tally *tally);
/** Whether this place was counted before. */
bool view_knows(const struct view *view, uint64_t seq);
/**
 * A new connection goes on behind the last place up to which nothing is missing, which it returns.
 * Places beyond that were seen already come again then, once each.
 */
uint64_t view_resume(struct view *view);
/** True for a push of a place that was seen before the reconnect: not to be counted again. */
bool view_passes_over(struct view *view, uint64_t seq);
void view_finish(const struct view *view, struct tally *tally);

#endif
