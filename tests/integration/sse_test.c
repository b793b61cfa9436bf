/*
 * Streams of server-sent events from a real daemon: complete, in order, once, whatever happens to
 * client or server in between.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/integration/support_events.h"
#include "tests/integration/support_people.h"

#define STREAM "/api/v1/notifications/stream"

static void listens_with(struct events *events, const struct person *person, const char *query,
                         const char *more)
{
    char path[1024], headers[2048];
    (void)!snprintf(path, sizeof path, "%s%s", STREAM, query);
    (void)!snprintf(headers, sizeof headers, "authorization: Bearer %s\r\n%s", person->access_token,
                    more);
    events_open(events, people_server.port, path, headers);
}

/** Follows the couple, from its head or, with a last_id, after that. */
static void listens(struct events *events, const struct person *person)
{
    char more[512] = "";
    if (events->last_id[0] != '\0') {
        (void)!snprintf(more, sizeof more, "last-event-id: %s\r\n", events->last_id);
    }
    listens_with(events, person, "?topics=couple", more);
    assert_int_equal(events->status, 200);
}

static struct event gets(struct events *events, const char *type)
{
    static struct event event;
    do { /* presence and typing come when they like */
        if (!events_next(events, &event)) {
            fail_msg("the stream ended before %s", type);
        }
    } while (strcmp(event.type, "presence") == 0 || strcmp(event.type, "typing") == 0);
    if (strcmp(event.type, type) != 0) {
        fail_msg("%s came instead of %s: %s", event.type, type, event.data);
    }
    return event;
}

static void gets_message(struct events *events, const char *text)
{
    struct event event = gets(events, "chat.message");
    char wanted[256];
    (void)!snprintf(wanted, sizeof wanted, "\"text\":\"%s\"", text);
    if (strstr(event.data, wanted) == NULL) {
        fail_msg("%s is not in %s", wanted, event.data);
    }
    assert_true(event.id[0] != '\0');
}

static void says_numbers(struct person *person, int from, int to)
{
    char text[32];
    for (int i = from; i <= to; i++) {
        (void)!snprintf(text, sizeof text, "message %d", i);
        says(person, text);
    }
}

static void gets_numbers(struct events *events, int from, int to)
{
    char text[32];
    for (int i = from; i <= to; i++) {
        (void)!snprintf(text, sizeof text, "message %d", i);
        gets_message(events, text);
    }
}

static void test_events_come_as_they_happen(void **state)
{
    struct two two;
    struct events events = {0};
    (void)state;
    two_paired(&two);
    listens(&events, &two.b);
    assert_non_null(strstr((char *)events.head.data, "content-type: text/event-stream\r\n"));
    assert_non_null(strstr((char *)events.head.data, "x-accel-buffering: no\r\n"));
    assert_non_null(strstr((char *)events.head.data, "cache-control: no-store\r\n"));
    struct event open = gets(&events, "open");
    assert_non_null(strstr(open.data, "\"stream\":\"couple\""));
    says_numbers(&two.a, 1, 5);
    gets_numbers(&events, 1, 5);
    says(&two.a, "line\\nbreak \\\" and 안녕"); /* text of JSON stays one line */
    gets(&events, "chat.message");
    events_close(&events);
    two_fini(&two);
}

static void test_who_comes_back_with_the_last_id_misses_nothing(void **state)
{
    struct two two;
    struct events events = {0};
    (void)state;
    two_paired(&two);
    listens(&events, &two.b);
    gets(&events, "open"); /* its id is a place too */
    events_close(&events);
    says_numbers(&two.a, 1, 300); /* more than a page */
    listens(&events, &two.b);
    gets(&events, "open");
    gets_numbers(&events, 1, 200);
    events_close(&events); /* in the middle */
    says_numbers(&two.a, 301, 310);
    listens(&events, &two.b);
    gets(&events, "open");
    gets_numbers(&events, 201, 310);
    says_numbers(&two.a, 311, 311);
    gets_numbers(&events, 311, 311);
    assert_false(events_wait(&events, 200)); /* and nothing twice */
    events_close(&events);
    two_fini(&two);
}

