/*
 * Connections as peers see them: one request after another, many at once, bodies, refusals.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "edge/http_internal.h"
#include "tests/unit/support/http_stage.h"

#define HOST "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"
#define POST(path, lines) "POST " path " HTTP/1.1\r\n" HOST lines "\r\n"

static struct stage stage;

static int open_stage(void **state)
{
    (void)state;
    stage_open(&stage, &(struct http_config){0});
    return 0;
}

static int close_stage(void **state)
{
    (void)state;
    stage_close(&stage);
    return 0;
}

static void a_connection_serves_one_request_after_another(void **state)
{
    (void)state;
    int peer = stage_connect(&stage);
    for (int i = 0; i < 3; i++) {
        stage_say(peer, GET("/ok?x=1"));
        const char *answer = stage_hear(&stage, peer, "\r\n\r\nok");
        assert_non_null(strstr(answer, "HTTP/1.1 200 OK\r\n"));
        assert_non_null(strstr(answer, "\r\ncontent-length: 2\r\n"));
        assert_non_null(strstr(answer, "\r\ncontent-type: text/plain\r\n"));
        assert_non_null(strstr(answer, "\r\ndate: "));
        assert_null(strstr(answer, "connection:"));
        assert_string_equal(stage.path, "/ok");
        assert_string_equal(stage.query, "x=1");
    }
    assert_int_equal(http_count(stage.http), 1);
    close(peer);
    stage_run(&stage, 5);
    assert_int_equal(http_count(stage.http), 0);
    assert_int_equal(stage.gone, 0);
    assert_int_equal(stage.answered, 3);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    static char many[100 * 64];
    (void)state;
    for (int count = 2; count <= 100; count += 49) {
        size_t len = 0;
        for (int i = 0; i < count; i++) {
            len += (size_t)snprintf(many + len, sizeof many - len,
                                    POST("/echo", "Content-Length: 3\r\n") "%03d", i);
        }
        int peer = stage_connect(&stage);
        stage_say_bytes(peer, many, len);
        char last[16];
        snprintf(last, sizeof last, "\r\n\r\n%03d", count - 1);
        const char *at = stage_hear(&stage, peer, last);
        for (int i = 0; i < count; i++) {
            snprintf(last, sizeof last, "\r\n\r\n%03d", i);
            at = strstr(at, last);
            assert_non_null(at);
        }
        close(peer);
    }
}

static void what_waits_behind_a_request_in_work_is_served_after_it(void **state)
{
    (void)state;
    int peer = stage_connect(&stage);
    stage_say(peer, GET("/later") POST("/echo", "Content-Length: 3\r\n") "abc" GET("/later"));
    stage_hear_nothing(&stage, peer);
    assert_int_equal(stage.requests, 1);
    stage_answer(&stage, "first");
    const char *answers = stage_hear(&stage, peer, "\r\n\r\nabc");
    assert_non_null(strstr(answers, "\r\n\r\nfirst"));
    stage_answer(&stage, "third");
    stage_hear(&stage, peer, "third");
    assert_int_equal(stage.requests, 3);
    close(peer);
}

static void a_peer_cannot_fill_memory_behind_a_request_in_work(void **state)
{
    static char bytes[4096];
    (void)state;
    memset(bytes, 'x', sizeof bytes);
    int peer = stage_connect(&stage);
    stage_say(peer, GET("/later"));
    size_t sent = 0;
    for (int i = 0; i < 1000; i++) {
        ssize_t took = send(peer, bytes, sizeof bytes, MSG_NOSIGNAL | MSG_DONTWAIT);
        sent += took > 0 ? (size_t)took : 0;
        stage_run(&stage, 0);
    }
    assert_true(sent < 1000 * sizeof bytes);
    stage_answer(&stage, "done");
    const char *answers = stage_hear(&stage, peer, "400 Bad Request");
    assert_non_null(strstr(answers, "done"));
    close(peer);
}

/** Every way to cut a dialogue in two must lead to the same answers. */
static void cut_everywhere(const char *dialogue, const char *expected)
{
    size_t len = strlen(dialogue);
    for (size_t cut = 1; cut < len; cut++) {
        int peer = stage_connect(&stage);
        stage_say_bytes(peer, dialogue, cut);
        stage_run(&stage, 0);
        stage_say_bytes(peer, dialogue + cut, len - cut);
        const char *answers = stage_hear(&stage, peer, expected);
        assert_int_equal(stage_count(answers, "HTTP/1.1 200 OK"), 2);
        close(peer);
    }
    int peer = stage_connect(&stage);
    for (size_t i = 0; i < len; i++) {
        stage_say_bytes(peer, dialogue + i, 1);
        stage_run(&stage, 0);
    }
    stage_hear(&stage, peer, expected);
    close(peer);
}

