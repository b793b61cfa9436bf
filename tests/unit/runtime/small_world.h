/**
 * One shard of toy actors in a world of a few lines: commits happen when a test says so, what is
 * meant for other shards is caught, state is a sorted array.
 */
#ifndef TESTS_UNIT_RUNTIME_SMALL_WORLD_H
#define TESTS_UNIT_RUNTIME_SMALL_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/check.h"
#include "runtime/shard_internal.h"

#define TOY_KIND 77

struct small_row {
    enum state_table table;
    struct buffer key, value;
};

struct small_world {
    struct world world;
    struct shard *shard;
    int64_t now_ms;
    uint64_t random;
    struct buffer appended; /* not durable yet */
    uint64_t first, count;  /* shard's numbers in it */
    uint64_t tail;
    struct buffer log; /* durable */
    struct small_row *rows;
    uint32_t row_count;
    struct message_list caught; /* for other shards */
    bool full;
    struct reply last; /* its result stays in `last_result` */
    struct buffer last_result;
    uint32_t replies;
};

/* --- state ---------------------------------------------------------------------------------- */

static inline int small_compare(const struct small_row *row, enum state_table table,
                                struct bytes key)
{
    return row->table != table ? (row->table < table ? -1 : 1)
                               : bytes_compare(buffer_bytes(&row->key), key);
}

/** Index of the first row at or after the key. */
static inline uint32_t small_seek(const struct small_world *small, enum state_table table,
                                  struct bytes key)
{
    uint32_t at = 0;
    while (at < small->row_count && small_compare(&small->rows[at], table, key) < 0) {
        at++;
    }
    return at;
}

static inline void small_remove(struct small_world *small, uint32_t at)
{
    buffer_fini(&small->rows[at].key);
    buffer_fini(&small->rows[at].value);
    small->row_count--;
    memmove(&small->rows[at], &small->rows[at + 1], (small->row_count - at) * sizeof *small->rows);
}

static inline void small_change(struct small_world *small, const struct state_change *change)
{
    uint32_t at = small_seek(small, change->table, change->key);
    bool prefix = change->action == STATE_DELETE_PREFIX;
    while (at < small->row_count && small->rows[at].table == change->table &&
           small->rows[at].key.len >= change->key.len &&
           (prefix || small->rows[at].key.len == change->key.len) &&
           memcmp(small->rows[at].key.data, change->key.data, change->key.len) == 0) {
        small_remove(small, at);
    }
    if (change->action == STATE_PUT) {
        small->rows = memory_resize(small->rows, (small->row_count + 1) * sizeof *small->rows);
        memmove(&small->rows[at + 1], &small->rows[at],
                (small->row_count - at) * sizeof *small->rows);
        small->rows[at] = (struct small_row){.table = change->table};
        buffer_append(&small->rows[at].key, change->key.data, change->key.len);
        if (change->value.len != 0) {
            buffer_append(&small->rows[at].value, change->value.data, change->value.len);
        }
        small->row_count++;
    }
}

static inline int small_get(void *self, uint16_t shard, enum state_table table, struct bytes key,
                            struct bytes *value)
{
    struct small_world *small = self;
    (void)shard;
    uint32_t at = small_seek(small, table, key);
    if (at == small->row_count || small_compare(&small->rows[at], table, key) != 0) {
        return ERR_NOT_FOUND;
    }
    *value = buffer_bytes(&small->rows[at].value);
    return 0;
}

static inline int small_scan(void *self, uint16_t shard, enum state_table table, struct bytes from,
                             struct bytes to, bool reverse, state_visitor *visit, void *context)
{
    struct small_world *small = self;
    (void)shard;
    uint32_t first = small_seek(small, table, from), end = first;
    while (end < small->row_count && small->rows[end].table == table &&
           (to.len == 0 || bytes_compare(buffer_bytes(&small->rows[end].key), to) < 0)) {
        end++;
    }
    for (uint32_t i = first; i < end; i++) {
        const struct small_row *row = &small->rows[reverse ? end - 1 - (i - first) : i];
        if (!visit(context, buffer_bytes(&row->key), buffer_bytes(&row->value))) {
            break;
        }
    }
    return 0;
}

/* --- the rest of the seam --------------------------------------------------------------------- */

static inline int64_t small_now_ms(void *self)
{
    return ((struct small_world *)self)->now_ms;
}

static inline void small_random(void *self, void *out, size_t len)
{
    struct small_world *small = self;
    for (size_t i = 0; i < len; i++) {
        small->random = small->random * UINT64_C(6364136223846793005) + 1442695040888963407u;
        ((uint8_t *)out)[i] = (uint8_t)(small->random >> 56);
    }
}

static inline void small_post(void *self, uint16_t from, uint16_t to, struct message_list *messages)
{
    (void)from;
    (void)to;
    message_list_splice(&((struct small_world *)self)->caught, messages);
}

static inline void small_tick_at(void *self, uint16_t shard, int64_t due_ms)
{
    (void)self;
    (void)shard;
    (void)due_ms;
}

