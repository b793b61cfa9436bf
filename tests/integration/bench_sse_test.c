/*
 * duet-bench sse: against a server that can be told to lie, so that every lie is seen to be caught,
 * and against our own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/integration/support_bench.h"
#include "tests/integration/support_responder.h"

#define PEOPLE 4
#define STREAM_REQUEST "GET /api/v1/notifications/stream?topics=user,couple HTTP/1.1\r\n"
#define STREAM_HEAD                                                                                \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"     \
    "3\r\n:\n\n\r\n"

/* A lie is told at the 20th message, or of the last stream. */
enum lie {
    LIE_NONE,
    LIE_LOSE,      /* the event does not come */
    LIE_DOUBLE,    /* it comes twice */
    LIE_ASTRAY,    /* another couple gets it, too */
    LIE_NO_ID,     /* there is nothing to resume behind */
    LIE_PLACE,     /* event and answer disagree */
    LIE_END,       /* the stream ends */
    LIE_REFUSE,    /* a stream is not opened */
    LIE_NO_STREAM, /* it is answered, but is none */
};
#define LIE_AT 20

struct fake {
    enum lie lie;
    struct responder responder;
    size_t streams[PEOPLE]; /* connections */
    int sends;
    int msgs[PEOPLE / 2];
};

static bool lies(const struct fake *fake, enum lie lie)
{
    return fake->lie == lie && fake->sends == LIE_AT;
}

static void say_event(struct fake *fake, int who, int msg, const char *text)
{
    char event[512];
    char chunk[600];
    snprintf(event, sizeof event,
             "%sevent: chat.message\n"
             "data: {\"topic\":\"couple\",\"seq\":%d,\"data\":{\"msg\":%d,\"text\":\"%s\"}}\n\n",
             lies(fake, LIE_NO_ID) ? "" : "id: couple:e:1\n", msg + (lies(fake, LIE_PLACE) ? 1 : 0),
             msg, text);
    snprintf(chunk, sizeof chunk, "%zx\r\n%s\r\n", strlen(event), event);
    responder_say(&fake->responder, fake->streams[who], chunk);
}

static size_t answer_send(struct fake *fake, int who, const char *body, char *out, size_t size)
{
    char text[256] = "";
    char answer[128];
    const char *said = strstr(body, "\"text\":\"");
    int msg = ++fake->msgs[who / 2];
    fake->sends++;
    snprintf(text, sizeof text, "%.*s", (int)strcspn(said + 8, "\""), said + 8);
    if (!lies(fake, LIE_LOSE)) {
        say_event(fake, who ^ 1, msg, text);
    }
    if (lies(fake, LIE_DOUBLE)) {
        say_event(fake, who ^ 1, msg, text);
    }
    if (lies(fake, LIE_ASTRAY)) {
        say_event(fake, who ^ 2, msg, text);
    }
    if (lies(fake, LIE_END)) {
        responder_say(&fake->responder, fake->streams[who], "0\r\n\r\n");
    }
    say_event(fake, who, msg, text); /* a sender may hear itself */
    snprintf(answer, sizeof answer, "{\"status\":\"ok\",\"data\":{\"seq\":%d,\"msg\":%d}}", msg,
             msg);
    return responder_write(out, size, 201, answer);
}

static size_t answer(void *owner, const struct responder_request *request, char *out, size_t size)
{
    struct fake *fake = owner;
    const char *token = strstr(request->head, "\r\nAuthorization: Bearer token-");
    int who = token != NULL ? atoi(token + 30) : PEOPLE;
    if (who >= PEOPLE) {
        return responder_write(out, size, 401, "{}");
    }
    if (strncmp(request->head, STREAM_REQUEST, sizeof STREAM_REQUEST - 1) == 0) {
        bool refuses = who == PEOPLE - 1 && fake->lie == LIE_REFUSE;
        bool answers = who == PEOPLE - 1 && fake->lie == LIE_NO_STREAM;
        fake->streams[who] = request->connection;
        return refuses || answers ? responder_write(out, size, refuses ? 503 : 200, "{}")
                                  : (size_t)snprintf(out, size, "%s", STREAM_HEAD);
    }
    return answer_send(fake, who, request->body, out, size);
}

