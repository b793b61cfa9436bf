/* The context through which a handler reads, decides and, in apply, changes. */
#include <stdlib.h>

#include "runtime/shard_internal.h"
#include "wire/codec.h"

#define REFRESH_LIFE_MS (7LL * 24 * 60 * 60 * 1000)

/* --- reading --- */

int64_t ctx_now_ms(const struct ctx *ctx)
{
    return ctx->now_ms;
}

void ctx_random(struct ctx *ctx, void *out, size_t len)
{
    CHECK_ALWAYS(!ctx->applying);
    ctx->shard->world->random(ctx->shard->world->self, out, len);
}

struct id ctx_random_id(struct ctx *ctx)
{
    struct id id;
    ctx_random(ctx, id.bytes, sizeof id.bytes);
    return id;
}

struct address ctx_self(const struct ctx *ctx)
{
    return ctx->actor->address;
}

struct address ctx_sender(const struct ctx *ctx)
{
    return ctx->sender;
}

const struct principal *ctx_principal(const struct ctx *ctx)
{
    return &ctx->origin->who;
}

struct id ctx_request_key(const struct ctx *ctx)
{
    return ctx->origin->request_key;
}

struct arena *ctx_arena(struct ctx *ctx)
{
    return ctx->arena;
}

int ctx_get(struct ctx *ctx, collection table, struct bytes key, struct bytes *value)
{
    return actor_row_get(ctx->shard, ctx->actor, table, key, value);
}

int ctx_decode_row(struct ctx *ctx, struct bytes value, const struct record_type *type, void *out)
{
    struct field_fault fault;
    int error = record_decode(type, RECORD_AS_ARRAY, value, ctx->arena, out, &fault);
    return CHECK_RECOVER(error == 0) ? 0 : ERR_CORRUPT;
}

int ctx_get_row(struct ctx *ctx, collection table, struct bytes key, const struct record_type *type,
                void *out)
{
    struct bytes value;
    int error = ctx_get(ctx, table, key, &value);
    return error != 0 ? error : ctx_decode_row(ctx, value, type, out);
}

void ctx_range(struct ctx *ctx, collection table, struct bytes from, struct bytes to,
               uint32_t limit, bool reverse, ctx_visitor *visit, void *context)
{
    actor_range(ctx->shard, ctx->actor, table, from, to, limit, reverse, visit, context);
}

struct bytes ctx_key_u64(struct ctx *ctx, uint64_t number)
{
    uint8_t *out = arena_alloc(ctx->arena, 8);
    put_u64(out, number);
    return bytes_of(out, 8);
}

/* --- deciding --- */

/** Every staging begins here: an actor's first record says which life this is. */
static struct buffer *staging(struct ctx *ctx)
{
    CHECK_ALWAYS(!ctx->applying);
    if (ctx->payload->len == 0 && id_is_zero(ctx->actor->incarnation)) {
        struct entry_birth birth = {.incarnation = ctx_random_id(ctx)};
        entry_append(ctx->payload, ENTRY_BIRTH, 0, 0, &entry_birth_type, &birth);
        ctx->born = birth.incarnation;
    }
    return ctx->payload;
}

void ctx_stage(struct ctx *ctx, enum entry_type type, const struct record_type *record,
               const void *value)
{
    entry_append(staging(ctx), type, 0, 0, record, value);
}

void ctx_emit(struct ctx *ctx, const struct event_type *type, const void *body)
{
    entry_append(staging(ctx), ENTRY_EVENT, type->tag, type->version, type->body, body);
}

static void reply_queue(struct ctx *ctx, struct reply *reply)
{
    ctx->caller_gone = true;
    if (reply->caller.session.generation == 0) {
        message_destroy(&reply->message); /* nobody waits */
    } else {
        message_list_push(&ctx->effects, &reply->message);
    }
}

void ctx_reply(struct ctx *ctx, const struct record_type *type, const void *result)
{
    CHECK_ALWAYS(!ctx->applying);
    if (!CHECK_RECOVER(!ctx->replied && !ctx->caller_gone)) {
        return;
    }
    ctx->replied = true;
    if (ctx->reliable) {
        record_encode(type, RECORD_AS_ARRAY, result, &ctx->result_array);
        return;
    }
    struct buffer *encoded = &ctx->shard->encoded;
    buffer_clear(encoded);
    record_encode(type, RECORD_AS_MAP, result, encoded);
    struct reply *reply = reply_create(ctx->caller, buffer_bytes(encoded));
    reply->type = type;
    if (ctx->origin->keyed) {
        buffer_append(&ctx->answer, encoded->data, encoded->len);
    }
    reply_queue(ctx, reply);
}

