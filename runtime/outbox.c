/*
 * Reliable sends between actors: exactly once, in order per (sender, incarnation, receiver).
 *
 * The send is an entry of the sender's record and a row of its outbox. When that record is durable
 * the command goes to the receiver, one at a time per pair. The receiver takes only last + 1, and
 * its own record says so, with the outcome; when that is durable the acknowledgement goes back, and
 * the sender's next record removes the row and says what followed. Whatever a crash cuts off is
 * sent again from the outbox rows; a receiver that has taken it already answers from its receipt.
 *
 * A passing refusal (mailbox full, disk full) leaves no receipt and is tried again after a while.
 */
#include <stdlib.h>

#include "runtime/shard_internal.h"
#include "wire/codec.h"

#define RETRY_TICKS 5        /* of 20 ms */
#define RETRY_TICKS_SPREAD 4 /* and up to so many more */

struct pair_key {
    struct address sender, receiver;
};
struct outbox_pair {
    UT_hash_handle hh;
    struct pair_key key;
    struct message_list sends; /* effect_send; the head is under way */
    uint32_t retry_ticks;      /* to go; 0: not waiting. Not a time: the clock may be set back */
};

static struct outbox_pair *pair_find(struct shard *shard, struct address sender,
                                     struct address receiver)
{
    struct pair_key key = {.sender = sender, .receiver = receiver};
    struct outbox_pair *pair;
    HASH_FIND(hh, shard->outbox, &key, sizeof key, pair);
    return pair;
}

static void deliver(struct shard *shard, const struct effect_send *send)
{
    const struct kind *kind = shard->kinds[send->to.kind];
    const struct command_type *type = kind == NULL ? NULL : kind_command(kind, send->code);
    CHECK_ALWAYS(type != NULL);
    struct command *command = command_create(type, send->to);
    const uint8_t *args = arena_copy(&command->arena, send->args.data, send->args.len);
    struct field_fault fault;
    int error = record_decode(type->args, RECORD_AS_ARRAY, bytes_of(args, send->args.len),
                              &command->arena, command->args, &fault);
    CHECK_ALWAYS(error == 0);
    command->from = send->from;
    command_origin(command)->who = send->origin.who;
    command->incarnation = send->incarnation;
    command->seq = send->seq;
    shard_send_message(shard, shard_of(shard, send->to), &command->message);
    shard->stats.sends++;
}

void outbox_add(struct shard *shard, struct effect_send *send)
{
    struct outbox_pair *pair = pair_find(shard, send->from, send->to);
    if (pair == NULL) {
        pair = memory_alloc(sizeof *pair);
        pair->key = (struct pair_key){.sender = send->from, .receiver = send->to};
        HASH_ADD(hh, shard->outbox, key, sizeof pair->key, pair);
    }
    message_list_push(&pair->sends, &send->message);
    if (pair->sends.count == 1 && shard->started) {
        deliver(shard, send);
    }
}

/* --- the receiver's side --- */

void outbox_answer(struct shard *shard, const struct command *command, int error, bool busy,
                   struct bytes result, bool has_result, uint64_t after_number)
{
    struct ack *ack = memory_alloc(sizeof *ack);
    ack->message.type = MESSAGE_ACK;
    ack->message.to_shard = shard_of(shard, command->from);
    ack->to = command->from;
    ack->from = command->to;
    ack->incarnation = command->incarnation;
    ack->seq = command->seq;
    ack->busy = busy;
    ack->error = error;
    ack->has_result = has_result;
    buffer_append(&ack->result, result.data, result.len);
    struct message_list effects = {0};
    message_list_push(&effects, &ack->message);
    effects_after(shard, after_number, &effects);
}

bool outbox_is_next(struct shard *shard, struct actor *actor, const struct command *command)
{
    uint8_t key[ADDRESS_BYTES];
    struct bytes raw;
    struct entry_receipt receipt = {0};
    address_encode(command->from, key);
    if (actor_row_get(shard, actor, COLLECTION_RECEIPTS, bytes_of(key, sizeof key), &raw) == 0) {
        struct field_fault fault;
        int error = record_decode(&entry_receipt_type, RECORD_AS_ARRAY, raw, &shard->scratch,
                                  &receipt, &fault);
        CHECK_ALWAYS(error == 0);
        if (!id_equal(receipt.incarnation, command->incarnation)) {
            receipt = (struct entry_receipt){0}; /* another life of the sender */
        }
    }
    if (command->seq == (uint64_t)receipt.seq) { /* taken before: the old outcome again */
        char name[64] = "";
        if (receipt.has_error) {
            memcpy(name, receipt.error.data,
                   receipt.error.len < sizeof name ? receipt.error.len : sizeof name - 1);
        }
        outbox_answer(shard, command, receipt.has_error ? error_from_name(name) : 0, false,
                      receipt.result, receipt.has_result, actor->last_number);
    }
    bool next = command->seq == (uint64_t)receipt.seq + 1;
    arena_reset(&shard->scratch);
    return next;
}

