/*
 * Sending. A message keeps its number until it is acknowledged, across connections and runs, so it
 * is never lost and never doubled. Acknowledgements take places in the stream, as pushes do.
 */
#include "tools/duetctl_chat.h"

#include "actors/couple_records.h"
#include "base/error.h"
#include "wire/text.h"

#define IN_FLIGHT_MAX 32
#define SEND_MS 5000
#define TYPING_EVERY_MS 3000
#define RETRY_MS 1000

/* --- answers --- */

static void sent_done(struct chat *chat, int64_t no, const struct chat_send_result *result)
{
    struct chat_unsent *unsent = chat_state_find(chat->state, no);
    stream_place_take(&chat->state->couple_stream, result->epoch, result->seq);
    bool read = result->msg <= chat->partner_read;
    if (unsent->line != 0) {
        screen_set_mark(unsent->line, read ? SCREEN_MARK_READ : SCREEN_MARK_SENT);
        chat->sent[chat->sent_count++ % CHAT_SENT_MAX] =
            (struct chat_sent){result->msg, unsent->line};
        chat->state->last_msg =
            result->msg > chat->state->last_msg ? result->msg : chat->state->last_msg;
    } else {
        chat_show(chat, result->msg, chat->state->user, result->at, text_of(unsent->text));
    }
    chat_state_remove(chat->state, no);
    chat_save(chat);
}

static void sent_refused(struct chat *chat, int64_t no, int error)
{
    struct chat_unsent *unsent = chat_state_find(chat->state, no);
    const struct duet_failure *failure = duet_client_failure(chat->client);
    if (error == ERR_BUSY || error == ERR_RATE_LIMITED || error == ERR_STORAGE_FULL ||
        error == ERR_INTERNAL || error == ERR_SHUTTING_DOWN) {
        int64_t wait = failure->retry_ms > 0 ? failure->retry_ms : RETRY_MS;
        unsent->retry_ms = chat_now_ms() + wait;
        unsent->in_flight = false;
        return;
    }
    chat_explain(chat, "not sent", error);
    chat_state_remove(chat->state, no);
    chat_save(chat);
}

/** True when the answer to an unsent message was there. */
static bool collect_sent(struct chat *chat, const struct chat_unsent *unsent)
{
    struct chat_send_result result;
    int64_t no = unsent->no;
    int error = duet_client_finish(chat->client, unsent->request, &chat_send_result_type,
                                   &chat->arena, &result, 0);
    if (error == 0) {
        sent_done(chat, no, &result);
        return true;
    }
    if (duet_client_failure(chat->client)->from_server) {
        sent_refused(chat, no, error);
        return true;
    }
    return false;
}

static void collect_all_sent(struct chat *chat)
{
    for (size_t i = 0; i < chat->state->unsent_count;) {
        const struct chat_unsent *unsent = &chat->state->unsent[i];
        size_t before = chat->state->unsent_count;
        if (unsent->in_flight) {
            collect_sent(chat, unsent);
        }
        i += before == chat->state->unsent_count ? 1 : 0;
    }
}

static void collect_read(struct chat *chat)
{
    struct chat_read_result result;
    if (!chat->reading.in_flight) {
        return;
    }
    int error = duet_client_finish(chat->client, chat->reading.id, &chat_read_result_type,
                                   &chat->arena, &result, 0);
    if (error == 0) {
        chat->read_told = result.up_to > chat->reading_up_to ? result.up_to : chat->reading_up_to;
        if (result.has_seq) {
            stream_place_take(&chat->state->couple_stream, result.epoch, result.seq);
            chat->state_changed = true;
        }
    } else if (!duet_client_failure(chat->client)->from_server) {
        return;
    } else {
        chat->read_told = chat->reading_up_to; /* refused: asking again would not help */
    }
    chat->reading.in_flight = false;
}

