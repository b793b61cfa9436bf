#include "tools/duetctl_chat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "actors/identity_records.h"
#include "actors/user_records.h"
#include "base/error.h"
#include "edge/session_ops.h"
#include "wire/text.h"

#define CONNECT_MS 5000
#define BACKOFF_MS 250
#define BACKOFF_MAX_MS 30000
#define REFRESH_AGAIN_MS 30000

int64_t chat_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t chat_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void chat_save(struct chat *chat)
{
    if (chat_state_save(chat->state) != 0) {
        screen_note("cannot write %s: is the disk full?", chat->state->path);
    }
    chat->state_changed = false;
    chat->saved_at_ms = chat_now_ms();
}

/* --- calls --- */

static bool from_server(const struct chat *chat)
{
    return chat->client != NULL && duet_client_failure(chat->client)->from_server;
}

int chat_call(struct chat *chat, const char *op, const struct record_type *args_type,
              const void *args, const struct record_type *result_type, void *result)
{
    if (chat->client == NULL) {
        return ERR_IO;
    }
    struct id random;
    char key[ID_TEXT_CHARS + 1];
    uint32_t request = 0;
    randombytes_buf(&random, sizeof random);
    id_to_text(random, key);
    int error = duet_client_start(chat->client, op, args_type, args, key, CHAT_CALL_MS, &request);
    if (error == 0) {
        error = duet_client_finish(chat->client, request, result_type, &chat->arena, result,
                                   CHAT_CALL_MS);
    }
    if (error != 0 && !from_server(chat) && chat->was_open) {
        chat_link_lost(chat);
    }
    return error;
}

void chat_explain(struct chat *chat, const char *what, int error)
{
    if (!from_server(chat)) {
        screen_note("%s: %s", what,
                    error == ERR_END ? "the server does not answer" : "the connection is gone");
        return;
    }
    const struct duet_failure *failure = duet_client_failure(chat->client);
    if (failure->field[0] != 0) {
        screen_note("%s: %s %s (%s)", what, failure->field, failure->reason, failure->name);
    } else {
        screen_note("%s: %s (%s)", what, failure->message, failure->name);
    }
}

/* --- signing in --- */

/** Anew after each question: people think for longer than the server waits. */
static int connect_to_server(struct chat *chat)
{
    duet_client_destroy(chat->client);
    int error = duet_client_connect(chat->options.host, chat->options.port,
                                    DUET_SUBPROTOCOL_MSGPACK, CONNECT_MS, &chat->client);
    if (error != 0) {
        chat->client = NULL;
    }
    return error != 0 ? ERR_IO : 0;
}

static void take_tokens(struct chat *chat, const struct auth_tokens *tokens)
{
    char access[1024];
    char refresh[256];
    snprintf(access, sizeof access, "%.*s", (int)tokens->access_token.len,
             (const char *)tokens->access_token.data);
    snprintf(refresh, sizeof refresh, "%.*s", (int)tokens->refresh_token.len,
             (const char *)tokens->refresh_token.data);
    chat->state->user = tokens->user;
    chat_state_set_tokens(chat->state, access, tokens->access_expires_at, refresh);
    sodium_memzero(access, sizeof access);
    sodium_memzero(refresh, sizeof refresh);
    chat_save(chat);
}

static int refresh(struct chat *chat)
{
    struct auth_refresh_args args = {.refresh_token = text_of(chat->state->refresh_token)};
    struct auth_tokens tokens;
    int error =
        chat_call(chat, "auth.refresh", &auth_refresh_args_type, &args, &auth_tokens_type, &tokens);
    if (error == 0) {
        take_tokens(chat, &tokens);
    }
    return error;
}

static int login(struct chat *chat, const char *password)
{
    struct auth_login_args args = {.email = text_of(chat->options.email),
                                   .password = text_of(password),
                                   .device = chat->state->device};
    struct auth_tokens tokens;
    int error =
        chat_call(chat, "auth.login", &auth_login_args_type, &args, &auth_tokens_type, &tokens);
    if (error == 0) {
        take_tokens(chat, &tokens);
    }
    return error;
}

static int find_birth_date(const struct chat *chat, struct day *out)
{
    const char *given = chat->options.birth_date;
    char answer[32] = "";
    if (given != NULL) {
        int error = day_from_text(text_of(given), out);
        if (error != 0) {
            screen_note("--birth-date cannot be \"%s\": write YYYY-MM-DD", given);
        }
        return error;
    }
    while (screen_ask("Your date of birth (YYYY-MM-DD): ", false, answer, sizeof answer)) {
        if (day_from_text(text_of(answer), out) == 0) {
            return 0;
        }
        screen_note("this is not a date; write it like 1998-03-14");
    }
    screen_note("signing up needs a date of birth: --birth-date YYYY-MM-DD");
    return ERR_INVALID_ARGUMENT;
}

