/**
 * A couple: chat, read marks, who is there, and the stream that both follow.
 *
 *     none ──create──▶ live ──end──▶ ended ──30 days──▶ erased
 *
 * Made by an invite when the pairing is decided, ended by the user actor of who leaves. Sending is
 * the hottest path of the server, so a message makes one row, by `msg`, and a slot in another, by
 * which a resend is recognised (couple_sent.h); it is found in the stream without a row of its own
 * (couple_stream.h). The root keeps, for each member, the device that sent last and its highest
 * number: a higher one is new without a look-up. Rows count the messages of member 0, so what is
 * unread is one subtraction.
 *
 * A member without a session gets a notification for the first message, by a reliable send to the
 * member's user actor, and none for those after it: until a session of the member has come, or the
 * member has read, `told` says of which message.
 */
#include "actors/chat_history.h"
#include "actors/couple_records.h"
#include "actors/couple_sent.h"
#include "actors/couple_stream.h"
#include "actors/kinds.h"
#include "actors/tables.h"
#include "actors/user_notifications.h"

#define ERASE_AFTER_MS (30 * 24 * 60 * 60 * 1000LL)

enum { ERASE_TIMER = 1 };

/* Facts without content. */
#define couple_erased_type empty_type

#define COUPLE_EVENTS(X)                                                                           \
    X(1, couple_created)                                                                           \
    X(2, message_sent)                                                                             \
    X(3, read_moved)                                                                               \
    X(4, couple_ended)                                                                             \
    X(5, couple_erased)                                                                            \
    X(6, member_seen)                                                                              \
    X(7, member_told)                                                                              \
    X(8, member_back)                                                                              \
    X(9, message_unsent)

/* What belongs to one op only is declared here, in front of the events. */

#define CHAT_UNSEND_ARGS(F, R)                                                                     \
    F(R, INT, msg, REQUIRED, 1, INT_BOUND, NULL, PATH, "which message", "17")                      \
    F(R, ID, couple, OPTIONAL, 0, 0, NULL, QUERY,                                                  \
      "the couple meant: refused with NOT_PAIRED if it is another one", ID_EXAMPLE)
RECORD_DECLARE(chat_unsend_args, CHAT_UNSEND_ARGS)
RECORD_DEFINE(chat_unsend_args, CHAT_UNSEND_ARGS, "a message to take back")

#define CHAT_UNSEND_RESULT(F, R)                                                                   \
    F(R, INT, msg, REQUIRED, 1, INT_BOUND, NULL, BODY, "the message", "17")                        \
    F(R, INSTANT, unsent_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "when it was taken back",         \
      AT_EXAMPLE)
RECORD_DECLARE(chat_unsend_result, CHAT_UNSEND_RESULT)
RECORD_DEFINE(chat_unsend_result, CHAT_UNSEND_RESULT, "a message that was taken back")

#define CHAT_UNSENT_PUSH(F, R)                                                                     \
    F(R, INT, msg, REQUIRED, 1, INT_BOUND, NULL, BODY, "the message", "17")                        \
    F(R, ID, from, REQUIRED, 0, 0, NULL, BODY, "who sent it and took it back", ID_EXAMPLE)
RECORD_DECLARE(chat_unsent_push, CHAT_UNSENT_PUSH)
RECORD_DEFINE(chat_unsent_push, CHAT_UNSENT_PUSH, "a message was taken back")

#define MESSAGE_UNSENT(F, R)                                                                       \
    F(R, INT, seq, REQUIRED, 1, INT_BOUND, NULL, BODY, "its place in the stream", "43")            \
    F(R, INT, msg, REQUIRED, 1, INT_BOUND, NULL, BODY, "the message", "17")                        \
    F(R, INT, member, REQUIRED, 0, 1, NULL, BODY, "who sent it", "0")
RECORD_DECLARE(message_unsent, MESSAGE_UNSENT)
RECORD_DEFINE(message_unsent, MESSAGE_UNSENT, "a member took a message back")

COUPLE_EVENTS(EVENT_DEFINE)

static struct bytes number_key(struct ctx *ctx, int64_t number)
{
    return ctx_key_u64(ctx, (uint64_t)number);
}

