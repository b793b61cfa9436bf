/**
 * An invite code, and the coordinator of the pairing that redeems it.
 *
 *                             ┌──────────────redeem failed─────────────┐
 *                             ▼                                        │
 *     none ──created──▶ live ──redeem started──▶ reserving first ──▶ reserving second
 *                        │                                             │ pair decided
 *                     revoked                                          ▼
 *                        ▼                     used ◀── telling    ◀── making couple
 *                     revoked                      redeemer ◀── telling owner
 *
 * Both users are reserved, the one with the lower id first, so that two pairings of the same two
 * meet at one actor and exactly one goes on. A refusal releases what was reserved. After
 * `pair decided` nothing can fail: the couple is made before any user hears of it, so whoever is
 * told finds it there. Only this chain releases reservations, never a timeout.
 *
 * Who redeems is told by its own user actor: `redeem` begins, `await` is answered when it has
 * ended. Codes redeemed meanwhile wait for the outcome. A revocation that comes meanwhile is
 * remembered, and takes effect when the redemption fails. Expiry is compared with the clock,
 * without a timer.
 */
#include "actors/couple_records.h"
#include "actors/invite_code.h"
#include "actors/invite_records.h"
#include "actors/kinds.h"
#include "actors/tables.h"

/* Facts without content. `redeem_failed` is of older logs. */
#define first_reserved_type empty_type
#define redeem_failed_type empty_type
#define pair_decided_type empty_type
#define couple_made_type empty_type
#define owner_told_type empty_type
#define redeem_done_type empty_type
#define invite_revoked_type empty_type

#define INVITE_EVENTS(X)                                                                           \
    X(1, invite_created)                                                                           \
    X(2, redeem_started)                                                                           \
    X(3, first_reserved)                                                                           \
    X(4, redeem_failed)                                                                            \
    X(5, pair_decided)                                                                             \
    X(6, couple_made)                                                                              \
    X(7, owner_told)                                                                               \
    X(8, redeem_done)                                                                              \
    X(9, invite_revoked)                                                                           \
    X(10, redeem_refused)
INVITE_EVENTS(EVENT_DEFINE)

/* --- the owner's side --- */

static int handle_create(struct ctx *ctx, const void *state, const void *args)
{
    const struct invite_root *invite = state;
    const struct invite_create_args *in = args;
    if (invite->state != INVITE_NONE) {
        return ERR_EXISTS;
    }
    ctx_emit(ctx, &invite_created_event,
             &(struct invite_created){.owner = ctx_sender(ctx).id, .expires_at = in->expires_at});
    return 0;
}

static void apply_invite_created(struct invite_root *invite, const void *body)
{
    const struct invite_created *event = body;
    invite->state = INVITE_LIVE;
    invite->owner = event->owner;
    invite->expires_at = event->expires_at;
}

static bool is_reserving(const struct invite_root *invite)
{
    return invite->state == INVITE_RESERVING_FIRST || invite->state == INVITE_RESERVING_SECOND;
}

static int handle_revoke(struct ctx *ctx, const void *state, const void *args)
{
    const struct invite_root *invite = state;
    (void)args;
    if (invite->state == INVITE_LIVE || is_reserving(invite)) {
        ctx_emit(ctx, &invite_revoked_event, NULL);
    }
    return 0;
}

static void apply_invite_revoked(struct invite_root *invite, const void *body)
{
    (void)body;
    if (is_reserving(invite)) {
        invite->revoked = true;
    } else {
        invite->state = INVITE_REVOKED;
    }
}

/* --- redeeming --- */

static void reply_redeemed(struct ctx *ctx, const struct invite_root *invite)
{
    ctx_reply(ctx, &invite_redeem_result_type,
              &(struct invite_redeem_result){.couple = invite->couple,
                                             .has_couple = true,
                                             .partner = invite->owner,
                                             .has_partner = true});
}

static int refusal_of(const struct invite_root *invite, struct id redeemer, int64_t now_ms)
{
    if (invite->state == INVITE_NONE) {
        return ERR_CODE_UNKNOWN;
    }
    if (id_equal(invite->owner, redeemer)) {
        return ERR_CODE_OWN;
    }
    if (invite->state == INVITE_USED) {
        return ERR_CODE_USED;
    }
    bool expired = invite->state == INVITE_LIVE && invite->expires_at <= now_ms;
    return expired || invite->state == INVITE_REVOKED ? ERR_CODE_EXPIRED : 0;
}

