/**
 * An e-mail or a nickname: whose it is. Uniqueness is that there is one actor per value.
 *
 * The identity of an e-mail leads sign-up; what it needs to go on stands in its account row.
 *
 *     free ──reserved──▶ claiming ──nickname held──▶ creating ──confirmed──▶ taken
 *       ▲ └──reserved, no nickname───────────────────▶ │
 *       ├──────released──────┘ (nickname taken)        │
 *       └──────released────────────────────────────────┘ (user refused: never expected)
 *
 * Sign-ups and logins that come meanwhile wait for the outcome. A nickname goes free ⇄ taken.
 *
 * Secrets: the password leaves the args only as the input of a job. Results of reliable sends stand
 * in the log, so tokens are never one: user.create only creates, then the caller is handed over to
 * user.open_device, whose answer goes to the caller alone. So a sign-up's answer cannot be kept for
 * its idempotency key either: the account keeps the key and a hash of what was said but for the
 * password, and the same sign-up again is a sign-in. Of two at once the second one cannot be signed
 * in, as its password is gone by the time the first has ended, and is asked to come back.
 */
#include <stdlib.h>

#include "actors/identity_name.h"
#include "actors/identity_records.h"
#include "actors/kinds.h"
#include "actors/signup_rules.h"
#include "actors/tables.h"
#include "wire/codec.h"

#define FAILURES_MAX 10
#define AGAIN_RETRY_MS 100
#define FAILURES_WINDOW_MS (15 * 60 * 1000LL)

enum { ACCOUNT = 1 };

/* Facts without content. */
#define identity_confirmed_type empty_type
#define identity_released_type empty_type
#define nickname_held_type empty_type
#define login_failed_type empty_type
#define login_cleared_type empty_type

#define IDENTITY_EVENTS(X)                                                                         \
    X(1, identity_reserved)                                                                        \
    X(2, nickname_held)                                                                            \
    X(3, identity_confirmed)                                                                       \
    X(4, identity_released)                                                                        \
    X(5, identity_rehashed)                                                                        \
    X(6, nickname_claimed)                                                                         \
    X(7, login_failed)                                                                             \
    X(8, login_cleared)
IDENTITY_EVENTS(EVENT_DEFINE)

static bool sign_up_under_way(const struct identity_root *identity)
{
    return identity->state == IDENTITY_CLAIMING || identity->state == IDENTITY_CREATING;
}

static struct bytes account_key(void)
{
    return text_of("account");
}

/** The account, if its value is `normal` or that is empty. 0, ERR_NOT_FOUND or ERR_INTERNAL. */
static int account_get(struct ctx *ctx, struct bytes normal, struct identity_account_row *row)
{
    int err = ctx_get_row(ctx, ACCOUNT, account_key(), &identity_account_row_type, row);
    if (err == 0 && normal.len > 0 && !CHECK_RECOVER(bytes_equal(row->value, normal))) {
        return ERR_INTERNAL; /* two values with one hash */
    }
    return err;
}

/* --- passwords --- */

static bool in_failure_window(const struct identity_root *identity, int64_t now_ms)
{
    return identity->failures > 0 && now_ms < identity->failures_at + FAILURES_WINDOW_MS;
}

/** Asked before and after the check: guesses that were checked at once must not all count. */
static int refuse_brute_force(struct ctx *ctx, const struct identity_root *identity)
{
    int64_t now_ms = ctx_now_ms(ctx);
    if (identity->failures < FAILURES_MAX || !in_failure_window(identity, now_ms)) {
        return 0;
    }
    return ctx_refuse_retry(ctx, ERR_RATE_LIMITED,
                            identity->failures_at + FAILURES_WINDOW_MS - now_ms);
}

static void verify_password(struct ctx *ctx, struct bytes hash, struct bytes password,
                            const struct login_verified_args *args)
{
    size_t input_len = sizeof(uint32_t) + hash.len + password.len;
    uint8_t *input = memory_alloc(input_len);
    put_u32(input, (uint32_t)hash.len);
    if (hash.len > 0) {
        memcpy(input + sizeof(uint32_t), hash.data, hash.len);
    }
    memcpy(input + sizeof(uint32_t) + hash.len, password.data, password.len);
    ctx_job(ctx, JOB_VERIFY_PASSWORD, bytes_of(input, input_len), IDENTITY_LOGIN_VERIFIED,
            &login_verified_args_type, args);
    explicit_bzero(input, input_len);
    free(input);
}

