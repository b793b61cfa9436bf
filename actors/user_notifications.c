/**
 * A user's notifications: the user's stream, a mark up to where it was read, and a list of it.
 *
 * Every entry of the stream is a notification, so numbers have no gaps, and how many are unread is
 * head - mark. All are kept: a row takes some sixty bytes, and what makes entries is rare. The mark
 * itself is no entry: it has no place to be replayed from, and the newest one says it all, so
 * devices hear of it by a volatile push, and ask when they come back.
 */
#include "actors/user_notifications.h"
#include "actors/couple_records.h"
#include "actors/kinds.h"
#include "actors/stream_entry.h"
#include "actors/user_parts.h"

/* --- declarations --- */

static const char *const type_names[] = {[USER_ENTRY_MATCHED] = "couple.matched",
                                         [USER_ENTRY_ENDED] = "couple.ended",
                                         [USER_ENTRY_WAITING] = "chat.waiting"};
const struct enum_type notification_type_type = {
    .name = "notification_type", .names = type_names, .count = COUNT_OF(type_names)};

RECORD_DEFINE(notification_data, NOTIFICATION_DATA, "what a notification is about");
RECORD_DEFINE(notification, NOTIFICATION, "a notification");
RECORD_DEFINE(notification_list_args, PAGING_ARGS, "which notifications");
RECORD_DEFINE(notification_list_result, NOTIFICATION_LIST_RESULT, "notifications");
RECORD_DEFINE(notification_unread_result, NOTIFICATION_STATE, "how many are unread");
RECORD_DEFINE(notification_read_args, NOTIFICATION_READ_ARGS, "what was read");
RECORD_DEFINE(notification_read_result, NOTIFICATION_STATE, "where the mark is");
RECORD_DEFINE(notification_read_push, NOTIFICATION_STATE, "notifications were read");
RECORD_DEFINE(chat_waiting_push, CHAT_WAITING, "a message waits");
RECORD_DEFINE(user_message_waiting_args, CHAT_WAITING, "a message waits");

const struct push_type push_chat_waiting = {
    .topic = "user",
    .type = "chat.waiting",
    .doc = "The partner wrote while no session of the user was connected: once for each absence, "
           "or after the user has read.",
    .data = &chat_waiting_push_type};
const struct push_type push_notification = {
    .topic = "notification",
    .doc = "Notifications were read on some device: what is unread now.",
    .data = &notification_read_push_type};

#define NOTIFICATIONS_READ(F, R)                                                                   \
    F(R, INT, up_to, REQUIRED, 0, INT_BOUND, NULL, BODY, "the last seq that was read", "2")
RECORD_DECLARE(notifications_read, NOTIFICATIONS_READ)
RECORD_DEFINE(notifications_read, NOTIFICATIONS_READ, "notifications were read");
RECORD_DECLARE(message_waiting, CHAT_WAITING)
RECORD_DEFINE(message_waiting, CHAT_WAITING, "the partner wrote, and nobody was there");

USER_NOTIFICATION_EVENTS(EVENT_DEFINE_SHARED)

/* --- the stream --- */

void user_entry_append(struct ctx *ctx, struct user_root *user, struct user_entry_row row)
{
    row.at = ctx_now_ms(ctx);
    user->seq++;
    ctx_put_row(ctx, USER_ENTRIES, ctx_key_u64(ctx, (uint64_t)user->seq), &user_entry_row_type,
                &row);
}

int user_stream_entry(struct ctx *ctx, const void *state, int64_t seq, struct buffer *body)
{
    const struct user_root *user = state;
    struct user_entry_row row;
    int err =
        ctx_get_row(ctx, USER_ENTRIES, ctx_key_u64(ctx, (uint64_t)seq), &user_entry_row_type, &row);
    if (err != 0) {
        return err;
    }
    struct couple_matched_push matched = {.couple = row.couple, .partner = row.other};
    struct user_couple_ended_push ended = {.couple = row.couple, .by = row.other};
    struct chat_waiting_push waiting = {.couple = row.couple, .from = row.other, .msg = row.msg};
    const struct {
        const struct push_type *type;
        const void *data;
    } entries[] = {[USER_ENTRY_MATCHED] = {&push_couple_matched, &matched},
                   [USER_ENTRY_ENDED] = {&push_user_couple_ended, &ended},
                   [USER_ENTRY_WAITING] = {&push_chat_waiting, &waiting}};
    stream_entry_append(&(struct stream_entry){.type = entries[row.what].type,
                                               .epoch = user->epoch,
                                               .seq = seq,
                                               .at_ms = row.at,
                                               .data = entries[row.what].data},
                        body);
    return 0;
}