/** The member that this user is. 0, or ERR_NOT_PAIRED: also when the couple is no more. */
static int member_of(const struct couple_root *couple, struct id user, int64_t *member)
{
    for (int64_t i = 0; couple->state == COUPLE_LIVE && i < 2; i++) {
        if (id_equal(*COUPLE_SIDE_OF(couple, i, user), user)) {
            *member = i;
            return 0;
        }
    }
    return ERR_NOT_PAIRED;
}

static int caller_member(struct ctx *ctx, const struct couple_root *couple, int64_t *member)
{
    return member_of(couple, ctx_principal(ctx)->user, member);
}

/** … when the caller means this couple, if it says which. */
static int meant_member(struct ctx *ctx, const struct couple_root *couple, const struct id *meant,
                        int64_t *member)
{
    if (meant != NULL && !id_equal(*meant, ctx_self(ctx).id)) {
        return ERR_NOT_PAIRED;
    }
    return caller_member(ctx, couple, member);
}

static int route_couple(const struct principal *caller, const void *args, struct address *out)
{
    (void)args;
    if (id_is_zero(caller->couple)) {
        return ERR_NOT_PAIRED;
    }
    *out = couple_address(caller->couple);
    return 0;
}

/* --- beginning and end --- */

static int handle_create(struct ctx *ctx, const void *state, const void *args)
{
    const struct couple_root *couple = state;
    const struct couple_create_args *in = args;
    if (!CHECK_RECOVER(couple->state == COUPLE_NONE)) {
        return ERR_EXISTS;
    }
    ctx_emit(ctx, &couple_created_event,
             &(struct couple_created){.a = in->a, .b = in->b, .epoch = ctx_random_id(ctx)});
    return 0;
}

static void apply_couple_created(struct ctx *ctx, struct couple_root *couple, const void *body)
{
    const struct couple_created *event = body;
    couple->state = COUPLE_LIVE;
    couple->created_at = ctx_now_ms(ctx);
    couple->epoch = event->epoch;
    couple->a_user = event->a;
    couple->b_user = event->b;
}

/** From the user actor of the member who leaves, and who is out already. */
static int handle_end(struct ctx *ctx, const void *state, const void *args)
{
    const struct couple_root *couple = state;
    struct id by = ctx_sender(ctx).id;
    int64_t member;
    (void)args;
    if (member_of(couple, by, &member) != 0) {
        return 0; /* both left, and the other was first */
    }
    ctx_emit(ctx, &couple_ended_event,
             &(struct couple_ended){.seq = couple->seq + 1, .member = member});
    ctx_push_entry(ctx, &push_couple_ended, couple->epoch, couple->seq + 1,
                   &(struct couple_ended_push){.by = by});
    ctx_send(ctx, user_address(*COUPLE_SIDE_OF(couple, 1 - member, user)), USER_COUPLE_ENDED,
             &user_couple_ended_args_type,
             &(struct user_couple_ended_args){.couple = ctx_self(ctx).id, .by = by}, false);
    ctx_timer_set(ctx, ERASE_TIMER, ctx_now_ms(ctx) + ERASE_AFTER_MS);
    return 0;
}

static void apply_couple_ended(struct ctx *ctx, struct couple_root *couple, const void *body)
{
    const struct couple_ended *event = body;
    couple->state = COUPLE_ENDED;
    couple->ended_at = ctx_now_ms(ctx);
    couple->ended_by = event->member;
    couple_stream_append(
        ctx, couple, event->seq,
        (struct couple_entry_row){.what = COUPLE_ENTRY_ENDED, .member = event->member});
}

static int handle_timer(struct ctx *ctx, const void *state, uint32_t timer_id, bool late)
{
    const struct couple_root *couple = state;
    (void)late;
    if (timer_id == ERASE_TIMER && couple->state == COUPLE_ENDED) {
        ctx_emit(ctx, &couple_erased_event, NULL);
    }
    return 0;
}

static void apply_couple_erased(struct ctx *ctx, struct couple_root *couple, const void *body)
{
    (void)body;
    couple->state = COUPLE_ERASED;
    ctx_clear(ctx, COUPLE_MESSAGES);
    ctx_clear(ctx, COUPLE_ENTRIES);
    ctx_clear(ctx, COUPLE_SENT);
}

/* --- sending --- */