static int signup(struct chat *chat, const char *password)
{
    struct auth_signup_args args = {.email = text_of(chat->options.email),
                                    .password = text_of(password),
                                    .device = chat->state->device};
    int error = find_birth_date(chat, &args.birth_date);
    if (error == 0) {
        error = connect_to_server(chat);
    }
    if (error != 0) {
        return error;
    }
    if (chat->options.nickname != NULL) {
        args.nickname = text_of(chat->options.nickname);
        args.has_nickname = true;
    }
    struct auth_tokens tokens;
    error =
        chat_call(chat, "auth.signup", &auth_signup_args_type, &args, &auth_tokens_type, &tokens);
    if (error == 0) {
        take_tokens(chat, &tokens);
        screen_note("welcome, %s", chat->options.email);
    } else {
        chat_explain(chat, "cannot sign up", error);
    }
    return error;
}

static int login_or_signup(struct chat *chat, const char *password)
{
    if (chat->options.signup) {
        return signup(chat, password);
    }
    int error = login(chat, password);
    if (error != ERR_INVALID_CREDENTIALS || chat->options.login) {
        if (error != 0) {
            chat_explain(chat, "cannot sign in", error);
        }
        return error;
    }
    char answer[8] = "";
    char question[400];
    snprintf(question, sizeof question,
             "There is no account %s with this password. Make a new one? [y/N] ",
             chat->options.email);
    if (screen_ask(question, false, answer, sizeof answer) && (answer[0] | 0x20) == 'y') {
        return signup(chat, password);
    }
    screen_note("there is no account %s with this password; --signup makes one",
                chat->options.email);
    return error;
}

static int use_password(struct chat *chat)
{
    char asked[256] = "";
    const char *password = chat->options.password;
    if (password == NULL) {
        char question[400];
        snprintf(question, sizeof question, "Password of %s: ", chat->options.email);
        if (chat->attempts > 0 || !screen_ask(question, true, asked, sizeof asked)) {
            screen_note("a password is needed: start again with --password, or set DUET_PASSWORD");
            return ERR_UNAUTHENTICATED;
        }
        password = asked;
    }
    int error = password == asked ? connect_to_server(chat) : 0;
    if (error == 0) {
        error = login_or_signup(chat, password);
    }
    sodium_memzero(asked, sizeof asked);
    return error;
}

/* --- the session --- */

static uint32_t cursors_of(const struct chat *chat, struct stream_cursor out[STREAM_COUNT])
{
    const struct stream_place *places[STREAM_COUNT] = {
        [STREAM_USER] = &chat->state->user_stream, [STREAM_COUPLE] = &chat->state->couple_stream};
    uint32_t count = 0;
    for (uint32_t i = 0; i < STREAM_COUNT; i++) {
        if (places[i]->known) {
            out[count++] = (struct stream_cursor){
                .stream = i, .epoch = places[i]->epoch, .after = places[i]->after};
        }
    }
    return count;
}

/** Takes each stream's place: on from the cursor if it was good, else from the head. */
static void take_streams(struct chat *chat, const struct session_open_result *result)
{
    const struct stream_position *positions = result->streams.items;
    struct chat_state *state = chat->state;
    chat->replayed_to = 0;
    chat->live_from = 0;
    for (uint32_t i = 0; i < result->streams.count; i++) {
        const struct stream_position *position = &positions[i];
        bool couple = position->stream == STREAM_COUPLE;
        struct stream_place *place = couple ? &state->couple_stream : &state->user_stream;
        if (!place->known || position->reset) {
            stream_place_set(place, position->epoch, position->head);
        } else if (couple && position->head > place->after) {
            chat->replayed_to = position->head;
            chat->live_from = position->head;
        }
        if (!couple) {
            chat->user_replayed_to = position->head;
        }
    }
}

static int open_session(struct chat *chat, bool *paired)
{
    struct stream_cursor cursors[STREAM_COUNT];
    struct session_open_args args = {
        .access_token = text_of(chat->state->access_token),
        .device = chat->state->device,
        .has_cursors = true,
        .cursors = {.items = cursors, .count = cursors_of(chat, cursors)}};
    struct session_open_result result;
    int error = chat_call(chat, "session.open", &session_open_args_type, &args,
                          &session_open_result_type, &result);
    if (error != 0) {
        return error;
    }
    chat->state->user = result.user;
    *paired = result.has_couple;
    if (!result.has_couple || !id_equal(result.couple, chat->state->couple)) {
        chat_forget_couple(chat);
    }
    chat->state->couple = result.couple;
    take_streams(chat, &result);
    chat->state_changed = true;
    return 0;
}

