/*
 * One step of an actor: from a handler to a record, its application and its effects.
 *
 * A record gets the shard's next number and goes into the batch that the log writer takes at the
 * end of the turn. Effects wait in a ring, at the number of the newest record that their actor had
 * seen, and leave when the log says that this number is durable; they leave in the order in which
 * they were caused, so no effect overtakes its cause.
 */
#include <stdlib.h>

#include "runtime/shard_internal.h"

#define BEHIND_RETRY_MS 50

void ctx_begin(struct ctx *ctx, struct shard *shard, struct actor *actor,
               const struct origin *origin)
{
    memset(ctx, 0, offsetof(struct ctx, fault));
    ctx->fault.field[0] = '\0';
    ctx->fault.reason = NULL;
    ctx->shard = shard;
    ctx->actor = actor;
    ctx->now_ms = shard->now_ms;
    ctx->origin = origin != NULL ? origin : &origin_none;
    ctx->arena = &shard->scratch;
    ctx->payload = &shard->payload;
    buffer_clear(&shard->payload);
}

static void drop_effects(struct ctx *ctx)
{
    struct message *message;
    while ((message = message_list_pop(&ctx->effects)) != NULL) {
        message_destroy(message);
    }
}

void ctx_end(struct ctx *ctx)
{
    drop_effects(ctx);
    buffer_fini(&ctx->result_array);
    buffer_fini(&ctx->answer);
    arena_reset(&ctx->shard->scratch);
}

static struct pending *ring_at(struct shard *shard, uint64_t number)
{
    return &shard->ring[number % shard->ring_cap];
}

static void ring_reserve(struct shard *shard)
{
    uint64_t used = shard->next_number - shard->durable_number;
    if (used < shard->ring_cap) {
        return;
    }
    uint64_t cap = shard->ring_cap == 0 ? 1024 : shard->ring_cap * 2;
    struct pending *grown = memory_alloc(cap * sizeof *grown);
    for (uint64_t n = shard->durable_number + 1; n < shard->next_number; n++) {
        grown[n % cap] = *ring_at(shard, n);
    }
    free(shard->ring);
    shard->ring = grown;
    shard->ring_cap = cap;
}

static uint64_t append_record(struct ctx *ctx)
{
    struct shard *shard = ctx->shard;
    struct actor *actor = ctx->actor;
    ring_reserve(shard);
    uint64_t number = shard->next_number++;
    size_t before = shard->batch.len;
    struct log_record record = {.address = actor->address,
                                .at_ms = ctx->now_ms,
                                .request_key = ctx->origin->request_key,
                                .payload = buffer_bytes(ctx->payload)};
    log_record_encode(&record, &shard->batch);
    actor_mark_dirty(shard, actor, number, (struct lsn){0});
    actor->last_number = number;
    size_t bytes = shard->batch.len - before;
    *ring_at(shard, number) = (struct pending){.actor = actor, .bytes = bytes};
    shard->undurable_bytes += bytes;
    shard->stats.records++;
    return number;
}

/**
 * What a keyed request's key stands for from here on: the answer, also of a request that changed
 * nothing, as the next one with its key may be another; while a chain goes on, the send that is
 * waited for; after a refusal that ends a chain, nothing.
 */
static void stage_answer(struct ctx *ctx)
{
    const struct origin *origin = ctx->origin;
    bool answered = ctx->answer.len != 0, waits = !ctx->replied && ctx->carried_to.kind != 0;
    if (!(answered || waits || ctx->key_taken)) {
        return;
    }
    struct entry_answer answer = {.key = origin->request_key,
                                  .content = origin->request_hash,
                                  .result = buffer_bytes(&ctx->answer),
                                  .has_result = answered,
                                  .to_kind = ctx->carried_to.kind,
                                  .has_to_kind = waits,
                                  .to_id = ctx->carried_to.id,
                                  .has_to_id = waits,
                                  .seq = (int64_t)ctx->carried_seq,
                                  .has_seq = waits,
                                  .at = ctx->now_ms,
                                  .has_at = true};
    ctx_stage(ctx, ENTRY_ANSWER, &entry_answer_type, &answer);
}

/** What a crash would have to replay, and what memory holds until it is in the state, is bounded.
 */
static bool is_behind(const struct shard *shard)
{
    return shard->behind || shard->overlay_bytes > shard->config.overlay_bytes_max;
}

/**
 * May what was staged become a record? Without room nothing may; with the state too far behind,
 * what clients start may not, and what finishes their chains goes on.
 */