/** The message that this device sent under this number. 0, ERR_NOT_FOUND, … */
static int find_sent(struct ctx *ctx, const struct couple_root *couple, int64_t member, int64_t no,
                     int64_t *msg)
{
    const struct id *device = &ctx_principal(ctx)->device;
    if (no > *COUPLE_SIDE_OF(couple, member, no) &&
        id_equal(*device, *COUPLE_SIDE_OF(couple, member, device))) {
        return ERR_NOT_FOUND;
    }
    return couple_sent_find(ctx, member, *device, no, msg);
}

static int reply_duplicate(struct ctx *ctx, const struct couple_root *couple, int64_t msg)
{
    struct couple_message_row row;
    int err =
        ctx_get_row(ctx, COUPLE_MESSAGES, number_key(ctx, msg), &couple_message_row_type, &row);
    if (!CHECK_RECOVER(err == 0)) {
        return ERR_CORRUPT;
    }
    ctx_reply(ctx, &chat_send_result_type,
              &(struct chat_send_result){.epoch = couple->epoch,
                                         .seq = row.seq,
                                         .msg = msg,
                                         .at = row.at,
                                         .dup = true,
                                         .has_dup = true});
    return 0;
}

static void send_message(struct ctx *ctx, const struct couple_root *couple, int64_t member,
                         const struct chat_send_args *in)
{
    int64_t seq = couple->seq + 1;
    int64_t msg = couple->msg + 1;
    ctx_emit(ctx, &message_sent_event,
             &(struct message_sent){.seq = seq,
                                    .msg = msg,
                                    .member = member,
                                    .device = ctx_principal(ctx)->device,
                                    .no = in->no,
                                    .text = in->text,
                                    .reply_to = in->reply_to,
                                    .has_reply_to = in->has_reply_to});
    ctx_reply(ctx, &chat_send_result_type,
              &(struct chat_send_result){
                  .epoch = couple->epoch, .seq = seq, .msg = msg, .at = ctx_now_ms(ctx)});
    ctx_push_entry(ctx, &push_chat_message, couple->epoch, seq,
                   &(struct chat_message_push){.msg = msg,
                                               .from = *COUPLE_SIDE_OF(couple, member, user),
                                               .text = in->text,
                                               .reply_to = in->reply_to,
                                               .has_reply_to = in->has_reply_to});
}

/** The other member, if nobody is there who could see the message, and this is the first one. */
static void tell_if_away(struct ctx *ctx, const struct couple_root *couple, int64_t sender)
{
    int64_t other = 1 - sender;
    int64_t msg = couple->msg + 1;
    struct id user = *COUPLE_SIDE_OF(couple, other, user);
    if (*COUPLE_SIDE_OF(couple, other, told) != 0 || ctx_presence(ctx, user).sessions > 0) {
        return;
    }
    ctx_emit(ctx, &member_told_event, &(struct member_told){.member = other, .msg = msg});
    ctx_send(ctx, user_address(user), USER_MESSAGE_WAITING, &user_message_waiting_args_type,
             &(struct user_message_waiting_args){.couple = ctx_self(ctx).id,
                                                 .from = *COUPLE_SIDE_OF(couple, sender, user),
                                                 .msg = msg},
             false);
}

static void apply_member_told(struct ctx *ctx, struct couple_root *couple, const void *body)
{
    const struct member_told *event = body;
    (void)ctx;
    *COUPLE_SIDE_OF(couple, event->member, told) = event->msg;
}

static void apply_member_back(struct ctx *ctx, struct couple_root *couple, const void *body)
{
    const struct member_back *event = body;
    (void)ctx;
    *COUPLE_SIDE_OF(couple, event->member, told) = 0;
}

static int handle_send(struct ctx *ctx, const void *state, const void *args)
{
    const struct couple_root *couple = state;
    const struct chat_send_args *in = args;
    int64_t member;
    int64_t msg;
    int err = meant_member(ctx, couple, in->has_couple ? &in->couple : NULL, &member);
    if (err != 0) {
        return err;
    }
    err = find_sent(ctx, couple, member, in->no, &msg);
    if (err != ERR_NOT_FOUND) {
        return err == 0 ? reply_duplicate(ctx, couple, msg) : err;
    }
    if (in->has_reply_to && in->reply_to > couple->msg) {
        return ctx_refuse_field(ctx, ERR_INVALID_ARGUMENT, "reply_to", "no such message");
    }
    send_message(ctx, couple, member, in);
    tell_if_away(ctx, couple, member);
    return 0;
}

