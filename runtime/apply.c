/*
 * Applying a record: the one way in which an actor's state changes, live and in replay alike.
 *
 * The entries are decoded from the bytes that go to the log, also when they were staged a moment
 * ago, so that what replay will see is what live saw. A record that cannot be applied means that
 * log and code do not fit: going on would build a state that no replay could reproduce, so the
 * process ends.
 */
#include "base/logger.h"
#include "runtime/shard_internal.h"
#include "wire/codec.h"

#define ANSWER_LIFE_MS (24LL * 3600 * 1000)
#define ANSWERS_EXPIRED_PER_RECORD 2

static struct bytes receiver_key(uint8_t *room, int64_t kind, struct id id, int64_t seq)
{
    address_encode((struct address){.kind = (uint8_t)kind, .id = id}, room);
    put_u64(room + ADDRESS_BYTES, (uint64_t)seq);
    return bytes_of(room, ADDRESS_BYTES + 8);
}

static void apply_send(struct ctx *ctx, const void *body, struct bytes raw)
{
    const struct entry_send *send = body;
    uint8_t room[ADDRESS_BYTES + 8], seq[8];
    (void)raw;
    struct bytes key = receiver_key(room, send->to_kind, send->to_id, send->seq);
    struct buffer value = {0};
    buffer_append_u16(&value, (uint16_t)send->code);
    buffer_append(&value, send->args.data, send->args.len);
    struct bytes bytes = buffer_bytes(&value);
    actor_row_set(ctx->shard, ctx->actor, COLLECTION_OUTBOX, key, &bytes);
    buffer_fini(&value);
    put_u64(seq, (uint64_t)send->seq);
    struct bytes last = bytes_of(seq, sizeof seq);
    actor_row_set(ctx->shard, ctx->actor, COLLECTION_SENT, bytes_of(room, ADDRESS_BYTES), &last);
}

static void apply_outcome(struct ctx *ctx, const void *body, struct bytes raw)
{
    const struct entry_outcome *outcome = body;
    uint8_t room[ADDRESS_BYTES + 8];
    (void)raw;
    struct bytes key = receiver_key(room, outcome->to_kind, outcome->to_id, outcome->seq);
    actor_row_set(ctx->shard, ctx->actor, COLLECTION_OUTBOX, key, NULL);
}

static void apply_receipt(struct ctx *ctx, const void *body, struct bytes raw)
{
    const struct entry_receipt *receipt = body;
    uint8_t room[ADDRESS_BYTES + 8];
    struct bytes key = receiver_key(room, receipt->from_kind, receipt->from_id, 0);
    key.len = ADDRESS_BYTES;
    actor_row_set(ctx->shard, ctx->actor, COLLECTION_RECEIPTS, key, &raw);
}

static void drop_timer(struct ctx *ctx, struct bytes id_key)
{
    struct bytes due;
    if (actor_row_get(ctx->shard, ctx->actor, COLLECTION_TIMERS, id_key, &due) == 0) {
        uint8_t row[12];
        memcpy(row, due.data, 8);
        memcpy(row + 8, id_key.data, 4);
        actor_row_set(ctx->shard, ctx->actor, COLLECTION_TIMER_ROWS, bytes_of(row, 12), NULL);
        actor_row_set(ctx->shard, ctx->actor, COLLECTION_TIMERS, id_key, NULL);
    }
}

static void apply_timer_clear(struct ctx *ctx, const void *body, struct bytes raw)
{
    const struct entry_timer *timer = body;
    uint8_t id[4];
    (void)raw;
    put_u32(id, (uint32_t)timer->timer);
    drop_timer(ctx, bytes_of(id, sizeof id));
}

static void apply_timer_set(struct ctx *ctx, const void *body, struct bytes raw)
{
    const struct entry_timer *timer = body;
    apply_timer_clear(ctx, body, raw);
    uint8_t row[12];
    put_u64(row, (uint64_t)timer->due_at);
    put_u32(row + 8, (uint32_t)timer->timer);
    struct bytes due = bytes_of(row, 8), none = bytes_of(NULL, 0);
    actor_row_set(ctx->shard, ctx->actor, COLLECTION_TIMERS, bytes_of(row + 8, 4), &due);
    actor_row_set(ctx->shard, ctx->actor, COLLECTION_TIMER_ROWS, bytes_of(row, 12), &none);
    timers_add(ctx->shard, (struct timer_item){.due_ms = timer->due_at,
                                               .address = ctx->actor->address,
                                               .id = (uint32_t)timer->timer});
}

/** Whether the key stands for something else since this time. */
static bool renewed_since(struct ctx *ctx, struct bytes key, int64_t at_ms)
{
    struct bytes raw;
    struct entry_answer answer;
    struct field_fault fault;
    return actor_row_get(ctx->shard, ctx->actor, COLLECTION_ANSWERS, key, &raw) == 0 &&
           record_decode(&entry_answer_type, RECORD_AS_ARRAY, raw, ctx->arena, &answer, &fault) ==
               0 &&
           answer.has_at && answer.at != at_ms;
}

