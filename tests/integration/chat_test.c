/*
 * Two people and a real daemon over real sockets. The second person speaks JSON, the first one
 * MessagePack, so that every promise is kept in both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "actors/couple_records.h"
#include "actors/identity_records.h"
#include "actors/invite_records.h"
#include "actors/user_records.h"
#include "base/error.h"
#include "client/duet_client.h"
#include "edge/session_ops.h"
#include "tests/integration/support_daemon.h"

#define CALL_MS 60000
#define QUIET_MS 300
#define PASSWORD "corgi-by-the-sea"

static struct daemon server;

/* --- people --- */

struct person {
    const char *subprotocol;
    char email[64];
    struct id device, user, sid, couple;
    char access_token[TOKEN_TEXT_MAX];
    char refresh_token[REFRESH_TOKEN_CHARS + 1];
    int64_t no;
    struct stream_cursor cursor; /* of the couple's stream, kept by hand */
    struct duet_client *client;
    struct arena arena;
};

static void person_init(struct person *person, const char *subprotocol)
{
    *person = (struct person){.subprotocol = subprotocol};
    person->cursor.stream = STREAM_COUPLE;
    randombytes_buf(&person->device, sizeof person->device);
    snprintf(person->email, sizeof person->email, "p%08x%08x@example.org", randombytes_random(),
             randombytes_random());
}

static void disconnect(struct person *person)
{
    duet_client_destroy(person->client);
    person->client = NULL;
}

static void person_fini(struct person *person)
{
    disconnect(person);
    arena_fini(&person->arena);
}

static void connect_to_server(struct person *person)
{
    disconnect(person);
    assert_int_equal(duet_client_connect("127.0.0.1", server.port, person->subprotocol, CALL_MS,
                                         &person->client),
                     0);
}

static int call(struct person *person, const char *op, const struct record_type *args_type,
                const void *args, const struct record_type *result_type, void *result)
{
    return duet_client_call(person->client, op, args_type, args, result_type, &person->arena,
                            result, CALL_MS);
}