/* --- the sender's side --- */

struct answered {
    const struct ack *ack;
    const struct effect_send *send;
};

static int step_outcome(struct ctx *ctx, const void *argument)
{
    const struct answered *answered = argument;
    const struct ack *ack = answered->ack;
    const struct command_type *type =
        kind_command(ctx->shard->kinds[ack->from.kind], answered->send->code);
    struct entry_outcome entry = {
        .to_kind = ack->from.kind, .to_id = ack->from.id, .seq = (int64_t)ack->seq};
    ctx_stage(ctx, ENTRY_OUTCOME, &entry_outcome_type, &entry);
    if (ctx->actor->kind->outcome == NULL) {
        return 0;
    }
    struct field_fault fault;
    void *args = arena_alloc(ctx->arena, type->args->size);
    int error = record_decode(type->args, RECORD_AS_ARRAY, buffer_bytes(&answered->send->args),
                              ctx->arena, args, &fault);
    CHECK_ALWAYS(error == 0);
    void *result = NULL;
    if (ack->error == 0 && ack->has_result) {
        result = arena_alloc(ctx->arena, type->result->size);
        error = record_decode(type->result, RECORD_AS_ARRAY, buffer_bytes(&ack->result), ctx->arena,
                              result, &fault);
        CHECK_ALWAYS(error == 0);
    }
    struct outcome outcome = {.to = ack->from,
                              .code = answered->send->code,
                              .error = ack->error,
                              .result = result,
                              .args = args};
    return ctx->actor->kind->outcome(ctx, ctx->actor->root, &outcome);
}

/** Not all at the same tick: the first of them would fill the queue each time, the last starve. */
static void wait_and_retry(struct shard *shard, struct outbox_pair *pair)
{
    uint8_t chance;
    shard->world->random(shard->world->self, &chance, sizeof chance);
    if (pair->retry_ticks == 0) {
        shard->outbox_busy++;
    }
    pair->retry_ticks = RETRY_TICKS + chance % (RETRY_TICKS_SPREAD + 1u);
    shard->world->tick_at(shard->world->self, shard->config.index, shard->now_ms + TICK_MS);
}

static void pair_advance(struct shard *shard, struct outbox_pair *pair)
{
    message_destroy(message_list_pop(&pair->sends));
    if (pair->sends.head != NULL) {
        deliver(shard, (struct effect_send *)pair->sends.head);
    } else {
        HASH_DEL(shard->outbox, pair);
        free(pair);
    }
}

void outbox_ack(struct shard *shard, struct ack *ack)
{
    struct outbox_pair *pair = pair_find(shard, ack->to, ack->from);
    struct effect_send *send = pair == NULL ? NULL : (struct effect_send *)pair->sends.head;
    if (send == NULL || send->seq != ack->seq || !id_equal(send->incarnation, ack->incarnation)) {
        return; /* answered before */
    }
    if (ack->busy) {
        wait_and_retry(shard, pair);
        return;
    }
    struct ctx ctx;
    struct answered answered = {.ack = ack, .send = send};
    struct actor *actor = actor_get(shard, ack->to);
    ctx_begin(&ctx, shard, actor, &send->origin);
    ctx.caller = send->caller;
    ctx.sender = ack->from;
    ctx.key_taken = send->carried && send->origin.keyed;
    int error = run_actor(shard, &ctx, step_outcome, &answered);
    ctx_end(&ctx);
    if (error != 0) { /* a chain must not break: the receiver will answer the same again */
        shard->stats.handler_failures++;
        wait_and_retry(shard, pair);
        return;
    }
    pair_advance(shard, pair);
}

void outbox_retry(struct shard *shard)
{
    if (shard->outbox_busy == 0) {
        return;
    }
    struct outbox_pair *pair, *next;
    HASH_ITER (hh, shard->outbox, pair, next) {
        if (pair->retry_ticks != 0 && --pair->retry_ticks == 0) {
            shard->outbox_busy--;
            shard->stats.resends++;
            deliver(shard, (struct effect_send *)pair->sends.head);
        }
    }
}

bool outbox_idle(const struct shard *shard)
{
    return shard->outbox == NULL;
}

