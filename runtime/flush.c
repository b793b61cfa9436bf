/*
 * Writing state behind the log.
 *
 * Dirty actors wait in the order of their oldest unflushed record, so that flushing from the front
 * moves the checkpoint. A flush freezes a run of them: their layer becomes immutable, new changes
 * go to a second one. It is handed to the state writer when every frozen record is durable (state
 * never overtakes the log), is committed whole, and carries each actor's applied LSN. Waiting pays:
 * what many records changed in an actor is written once.
 */
#include <stdlib.h>

#include "runtime/shard_internal.h"
#include "wire/codec.h"

#define FLUSH_ACTORS_MAX 1024
#define SLICE_ACTORS_MAX 200 /* a commit of the log waits for one of the state on the device */
#define FLUSHES_PER_TURN 100 /* spread: actors that woke together do not flush together */
#define FLUSH_BYTES_MAX (8u << 20)
#define QUIET_REPORT_MS 2000 /* how often an idle shard lets the checkpoint move */

static size_t freeze(struct shard *shard, struct actor *actor)
{
    TAILQ_REMOVE(&shard->dirty, actor, dirty);
    actor->in_dirty = false;
    shard->dirty_count--;
    actor->frozen = actor->current;
    actor->current = NULL;
    actor->frozen_number = actor->last_number;
    bool durable = actor->last_number <= shard->durable_number;
    actor->frozen_lsn = durable ? actor->durable_lsn : (struct lsn){0};
    buffer_clear(&actor->frozen_root);
    buffer_append_u16(&actor->frozen_root, actor->kind->state_version);
    buffer_append(&actor->frozen_root, actor->incarnation.bytes, ID_BYTES);
    record_encode(actor->kind->root, RECORD_AS_ARRAY, actor->root, &actor->frozen_root);
    if (actor->last_number > shard->flush_number) {
        shard->flush_number = actor->last_number;
    }
    return actor->frozen->bytes;
}

static void flush_freeze(struct shard *shard, uint32_t actors_max)
{
    struct flush *flush = memory_alloc(sizeof *flush);
    flush->message.type = MESSAGE_FLUSHED;
    flush->message.to_shard = shard->config.index;
    flush->actors = memory_alloc(FLUSH_ACTORS_MAX * sizeof *flush->actors);
    shard->flush = flush;
    shard->flush_submitted = false;
    shard->flush_started_ms = shard->now_ms;
    shard->flush_started = shard->tail;
    shard->flush_number = 0;
    size_t bytes = 0;
    struct actor *actor;
    while ((actor = TAILQ_FIRST(&shard->dirty)) != NULL && flush->actor_count < actors_max &&
           bytes < FLUSH_BYTES_MAX) {
        bytes += freeze(shard, actor);
        flush->actors[flush->actor_count++] = actor;
    }
}

/* --- from frozen layers to changes --- */

static struct state_change *change_add(struct flush *flush, enum state_table table)
{
    if ((flush->change_count & (flush->change_count - 1)) == 0) { /* 0 or a power of two: full */
        size_t cap = flush->change_count == 0 ? 1 : flush->change_count * 2;
        flush->changes = memory_resize(flush->changes, cap * sizeof *flush->changes);
    }
    struct state_change *change = &flush->changes[flush->change_count++];
    *change = (struct state_change){.table = table, .action = STATE_PUT};
    return change;
}

static void change_root(struct flush *flush, const struct actor *actor)
{
    CHECK_ALWAYS(actor->frozen_lsn.v != 0);
    uint8_t *key = arena_alloc(&flush->arena, ADDRESS_BYTES + 1);
    address_encode(actor->address, key);
    key[ADDRESS_BYTES] = COLLECTION_ROOT;
    uint8_t *value = arena_alloc(&flush->arena, 8 + actor->frozen_root.len);
    put_u64(value, actor->frozen_lsn.v);
    memcpy(value + 8, actor->frozen_root.data, actor->frozen_root.len);
    struct state_change *change = change_add(flush, STATE_ROWS);
    change->key = bytes_of(key, ADDRESS_BYTES + 1);
    change->value = bytes_of(value, 8 + actor->frozen_root.len);
}

