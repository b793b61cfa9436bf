#include "tests/integration/support_people.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "actors/identity_records.h"
#include "actors/invite_records.h"
#include "actors/user_records.h"
#include "base/error.h"

#define QUIET_MS 300

struct daemon people_server;

/* --- people --- */

void person_init(struct person *person, const char *subprotocol)
{
    *person = (struct person){.subprotocol = subprotocol};
    person->cursor.stream = STREAM_COUPLE;
    randombytes_buf(&person->device, sizeof person->device);
    snprintf(person->email, sizeof person->email, "p%08x%08x@example.org", randombytes_random(),
             randombytes_random());
}

void disconnect(struct person *person)
{
    duet_client_destroy(person->client);
    person->client = NULL;
}

void person_fini(struct person *person)
{
    disconnect(person);
    arena_fini(&person->arena);
}

void connect_to_server(struct person *person)
{
    disconnect(person);
    assert_int_equal(duet_client_connect("127.0.0.1", people_server.port, person->subprotocol,
                                         CALL_MS, &person->client),
                     0);
}

int call(struct person *person, const char *op, const struct record_type *args_type,
         const void *args, const struct record_type *result_type, void *result)
{
    return duet_client_call(person->client, op, args_type, args, result_type, &person->arena,
                            result, CALL_MS);
}

void must(struct person *person, const char *op, const struct record_type *args_type,
          const void *args, const struct record_type *result_type, void *result)
{
    int error = call(person, op, args_type, args, result_type, result);
    if (error != 0) {
        const struct duet_failure *failure = duet_client_failure(person->client);
        fail_msg("%s: %s: %s %s", op, error_name(error), failure->message, failure->field);
    }
}

static void take_tokens(struct person *person, const struct auth_tokens *tokens)
{
    person->user = tokens->user;
    person->sid = tokens->sid;
    snprintf(person->access_token, sizeof person->access_token, "%.*s",
             (int)tokens->access_token.len, (const char *)tokens->access_token.data);
    snprintf(person->refresh_token, sizeof person->refresh_token, "%.*s",
             (int)tokens->refresh_token.len, (const char *)tokens->refresh_token.data);
}

int sign_up(struct person *person)
{
    struct auth_signup_args args = {.email = text_of(person->email),
                                    .password = text_of(PASSWORD),
                                    .birth_date = {1998, 3, 14},
                                    .device = person->device};
    struct auth_tokens tokens;
    int error =
        call(person, "auth.signup", &auth_signup_args_type, &args, &auth_tokens_type, &tokens);
    if (error == 0) {
        take_tokens(person, &tokens);
    }
    return error;
}

int log_in(struct person *person, const char *password)
{
    struct auth_login_args args = {
        .email = text_of(person->email), .password = text_of(password), .device = person->device};
    struct auth_tokens tokens;
    int error =
        call(person, "auth.login", &auth_login_args_type, &args, &auth_tokens_type, &tokens);
    if (error == 0) {
        take_tokens(person, &tokens);
    }
    return error;
}

int refresh(struct person *person, const char *token)
{
    struct auth_refresh_args args = {.refresh_token = text_of(token)};
    struct auth_tokens tokens;
    int error =
        call(person, "auth.refresh", &auth_refresh_args_type, &args, &auth_tokens_type, &tokens);
    if (error == 0) {
        take_tokens(person, &tokens);
    }
    return error;
}

int open_session(struct person *person, bool resume, struct session_open_result *result)
{
    struct session_open_args args = {.access_token = text_of(person->access_token),
                                     .device = person->device,
                                     .has_cursors = resume,
                                     .cursors = {.items = &person->cursor, .count = 1}};
    int error = call(person, "session.open", &session_open_args_type, &args,
                     &session_open_result_type, result);
    if (error == 0) {
        person->couple = result->couple;
    }
    return error;
}

void come_online(struct person *person)
{
    struct session_open_result result;
    connect_to_server(person);
    int error = open_session(person, person->cursor.after > 0, &result);
    if (error != 0) {
        fail_msg("session.open: %s", error_name(error));
    }
}

void become_user(struct person *person)
{
    connect_to_server(person);
    assert_int_equal(sign_up(person), 0);
    come_online(person);
}

/* --- what people do --- */