static void test_a_kill_of_the_server_is_a_gap_like_any_other(void **state)
{
    struct two two;
    struct events events = {0};
    (void)state;
    two_paired(&two);
    listens(&events, &two.b);
    gets(&events, "open");
    says_numbers(&two.a, 1, 20);
    gets_numbers(&events, 1, 10);
    daemon_kill(&people_server);
    events_close(&events); /* what was still on its way is lost */
    daemon_start(&people_server);
    disconnect(&two.a);
    come_online(&two.a);
    says_numbers(&two.a, 21, 22);
    listens(&events, &two.b);
    gets(&events, "open");
    gets_numbers(&events, 11, 22);
    events_close(&events);
    two_fini(&two);
}

static void test_a_place_that_is_not_known_is_reset(void **state)
{
    static const char *const unknown[] = {"AAAAAAAAAAAAAAAAAAAAAA:1", NULL};
    struct two two;
    struct events events = {0};
    (void)state;
    two_paired(&two);
    says_numbers(&two.a, 1, 3);
    (void)!snprintf(events.last_id, sizeof events.last_id, "couple:%s", unknown[0]);
    listens(&events, &two.b);
    struct event open = gets(&events, "open");
    assert_non_null(strstr(open.data, "\"reset\":true"));
    says_numbers(&two.a, 4, 4);
    gets_numbers(&events, 4, 4); /* from the head on */
    char *colon = strrchr(events.last_id, ':');
    strcpy(colon + 1, "999999");
    events_close(&events);
    listens(&events, &two.b);
    open = gets(&events, "open");
    assert_non_null(strstr(open.data, "\"reset\":true"));
    events_close(&events);
    two_fini(&two);
}

static void test_the_users_own_stream_tells_of_the_match(void **state)
{
    struct two two;
    struct events a = {0}, both = {0};
    char code[9];
    (void)state;
    two_users(&two);
    listens_with(&a, &two.a, "", "");
    gets(&a, "open");
    listens_with(&both, &two.a, "?topics=user,couple", "");
    gets(&both, "open");
    invite(&two.a, code);
    assert_int_equal(match(&two.b, code), 0);
    gets(&a, "couple.matched");
    gets(&both, "couple.matched");
    disconnect(&two.b);
    come_online(&two.b);
    says_numbers(&two.b, 1, 1);
    gets_numbers(&both, 1, 1); /* one stream carries what both say */
    assert_non_null(strstr(both.last_id, "user:"));
    assert_non_null(strstr(both.last_id, ",couple:"));
    events_close(&a);
    events_close(&both);
    two_fini(&two);
}

static void test_signing_out_ends_the_stream(void **state)
{
    struct two two;
    struct events events = {0};
    struct event event;
    (void)state;
    two_paired(&two);
    listens(&events, &two.b);
    gets(&events, "open");
    struct auth_signout_args out = {0};
    struct empty none;
    must(&two.b, "auth.signout", &auth_signout_args_type, &out, &empty_type, &none);
    event = gets(&events, "end");
    assert_non_null(strstr(event.data, "SESSION_REVOKED"));
    assert_false(events_next(&events, &event));
    events_close(&events);
    listens_with(&events, &two.b, "", "");
    assert_int_equal(events.status, 401);
    events_close(&events);
    two_fini(&two);
}

static void test_a_silent_stream_is_kept_alive_by_comments(void **state)
{
    struct two two;
    struct events events = {0};
    (void)state;
    two_users(&two);
    listens_with(&events, &two.a, "", "");
    gets(&events, "open");
    assert_false(events_wait(&events, 2500));
    assert_in_range(events.comments, 3, 13); /* one each 300 ms, looked at each 250 */
    assert_false(events.ended);
    events_close(&events);
    two_fini(&two);
}

