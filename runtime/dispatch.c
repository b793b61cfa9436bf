/* Messages to where they belong: actors, the edge, other shards. */
#include <stdlib.h>

#include "runtime/shard_internal.h"
#include "wire/codec.h"

#define BUSY_RETRY_MS 100
#define POST_MESSAGES 64 /* for another shard: it begins with them while this one goes on */

static void enqueue_command(struct shard *shard, struct command *command);

void shard_enqueue(struct shard *shard, struct message *message)
{
    if (message->type == MESSAGE_COMMAND) {
        enqueue_command(shard, (struct command *)message);
    } else {
        message_queue_push(&shard->local, message);
    }
}

void shard_send_message(struct shard *shard, uint16_t to, struct message *message)
{
    message->to_shard = to;
    if (to == shard->config.index) {
        shard_enqueue(shard, message);
        return;
    }
    struct outgoing *out = &shard->remote[to];
    struct message **recent = &out->recent[out->list.count % FETCH_AHEAD];
    if (out->list.count >= FETCH_AHEAD) {
        (*recent)->ahead = message;
    }
    *recent = message;
    message_list_push(&out->list, message);
    if (out->list.count == POST_MESSAGES) {
        shard->world->post(shard->world->self, shard->config.index, to, &out->list);
    }
}

uint16_t shard_of(const struct shard *shard, struct address address)
{
    if (shard->config.count == 1) {
        return 0;
    }
    return (uint16_t)(partition_of(shard->partitions, address) % shard->config.count);
}

static void answer_error(struct shard *shard, const struct command *command, int error,
                         const struct ctx *ctx)
{
    if (command->caller.session.generation == 0) {
        return;
    }
    struct reply *reply = reply_create(command->caller, (struct bytes){0});
    reply->error = error;
    if (ctx != NULL) {
        reply->fault = ctx->fault;
        reply->retry_ms = ctx->retry_ms;
    }
    if (error == ERR_BUSY && reply->retry_ms == 0) {
        reply->retry_ms = BUSY_RETRY_MS;
    }
    struct message_list effects = {0};
    message_list_push(&effects, &reply->message);
    effects_after(shard, ctx == NULL ? 0 : ctx->actor->last_number, &effects);
}

enum key_state {
    KEY_FREE,    /* nothing is known of it, or there is none */
    KEY_TAKEN,   /* the same request is under way: its answer will be this one's too */
    KEY_ANSWERED /* the old answer, or a conflict, has been sent */
};

/** What the idempotency key of a keyed request stands for. */
static enum key_state key_look_up(struct shard *shard, struct actor *actor,
                                  const struct command *command)
{
    const struct origin *origin = command_origin_of(command);
    struct bytes key = bytes_of(origin->request_key.bytes, ID_BYTES), raw;
    if (actor_row_get(shard, actor, COLLECTION_ANSWERS, key, &raw) != 0) {
        return KEY_FREE;
    }
    struct entry_answer answer;
    struct field_fault fault;
    int error =
        record_decode(&entry_answer_type, RECORD_AS_ARRAY, raw, &shard->scratch, &answer, &fault);
    CHECK_ALWAYS(error == 0);
    bool same = id_equal(answer.content, origin->request_hash);
    if (same && !answer.has_result) {
        arena_reset(&shard->scratch);
        return KEY_TAKEN;
    }
    struct reply *reply = reply_create(command->caller, same ? answer.result : (struct bytes){0});
    reply->type = same ? command->type->result : NULL;
    reply->error = same ? 0 : ERR_IDEMPOTENCY_CONFLICT;
    struct message_list effects = {0};
    message_list_push(&effects, &reply->message);
    effects_after(shard, actor->last_number, &effects);
    arena_reset(&shard->scratch);
    return KEY_ANSWERED;
}

/** A job's result finishes what its command began: it has had its place. */
static bool finds_room(const struct shard *shard, const struct actor *actor,
                       const struct command *command)
{
    return command->job_result.data != NULL || (actor->waiting < shard->config.mailbox_max &&
                                                shard->local.count < shard->config.inbox_max);
}

/** Whoever waits for an answer gets BUSY; a tell is dropped. */
static void refuse_for_room(struct shard *shard, struct command *command)
{
    if (command->seq != 0) {
        shard->stats.busy++;
        outbox_answer(shard, command, ERR_BUSY, true, bytes_of(NULL, 0), false, 0);
    } else if (command->caller.session.generation != 0) {
        shard->stats.busy++;
        answer_error(shard, command, ERR_BUSY, NULL);
    } else {
        shard->stats.dropped++;
    }
    message_destroy(&command->message);
}

