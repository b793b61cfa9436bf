#include <stdlib.h>
#include <uthash.h>

#include "actors/couple_records.h"
#include "actors/kinds.h"
#include "base/check.h"
#include "runtime/entries.h"
#include "tests/simulation/audit.h"
#include "tests/simulation/trace.h"
#include "wire/codec.h"

/* Tags of the couple's events; they stand in logs for ever. */
enum { TAG_MESSAGE_SENT = 2, TAG_READ_MOVED = 3, TAG_COUPLE_ENDED = 4, TAG_COUPLE_ERASED = 5 };

/** A reliable send; all bytes are compared, so zero it first. */
struct send_key {
    struct address from, to;
    uint64_t seq;
};
struct send {
    UT_hash_handle hh;
    struct send_key key;
    uint32_t sent, taken, answered;
};

struct number_key {
    struct id couple, device;
    int64_t member, no;
};
struct number {
    UT_hash_handle hh;
    struct number_key key;
    int64_t seq, msg;
};

struct couple_tally {
    UT_hash_handle hh;
    struct id couple;
    int64_t seq, msg;
    uint32_t ended, erased, timers_set, timers_gone;
};

struct tally {
    struct send *sends;
    struct number *numbers;
    struct couple_tally *couples;
    struct arena arena;
};

static struct send *send_of(struct tally *tally, struct address from, struct address to,
                            int64_t seq)
{
    struct send_key key;
    struct send *send;
    memset(&key, 0, sizeof key);
    key.from = from;
    key.to = to;
    key.seq = (uint64_t)seq;
    HASH_FIND(hh, tally->sends, &key, sizeof key, send);
    if (send == NULL) {
        send = memory_alloc(sizeof *send);
        send->key = key;
        HASH_ADD(hh, tally->sends, key, sizeof send->key, send);
    }
    return send;
}

static struct couple_tally *couple_of(struct tally *tally, struct id couple)
{
    struct couple_tally *found;
    HASH_FIND(hh, tally->couples, &couple, sizeof couple, found);
    if (found == NULL) {
        found = memory_alloc(sizeof *found);
        found->couple = couple;
        HASH_ADD(hh, tally->couples, couple, sizeof found->couple, found);
    }
    return found;
}

static void decode(struct tally *tally, const struct record_type *type, struct bytes body,
                   void *out)
{
    struct field_fault fault;
    if (record_decode(type, RECORD_AS_ARRAY, body, &tally->arena, out, &fault) != 0) {
        sim_fail("a %s in the log cannot be decoded", type->name);
    }
}

static void once_more(uint32_t *count, const char *what, const struct send *send)
{
    if (++*count > 1) {
        sim_fail("send %llu from %s to %s was %s twice", (unsigned long long)send->key.seq,
                 trace_address(send->key.from), trace_address(send->key.to), what);
    }
}

static void count_send(struct tally *tally, struct address self, const struct entry *entry)
{
    struct entry_send body;
    decode(tally, &entry_send_type, entry->body, &body);
    struct address to = {.kind = (uint8_t)body.to_kind, .id = body.to_id};
    struct send *send = send_of(tally, self, to, body.seq);
    once_more(&send->sent, "made", send);
}

static void count_outcome(struct tally *tally, struct address self, const struct entry *entry)
{
    struct entry_outcome body;
    decode(tally, &entry_outcome_type, entry->body, &body);
    struct address to = {.kind = (uint8_t)body.to_kind, .id = body.to_id};
    struct send *send = send_of(tally, self, to, body.seq);
    once_more(&send->answered, "answered", send);
    if (send->taken == 0) {
        sim_fail("a send from %s was answered before it was taken", trace_address(self));
    }
}

static void count_receipt(struct tally *tally, struct address self, const struct entry *entry)
{
    struct entry_receipt body;
    decode(tally, &entry_receipt_type, entry->body, &body);
    struct address from = {.kind = (uint8_t)body.from_kind, .id = body.from_id};
    struct send *send = send_of(tally, from, self, body.seq);
    once_more(&send->taken, "taken", send);
    if (send->sent == 0) {
        sim_fail("%s took a send that was not in the log", trace_address(self));
    }
}

static void count_message(struct tally *tally, struct address self, struct couple_tally *couple,
                          struct bytes raw)
{
    struct message_sent body;
    struct number_key key;
    struct number *number;
    decode(tally, &message_sent_type, raw, &body);
    if (body.seq != couple->seq + 1 || body.msg != couple->msg + 1) {
        sim_fail("%s: message %lld at %lld after message %lld at %lld", trace_address(self),
                 (long long)body.msg, (long long)body.seq, (long long)couple->msg,
                 (long long)couple->seq);
    }
    couple->seq = body.seq;
    couple->msg = body.msg;
    memset(&key, 0, sizeof key);
    key.couple = self.id;
    key.device = body.device;
    key.member = body.member;
    key.no = body.no;
    HASH_FIND(hh, tally->numbers, &key, sizeof key, number);
    if (number != NULL) {
        sim_fail("%s: number %lld of one device is there twice", trace_address(self),
                 (long long)body.no);
    }
    number = memory_alloc(sizeof *number);
    number->key = key;
    number->seq = body.seq;
    number->msg = body.msg;
    HASH_ADD(hh, tally->numbers, key, sizeof number->key, number);
}