void ctx_reply_error(struct ctx *ctx, int error)
{
    if (!CHECK_RECOVER(!ctx->replied && !ctx->caller_gone)) {
        return;
    }
    ctx->replied = true;
    struct reply *reply = reply_create(ctx->caller, (struct bytes){0});
    reply->error = error;
    reply->fault = ctx->fault;
    reply->retry_ms = ctx->retry_ms;
    reply_queue(ctx, reply);
}

int ctx_refuse_field(struct ctx *ctx, int error, const char *field, const char *reason)
{
    size_t len = strlen(field);
    len = len < sizeof ctx->fault.field - 1 ? len : sizeof ctx->fault.field - 1;
    memcpy(ctx->fault.field, field, len);
    ctx->fault.field[len] = '\0';
    ctx->fault.reason = reason;
    return error;
}

int ctx_refuse_retry(struct ctx *ctx, int error, int64_t retry_ms)
{
    ctx->retry_ms = retry_ms;
    return error;
}

static struct command *command_to(struct ctx *ctx, struct address to, uint16_t code,
                                  const struct record_type *type, const void *args)
{
    const struct command_type *command_type = shard_command_type(ctx->shard, to.kind, code);
    CHECK_ALWAYS(command_type != NULL && command_type->args == type);
    struct command *command = command_create_of(command_type, to, args);
    command->from = ctx->actor->address;
    if (ctx->origin != &origin_none) {
        command_origin(command)->who = ctx->origin->who;
    }
    command->message.to_shard = shard_of(ctx->shard, to);
    return command;
}

void ctx_tell(struct ctx *ctx, struct address to, uint16_t code, const struct record_type *type,
              const void *args)
{
    CHECK_ALWAYS(!ctx->applying);
    message_list_push(&ctx->effects, &command_to(ctx, to, code, type, args)->message);
}

void ctx_forward(struct ctx *ctx, struct address to, uint16_t code, const struct record_type *type,
                 const void *args)
{
    CHECK_ALWAYS(!ctx->applying);
    struct command *command = command_to(ctx, to, code, type, args);
    command->caller = ctx->caller;
    ctx->caller_gone = true;
    message_list_push(&ctx->effects, &command->message);
}

static uint64_t next_send_seq(struct ctx *ctx, struct address to)
{
    uint8_t key[ADDRESS_BYTES];
    struct bytes value;
    address_encode(to, key);
    uint64_t seq = 1;
    if (ctx_get(ctx, COLLECTION_SENT, bytes_of(key, sizeof key), &value) == 0) {
        seq = get_u64(value.data) + 1;
    }
    for (struct message *m = ctx->effects.head; m != NULL; m = m->next) {
        if (m->type == EFFECT_SEND && address_equal(((struct effect_send *)m)->to, to)) {
            seq++;
        }
    }
    return seq;
}

void ctx_send(struct ctx *ctx, struct address to, uint16_t code, const struct record_type *type,
              const void *args, bool carry_caller)
{
    struct effect_send *send = memory_alloc(sizeof *send);
    send->message.type = EFFECT_SEND;
    send->from = ctx->actor->address;
    send->to = to;
    send->code = code;
    send->seq = next_send_seq(ctx, to);
    record_encode(type, RECORD_AS_ARRAY, args, &send->args);
    send->origin.who = ctx->origin->who;
    if (carry_caller) {
        send->origin = *ctx->origin;
        send->caller = ctx->caller;
        send->carried = true;
        ctx->caller_gone = true;
        ctx->carried_to = to;
        ctx->carried_seq = send->seq;
    }
    struct entry_send entry = {.to_kind = to.kind,
                               .to_id = to.id,
                               .seq = (int64_t)send->seq,
                               .code = code,
                               .args = buffer_bytes(&send->args)};
    ctx_stage(ctx, ENTRY_SEND, &entry_send_type, &entry);
    send->incarnation = id_is_zero(ctx->actor->incarnation) ? ctx->born : ctx->actor->incarnation;
    message_list_push(&ctx->effects, &send->message);
}

void ctx_timer_set(struct ctx *ctx, uint32_t timer_id, int64_t due_ms)
{
    struct entry_timer timer = {.timer = timer_id, .due_at = due_ms, .has_due_at = true};
    ctx_stage(ctx, ENTRY_TIMER_SET, &entry_timer_type, &timer);
}

void ctx_timer_clear(struct ctx *ctx, uint32_t timer_id)
{
    struct entry_timer timer = {.timer = timer_id};
    ctx_stage(ctx, ENTRY_TIMER_CLEAR, &entry_timer_type, &timer);
}

void ctx_job(struct ctx *ctx, enum job job, struct bytes input, uint16_t then,
             const struct record_type *type, const void *args)
{
    CHECK_ALWAYS(!ctx->applying);
    struct job_request *request = memory_alloc(sizeof *request);
    request->job = job;
    buffer_append(&request->input, input.data, input.len);
    request->then = command_to(ctx, ctx->actor->address, then, type, args);
    request->then->from = (struct address){0};
    request->then->caller = ctx->caller;
    if (ctx->origin != &origin_none) {
        *command_origin(request->then) = *ctx->origin;
    }
    ctx->caller_gone = true;
    struct effect_job *effect = memory_alloc(sizeof *effect);
    effect->message.type = EFFECT_JOB;
    effect->request = request;
    message_list_push(&ctx->effects, &effect->message);
}