static void collect_typing(struct chat *chat)
{
    if (chat->typing.in_flight) {
        int error = duet_client_finish(chat->client, chat->typing.id, NULL, &chat->arena, NULL, 0);
        if (error == 0 || duet_client_failure(chat->client)->from_server) {
            chat->typing.in_flight = false;
        }
    }
}

int chat_receive(struct chat *chat)
{
    struct duet_push push;
    int error = 0;
    while (chat->client != NULL && (error = duet_client_next_push(chat->client, 0, &push)) == 0) {
        chat_handle_push(chat, &push);
    }
    if (chat->client == NULL) {
        return 0; /* lost in a handler, and noted */
    }
    collect_all_sent(chat);
    collect_read(chat);
    collect_typing(chat);
    arena_reset(&chat->arena);
    return error == ERR_END ? 0 : ERR_IO;
}

/* --- sending --- */

static int start_message(struct chat *chat, struct chat_unsent *unsent)
{
    struct chat_send_args args = {.no = unsent->no,
                                  .text = text_of(unsent->text),
                                  .couple = chat->state->couple,
                                  .has_couple = true};
    int error = duet_client_start(chat->client, "chat.send", &chat_send_args_type, &args, NULL,
                                  SEND_MS, &unsent->request);
    unsent->in_flight = error == 0;
    unsent->tried = true;
    return error;
}

static int start_messages(struct chat *chat)
{
    int64_t now = chat_now_ms();
    size_t count = chat->state->unsent_count;
    int error = 0;
    for (size_t i = 0; error == 0 && i < count && i < IN_FLIGHT_MAX; i++) {
        struct chat_unsent *unsent = &chat->state->unsent[i];
        if (unsent->retry_ms > now) {
            return 0; /* those behind it wait too, so that the order stays */
        }
        if (!unsent->in_flight) {
            error = start_message(chat, unsent);
        }
    }
    return error;
}

static int start_read(struct chat *chat)
{
    struct chat_read_args args = {
        .up_to = chat->seen, .couple = chat->state->couple, .has_couple = true};
    if (chat->reading.in_flight || chat->seen <= chat->read_told) {
        return 0;
    }
    int error = duet_client_start(chat->client, "chat.read", &chat_read_args_type, &args, NULL,
                                  SEND_MS, &chat->reading.id);
    chat->reading.in_flight = error == 0;
    chat->reading_up_to = chat->seen;
    return error;
}

void chat_pump(struct chat *chat)
{
    if (chat->client == NULL || !chat->paired) {
        return;
    }
    int error = start_messages(chat);
    if (error == 0) {
        error = start_read(chat);
    }
    if (error != 0) {
        chat_link_lost(chat);
    }
}

void chat_say(struct chat *chat, const char *text)
{
    if (!chat->paired) {
        screen_note("you are not paired yet: /code shows your code, /match CODE takes your "
                    "partner's");
        return;
    }
    if (!text_valid(text_of(text))) {
        screen_note("not sent: this is not UTF-8");
        return;
    }
    struct chat_unsent *unsent = chat_state_add(chat->state, text);
    chat->typing_next_ms = 0; /* what is typed next is another message */
    if (screen_is_interactive()) {
        unsent->line = screen_message(&(struct screen_message){.at_ms = chat_wall_ms(),
                                                               .name = "you",
                                                               .own = true,
                                                               .mark = SCREEN_MARK_SENDING,
                                                               .text = text_of(text)});
    }
    chat_save(chat); /* before it leaves: its number must never be used again */
    chat_pump(chat);
}

void chat_tell_typing(struct chat *chat)
{
    int64_t now = chat_now_ms();
    if (chat->client == NULL || !chat->paired || chat->typing.in_flight ||
        now < chat->typing_next_ms) {
        return;
    }
    chat->typing_next_ms = now + TYPING_EVERY_MS;
    if (duet_client_start(chat->client, "chat.typing", NULL, NULL, NULL, SEND_MS,
                          &chat->typing.id) == 0) {
        chat->typing.in_flight = true;
    } else {
        chat_link_lost(chat);
    }
}