static void remember_number(struct ctx *ctx, struct couple_root *couple,
                            const struct message_sent *event)
{
    int64_t *highest = COUPLE_SIDE_OF(couple, event->member, no);
    struct id *device = COUPLE_SIDE_OF(couple, event->member, device);
    if (!id_equal(*device, event->device)) {
        *device = event->device;
        *highest = couple_sent_highest(ctx, event->member, event->device);
    }
    if (event->no > *highest) {
        *highest = event->no;
    }
    couple_sent_add(ctx, event->member, event->device, event->no, event->msg);
}

static void apply_message_sent(struct ctx *ctx, struct couple_root *couple, const void *body)
{
    const struct message_sent *event = body;
    couple->seq = event->seq;
    couple->msg = event->msg;
    (*COUPLE_SIDE_OF(couple, event->member, sent))++;
    remember_number(ctx, couple, event);
    ctx_put_row(ctx, COUPLE_MESSAGES, number_key(ctx, event->msg), &couple_message_row_type,
                &(struct couple_message_row){.seq = event->seq,
                                             .member = event->member,
                                             .sent_a = couple->a_sent,
                                             .at = ctx_now_ms(ctx),
                                             .text = event->text,
                                             .reply_to = event->reply_to,
                                             .has_reply_to = event->has_reply_to});
}

/* --- taking back --- */

enum { COUPLE_CHAT_UNSEND = 106, COUPLE_ENTRY_UNSENT = 3 };

static const struct push_type push_chat_unsent = {
    .topic = "couple",
    .type = "chat.unsent",
    .doc = "A member took a message back: nobody should show its text any more.",
    .data = &chat_unsent_push_type};

static void build_unsent(struct id member, const struct couple_entry_row *row, void *data)
{
    *(struct chat_unsent_push *)data = (struct chat_unsent_push){.msg = row->msg, .from = member};
}

/** The answer is the same however often it is asked; what is pushed, is pushed once. */
static int handle_unsend(struct ctx *ctx, const void *state, const void *args)
{
    const struct couple_root *couple = state;
    const struct chat_unsend_args *in = args;
    struct couple_message_row row;
    int64_t member;
    int err = meant_member(ctx, couple, in->has_couple ? &in->couple : NULL, &member);
    if (err == 0) {
        err = ctx_get_row(ctx, COUPLE_MESSAGES, number_key(ctx, in->msg), &couple_message_row_type,
                          &row);
    }
    if (err != 0) {
        return err;
    }
    if (row.member != member) {
        return ERR_FORBIDDEN;
    }
    int64_t seq = couple->seq + 1;
    if (!row.has_unsent_at) {
        ctx_emit(ctx, &message_unsent_event,
                 &(struct message_unsent){.seq = seq, .msg = in->msg, .member = member});
        ctx_push_entry_to_all(ctx, &push_chat_unsent, couple->epoch, seq,
                              &(struct chat_unsent_push){
                                  .msg = in->msg, .from = *COUPLE_SIDE_OF(couple, member, user)});
    }
    ctx_reply(ctx, &chat_unsend_result_type,
              &(struct chat_unsend_result){.msg = in->msg,
                                           .unsent_at = row.has_unsent_at ? row.unsent_at
                                                                          : ctx_now_ms(ctx)});
    return 0;
}

static void apply_message_unsent(struct ctx *ctx, struct couple_root *couple, const void *body)
{
    const struct message_unsent *event = body;
    struct bytes key = number_key(ctx, event->msg);
    struct couple_message_row row;
    if (ctx_get_row(ctx, COUPLE_MESSAGES, key, &couple_message_row_type, &row) == 0) {
        row.text = bytes_of("", 0);
        row.unsent_at = ctx_now_ms(ctx);
        row.has_unsent_at = true;
        ctx_put_row(ctx, COUPLE_MESSAGES, key, &couple_message_row_type, &row);
    }
    couple_stream_append(ctx, couple, event->seq,
                         (struct couple_entry_row){.what = COUPLE_ENTRY_UNSENT,
                                                   .member = event->member,
                                                   .msg = event->msg,
                                                   .has_msg = true});
}

/* --- reading --- */