static json_t *listen_to(enum lie lie, const char *silence, int status)
{
    struct fake fake = {.lie = lie};
    char address[32];
    char tokens[BENCH_TOKENS_PATH];
    bench_write_tokens(tokens, PEOPLE / 2);
    responder_start(&fake.responder, answer, &fake);
    snprintf(address, sizeof address, "127.0.0.1:%u", fake.responder.port);
    const char *const words[] = {
        "sse", "--server",      address, "--tokens", tokens, "--hold",    "1",     "--seconds",
        "1",   "--connections", "4",     "--rate",   "100",  "--silence", silence, NULL};
    json_t *report = NULL;
    if (lie == LIE_REFUSE || lie == LIE_NO_STREAM) { /* nothing is measured then */
        assert_int_equal(bench_run(words), status);
    } else {
        report = bench_report(words, status);
    }
    responder_stop(&fake.responder);
    unlink(tokens);
    return report;
}

static void every_message_reaches_its_stream_once(void **state)
{
    (void)state;
    json_t *report = listen_to(LIE_NONE, "0", 0);
    double sent = bench_number(report, "sent");
    assert_true(sent >= 95 && sent <= 105);
    assert_true(bench_number(report, "acked") == sent);
    assert_true(bench_number(report, "delivered") == sent);
    assert_true(bench_number(report, "own_events") == sent);
    assert_true(bench_number(report, "streams") == 4);
    assert_true(bench_number(report, "delivery_p50_ms") > 0);
    assert_true(bench_number(report, "delivery_p50_ms") <= bench_number(report, "delivery_p99_ms"));
    json_decref(report);
}

static void every_lie_is_caught(void **state)
{
    static const struct {
        enum lie lie;
        const char *figure;
    } rows[] = {{LIE_LOSE, "lost"},
                {LIE_DOUBLE, "doubled"},
                {LIE_ASTRAY, "strange_events"},
                {LIE_NO_ID, "strange_events"},
                {LIE_PLACE, "disordered"},
                {LIE_END, "streams_lost"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *report = listen_to(rows[i].lie, "0", 1);
        assert_true(json_is_false(json_object_get(report, "good")));
        if (!(bench_number(report, rows[i].figure) > 0)) {
            fail_msg("%s is 0", rows[i].figure);
        }
        json_decref(report);
    }
}

static void a_stream_that_is_none_is_noticed(void **state)
{
    (void)state;
    listen_to(LIE_REFUSE, "0", 1);
    assert_non_null(strstr(bench_output, "stream 3 was not opened: status 503"));
    listen_to(LIE_NO_STREAM, "0", 1);
    assert_non_null(strstr(bench_output, "stream 3 was not opened: status 200"));
}

/* The hold is 1 s, and this server has no heartbeats. */
static void silence_is_measured(void **state)
{
    (void)state;
    json_t *report = listen_to(LIE_NONE, "0", 0);
    assert_true(bench_number(report, "silence_max_s") > 0.9);
    assert_true(bench_number(report, "streams_without_heartbeat") == 4);
    json_decref(report);
}

static void our_server_passes(void **state)
{
    static const char *const words[] = {"sse", "--connections", "40",  "--hold", "1", "--seconds",
                                        "1",   "--rate",        "200", NULL};
    (void)state;
    json_t *report = bench_report(words, 0);
    double sent = bench_number(report, "sent");
    assert_true(sent >= 190 && sent <= 210);
    assert_true(bench_number(report, "delivered") == sent);
    assert_true(bench_number(report, "bytes_per_stream") > 0);
    assert_true(bench_number(report, "server_cpu_percent_of_a_core") >= 0);
    json_decref(report);
}

static void a_wrong_command_line_is_refused(void **state)
{
    static const char *const words[] = {"sse", "--topics", "user", NULL}; /* no messages on it */
    (void)state;
    assert_int_equal(bench_run(words), 2);
    assert_non_null(strstr(bench_output, "--topics"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_reaches_its_stream_once),
        cmocka_unit_test(every_lie_is_caught),
        cmocka_unit_test(a_stream_that_is_none_is_noticed),
        cmocka_unit_test(silence_is_measured),
        cmocka_unit_test(our_server_passes),
        cmocka_unit_test(a_wrong_command_line_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