/* --- sign-up --- */

/** What is no e-mail goes to the identity of none, which is always free and refuses it by name. */
static int route_email(struct bytes email, struct address *out)
{
    struct arena arena = {0};
    struct bytes normal;
    bool is_name = name_normalize(email, &arena, &normal) == 0;
    *out = identity_of_email(is_name ? normal : bytes_of("", 0));
    arena_fini(&arena);
    return 0;
}

static int route_signup(const struct principal *caller, const void *args, struct address *out)
{
    (void)caller;
    return route_email(((const struct auth_signup_args *)args)->email, out);
}

static int check_nickname(struct ctx *ctx, struct bytes nickname)
{
    struct bytes normal;
    if (nickname_normalize(nickname, ctx_arena(ctx), &normal) != 0) {
        return ctx_refuse_field(ctx, ERR_INVALID_ARGUMENT, "nickname", "is not a nickname");
    }
    return 0;
}

static int check_signup(struct ctx *ctx, const struct auth_signup_args *in)
{
    struct bytes normal;
    if (name_normalize(in->email, ctx_arena(ctx), &normal) != 0 || !email_plausible(normal)) {
        return ctx_refuse_field(ctx, ERR_INVALID_ARGUMENT, "email", "is not an e-mail address");
    }
    if (!birth_date_plausible(in->birth_date, ctx_now_ms(ctx))) {
        return ctx_refuse_field(ctx, ERR_INVALID_ARGUMENT, "birth_date", "is not a day of birth");
    }
    if (password_is_common(in->password) || bytes_equal(in->password, in->email)) {
        return ERR_PASSWORD_TOO_COMMON;
    }
    return in->has_nickname ? check_nickname(ctx, in->nickname) : 0;
}

/** Hash of what the sign-up says, without the password. */
static struct id signup_content(const struct signup_hashed_args *about)
{
    struct buffer body = {0};
    record_encode(&signup_hashed_args_type, RECORD_AS_MAP, about, &body);
    struct id content = id_from_hash(body.data, body.len);
    buffer_fini(&body);
    return content;
}

/**
 * A sign-up for what is taken: 0 if it is the one that took it, asked again with its key. Whether
 * the password is the same remains to be seen. Else what it is refused with.
 */
static int is_asked_again(struct ctx *ctx, const struct signup_hashed_args *about,
                          struct identity_account_row *row)
{
    struct id key = ctx_request_key(ctx);
    int err = account_get(ctx, (struct bytes){0}, row);
    if (err != 0) {
        return err;
    }
    if (id_is_zero(key) || !row->has_key || !id_equal(row->key, key)) {
        return ERR_EMAIL_TAKEN;
    }
    return id_equal(row->content, signup_content(about)) ? 0 : ERR_IDEMPOTENCY_CONFLICT;
}

/** The tokens of the first answer are nowhere: who has the password gets new ones. */
static int sign_up_again(struct ctx *ctx, const struct identity_root *identity,
                         const struct auth_signup_args *in, const struct signup_hashed_args *about)
{
    struct identity_account_row row;
    int err = is_asked_again(ctx, about, &row);
    if (err == 0) {
        err = refuse_brute_force(ctx, identity);
    }
    if (err == 0) {
        verify_password(
            ctx, row.hash, in->password,
            &(struct login_verified_args){.device = in->device, .again = true, .has_again = true});
    }
    return err;
}

