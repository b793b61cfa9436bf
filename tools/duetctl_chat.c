/*
 * duetctl chat: two people, two terminals. One loop waits for the keyboard and the connection;
 * only what a person waits for anyway (a sign-in, a slash command) is waited for.
 */
#include "tools/duetctl_chat.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "client/ws_client.h"
#include "tools/duetctl.h"

#define QUIT_WITHIN_MS 10000
#define SAVE_EVERY_MS 2000
#define PORT_DEFAULT 7400

static volatile sig_atomic_t interrupted;

static void note_signal(int number)
{
    (void)number;
    interrupted = 1;
}

/* --- what the keyboard does --- */

void chat_quit(struct chat *chat)
{
    if (!chat->quitting) {
        chat->quitting = true;
        chat->quit_by_ms = chat_now_ms() + QUIT_WITHIN_MS;
    }
}

static void line_entered(void *self, const char *text)
{
    struct chat *chat = self;
    if (text[0] == '/' && text[1] != '/') {
        chat_command(chat, text);
    } else {
        chat_say(chat, text[0] == '/' ? text + 1 : text);
    }
}

static void line_changed(void *self)
{
    chat_tell_typing(self);
}

static void input_ended(void *self)
{
    chat_quit(self);
}

/* --- the loop --- */

static void update_prompt(struct chat *chat)
{
    const char *prompt = "> ";
    if (chat->client == NULL) {
        prompt = "(offline) > ";
    } else if (chat->paired && chat_now_ms() < chat->typing_until_ms) {
        prompt = "partner is typing \xe2\x80\xa6 > ";
    } else if (chat->paired) {
        prompt = chat->partner_online ? "\xe2\x97\x8f > " : "\xe2\x97\x8b > ";
    }
    screen_set_prompt(prompt);
}

static void come_back(struct chat *chat)
{
    if (chat->client != NULL || chat_now_ms() < chat->reconnect_at_ms) {
        return;
    }
    bool paired = false;
    int error = chat_link_open(chat, &paired);
    if (error == ERR_UNAUTHENTICATED || error == ERR_INVALID_CREDENTIALS) {
        chat->status = 1;
        chat->quitting = true;
        chat->quit_by_ms = 0;
    } else if (error != 0) {
        chat_link_lost(chat);
    } else {
        chat_enter(chat, paired);
    }
}

static bool is_done(const struct chat *chat)
{
    bool delivered = chat->state->unsent_count == 0 && !chat->reading.in_flight;
    return chat->quitting && (delivered || chat_now_ms() >= chat->quit_by_ms);
}

/** Milliseconds until something is due by itself. */
static int64_t next_due(const struct chat *chat)
{
    int64_t now = chat_now_ms();
    int64_t due = now + 60000;
    const int64_t times[] = {
        chat->client == NULL ? chat->reconnect_at_ms : chat->refresh_at_ms,
        chat->typing_until_ms > now ? chat->typing_until_ms : INT64_MAX,
        chat->quitting ? chat->quit_by_ms : INT64_MAX,
        chat->state_changed ? chat->saved_at_ms + SAVE_EVERY_MS : INT64_MAX,
        chat->client != NULL && chat->paired && chat->state->unsent_count > 0
            ? (chat->state->unsent[0].retry_ms > now ? chat->state->unsent[0].retry_ms : INT64_MAX)
            : INT64_MAX,
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        due = times[i] < due ? times[i] : due;
    }
    return due > now ? due - now : 0;
}

static void wait_for_input(struct chat *chat)
{
    int socket = chat->client != NULL ? ws_client_fd(duet_client_socket(chat->client)) : -1;
    struct pollfd fds[2] = {{.fd = chat->quitting ? -1 : STDIN_FILENO, .events = POLLIN},
                            {.fd = socket, .events = POLLIN}};
    int64_t wait_ms = next_due(chat);
    struct timespec timeout = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000};
    sigset_t none;
    sigemptyset(&none); /* signals come only here, so none is missed */
    if (ppoll(fds, 2, &timeout, &none) > 0 && fds[0].revents != 0) {
        screen_read();
    }
}

static void turn(struct chat *chat)
{
    come_back(chat);
    if (chat->client != NULL && chat_receive(chat) != 0) {
        chat_link_lost(chat);
    }
    chat_link_refresh(chat);
    chat_pump(chat);
    if (chat->state_changed && chat_now_ms() >= chat->saved_at_ms + SAVE_EVERY_MS) {
        chat_save(chat);
    }
    update_prompt(chat);
    if (!is_done(chat)) {
        wait_for_input(chat);
    }
    if (interrupted) {
        chat_quit(chat);
    }
}