/* --- after a start --- */

struct sender_set {
    struct address *senders;
    uint32_t count, cap;
};

static void sender_add(struct sender_set *set, struct address sender)
{
    if (set->count != 0 && address_equal(set->senders[set->count - 1], sender)) {
        return;
    }
    if (set->count == set->cap) {
        set->cap = set->cap == 0 ? 64 : set->cap * 2;
        set->senders = memory_resize(set->senders, set->cap * sizeof *set->senders);
    }
    set->senders[set->count++] = sender;
}

static bool collect_sender(void *context, struct bytes key, struct bytes value)
{
    (void)value;
    sender_add(context, address_decode(key.data + 1));
    return true;
}

static int sender_compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct address));
}

struct load {
    struct shard *shard;
    struct actor *actor;
    struct effect_send *send; /* whose request is looked for */
};

/** The request that waits for this send, so that its key is answered when the chain ends. */
static bool load_origin(void *context, struct bytes key, struct bytes value)
{
    struct load *load = context;
    struct effect_send *send = load->send;
    struct entry_answer answer;
    struct field_fault fault;
    struct arena arena = {0}; /* the scratch memory is the range's */
    (void)key;
    int error = record_decode(&entry_answer_type, RECORD_AS_ARRAY, value, &arena, &answer, &fault);
    CHECK_ALWAYS(error == 0);
    bool waits = answer.has_seq && (uint64_t)answer.seq == send->seq &&
                 answer.to_kind == send->to.kind && id_equal(answer.to_id, send->to.id);
    if (waits) {
        send->origin.request_key = answer.key;
        send->origin.request_hash = answer.content;
        send->origin.keyed = send->carried = true;
    }
    arena_fini(&arena);
    return !waits;
}

static bool load_send(void *context, struct bytes key, struct bytes value)
{
    struct load *load = context;
    CHECK_ALWAYS(key.len == ADDRESS_BYTES + 8 && value.len >= 2);
    struct effect_send *send = memory_alloc(sizeof *send);
    send->message.type = EFFECT_SEND;
    send->from = load->actor->address;
    send->to = address_decode(key.data);
    send->incarnation = load->actor->incarnation;
    send->seq = get_u64(key.data + ADDRESS_BYTES);
    send->code = get_u16(value.data);
    buffer_append(&send->args, value.data + 2, value.len - 2);
    struct bytes all = bytes_of(NULL, 0);
    load->send = send;
    actor_range(load->shard, load->actor, COLLECTION_ANSWERS, all, all, UINT32_MAX, false,
                load_origin, load);
    outbox_add(load->shard, send);
    return true;
}

void outbox_load(struct shard *shard)
{
    struct sender_set set = {0};
    for (uint32_t p = shard->config.index; p < PARTITION_COUNT; p += shard->config.count) {
        uint8_t from[1] = {(uint8_t)p}, to[1] = {(uint8_t)(p + 1)};
        struct bytes end = p + 1 == PARTITION_COUNT ? bytes_of(NULL, 0) : bytes_of(to, 1);
        int error = shard->world->state_scan(shard->world->self, shard->config.index, STATE_OUTBOX,
                                             bytes_of(from, 1), end, false, collect_sender, &set);
        CHECK_ALWAYS(error == 0);
    }
    struct actor *actor;
    TAILQ_FOREACH (actor, &shard->dirty, dirty) {
        sender_add(&set, actor->address);
    }
    if (set.count != 0) {
        qsort(set.senders, set.count, sizeof *set.senders, sender_compare);
    }
    struct bytes all = bytes_of(NULL, 0);
    for (uint32_t i = 0; i < set.count; i++) {
        if (i != 0 && address_equal(set.senders[i], set.senders[i - 1])) {
            continue;
        }
        struct load load = {.shard = shard, .actor = actor_get(shard, set.senders[i])};
        actor_range(shard, load.actor, COLLECTION_OUTBOX, all, all, UINT32_MAX, false, load_send,
                    &load);
    }
    free(set.senders);
    struct outbox_pair *pair, *next;
    HASH_ITER (hh, shard->outbox, pair, next) {
        deliver(shard, (struct effect_send *)pair->sends.head);
    }
}

void outbox_fini(struct shard *shard)
{
    struct outbox_pair *pair, *next;
    HASH_ITER (hh, shard->outbox, pair, next) {
        struct message *message;
        while ((message = message_list_pop(&pair->sends)) != NULL) {
            message_destroy(message);
        }
        HASH_DEL(shard->outbox, pair);
        free(pair);
    }
}
