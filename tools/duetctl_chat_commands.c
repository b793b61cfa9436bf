#include "tools/duetctl_chat.h"

#include <stdlib.h>
#include <string.h>

#include "actors/couple_records.h"
#include "actors/user_records.h"
#include "base/error.h"

static void command_help(struct chat *chat, const char *argument);

static void command_history(struct chat *chat, const char *argument)
{
    long count = argument[0] == 0 ? CHAT_HISTORY_LINES : strtol(argument, NULL, 10);
    if (count < 1) {
        screen_note("how many messages? /history 50");
        return;
    }
    chat_show_last(chat, count);
}

static void command_code(struct chat *chat, const char *argument)
{
    (void)argument;
    chat_show_code(chat);
}

static void command_match(struct chat *chat, const char *argument)
{
    if (argument[0] == 0) {
        screen_note("which code? /match 7K3M9QXW");
        return;
    }
    chat_match(chat, argument);
}

/** Asks with the mark where it is, which moves nothing. */
static int64_t count_unread(struct chat *chat)
{
    struct chat_read_args args = {
        .up_to = chat->read_told, .couple = chat->state->couple, .has_couple = true};
    struct chat_read_result result;
    int error =
        chat_call(chat, "chat.read", &chat_read_args_type, &args, &chat_read_result_type, &result);
    return error == 0 ? result.unread : 0;
}

static void show_members(struct chat *chat, const struct couple_info_result *info)
{
    const struct couple_member *members = info->members.items;
    for (uint32_t i = 0; i < info->members.count; i++) {
        const struct couple_member *member = &members[i];
        char time[6] = "";
        if (member->has_last_seen_at) {
            screen_time(member->last_seen_at, time);
        }
        screen_note("%s: %s%s%s, has read up to message %lld",
                    chat_is_me(chat, member->user) ? "you" : "partner",
                    member->online ? "online" : "offline",
                    !member->online && time[0] != 0 ? ", last seen " : "",
                    member->online ? "" : time, (long long)member->read_up_to);
    }
}

static void command_info(struct chat *chat, const char *argument)
{
    (void)argument;
    screen_note("%s at %s", chat->options.email, chat->options.server);
    if (!chat->paired) {
        screen_note("not paired");
        return;
    }
    struct couple_info_result info;
    int error = chat_call(chat, "couple.info", NULL, NULL, &couple_info_result_type, &info);
    if (error != 0) {
        chat_explain(chat, "no answer", error);
        return;
    }
    show_members(chat, &info);
    screen_note("%lld messages, %lld unread, %zu not yet sent", (long long)info.last_msg,
                (long long)count_unread(chat), chat->state->unsent_count);
}

static void command_leave(struct chat *chat, const char *argument)
{
    if (strcmp(argument, "yes") != 0) {
        screen_note("this ends the couple for both of you, with all that was said; if you mean "
                    "it: /leave yes");
        return;
    }
    struct couple_leave_args args = {.couple = chat->state->couple,
                                     .has_couple = !id_is_zero(chat->state->couple)};
    int error = chat_call(chat, "couple.leave", &couple_leave_args_type, &args, NULL, NULL);
    if (error != 0) {
        chat_explain(chat, "not left", error);
        return;
    }
    chat_couple_ended(chat, false);
}

static void command_quit(struct chat *chat, const char *argument)
{
    (void)argument;
    chat_quit(chat);
}

static const struct {
    const char *name;
    const char *usage;
    const char *doc;
    void (*run)(struct chat *chat, const char *argument);
} commands[] = {
    {"help", "/help", "this list", command_help},
    {"history", "/history [N]", "the last N messages", command_history},
    {"code", "/code", "your invite code", command_code},
    {"match", "/match CODE", "pair with the one whose code it is", command_match},
    {"info", "/info", "who is there, and what is unread", command_info},
    {"leave", "/leave", "end the couple", command_leave},
    {"quit", "/quit", "leave the chat; so does Ctrl-D", command_quit},
};

static void command_help(struct chat *chat, const char *argument)
{
    (void)chat;
    (void)argument;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        screen_note("%-14s %s", commands[i].usage, commands[i].doc);
    }
    screen_note("%-14s %s", "//text", "says /text");
}

void chat_command(struct chat *chat, const char *line)
{
    size_t len = strcspn(line + 1, " ");
    const char *argument = line + 1 + len;
    argument += strspn(argument, " ");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strlen(commands[i].name) == len && memcmp(commands[i].name, line + 1, len) == 0) {
            commands[i].run(chat, argument);
            return;
        }
    }
    screen_note("there is no command %.*s; /help lists all, // begins a message with /",
                (int)len + 1, line);
}