static void change_cleared(struct flush *flush, const struct actor *actor, uint8_t table)
{
    uint8_t *key = arena_alloc(&flush->arena, ADDRESS_BYTES + 1);
    address_encode(actor->address, key);
    key[ADDRESS_BYTES] = table;
    struct state_change *change = change_add(flush, STATE_ROWS);
    change->action = STATE_DELETE_PREFIX;
    change->key = bytes_of(key, ADDRESS_BYTES + 1);
}

/** Rows of the shared tables: their key begins with the partition, so that a shard can scan. */
static void change_shared(struct flush *flush, const struct actor *actor,
                          const struct overlay_row *row, enum state_table table)
{
    struct bytes key = overlay_row_key(row);
    size_t len = 1 + ADDRESS_BYTES + key.len - 1;
    uint8_t *out = arena_alloc(&flush->arena, len);
    out[0] = actor->partition;
    if (table == STATE_TIMERS) { /* due ∥ address ∥ id */
        memcpy(out + 1, key.data + 1, 8);
        address_encode(actor->address, out + 9);
        memcpy(out + 9 + ADDRESS_BYTES, key.data + 9, 4);
    } else { /* sender ∥ receiver ∥ seq */
        address_encode(actor->address, out + 1);
        memcpy(out + 1 + ADDRESS_BYTES, key.data + 1, key.len - 1);
    }
    struct state_change *change = change_add(flush, table);
    change->action = row->removed ? STATE_DELETE : STATE_PUT;
    change->key = bytes_of(out, len);
}

static void change_row(struct flush *flush, const struct actor *actor,
                       const struct overlay_row *row, uint8_t table)
{
    if (table == COLLECTION_TIMER_ROWS) {
        change_shared(flush, actor, row, STATE_TIMERS);
        return;
    }
    if (table == COLLECTION_OUTBOX) {
        change_shared(flush, actor, row, STATE_OUTBOX);
    }
    struct state_change *change = change_add(flush, STATE_ROWS);
    change->action = row->removed ? STATE_DELETE : STATE_PUT;
    change->key = overlay_row_stored_key(row);
    change->value = overlay_row_value(row);
}

/** In the order of their keys, so that the writer goes through the tree from left to right. */
static void change_rows(struct flush *flush, const struct actor *actor)
{
    for (uint32_t i = 0; i < actor->frozen->table_count; i++) {
        const struct overlay_table *table = &actor->frozen->tables[i];
        if (table->cleared) {
            change_cleared(flush, actor, table->collection);
        }
        for (uint32_t k = 0; k < table->count; k++) {
            change_row(flush, actor, table->rows[k], table->collection);
        }
    }
}

/** Once what is dirty now is all that is left, which records are needed no more? */
static struct lsn low_now(const struct shard *shard)
{
    const struct actor *oldest = TAILQ_FIRST(&shard->dirty);
    if (oldest != NULL && oldest->first_dirty_lsn.v != 0) {
        return (struct lsn){oldest->first_dirty_lsn.v - 1};
    }
    return shard->tail; /* what is not durable yet comes after it */
}

void flush_durable(struct shard *shard)
{
    struct flush *flush = shard->flush;
    if (flush == NULL || shard->flush_submitted || shard->durable_number < shard->flush_number) {
        return;
    }
    for (uint32_t i = 0; i < flush->actor_count; i++) {
        change_root(flush, flush->actors[i]);
        change_rows(flush, flush->actors[i]);
    }
    flush->low = low_now(shard);
    shard->reported_low = flush->low;
    shard->low_reported_ms = shard->now_ms;
    shard->flush_submitted = true;
    shard->stats.flushes++;
    shard->stats.flushed_actors += flush->actor_count;
    shard->world->flush(shard->world->self, shard->config.index, flush);
}