static void test_a_slow_reader_is_cut_off_and_resumes(void **state)
{
    enum { MESSAGES = 600 };
    static char text[3001];
    struct two two;
    struct events slow = {0}, other = {0};
    (void)state;
    two_paired(&two);
    listens(&slow, &two.b);
    gets(&slow, "open");
    listens(&other, &two.a); /* a's own messages: not the device that sent them, so pushed */
    gets(&other, "open");
    for (int i = 1; i <= MESSAGES; i++) {
        memset(text, 'x', sizeof text - 1);
        (void)!snprintf(text, sizeof text, "message %d", i);
        text[strlen(text)] = ' ';
        says(&two.a, text);
        (void)gets(&other, "chat.message");
    }
    int seen = 0;
    struct event event;
    while (events_next(&slow, &event)) {
        seen += strcmp(event.type, "chat.message") == 0;
    }
    assert_in_range(seen, 1, MESSAGES - 1); /* it ended before it had all */
    events_close(&slow);
    while (seen < MESSAGES) { /* back with its last id, now reading */
        char wanted[32];
        listens(&slow, &two.b);
        gets(&slow, "open");
        while (seen < MESSAGES && events_next(&slow, &event)) {
            if (strcmp(event.type, "chat.message") == 0) {
                (void)!snprintf(wanted, sizeof wanted, "\"message %d ", ++seen);
                assert_non_null(strstr(event.data, wanted));
            }
        }
        events_close(&slow);
    }
    events_close(&other);
    two_fini(&two);
}

static void refused_with(const struct person *person, const char *query, const char *headers,
                         int status, const char *code)
{
    struct events events = {0};
    if (person != NULL) {
        listens_with(&events, person, query, headers);
    } else {
        char path[256];
        (void)!snprintf(path, sizeof path, STREAM "%s", query);
        events_open(&events, people_server.port, path, headers);
    }
    if (events.status != status || strstr((char *)events.head.data, "application/json") == NULL) {
        fail_msg("%s %s: %s", query, headers, (char *)events.head.data);
    }
    if (strstr((char *)events.head.data, "text/event-stream") != NULL) {
        fail_msg("%s", code);
    }
    events_close(&events);
}

static void test_what_cannot_be_streamed_is_an_ordinary_error(void **state)
{
    struct two two;
    (void)state;
    two_users(&two);
    refused_with(NULL, "", "", 401, "UNAUTHENTICATED");
    refused_with(NULL, "", "authorization: Bearer x.y.z\r\n", 401, "TOKEN_INVALID");
    refused_with(NULL, "", "authorization: Basic eDp5\r\n", 401, "TOKEN_INVALID");
    refused_with(&two.a, "?topics=", "", 400, "INVALID_ARGUMENT");
    refused_with(&two.a, "?topics=user,nobody", "", 400, "INVALID_ARGUMENT");
    refused_with(&two.a, "?last_event_id=5", "", 400, "INVALID_ARGUMENT");
    refused_with(&two.a, "?last_event_id=%zz", "", 400, "INVALID_ARGUMENT");
    refused_with(&two.a, "", "last-event-id: user:x\r\n", 400, "INVALID_ARGUMENT");
    two_fini(&two);
}

/** EventSource of a browser cannot set headers: it has a cookie. */
static void test_a_cookie_signs_in_too(void **state)
{
    struct two two;
    struct events events = {0};
    char headers[2048];
    (void)state;
    two_users(&two);
    (void)!snprintf(headers, sizeof headers, "cookie: a=b; __Host-duet_access=%s\r\n",
                    two.a.access_token);
    events_open(&events, people_server.port, STREAM, headers);
    assert_int_equal(events.status, 200);
    gets(&events, "open");
    events_close(&events);
    two_fini(&two);
}

static int set_up(void **state)
{
    static const char *const options[] = {"--sse_heartbeat=300ms", "--pending_bytes_max=64KiB",
                                          "--costly_per_minute=100000",
                                          "--costly_per_minute_address=100000", NULL};
    (void)state;
    daemon_init(&people_server, options);
    daemon_start(&people_server);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    daemon_destroy(&people_server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_events_come_as_they_happen),
        cmocka_unit_test(test_who_comes_back_with_the_last_id_misses_nothing),
        cmocka_unit_test(test_a_kill_of_the_server_is_a_gap_like_any_other),
        cmocka_unit_test(test_a_place_that_is_not_known_is_reset),
        cmocka_unit_test(test_the_users_own_stream_tells_of_the_match),
        cmocka_unit_test(test_signing_out_ends_the_stream),
        cmocka_unit_test(test_a_silent_stream_is_kept_alive_by_comments),
        cmocka_unit_test(test_a_slow_reader_is_cut_off_and_resumes),
        cmocka_unit_test(test_what_cannot_be_streamed_is_an_ordinary_error),
        cmocka_unit_test(test_a_cookie_signs_in_too),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
