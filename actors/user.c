/**
 * A user: profile, signed-in sessions, the live invite code, membership of a couple, and a stream
 * of what happens to that membership.
 *
 * Refresh tokens. A session is a family of refresh tokens, one line of successors. A token dies
 * when its successor is first used, so two hashes are kept: `current`, the newest, and `previous`,
 * which it came from. current presented    it becomes previous, a new current is handed out
 *   previous presented   the reply with its successor was lost: a fresh successor replaces current
 *   any other            someone has used a dead token: the whole family ends
 *
 * Pairing, led by the invite actor (see invite.c):
 *
 *     free ──reserve──▶ reserved ──commit──▶ paired ──leave, or couple ended──▶ free
 *       ▲                  │  └─couple ended─▶ abandoned ──commit──▶ free
 *       └────release───────┘
 *
 * `abandoned`: the partner, committed before us, has left already; our commit then joins and
 * leaves.
 *
 * Leaving is one record: this user is out, the answer (and its idempotency key) is kept, and the
 * couple is to be told. Were the answer to wait for the couple, a crash meanwhile would lose the
 * key, and a resend could end the next couple.
 */
#include "actors/couple_records.h"
#include "actors/identity_records.h"
#include "actors/invite_code.h"
#include "actors/invite_records.h"
#include "actors/kinds.h"
#include "actors/session_grant.h"
#include "actors/tables.h"
#include "actors/user_notifications.h"
#include "actors/user_parts.h"

#define SESSIONS_MAX 20
#define SESSIONS_SCANNED_MAX 64
#define INVITE_MS (24 * 60 * 60 * 1000LL)

#define USER_OWN_EVENTS(X)                                                                         \
    X(1, user_created)                                                                             \
    X(2, session_opened)                                                                           \
    X(3, session_refreshed)                                                                        \
    X(4, session_closed)                                                                           \
    X(5, invite_requested)                                                                         \
    X(6, invite_live)                                                                              \
    X(7, invite_dropped)                                                                           \
    X(8, pairing_reserved)                                                                         \
    X(9, pairing_released)                                                                         \
    X(10, pairing_abandoned)                                                                       \
    X(11, couple_joined)                                                                           \
    X(12, couple_left)
USER_OWN_EVENTS(EVENT_DEFINE)
#define USER_EVENTS(X) USER_OWN_EVENTS(X) USER_PROFILE_EVENTS(X) USER_NOTIFICATION_EVENTS(X)

static struct bytes id_key(const struct id *id)
{
    return bytes_of(id->bytes, ID_BYTES);
}

/* --- sign-up --- */

static int handle_create(struct ctx *ctx, const void *state, const void *args)
{
    const struct user_create_args *in = args;
    if (user_is_born(state)) {
        return ERR_EXISTS;
    }
    ctx_emit(ctx, &user_created_event,
             &(struct user_created){.email = in->email,
                                    .birth_date = in->birth_date,
                                    .nickname = in->nickname,
                                    .has_nickname = in->has_nickname,
                                    .epoch = ctx_random_id(ctx)});
    return 0;
}

static void apply_user_created(struct ctx *ctx, struct user_root *user, const void *body)
{
    const struct user_created *event = body;
    user->created_at = ctx_now_ms(ctx);
    user->epoch = event->epoch;
    ctx_put_row(ctx, USER_PROFILE, text_of("profile"), &user_profile_row_type,
                &(struct user_profile_row){.email = event->email,
                                           .birth_date = event->birth_date,
                                           .has_birth_date = true,
                                           .nickname = event->nickname,
                                           .has_nickname = event->has_nickname});
}

/* --- sessions --- */

static void close_session(struct ctx *ctx, struct id sid, int error)
{
    ctx_emit(ctx, &session_closed_event, &(struct session_closed){.sid = sid});
    ctx_close_sessions(ctx, sid, error);
}

static void apply_session_closed(struct ctx *ctx, struct user_root *user, const void *body)
{
    const struct session_closed *event = body;
    (void)user;
    ctx_delete(ctx, USER_SESSIONS, id_key(&event->sid));
}