static void take_signals(void)
{
    const struct sigaction action = {.sa_handler = note_signal};
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGHUP);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &ends, NULL);
}

static int converse(struct chat *chat, bool paired)
{
    screen_open(&(struct screen_events){
        .self = chat, .line = line_entered, .typing = line_changed, .end = input_ended});
    take_signals();
    chat_enter(chat, paired);
    while (!is_done(chat)) {
        turn(chat);
    }
    if (chat->state->unsent_count > 0) {
        screen_note("not acknowledged yet: %zu; they are sent when you come back",
                    chat->state->unsent_count);
        chat->status = 1;
    }
    chat_save(chat);
    screen_close();
    return chat->status;
}

/* --- starting --- */

/** ws://host[:port][/…]. */
static bool parse_server(const char *url, struct chat_options *options)
{
    if (strncmp(url, "ws://", 5) != 0) {
        return false;
    }
    const char *host = url + 5;
    size_t len = strcspn(host, "/");
    const char *colon = memchr(host, ':', len);
    size_t host_len = colon != NULL ? (size_t)(colon - host) : len;
    long port = PORT_DEFAULT;
    if (colon != NULL) {
        char *end = NULL;
        port = strtol(colon + 1, &end, 10);
        if (end != host + len) {
            return false;
        }
    }
    if (host_len == 0 || host_len >= sizeof options->host || port < 1 || port > 65535) {
        return false;
    }
    memcpy(options->host, host, host_len);
    options->host[host_len] = 0;
    options->port = (uint16_t)port;
    return true;
}

static int explain_state(int error, const char *email)
{
    if (error == ERR_LOCKED) {
        return complain(&subcommand_chat, 1,
                        "another terminal chats as %s with this server already; close it first",
                        email);
    }
    return complain(&subcommand_chat, 1,
                    "cannot read what was remembered of %s: %s; see "
                    "~/.local/state/duet",
                    email, error_text(error, LANGUAGE_EN));
}

static int start(struct chat *chat)
{
    const struct chat_options *options = &chat->options;
    char name[300];
    snprintf(name, sizeof name, "%s_%u", options->host, (unsigned)options->port);
    int error = chat_state_open(name, options->email, &chat->state);
    if (error != 0) {
        return explain_state(error, options->email);
    }
    bool paired = false;
    error = chat_link_open(chat, &paired);
    int status = 1;
    if (error == 0) {
        status = converse(chat, paired);
    } else if (error == ERR_IO && chat->client == NULL) {
        complain(&subcommand_chat, 1,
                 "no duet server answers at %s; start one with: make run (or build/duetd)",
                 options->server);
    }
    duet_client_destroy(chat->client);
    chat_state_close(chat->state);
    arena_fini(&chat->arena);
    return status;
}

static int run_chat(int argc, char **argv)
{
    struct chat chat = {
        .options = {.server = "ws://127.0.0.1:7400", .password = getenv("DUET_PASSWORD")}};
    struct chat_options *options = &chat.options;
    const struct flag flags[] = {
        {"--server", "URL", "ws://host:port; default ws://127.0.0.1:7400", &options->server, NULL},
        {"--email", "E", "whose account", &options->email, NULL},
        {"--password", "P", "else DUET_PASSWORD, else it is asked for", &options->password, NULL},
        {"--code", "CODE", "pair by the partner's invite code", &options->code, NULL},
        {"--signup", NULL, "make a new account", NULL, &options->signup},
        {"--login", NULL, "never make a new account", NULL, &options->login},
        {"--birth-date", "DAY", "for a new account: YYYY-MM-DD", &options->birth_date, NULL},
        {"--nickname", "N", "for a new account", &options->nickname, NULL},
        {0}};
    int status = flags_parse(&subcommand_chat, flags, argc, argv);
    if (status >= 0) {
        return status;
    }
    if (options->email == NULL) {
        return complain(&subcommand_chat, 2, "who are you? --email you@example.org");
    }
    if (!parse_server(options->server, options)) {
        return complain(&subcommand_chat, 2, "--server cannot be \"%s\": write ws://host:port",
                        options->server);
    }
    return start(&chat);
}

const struct subcommand subcommand_chat = {
    .name = "chat", .summary = "chat with your partner in this terminal", .run = run_chat};
