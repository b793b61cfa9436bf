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
#include "tests/integration/support_people.h"

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

/* What only this op has is declared in couple.c; here as a client knows it. */
#define UNSEND_ARGS(F, R) F(R, INT, msg, REQUIRED, 1, INT_BOUND, NULL, PATH, "which message", "17")
RECORD_DECLARE(unsend_args, UNSEND_ARGS)
RECORD_DEFINE(unsend_args, UNSEND_ARGS, "a message to take back")
#define UNSENT_FIELDS(F, R)                                                                        \
    F(R, INT, msg, REQUIRED, 1, INT_BOUND, NULL, BODY, "the message", "17")                        \
    F(R, INSTANT, unsent_at, OPTIONAL, 0, INT_BOUND, NULL, BODY, "when", AT_EXAMPLE)
RECORD_DECLARE(unsent, UNSENT_FIELDS)
RECORD_DEFINE(unsent, UNSENT_FIELDS, "a message that was taken back")

static int takes_back(struct person *person, int64_t msg, struct unsent *out)
{
    return call(person, "chat.unsend", &unsend_args_type, &(struct unsend_args){.msg = msg},
                &unsent_type, out);
}

static void test_a_message_taken_back_keeps_its_place_and_loses_its_text(void **state)
{
    (void)state;
    struct two two;
    struct unsent first, again, pushed;
    struct chat_history_result history;
    two_paired(&two);
    says(&two.a, "to stay");
    int64_t msg = says(&two.a, "to be taken back").msg;
    hears(&two.b, "to stay");
    hears(&two.b, "to be taken back");
    assert_int_equal(takes_back(&two.b, msg, &first), ERR_FORBIDDEN);
    assert_int_equal(takes_back(&two.a, msg + 1, &first), ERR_NOT_FOUND);
    assert_int_equal(takes_back(&two.a, msg, &first), 0);
    assert_int_equal(takes_back(&two.a, msg, &again), 0);
    assert_int_equal(first.unsent_at, again.unsent_at); /* asked twice, done once */
    awaits(&two.b, "couple", "chat.unsent", &unsent_type, &pushed);
    assert_int_equal(pushed.msg, msg);
    hears_nothing(&two.b);
    daemon_kill(&people_server);
    daemon_start(&people_server);
    disconnect(&two.a);
    disconnect(&two.b);
    come_online(&two.b);
    must(&two.b, "chat.history", &chat_history_args_type, &(struct chat_history_args){0},
         &chat_history_result_type, &history);
    assert_int_equal(history.messages.count, 2);
    const struct chat_message *messages = history.messages.items;
    assert_true(bytes_equal(messages[0].text, text_of("to stay")));
    assert_false(messages[0].has_unsent_at);
    assert_int_equal(messages[1].msg, msg);
    assert_int_equal(messages[1].text.len, 0);
    assert_true(messages[1].has_unsent_at);
    come_online(&two.a);
    says(&two.a, "and on");
    hears(&two.b, "and on");
    two_fini(&two);
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
    end(&people_server);
    daemon_start(&people_server);
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

static int leave_with_key(struct person *person, const struct id *couple, const char *key)
{
    struct couple_leave_args args = {.has_couple = couple != NULL};
    struct empty result;
    uint32_t id;
    if (couple != NULL) {
        args.couple = *couple;
    }
    assert_int_equal(duet_client_start(person->client, "couple.leave", &couple_leave_args_type,
                                       &args, key, CALL_MS, &id),
                     0);
    return duet_client_finish(person->client, id, &empty_type, &person->arena, &result, CALL_MS);
}

/** `one` and `other` are not paired any more, and know it. */
static void awaits_end(struct person *one, struct person *other)
{
    struct user_couple_ended_push ended;
    awaits(one, "user", "couple.ended", &user_couple_ended_push_type, &ended);
    awaits(other, "user", "couple.ended", &user_couple_ended_push_type, &ended);
}

static void test_leaving_again_with_the_same_key_leaves_no_other_couple(void **state)
{
    (void)state;
    struct two two;
    two_paired(&two);
    struct id former = two.a.couple;
    assert_int_equal(leave_with_key(&two.a, NULL, "bye"), 0);
    assert_int_equal(leave_with_key(&two.a, NULL, "bye"), 0);
    assert_int_equal(leave_with_key(&two.a, NULL, "other"), ERR_NOT_PAIRED);
    awaits_end(&two.a, &two.b);
    two.a.cursor.after = two.b.cursor.after = 0;
    pair(&two.a, &two.b);
    assert_int_equal(leave_with_key(&two.a, NULL, "bye"), 0);
    daemon_kill(&people_server);
    daemon_start(&people_server);
    come_online(&two.a);
    come_online(&two.b);
    assert_int_equal(leave_with_key(&two.a, NULL, "bye"), 0);
    assert_int_equal(leave_with_key(&two.a, &former, "bye"), ERR_IDEMPOTENCY_CONFLICT);
    assert_int_equal(leave_with_key(&two.a, &former, NULL), ERR_NOT_PAIRED);
    assert_int_equal(says(&two.b, "still here").msg, 1);
    hears(&two.a, "still here");
    assert_int_equal(leave_with_key(&two.a, &two.a.couple, NULL), 0);
    awaits_end(&two.a, &two.b);
    two_fini(&two);
}

static void test_both_may_leave_at_once(void **state)
{
    (void)state;
    struct two two;
    uint32_t ids[2];
    two_paired(&two);
    struct person *people[] = {&two.a, &two.b};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(duet_client_start(people[i]->client, "couple.leave", NULL, NULL, NULL,
                                           CALL_MS, &ids[i]),
                         0);
    }
    for (size_t i = 0; i < 2; i++) {
        int error =
            duet_client_finish(people[i]->client, ids[i], NULL, &people[i]->arena, NULL, CALL_MS);
        assert_true(error == 0 || error == ERR_NOT_PAIRED);
    }
    awaits_end(&two.a, &two.b);
    hears_nothing(&two.a);
    hears_nothing(&two.b);
    two.a.cursor.after = two.b.cursor.after = 0;
    pair(&two.b, &two.a);
    says(&two.a, "again");
    hears(&two.b, "again");
    two_fini(&two);
}

