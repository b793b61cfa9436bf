/*
 * How connections end: deadlines, readers that are too slow, streams, draining.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "edge/http_internal.h"
#include "tests/unit/support/http_stage.h"

#define HOST "Host: a\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"
#define POST(path, lines) "POST " path " HTTP/1.1\r\n" HOST lines "\r\n"
#define SOON_MS 200

static struct stage stage;

static struct bytes text(const char *literal)
{
    return bytes_of(literal, strlen(literal));
}

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

/* --- bounds ---------------------------------------------------------------------------------- */

static void too_many_bodies_end_the_slowest_and_not_the_newest(void **state)
{
    (void)state;
    char half[501], rest[401];
    memset(half, 'x', sizeof half - 1);
    memset(rest, 'y', sizeof rest - 1);
    half[500] = rest[400] = '\0';
    stage_open(&stage, &(struct http_config){.body_ms = 60000, .bodies_bytes_max = 1200});
    int slow = stage_connect(&stage), other = stage_connect(&stage), quick = stage_connect(&stage);
    int *const peers[] = {&slow, &other};
    for (size_t i = 0; i < 2; i++) {
        stage_say(*peers[i], POST("/echo", "Content-Length: 900\r\n"));
        stage_say(*peers[i], half);
        stage_run(&stage, 20);
    }
    assert_int_equal(stage.gone, 0); /* 1,000 bytes are held */
    stage_say(quick, POST("/echo", "Content-Length: 400\r\n"));
    stage_say(quick, rest);
    stage_hear(&stage, quick, "HTTP/1.1 200 OK\r\n");
    stage_hear(&stage, slow, "HTTP/1.1 503 Service Unavailable\r\n");
    assert_int_equal(stage.gone, 1);
    stage_say(other, rest); /* it has room again, and is let finish */
    stage_hear(&stage, other, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 3; i++) { /* what was held is given back */
        stage_say(quick, POST("/echo", "Content-Length: 400\r\n"));
        stage_say(quick, rest);
        stage_hear(&stage, quick, "HTTP/1.1 200 OK\r\n");
    }
    close(slow);
    close(other);
    close(quick);
    stage_close(&stage);
}

/* --- deadlines ------------------------------------------------------------------------------- */

static void a_head_that_trickles_meets_its_deadline(void **state)
{
    (void)state;
    stage_open(&stage, &(struct http_config){.head_ms = SOON_MS});
    int peer = stage_connect(&stage);
    stage_say(peer, GET("/ok") "GET /ok HTTP/1.1\r\nX: ");
    for (int i = 0; i < 20 && stage.last_status != 408; i++) {
        stage_say(peer, "x"); /* no byte is a reprieve */
        stage_run(&stage, SOON_MS / 10);
    }
    const char *answer = stage_hear(&stage, peer, "HTTP/1.1 408 Request Timeout\r\n");
    assert_non_null(strstr(answer, "connection: close\r\n"));
    shutdown(peer, SHUT_WR);
    stage_hear_end(&stage, peer, NULL);
    close(peer);
    assert_int_equal(stage.gone, 0);
    stage_close(&stage);
}

static void a_body_that_trickles_meets_its_deadline(void **state)
{
    (void)state;
    stage_open(&stage, &(struct http_config){.body_ms = SOON_MS});
    int peer = stage_connect(&stage);
    stage_say(peer, POST("/echo", "Content-Length: 500\r\n"));
    for (int i = 0; i < 20 && stage.last_status == 0; i++) {
        stage_say(peer, "x");
        stage_run(&stage, SOON_MS / 10);
    }
    stage_hear(&stage, peer, "HTTP/1.1 408 Request Timeout\r\n");
    assert_int_equal(stage.gone, 1);
    close(peer);
    stage_close(&stage);
}

static void an_idle_connection_is_closed_without_a_word(void **state)
{
    size_t len;
    (void)state;
    stage_open(&stage, &(struct http_config){.idle_ms = 5 * SOON_MS});
    int peers[2] = {stage_connect(&stage), stage_connect(&stage)};
    for (int i = 0; i < 3; i++) {
        stage_run(&stage, 3 * SOON_MS / 2);
        stage_say(peers[0], GET("/ok")); /* this one is not idle */
        stage_hear(&stage, peers[0], "\r\n\r\nok");
    }
    stage_hear_end(&stage, peers[1], &len);
    assert_int_equal(len, 0);
    assert_int_equal(http_count(stage.http), 1);
    stage_hear_end(&stage, peers[0], &len);
    assert_int_equal(len, 0);
    close(peers[0]);
    close(peers[1]);
    stage_close(&stage);
}