/** How many of the messages up to `msg` are this member's. */
static int count_sent(struct ctx *ctx, const struct couple_root *couple, int64_t member,
                      int64_t msg, int64_t *count)
{
    struct couple_message_row row;
    if (msg == couple->msg) {
        *count = *COUPLE_SIDE_OF(couple, member, sent);
        return 0;
    }
    if (msg == 0) {
        *count = 0;
        return 0;
    }
    int err =
        ctx_get_row(ctx, COUPLE_MESSAGES, number_key(ctx, msg), &couple_message_row_type, &row);
    if (!CHECK_RECOVER(err == 0)) {
        return ERR_CORRUPT;
    }
    *count = member == 0 ? row.sent_a : msg - row.sent_a;
    return 0;
}

static void move_mark(struct ctx *ctx, const struct couple_root *couple, int64_t member,
                      int64_t up_to)
{
    int64_t seq = couple->seq + 1;
    ctx_emit(ctx, &read_moved_event,
             &(struct read_moved){.seq = seq, .member = member, .up_to = up_to});
    ctx_push_entry(
        ctx, &push_chat_read, couple->epoch, seq,
        &(struct chat_read_push){.from = *COUPLE_SIDE_OF(couple, member, user), .up_to = up_to});
}

static int handle_read(struct ctx *ctx, const void *state, const void *args)
{
    const struct couple_root *couple = state;
    const struct chat_read_args *in = args;
    int64_t member;
    int64_t partner_sent;
    int err = meant_member(ctx, couple, in->has_couple ? &in->couple : NULL, &member);
    if (err != 0) {
        return err;
    }
    if (in->up_to > couple->msg) {
        return ctx_refuse_field(ctx, ERR_INVALID_ARGUMENT, "up_to", "no such message");
    }
    bool moved = in->up_to > *COUPLE_SIDE_OF(couple, member, read);
    int64_t mark = moved ? in->up_to : *COUPLE_SIDE_OF(couple, member, read);
    err = count_sent(ctx, couple, 1 - member, mark, &partner_sent);
    if (err != 0) {
        return err;
    }
    if (moved) {
        move_mark(ctx, couple, member, mark);
    }
    ctx_reply(ctx, &chat_read_result_type,
              &(struct chat_read_result){.epoch = couple->epoch,
                                         .seq = couple->seq + 1,
                                         .has_seq = moved,
                                         .up_to = mark,
                                         .unread = *COUPLE_SIDE_OF(couple, 1 - member, sent) -
                                                   partner_sent});
    return 0;
}

static void apply_read_moved(struct ctx *ctx, struct couple_root *couple, const void *body)
{
    const struct read_moved *event = body;
    *COUPLE_SIDE_OF(couple, event->member, read) = event->up_to;
    *COUPLE_SIDE_OF(couple, event->member, told) = 0;
    couple_stream_append(ctx, couple, event->seq,
                         (struct couple_entry_row){.what = COUPLE_ENTRY_READ,
                                                   .member = event->member,
                                                   .msg = event->up_to,
                                                   .has_msg = true});
}

/* --- history --- */

static int handle_history(struct ctx *ctx, const void *state, const void *args)
{
    const struct couple_root *couple = state;
    struct chat_history_result result;
    int64_t member;
    int err = caller_member(ctx, couple, &member);
    if (err == 0) {
        err = chat_history_read(ctx, couple, args, &result);
    }
    if (err == 0) {
        ctx_reply(ctx, &chat_history_result_type, &result);
    }
    return err;
}

/* --- who is there --- */

static int handle_typing(struct ctx *ctx, const void *state, const void *args)
{
    int64_t member;
    (void)args;
    int err = caller_member(ctx, state, &member);
    if (err != 0) {
        return err;
    }
    struct id from = ctx_principal(ctx)->user;
    ctx_push_volatile(ctx, &push_typing, &(struct typing_push){.from = from, .at = ctx_now_ms(ctx)},
                      from);
    ctx_reply(ctx, &empty_type, NULL);
    return 0;
}

static struct couple_member member_info(struct ctx *ctx, const struct couple_root *couple,
                                        int64_t member)
{
    struct id user = *COUPLE_SIDE_OF(couple, member, user);
    struct presence presence = ctx_presence(ctx, user);
    int64_t stored = *COUPLE_SIDE_OF(couple, member, seen_at);
    int64_t seen_at = presence.last_seen_ms > stored ? presence.last_seen_ms : stored;
    return (struct couple_member){.user = user,
                                  .read_up_to = *COUPLE_SIDE_OF(couple, member, read),
                                  .online = presence.sessions > 0,
                                  .last_seen_at = seen_at,
                                  .has_last_seen_at = seen_at > 0};
}

