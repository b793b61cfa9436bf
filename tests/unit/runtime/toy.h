/**
 * A toy actor: it counts, asks another to count, and rings. For tests of what the runtime promises.
 */
#ifndef TESTS_UNIT_RUNTIME_TOY_H
#define TESTS_UNIT_RUNTIME_TOY_H

#include "tests/unit/runtime/small_world.h"

enum { TOY_BUMP = 1, TOY_RELAY = 2, TOY_ALARM = 3, TOY_LEAD = 4 };

#define TOY_BUMP_ARGS(F, R) F(R, INT, n, REQUIRED, 0, INT_BOUND, NULL, BODY, "by how much", "1")
#define TOY_RELAY_ARGS(F, R)                                                                       \
    F(R, ID, to, REQUIRED, 0, 0, NULL, BODY, "whom to ask", "\"AAAAAAAAAAAAAAAAAAAAAA\"")          \
    F(R, INT, n, REQUIRED, 0, INT_BOUND, NULL, BODY, "by how much", "1")
#define TOY_ALARM_ARGS(F, R)                                                                       \
    F(R, INT, timer, REQUIRED, 0, 1000, NULL, BODY, "which", "1")                                  \
    F(R, INSTANT, due_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "0: clears it", "1767225600000")
#define TOY_ROOT(F, R)                                                                             \
    F(R, INT, total, REQUIRED, 0, INT_BOUND, NULL, BODY, "counted", "1")                           \
    F(R, INT, answers, REQUIRED, 0, INT_BOUND, NULL, BODY, "to its questions", "1")                \
    F(R, INT, refused, REQUIRED, 0, INT_BOUND, NULL, BODY, "of these", "1")                        \
    F(R, INT, rings, REQUIRED, 0, INT_BOUND, NULL, BODY, "of its timers", "1")                     \
    F(R, INT, rang, REQUIRED, 0, INT_BOUND, NULL, BODY, "which one last", "1")
RECORD_DECLARE(toy_bump_args, TOY_BUMP_ARGS)
RECORD_DECLARE(toy_bump_result, TOY_BUMP_ARGS)
RECORD_DECLARE(toy_bumped, TOY_BUMP_ARGS)
RECORD_DECLARE(toy_relay_args, TOY_RELAY_ARGS)
RECORD_DECLARE(toy_alarm_args, TOY_ALARM_ARGS)
RECORD_DECLARE(toy_root, TOY_ROOT)
RECORD_DEFINE(toy_bump_args, TOY_BUMP_ARGS, "count")
RECORD_DEFINE(toy_bump_result, TOY_BUMP_ARGS, "counted so far")
RECORD_DEFINE(toy_bumped, TOY_BUMP_ARGS, "a count, an answer (1: refused) or a ring")
RECORD_DEFINE(toy_relay_args, TOY_RELAY_ARGS, "ask another to count")
RECORD_DEFINE(toy_alarm_args, TOY_ALARM_ARGS, "ring later")
RECORD_DEFINE(toy_root, TOY_ROOT, "a toy")

#define TOY_REFUSES 13 /* an unlucky number is refused */
#define TOY_LED 1000   /* so much more is what a led one counts: whoever asked waits for it */

static const struct event_type toy_bumped_event = {1, 1, "bumped", &toy_bumped_type};
static const struct event_type toy_answered_event = {2, 1, "answered", &toy_bumped_type};
static const struct event_type toy_rang_event = {3, 1, "rang", &toy_bumped_type};
static const struct event_type toy_asked_event = {4, 1, "asked", &toy_bumped_type};

static inline int toy_bump(struct ctx *ctx, const void *state, const void *args)
{
    const struct toy_root *toy = state;
    const struct toy_bump_args *in = args;
    if (in->n % TOY_LED == TOY_REFUSES) {
        return ERR_FORBIDDEN;
    }
    ctx_emit(ctx, &toy_bumped_event, &(struct toy_bumped){.n = in->n});
    ctx_reply(ctx, &toy_bump_result_type, &(struct toy_bump_result){.n = toy->total + in->n});
    return 0;
}

static inline int toy_relay(struct ctx *ctx, const void *state, const void *args)
{
    const struct toy_relay_args *in = args;
    (void)state;
    struct address to = {.kind = TOY_KIND, .id = in->to};
    ctx_emit(ctx, &toy_asked_event, &(struct toy_bumped){.n = in->n});
    ctx_send(ctx, to, TOY_BUMP, &toy_bump_args_type, &(struct toy_bump_args){.n = in->n}, false);
    ctx_reply(ctx, &toy_bump_result_type, &(struct toy_bump_result){.n = in->n});
    return 0;
}

/** As relay, but the caller waits for the other's answer. */
static inline int toy_lead(struct ctx *ctx, const void *state, const void *args)
{
    const struct toy_relay_args *in = args;
    (void)state;
    struct address to = {.kind = TOY_KIND, .id = in->to};
    ctx_emit(ctx, &toy_asked_event, &(struct toy_bumped){.n = in->n});
    ctx_send(ctx, to, TOY_BUMP, &toy_bump_args_type, &(struct toy_bump_args){.n = TOY_LED + in->n},
             true);
    return 0;
}