static void a_handler_that_does_not_answer_is_answered_for(void **state)
{
    (void)state;
    stage_open(&stage, &(struct http_config){.work_ms = SOON_MS});
    int peer = stage_connect(&stage);
    stage_say(peer, GET("/later") GET("/ok"));
    const char *answer = stage_hear(&stage, peer, "HTTP/1.1 503 Service Unavailable\r\n");
    assert_int_equal(stage_count(answer, "HTTP/1.1"), 1);
    assert_int_equal(stage.gone, 1);
    assert_null(stage.later);
    close(peer);
    stage_close(&stage);
}

static void who_does_not_read_the_answer_is_cut_off(void **state)
{
    (void)state;
    stage_open(&stage, &(struct http_config){.answer_ms = SOON_MS});
    int peer = stage_connect(&stage);
    stage_say(peer, GET("/big") GET("/ok"));
    stage_run(&stage, 4 * SOON_MS);
    assert_int_equal(http_count(stage.http), 0);
    assert_int_equal(stage.requests, 1); /* what was pipelined has waited for the reader */
    close(peer);
    stage_close(&stage);
}

static void who_reads_the_answer_slowly_gets_all_of_it(void **state)
{
    static char some[65536];
    size_t len = 0;
    ssize_t got;
    (void)state;
    stage_open(&stage, &(struct http_config){.answer_ms = SOON_MS});
    int peer = stage_connect(&stage);
    stage_say(peer, GET("/big"));
    for (int i = 0; i < 30; i++) { /* three deadlines */
        stage_run(&stage, SOON_MS / 10);
        got = recv(peer, some, sizeof some, MSG_DONTWAIT);
        len += got > 0 ? (size_t)got : 0;
    }
    assert_true(len < STAGE_BIG_BYTES);
    while (len < STAGE_BIG_BYTES) {
        stage_run(&stage, 0);
        got = recv(peer, some, sizeof some, MSG_DONTWAIT);
        assert_int_not_equal(got, 0);
        len += got > 0 ? (size_t)got : 0;
    }
    stage_say(peer, GET("/close"));
    stage_hear_end(&stage, peer, NULL);
    close(peer);
    stage_close(&stage);
}

static void who_sends_on_after_a_refusal_is_not_listened_to_for_ever(void **state)
{
    static char block[65536];
    (void)state;
    stage_open(&stage, &(struct http_config){0});
    int peer = stage_connect(&stage);
    stage_say(peer, "nonsense\r\n");
    stage_hear(&stage, peer, "HTTP/1.1 400 Bad Request");
    for (int i = 0; i < 1000 && http_count(stage.http) != 0; i++) {
        (void)!send(peer, block, sizeof block, MSG_NOSIGNAL | MSG_DONTWAIT);
        stage_run(&stage, 0);
    }
    assert_int_equal(http_count(stage.http), 0);
    close(peer);
    stage_close(&stage);
}

/* --- streams --------------------------------------------------------------------------------- */

static void a_stream_is_sent_in_chunks_as_they_come(void **state)
{
    (void)state;
    int peer = stage_connect(&stage);
    stage_say(peer, GET("/stream"));
    const char *answer = stage_hear(&stage, peer, "\r\n\r\n");
    assert_non_null(strstr(answer, "transfer-encoding: chunked\r\n"));
    assert_null(strstr(answer, "content-length"));
    assert_null(http_request(stage.stream));
    stage_hear_nothing(&stage, peer);
    http_stream_send(stage.stream, text("id: 1\n"), text("data: 0123456789\n\n"));
    assert_true(http_stream_pending(stage.stream) > 0);
    uint32_t before = stage.writable;
    answer = stage_hear(&stage, peer, "18\r\nid: 1\ndata: 0123456789\n\n\r\n");
    assert_int_equal(http_stream_pending(stage.stream), 0);
    assert_int_equal(stage.writable, before + 1);
    http_stream_end(stage.stream);
    assert_string_equal(stage_hear_end(&stage, peer, NULL), "0\r\n\r\n");
    assert_int_equal(stage.gone, 0);
    close(peer);
}