static void test_what_was_meant_for_a_former_couple_does_not_reach_the_next(void **state)
{
    (void)state;
    struct two two;
    struct chat_send_result sent;
    struct chat_read_result read;
    two_paired(&two);
    struct chat_send_args send = {
        .no = 7, .text = text_of("for you only"), .couple = two.a.couple, .has_couple = true};
    struct chat_read_args mark = {.up_to = 0, .couple = two.a.couple, .has_couple = true};
    must(&two.a, "chat.send", &chat_send_args_type, &send, &chat_send_result_type, &sent);
    must(&two.a, "chat.read", &chat_read_args_type, &mark, &chat_read_result_type, &read);
    hears(&two.b, "for you only");
    must(&two.a, "couple.leave", NULL, NULL, &empty_type, &(struct empty){0});
    awaits_end(&two.a, &two.b);
    two.a.cursor.after = two.b.cursor.after = 0;
    pair(&two.b, &two.a);
    assert_int_equal(
        call(&two.a, "chat.send", &chat_send_args_type, &send, &chat_send_result_type, &sent),
        ERR_NOT_PAIRED);
    assert_int_equal(
        call(&two.a, "chat.read", &chat_read_args_type, &mark, &chat_read_result_type, &read),
        ERR_NOT_PAIRED);
    hears_nothing(&two.b);
    send.couple = two.a.couple;
    must(&two.a, "chat.send", &chat_send_args_type, &send, &chat_send_result_type, &sent);
    assert_false(sent.has_dup);
    hears(&two.b, "for you only");
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
    assert_true(daemon_figure(&people_server, "sessions") >= 1);
    assert_int_equal(daemon_figure(&people_server, "pid"), people_server.pid);
    assert_true(daemon_figure(&people_server, "log_tail") > 0);
    assert_true(daemon_figure(&people_server, "rss_bytes") > 1000000);
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
    daemon_init(&people_server, options);
    daemon_start(&people_server);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    daemon_stop(&people_server); /* in good order, with status 0, after all of this */
    daemon_destroy(&people_server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_people_pair_by_a_code_and_chat_both_ways),
        cmocka_unit_test(test_typing_read_marks_and_presence_reach_the_partner),
        cmocka_unit_test(test_a_message_taken_back_keeps_its_place_and_loses_its_text),
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
        cmocka_unit_test(test_leaving_again_with_the_same_key_leaves_no_other_couple),
        cmocka_unit_test(test_both_may_leave_at_once),
        cmocka_unit_test(test_what_was_meant_for_a_former_couple_does_not_reach_the_next),
        cmocka_unit_test(test_what_needs_a_session_or_a_partner_says_so),
        cmocka_unit_test(test_the_admin_socket_tells_figures),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