static void count_event(struct tally *tally, struct address self, const struct entry *entry)
{
    if (self.kind != ACTOR_COUPLE) {
        return;
    }
    struct couple_tally *couple = couple_of(tally, self.id);
    struct read_moved read;
    struct couple_ended ended;
    int64_t seq = couple->seq + 1;
    switch (entry->tag) {
    case TAG_MESSAGE_SENT:
        count_message(tally, self, couple, entry->body);
        break;
    case TAG_READ_MOVED:
        decode(tally, &read_moved_type, entry->body, &read);
        couple->seq = read.seq;
        break;
    case TAG_COUPLE_ENDED:
        decode(tally, &couple_ended_type, entry->body, &ended);
        couple->seq = ended.seq;
        couple->ended++;
        break;
    case TAG_COUPLE_ERASED:
        couple->erased++;
        break;
    default:
        break;
    }
    bool in_stream = entry->tag >= TAG_MESSAGE_SENT && entry->tag <= TAG_COUPLE_ENDED;
    if ((in_stream && couple->seq != seq) || couple->ended > 1 || couple->erased > couple->ended) {
        sim_fail("%s: its stream has a gap, or it ended twice", trace_address(self));
    }
}

static void count_timer(struct tally *tally, struct address self, bool set)
{
    if (self.kind == ACTOR_COUPLE) {
        struct couple_tally *couple = couple_of(tally, self.id);
        couple->timers_set += set;
        couple->timers_gone += !set;
        if (couple->timers_gone > couple->timers_set) {
            sim_fail("%s: a timer fired twice", trace_address(self));
        }
    }
}

static void count_record(struct tally *tally, const struct log_record *record)
{
    struct bytes rest = record->payload;
    struct entry entry;
    while (entry_next(&rest, &entry) == 0) {
        switch (entry.type) {
        case ENTRY_EVENT:
            count_event(tally, record->address, &entry);
            break;
        case ENTRY_SEND:
            count_send(tally, record->address, &entry);
            break;
        case ENTRY_OUTCOME:
            count_outcome(tally, record->address, &entry);
            break;
        case ENTRY_RECEIPT:
            count_receipt(tally, record->address, &entry);
            break;
        case ENTRY_TIMER_SET:
        case ENTRY_TIMER_CLEAR:
            count_timer(tally, record->address, entry.type == ENTRY_TIMER_SET);
            break;
        default:
            break;
        }
    }
    arena_reset(&tally->arena);
}

static void check_sends(const struct tally *tally)
{
    for (struct send *send = tally->sends; send != NULL; send = send->hh.next) {
        if (send->taken != 1 || send->answered != 1) {
            sim_fail("send %llu from %s to %s was taken %u times and answered %u times",
                     (unsigned long long)send->key.seq, trace_address(send->key.from),
                     trace_address(send->key.to), send->taken, send->answered);
        }
    }
}

/** Every message that was acknowledged stands in the log under the device's number. */
static void check_acked(const struct tally *tally, const struct ledger *ledger)
{
    for (uint32_t i = 0; i < ledger_acked_count(ledger); i++) {
        const struct acked *acked = ledger_acked_at(ledger, i);
        bool found = false;
        for (struct number *n = tally->numbers; n != NULL && !found; n = n->hh.next) {
            found = id_equal(n->key.device, acked->device) && n->key.no == acked->no &&
                    n->seq == acked->seq && n->msg == acked->msg;
        }
        if (!found) {
            sim_fail("message %lld of a device was acknowledged and is lost", (long long)acked->no);
        }
    }
}

static void tally_free(struct tally *tally)
{
    struct send *send, *next_send;
    struct number *number, *next_number;
    struct couple_tally *couple, *next_couple;
    HASH_ITER (hh, tally->sends, send, next_send) {
        HASH_DEL(tally->sends, send);
        free(send);
    }
    HASH_ITER (hh, tally->numbers, number, next_number) {
        HASH_DEL(tally->numbers, number);
        free(number);
    }
    HASH_ITER (hh, tally->couples, couple, next_couple) {
        HASH_DEL(tally->couples, couple);
        free(couple);
    }
    arena_fini(&tally->arena);
}

void audit_log(const struct machine *machine, const struct ledger *ledger, bool quiet)
{
    struct tally tally = {0};
    struct log_record record;
    struct lsn tail = store_tail(machine->store);
    for (struct lsn at = {1}; at.v <= tail.v; at.v++) {
        if (store_record(machine->store, at, &record)) {
            count_record(&tally, &record);
        }
    }
    if (quiet) {
        check_sends(&tally);
    }
    check_acked(&tally, ledger);
    tally_free(&tally);
}