static void enqueue_command(struct shard *shard, struct command *command)
{
    struct actor *actor = actor_get(shard, command->to);
    if (!finds_room(shard, actor, command)) {
        refuse_for_room(shard, command);
        return;
    }
    if (++actor->waiting > shard->stats.mailbox_deepest) {
        shard->stats.mailbox_deepest = actor->waiting;
    }
    command->actor = actor;
    message_queue_push(&shard->local, &command->message);
}

static int step_command(struct ctx *ctx, const void *argument)
{
    const struct command *command = argument;
    int error = command->type->handle(ctx, ctx->actor->root, command->args);
    if (error == 0 && command->seq != 0) {
        struct entry_receipt receipt = {.from_kind = command->from.kind,
                                        .from_id = command->from.id,
                                        .incarnation = command->incarnation,
                                        .seq = (int64_t)command->seq,
                                        .has_result = ctx->replied,
                                        .result = buffer_bytes(&ctx->result_array)};
        ctx_stage(ctx, ENTRY_RECEIPT, &entry_receipt_type, &receipt);
    }
    return error;
}

/** A refusal of a reliable send is a fact too: recorded, so that a resend gets the same. */
static int step_refusal(struct ctx *ctx, const void *argument)
{
    const struct entry_receipt *receipt = argument;
    ctx_stage(ctx, ENTRY_RECEIPT, &entry_receipt_type, receipt);
    return 0;
}

static bool is_passing(int error)
{
    return error == ERR_BUSY || error == ERR_STORAGE_FULL || error == ERR_RATE_LIMITED ||
           error == ERR_INTERNAL || error == ERR_NO_MEMORY;
}

static void refuse_send(struct shard *shard, struct actor *actor, const struct command *command,
                        int error)
{
    struct ctx ctx;
    struct bytes none = bytes_of(NULL, 0);
    if (is_passing(error)) {
        outbox_answer(shard, command, error, true, none, false, 0);
        return;
    }
    struct entry_receipt receipt = {.from_kind = command->from.kind,
                                    .from_id = command->from.id,
                                    .incarnation = command->incarnation,
                                    .seq = (int64_t)command->seq,
                                    .has_error = true,
                                    .error = text_of(error_name(error))};
    ctx_begin(&ctx, shard, actor, NULL);
    int failed = run_actor(shard, &ctx, step_refusal, &receipt);
    outbox_answer(shard, command, failed != 0 ? failed : error, failed != 0, none, false,
                  actor->last_number);
    ctx_end(&ctx);
}

static void stash(struct shard *shard, struct actor *actor, struct command *command)
{
    if (actor->stash.count >= shard->config.mailbox_max) {
        refuse_for_room(shard, command);
        return;
    }
    shard->stats.stashed++;
    message_list_push(&actor->stash, &command->message);
}

static void run_command(struct shard *shard, struct actor *actor, struct command *command)
{
    struct ctx ctx;
    ctx_begin(&ctx, shard, actor, command->origin);
    ctx.caller = command->caller;
    ctx.sender = command->from;
    ctx.job_result = command->job_result;
    ctx.reliable = command->seq != 0;
    shard->stats.commands++;
    int error = run_actor(shard, &ctx, step_command, command);
    if (error == RUN_STASHED) {
        stash(shard, actor, command);
        ctx_end(&ctx);
        return;
    }
    if (error == ERR_INTERNAL) {
        shard->stats.handler_failures++;
    }
    if (command->seq == 0) {
        if (error != 0) {
            answer_error(shard, command, error, &ctx);
        } else if (!ctx.caller_gone && command->caller.session.generation != 0) {
            bool answered_or_handed_on = false;
            (void)CHECK_RECOVER(answered_or_handed_on);
            answer_error(shard, command, ERR_INTERNAL, &ctx);
        }
    } else if (error != 0) {
        refuse_send(shard, actor, command, error);
    } else {
        outbox_answer(shard, command, 0, false, buffer_bytes(&ctx.result_array), ctx.replied,
                      actor->last_number);
    }
    ctx_end(&ctx);
    message_destroy(&command->message);
}

static bool is_overloaded(const struct shard *shard)
{
    return shard->undurable_bytes > shard->config.undurable_bytes_max ||
           shard->local.count > shard->config.inbox_max;
}