static inline int toy_alarm(struct ctx *ctx, const void *state, const void *args)
{
    const struct toy_alarm_args *in = args;
    (void)state;
    if (in->due_at == 0) {
        ctx_timer_clear(ctx, (uint32_t)in->timer);
    } else {
        ctx_timer_set(ctx, (uint32_t)in->timer, in->due_at);
    }
    ctx_reply(ctx, &toy_bump_result_type, &(struct toy_bump_result){.n = in->timer});
    return 0;
}

static inline int toy_outcome(struct ctx *ctx, const void *state, const struct outcome *outcome)
{
    (void)state;
    const struct toy_bump_args *sent = outcome->args;
    ctx_emit(ctx, &toy_answered_event, &(struct toy_bumped){.n = outcome->error != 0});
    if (sent->n >= TOY_LED && outcome->error != 0) {
        ctx_reply_error(ctx, outcome->error);
    } else if (sent->n >= TOY_LED) {
        ctx_reply(ctx, &toy_bump_result_type, &(struct toy_bump_result){.n = sent->n - TOY_LED});
    }
    return 0;
}

static inline int toy_timer(struct ctx *ctx, const void *state, uint32_t timer, bool late)
{
    (void)state;
    (void)late;
    ctx_emit(ctx, &toy_rang_event, &(struct toy_bumped){.n = timer});
    return 0;
}

static inline void toy_apply(struct ctx *ctx, void *state, const struct event_type *type,
                             const void *body)
{
    struct toy_root *toy = state;
    const struct toy_bumped *event = body;
    (void)ctx;
    toy->total += type->tag == 1 ? event->n : 0;
    toy->answers += type->tag == 2;
    toy->refused += type->tag == 2 && event->n == 1;
    toy->rings += type->tag == 3;
    toy->rang = type->tag == 3 ? event->n : toy->rang;
}

static const struct command_type toy_commands[] = {
    {TOY_BUMP, "bump", &toy_bump_args_type, &toy_bump_result_type, toy_bump},
    {TOY_RELAY, "relay", &toy_relay_args_type, &toy_bump_result_type, toy_relay},
    {TOY_ALARM, "alarm", &toy_alarm_args_type, &toy_bump_result_type, toy_alarm},
    {TOY_LEAD, "lead", &toy_relay_args_type, &toy_bump_result_type, toy_lead}};
static const struct event_type *const toy_events[] = {&toy_bumped_event, &toy_answered_event,
                                                      &toy_rang_event, &toy_asked_event};
static const struct kind toy_kind = {.code = TOY_KIND,
                                     .name = "toy",
                                     .state_version = 1,
                                     .root = &toy_root_type,
                                     .commands = toy_commands,
                                     .command_count = 4,
                                     .events = toy_events,
                                     .event_count = 4,
                                     .apply = toy_apply,
                                     .outcome = toy_outcome,
                                     .timer = toy_timer};
static const struct kind *const toy_kinds[] = {&toy_kind};

/** The n-th address that this shard runs (`here`), or another. */
static inline struct address toy_address(const struct small_world *small, uint32_t n, bool here)
{
    for (uint32_t i = 0;; i++) {
        struct address address = {.kind = TOY_KIND};
        put_u32(address.id.bytes, i);
        if ((shard_of(small->shard, address) == 0) == here && n-- == 0) {
            return address;
        }
    }
}

static inline struct toy_root *toy_at(struct small_world *small, struct address address)
{
    return actor_get(small->shard, address)->root;
}

/** A new command, as from a session. */
static inline struct command *toy_command(struct address to, uint16_t code, uint32_t request)
{
    struct command *command = command_create(&toy_commands[code - 1], to);
    command->caller = (struct caller){.session = {.generation = 1}, .request = request};
    return command;
}

static inline void toy_say(struct small_world *small, struct address to, int64_t n,
                           uint32_t request)
{
    struct command *command = toy_command(to, TOY_BUMP, request);
    ((struct toy_bump_args *)command->args)->n = n;
    shard_submit(small->shard, command);
    small_turn(small);
}

static inline void toy_ask(struct small_world *small, struct address from, struct address to,
                           int64_t n)
{
    struct command *command = toy_command(from, TOY_RELAY, 1);
    struct toy_relay_args *args = command->args;
    args->to = to.id;
    args->n = n;
    shard_submit(small->shard, command);
    small_turn(small);
}

static inline void toy_wake_at(struct small_world *small, struct address to, int64_t timer,
                               int64_t due_ms)
{
    struct command *command = toy_command(to, TOY_ALARM, 1);
    struct toy_alarm_args *args = command->args;
    args->timer = timer;
    args->due_at = due_ms;
    shard_submit(small->shard, command);
    small_turn(small);
}

static inline void toy_world_start(struct small_world *small, uint16_t shards)
{
    small_start(small, toy_kinds, 1, shards);
    shard_start(small->shard, (struct lsn){small->tail});
}

#endif