static void requests_may_be_cut_at_every_byte(void **state)
{
    (void)state;
    cut_everywhere(POST("/echo", "Content-Length: 4\r\n") "body" GET("/ok"), "\r\n\r\nok");
    cut_everywhere(
        POST("/echo", "Transfer-Encoding: chunked\r\n") "3;a=b\r\nabc\r\n1\r\nd\r\n0\r\nTrail: "
                                                        "x\r\n\r\n" GET("/ok"),
        "\r\n\r\nok");
}

static void a_chunked_body_is_decoded(void **state)
{
    (void)state;
    int peer = stage_connect(&stage);
    stage_say(peer,
              POST("/echo",
                   "Transfer-Encoding: chunked\r\n") "3\r\nabc\r\n0a\r\n0123456789\r\n0\r\n\r\n");
    stage_hear(&stage, peer, "content-length: 13\r\n");
    assert_int_equal(stage.body_len, 13);
    stage_say(peer, POST("/echo", "Transfer-Encoding: chunked\r\n") "0\r\n\r\n" GET("/ok"));
    stage_hear(&stage, peer, "\r\n\r\nok");
    close(peer);
}

static void malformed_chunks_are_refused(void **state)
{
    static const char *const bodies[] = {"zz\r\n",
                                         "3\nabc\r\n0\r\n\r\n",
                                         "3\r\nabcd\r\n",
                                         "3\r\nabc\n",
                                         "3 \r\nabc\r\n",
                                         "-3\r\n",
                                         "0x3\r\n",
                                         "100000000\r\n",
                                         ";a\r\n",
                                         "3;\x01\r\nabc\r\n",
                                         "3;a\nabc\r\n",
                                         "0\r\nContent-Length: 3\r\n\r\n",
                                         "0\r\n fold\r\n\r\n",
                                         "0\r\nno colon\r\n\r\n",
                                         "0\r\n\n"};
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        int peer = stage_connect(&stage);
        uint32_t gone = stage.gone;
        stage_say(peer, POST("/echo", "Transfer-Encoding: chunked\r\n"));
        stage_say(peer, bodies[i]);
        stage_hear(&stage, peer, "HTTP/1.1 400 Bad Request\r\n");
        shutdown(peer, SHUT_WR);
        stage_hear_end(&stage, peer, NULL);
        assert_int_equal(stage.gone, gone + 1);
        close(peer);
    }
}

static void extensions_of_chunks_are_bounded(void **state)
{
    static char extension[HTTP_CHUNK_EXTRA_BYTES_MAX];
    (void)state;
    memset(extension, 'b', sizeof extension);
    int peer = stage_connect(&stage);
    stage_say(peer, POST("/echo", "Transfer-Encoding: chunked\r\n") "1;a=");
    stage_say_bytes(peer, extension, sizeof extension - 2);
    stage_hear_nothing(&stage, peer);
    stage_say(peer, "b");
    stage_hear(&stage, peer, "400 Bad Request");
    close(peer);
}

static void a_body_that_is_too_large_is_refused_and_the_refusal_arrives(void **state)
{
    static const char *const heads[] = {POST("/echo", "Content-Length: 1001\r\n"),
                                        POST("/echo", "Content-Length: 99999999999\r\n"),
                                        POST("/echo", "Transfer-Encoding: chunked\r\n") "3e9\r\n",
                                        POST("/echo", "Transfer-Encoding: chunked\r\n") "3e7\r\n"};
    static char body[4000];
    (void)state;
    memset(body, 'x', sizeof body);
    memcpy(body + 999, "\r\n2\r\n", 5);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        int peer = stage_connect(&stage);
        stage_say(peer, heads[i]);
        stage_say_bytes(peer, body, sizeof body);
        const char *answer = stage_hear(&stage, peer, "\r\n\r\nThe body is too large.");
        assert_non_null(strstr(answer, "HTTP/1.1 413 "));
        assert_non_null(strstr(answer, "\r\nconnection: close\r\n"));
        stage_say_bytes(peer, body, sizeof body); /* still taken */
        shutdown(peer, SHUT_WR);
        stage_hear_end(&stage, peer, NULL);
        close(peer);
    }
}