/** `second`: the later of the two to be reserved. */
static struct id in_order(struct id owner, struct id redeemer, bool second)
{
    bool owner_first = memcmp(owner.bytes, redeemer.bytes, ID_BYTES) < 0;
    return owner_first != second ? owner : redeemer;
}

static void send_reserve(struct ctx *ctx, struct id owner, struct id redeemer, struct id couple,
                         bool second)
{
    struct id user = in_order(owner, redeemer, second);
    ctx_send(ctx, user_address(user), USER_PAIR_RESERVE, &user_pair_reserve_args_type,
             &(struct user_pair_reserve_args){.couple = couple,
                                              .partner = id_equal(user, owner) ? redeemer : owner},
             false);
}

/** From the user actor of who redeems. */
static int handle_redeem(struct ctx *ctx, const void *state, const void *args)
{
    const struct invite_root *invite = state;
    struct id redeemer = ctx_sender(ctx).id;
    (void)args;
    if (invite->state == INVITE_USED && id_equal(invite->redeemer, redeemer)) {
        reply_redeemed(ctx, invite); /* asked again: the first answer was lost */
        return 0;
    }
    int err = refusal_of(invite, redeemer, ctx_now_ms(ctx));
    if (err != 0) {
        return err;
    }
    if (invite->state != INVITE_LIVE) {
        return ctx_stash(ctx);
    }
    struct id couple = ctx_random_id(ctx);
    ctx_emit(ctx, &redeem_started_event,
             &(struct redeem_started){.redeemer = redeemer, .couple = couple});
    send_reserve(ctx, invite->owner, redeemer, couple, false);
    ctx_reply(ctx, &invite_redeem_result_type, &(struct invite_redeem_result){0});
    return 0;
}

/** What the last refusal says to who was refused; a later one may have taken its place. */
static int last_refusal(const struct invite_root *invite, struct id redeemer)
{
    static const int errors[] = {[INVITE_REFUSED_NOT] = ERR_PAIRING_IN_PROGRESS,
                                 [INVITE_REFUSED_PAIRED] = ERR_ALREADY_PAIRED,
                                 [INVITE_REFUSED_PAIRING] = ERR_PAIRING_IN_PROGRESS,
                                 [INVITE_REFUSED_OTHERWISE] = ERR_NOT_FOUND};
    return id_equal(invite->refused_redeemer, redeemer) ? errors[invite->refusal]
                                                        : ERR_PAIRING_IN_PROGRESS;
}

/** … whose redemption has begun, and who wants to know how it ends. */
static int handle_await(struct ctx *ctx, const void *state, const void *args)
{
    const struct invite_root *invite = state;
    struct id redeemer = ctx_sender(ctx).id;
    (void)args;
    if (!id_equal(invite->redeemer, redeemer)) {
        return last_refusal(invite, redeemer);
    }
    if (invite->state != INVITE_USED) {
        return ctx_stash(ctx);
    }
    reply_redeemed(ctx, invite);
    return 0;
}

static void apply_redeem_started(struct invite_root *invite, const void *body)
{
    const struct redeem_started *event = body;
    invite->state = INVITE_RESERVING_FIRST;
    invite->redeemer = event->redeemer;
    invite->couple = event->couple;
}

static void send_release(struct ctx *ctx, const struct invite_root *invite, struct id user)
{
    ctx_send(ctx, user_address(user), USER_PAIR_RELEASE, &user_pair_release_args_type,
             &(struct user_pair_release_args){.couple = invite->couple}, false);
}

static void fail_redeem(struct ctx *ctx, const struct invite_root *invite, int error)
{
    if (invite->state == INVITE_RESERVING_SECOND) {
        send_release(ctx, invite, in_order(invite->owner, invite->redeemer, false));
    }
    ctx_emit(ctx, &redeem_refused_event,
             &(struct redeem_refused){.refusal = error == ERR_ALREADY_PAIRED ? INVITE_REFUSED_PAIRED
                                                 : error == ERR_PAIRING_IN_PROGRESS
                                                     ? INVITE_REFUSED_PAIRING
                                                     : INVITE_REFUSED_OTHERWISE});
}

static void apply_redeem_failed(struct invite_root *invite, const void *body)
{
    (void)body;
    invite->state = invite->revoked ? INVITE_REVOKED : INVITE_LIVE;
    invite->redeemer = (struct id){0};
    invite->couple = (struct id){0};
    invite->revoked = false;
}

static void apply_redeem_refused(struct invite_root *invite, const void *body)
{
    const struct redeem_refused *event = body;
    invite->refused_redeemer = invite->redeemer;
    invite->refusal = event->refusal;
    apply_redeem_failed(invite, NULL);
}