static void must(struct person *person, const char *op, const struct record_type *args_type,
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

static int sign_up(struct person *person)
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

static int log_in(struct person *person, const char *password)
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

static int refresh(struct person *person, const char *token)
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

static int open_session(struct person *person, bool resume, struct session_open_result *result)
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

/** Connects, and opens a session that resumes if there is a cursor. */
static void come_online(struct person *person)
{
    struct session_open_result result;
    connect_to_server(person);
    int error = open_session(person, person->cursor.after > 0, &result);
    if (error != 0) {
        fail_msg("session.open: %s", error_name(error));
    }
}

static void become_user(struct person *person)
{
    connect_to_server(person);
    assert_int_equal(sign_up(person), 0);
    come_online(person);
}

/* --- what people do --- */

static void invite(struct person *person, char code[9])
{
    struct couple_invite_result result;
    must(person, "couple.invite", NULL, NULL, &couple_invite_result_type, &result);
    assert_int_equal(result.code.len, 8);
    memcpy(code, result.code.data, 8);
    code[8] = 0;
}

static int match(struct person *person, const char *code)
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

static int send_numbered(struct person *person, int64_t no, const char *text,
                         struct chat_send_result *result)
{
    struct chat_send_args args = {.no = no, .text = text_of(text)};
    return call(person, "chat.send", &chat_send_args_type, &args, &chat_send_result_type, result);
}

static struct chat_send_result says(struct person *person, const char *text)
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

/** Waits for a push of this kind; decodes it, and passes over others. */
static struct duet_push awaits(struct person *person, const char *topic, const char *type,
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

static struct chat_message_push hears(struct person *person, const char *text)
{
    struct chat_message_push message;
    awaits(person, "couple", "chat.message", &chat_message_push_type, &message);
    assert_int_equal(message.text.len, strlen(text));
    assert_memory_equal(message.text.data, text, message.text.len);
    return message;
}

/** Nothing of a stream comes any more. */
static void hears_nothing(struct person *person)
{
    struct duet_push push;
    while (duet_client_next_push(person->client, QUIET_MS, &push) == 0) {
        if (push.durable) {
            fail_msg("a push %.*s that should not be, seq %lld", (int)push.type.len,
                     (const char *)push.type.data, (long long)push.seq);
        }
    }
}

static struct chat_read_result reads(struct person *person, int64_t up_to)
{
    struct chat_read_args args = {.up_to = up_to};
    struct chat_read_result result;
    must(person, "chat.read", &chat_read_args_type, &args, &chat_read_result_type, &result);
    return result;
}

static struct couple_info_result info(struct person *person)
{
    struct couple_info_result result;
    must(person, "couple.info", NULL, NULL, &couple_info_result_type, &result);
    return result;
}

static const struct couple_member *member(const struct couple_info_result *result, struct id user)
{
    const struct couple_member *members = result->members.items;
    assert_int_equal(result->members.count, 2);
    return id_equal(members[0].user, user) ? &members[0] : &members[1];
}

static void pair(struct person *inviter, struct person *other)
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

struct two {
    struct person a, b;
};

static void two_init(struct two *two)
{
    person_init(&two->a, DUET_SUBPROTOCOL_MSGPACK);
    person_init(&two->b, DUET_SUBPROTOCOL_JSON);
}

static void two_users(struct two *two)
{
    two_init(two);
    become_user(&two->a);
    become_user(&two->b);
}

static void two_paired(struct two *two)
{
    two_users(two);
    pair(&two->a, &two->b);
}

static void two_fini(struct two *two)
{
    person_fini(&two->a);
    person_fini(&two->b);
}

/* --- the promises --- */

static void test_two_people_pair_by_a_code_and_chat_both_ways(void **state)
{
    (void)state;
    struct two two;
    two_paired(&two);
    struct chat_send_result sent = says(&two.a, "hello");
    assert_int_equal(sent.msg, 1);
    assert_false(sent.has_dup && sent.dup);
    struct chat_message_push heard = hears(&two.b, "hello");
    assert_int_equal(heard.msg, 1);
    assert_true(id_equal(heard.from, two.a.user));
    assert_int_equal(two.b.cursor.after, sent.seq);
    assert_int_equal(says(&two.b, "안녕").msg, 2);
    hears(&two.a, "안녕");
    hears_nothing(&two.a);
    hears_nothing(&two.b);
    two_fini(&two);
}

static void test_typing_read_marks_and_presence_reach_the_partner(void **state)
{
    (void)state;
    struct two two;
    struct typing_push typing;
    struct chat_read_push read;
    struct presence_push presence;
    two_paired(&two);
    says(&two.a, "zero");
    says(&two.b, "nought");
    hears(&two.b, "zero"); /* what is volatile reaches only who follows live already */
    hears(&two.a, "nought");
    must(&two.a, "chat.typing", NULL, NULL, &empty_type, &(struct empty){0});
    awaits(&two.b, "typing", NULL, &typing_push_type, &typing);
    assert_true(id_equal(typing.from, two.a.user));
    struct chat_read_result marked = reads(&two.b, 1);
    assert_true(marked.has_seq);
    assert_int_equal(marked.unread, 0);
    awaits(&two.a, "couple", "chat.read", &chat_read_push_type, &read);
    assert_true(id_equal(read.from, two.b.user));
    assert_int_equal(read.up_to, 1);
    assert_false(reads(&two.b, 1).has_seq);
    struct couple_info_result now = info(&two.a);
    assert_true(member(&now, two.b.user)->online);
    disconnect(&two.b);
    do {
        awaits(&two.a, "presence", NULL, &presence_push_type, &presence);
    } while (presence.online);
    assert_true(presence.has_last_seen_at);
    now = info(&two.a);
    assert_false(member(&now, two.b.user)->online);
    assert_int_equal(member(&now, two.b.user)->read_up_to, 1);
    come_online(&two.b);
    awaits(&two.a, "presence", NULL, &presence_push_type, &presence);
    assert_true(presence.online);
    two_fini(&two);
}

static struct chat_history_result history(struct person *person, int64_t before, int64_t after,
                                          int64_t limit)
{
    struct chat_history_args args = {.before = before,
                                     .has_before = before != 0,
                                     .after = after,
                                     .has_after = after >= 0,
                                     .limit = limit,
                                     .has_limit = true};
    struct chat_history_result result;
    must(person, "chat.history", &chat_history_args_type, &args, &chat_history_result_type,
         &result);
    return result;
}

static void holds_messages(const struct chat_history_result *result, int64_t first, int64_t last)
{
    const struct chat_message *messages = result->messages.items;
    assert_int_equal(result->messages.count, last - first + 1);
    for (uint32_t i = 0; i < result->messages.count; i++) {
        char text[32];
        snprintf(text, sizeof text, "m%lld", (long long)(first + i));
        assert_int_equal(messages[i].msg, first + i);
        assert_true(bytes_equal(messages[i].text, text_of(text)));
    }
}

static void says_many(struct person *person, int64_t from, int64_t to)
{
    for (int64_t i = from; i <= to; i++) {
        char text[32];
        snprintf(text, sizeof text, "m%lld", (long long)i);
        assert_int_equal(says(person, text).msg, i);
    }
}

static void hears_many(struct person *person, int64_t from, int64_t to)
{
    for (int64_t i = from; i <= to; i++) {
        char text[32];
        int64_t before = person->cursor.after;
        snprintf(text, sizeof text, "m%lld", (long long)i);
        assert_int_equal(hears(person, text).msg, i);
        assert_true(before == 0 || person->cursor.after == before + 1);
    }
}

static void test_history_is_read_in_both_directions(void **state)
{
    (void)state;
    struct two two;
    two_paired(&two);
    says_many(&two.a, 1, 25);
    struct chat_history_result page = history(&two.b, 0, -1, 10);
    holds_messages(&page, 16, 25);
    assert_int_equal(page.last_msg, 25);
    page = history(&two.b, 16, -1, 10);
    holds_messages(&page, 6, 15);
    page = history(&two.b, 6, -1, 10);
    holds_messages(&page, 1, 5);
    page = history(&two.a, 0, 0, 10);
    holds_messages(&page, 1, 10);
    page = history(&two.a, 0, 20, 10);
    holds_messages(&page, 21, 25);
    page = history(&two.a, 0, 25, 10);
    assert_int_equal(page.messages.count, 0);
    struct chat_history_args both = {
        .before = 9, .has_before = true, .after = 2, .has_after = true};
    assert_int_equal(call(&two.a, "chat.history", &chat_history_args_type, &both,
                          &chat_history_result_type, &page),
                     ERR_INVALID_ARGUMENT);
    two_fini(&two);
}

static void test_resuming_by_cursor_loses_and_doubles_nothing(void **state)
{
    (void)state;
    struct two two;
    two_paired(&two);
    says_many(&two.a, 1, 3);
    hears_many(&two.b, 1, 3);
    disconnect(&two.b);
    says_many(&two.a, 4, 303); /* more than a page */
    come_online(&two.b);
    says_many(&two.a, 304, 306);
    hears_many(&two.b, 4, 306);
    hears_nothing(&two.b);
    two_fini(&two);
}

static void test_a_cursor_of_another_time_is_reset(void **state)
{
    (void)state;
    struct two two;
    struct session_open_result result;
    two_paired(&two);
    says_many(&two.a, 1, 2);
    hears_many(&two.b, 1, 2);
    struct stream_cursor good = two.b.cursor;
    two.b.cursor.after += 100;
    connect_to_server(&two.b);
    assert_int_equal(open_session(&two.b, true, &result), 0);
    const struct stream_position *positions = result.streams.items;
    for (uint32_t i = 0; i < result.streams.count; i++) {
        bool couple = positions[i].stream == STREAM_COUPLE;
        assert_int_equal(positions[i].reset, couple);
        assert_true(!couple || positions[i].head == good.after);
        assert_true(!couple || id_equal(positions[i].epoch, good.epoch));
    }
    says_many(&two.a, 3, 3);
    two.b.cursor.after = 0;
    hears_many(&two.b, 3, 3);
    two_fini(&two);
}

static void survives(void (*end)(struct daemon *daemon))
{
    struct two two;
    struct chat_send_result result;
    two_paired(&two);
    says_many(&two.a, 1, 5);
    hears_many(&two.b, 1, 3); /* 4 and 5 may be on their way */
    end(&server);
    daemon_start(&server);
    come_online(&two.a);
    come_online(&two.b);
    hears_many(&two.b, 4, 5);
    assert_int_equal(send_numbered(&two.a, 5, "m5", &result), 0);
    assert_true(result.has_dup && result.dup);
    assert_int_equal(result.msg, 5);
    says_many(&two.a, 6, 6);
    hears_many(&two.b, 6, 6);
    hears_nothing(&two.b);
    struct chat_history_result page = history(&two.b, 0, 0, 100);
    holds_messages(&page, 1, 6);
    two_fini(&two);
}

static void test_a_restart_keeps_everything(void **state)
{
    (void)state;
    survives(daemon_stop);
}

static void test_a_kill_keeps_everything_acknowledged(void **state)
{
    (void)state;
    survives(daemon_kill);
}

static void test_a_resend_with_the_same_number_is_answered_and_not_repeated(void **state)
{
    (void)state;
    struct two two;
    struct chat_send_result first;
    struct chat_send_result again;
    two_paired(&two);
    assert_int_equal(send_numbered(&two.a, 41, "once", &first), 0);
    assert_int_equal(send_numbered(&two.a, 41, "once", &again), 0);
    assert_true(again.has_dup && again.dup);
    assert_int_equal(again.msg, first.msg);
    assert_int_equal(again.seq, first.seq);
    assert_int_equal(again.at, first.at);
    assert_int_equal(send_numbered(&two.a, 7, "an older number", &first), 0);
    hears(&two.b, "once");
    hears(&two.b, "an older number");
    hears_nothing(&two.b);
    two_fini(&two);
}

static void awaits_close(struct person *person, uint16_t code)
{
    struct duet_push push;
    int error;
    while ((error = duet_client_next_push(person->client, CALL_MS, &push)) == 0) {
    }
    assert_int_equal(error, ERR_IO);
    assert_int_equal(duet_client_close_code(person->client), code);
}

static void test_signing_out_closes_the_connection(void **state)
{
    (void)state;
    struct person person;
    struct session_open_result result;
    person_init(&person, DUET_SUBPROTOCOL_JSON);
    become_user(&person);
    must(&person, "auth.signout", NULL, NULL, &empty_type, &(struct empty){0});
    awaits_close(&person, 4504);
    connect_to_server(&person);
    assert_int_equal(open_session(&person, false, &result), ERR_SESSION_REVOKED);
    assert_int_equal(refresh(&person, person.refresh_token), ERR_SESSION_REVOKED);
    assert_int_equal(log_in(&person, PASSWORD), 0);
    assert_int_equal(open_session(&person, false, &result), 0);
    person_fini(&person);
}

static void test_a_refresh_token_dies_when_its_successor_is_used(void **state)
{
    (void)state;
    struct person person;
    char first[REFRESH_TOKEN_CHARS + 1];
    char second[REFRESH_TOKEN_CHARS + 1];
    person_init(&person, DUET_SUBPROTOCOL_MSGPACK);
    become_user(&person);
    memcpy(first, person.refresh_token, sizeof first);
    assert_int_equal(refresh(&person, first), 0);
    memcpy(second, person.refresh_token, sizeof second);
    assert_string_not_equal(first, second);
    assert_int_equal(refresh(&person, first), 0); /* the reply may have been lost */
    assert_int_equal(refresh(&person, person.refresh_token), 0);
    struct session_renew_args renew = {.access_token = text_of(person.access_token)};
    struct session_renew_result renewed;
    must(&person, "session.renew", &session_renew_args_type, &renew, &session_renew_result_type,
         &renewed);
    assert_true(renewed.access_expires_at > 0);
    assert_int_equal(refresh(&person, first), ERR_REFRESH_REUSED);
    awaits_close(&person, 4505); /* whoever holds the dead token must not go on either */
    connect_to_server(&person);
    assert_int_equal(refresh(&person, person.refresh_token), ERR_SESSION_REVOKED);
    person_fini(&person);
}

static void test_a_wrong_password_and_an_unknown_account_look_the_same(void **state)
{
    (void)state;
    struct person person;
    struct person stranger;
    person_init(&person, DUET_SUBPROTOCOL_MSGPACK);
    person_init(&stranger, DUET_SUBPROTOCOL_JSON);
    become_user(&person);
    connect_to_server(&stranger);
    assert_int_equal(log_in(&person, "not-the-password"), ERR_INVALID_CREDENTIALS);
    assert_int_equal(log_in(&stranger, PASSWORD), ERR_INVALID_CREDENTIALS);
    assert_int_equal(sign_up(&person), ERR_EMAIL_TAKEN);
    connect_to_server(&person);
    assert_int_equal(log_in(&person, PASSWORD), 0);
    person_fini(&person);
    person_fini(&stranger);
}

static void test_codes_pair_once_and_only_others(void **state)
{
    (void)state;
    struct two two;
    struct person third;
    char code[9];
    char again[9];
    two_users(&two);
    person_init(&third, DUET_SUBPROTOCOL_MSGPACK);
    become_user(&third);
    invite(&two.a, code);
    invite(&two.a, again);
    assert_string_equal(code, again);
    assert_int_equal(match(&two.a, code), ERR_CODE_OWN);
    assert_int_equal(match(&two.b, code[0] == '0' ? "11111111" : "00000000"), ERR_CODE_UNKNOWN);
    assert_int_equal(match(&two.b, code), 0);
    assert_int_equal(match(&third, code), ERR_CODE_USED);
    invite(&third, again);
    assert_int_equal(match(&two.b, again), ERR_ALREADY_PAIRED);
    assert_int_equal(call(&two.b, "couple.invite", NULL, NULL, &couple_invite_result_type,
                          &(struct couple_invite_result){0}),
                     ERR_ALREADY_PAIRED);
    person_fini(&third);
    two_fini(&two);
}

static void test_a_code_is_taken_as_people_type_it(void **state)
{
    (void)state;
    struct two two;
    char code[9];
    char typed[16];
    two_users(&two);
    invite(&two.a, code);
    for (size_t i = 0; code[i] != 0; i++) {
        code[i] = (char)(code[i] >= 'A' ? code[i] | 0x20 : code[i]);
    }
    snprintf(typed, sizeof typed, "%.4s-%s", code, code + 4);
    assert_int_equal(match(&two.b, typed), 0);
    two_fini(&two);
}

static void test_leaving_frees_both(void **state)
{
    (void)state;
    struct two two;
    struct couple_ended_push ended;
    struct chat_send_result result;
    two_paired(&two);
    says_many(&two.a, 1, 1);
    hears_many(&two.b, 1, 1);
    must(&two.a, "couple.leave", NULL, NULL, &empty_type, &(struct empty){0});
    awaits(&two.b, "couple", "couple.ended", &couple_ended_push_type, &ended);
    assert_true(id_equal(ended.by, two.a.user));
    assert_int_equal(send_numbered(&two.a, 100, "too late", &result), ERR_NOT_PAIRED);
    struct user_couple_ended_push freed;
    awaits(&two.b, "user", "couple.ended", &user_couple_ended_push_type, &freed);
    assert_int_equal(send_numbered(&two.b, 100, "too late", &result), ERR_NOT_PAIRED);
    two.a.cursor.after = two.b.cursor.after = 0;
    pair(&two.b, &two.a);
    assert_int_equal(says(&two.b, "once more").msg, 1);
    hears(&two.a, "once more");
    two_fini(&two);
}

static void test_what_needs_a_session_or_a_partner_says_so(void **state)
{
    (void)state;
    struct person person;
    struct chat_send_result result;
    person_init(&person, DUET_SUBPROTOCOL_JSON);
    connect_to_server(&person);
    assert_int_equal(send_numbered(&person, 1, "hi", &result), ERR_UNAUTHENTICATED);
    assert_int_equal(call(&person, "no.such", NULL, NULL, NULL, NULL), ERR_UNKNOWN_OP);
    become_user(&person);
    assert_int_equal(send_numbered(&person, 1, "hi", &result), ERR_NOT_PAIRED);
    assert_int_equal(match(&person, "short"), ERR_INVALID_ARGUMENT);
    assert_string_equal(duet_client_failure(person.client)->field, "code");
    person_fini(&person);
}

static void test_the_admin_socket_tells_figures(void **state)
{
    (void)state;
    struct person person;
    person_init(&person, DUET_SUBPROTOCOL_MSGPACK);
    become_user(&person);
    assert_true(daemon_figure(&server, "sessions") >= 1);
    assert_int_equal(daemon_figure(&server, "pid"), server.pid);
    assert_true(daemon_figure(&server, "log_tail") > 0);
    assert_true(daemon_figure(&server, "rss_bytes") > 1000000);
    person_fini(&person);
}

static int start_server(void **state)
{
    (void)state;
    static const char *const options[] = {"--drain", "1s", "--costly-per-minute-address", "100000",
                                          NULL};
    if (sodium_init() < 0) {
        return -1;
    }
    daemon_init(&server, options);
    daemon_start(&server);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    daemon_stop(&server); /* in good order, with status 0, after all of this */
    daemon_destroy(&server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_people_pair_by_a_code_and_chat_both_ways),
        cmocka_unit_test(test_typing_read_marks_and_presence_reach_the_partner),
        cmocka_unit_test(test_history_is_read_in_both_directions),
        cmocka_unit_test(test_resuming_by_cursor_loses_and_doubles_nothing),
        cmocka_unit_test(test_a_cursor_of_another_time_is_reset),
        cmocka_unit_test(test_a_restart_keeps_everything),
        cmocka_unit_test(test_a_kill_keeps_everything_acknowledged),
        cmocka_unit_test(test_a_resend_with_the_same_number_is_answered_and_not_repeated),
        cmocka_unit_test(test_signing_out_closes_the_connection),
        cmocka_unit_test(test_a_refresh_token_dies_when_its_successor_is_used),
        cmocka_unit_test(test_a_wrong_password_and_an_unknown_account_look_the_same),
        cmocka_unit_test(test_codes_pair_once_and_only_others),
        cmocka_unit_test(test_a_code_is_taken_as_people_type_it),
        cmocka_unit_test(test_leaving_frees_both),
        cmocka_unit_test(test_what_needs_a_session_or_a_partner_says_so),
        cmocka_unit_test(test_the_admin_socket_tells_figures),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