static void an_answer_to_the_head_does_not_wait_for_the_body(void **state)
{
    (void)state;
    int peer = stage_connect(&stage);
    stage_say(peer, POST("/no-body", "Content-Length: 500\r\n") "part of it");
    const char *answer = stage_hear(&stage, peer, "\r\n\r\nno");
    assert_non_null(strstr(answer, "connection: close"));
    shutdown(peer, SHUT_WR);
    stage_hear_end(&stage, peer, NULL);
    close(peer);
    peer = stage_connect(&stage);
    stage_say(peer, GET("/no-body") GET("/ok")); /* there is none to come */
    stage_hear(&stage, peer, "\r\n\r\nok");
    close(peer);
}

static void who_expects_100_is_told_to_go_on(void **state)
{
#define EXPECTS "Content-Length: 3\r\nExpect: 100-continue\r\n"
    (void)state;
    int peer = stage_connect(&stage);
    stage_say(peer, POST("/echo", EXPECTS));
    const char *answer = stage_hear(&stage, peer, "HTTP/1.1 100 Continue\r\n\r\n");
    assert_null(strstr(answer, "200"));
    stage_say(peer, "abc");
    stage_hear(&stage, peer, "\r\n\r\nabc");
    stage_say(peer, POST("/echo", EXPECTS) "abc"); /* it has come already */
    answer = stage_hear(&stage, peer, "\r\n\r\nabc");
    assert_null(strstr(answer, "100 Continue"));
    stage_say(peer, POST("/no-body", EXPECTS)); /* nobody will read it */
    answer = stage_hear(&stage, peer, "403");
    assert_null(strstr(answer, "100 Continue"));
    close(peer);
    peer = stage_connect(&stage);
    stage_say(peer, POST("/echo", "Content-Length: 1001\r\nExpect: 100-continue\r\n"));
    answer = stage_hear(&stage, peer, "413");
    assert_null(strstr(answer, "100 Continue"));
    close(peer);
    peer = stage_connect(&stage);
    stage_say(peer, POST("/echo", "Content-Length: 3\r\nExpect: a-miracle\r\n"));
    stage_hear(&stage, peer, "HTTP/1.1 417 ");
    close(peer);
}

static void answers_without_a_body_have_none(void **state)
{
    (void)state;
    int peer = stage_connect(&stage);
    stage_say(peer, "HEAD /ok HTTP/1.1\r\n" HOST "\r\n" GET("/close"));
    const char *answers = stage_hear_end(&stage, peer, NULL);
    assert_int_equal(stage_count(answers, "content-length: 2\r\n"), 2);
    assert_int_equal(stage_count(answers, "\r\n\r\nok"), 1);
    close(peer);
    peer = stage_connect(&stage);
    stage_say(peer, GET("/status/204") GET("/status/304") GET("/close"));
    answers = stage_hear_end(&stage, peer, NULL);
    assert_int_equal(stage_count(answers, "content-length: "), 1);
    assert_int_equal(stage_count(answers, "\r\n\r\nok"), 1);
    assert_int_equal(stage_count(answers, "HTTP/1.1 304 Not Modified"), 1);
    close(peer);
}