/** What a new session of `device` pushes out: the device's older one, expired ones, the oldest. */
struct session_scan {
    struct ctx *ctx;
    struct id device;
    struct id outdated[SESSIONS_SCANNED_MAX];
    uint32_t outdated_count;
    uint32_t kept;
    struct id oldest;
    int64_t oldest_at;
};

static bool scan_session(void *context, struct bytes key, struct bytes value)
{
    struct session_scan *scan = context;
    struct user_session_row row;
    struct id sid;
    if (!CHECK_RECOVER(key.len == ID_BYTES) ||
        ctx_decode_row(scan->ctx, value, &user_session_row_type, &row) != 0) {
        return true;
    }
    memcpy(sid.bytes, key.data, ID_BYTES);
    if (id_equal(row.device, scan->device) || row.expires_at <= ctx_now_ms(scan->ctx)) {
        scan->outdated[scan->outdated_count++] = sid;
        return true;
    }
    if (scan->kept == 0 || row.opened_at < scan->oldest_at) {
        scan->oldest = sid;
        scan->oldest_at = row.opened_at;
    }
    scan->kept++;
    return true;
}

static void make_room_for(struct ctx *ctx, struct id device)
{
    struct session_scan scan = {.ctx = ctx, .device = device};
    ctx_range(ctx, USER_SESSIONS, bytes_of("", 0), bytes_of("", 0), SESSIONS_SCANNED_MAX, false,
              scan_session, &scan);
    for (uint32_t i = 0; i < scan.outdated_count; i++) {
        close_session(ctx, scan.outdated[i], ERR_SESSION_REVOKED);
    }
    if (scan.kept >= SESSIONS_MAX) {
        close_session(ctx, scan.oldest, ERR_SESSION_REVOKED);
    }
}

static int handle_open_device(struct ctx *ctx, const void *state, const void *args)
{
    const struct user_open_device_args *in = args;
    struct session_grant grant;
    if (!CHECK_RECOVER(user_is_born(state))) {
        return ERR_INTERNAL;
    }
    make_room_for(ctx, in->device);
    session_grant_init(&grant, ctx, ctx_random_id(ctx), in->device);
    ctx_emit(ctx, &session_opened_event,
             &(struct session_opened){.sid = grant.sid,
                                      .device = grant.device,
                                      .hash = bytes_of(grant.hash, sizeof grant.hash),
                                      .expires_at = grant.expires_at});
    session_grant_reply(ctx, &grant);
    return 0;
}

static void apply_session_opened(struct ctx *ctx, struct user_root *user, const void *body)
{
    const struct session_opened *event = body;
    (void)user;
    ctx_put_row(ctx, USER_SESSIONS, id_key(&event->sid), &user_session_row_type,
                &(struct user_session_row){.device = event->device,
                                           .current = event->hash,
                                           .opened_at = ctx_now_ms(ctx),
                                           .expires_at = event->expires_at});
}

/** The session with this sid, if it is still alive. 0, ERR_SESSION_REVOKED or ERR_TOKEN_EXPIRED. */
static int live_session(struct ctx *ctx, const struct id *sid, struct user_session_row *row)
{
    int err = ctx_get_row(ctx, USER_SESSIONS, id_key(sid), &user_session_row_type, row);
    if (err == ERR_NOT_FOUND) {
        return ERR_SESSION_REVOKED;
    }
    if (err != 0) {
        return err;
    }
    return row->expires_at <= ctx_now_ms(ctx) ? ERR_TOKEN_EXPIRED : 0;
}

static int route_refresh(const struct principal *caller, const void *args, struct address *out)
{
    const struct auth_refresh_args *in = args;
    struct refresh_token token;
    (void)caller;
    int err =
        refresh_token_parse((const char *)in->refresh_token.data, in->refresh_token.len, &token);
    if (err == 0) {
        *out = user_address(token.user);
    }
    explicit_bzero(&token, sizeof token);
    return err;
}

