/**
 * A user's profile, and who one is.
 *
 * A nickname is unique because each has an identity actor (identity.c), so to take another one is a
 * chain, which this user leads:
 *
 *     as it was ──wanted──▶ claiming ──claimed──▶ changed, the old nickname given back
 *          ▲                   │
 *          └──────refused──────┘
 *
 * The new nickname is claimed before the profile changes, and the old one is given back by the
 * record that changes it, so in between the user holds both, and nobody else either. Nothing is
 * changed while a claim is under way: updates that come meanwhile wait, so what the claim began
 * with still holds when it ends, also after a crash. A nickname that only looks different has the
 * identity that is held already.
 */
#include "actors/user_profile.h"
#include "actors/identity_name.h"
#include "actors/identity_records.h"
#include "actors/kinds.h"
#include "actors/signup_rules.h"
#include "actors/user_parts.h"

/* --- declarations --- */

RECORD_DEFINE(auth_me_result, AUTH_ME_RESULT, "the account and the session");
RECORD_DEFINE(user_profile_result, USER_PROFILE_RESULT, "the profile");
RECORD_DEFINE(user_update_args, USER_UPDATE_ARGS, "what is to change");

/* The whole profile, so that what an event leaves does not depend on what was before. */
RECORD_DECLARE(profile_changed, USER_PROFILE_GIVEN)
RECORD_DECLARE(nickname_wanted, USER_PROFILE_GIVEN)
RECORD_DEFINE(profile_changed, USER_PROFILE_GIVEN, "the profile is now");
RECORD_DEFINE(nickname_wanted, USER_PROFILE_GIVEN, "the profile is to be, if the nickname is free");
#define nickname_refused_type empty_type

USER_PROFILE_EVENTS(EVENT_DEFINE_SHARED)

/* --- reading --- */

static struct bytes profile_key(void)
{
    return text_of("profile");
}

static struct bytes wanted_key(void)
{
    return text_of("wanted");
}

static int profile_get(struct ctx *ctx, struct user_profile_row *row)
{
    int err = ctx_get_row(ctx, USER_PROFILE, profile_key(), &user_profile_row_type, row);
    return CHECK_RECOVER(err != ERR_NOT_FOUND) ? err : ERR_INTERNAL;
}

static int handle_me(struct ctx *ctx, const void *state, const void *args)
{
    const struct user_root *user = state;
    const struct principal *who = ctx_principal(ctx);
    struct user_profile_row row;
    (void)args;
    int err = profile_get(ctx, &row);
    if (err != 0) {
        return err;
    }
    ctx_reply(ctx, &auth_me_result_type,
              &(struct auth_me_result){.user = ctx_self(ctx).id,
                                       .email = row.email,
                                       .sid = who->sid,
                                       .device = who->device,
                                       .nickname = row.nickname,
                                       .has_nickname = row.has_nickname,
                                       .couple = user->couple,
                                       .has_couple = !id_is_zero(user->couple),
                                       .created_at = user->created_at});
    return 0;
}

/** What stands in any of the records that hold USER_PROFILE_GIVEN. */
#define GIVEN_OF(record)                                                                           \
    .birth_date = (record)->birth_date, .has_birth_date = (record)->has_birth_date,                \
    .nickname = (record)->nickname, .has_nickname = (record)->has_nickname, .bio = (record)->bio,  \
    .has_bio = (record)->has_bio

static void reply_profile(struct ctx *ctx, const struct user_wanted_row *profile)
{
    ctx_reply(ctx, &user_profile_result_type,
              &(struct user_profile_result){.user = ctx_self(ctx).id, GIVEN_OF(profile)});
}

static int handle_profile(struct ctx *ctx, const void *state, const void *args)
{
    struct user_profile_row row;
    (void)state;
    (void)args;
    int err = profile_get(ctx, &row);
    if (err == 0) {
        reply_profile(ctx, &(struct user_wanted_row){GIVEN_OF(&row)});
    }
    return err;
}

/* --- changing --- */

static int check_update(struct ctx *ctx, const struct user_update_args *in)
{
    struct bytes normal;
    if (in->nickname.len > 0 && nickname_normalize(in->nickname, ctx_arena(ctx), &normal) != 0) {
        return ctx_refuse_field(ctx, ERR_INVALID_ARGUMENT, "nickname", "is not a nickname");
    }
    if (in->birth_date.month != 0 && !birth_date_plausible(in->birth_date, ctx_now_ms(ctx))) {
        return ctx_refuse_field(ctx, ERR_INVALID_ARGUMENT, "birth_date", "is not a day of birth");
    }
    return 0;
}

/** The profile after the update: absent is unchanged, null is none. */
static struct user_wanted_row merge(const struct user_profile_row *row,
                                    const struct user_update_args *in)
{
    struct user_wanted_row next = {GIVEN_OF(row)};
    if (in->has_nickname) {
        next.nickname = name_trim(in->nickname);
        next.has_nickname = in->nickname.len > 0;
    }
    if (in->has_bio) {
        next.bio = in->bio;
        next.has_bio = in->bio.len > 0;
    }
    if (in->has_birth_date) {
        next.birth_date = in->birth_date;
        next.has_birth_date = in->birth_date.month != 0;
    }
    return next;
}

/** Whether somebody stands behind a nickname; then who, and the normal form. */
static bool identity_find(struct ctx *ctx, bool has_nickname, struct bytes nickname,
                          struct address *identity, struct bytes *normal)
{
    if (!has_nickname ||
        !CHECK_RECOVER(nickname_normalize(nickname, ctx_arena(ctx), normal) == 0)) {
        return false;
    }
    *identity = identity_of_nickname(*normal);
    return true;
}

