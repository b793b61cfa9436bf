#include "bench/ledger.h"

#include <stdlib.h>

#include "base/bytes.h"

#define ENTRIES_MIN 32
#define WORD_BITS 64
#define VIEW_SPAN_MAX (1u << 24) /* a place further off is a server's mistake, not disorder */

enum entry_flags { ENTRY_ACKED = 1, ENTRY_DELIVERED = 2, ENTRY_REFUSED = 4 };

struct ledger_entry {
    uint64_t seq; /* by whichever of response and push came first */
    uint64_t msg;
    int64_t at_us;
    unsigned flags;
};

void tally_add(struct tally *tally, const struct tally *more)
{
    tally->sent += more->sent;
    tally->acked += more->acked;
    tally->delivered += more->delivered;
    tally->refused += more->refused;
    tally->lost += more->lost;
    tally->unanswered += more->unanswered;
    tally->doubled += more->doubled;
    tally->disordered += more->disordered;
    tally->gaps += more->gaps;
    tally->unexpected += more->unexpected;
}

bool tally_is_bad(const struct tally *tally)
{
    return tally->lost != 0 || tally->unanswered != 0 || tally->doubled != 0 ||
           tally->disordered != 0 || tally->gaps != 0 || tally->unexpected != 0;
}

static struct ledger_entry *entry_at(const struct ledger *ledger, uint64_t number)
{
    return &ledger->ring[number & (ledger->capacity - 1)];
}

void ledger_fini(struct ledger *ledger)
{
    free(ledger->ring);
    *ledger = (struct ledger){0};
}

static void ledger_grow(struct ledger *ledger)
{
    struct ledger bigger = *ledger;
    bigger.capacity = ledger->capacity == 0 ? ENTRIES_MIN : ledger->capacity * 2;
    bigger.ring = memory_alloc(bigger.capacity * sizeof *bigger.ring);
    for (uint64_t number = ledger->tail; number < ledger->head; number++) {
        *entry_at(&bigger, number) = *entry_at(ledger, number);
    }
    free(ledger->ring);
    *ledger = bigger;
}

uint64_t ledger_sent(struct ledger *ledger, int64_t at_us, struct tally *tally)
{
    if (ledger->head - ledger->tail == ledger->capacity) {
        ledger_grow(ledger);
    }
    uint64_t number = ledger->head++;
    *entry_at(ledger, number) = (struct ledger_entry){.at_us = at_us};
    tally->sent++;
    return number;
}

int64_t ledger_sent_at(const struct ledger *ledger, uint64_t number)
{
    bool open = number >= ledger->tail && number < ledger->head;
    return open ? entry_at(ledger, number)->at_us : -1;
}

static bool entry_settled(const struct ledger_entry *entry)
{
    return (entry->flags & ENTRY_REFUSED) != 0 || entry->flags == (ENTRY_ACKED | ENTRY_DELIVERED);
}

static void retire(struct ledger *ledger)
{
    while (ledger->tail < ledger->head && entry_settled(entry_at(ledger, ledger->tail))) {
        ledger->tail++;
    }
}

/* Puts `flag` on an entry that does not have it, noting its place; false if that is not so. */
static bool mark(struct ledger *ledger, uint64_t number, unsigned flag, struct tally *tally)
{
    if (number >= ledger->head) {
        tally->unexpected++;
        return false;
    }
    if (number < ledger->tail || (entry_at(ledger, number)->flags & flag) != 0) {
        tally->doubled++;
        return false;
    }
    struct ledger_entry *entry = entry_at(ledger, number);
    if ((entry->flags & ENTRY_REFUSED) != 0 || (flag == ENTRY_REFUSED && entry->flags != 0)) {
        tally->unexpected++;
        return false;
    }
    entry->flags |= flag;
    return true;
}

/* Response and push must agree on where the message stands. */
static void settle_place(struct ledger *ledger, uint64_t number, uint64_t seq, uint64_t msg,
                         struct tally *tally)
{
    struct ledger_entry *entry = entry_at(ledger, number);
    if (entry->flags != (ENTRY_ACKED | ENTRY_DELIVERED)) {
        entry->seq = seq;
        entry->msg = msg;
    } else if (entry->seq != seq || entry->msg != msg) {
        tally->disordered++;
    }
    retire(ledger);
}

void ledger_acked(struct ledger *ledger, uint64_t number, uint64_t seq, uint64_t msg,
                  struct tally *tally)
{
    if (mark(ledger, number, ENTRY_ACKED, tally)) {
        tally->acked++;
        settle_place(ledger, number, seq, msg, tally);
    }
}

