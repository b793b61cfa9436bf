/*
 * The couple and what was said: pairing, history, lines on the screen.
 */
#include "tools/duetctl_chat.h"

#include "actors/couple_records.h"
#include "actors/invite_records.h"
#include "actors/user_records.h"
#include "base/error.h"

#define PAGE_MESSAGES 100

bool chat_is_me(const struct chat *chat, struct id user)
{
    return id_equal(user, chat->state->user);
}

/* --- showing --- */

void chat_show(struct chat *chat, int64_t msg, struct id from, int64_t at_ms, struct bytes text)
{
    bool own = chat_is_me(chat, from);
    bool read = own && msg <= chat->partner_read;
    uint64_t line = screen_message(&(struct screen_message){.at_ms = at_ms,
                                                            .name = own ? "you" : "partner",
                                                            .own = own,
                                                            .mark = !own   ? SCREEN_MARK_NONE
                                                                    : read ? SCREEN_MARK_READ
                                                                           : SCREEN_MARK_SENT,
                                                            .text = text});
    if (own && !read) {
        chat->sent[chat->sent_count++ % CHAT_SENT_MAX] = (struct chat_sent){msg, line};
    }
    if (!own && msg > chat->seen) {
        chat->seen = msg;
    }
    if (msg > chat->state->last_msg) {
        chat->state->last_msg = msg;
    }
    chat->state_changed = true;
}

/** Shows a page in order, with a note before the first message that was not read. */
static void show_page(struct chat *chat, const struct list *page)
{
    const struct chat_message *messages = page->items;
    int64_t read = chat->seen > chat->read_told ? chat->seen : chat->read_told;
    for (uint32_t i = 0; i < page->count; i++) {
        const struct chat_message *message = &messages[i];
        if (!chat_is_me(chat, message->from) && message->msg > read) {
            screen_note("new");
            read = INT64_MAX;
        }
        chat_show(chat, message->msg, message->from, message->at, message->text);
    }
}

static int load_page(struct chat *chat, const struct chat_history_args *args,
                     struct chat_history_result *page)
{
    int error = chat_call(chat, "chat.history", &chat_history_args_type, args,
                          &chat_history_result_type, page);
    if (error != 0) {
        chat_explain(chat, "no history", error);
    }
    return error;
}

void chat_show_last(struct chat *chat, int64_t count)
{
    struct chat_history_args args = {.limit = 1, .has_limit = true};
    struct chat_history_result page;
    if (load_page(chat, &args, &page) != 0) {
        return;
    }
    int64_t after = page.last_msg > count ? page.last_msg - count : 0;
    while (after < page.last_msg) {
        args = (struct chat_history_args){
            .after = after, .has_after = true, .limit = PAGE_MESSAGES, .has_limit = true};
        if (load_page(chat, &args, &page) != 0 || page.messages.count == 0) {
            return;
        }
        show_page(chat, &page.messages);
        after = ((const struct chat_message *)page.messages.items)[page.messages.count - 1].msg;
    }
}

void chat_show_read_marks(struct chat *chat)
{
    bool any = false;
    uint64_t first = chat->sent_count > CHAT_SENT_MAX ? chat->sent_count - CHAT_SENT_MAX : 0;
    for (uint64_t i = first; i < chat->sent_count; i++) {
        struct chat_sent *sent = &chat->sent[i % CHAT_SENT_MAX];
        if (sent->msg != 0 && sent->msg <= chat->partner_read) {
            screen_set_mark(sent->line, SCREEN_MARK_READ);
            sent->msg = 0;
            any = true;
        }
    }
    if (any && !screen_is_interactive()) {
        screen_note("\xe2\x9c\x93\xe2\x9c\x93 read");
    }
}

/* --- pairing --- */

void chat_show_code(struct chat *chat)
{
    struct couple_invite_result invite;
    int error = chat_call(chat, "couple.invite", NULL, NULL, &couple_invite_result_type, &invite);
    if (error != 0) {
        chat_explain(chat, "no invite code", error);
        return;
    }
    screen_note("your invite code: %.*s", (int)invite.code.len, (const char *)invite.code.data);
    screen_note("tell it to your partner, who types: /match %.*s", (int)invite.code.len,
                (const char *)invite.code.data);
    screen_note("or enter your partner's code with /match CODE; waiting …");
}