static void rotate(struct ctx *ctx, struct id sid, struct id device, struct bytes previous)
{
    struct session_grant grant;
    session_grant_init(&grant, ctx, sid, device);
    ctx_emit(ctx, &session_refreshed_event,
             &(struct session_refreshed){.sid = sid,
                                         .hash = bytes_of(grant.hash, sizeof grant.hash),
                                         .previous = previous,
                                         .expires_at = grant.expires_at});
    session_grant_reply(ctx, &grant);
}

static int handle_refresh(struct ctx *ctx, const void *state, const void *args)
{
    const struct auth_refresh_args *in = args;
    struct refresh_token token;
    struct user_session_row row;
    int err =
        refresh_token_parse((const char *)in->refresh_token.data, in->refresh_token.len, &token);
    if (err == 0) {
        err = user_is_born(state) ? live_session(ctx, &token.sid, &row) : ERR_TOKEN_INVALID;
    }
    if (err != 0) {
        return err;
    }
    if (refresh_token_matches(token.secret, row.current.data)) {
        rotate(ctx, token.sid, row.device, row.current);
    } else if (row.has_previous && refresh_token_matches(token.secret, row.previous.data)) {
        rotate(ctx, token.sid, row.device, row.previous);
    } else {
        ctx_reply_error(ctx, ERR_REFRESH_REUSED); /* before its connection goes */
        close_session(ctx, token.sid, ERR_REFRESH_REUSED);
    }
    explicit_bzero(&token, sizeof token);
    return 0;
}

static void apply_session_refreshed(struct ctx *ctx, struct user_root *user, const void *body)
{
    const struct session_refreshed *event = body;
    struct user_session_row row;
    (void)user;
    if (ctx_get_row(ctx, USER_SESSIONS, id_key(&event->sid), &user_session_row_type, &row) != 0) {
        return;
    }
    row.current = event->hash;
    row.previous = event->previous;
    row.has_previous = true;
    row.expires_at = event->expires_at;
    ctx_put_row(ctx, USER_SESSIONS, id_key(&event->sid), &user_session_row_type, &row);
}

int user_route_own(const struct principal *caller, const void *args, struct address *out)
{
    (void)args;
    if (!caller->signed_in) {
        return ERR_UNAUTHENTICATED;
    }
    *out = user_address(caller->user);
    return 0;
}

static bool emit_closed(void *context, struct bytes key, struct bytes value)
{
    struct session_closed closed;
    (void)value;
    if (CHECK_RECOVER(key.len == ID_BYTES)) {
        memcpy(closed.sid.bytes, key.data, ID_BYTES);
        ctx_emit(context, &session_closed_event, &closed);
    }
    return true;
}

static int handle_signout(struct ctx *ctx, const void *state, const void *args)
{
    const struct auth_signout_args *in = args;
    const struct principal *who = ctx_principal(ctx);
    struct user_session_row row;
    (void)state;
    ctx_reply(ctx, &empty_type, NULL); /* before the connection goes */
    if (in->has_all && in->all) {
        ctx_range(ctx, USER_SESSIONS, bytes_of("", 0), bytes_of("", 0), SESSIONS_SCANNED_MAX, false,
                  emit_closed, ctx);
        ctx_close_sessions(ctx, (struct id){0}, ERR_SESSION_REVOKED);
    } else if (live_session(ctx, &who->sid, &row) != ERR_SESSION_REVOKED) {
        close_session(ctx, who->sid, ERR_SESSION_REVOKED);
    }
    return 0;
}

/** 0, or ERR_SESSION_REVOKED: also when it has expired, is another device's, or another user's. */
static int admit_session(struct ctx *ctx, struct id sid, struct id device,
                         struct user_session_row *row)
{
    int err = live_session(ctx, &sid, row);
    if (err == ERR_TOKEN_EXPIRED || (err == 0 && !id_equal(row->device, device))) {
        return ERR_SESSION_REVOKED;
    }
    return err;
}