static void expire_answer(struct ctx *ctx, struct bytes age)
{
    struct bytes key = bytes_of(age.data + 8, ID_BYTES);
    if (!renewed_since(ctx, key, (int64_t)get_u64(age.data))) {
        actor_row_set(ctx->shard, ctx->actor, COLLECTION_ANSWERS, key, NULL);
    }
    actor_row_set(ctx->shard, ctx->actor, COLLECTION_ANSWER_AGES, age, NULL);
}

struct expired {
    uint8_t keys[ANSWERS_EXPIRED_PER_RECORD][8 + ID_BYTES];
    int64_t before_ms;
    uint32_t count;
};

static bool collect_expired(void *context, struct bytes key, struct bytes value)
{
    struct expired *expired = context;
    (void)value;
    if (key.len != 8 + ID_BYTES || (int64_t)get_u64(key.data) >= expired->before_ms) {
        return false;
    }
    memcpy(expired->keys[expired->count++], key.data, key.len);
    return expired->count < ANSWERS_EXPIRED_PER_RECORD;
}

static void apply_answer(struct ctx *ctx, const void *body, struct bytes raw)
{
    const struct entry_answer *answer = body;
    uint8_t age[8 + ID_BYTES];
    put_u64(age, (uint64_t)ctx->now_ms);
    memcpy(age + 8, answer->key.bytes, ID_BYTES);
    struct bytes none = bytes_of(NULL, 0);
    struct bytes key = bytes_of(answer->key.bytes, ID_BYTES);
    bool stands = answer->has_result || answer->has_seq;
    actor_row_set(ctx->shard, ctx->actor, COLLECTION_ANSWERS, key, stands ? &raw : NULL);
    if (stands) {
        actor_row_set(ctx->shard, ctx->actor, COLLECTION_ANSWER_AGES, bytes_of(age, sizeof age),
                      &none);
    }
    struct expired expired = {.before_ms = ctx->now_ms - ANSWER_LIFE_MS};
    actor_range(ctx->shard, ctx->actor, COLLECTION_ANSWER_AGES, none, none,
                ANSWERS_EXPIRED_PER_RECORD, false, collect_expired, &expired);
    for (uint32_t i = 0; i < expired.count; i++) {
        expire_answer(ctx, bytes_of(expired.keys[i], 8 + ID_BYTES));
    }
}

static void apply_birth(struct ctx *ctx, const void *body, struct bytes raw)
{
    const struct entry_birth *birth = body;
    (void)raw;
    ctx->actor->incarnation = birth->incarnation;
}

static void (*const appliers[ENTRY_TYPE_END])(struct ctx *ctx, const void *body,
                                              struct bytes raw) = {
    [ENTRY_SEND] = apply_send,
    [ENTRY_OUTCOME] = apply_outcome,
    [ENTRY_RECEIPT] = apply_receipt,
    [ENTRY_TIMER_SET] = apply_timer_set,
    [ENTRY_TIMER_CLEAR] = apply_timer_clear,
    [ENTRY_ANSWER] = apply_answer,
    [ENTRY_BIRTH] = apply_birth,
};

static void apply_entry(struct ctx *ctx, const struct entry *entry)
{
    const struct kind *kind = ctx->actor->kind;
    bool is_event = entry->type == ENTRY_EVENT;
    const struct event_type *event = is_event ? entry_event(kind, entry) : NULL;
    CHECK_ALWAYS(!is_event || event != NULL);
    const struct record_type *record = is_event ? event->body : entry_record(entry->type);
    uint64_t room[64];
    void *body = record->size <= sizeof room ? (void *)room : arena_alloc(ctx->arena, record->size);
    struct field_fault fault;
    int error = record_decode(record, RECORD_AS_ARRAY, entry->body, ctx->arena, body, &fault);
    if (error != 0) {
        LOG(ERROR, "an entry of the log cannot be decoded", LOG_PAIR("kind", LOG_TEXT(kind->name)),
            LOG_PAIR("record", LOG_TEXT(record->name)), LOG_PAIR("field", LOG_TEXT(fault.field)),
            LOG_PAIR("reason", LOG_TEXT(fault.reason)));
    }
    CHECK_ALWAYS(error == 0);
    if (is_event) {
        kind->apply(ctx, ctx->actor->root, event, body);
    } else {
        appliers[entry->type](ctx, body, entry->body);
    }
}

void apply_payload(struct ctx *ctx, struct bytes payload)
{
    struct entry entry;
    int error;
    ctx->applying = true;
    while ((error = entry_next(&payload, &entry)) == 0) {
        apply_entry(ctx, &entry);
    }
    CHECK_ALWAYS(error == ERR_END);
    ctx->applying = false;
}