/* --- a message waits --- */

/** From the couple: the partner wrote, and no session of this user was there. */
int user_handle_message_waiting(struct ctx *ctx, const void *state, const void *args)
{
    const struct user_root *user = state;
    const struct user_message_waiting_args *in = args;
    if (!id_equal(user->couple, in->couple) ||
        !address_equal(ctx_sender(ctx), couple_address(in->couple))) {
        return 0; /* it ended meanwhile */
    }
    ctx_emit(ctx, &message_waiting_event,
             &(struct message_waiting){.couple = in->couple, .from = in->from, .msg = in->msg});
    ctx_push_entry(
        ctx, &push_chat_waiting, user->epoch, user->seq + 1,
        &(struct chat_waiting_push){.couple = in->couple, .from = in->from, .msg = in->msg});
    return 0;
}

void apply_message_waiting(struct ctx *ctx, struct user_root *user, const void *body)
{
    const struct message_waiting *event = body;
    user_entry_append(ctx, user,
                      (struct user_entry_row){.what = USER_ENTRY_WAITING,
                                              .couple = event->couple,
                                              .other = event->from,
                                              .msg = event->msg,
                                              .has_msg = true});
}

/* --- the mark --- */

/** Of a user whose mark stands at `read_up_to`; for the result of both ops and the push. */
#define STATE_OF(user, mark)                                                                       \
    {                                                                                              \
        .epoch = (user)->epoch, .head = (user)->seq, .read_up_to = (mark),                         \
        .count = (user)->seq - (mark)                                                              \
    }

static int handle_unread(struct ctx *ctx, const void *state, const void *args)
{
    const struct user_root *user = state;
    (void)args;
    ctx_reply(ctx, &notification_unread_result_type,
              &(struct notification_unread_result)STATE_OF(user, user->read_up_to));
    return 0;
}

static int handle_read(struct ctx *ctx, const void *state, const void *args)
{
    const struct user_root *user = state;
    const struct notification_read_args *in = args;
    int64_t mark = user->read_up_to;
    if (in->up_to > user->seq) {
        return ctx_refuse_field(ctx, ERR_INVALID_ARGUMENT, "up_to", "no such notification");
    }
    if (in->up_to > mark) {
        mark = in->up_to;
        ctx_emit(ctx, &notifications_read_event, &(struct notifications_read){.up_to = mark});
        ctx_push_volatile(ctx, &push_notification,
                          &(struct notification_read_push)STATE_OF(user, mark), (struct id){0});
    }
    ctx_reply(ctx, &notification_read_result_type,
              &(struct notification_read_result)STATE_OF(user, mark));
    return 0;
}

void apply_notifications_read(struct ctx *ctx, struct user_root *user, const void *body)
{
    const struct notifications_read *event = body;
    (void)ctx;
    user->read_up_to = event->up_to;
}

/* --- the list --- */

struct listing {
    struct ctx *ctx;
    const struct user_root *user;
    struct notification *items;
    struct notification_data *data; /* of the items */
    uint32_t count;
    int error;
};

static struct notification_data data_of(const struct user_entry_row *row)
{
    bool matched = row->what == USER_ENTRY_MATCHED, waiting = row->what == USER_ENTRY_WAITING;
    bool ended = row->what == USER_ENTRY_ENDED;
    return (struct notification_data){.couple = row->couple,
                                      .partner = row->other,
                                      .has_partner = matched,
                                      .by = row->other,
                                      .has_by = ended,
                                      .from = row->other,
                                      .has_from = waiting,
                                      .msg = row->msg,
                                      .has_msg = waiting};
}

static bool take_entry(void *context, struct bytes key, struct bytes value)
{
    struct listing *listing = context;
    struct user_entry_row row;
    listing->error = CHECK_RECOVER(key.len == 8)
                         ? ctx_decode_row(listing->ctx, value, &user_entry_row_type, &row)
                         : ERR_CORRUPT;
    if (listing->error != 0) {
        return false;
    }
    int64_t seq = (int64_t)get_u64(key.data);
    struct notification_data *data = &listing->data[listing->count];
    *data = data_of(&row);
    listing->items[listing->count++] =
        (struct notification){.seq = seq,
                              .type = row.what,
                              .at = row.at,
                              .data = data,
                              .read = seq <= listing->user->read_up_to};
    return true;
}