static int handle_signup(struct ctx *ctx, const void *state, const void *args)
{
    const struct identity_root *identity = state;
    const struct auth_signup_args *in = args;
    int err = check_signup(ctx, in);
    if (err != 0) {
        return err;
    }
    if (sign_up_under_way(identity)) {
        return ctx_stash(ctx);
    }
    struct signup_hashed_args about = {.email = name_trim(in->email),
                                       .birth_date = in->birth_date,
                                       .nickname = name_trim(in->nickname),
                                       .has_nickname = in->has_nickname,
                                       .device = in->device};
    if (identity->state == IDENTITY_TAKEN) {
        return sign_up_again(ctx, identity, in, &about);
    }
    ctx_job(ctx, JOB_HASH_PASSWORD, in->password, IDENTITY_SIGNUP_HASHED, &signup_hashed_args_type,
            &about);
    return 0;
}

static void send_user_create(struct ctx *ctx, struct id user, const struct user_create_args *args)
{
    ctx_send(ctx, user_address(user), USER_CREATE, &user_create_args_type, args, true);
}

/** The normal form was checked when the sign-up began, so it exists. */
static int nickname_address(struct ctx *ctx, struct bytes nickname, struct bytes *normal,
                            struct address *out)
{
    int err = name_normalize(nickname, ctx_arena(ctx), normal);
    if (!CHECK_RECOVER(err == 0)) {
        return ERR_INTERNAL;
    }
    *out = identity_of_nickname(*normal);
    return 0;
}

static int begin_signup(struct ctx *ctx, const struct signup_hashed_args *in, struct bytes normal)
{
    struct id user = ctx_random_id(ctx);
    struct id key = ctx_request_key(ctx);
    struct bytes nickname;
    struct address claimed;
    ctx_emit(ctx, &identity_reserved_event,
             &(struct identity_reserved){.user = user,
                                         .value = normal,
                                         .hash = ctx_job_result(ctx),
                                         .email = in->email,
                                         .birth_date = in->birth_date,
                                         .nickname = in->nickname,
                                         .has_nickname = in->has_nickname,
                                         .device = in->device,
                                         .key = key,
                                         .has_key = !id_is_zero(key),
                                         .content = signup_content(in),
                                         .has_content = !id_is_zero(key)});
    if (!in->has_nickname) {
        send_user_create(
            ctx, user,
            &(struct user_create_args){.email = in->email, .birth_date = in->birth_date});
        return 0;
    }
    int err = nickname_address(ctx, in->nickname, &nickname, &claimed);
    if (err != 0) {
        return err;
    }
    ctx_send(ctx, claimed, IDENTITY_NICKNAME_CLAIM, &nickname_claim_args_type,
             &(struct nickname_claim_args){.user = user, .value = nickname}, true);
    return 0;
}

static int handle_signup_hashed(struct ctx *ctx, const void *state, const void *args)
{
    const struct identity_root *identity = state;
    const struct signup_hashed_args *in = args;
    struct identity_account_row row;
    struct bytes normal;
    if (sign_up_under_way(identity)) {
        return ctx_stash(ctx);
    }
    if (identity->state == IDENTITY_TAKEN) { /* meanwhile: of two at once this is the second */
        int error = is_asked_again(ctx, in, &row);
        return error != 0 ? error : ctx_refuse_retry(ctx, ERR_BUSY, AGAIN_RETRY_MS);
    }
    if (ctx_job_result(ctx).len == 0) {
        return ERR_BUSY; /* no memory for hashing now */
    }
    int err = name_normalize(in->email, ctx_arena(ctx), &normal);
    return err != 0 ? err : begin_signup(ctx, in, normal);
}

static void apply_identity_reserved(struct ctx *ctx, struct identity_root *identity,
                                    const void *body)
{
    const struct identity_reserved *event = body;
    identity->state = event->has_nickname ? IDENTITY_CLAIMING : IDENTITY_CREATING;
    identity->user = event->user;
    ctx_put_row(ctx, ACCOUNT, account_key(), &identity_account_row_type,
                &(struct identity_account_row){.value = event->value,
                                               .hash = event->hash,
                                               .has_hash = true,
                                               .email = event->email,
                                               .has_email = true,
                                               .birth_date = event->birth_date,
                                               .has_birth_date = true,
                                               .nickname = event->nickname,
                                               .has_nickname = event->has_nickname,
                                               .device = event->device,
                                               .has_device = true,
                                               .key = event->key,
                                               .has_key = event->has_key,
                                               .content = event->content,
                                               .has_content = event->has_content});
}