static int reserve_done(struct ctx *ctx, const void *state, const struct outcome *outcome)
{
    const struct invite_root *invite = state;
    if (outcome->error != 0) {
        fail_redeem(ctx, invite, outcome->error);
        return 0;
    }
    if (invite->state == INVITE_RESERVING_FIRST) {
        ctx_emit(ctx, &first_reserved_event, NULL);
        send_reserve(ctx, invite->owner, invite->redeemer, invite->couple, true);
        return 0;
    }
    ctx_emit(ctx, &pair_decided_event, NULL);
    ctx_send(ctx, couple_address(invite->couple), COUPLE_CREATE, &couple_create_args_type,
             &(struct couple_create_args){.a = invite->owner, .b = invite->redeemer}, false);
    return 0;
}

static void apply_first_reserved(struct invite_root *invite, const void *body)
{
    (void)body;
    invite->state = INVITE_RESERVING_SECOND;
}

/* --- decided: telling everyone --- */

static void send_commit(struct ctx *ctx, const struct invite_root *invite, struct id user,
                        struct id partner)
{
    ctx_send(ctx, user_address(user), USER_PAIR_COMMIT, &user_pair_commit_args_type,
             &(struct user_pair_commit_args){.couple = invite->couple, .partner = partner}, false);
}

static void apply_pair_decided(struct invite_root *invite, const void *body)
{
    (void)body;
    invite->state = INVITE_MAKING_COUPLE;
    invite->revoked = false;
}

static int couple_create_done(struct ctx *ctx, const void *state, const struct outcome *outcome)
{
    const struct invite_root *invite = state;
    (void)CHECK_RECOVER(outcome->error == 0);
    ctx_emit(ctx, &couple_made_event, NULL);
    send_commit(ctx, invite, invite->owner, invite->redeemer);
    return 0;
}

static void apply_couple_made(struct invite_root *invite, const void *body)
{
    (void)body;
    invite->state = INVITE_TELLING_OWNER;
}

static int commit_done(struct ctx *ctx, const void *state, const struct outcome *outcome)
{
    const struct invite_root *invite = state;
    (void)CHECK_RECOVER(outcome->error == 0);
    if (invite->state == INVITE_TELLING_OWNER) {
        ctx_emit(ctx, &owner_told_event, NULL);
        send_commit(ctx, invite, invite->redeemer, invite->owner);
        return 0;
    }
    ctx_emit(ctx, &redeem_done_event, NULL);
    return 0;
}

static void apply_owner_told(struct invite_root *invite, const void *body)
{
    (void)body;
    invite->state = INVITE_TELLING_REDEEMER;
}

static void apply_redeem_done(struct invite_root *invite, const void *body)
{
    (void)body;
    invite->state = INVITE_USED;
}

/* --- tables --- */

static const struct command_type commands[] = {
    {INVITE_CREATE, "create", &invite_create_args_type, &empty_type, handle_create},
    {INVITE_REVOKE, "revoke", &empty_type, &empty_type, handle_revoke},
    {INVITE_REDEEM, "redeem", &empty_type, &invite_redeem_result_type, handle_redeem},
    {INVITE_AWAIT, "await", &empty_type, &invite_redeem_result_type, handle_await}};

static const struct event_type *const events[] = {INVITE_EVENTS(EVENT_LIST)};

static void (*const appliers[])(struct invite_root *invite,
                                const void *body) = {INVITE_EVENTS(EVENT_APPLY)};

static void apply(struct ctx *ctx, void *state, const struct event_type *type, const void *body)
{
    (void)ctx;
    appliers[type->tag](state, body);
}

static const struct outcome_row outcomes[] = {{ACTOR_USER, USER_PAIR_RESERVE, reserve_done},
                                              {ACTOR_USER, USER_PAIR_RELEASE, outcome_ignore},
                                              {ACTOR_USER, USER_PAIR_COMMIT, commit_done},
                                              {ACTOR_COUPLE, COUPLE_CREATE, couple_create_done}};

static int handle_outcome(struct ctx *ctx, const void *state, const struct outcome *outcome)
{
    return outcome_dispatch(outcomes, COUNT_OF(outcomes), ctx, state, outcome);
}

const struct kind invite_kind = {.code = ACTOR_INVITE,
                                 .name = "invite",
                                 .state_version = 2,
                                 .root = &invite_root_type,
                                 .commands = commands,
                                 .command_count = COUNT_OF(commands),
                                 .events = events,
                                 .event_count = COUNT_OF(events),
                                 .apply = apply,
                                 .outcome = handle_outcome};