static int admit_record(const struct shard *shard, struct ctx *ctx)
{
    if (!shard->world->has_room(shard->world->self)) {
        return ERR_STORAGE_FULL;
    }
    bool from_client = ctx->caller.session.generation != 0 && ctx->sender.kind == 0 &&
                       ctx->job_result.data == NULL;
    if (from_client && is_behind(shard)) {
        return ctx_refuse_retry(ctx, ERR_BUSY, BEHIND_RETRY_MS);
    }
    return 0;
}

int run_actor(struct shard *shard, struct ctx *ctx, run_step *step, const void *argument)
{
    struct actor *actor = ctx->actor;
    int error = step(ctx, argument);
    if (error == 0 && ctx->origin->keyed) {
        stage_answer(ctx);
    }
    if (error == 0 && ctx->payload->len != 0) {
        error = admit_record(shard, ctx);
    }
    if (error != 0) {
        drop_effects(ctx);
        buffer_clear(ctx->payload);
        return error;
    }
    uint64_t number = actor->last_number;
    if (ctx->payload->len != 0) {
        number = append_record(ctx);
        apply_payload(ctx, buffer_bytes(ctx->payload));
        message_queue_add(&shard->local, &actor->stash);
    }
    effects_after(shard, number, &ctx->effects);
    return 0;
}

void effects_after(struct shard *shard, uint64_t number, struct message_list *effects)
{
    if (number <= shard->durable_number) {
        effects_release(shard, effects);
    } else {
        message_list_splice(&ring_at(shard, number)->effects, effects);
    }
}

static void release_job(struct shard *shard, struct effect_job *effect)
{
    struct command *then = effect->request->then;
    if (shard->world->job(shard->world->self, shard->config.index, effect->request)) {
        effect->request = NULL;
    } else if (then->caller.session.generation != 0) {
        struct reply *reply = reply_create(then->caller, (struct bytes){0});
        reply->error = ERR_RATE_LIMITED;
        reply->retry_ms = 1000;
        shard_send_message(shard, reply->caller.session.shard, &reply->message);
    }
    message_destroy(&effect->message);
}

static void effect_release(struct shard *shard, struct message *message)
{
    switch (message->type) {
    case EFFECT_PUSH:
        presence_push(shard, (struct effect_push *)message);
        message_destroy(message);
        break;
    case EFFECT_CONTROL:
        presence_control(shard, (struct effect_control *)message);
        message_destroy(message);
        break;
    case EFFECT_JOB:
        release_job(shard, (struct effect_job *)message);
        break;
    case EFFECT_SEND:
        outbox_add(shard, (struct effect_send *)message);
        break;
    case MESSAGE_ATTACHED:
        if (((struct attached *)message)->live) {
            presence_go_live(shard, ((struct attached *)message)->from,
                             ((struct attached *)message)->session);
        }
        shard_send_message(shard, message->to_shard, message);
        break;
    case MESSAGE_PAGE_RESULT:
        if (((struct page_result *)message)->live) {
            presence_go_live(shard, ((struct page_result *)message)->from,
                             ((struct page_result *)message)->session);
        }
        shard_send_message(shard, message->to_shard, message);
        break;
    default:
        shard_send_message(shard, message->to_shard, message);
        break;
    }
}

void effects_release(struct shard *shard, struct message_list *effects)
{
    struct message *message;
    while ((message = message_list_pop(effects)) != NULL) {
        effect_release(shard, message);
    }
}

static void record_durable(struct shard *shard, uint64_t number, struct lsn lsn)
{
    struct pending *pending = ring_at(shard, number);
    struct actor *actor = pending->actor;
    actor->durable_lsn = lsn;
    if (actor->in_dirty && actor->first_dirty_number == number) {
        actor->first_dirty_lsn = lsn;
    }
    if (actor->frozen != NULL && number <= actor->frozen_number) {
        actor->frozen_lsn = lsn;
    }
    shard->undurable_bytes -= pending->bytes;
    struct message_list effects = pending->effects;
    *pending = (struct pending){0};
    shard->durable_number = number;
    effects_release(shard, &effects);
}

void shard_durable(struct shard *shard, const struct durable *durable)
{
    for (uint64_t n = durable->first; n <= durable->last; n++) {
        CHECK_ALWAYS(n == shard->durable_number + 1);
        record_durable(shard, n, (struct lsn){durable->lsn.v + (n - durable->first)});
    }
    if (durable->tail.v > shard->tail.v) {
        shard->tail = durable->tail;
    }
    flush_durable(shard);
}