static void give_up_signup(struct ctx *ctx, int error)
{
    ctx_emit(ctx, &identity_released_event, NULL);
    ctx_reply_error(ctx, error);
}

static int nickname_claim_done(struct ctx *ctx, const void *state, const struct outcome *outcome)
{
    const struct identity_root *identity = state;
    struct identity_account_row row;
    if (outcome->error != 0) {
        give_up_signup(ctx, outcome->error);
        return 0;
    }
    int err = account_get(ctx, (struct bytes){0}, &row);
    if (err != 0) {
        return err;
    }
    ctx_emit(ctx, &nickname_held_event, NULL);
    send_user_create(ctx, identity->user,
                     &(struct user_create_args){.email = row.email,
                                                .birth_date = row.birth_date,
                                                .nickname = row.nickname,
                                                .has_nickname = row.has_nickname});
    return 0;
}

static void apply_nickname_held(struct ctx *ctx, struct identity_root *identity, const void *body)
{
    (void)ctx;
    (void)body;
    identity->state = IDENTITY_CREATING;
}

static int release_nickname(struct ctx *ctx, struct id user, struct bytes nickname)
{
    struct bytes normal;
    struct address claimed;
    int err = nickname_address(ctx, nickname, &normal, &claimed);
    if (err == 0) {
        ctx_send(ctx, claimed, IDENTITY_NICKNAME_RELEASE, &nickname_release_args_type,
                 &(struct nickname_release_args){.user = user}, false);
    }
    return err;
}

static int user_create_done(struct ctx *ctx, const void *state, const struct outcome *outcome)
{
    const struct identity_root *identity = state;
    struct identity_account_row row;
    int err = account_get(ctx, (struct bytes){0}, &row);
    if (err != 0) {
        return err;
    }
    if (outcome->error != 0) {
        give_up_signup(ctx, ERR_INTERNAL);
        return row.has_nickname ? release_nickname(ctx, identity->user, row.nickname) : 0;
    }
    ctx_emit(ctx, &identity_confirmed_event, NULL);
    ctx_forward(ctx, user_address(identity->user), USER_OPEN_DEVICE, &user_open_device_args_type,
                &(struct user_open_device_args){.device = row.device});
    return 0;
}

static void apply_identity_confirmed(struct ctx *ctx, struct identity_root *identity,
                                     const void *body)
{
    struct identity_account_row row;
    (void)body;
    identity->state = IDENTITY_TAKEN;
    if (account_get(ctx, (struct bytes){0}, &row) == 0) {
        ctx_put_row(ctx, ACCOUNT, account_key(), &identity_account_row_type,
                    &(struct identity_account_row){.value = row.value,
                                                   .hash = row.hash,
                                                   .has_hash = row.has_hash,
                                                   .key = row.key,
                                                   .has_key = row.has_key,
                                                   .content = row.content,
                                                   .has_content = row.has_content});
    }
}

static void apply_identity_released(struct ctx *ctx, struct identity_root *identity,
                                    const void *body)
{
    (void)body;
    *identity = (struct identity_root){.state = IDENTITY_FREE};
    ctx_clear(ctx, ACCOUNT);
}

/* --- nicknames --- */

static int handle_nickname_claim(struct ctx *ctx, const void *state, const void *args)
{
    const struct identity_root *identity = state;
    const struct nickname_claim_args *in = args;
    if (identity->state != IDENTITY_FREE) {
        return ERR_NICKNAME_TAKEN;
    }
    ctx_emit(ctx, &nickname_claimed_event,
             &(struct nickname_claimed){.user = in->user, .value = in->value});
    return 0;
}

static void apply_nickname_claimed(struct ctx *ctx, struct identity_root *identity,
                                   const void *body)
{
    const struct nickname_claimed *event = body;
    identity->state = IDENTITY_TAKEN;
    identity->user = event->user;
    ctx_put_row(ctx, ACCOUNT, account_key(), &identity_account_row_type,
                &(struct identity_account_row){.value = event->value});
}