static int handle_session_attach(struct ctx *ctx, const void *state, const void *args)
{
    const struct user_root *user = state;
    const struct session_attach_args *in = args;
    struct user_session_row row;
    int err = admit_session(ctx, in->sid, in->device, &row);
    if (err != 0) {
        return err;
    }
    ctx_reply(ctx, &session_attach_result_type,
              &(struct session_attach_result){.couple = user->couple,
                                              .has_couple = !id_is_zero(user->couple),
                                              .family_expires_at = row.expires_at});
    return 0;
}

/* --- the invite code --- */

static void reply_invite(struct ctx *ctx, const struct user_root *user)
{
    char text[INVITE_CODE_CHARS + 1];
    invite_code_to_text((uint64_t)user->invite_code, text);
    ctx_reply(ctx, &couple_invite_result_type,
              &(struct couple_invite_result){.code = text_of(text),
                                             .expires_at = user->invite_expires_at});
}

static void request_invite(struct ctx *ctx)
{
    uint64_t code;
    ctx_random(ctx, &code, sizeof code);
    code &= (UINT64_C(1) << INVITE_CODE_BITS) - 1;
    int64_t expires_at = ctx_now_ms(ctx) + INVITE_MS;
    ctx_emit(ctx, &invite_requested_event,
             &(struct invite_requested){.code = (int64_t)code, .expires_at = expires_at});
    ctx_send(ctx, invite_address(code), INVITE_CREATE, &invite_create_args_type,
             &(struct invite_create_args){.expires_at = expires_at}, true);
}

static int handle_invite(struct ctx *ctx, const void *state, const void *args)
{
    const struct user_root *user = state;
    (void)args;
    if (!id_is_zero(user->couple)) {
        return ERR_ALREADY_PAIRED;
    }
    if (user->invite_state == USER_INVITE_CREATING) {
        return ctx_stash(ctx);
    }
    if (user->invite_state == USER_INVITE_LIVE && user->invite_expires_at > ctx_now_ms(ctx)) {
        reply_invite(ctx, user);
        return 0;
    }
    request_invite(ctx);
    return 0;
}

static void apply_invite_requested(struct ctx *ctx, struct user_root *user, const void *body)
{
    const struct invite_requested *event = body;
    (void)ctx;
    user->invite_state = USER_INVITE_CREATING;
    user->invite_code = event->code;
    user->invite_expires_at = event->expires_at;
}

static void apply_invite_live(struct ctx *ctx, struct user_root *user, const void *body)
{
    (void)ctx;
    (void)body;
    user->invite_state = USER_INVITE_LIVE;
}

static void apply_invite_dropped(struct ctx *ctx, struct user_root *user, const void *body)
{
    (void)ctx;
    (void)body;
    user->invite_state = USER_INVITE_NONE;
}

static void revoke_own_invite(struct ctx *ctx, const struct user_root *user)
{
    ctx_send(ctx, invite_address((uint64_t)user->invite_code), INVITE_REVOKE, &empty_type, NULL,
             false);
}

static int invite_created_done(struct ctx *ctx, const void *state, const struct outcome *outcome)
{
    const struct user_root *user = state;
    if (outcome->error == 0 && id_is_zero(user->couple)) {
        ctx_emit(ctx, &invite_live_event, &(struct invite_live){.code = user->invite_code});
        reply_invite(ctx, user);
        return 0;
    }
    if (outcome->error == ERR_EXISTS && id_is_zero(user->couple)) {
        request_invite(ctx); /* that code is another's: draw again */
        return 0;
    }
    if (outcome->error == 0) {
        revoke_own_invite(ctx, user); /* paired meanwhile */
    }
    ctx_emit(ctx, &invite_dropped_event, &(struct invite_dropped){.code = user->invite_code});
    ctx_reply_error(ctx, id_is_zero(user->couple) ? ERR_INTERNAL : ERR_ALREADY_PAIRED);
    return 0;
}

/* --- pairing --- */

