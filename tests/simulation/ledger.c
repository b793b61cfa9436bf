#include "tests/simulation/ledger.h"

#include <stdlib.h>
#include <uthash.h>

#include "tests/simulation/trace.h"

struct stream {
    UT_hash_handle hh;
    struct id epoch;
    struct stream_fact *facts; /* seq 1 at 0 */
    uint32_t count, cap;
};

struct ledger {
    struct stream *streams;
    struct acked *acked;
    uint32_t acked_count, acked_cap;
    struct id *ended;
    uint32_t ended_count;
};

struct ledger *ledger_create(void)
{
    return memory_alloc(sizeof(struct ledger));
}

void ledger_destroy(struct ledger *ledger)
{
    struct stream *stream, *next;
    HASH_ITER (hh, ledger->streams, stream, next) {
        HASH_DEL(ledger->streams, stream);
        free(stream->facts);
        free(stream);
    }
    free(ledger->acked);
    free(ledger->ended);
    free(ledger);
}

/** FNV-1a. */
uint64_t ledger_hash(struct bytes text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ text.data[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static struct stream *stream_find(const struct ledger *ledger, struct id epoch)
{
    struct stream *stream;
    HASH_FIND(hh, ledger->streams, &epoch, sizeof epoch, stream);
    return stream;
}

static struct stream *stream_get(struct ledger *ledger, struct id epoch, int64_t seq)
{
    struct stream *stream = stream_find(ledger, epoch);
    if (stream == NULL) {
        stream = memory_alloc(sizeof *stream);
        stream->epoch = epoch;
        HASH_ADD(hh, ledger->streams, epoch, sizeof stream->epoch, stream);
    }
    if (seq > stream->cap) {
        uint32_t cap = (uint32_t)seq * 2;
        stream->facts = memory_resize(stream->facts, cap * sizeof *stream->facts);
        memset(stream->facts + stream->cap, 0, (cap - stream->cap) * sizeof *stream->facts);
        stream->cap = cap;
    }
    if (seq > stream->count) {
        stream->count = (uint32_t)seq;
    }
    return stream;
}

void ledger_note(struct ledger *ledger, struct id epoch, int64_t seq,
                 const struct stream_fact *fact, const char *witness)
{
    struct stream *stream = stream_get(ledger, epoch, seq);
    struct stream_fact *known = &stream->facts[seq - 1];
    if (known->what == FACT_NONE) {
        *known = *fact;
        return;
    }
    if (known->what != fact->what || known->msg != fact->msg || !id_equal(known->who, fact->who) ||
        known->text != fact->text || (known->at != 0 && fact->at != 0 && known->at != fact->at)) {
        sim_fail("entry %lld of stream %s: %s has another one (what %d/%d, msg %lld/%lld)",
                 (long long)seq, trace_id(epoch), witness, (int)known->what, (int)fact->what,
                 (long long)known->msg, (long long)fact->msg);
    }
    known->at = known->at != 0 ? known->at : fact->at;
}

void ledger_acked(struct ledger *ledger, struct id user, struct id device, int64_t no,
                  struct id epoch, int64_t seq, int64_t msg)
{
    if (ledger->acked_count == ledger->acked_cap) {
        ledger->acked_cap = ledger->acked_cap == 0 ? 64 : ledger->acked_cap * 2;
        ledger->acked = memory_resize(ledger->acked, ledger->acked_cap * sizeof *ledger->acked);
    }
    ledger->acked[ledger->acked_count++] = (struct acked){
        .user = user, .device = device, .epoch = epoch, .no = no, .seq = seq, .msg = msg};
}

void ledger_ended(struct ledger *ledger, struct id couple)
{
    if (!ledger_is_ended(ledger, couple)) {
        ledger->ended =
            memory_resize(ledger->ended, (ledger->ended_count + 1) * sizeof *ledger->ended);
        ledger->ended[ledger->ended_count++] = couple;
    }
}

bool ledger_is_ended(const struct ledger *ledger, struct id couple)
{
    for (uint32_t i = 0; i < ledger->ended_count; i++) {
        if (id_equal(ledger->ended[i], couple)) {
            return true;
        }
    }
    return false;
}

const struct stream_fact *ledger_fact(const struct ledger *ledger, struct id epoch, int64_t seq)
{
    const struct stream *stream = stream_find(ledger, epoch);
    bool known = stream != NULL && seq >= 1 && seq <= stream->count &&
                 stream->facts[seq - 1].what != FACT_NONE;
    return known ? &stream->facts[seq - 1] : NULL;
}

uint32_t ledger_acked_count(const struct ledger *ledger)
{
    return ledger->acked_count;
}

const struct acked *ledger_acked_at(const struct ledger *ledger, uint32_t index)
{
    return &ledger->acked[index];
}

int64_t ledger_highest(const struct ledger *ledger, struct id epoch)
{
    const struct stream *stream = stream_find(ledger, epoch);
    return stream == NULL ? 0 : stream->count;
}

void ledger_streams(const struct ledger *ledger, void (*visit)(void *context, struct id epoch),
                    void *context)
{
    for (struct stream *s = ledger->streams; s != NULL; s = s->hh.next) {
        visit(context, s->epoch);
    }
}