static int handle_nickname_release(struct ctx *ctx, const void *state, const void *args)
{
    const struct identity_root *identity = state;
    const struct nickname_release_args *in = args;
    if (identity->state == IDENTITY_TAKEN && id_equal(identity->user, in->user)) {
        ctx_emit(ctx, &identity_released_event, NULL);
    }
    return 0;
}

/* --- login --- */

static int route_login(const struct principal *caller, const void *args, struct address *out)
{
    (void)caller;
    return route_email(((const struct auth_login_args *)args)->email, out);
}

/** An unknown e-mail verifies against nothing, which costs the same time. */
static int stored_hash(struct ctx *ctx, const struct identity_root *identity,
                       const struct auth_login_args *in, struct bytes *hash)
{
    struct identity_account_row row;
    struct bytes normal;
    *hash = (struct bytes){0};
    if (identity->state != IDENTITY_TAKEN) {
        return 0;
    }
    int err = name_normalize(in->email, ctx_arena(ctx), &normal);
    if (err == 0) {
        err = account_get(ctx, normal, &row);
    }
    if (err == 0 && row.has_hash) {
        *hash = row.hash;
    }
    return err;
}

static int handle_login(struct ctx *ctx, const void *state, const void *args)
{
    const struct identity_root *identity = state;
    const struct auth_login_args *in = args;
    struct bytes hash;
    if (sign_up_under_way(identity)) {
        return ctx_stash(ctx);
    }
    int err = refuse_brute_force(ctx, identity);
    if (err == 0) {
        err = stored_hash(ctx, identity, in, &hash);
    }
    if (err != 0) {
        return err;
    }
    verify_password(ctx, hash, in->password, &(struct login_verified_args){.device = in->device});
    return 0;
}

/** Another password under a sign-up's key is other content; it counts as a guess all the same. */
static int refuse_login(struct ctx *ctx, const struct identity_root *identity, bool again)
{
    if (identity->state != IDENTITY_TAKEN) {
        return ERR_INVALID_CREDENTIALS;
    }
    ctx_emit(ctx, &login_failed_event, NULL);
    ctx_reply_error(ctx, again ? ERR_IDEMPOTENCY_CONFLICT : ERR_INVALID_CREDENTIALS);
    return 0;
}

/**
 * The job's result: a byte, 1 if the password is right; a byte, 1 if the hash is out of date; and
 * then, where the job has made one, the new hash. The password is not at hand here to make it.
 */
static int handle_login_verified(struct ctx *ctx, const void *state, const void *args)
{
    const struct identity_root *identity = state;
    const struct login_verified_args *in = args;
    struct bytes result = ctx_job_result(ctx);
    int err = refuse_brute_force(ctx, identity);
    if (err != 0) {
        return err;
    }
    if (result.len == 0) {
        return ERR_BUSY; /* no memory for hashing now */
    }
    if (result.data[0] != 1 || identity->state != IDENTITY_TAKEN) {
        return refuse_login(ctx, identity, in->again);
    }
    if (identity->failures > 0) {
        ctx_emit(ctx, &login_cleared_event, NULL);
    }
    if (result.len > 2 && result.data[1] == 1) {
        ctx_emit(ctx, &identity_rehashed_event,
                 &(struct identity_rehashed){.hash = bytes_of(result.data + 2, result.len - 2)});
    }
    ctx_forward(ctx, user_address(identity->user), USER_OPEN_DEVICE, &user_open_device_args_type,
                &(struct user_open_device_args){.device = in->device});
    return 0;
}

static void apply_login_failed(struct ctx *ctx, struct identity_root *identity, const void *body)
{
    (void)body;
    int64_t now_ms = ctx_now_ms(ctx);
    if (!in_failure_window(identity, now_ms)) {
        identity->failures = 0;
        identity->failures_at = now_ms;
    }
    identity->failures++;
}

static void apply_login_cleared(struct ctx *ctx, struct identity_root *identity, const void *body)
{
    (void)ctx;
    (void)body;
    identity->failures = 0;
    identity->failures_at = 0;
}