/** The old nickname, unless the next one is of the same identity. */
static void give_back(struct ctx *ctx, const struct user_profile_row *row,
                      const struct user_wanted_row *next)
{
    struct address held, kept = {0};
    struct bytes normal;
    (void)identity_find(ctx, next->has_nickname, next->nickname, &kept, &normal);
    if (identity_find(ctx, row->has_nickname, row->nickname, &held, &normal) &&
        !address_equal(held, kept)) {
        ctx_send(ctx, held, IDENTITY_NICKNAME_RELEASE, &nickname_release_args_type,
                 &(struct nickname_release_args){.user = ctx_self(ctx).id}, false);
    }
}

static void change_profile(struct ctx *ctx, const struct user_profile_row *row,
                           const struct user_wanted_row *next)
{
    ctx_emit(ctx, &profile_changed_event, &(struct profile_changed){GIVEN_OF(next)});
    give_back(ctx, row, next);
    reply_profile(ctx, next);
}

static int handle_update(struct ctx *ctx, const void *state, const void *args)
{
    struct user_profile_row row;
    struct user_wanted_row next;
    struct address held = {0}, claimed = {0};
    struct bytes normal, ignored;
    (void)state;
    if (ctx_get(ctx, USER_PROFILE, wanted_key(), &ignored) == 0) {
        return ctx_stash(ctx);
    }
    int err = check_update(ctx, args);
    if (err == 0) {
        err = profile_get(ctx, &row);
    }
    if (err != 0) {
        return err;
    }
    next = merge(&row, args);
    (void)identity_find(ctx, row.has_nickname, row.nickname, &held, &ignored);
    if (!identity_find(ctx, next.has_nickname, next.nickname, &claimed, &normal) ||
        address_equal(held, claimed)) {
        change_profile(ctx, &row, &next);
        return 0;
    }
    ctx_emit(ctx, &nickname_wanted_event, &(struct nickname_wanted){GIVEN_OF(&next)});
    ctx_send(ctx, claimed, IDENTITY_NICKNAME_CLAIM, &nickname_claim_args_type,
             &(struct nickname_claim_args){.user = ctx_self(ctx).id, .value = normal}, true);
    return 0;
}

int user_nickname_claim_done(struct ctx *ctx, const void *state, const struct outcome *outcome)
{
    struct user_profile_row row;
    struct user_wanted_row next;
    (void)state;
    if (outcome->error != 0) {
        ctx_emit(ctx, &nickname_refused_event, NULL);
        ctx_reply_error(ctx, outcome->error);
        return 0;
    }
    int err = profile_get(ctx, &row);
    if (err == 0) {
        err = ctx_get_row(ctx, USER_PROFILE, wanted_key(), &user_wanted_row_type, &next);
    }
    if (err == 0) {
        change_profile(ctx, &row, &next);
    }
    return err;
}

void apply_nickname_wanted(struct ctx *ctx, struct user_root *user, const void *body)
{
    const struct nickname_wanted *event = body;
    (void)user;
    ctx_put_row(ctx, USER_PROFILE, wanted_key(), &user_wanted_row_type,
                &(struct user_wanted_row){GIVEN_OF(event)});
}

static void forget_wanted(struct ctx *ctx)
{
    struct bytes ignored;
    if (ctx_get(ctx, USER_PROFILE, wanted_key(), &ignored) == 0) {
        ctx_delete(ctx, USER_PROFILE, wanted_key());
    }
}

void apply_nickname_refused(struct ctx *ctx, struct user_root *user, const void *body)
{
    (void)user;
    (void)body;
    forget_wanted(ctx);
}

void apply_profile_changed(struct ctx *ctx, struct user_root *user, const void *body)
{
    const struct profile_changed *event = body;
    struct user_profile_row row;
    (void)user;
    forget_wanted(ctx);
    if (ctx_get_row(ctx, USER_PROFILE, profile_key(), &user_profile_row_type, &row) == 0) {
        ctx_put_row(ctx, USER_PROFILE, profile_key(), &user_profile_row_type,
                    &(struct user_profile_row){.email = row.email, GIVEN_OF(event)});
    }
}

/* --- ops --- */

const struct op user_auth_me = {
    .command = {.code = USER_AUTH_ME,
                .name = "auth.me",
                .args = &empty_type,
                .result = &auth_me_result_type,
                .handle = handle_me},
    .doc = "Who is signed in, on which device, and in which couple.",
    .needs = OP_NEEDS_SESSION,
    .route = user_route_own,
    .errors = (const int[]){0},
    .rest = {.method = "GET", .path = "/auth/me", .status = 200, .cache = OP_CACHE_NEVER}};

const struct op user_profile_read = {
    .command = {.code = USER_PROFILE_READ,
                .name = "user.profile",
                .args = &empty_type,
                .result = &user_profile_result_type,
                .handle = handle_profile},
    .doc = "The caller's profile. What was never given, or was cleared, is absent.",
    .needs = OP_NEEDS_SESSION,
    .route = user_route_own,
    .errors = (const int[]){0},
    .rest = {.method = "GET", .path = "/user/profile", .status = 200}};

const struct op user_profile_update = {
    .command = {.code = USER_PROFILE_UPDATE,
                .name = "user.update",
                .args = &user_update_args_type,
                .result = &user_profile_result_type,
                .handle = handle_update},
    .doc = "Changes the profile and answers with all of it. What is absent stays, null clears. "
           "A nickname that somebody else has is refused, and then nothing changes.",
    .needs = OP_NEEDS_SESSION,
    .writes = true,
    .keyed = true,
    .route = user_route_own,
    .errors = (const int[]){ERR_NICKNAME_TAKEN, 0},
    .rest = {.method = "PATCH", .path = "/user/profile", .status = 200}};
