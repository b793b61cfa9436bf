/*
 * What arrives by itself: entries of the two streams, typing, presence.
 */
#include "tools/duetctl_chat.h"

#include "actors/couple_records.h"
#include "actors/user_records.h"

#define TYPING_SHOWN_MS 6000

/* --- pushes --- */

/** The own message that this push may be: sent before the connection broke, answer not seen. */
static bool is_unsent(const struct chat *chat, struct bytes text)
{
    for (size_t i = 0; i < chat->state->unsent_count; i++) {
        const struct chat_unsent *unsent = &chat->state->unsent[i];
        if (unsent->tried && bytes_equal(text_of(unsent->text), text)) {
            return true;
        }
    }
    return false;
}

/** Who just did something is there, also if the push that said so came before we followed. */
static void note_partner_here(struct chat *chat, const struct duet_push *push)
{
    if (!push->durable || push->seq > chat->live_from) {
        chat->partner_online = true;
    }
}

static void push_message(struct chat *chat, const struct duet_push *push, const void *data)
{
    const struct chat_message_push *message = data;
    bool own = chat_is_me(chat, message->from);
    if (message->msg <= chat->history_to || (own && is_unsent(chat, message->text))) {
        return; /* it stands there already; an own one gets its mark with the answer */
    }
    if (push->seq <= chat->replayed_to && !own) {
        screen_note("new");
        chat->replayed_to = 0;
    }
    if (!own) {
        chat->typing_until_ms = 0;
        note_partner_here(chat, push);
    }
    chat_show(chat, message->msg, message->from, push->at, message->text);
}

static void push_read(struct chat *chat, const struct duet_push *push, const void *data)
{
    const struct chat_read_push *read = data;
    if (chat_is_me(chat, read->from)) {
        chat->read_told = read->up_to > chat->read_told ? read->up_to : chat->read_told;
    } else if (read->up_to > chat->partner_read) {
        chat->partner_read = read->up_to;
        note_partner_here(chat, push);
        chat_show_read_marks(chat);
    }
}

static void push_couple_end(struct chat *chat, const struct duet_push *push, const void *data)
{
    (void)push;
    const struct couple_ended_push *ended = data;
    chat_couple_ended(chat, !chat_is_me(chat, ended->by));
}

static void push_matched(struct chat *chat, const struct duet_push *push, const void *data)
{
    const struct couple_matched_push *matched = data;
    if (push->seq <= chat->user_replayed_to || chat->paired) {
        return; /* of the past: what holds now was told when the session opened */
    }
    screen_note("you are paired now: say hello!");
    chat->partner = matched->partner;
    chat_enter_couple(chat);
}

static void push_user_couple_end(struct chat *chat, const struct duet_push *push, const void *data)
{
    const struct user_couple_ended_push *ended = data;
    if (push->seq > chat->user_replayed_to && id_equal(ended->couple, chat->state->couple)) {
        chat_couple_ended(chat, !chat_is_me(chat, ended->by));
    }
}

static void push_typing_now(struct chat *chat, const struct duet_push *push, const void *data)
{
    const struct typing_push *typing = data;
    if (!chat_is_me(chat, typing->from)) {
        if (!screen_is_interactive() && chat_now_ms() >= chat->typing_until_ms) {
            screen_note("partner is typing");
        }
        chat->typing_until_ms = chat_now_ms() + TYPING_SHOWN_MS;
        note_partner_here(chat, push);
    }
}

static void push_presence_now(struct chat *chat, const struct duet_push *push, const void *data)
{
    (void)push;
    const struct presence_push *presence = data;
    if (chat_is_me(chat, presence->user) || presence->online == chat->partner_online) {
        return;
    }
    chat->partner_online = presence->online;
    char time[6] = "now";
    if (presence->has_last_seen_at) {
        screen_time(presence->last_seen_at, time);
    }
    if (presence->online) {
        screen_note("partner is online");
    } else {
        screen_note("partner is offline, last seen %s", time);
    }
}

static const struct {
    const char *topic;
    const char *type; /* NULL: volatile */
    const struct record_type *data;
    void (*handle)(struct chat *chat, const struct duet_push *push, const void *data);
} pushes[] = {
    {"couple", "chat.message", &chat_message_push_type, push_message},
    {"couple", "chat.read", &chat_read_push_type, push_read},
    {"couple", "couple.ended", &couple_ended_push_type, push_couple_end},
    {"user", "couple.matched", &couple_matched_push_type, push_matched},
    {"user", "couple.ended", &user_couple_ended_push_type, push_user_couple_end},
    {"typing", NULL, &typing_push_type, push_typing_now},
    {"presence", NULL, &presence_push_type, push_presence_now},
};

/** Takes its place in its stream; false if it was seen before. Volatile ones have none. */
static bool take_place(struct chat *chat, const struct duet_push *push)
{
    if (!push->durable) {
        return true;
    }
    bool couple = bytes_equal(push->topic, text_of("couple"));
    struct stream_place *place = couple ? &chat->state->couple_stream : &chat->state->user_stream;
    chat->state_changed = true;
    return stream_place_take(place, push->epoch, push->seq);
}

void chat_handle_push(struct chat *chat, const struct duet_push *push)
{
    if (!take_place(chat, push)) {
        return;
    }
    for (size_t i = 0; i < sizeof pushes / sizeof pushes[0]; i++) {
        bool named = bytes_equal(push->topic, text_of(pushes[i].topic)) &&
                     push->durable == (pushes[i].type != NULL) &&
                     (!push->durable || bytes_equal(push->type, text_of(pushes[i].type)));
        if (!named) {
            continue;
        }
        struct field_fault fault;
        void *data = arena_alloc(&chat->arena, pushes[i].data->size);
        if (duet_push_decode(push, pushes[i].data, &chat->arena, data, &fault) == 0) {
            struct duet_push copy = *push; /* its texts may go while the handler calls */
            pushes[i].handle(chat, &copy, data);
        }
        return;
    }
}