static void dispatch_command(struct shard *shard, struct message *message)
{
    struct command *command = (struct command *)message;
    struct actor *actor = command->actor;
    if (actor != NULL) {
        actor->waiting--;
        command->actor = NULL;
    } else { /* it comes back from the stash */
        actor = actor_get(shard, command->to);
    }
    if (command->seq == 0 && command->from.kind == 0 && is_overloaded(shard)) {
        shard->stats.busy++;
        answer_error(shard, command, ERR_BUSY, NULL);
        message_destroy(message);
        return;
    }
    enum key_state key = KEY_FREE;
    if (command->seq == 0) {
        key = command_origin_of(command)->keyed ? key_look_up(shard, actor, command) : KEY_FREE;
    } else if (!outbox_is_next(shard, actor, command)) {
        message_destroy(message);
        return;
    }
    if (key == KEY_FREE) {
        run_command(shard, actor, command);
    } else if (key == KEY_TAKEN) {
        stash(shard, actor, command);
    } else {
        message_destroy(message);
    }
}

static void dispatch_ack(struct shard *shard, struct message *message)
{
    outbox_ack(shard, (struct ack *)message);
    message_destroy(message);
}

static void dispatch_attach(struct shard *shard, struct message *message)
{
    presence_attach(shard, (struct attach *)message);
    message_destroy(message);
}

static void dispatch_detach(struct shard *shard, struct message *message)
{
    presence_detach(shard, (struct detach *)message);
    message_destroy(message);
}

static void dispatch_page(struct shard *shard, struct message *message)
{
    presence_read(shard, (struct page *)message);
    message_destroy(message);
}

static void dispatch_reply(struct shard *shard, struct message *message)
{
    shard->stats.replies++;
    if (shard->edge.reply != NULL) {
        shard->edge.reply(shard->edge.self, (struct reply *)message);
    }
    message_destroy(message);
}

static void dispatch_attached(struct shard *shard, struct message *message)
{
    if (shard->edge.attached != NULL) {
        shard->edge.attached(shard->edge.self, (struct attached *)message);
    }
    message_destroy(message);
}

static void dispatch_page_result(struct shard *shard, struct message *message)
{
    if (shard->edge.page != NULL) {
        shard->edge.page(shard->edge.self, (struct page_result *)message);
    }
    message_destroy(message);
}

static void dispatch_push(struct shard *shard, struct message *message)
{
    shard->stats.pushes += ((struct push *)message)->session_count;
    if (shard->edge.push != NULL) {
        shard->edge.push(shard->edge.self, (struct push *)message);
    }
    message_destroy(message);
}

static void dispatch_control(struct shard *shard, struct message *message)
{
    if (shard->edge.control != NULL) {
        shard->edge.control(shard->edge.self, (struct control *)message);
    }
    message_destroy(message);
}

static void dispatch_durable(struct shard *shard, struct message *message)
{
    shard_durable(shard, (struct durable *)message);
    message_destroy(message);
}

static void dispatch_flushed(struct shard *shard, struct message *message)
{
    flush_done(shard, (struct flush *)message);
}

static void dispatch_timer(struct shard *shard, struct message *message)
{
    timers_dispatch(shard, (struct effect_timer *)message);
    message_destroy(message);
}

static void (*const dispatchers[MESSAGE_TYPE_COUNT])(struct shard *shard,
                                                     struct message *message) = {
    [MESSAGE_COMMAND] = dispatch_command,   [MESSAGE_ACK] = dispatch_ack,
    [MESSAGE_ATTACH] = dispatch_attach,     [MESSAGE_DETACH] = dispatch_detach,
    [MESSAGE_PAGE] = dispatch_page,         [MESSAGE_REPLY] = dispatch_reply,
    [MESSAGE_ATTACHED] = dispatch_attached, [MESSAGE_PAGE_RESULT] = dispatch_page_result,
    [MESSAGE_PUSH] = dispatch_push,         [MESSAGE_CONTROL] = dispatch_control,
    [MESSAGE_DURABLE] = dispatch_durable,   [MESSAGE_FLUSHED] = dispatch_flushed,
    [EFFECT_TIMER] = dispatch_timer,
};

void shard_dispatch(struct shard *shard, struct message *message)
{
    CHECK_ALWAYS(message->type < MESSAGE_TYPE_COUNT && dispatchers[message->type] != NULL);
    dispatchers[message->type](shard, message);
}