static int handle_info(struct ctx *ctx, const void *state, const void *args)
{
    const struct couple_root *couple = state;
    int64_t member;
    (void)args;
    int err = caller_member(ctx, couple, &member);
    if (err != 0) {
        return err;
    }
    struct couple_member members[] = {member_info(ctx, couple, 0), member_info(ctx, couple, 1)};
    ctx_reply(ctx, &couple_info_result_type,
              &(struct couple_info_result){.couple = ctx_self(ctx).id,
                                           .epoch = couple->epoch,
                                           .head = couple->seq,
                                           .last_msg = couple->msg,
                                           .created_at = couple->created_at,
                                           .members = {.items = members, .count = 2}});
    return 0;
}

/** The presence table knows of the session's coming or going already. */
static int stream_presence(struct ctx *ctx, const void *state, const struct principal *who,
                           bool came)
{
    const struct couple_root *couple = state;
    int64_t member;
    if (member_of(couple, who->user, &member) != 0) {
        return 0;
    }
    if (ctx_presence(ctx, who->user).sessions != (came ? 1 : 0)) {
        return 0; /* one of several */
    }
    int64_t seen_at = came ? *COUPLE_SIDE_OF(couple, member, seen_at) : ctx_now_ms(ctx);
    ctx_push_volatile(ctx, &push_presence,
                      &(struct presence_push){.user = who->user,
                                              .online = came,
                                              .last_seen_at = seen_at,
                                              .has_last_seen_at = seen_at > 0},
                      who->user);
    if (!came) {
        ctx_emit(ctx, &member_seen_event, &(struct member_seen){.member = member});
    } else if (*COUPLE_SIDE_OF(couple, member, told) != 0) {
        ctx_emit(ctx, &member_back_event, &(struct member_back){.member = member});
    }
    return 0;
}

static void apply_member_seen(struct ctx *ctx, struct couple_root *couple, const void *body)
{
    const struct member_seen *event = body;
    *COUPLE_SIDE_OF(couple, event->member, seen_at) = ctx_now_ms(ctx);
}

/* --- the stream --- */

static bool stream_head(struct ctx *ctx, const void *state, struct id *epoch, int64_t *head)
{
    const struct couple_root *couple = state;
    (void)ctx;
    if (couple->state == COUPLE_NONE) {
        return false;
    }
    *epoch = couple->epoch;
    *head = couple->seq;
    return true;
}

static int stream_admit(struct ctx *ctx, const void *state, const struct principal *who)
{
    int64_t member;
    (void)ctx;
    return member_of(state, who->user, &member);
}

/* --- tables --- */

static const struct op couple_info = {
    .command = {.code = COUPLE_INFO,
                .name = "couple.info",
                .args = &empty_type,
                .result = &couple_info_result_type,
                .handle = handle_info},
    .doc = "The couple: its stream, its members, how far they have read, who is online.",
    .needs = OP_NEEDS_PAIRED,
    .route = route_couple,
    .errors = (const int[]){0},
    .rest = {.method = "GET", .path = "/couple/info", .status = 200}};

static const struct op chat_send = {
    .command = {.code = COUPLE_CHAT_SEND,
                .name = "chat.send",
                .args = &chat_send_args_type,
                .result = &chat_send_result_type,
                .handle = handle_send},
    .doc = "Sends a message. The same `no` of the same device again gives the first answer, with "
           "dup, however much later.",
    .needs = OP_NEEDS_PAIRED,
    .writes = true,
    .route = route_couple,
    .errors = (const int[]){0},
    .rest = {.method = "POST", .path = "/chat/messages", .status = 201}};

static const struct op chat_read = {
    .command = {.code = COUPLE_CHAT_READ,
                .name = "chat.read",
                .args = &chat_read_args_type,
                .result = &chat_read_result_type,
                .handle = handle_read},
    .doc = "Moves the read mark forward, never back. `up_to` beyond the last message is "
           "INVALID_ARGUMENT.",
    .needs = OP_NEEDS_PAIRED,
    .writes = true,
    .keyed = true,
    .route = route_couple,
    .errors = (const int[]){0},
    .rest = {.method = "POST", .path = "/chat/read", .status = 200}};