static inline bool small_job(void *self, uint16_t shard, struct job_request *request)
{
    (void)self;
    (void)shard;
    (void)request;
    return false;
}

static inline void small_append(void *self, uint16_t shard, struct buffer *records, uint64_t first,
                                uint64_t count)
{
    struct small_world *small = self;
    (void)shard;
    small->first = small->count == 0 ? first : small->first;
    small->count += count;
    buffer_append(&small->appended, records->data, records->len);
    buffer_fini(records);
    *records = (struct buffer){0};
}

static inline bool small_has_room(void *self)
{
    return !((struct small_world *)self)->full;
}

static inline uint64_t small_log_to_replay(void *self)
{
    (void)self;
    return 0;
}

static inline void small_refresh(void *self, uint16_t shard)
{
    (void)self;
    (void)shard;
}

static inline void small_flush(void *self, uint16_t shard, struct flush *flush)
{
    struct small_world *small = self;
    (void)shard;
    for (size_t i = 0; i < flush->change_count; i++) {
        small_change(small, &flush->changes[i]);
    }
    message_list_push(&small->caught, &flush->message);
}

static inline void small_reply(void *self, const struct reply *reply)
{
    struct small_world *small = self;
    small->last = *reply;
    small->replies++;
    buffer_clear(&small->last_result);
    if (reply->result.len != 0) {
        buffer_append(&small->last_result, reply->result.data, reply->result.len);
    }
}

/* --- what tests say -----------------------------------------------------------------------------
 */

static inline void small_turn(struct small_world *small)
{
    shard_turn_end(small->shard);
}

/** Everything appended becomes durable, and the shard hears of it. */
static inline void small_commit(struct small_world *small)
{
    small_turn(small);
    if (small->count == 0) {
        return;
    }
    struct message_list list = {0};
    struct durable *durable = memory_alloc(sizeof *durable);
    durable->message.type = MESSAGE_DURABLE;
    durable->first = small->first;
    durable->last = small->first + small->count - 1;
    durable->lsn.v = small->tail + 1;
    small->tail += small->count + 1;
    durable->tail.v = small->tail;
    buffer_append(&small->log, small->appended.data, small->appended.len);
    buffer_clear(&small->appended);
    small->count = 0;
    message_list_push(&list, &durable->message);
    shard_receive(small->shard, &list);
    small_turn(small);
}

/** Hands everything dirty to the state and takes the answer in. */
static inline void small_flush_all(struct small_world *small)
{
    while (!shard_flush_all(small->shard)) {
        struct message_list flushed = {0};
        message_list_splice(&flushed, &small->caught);
        assert_non_null(flushed.head);
        shard_deliver(small->shard, &flushed);
    }
}

/** The next message for another shard; the caller destroys it. NULL: none. */
static inline struct message *small_caught(struct small_world *small)
{
    return message_list_pop(&small->caught);
}

static inline void small_start(struct small_world *small, const struct kind *const *kinds,
                               uint32_t kind_count, uint16_t shards)
{
    struct shard_config config = {
        .index = 0, .count = shards, .kinds = kinds, .kind_count = kind_count};
    small->world = (struct world){.self = small,
                                  .now_ms = small_now_ms,
                                  .random = small_random,
                                  .post = small_post,
                                  .tick_at = small_tick_at,
                                  .job = small_job,
                                  .append = small_append,
                                  .has_room = small_has_room,
                                  .log_to_replay = small_log_to_replay,
                                  .state_get = small_get,
                                  .state_scan = small_scan,
                                  .state_refresh = small_refresh,
                                  .flush = small_flush};
    small->now_ms = small->now_ms == 0 ? 1767225600000 : small->now_ms;
    small->shard = shard_create(&config, &small->world);
    shard_set_edge(small->shard, &(struct shard_edge){.self = small, .reply = small_reply});
}

static inline void small_power_cut(struct small_world *small)
{
    struct message *message;
    shard_destroy(small->shard);
    buffer_clear(&small->appended);
    small->count = 0;
    while ((message = small_caught(small)) != NULL) {
        message_destroy(message);
    }
}

/** Every durable record into the shard that has just been started. */
static inline void small_replay(struct small_world *small)
{
    struct bytes rest = buffer_bytes(&small->log);
    struct log_record record;
    uint64_t lsn = 0;
    while (rest.len != 0) {
        size_t len = get_u32(rest.data);
        assert_int_equal(log_record_decode(bytes_of(rest.data + 4, len), &record), 0);
        record.lsn.v = ++lsn;
        assert_int_equal(shard_replay(small->shard, &record), 0);
        rest = bytes_of(rest.data + 4 + len, rest.len - 4 - len);
    }
    small->tail = lsn;
}

static inline void small_fini(struct small_world *small)
{
    small_power_cut(small);
    while (small->row_count != 0) {
        small_remove(small, small->row_count - 1);
    }
    free(small->rows);
    buffer_fini(&small->appended);
    buffer_fini(&small->log);
    buffer_fini(&small->last_result);
}

#endif