static int handle_pair_reserve(struct ctx *ctx, const void *state, const void *args)
{
    const struct user_root *user = state;
    const struct user_pair_reserve_args *in = args;
    if (!CHECK_RECOVER(user_is_born(user))) {
        return ERR_NOT_FOUND;
    }
    if (!id_is_zero(user->couple)) {
        return ERR_ALREADY_PAIRED;
    }
    if (!id_is_zero(user->reserved_couple)) {
        return ERR_PAIRING_IN_PROGRESS;
    }
    ctx_emit(ctx, &pairing_reserved_event,
             &(struct pairing_reserved){.couple = in->couple, .partner = in->partner});
    return 0;
}

static void apply_pairing_reserved(struct ctx *ctx, struct user_root *user, const void *body)
{
    const struct pairing_reserved *event = body;
    (void)ctx;
    user->reserved_couple = event->couple;
}

static int handle_pair_release(struct ctx *ctx, const void *state, const void *args)
{
    const struct user_root *user = state;
    const struct user_pair_release_args *in = args;
    if (id_equal(user->reserved_couple, in->couple)) {
        ctx_emit(ctx, &pairing_released_event, &(struct pairing_released){.couple = in->couple});
    }
    return 0;
}

static void apply_pairing_released(struct ctx *ctx, struct user_root *user, const void *body)
{
    (void)ctx;
    (void)body;
    user->reserved_couple = (struct id){0};
}

static void leave_couple(struct ctx *ctx, const struct user_root *user, int64_t seq,
                         struct couple_left left)
{
    ctx_emit(ctx, &couple_left_event, &left);
    ctx_push_entry_to_all(ctx, &push_user_couple_ended, user->epoch, seq,
                          &(struct user_couple_ended_push){.couple = left.couple, .by = left.by});
}

static int handle_pair_commit(struct ctx *ctx, const void *state, const void *args)
{
    const struct user_root *user = state;
    const struct user_pair_commit_args *in = args;
    if (!CHECK_RECOVER(id_equal(user->reserved_couple, in->couple))) {
        return ERR_INTERNAL;
    }
    ctx_emit(ctx, &couple_joined_event,
             &(struct couple_joined){.couple = in->couple, .partner = in->partner});
    ctx_push_entry(ctx, &push_couple_matched, user->epoch, user->seq + 1,
                   &(struct couple_matched_push){.couple = in->couple, .partner = in->partner});
    if (user->invite_state == USER_INVITE_LIVE &&
        !address_equal(ctx_sender(ctx), invite_address((uint64_t)user->invite_code))) {
        revoke_own_invite(ctx, user);
    }
    if (id_is_zero(user->abandoned_by)) {
        ctx_set_couple(ctx, in->couple);
    } else {
        leave_couple(ctx, user, user->seq + 2,
                     (struct couple_left){.couple = in->couple, .by = user->abandoned_by});
    }
    return 0;
}

static void apply_couple_joined(struct ctx *ctx, struct user_root *user, const void *body)
{
    const struct couple_joined *event = body;
    user->couple = event->couple;
    user->reserved_couple = (struct id){0};
    user->abandoned_by = (struct id){0};
    if (user->invite_state == USER_INVITE_LIVE) {
        user->invite_state = USER_INVITE_NONE;
    }
    user_entry_append(ctx, user,
                      (struct user_entry_row){.what = USER_ENTRY_MATCHED,
                                              .couple = event->couple,
                                              .other = event->partner});
}

static int handle_couple_ended(struct ctx *ctx, const void *state, const void *args)
{
    const struct user_root *user = state;
    const struct user_couple_ended_args *in = args;
    if (id_equal(user->couple, in->couple)) {
        leave_couple(ctx, user, user->seq + 1,
                     (struct couple_left){.couple = in->couple, .by = in->by});
        ctx_set_couple(ctx, (struct id){0});
    } else if (id_equal(user->reserved_couple, in->couple)) {
        ctx_emit(ctx, &pairing_abandoned_event,
                 &(struct pairing_abandoned){.couple = in->couple, .by = in->by});
    }
    return 0;
}