static const struct op chat_history = {
    .command = {.code = COUPLE_CHAT_HISTORY,
                .name = "chat.history",
                .args = &chat_history_args_type,
                .result = &chat_history_result_type,
                .handle = handle_history},
    .doc = "Messages before or after one, or the newest; ascending. There may be fewer than "
           "`limit` when they are long: the ones nearest to the cursor.",
    .needs = OP_NEEDS_PAIRED,
    .route = route_couple,
    .errors = (const int[]){0},
    .rest = {.method = "GET", .path = "/chat/messages", .status = 200}};

static const struct op chat_unsend = {
    .command = {.code = COUPLE_CHAT_UNSEND,
                .name = "chat.unsend",
                .args = &chat_unsend_args_type,
                .result = &chat_unsend_result_type,
                .handle = handle_unsend},
    .doc = "Takes an own message back. Its number and place stay; its text is gone for both, and "
           "all of both's sessions are told.",
    .needs = OP_NEEDS_PAIRED,
    .writes = true,
    .keyed = true,
    .route = route_couple,
    .errors = (const int[]){ERR_NOT_FOUND, ERR_FORBIDDEN, 0},
    .rest = {.method = "DELETE", .path = "/chat/messages/{msg}", .status = 200}};

static const struct op chat_typing = {
    .command = {.code = COUPLE_CHAT_TYPING,
                .name = "chat.typing",
                .args = &empty_type,
                .result = &empty_type,
                .handle = handle_typing},
    .doc = "Tells the partner, if online, that something is being typed.",
    .needs = OP_NEEDS_PAIRED,
    .route = route_couple,
    .errors = (const int[]){0},
    .rest = {.method = "POST", .path = "/chat/typing", .status = 200}};

static void build_read(struct id member, const struct couple_entry_row *row, void *data)
{
    *(struct chat_read_push *)data = (struct chat_read_push){.from = member, .up_to = row->msg};
}

static void build_ended(struct id member, const struct couple_entry_row *row, void *data)
{
    (void)row;
    *(struct couple_ended_push *)data = (struct couple_ended_push){.by = member};
}

const struct couple_entry_type couple_entry_types[] = {
    [COUPLE_ENTRY_READ] = {&push_chat_read, build_read},
    [COUPLE_ENTRY_ENDED] = {&push_couple_ended, build_ended},
    [COUPLE_ENTRY_UNSENT] = {&push_chat_unsent, build_unsent}};
const size_t couple_entry_type_count = COUNT_OF(couple_entry_types);

static const struct push_type *const pushes[] = {&push_chat_message, &push_chat_read,
                                                 &push_couple_ended, &push_typing,
                                                 &push_presence,     &push_chat_unsent};

static const struct op *const ops[] = {&couple_info,  &chat_send,   &chat_read,
                                       &chat_history, &chat_typing, &chat_unsend};

static const struct command_type commands[] = {
    {COUPLE_CREATE, "create", &couple_create_args_type, &empty_type, handle_create},
    {COUPLE_END, "end", &empty_type, &empty_type, handle_end}};

static const struct event_type *const events[] = {COUPLE_EVENTS(EVENT_LIST)};

static void (*const appliers[])(struct ctx *ctx, struct couple_root *couple,
                                const void *body) = {COUPLE_EVENTS(EVENT_APPLY)};

static void apply(struct ctx *ctx, void *state, const struct event_type *type, const void *body)
{
    appliers[type->tag](ctx, state, body);
}

static const struct outcome_row outcomes[] = {{ACTOR_USER, USER_COUPLE_ENDED, outcome_ignore},
                                              {ACTOR_USER, USER_MESSAGE_WAITING, outcome_ignore}};

static int handle_outcome(struct ctx *ctx, const void *state, const struct outcome *outcome)
{
    return outcome_dispatch(outcomes, COUNT_OF(outcomes), ctx, state, outcome);
}

const struct kind couple_kind = {.code = ACTOR_COUPLE,
                                 .name = "couple",
                                 .state_version = 4,
                                 .root = &couple_root_type,
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
                                 .timer = handle_timer,
                                 .stream = {.topic = "couple",
                                            .head = stream_head,
                                            .entry = couple_stream_entry,
                                            .admit = stream_admit,
                                            .presence = stream_presence}};