static void a_stream_to_http_1_0_ends_with_the_connection(void **state)
{
    (void)state;
    int peer = stage_connect(&stage);
    stage_say(peer, "GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_null(strstr(stage_hear(&stage, peer, "connection: close\r\n"), "chunked"));
    http_stream_send(stage.stream, text("abc"), text(""));
    http_stream_end(stage.stream);
    assert_string_equal(stage_hear_end(&stage, peer, NULL), "abc");
    close(peer);
}

static void a_stream_of_which_only_the_head_is_wanted_ends_at_once(void **state)
{
    (void)state;
    int peer = stage_connect(&stage);
    stage_say(peer, "HEAD /stream HTTP/1.1\r\n" HOST "\r\n");
    const char *answer = stage_hear_end(&stage, peer, NULL);
    assert_non_null(strstr(answer, "200 OK"));
    assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
    assert_int_equal(stage.gone, 1);
    close(peer);
}

static void an_open_stream_is_small(void **state)
{
    (void)state;
    int peer = stage_connect(&stage);
    stage_say(peer, GET("/stream"));
    stage_hear(&stage, peer, "\r\n\r\n");
    http_stream_send(stage.stream, text("data"), text(""));
    stage_hear(&stage, peer, "data");
    const struct http_connection *connection = stage.http->waits[HTTP_WAIT_EVER].first;
    assert_null(connection->in.data);
    assert_null(connection->out.data);
    assert_null(connection->message);
    close(peer);
}

static void a_stream_whose_peer_ends_is_gone_once(void **state)
{
    (void)state;
    int peer = stage_connect(&stage);
    stage_say(peer, GET("/stream"));
    stage_hear(&stage, peer, "\r\n\r\n");
    shutdown(peer, SHUT_WR);
    stage_hear_end(&stage, peer, NULL);
    assert_int_equal(stage.gone, 1);
    assert_null(stage.stream);
    close(peer);
}

static void a_stream_that_is_not_read_is_cut_off(void **state)
{
    static const char block[1000] = {'x'};
    (void)state;
    int peer = stage_connect(&stage);
    stage_say(peer, GET("/stream"));
    stage_hear(&stage, peer, "\r\n\r\n");
    size_t sent = 0;
    for (; stage.stream != NULL && sent < (16 << 20); sent += sizeof block) {
        http_stream_send(stage.stream, bytes_of(block, sizeof block), text(""));
        stage_run(&stage, 0);
    }
    assert_null(stage.stream);
    assert_true(sent < (2 << 20));
    assert_int_equal(stage.gone, 1);
    assert_int_equal(http_count(stage.http), 0);
    close(peer);
}

static void a_stream_is_cut_off_while_its_handler_speaks(void **state)
{
    (void)state;
    stage_close(&stage);
    stage_open(&stage, &(struct http_config){.stream_bytes_max = 10});
    int peer = stage_connect(&stage);
    stage_say(peer, GET("/stream"));
    stage_hear(&stage, peer, "\r\n\r\n");
    http_stream_send(stage.stream, text("0123456789a"), text(""));
    assert_int_equal(stage.gone, 0);
    http_stream_send(stage.stream, text("more"), text("")); /* harmless */
    stage_run(&stage, 1);
    assert_int_equal(stage.gone, 1);
    close(peer);
}

static void a_stream_that_is_too_slow_meets_a_deadline(void **state)
{
    static const char block[65536] = {'x'};
    (void)state;
    stage_close(&stage);
    stage_open(&stage, &(struct http_config){.answer_ms = SOON_MS, .stream_bytes_max = 4 << 20});
    int peer = stage_connect(&stage);
    stage_say(peer, GET("/stream"));
    stage_hear(&stage, peer, "\r\n\r\n");
    for (int i = 0; i < 20; i++) {
        http_stream_send(stage.stream, bytes_of(block, sizeof block), text(""));
    }
    stage_run(&stage, 4 * SOON_MS);
    assert_int_equal(stage.gone, 1);
    close(peer);
}

/* --- endings --------------------------------------------------------------------------------- */

static void draining_lets_requests_end_and_nothing_else(void **state)
{
    (void)state;
    int idle = stage_connect(&stage), streaming = stage_connect(&stage);
    int working = stage_connect(&stage), reading = stage_connect(&stage);
    stage_say(idle, GET("/ok"));
    stage_hear(&stage, idle, "\r\n\r\nok");
    stage_say(streaming, GET("/stream"));
    stage_hear(&stage, streaming, "\r\n\r\n");
    stage_say(working, GET("/later"));
    stage_say(reading, POST("/echo", "Content-Length: 3\r\n") "a");
    stage_run(&stage, 5);
    http_drain(stage.http);
    stage_hear_end(&stage, idle, NULL);
    assert_string_equal(stage_hear_end(&stage, streaming, NULL), "0\r\n\r\n");
    assert_int_equal(stage.gone, 1);
    assert_int_equal(http_count(stage.http), 2);
    stage_say(reading, "bc");
    assert_non_null(strstr(stage_hear_end(&stage, reading, NULL), "connection: close\r\n"));
    stage_answer(&stage, "late");
    assert_non_null(strstr(stage_hear_end(&stage, working, NULL), "late"));
    int peers[] = {idle, streaming, working, reading};
    for (int i = 0; i < 4; i++) {
        close(peers[i]);
    }
}

static void closing_ends_all_and_says_so(void **state)
{
    static const char *const words[] = {"",
                                        "GET /o",
                                        GET("/ok"),
                                        GET("/later"),
                                        GET("/stream"),
                                        GET("/big"),
                                        POST("/echo", "Content-Length: 9\r\n") "a",
                                        "nonsense\r\n"};
    int peers[8];
    (void)state;
    for (int i = 0; i < 8; i++) {
        peers[i] = stage_connect(&stage);
        stage_say(peers[i], words[i]);
    }
    stage_run(&stage, 5);
    http_close(stage.http);
    assert_int_equal(stage.gone, 3);
    assert_int_equal(http_count(stage.http), 0);
    for (int i = 0; i < 8; i++) {
        stage_hear_end(&stage, peers[i], NULL);
        close(peers[i]);
    }
}

static void an_answer_after_the_peer_went_is_dropped(void **state)
{
    (void)state;
    int peer = stage_connect(&stage);
    stage_say(peer, GET("/later"));
    stage_run(&stage, 5);
    struct http_exchange *exchange = stage.later;
    struct http_connection *connection = stage.http->waits[HTTP_WAIT_WORK].first;
    http_connection_lose(connection); /* as within the turn in which the peer went */
    http_answer(exchange, &(struct http_response){.status = 200});
    stage_run(&stage, 5);
    assert_int_equal(stage.gone, 0);
    assert_int_equal(http_count(stage.http), 0);
    close(peer);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, open_stage, close_stage)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_many_bodies_end_the_slowest_and_not_the_newest),
        cmocka_unit_test(a_head_that_trickles_meets_its_deadline),
        cmocka_unit_test(a_body_that_trickles_meets_its_deadline),
        cmocka_unit_test(an_idle_connection_is_closed_without_a_word),
        cmocka_unit_test(a_handler_that_does_not_answer_is_answered_for),
        cmocka_unit_test(who_does_not_read_the_answer_is_cut_off),
        cmocka_unit_test(who_reads_the_answer_slowly_gets_all_of_it),
        cmocka_unit_test(who_sends_on_after_a_refusal_is_not_listened_to_for_ever),
        STAGED(a_stream_is_sent_in_chunks_as_they_come),
        STAGED(a_stream_to_http_1_0_ends_with_the_connection),
        STAGED(a_stream_of_which_only_the_head_is_wanted_ends_at_once),
        STAGED(an_open_stream_is_small),
        STAGED(a_stream_whose_peer_ends_is_gone_once),
        STAGED(a_stream_that_is_not_read_is_cut_off),
        STAGED(a_stream_is_cut_off_while_its_handler_speaks),
        STAGED(a_stream_that_is_too_slow_meets_a_deadline),
        STAGED(draining_lets_requests_end_and_nothing_else),
        STAGED(closing_ends_all_and_says_so),
        STAGED(an_answer_after_the_peer_went_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