void invite(struct person *person, char code[9])
{
    struct couple_invite_result result;
    must(person, "couple.invite", NULL, NULL, &couple_invite_result_type, &result);
    assert_int_equal(result.code.len, 8);
    memcpy(code, result.code.data, 8);
    code[8] = 0;
}

int match(struct person *person, const char *code)
{
    struct couple_match_args args = {.code = text_of(code)};
    struct couple_match_result result;
    int error = call(person, "couple.match", &couple_match_args_type, &args,
                     &couple_match_result_type, &result);
    if (error == 0) {
        person->couple = result.couple;
    }
    return error;
}

int send_numbered(struct person *person, int64_t no, const char *text,
                  struct chat_send_result *result)
{
    struct chat_send_args args = {.no = no, .text = text_of(text)};
    return call(person, "chat.send", &chat_send_args_type, &args, &chat_send_result_type, result);
}

struct chat_send_result says(struct person *person, const char *text)
{
    struct chat_send_result result;
    int error = send_numbered(person, ++person->no, text, &result);
    if (error != 0) {
        fail_msg("chat.send: %s", error_name(error));
    }
    return result;
}

static bool is_push(const struct duet_push *push, const char *topic, const char *type)
{
    return bytes_equal(push->topic, text_of(topic)) &&
           (type == NULL || bytes_equal(push->type, text_of(type)));
}

struct duet_push awaits(struct person *person, const char *topic, const char *type,
                        const struct record_type *data_type, void *data)
{
    struct duet_push push;
    struct field_fault fault;
    do {
        int error = duet_client_next_push(person->client, CALL_MS, &push);
        if (error != 0) {
            fail_msg("no push %s %s: %s", topic, type != NULL ? type : "", error_name(error));
        }
    } while (!is_push(&push, topic, type));
    assert_int_equal(duet_push_decode(&push, data_type, &person->arena, data, &fault), 0);
    if (push.durable && strcmp(topic, "couple") == 0) {
        person->cursor.epoch = push.epoch;
        person->cursor.after = push.seq;
    }
    return push;
}

struct chat_message_push hears(struct person *person, const char *text)
{
    struct chat_message_push message;
    awaits(person, "couple", "chat.message", &chat_message_push_type, &message);
    assert_int_equal(message.text.len, strlen(text));
    assert_memory_equal(message.text.data, text, message.text.len);
    return message;
}

void hears_nothing(struct person *person)
{
    struct duet_push push;
    while (duet_client_next_push(person->client, QUIET_MS, &push) == 0) {
        if (push.durable) {
            fail_msg("a push %.*s that should not be, seq %lld", (int)push.type.len,
                     (const char *)push.type.data, (long long)push.seq);
        }
    }
}

struct chat_read_result reads(struct person *person, int64_t up_to)
{
    struct chat_read_args args = {.up_to = up_to};
    struct chat_read_result result;
    must(person, "chat.read", &chat_read_args_type, &args, &chat_read_result_type, &result);
    return result;
}

struct couple_info_result info(struct person *person)
{
    struct couple_info_result result;
    must(person, "couple.info", NULL, NULL, &couple_info_result_type, &result);
    return result;
}

const struct couple_member *member(const struct couple_info_result *result, struct id user)
{
    const struct couple_member *members = result->members.items;
    assert_int_equal(result->members.count, 2);
    return id_equal(members[0].user, user) ? &members[0] : &members[1];
}

void pair(struct person *inviter, struct person *other)
{
    char code[9];
    struct couple_matched_push matched;
    invite(inviter, code);
    assert_int_equal(match(other, code), 0);
    awaits(inviter, "user", "couple.matched", &couple_matched_push_type, &matched);
    assert_true(id_equal(matched.couple, other->couple));
    assert_true(id_equal(matched.partner, other->user));
    inviter->couple = matched.couple;
    awaits(other, "user", "couple.matched", &couple_matched_push_type, &matched);
    assert_true(id_equal(matched.partner, inviter->user));
}

static void two_init(struct two *two)
{
    person_init(&two->a, DUET_SUBPROTOCOL_MSGPACK);
    person_init(&two->b, DUET_SUBPROTOCOL_JSON);
}

void two_users(struct two *two)
{
    two_init(two);
    become_user(&two->a);
    become_user(&two->b);
}

void two_paired(struct two *two)
{
    two_users(two);
    pair(&two->a, &two->b);
}

void two_fini(struct two *two)
{
    person_fini(&two->a);
    person_fini(&two->b);
}