void flush_done(struct shard *shard, struct flush *flush)
{
    CHECK_ALWAYS(flush == shard->flush);
    shard->world->state_refresh(shard->world->self, shard->config.index);
    for (uint32_t i = 0; i < flush->actor_count; i++) {
        struct actor *actor = flush->actors[i];
        shard->overlay_bytes -= actor->frozen->bytes;
        overlay_destroy(actor->frozen);
        actor->frozen = NULL;
        if (!shard->started && actor->current == NULL) {
            actor_destroy(shard, actor); /* replay goes on in bounded memory */
        }
    }
    shard->flush = NULL;
    message_destroy(&flush->message);
    flush_consider(shard);
}

/** An actor's oldest record may be so far behind the log's end before it is flushed. */
static uint64_t flush_records(const struct shard *shard)
{
    uint64_t records = shard->config.replay_max / 4;
    return records != 0 ? records : 1;
}

/**
 * How long something has waited, in thousandths of how long it may: by the clock and by the log,
 * whichever says more. A quiet server waits for the clock, a busy one for the log.
 */
static uint64_t waited(const struct shard *shard, int64_t since_ms, struct lsn since)
{
    uint64_t ms =
        (uint64_t)(shard->now_ms - since_ms) * 1000 / (uint64_t)shard->config.flush_age_ms;
    bool known = since.v != 0 && since.v <= shard->tail.v;
    uint64_t records = known ? (shard->tail.v - since.v) * 1000 / flush_records(shard) : 0;
    return ms > records ? ms : records;
}

/** How many actors to flush now; 0: not yet. Without any dirty, 1 lets the checkpoint move on. */
static uint32_t due_now(const struct shard *shard)
{
    const struct actor *oldest = TAILQ_FIRST(&shard->dirty);
    uint64_t replay_max = shard->config.replay_max, bytes_max = shard->config.overlay_bytes_max;
    bool hurry = shard->world->log_to_replay(shard->world->self) > replay_max - replay_max / 4 ||
                 shard->overlay_bytes > bytes_max - bytes_max / 4;
    if (oldest == NULL) {
        bool behind = shard->reported_low.v < shard->tail.v;
        return behind && (hurry || shard->now_ms - shard->low_reported_ms >= QUIET_REPORT_MS);
    }
    uint64_t oldest_waited = waited(shard, oldest->dirty_since_ms, oldest->first_dirty_lsn);
    if (hurry || oldest_waited >= 2000) {
        return FLUSH_ACTORS_MAX;
    }
    if (oldest_waited < 1000 ||
        waited(shard, shard->flush_started_ms, shard->flush_started) < 1000 / FLUSHES_PER_TURN) {
        return 0;
    }
    uint32_t slice = shard->dirty_count / FLUSHES_PER_TURN + 1;
    return slice < SLICE_ACTORS_MAX ? slice : SLICE_ACTORS_MAX;
}

void flush_consider(struct shard *shard)
{
    if (shard->flush != NULL || !shard->started) {
        return;
    }
    uint32_t actors = due_now(shard);
    if (actors != 0) {
        flush_freeze(shard, actors);
        flush_durable(shard);
    }
}

bool shard_replay_flush(struct shard *shard)
{
    uint64_t bound = shard->config.overlay_bytes_max;
    const struct actor *oldest = TAILQ_FIRST(&shard->dirty);
    bool due =
        shard->overlay_bytes > bound / 2 ||
        (oldest != NULL && shard->tail.v - oldest->first_dirty_lsn.v > shard->config.replay_max);
    if (shard->flush == NULL && due) {
        flush_freeze(shard, FLUSH_ACTORS_MAX);
        flush_durable(shard);
    }
    return shard->overlay_bytes > bound;
}

bool shard_flushing(const struct shard *shard)
{
    return shard->flush != NULL;
}

bool flush_all(struct shard *shard)
{
    if (shard->flush == NULL && !TAILQ_EMPTY(&shard->dirty)) {
        flush_freeze(shard, FLUSH_ACTORS_MAX);
    }
    flush_durable(shard);
    return shard->flush == NULL && TAILQ_EMPTY(&shard->dirty);
}