void chat_match(struct chat *chat, const char *code)
{
    struct couple_match_args args = {.code = text_of(code)};
    struct couple_match_result result;
    int error = chat_call(chat, "couple.match", &couple_match_args_type, &args,
                          &couple_match_result_type, &result);
    if (error != 0) {
        chat_explain(chat, "not paired", error);
    }
    /* On success couple.matched arrives, for this side as for the other. */
}

static int load_info(struct chat *chat, struct couple_info_result *info)
{
    int error = chat_call(chat, "couple.info", NULL, NULL, &couple_info_result_type, info);
    if (error != 0) {
        chat_explain(chat, "cannot ask for the couple", error);
        return error;
    }
    const struct couple_member *members = info->members.items;
    for (uint32_t i = 0; i < info->members.count; i++) {
        if (chat_is_me(chat, members[i].user)) {
            chat->read_told = members[i].read_up_to;
        } else {
            chat->partner = members[i].user;
            chat->partner_online = members[i].online;
            chat->partner_read = members[i].read_up_to;
        }
    }
    return 0;
}

/** Shows the end of what was known before; what was missed since is replayed by itself. */
static void show_beginning(struct chat *chat, const struct couple_info_result *info)
{
    int64_t end = chat->replayed_to > 0 ? chat->state->last_msg : info->last_msg;
    struct chat_history_args args = {
        .before = end + 1, .has_before = true, .limit = CHAT_HISTORY_LINES, .has_limit = true};
    struct chat_history_result page;
    chat->history_to = end;
    if (end > 0 && load_page(chat, &args, &page) == 0) {
        show_page(chat, &page.messages);
    }
    screen_note("partner is %s; /help lists what you can do",
                chat->partner_online ? "online" : "offline");
}

void chat_enter_couple(struct chat *chat)
{
    struct couple_info_result info;
    struct stream_place *place = &chat->state->couple_stream;
    if (load_info(chat, &info) != 0) {
        return;
    }
    if (!id_is_zero(chat->state->couple) && !id_equal(chat->state->couple, info.couple)) {
        chat_forget_couple(chat); /* another one since the session opened */
        if (load_info(chat, &info) != 0) {
            return;
        }
    }
    if (!place->known || !id_equal(place->epoch, info.epoch)) {
        stream_place_set(place, info.epoch, 0); /* just matched: followed from its beginning */
    }
    chat->state->couple = info.couple;
    chat->state_changed = true;
    if (!chat->paired) {
        chat->paired = true;
        show_beginning(chat, &info);
    }
    chat_show_read_marks(chat);
}

void chat_forget_couple(struct chat *chat)
{
    struct chat_state *state = chat->state;
    chat->paired = false;
    chat->partner_online = false;
    chat->sent_count = 0;
    chat->seen = 0;
    chat->read_told = 0;
    chat->partner_read = 0;
    chat->history_to = 0;
    chat->live_from = 0;
    chat->replayed_to = 0;
    state->last_msg = 0;
    state->couple = (struct id){0};
    stream_place_clear(&state->couple_stream);
    if (state->unsent_count > 0) {
        screen_note("not sent, as the couple they were for has ended: %zu message%s",
                    state->unsent_count, state->unsent_count == 1 ? "" : "s");
    }
    while (state->unsent_count > 0) {
        chat_state_remove(state, state->unsent[0].no);
    }
    chat->state_changed = true;
}

void chat_enter(struct chat *chat, bool paired)
{
    if (paired) {
        chat_enter_couple(chat);
        return;
    }
    if (chat->options.code != NULL) {
        const char *code = chat->options.code;
        chat->options.code = NULL;
        chat_match(chat, code);
        return;
    }
    chat_show_code(chat);
}

void chat_couple_ended(struct chat *chat, bool by_partner)
{
    if (chat->paired) {
        screen_note(by_partner ? "your partner has left the couple" : "you have left the couple");
        chat_forget_couple(chat);
        chat_show_code(chat);
    }
}