/** Names this user's list, for cursors. */
static struct bytes list_name(struct ctx *ctx)
{
    static const char name[] = "notification.list";
    uint8_t *out = arena_alloc(ctx_arena(ctx), sizeof name + ID_BYTES);
    memcpy(out, name, sizeof name);
    memcpy(out + sizeof name, ctx_self(ctx).id.bytes, ID_BYTES);
    return bytes_of(out, sizeof name + ID_BYTES);
}

/** Backwards from the newest, behind the cursor's place or so many skipped ones. */
static int collect(struct listing *listing, const struct paging *paging)
{
    struct ctx *ctx = listing->ctx;
    int64_t below = listing->user->seq + 1 - paging->skip;
    if (paging->has_position && paging->position < (uint64_t)below) {
        below = (int64_t)paging->position;
    }
    if (below <= 1) {
        return 0;
    }
    listing->items = arena_alloc(ctx_arena(ctx), paging->count * sizeof *listing->items);
    listing->data = arena_alloc(ctx_arena(ctx), paging->count * sizeof *listing->data);
    ctx_range(ctx, USER_ENTRIES, bytes_of(NULL, 0), ctx_key_u64(ctx, (uint64_t)below),
              paging->count, true, take_entry, listing);
    return listing->error;
}

static void reply_list(struct ctx *ctx, const struct listing *listing, const struct paging *paging)
{
    char cursor[PAGING_CURSOR_CHARS + 1];
    int64_t total = listing->user->seq;
    int64_t last = listing->count == 0 ? 1 : listing->items[listing->count - 1].seq;
    bool more = !paging->by_page && last > 1;
    struct notification_list_result result = {
        .epoch = listing->user->epoch,
        .notifications = {.items = listing->items, .count = listing->count},
        .total = total,
        .has_next_cursor = more,
        .page = paging->page,
        .has_page = paging->by_page,
        .pages = paging_pages(paging, total),
        .has_pages = paging->by_page};
    if (more) {
        paging_cursor(list_name(ctx), (uint64_t)last, cursor);
        result.next_cursor = text_of(cursor);
    }
    ctx_reply(ctx, &notification_list_result_type, &result);
}

static int handle_list(struct ctx *ctx, const void *state, const void *args)
{
    const struct notification_list_args *in = args;
    struct listing listing = {.ctx = ctx, .user = state};
    struct field_fault fault;
    struct paging paging;
    int err = paging_resolve(PAGING_GIVEN(in), list_name(ctx), &paging, &fault);
    if (err != 0) {
        return ctx_refuse_field(ctx, err, fault.field, fault.reason);
    }
    err = collect(&listing, &paging);
    if (err == 0) {
        reply_list(ctx, &listing, &paging);
    }
    return err;
}

/* --- ops --- */

const struct op user_notification_list = {
    .command = {.code = USER_NOTIFICATION_LIST,
                .name = "notification.list",
                .args = &notification_list_args_type,
                .result = &notification_list_result_type,
                .handle = handle_list},
    .doc = "The user's notifications, newest first, by cursor or by page and size.",
    .needs = OP_NEEDS_SESSION,
    .route = user_route_own,
    .errors = (const int[]){0},
    .rest = {.method = "GET", .path = "/notifications", .status = 200, .paging = OP_PAGING_BOTH}};

const struct op user_notification_unread = {
    .command = {.code = USER_NOTIFICATION_UNREAD,
                .name = "notification.unread",
                .args = &empty_type,
                .result = &notification_unread_result_type,
                .handle = handle_unread},
    .doc = "How many notifications are unread.",
    .needs = OP_NEEDS_SESSION,
    .route = user_route_own,
    .errors = (const int[]){0},
    .rest = {.method = "GET", .path = "/notifications/unread", .status = 200}};

const struct op user_notification_read = {
    .command = {.code = USER_NOTIFICATION_READ,
                .name = "notification.read",
                .args = &notification_read_args_type,
                .result = &notification_read_result_type,
                .handle = handle_read},
    .doc = "Moves the mark of what was read forward, never back. `up_to` beyond the newest is "
           "INVALID_ARGUMENT. Every connection of the user hears of it on topic `notification`.",
    .needs = OP_NEEDS_SESSION,
    .writes = true,
    .keyed = true,
    .route = user_route_own,
    .errors = (const int[]){0},
    .rest = {.method = "POST", .path = "/notifications/read", .status = 200}};