static void apply_identity_rehashed(struct ctx *ctx, struct identity_root *identity,
                                    const void *body)
{
    const struct identity_rehashed *event = body;
    struct identity_account_row row;
    (void)identity;
    if (account_get(ctx, (struct bytes){0}, &row) == 0) {
        row.hash = event->hash;
        row.has_hash = true;
        ctx_put_row(ctx, ACCOUNT, account_key(), &identity_account_row_type, &row);
    }
}

/* --- tables --- */

static const struct op auth_signup = {
    .command = {.code = IDENTITY_AUTH_SIGNUP,
                .name = "auth.signup",
                .args = &auth_signup_args_type,
                .result = &auth_tokens_type,
                .handle = handle_signup},
    .doc = "Makes an account and signs in. If the answer is lost, ask again with the same key, or "
           "sign in with auth.login: there will be one account, and new tokens.",
    .needs = OP_NEEDS_NOTHING,
    .rate = OP_RATE_COSTLY,
    .writes = true,
    .keyed_by_actor = true,
    .route = route_signup,
    .errors = (const int[]){ERR_EMAIL_TAKEN, ERR_NICKNAME_TAKEN, ERR_PASSWORD_TOO_COMMON, 0},
    .rest = {.method = "POST", .path = "/auth/signup", .status = 201, .tokens = OP_TOKENS_GIVEN}};

static const struct op auth_login = {
    .command = {.code = IDENTITY_AUTH_LOGIN,
                .name = "auth.login",
                .args = &auth_login_args_type,
                .result = &auth_tokens_type,
                .handle = handle_login},
    .doc = "Signs in. The device's older session ends; after ten wrong passwords the account "
           "waits for up to fifteen minutes.",
    .needs = OP_NEEDS_NOTHING,
    .rate = OP_RATE_COSTLY,
    .writes = true,
    .route = route_login,
    .errors = (const int[]){ERR_INVALID_CREDENTIALS, 0},
    .rest = {.method = "POST", .path = "/auth/login", .status = 200, .tokens = OP_TOKENS_GIVEN}};

static const struct op *const ops[] = {&auth_signup, &auth_login};

static const struct command_type commands[] = {
    {IDENTITY_SIGNUP_HASHED, "signup_hashed", &signup_hashed_args_type, &auth_tokens_type,
     handle_signup_hashed},
    {IDENTITY_LOGIN_VERIFIED, "login_verified", &login_verified_args_type, &auth_tokens_type,
     handle_login_verified},
    {IDENTITY_NICKNAME_CLAIM, "nickname_claim", &nickname_claim_args_type, &empty_type,
     handle_nickname_claim},
    {IDENTITY_NICKNAME_RELEASE, "nickname_release", &nickname_release_args_type, &empty_type,
     handle_nickname_release}};

static const struct event_type *const events[] = {IDENTITY_EVENTS(EVENT_LIST)};

static void (*const appliers[])(struct ctx *ctx, struct identity_root *identity,
                                const void *body) = {IDENTITY_EVENTS(EVENT_APPLY)};

static void apply(struct ctx *ctx, void *state, const struct event_type *type, const void *body)
{
    appliers[type->tag](ctx, state, body);
}

static const struct outcome_row outcomes[] = {
    {ACTOR_IDENTITY, IDENTITY_NICKNAME_CLAIM, nickname_claim_done},
    {ACTOR_IDENTITY, IDENTITY_NICKNAME_RELEASE, outcome_ignore},
    {ACTOR_USER, USER_CREATE, user_create_done}};

static int handle_outcome(struct ctx *ctx, const void *state, const struct outcome *outcome)
{
    return outcome_dispatch(outcomes, COUNT_OF(outcomes), ctx, state, outcome);
}

const struct kind identity_kind = {.code = ACTOR_IDENTITY,
                                   .name = "identity",
                                   .state_version = 2,
                                   .root = &identity_root_type,
                                   .ops = ops,
                                   .op_count = COUNT_OF(ops),
                                   .commands = commands,
                                   .command_count = COUNT_OF(commands),
                                   .events = events,
                                   .event_count = COUNT_OF(events),
                                   .apply = apply,
                                   .outcome = handle_outcome};