void ledger_refused(struct ledger *ledger, uint64_t number, struct tally *tally)
{
    if (mark(ledger, number, ENTRY_REFUSED, tally)) {
        tally->refused++;
        retire(ledger);
    }
}

void ledger_delivered(struct ledger *ledger, uint64_t number, uint64_t seq, uint64_t msg,
                      struct tally *tally)
{
    if (!mark(ledger, number, ENTRY_DELIVERED, tally)) {
        return;
    }
    tally->delivered++;
    if (number < ledger->delivered_below) {
        tally->disordered++;
    } else {
        ledger->delivered_below = number + 1;
    }
    settle_place(ledger, number, seq, msg, tally);
}

bool ledger_unanswered(const struct ledger *ledger, uint64_t number)
{
    bool open = number >= ledger->tail && number < ledger->head;
    return open && (entry_at(ledger, number)->flags & (ENTRY_ACKED | ENTRY_REFUSED)) == 0;
}

uint64_t ledger_open(const struct ledger *ledger)
{
    return ledger->head - ledger->tail;
}

uint64_t ledger_number_of(const struct ledger *ledger, uint32_t low, uint32_t mask)
{
    return ledger->tail + ((low - (uint32_t)ledger->tail) & mask);
}

void ledger_finish(const struct ledger *ledger, struct tally *tally)
{
    for (uint64_t number = ledger->tail; number < ledger->head; number++) {
        unsigned flags = entry_at(ledger, number)->flags;
        tally->lost += flags == ENTRY_ACKED;
        tally->unanswered += (flags & (ENTRY_ACKED | ENTRY_REFUSED)) == 0;
    }
}

void view_init(struct view *view, uint64_t head)
{
    *view = (struct view){.next = head + 1, .end = head + 1, .pushed = head};
}

void view_fini(struct view *view)
{
    free(view->words);
    view->words = NULL;
    view->capacity = 0;
}

static uint64_t *word_of(const struct view *view, uint64_t seq)
{
    return &view->words[(seq & (view->capacity - 1)) / WORD_BITS];
}

static uint64_t bit_of(uint64_t seq)
{
    return (uint64_t)1 << (seq % WORD_BITS);
}

static bool was_seen(const struct view *view, uint64_t seq)
{
    return seq < view->end && (*word_of(view, seq) & bit_of(seq)) != 0;
}

static void view_grow(struct view *view, uint64_t seq)
{
    struct view bigger = *view;
    bigger.capacity = view->capacity == 0 ? WORD_BITS : view->capacity;
    while (seq - view->next >= bigger.capacity) {
        bigger.capacity *= 2;
    }
    bigger.words = memory_alloc(bigger.capacity / 8);
    for (uint64_t at = view->next; at < view->end; at++) {
        if (was_seen(view, at)) {
            *word_of(&bigger, at) |= bit_of(at);
        }
    }
    free(view->words);
    *view = bigger;
}

void view_saw(struct view *view, uint64_t seq, bool pushed, struct tally *tally)
{
    if (pushed) {
        tally->disordered += seq < view->pushed;
        view->pushed = seq;
    }
    if (seq >= view->next && seq - view->next > VIEW_SPAN_MAX) {
        tally->unexpected++;
        return;
    }
    if (seq >= view->next && seq - view->next >= view->capacity) {
        view_grow(view, seq);
    }
    if (seq < view->next || was_seen(view, seq)) {
        tally->doubled++;
        return;
    }
    *word_of(view, seq) |= bit_of(seq);
    view->end = seq >= view->end ? seq + 1 : view->end;
    while (view->next < view->end && was_seen(view, view->next)) {
        *word_of(view, view->next) &= ~bit_of(view->next);
        view->next++;
    }
}

bool view_knows(const struct view *view, uint64_t seq)
{
    return seq < view->next || was_seen(view, seq);
}

uint64_t view_resume(struct view *view)
{
    view->known = view->end;
    view->pushed = view->next - 1;
    return view->next - 1;
}

bool view_passes_over(struct view *view, uint64_t seq)
{
    if (seq >= view->known || seq <= view->pushed || !view_knows(view, seq)) {
        return false;
    }
    view->pushed = seq;
    return true;
}

void view_finish(const struct view *view, struct tally *tally)
{
    for (uint64_t seq = view->next; seq < view->end; seq++) {
        tally->gaps += !was_seen(view, seq);
    }
}