static int handle_leave(struct ctx *ctx, const void *state, const void *args)
{
    const struct user_root *user = state;
    const struct couple_leave_args *in = args;
    if (id_is_zero(user->couple) || (in->has_couple && !id_equal(in->couple, user->couple))) {
        return ERR_NOT_PAIRED;
    }
    ctx_send(ctx, couple_address(user->couple), COUPLE_END, &empty_type, NULL, false);
    leave_couple(ctx, user, user->seq + 1,
                 (struct couple_left){.couple = user->couple, .by = ctx_self(ctx).id});
    ctx_set_couple(ctx, (struct id){0});
    ctx_reply(ctx, &empty_type, NULL);
    return 0;
}

static void apply_pairing_abandoned(struct ctx *ctx, struct user_root *user, const void *body)
{
    const struct pairing_abandoned *event = body;
    (void)ctx;
    user->abandoned_by = event->by;
}

static void apply_couple_left(struct ctx *ctx, struct user_root *user, const void *body)
{
    const struct couple_left *event = body;
    user->couple = (struct id){0};
    user_entry_append(ctx, user,
                      (struct user_entry_row){
                          .what = USER_ENTRY_ENDED, .couple = event->couple, .other = event->by});
}

/* --- the stream --- */

static bool stream_head(struct ctx *ctx, const void *state, struct id *epoch, int64_t *head)
{
    const struct user_root *user = state;
    (void)ctx;
    if (!user_is_born(user)) {
        return false;
    }
    *epoch = user->epoch;
    *head = user->seq;
    return true;
}

static int stream_admit(struct ctx *ctx, const void *state, const struct principal *who)
{
    struct user_session_row row;
    (void)state;
    if (!id_equal(who->user, ctx_self(ctx).id)) {
        return ERR_FORBIDDEN;
    }
    return admit_session(ctx, who->sid, who->device, &row);
}

/* --- tables --- */

static const struct op auth_refresh = {
    .command = {.code = USER_AUTH_REFRESH,
                .name = "auth.refresh",
                .args = &auth_refresh_args_type,
                .result = &auth_tokens_type,
                .handle = handle_refresh},
    .doc = "Exchanges a refresh token for new tokens. The old one dies when its successor is first "
           "used, so a lost reply may be asked for again; using a dead or replaced one ends the "
           "session.",
    .needs = OP_NEEDS_NOTHING,
    .rate = OP_RATE_COSTLY,
    .writes = true,
    .route = route_refresh,
    .errors = (const int[]){ERR_TOKEN_INVALID, ERR_TOKEN_EXPIRED, ERR_REFRESH_REUSED,
                            ERR_SESSION_REVOKED, 0},
    .rest = {.method = "POST",
             .path = "/auth/refresh",
             .status = 200,
             .tokens = OP_TOKENS_GIVEN,
             .cookie_field = "refresh_token"}};

static const struct op auth_signout = {
    .command = {.code = USER_AUTH_SIGNOUT,
                .name = "auth.signout",
                .args = &auth_signout_args_type,
                .result = &empty_type,
                .handle = handle_signout},
    .doc = "Ends this session, or all sessions of the user, and closes their connections.",
    .needs = OP_NEEDS_SESSION,
    .rate = OP_RATE_COSTLY,
    .writes = true,
    .keyed = true,
    .route = user_route_own,
    .errors = (const int[]){0},
    .rest = {.method = "POST", .path = "/auth/signout", .status = 200, .tokens = OP_TOKENS_ENDED}};

static const struct op couple_invite = {
    .command = {.code = USER_COUPLE_INVITE,
                .name = "couple.invite",
                .args = &empty_type,
                .result = &couple_invite_result_type,
                .handle = handle_invite},
    .doc = "Makes a code for the partner to enter. Asking again gives the live one.",
    .needs = OP_NEEDS_SESSION,
    .rate = OP_RATE_NORMAL,
    .writes = true,
    .keyed = true,
    .route = user_route_own,
    .errors = (const int[]){ERR_ALREADY_PAIRED, 0},
    .rest = {.method = "POST", .path = "/couple/invite", .status = 200}};

