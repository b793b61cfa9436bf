/**
 * Redeeming the partner's code, as seen from who redeems it.
 *
 * The code's invite actor leads the pairing (invite.c). The request goes there by way of this user
 * actor, which is where its idempotency key is kept: the same key with another code is known here,
 * whichever codes are meant.
 *
 *     asked ──redeem──▶ begun ──await──▶ answered with the couple, or with why there is none
 *              └──refused, or redeemed before──▶ answered at once
 */
#include "actors/invite_code.h"
#include "actors/invite_records.h"
#include "actors/kinds.h"
#include "actors/user_parts.h"

static int handle_match(struct ctx *ctx, const void *state, const void *args)
{
    const struct couple_match_args *in = args;
    uint64_t code;
    (void)state;
    int err = invite_code_parse(in->code, &code);
    if (err == 0) {
        ctx_send(ctx, invite_address(code), INVITE_REDEEM, &empty_type, NULL, true);
    }
    return err;
}

static void reply_match(struct ctx *ctx, const struct invite_redeem_result *made)
{
    ctx_reply(ctx, &couple_match_result_type,
              &(struct couple_match_result){.couple = made->couple, .partner = made->partner});
}

int user_redeem_done(struct ctx *ctx, const void *state, const struct outcome *outcome)
{
    const struct invite_redeem_result *made = outcome->result;
    (void)state;
    if (outcome->error != 0) {
        ctx_reply_error(ctx, outcome->error);
    } else if (CHECK_RECOVER(made != NULL) && made->has_couple) {
        reply_match(ctx, made);
    } else {
        ctx_send(ctx, outcome->to, INVITE_AWAIT, &empty_type, NULL, true);
    }
    return 0;
}

int user_await_done(struct ctx *ctx, const void *state, const struct outcome *outcome)
{
    (void)state;
    if (outcome->error != 0) {
        ctx_reply_error(ctx, outcome->error);
    } else if (CHECK_RECOVER(outcome->result != NULL)) {
        reply_match(ctx, outcome->result);
    }
    return 0;
}

const struct op user_couple_match = {
    .command = {.code = USER_COUPLE_MATCH,
                .name = "couple.match",
                .args = &couple_match_args_type,
                .result = &couple_match_result_type,
                .handle = handle_match},
    .doc = "Redeems the partner's invite code: both become a couple. Asking again after success "
           "gives the same couple.",
    .needs = OP_NEEDS_SESSION,
    .rate = OP_RATE_COSTLY,
    .writes = true,
    .keyed = true,
    .route = user_route_own,
    .errors = (const int[]){ERR_CODE_UNKNOWN, ERR_CODE_EXPIRED, ERR_CODE_USED, ERR_CODE_OWN,
                            ERR_ALREADY_PAIRED, ERR_PAIRING_IN_PROGRESS, 0},
    .rest = {.method = "POST", .path = "/couple/match", .status = 201}};