static void versions_say_whether_a_connection_stays(void **state)
{
    (void)state;
    int peer = stage_connect(&stage);
    stage_say(peer, "GET /ok HTTP/1.0\r\n\r\n");
    assert_non_null(strstr(stage_hear_end(&stage, peer, NULL), "connection: close"));
    close(peer);
    peer = stage_connect(&stage);
    stage_say(peer, "GET /ok HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
    assert_non_null(strstr(stage_hear(&stage, peer, "\r\n\r\nok"), "connection: keep-alive"));
    stage_say(peer, "GET /ok HTTP/1.1\r\n" HOST "Connection: x, close\r\n\r\n" GET("/ok"));
    const char *answers = stage_hear_end(&stage, peer, NULL);
    assert_int_equal(stage_count(answers, "200 OK"), 1);
    close(peer);
}

static void forms_of_the_target_lead_to_a_path(void **state)
{
    (void)state;
    int peer = stage_connect(&stage);
    stage_say(peer, "GET http://A/ok?q=1 HTTP/1.1\r\n" HOST "\r\n");
    stage_hear(&stage, peer, "\r\n\r\nok");
    assert_string_equal(stage.path, "/ok");
    assert_string_equal(stage.query, "q=1");
    stage_say(peer, "OPTIONS * HTTP/1.1\r\n" HOST "\r\n");
    stage_hear(&stage, peer, "\r\n\r\nok");
    assert_string_equal(stage.path, "*");
    stage_say(peer, "GET http://a HTTP/1.1\r\n" HOST "\r\n");
    stage_hear(&stage, peer, "\r\n\r\nok");
    assert_string_equal(stage.path, "/");
    stage_say(peer, "BREW /ok HTTP/1.1\r\n" HOST "\r\n");
    stage_hear(&stage, peer, "\r\n\r\nok");
    stage_say(peer, "GET http://b/ok HTTP/1.1\r\n" HOST "\r\n");
    stage_hear(&stage, peer, "400 Bad Request");
    close(peer);
}

static void the_peer_s_half_may_be_closed_while_it_waits(void **state)
{
    (void)state;
    int peer = stage_connect(&stage);
    stage_say(peer, GET("/later") GET("/ok") "GET /unfinished");
    shutdown(peer, SHUT_WR);
    stage_run(&stage, 20);
    stage_answer(&stage, "late");
    const char *answers = stage_hear_end(&stage, peer, NULL);
    assert_int_equal(stage_count(answers, "200 OK"), 2);
    close(peer);
    assert_int_equal(stage.gone, 0);
    peer = stage_connect(&stage);
    stage_say(peer, POST("/echo", "Content-Length: 3\r\n") "a");
    shutdown(peer, SHUT_WR);
    stage_hear_end(&stage, peer, NULL);
    assert_int_equal(stage.gone, 1);
    close(peer);
}

static void a_peer_that_goes_takes_its_request_along(void **state)
{
    (void)state;
    int peer = stage_connect(&stage);
    stage_say(peer, GET("/later"));
    stage_run(&stage, 5);
    close(peer);
    stage_run(&stage, 5);
    assert_int_equal(stage.gone, 1);
    assert_int_equal(http_count(stage.http), 0);
}

static void an_idle_connection_is_small(void **state)
{
    (void)state;
    assert_true(sizeof(struct http_connection) < 300);
    int peer = stage_connect(&stage);
    stage_say(peer, POST("/echo", "Content-Length: 3\r\n") "abc");
    stage_hear(&stage, peer, "\r\n\r\nabc");
    const struct http_connection *connection = stage.http->waits[HTTP_WAIT_REQUEST].first;
    assert_non_null(connection);
    assert_null(connection->in.data);
    assert_null(connection->out.data);
    assert_null(connection->message);
    close(peer);
}

static void more_connections_than_allowed_are_closed(void **state)
{
    int peers[101];
    (void)state;
    for (int i = 0; i < 101; i++) {
        peers[i] = stage_connect(&stage);
    }
    assert_int_equal(http_count(stage.http), 100);
    stage_hear_end(&stage, peers[100], NULL);
    for (int i = 0; i < 101; i++) {
        close(peers[i]);
    }
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(a_connection_serves_one_request_after_another),
        STAGED(pipelined_requests_are_answered_in_order),
        STAGED(what_waits_behind_a_request_in_work_is_served_after_it),
        STAGED(a_peer_cannot_fill_memory_behind_a_request_in_work),
        STAGED(requests_may_be_cut_at_every_byte),
        STAGED(a_chunked_body_is_decoded),
        STAGED(malformed_chunks_are_refused),
        STAGED(extensions_of_chunks_are_bounded),
        STAGED(a_body_that_is_too_large_is_refused_and_the_refusal_arrives),
        STAGED(an_answer_to_the_head_does_not_wait_for_the_body),
        STAGED(who_expects_100_is_told_to_go_on),
        STAGED(answers_without_a_body_have_none),
        STAGED(versions_say_whether_a_connection_stays),
        STAGED(forms_of_the_target_lead_to_a_path),
        STAGED(the_peer_s_half_may_be_closed_while_it_waits),
        STAGED(a_peer_that_goes_takes_its_request_along),
        STAGED(an_idle_connection_is_small),
        STAGED(more_connections_than_allowed_are_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