static const struct op couple_leave = {
    .command = {.code = USER_COUPLE_LEAVE,
                .name = "couple.leave",
                .args = &couple_leave_args_type,
                .result = &empty_type,
                .handle = handle_leave},
    .doc = "Ends the couple for both. What was written is erased after thirty days.",
    .needs = OP_NEEDS_SESSION,
    .writes = true,
    .keyed = true,
    .route = user_route_own,
    .errors = (const int[]){ERR_NOT_PAIRED, 0},
    .rest = {.method = "DELETE", .path = "/couple", .status = 200}};

static const struct op *const ops[] = {&auth_refresh,           &auth_signout,
                                       &couple_invite,          &couple_leave,
                                       &user_couple_match,      &user_auth_me,
                                       &user_profile_read,      &user_profile_update,
                                       &user_notification_list, &user_notification_unread,
                                       &user_notification_read};

static const struct command_type commands[] = {
    {USER_SESSION_ATTACH, "session_attach", &session_attach_args_type, &session_attach_result_type,
     handle_session_attach},
    {USER_CREATE, "create", &user_create_args_type, &empty_type, handle_create},
    {USER_OPEN_DEVICE, "open_device", &user_open_device_args_type, &auth_tokens_type,
     handle_open_device},
    {USER_PAIR_RESERVE, "pair_reserve", &user_pair_reserve_args_type, &empty_type,
     handle_pair_reserve},
    {USER_PAIR_RELEASE, "pair_release", &user_pair_release_args_type, &empty_type,
     handle_pair_release},
    {USER_PAIR_COMMIT, "pair_commit", &user_pair_commit_args_type, &empty_type, handle_pair_commit},
    {USER_COUPLE_ENDED, "couple_ended", &user_couple_ended_args_type, &empty_type,
     handle_couple_ended},
    {USER_MESSAGE_WAITING, "message_waiting", &user_message_waiting_args_type, &empty_type,
     user_handle_message_waiting}};

static const struct event_type *const events[] = {USER_EVENTS(EVENT_LIST)};

static void (*const appliers[])(struct ctx *ctx, struct user_root *user,
                                const void *body) = {USER_EVENTS(EVENT_APPLY)};

static void apply(struct ctx *ctx, void *state, const struct event_type *type, const void *body)
{
    appliers[type->tag](ctx, state, body);
}

static const struct push_type *const pushes[] = {&push_couple_matched, &push_user_couple_ended,
                                                 &push_chat_waiting, &push_notification};

static const struct outcome_row outcomes[] = {
    {ACTOR_INVITE, INVITE_CREATE, invite_created_done},
    {ACTOR_INVITE, INVITE_REVOKE, outcome_ignore},
    {ACTOR_INVITE, INVITE_REDEEM, user_redeem_done},
    {ACTOR_INVITE, INVITE_AWAIT, user_await_done},
    {ACTOR_COUPLE, COUPLE_END, outcome_ignore},
    {ACTOR_IDENTITY, IDENTITY_NICKNAME_CLAIM, user_nickname_claim_done},
    {ACTOR_IDENTITY, IDENTITY_NICKNAME_RELEASE, outcome_ignore}};

static int handle_outcome(struct ctx *ctx, const void *state, const struct outcome *outcome)
{
    return outcome_dispatch(outcomes, COUNT_OF(outcomes), ctx, state, outcome);
}

const struct kind user_kind = {
    .code = ACTOR_USER,
    .name = "user",
    .state_version = 2,
    .root = &user_root_type,
    .ops = ops,
    .op_count = COUNT_OF(ops),
    .commands = commands,
    .command_count = COUNT_OF(commands),
    .events = events,
    .event_count = COUNT_OF(events),
    .pushes = pushes,
    .push_count = COUNT_OF(pushes),
    .apply = apply,
    .outcome = handle_outcome,
    .stream = {
        .topic = "user", .head = stream_head, .entry = user_stream_entry, .admit = stream_admit}};