struct bytes ctx_job_result(const struct ctx *ctx)
{
    return ctx->job_result;
}

int ctx_stash(struct ctx *ctx)
{
    (void)ctx;
    return RUN_STASHED;
}

/* --- pushing --- */

static struct effect_push *push_create(struct ctx *ctx, const struct push_type *type)
{
    CHECK_ALWAYS(!ctx->applying);
    struct effect_push *push = message_create(EFFECT_PUSH, sizeof *push, 0);
    push->from = ctx->actor->address;
    push->type = type;
    return push;
}

static void push_entry(struct ctx *ctx, const struct push_type *type, struct id epoch, int64_t seq,
                       const void *data, struct session_ref except)
{
    struct effect_push *push = push_create(ctx, type);
    struct buffer *body = &ctx->shard->encoded;
    struct stream_body entry = {
        .epoch = epoch, .seq = (uint64_t)seq, .type = text_of(type->type), .at_ms = ctx->now_ms};
    buffer_clear(body);
    frame_append_stream_head(body, &entry);
    record_encode(type->data, RECORD_AS_MAP, data, body);
    push->seq = seq;
    push->body = payload_create(buffer_bytes(body));
    push->except_session = except;
    message_list_push(&ctx->effects, &push->message);
}

void ctx_push_entry(struct ctx *ctx, const struct push_type *type, struct id epoch, int64_t seq,
                    const void *data)
{
    push_entry(ctx, type, epoch, seq, data, ctx->caller.session);
}

void ctx_push_entry_to_all(struct ctx *ctx, const struct push_type *type, struct id epoch,
                           int64_t seq, const void *data)
{
    push_entry(ctx, type, epoch, seq, data, (struct session_ref){0});
}

void ctx_push_volatile(struct ctx *ctx, const struct push_type *type, const void *data,
                       struct id except)
{
    struct effect_push *push = push_create(ctx, type);
    struct buffer *body = &ctx->shard->encoded;
    buffer_clear(body);
    record_encode(type->data, RECORD_AS_MAP, data, body);
    push->body = payload_create(buffer_bytes(body));
    push->except_user = except;
    message_list_push(&ctx->effects, &push->message);
}

static struct effect_control *control_create(struct ctx *ctx, enum control_what what)
{
    struct effect_control *control = memory_alloc(sizeof *control);
    control->message.type = EFFECT_CONTROL;
    control->from = ctx->actor->address;
    control->what = what;
    message_list_push(&ctx->effects, &control->message);
    return control;
}

void ctx_set_couple(struct ctx *ctx, struct id couple)
{
    control_create(ctx, CONTROL_COUPLE)->couple = couple;
}

void ctx_close_sessions(struct ctx *ctx, struct id sid, int error)
{
    struct effect_control *control = control_create(ctx, CONTROL_CLOSE);
    control->sid = sid;
    control->error = error;
}

int64_t ctx_refresh_life_ms(const struct ctx *ctx)
{
    int64_t configured = ctx->shard->world->refresh_life_ms;
    return configured != 0 ? configured : REFRESH_LIFE_MS;
}

int64_t ctx_sign_access(struct ctx *ctx, struct id user, struct id sid, struct id device, char *out)
{
    return ctx->shard->world->sign_access(ctx->shard->world->self, user, sid, device, out);
}

/* --- changing --- */

void ctx_put(struct ctx *ctx, collection table, struct bytes key, struct bytes value)
{
    CHECK_ALWAYS(ctx->applying && table != COLLECTION_ROOT && table < COLLECTION_TIMERS);
    actor_row_set(ctx->shard, ctx->actor, table, key, &value);
}

void ctx_put_row(struct ctx *ctx, collection table, struct bytes key,
                 const struct record_type *type, const void *row)
{
    struct buffer *packed = &ctx->shard->encoded;
    buffer_clear(packed);
    record_encode(type, RECORD_AS_ARRAY, row, packed);
    ctx_put(ctx, table, key, buffer_bytes(packed));
}

void ctx_delete(struct ctx *ctx, collection table, struct bytes key)
{
    CHECK_ALWAYS(ctx->applying && table != COLLECTION_ROOT && table < COLLECTION_TIMERS);
    actor_row_set(ctx->shard, ctx->actor, table, key, NULL);
}

void ctx_clear(struct ctx *ctx, collection table)
{
    CHECK_ALWAYS(ctx->applying && table != COLLECTION_ROOT && table < COLLECTION_TIMERS);
    overlay_clear(ctx->actor->current, table);
}