static bool is_token_error(int error)
{
    return error == ERR_TOKEN_EXPIRED || error == ERR_TOKEN_INVALID ||
           error == ERR_SESSION_REVOKED || error == ERR_REFRESH_REUSED;
}

/** By the access token, else by a fresh one, else by the password. */
static int sign_in(struct chat *chat, bool *paired)
{
    if (chat->state->access_token != NULL) {
        int error = open_session(chat, paired);
        if (!is_token_error(error)) {
            if (error != 0) {
                chat_explain(chat, "cannot open the session", error);
            }
            return error;
        }
        if (refresh(chat) == 0) {
            return open_session(chat, paired);
        }
        if (!from_server(chat)) {
            return ERR_IO;
        }
        chat_state_set_tokens(chat->state, NULL, 0, NULL);
    }
    int error = use_password(chat);
    if (error == 0) {
        error = open_session(chat, paired);
        if (error != 0) {
            chat_explain(chat, "cannot open the session", error);
        }
    }
    return error;
}

static void plan_refresh(struct chat *chat)
{
    int64_t left = chat->state->access_expires_at - chat_wall_ms();
    chat->refresh_at_ms = chat_now_ms() + (left > 0 ? left / 10 * 8 : REFRESH_AGAIN_MS);
}

static void drop_client(struct chat *chat)
{
    duet_client_destroy(chat->client);
    chat->client = NULL;
    chat->reading.in_flight = false;
    chat->typing.in_flight = false;
    chat->typing_until_ms = 0;
    chat->partner_online = false;
    for (size_t i = 0; i < chat->state->unsent_count; i++) {
        chat->state->unsent[i].in_flight = false;
        chat->state->unsent[i].retry_ms = 0;
    }
}

int chat_link_open(struct chat *chat, bool *paired)
{
    bool again = chat->was_open;
    int error = connect_to_server(chat);
    if (error != 0) {
        return error;
    }
    chat->was_open = false; /* failures until then are reported here */
    error = sign_in(chat, paired);
    chat->was_open = error == 0 || again;
    if (error != 0) {
        drop_client(chat);
        return error;
    }
    chat->attempts = 0;
    plan_refresh(chat);
    if (again) {
        screen_note("connected again");
    }
    return 0;
}

/* --- losing and renewing --- */

/** The number after "retry_ms=" in a close reason, or 0. */
static int64_t retry_hint(const struct chat *chat)
{
    const char *reason = chat->client != NULL ? duet_client_close_reason(chat->client) : "";
    const char *found = strstr(reason, "retry_ms=");
    return found != NULL ? strtoll(found + strlen("retry_ms="), NULL, 10) : 0;
}

void chat_link_lost(struct chat *chat)
{
    uint16_t code = chat->client != NULL ? duet_client_close_code(chat->client) : 0;
    int64_t hint = retry_hint(chat);
    if (code >= 4500 && code <= 4999) {
        screen_note("the server ended this session: %s (%d)",
                    duet_client_close_reason(chat->client), code);
        chat->quitting = true;
        chat->quit_by_ms = chat_now_ms();
        chat->status = 1;
    } else if (chat->attempts == 0 && !chat->quitting) {
        screen_note("the connection is gone; trying to come back");
    }
    drop_client(chat);
    int shift = chat->attempts < 8 ? chat->attempts : 8;
    int64_t wait = (int64_t)BACKOFF_MS << shift;
    wait = wait > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : wait;
    /* Half of it by chance, so that a server that comes back is not met by everyone at once. */
    wait = wait / 2 + (int64_t)randombytes_uniform((uint32_t)(wait / 2 + 1));
    chat->attempts++;
    chat->reconnect_at_ms = chat_now_ms() + (wait > hint ? wait : hint);
}

void chat_link_refresh(struct chat *chat)
{
    if (chat->client == NULL || chat_now_ms() < chat->refresh_at_ms) {
        return;
    }
    int error = refresh(chat);
    if (error == 0) {
        struct session_renew_args args = {.access_token = text_of(chat->state->access_token)};
        struct session_renew_result result;
        error = chat_call(chat, "session.renew", &session_renew_args_type, &args,
                          &session_renew_result_type, &result);
    }
    plan_refresh(chat);
    if (error != 0) {
        chat->refresh_at_ms = chat_now_ms() + REFRESH_AGAIN_MS;
    }
}
