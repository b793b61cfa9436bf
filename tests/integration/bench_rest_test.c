/*
 * duet-bench rest: against a server that can be told to lie, so that every lie is seen to be
 * caught, and against our own.
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

#define MESSAGES_MAX 1000000
#define TEXT_BYTES 60

/* One couple's server. A lie is told at the 50th request of its kind. */
enum lie {
    LIE_NONE,
    LIE_LOSE,         /* acknowledges and forgets */
    LIE_DOUBLE,       /* stores twice */
    LIE_SWAP,         /* says another place than it has */
    LIE_DUP,          /* calls a fresh message a repetition */
    LIE_WRONG_STATUS, /* of a read */
    LIE_ERROR,        /* right status, and an envelope that says error */
    LIE_NO_JSON,
    LIE_STALE,     /* history without what was acknowledged */
    LIE_DROP,      /* closes instead of answering */
    LIE_SAY_CLOSE, /* no lie: closes behind an answer that says so */
    LIE_STALL,     /* no lie: stands still for 700 ms */
    LIE_BUSY       /* no lie: refuses one */
};
#define LIE_AT 50

struct fake {
    enum lie lie;
    int sends, reads, others;
    size_t count;
    char (*texts)[TEXT_BYTES + 1];
};

static bool lies(const struct fake *fake, enum lie lie, int number)
{
    return fake->lie == lie && number == LIE_AT;
}

static void store(struct fake *fake, const char *text)
{
    if (fake->count == MESSAGES_MAX) {
        abort(); /* a failing assertion would not be seen on this thread */
    }
    snprintf(fake->texts[fake->count++], TEXT_BYTES + 1, "%.*s", TEXT_BYTES, text);
}

static size_t answer_send(struct fake *fake, const char *body, char *out, size_t size)
{
    char text[256];
    const char *said = strstr(body, "\"text\":\"");
    int number = ++fake->sends;
    if (said == NULL || strncmp(body, "{\"no\":", 6) != 0 || strstr(body, "no\":0") != NULL) {
        return responder_write(out, size, 400, "{\"status\":\"error\"}");
    }
    if (lies(fake, LIE_BUSY, number)) {
        return responder_write(out, size, 503, "{\"status\":\"error\"}");
    }
    if (!lies(fake, LIE_LOSE, number)) {
        store(fake, said + 8);
    }
    if (lies(fake, LIE_DOUBLE, number)) {
        store(fake, said + 8);
    }
    size_t msg = fake->count + lies(fake, LIE_SWAP, number);
    snprintf(text, sizeof text,
             "{\"status\":\"ok\",\"data\":{\"epoch\":\"e\",\"seq\":%zu,\"msg\":%zu,\"at\":1%s}}",
             msg + 7, msg, lies(fake, LIE_DUP, number) ? ",\"dup\":true" : "");
    return responder_write(out, size, 201, text);
}

static size_t number_behind(const char *head, const char *name, size_t otherwise)
{
    const char *found = strstr(head, name);
    return found != NULL ? strtoul(found + strlen(name), NULL, 10) : otherwise;
}

static size_t answer_history(struct fake *fake, const char *head, char *out, size_t size)
{
    static char text[32768];
    size_t limit = number_behind(head, "limit=", 50);
    size_t newest = fake->count > limit ? fake->count - limit : 0;
    size_t from = number_behind(head, "after=", newest);
    size_t end = fake->count - (lies(fake, LIE_STALE, ++fake->reads) ? 15 : 0);
    size_t len = (size_t)snprintf(text, sizeof text, "{\"status\":\"ok\",\"data\":{\"messages\":[");
    for (size_t i = from; i < end && i < from + limit; i++) {
        len +=
            (size_t)snprintf(text + len, sizeof text - len,
                             "%s{\"msg\":%zu,\"seq\":%zu,\"from\":\"f\",\"text\":\"%s\",\"at\":1}",
                             i == from ? "" : ",", i + 1, i + 8, fake->texts[i]);
    }
    snprintf(text + len, sizeof text - len, "],\"last_msg\":%zu}}", fake->count);
    return responder_write(out, size, 200, text);
}

static size_t answer_other(struct fake *fake, char *out, size_t size)
{
    static const char body[] = "{\"status\":\"ok\",\"data\":{\"nickname\":\"a\"}}";
    int number = ++fake->others;
    if (lies(fake, LIE_DROP, number)) {
        return 0;
    }
    if (lies(fake, LIE_STALL, number)) {
        usleep(700000);
    }
    if (lies(fake, LIE_SAY_CLOSE, number)) {
        return (size_t)snprintf(
            out, size, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
            sizeof body - 1, body);
    }
    if (lies(fake, LIE_ERROR, number)) {
        return responder_write(out, size, 200,
                               "{\"status\":\"error\",\"error\":{\"code\":\"IO\"}}");
    }
    if (lies(fake, LIE_NO_JSON, number)) {
        return responder_write(out, size, 200, "{\"status\":\"ok\",\"data\":{\"nickname\":}}");
    }
    return responder_write(out, size, lies(fake, LIE_WRONG_STATUS, number) ? 404 : 200, body);
}

static size_t answer(void *owner, const struct responder_request *request, char *out, size_t size)
{
    struct fake *fake = owner;
    const char *head = request->head;
    if (strstr(head, "\r\nAuthorization: Bearer token-") == NULL) {
        return responder_write(out, size, 401, "{\"status\":\"error\"}");
    }
    if (strncmp(head, "POST /api/v1/chat/messages HTTP/1.1\r\n", 37) == 0) {
        return answer_send(fake, request->body, out, size);
    }
    if (strncmp(head, "GET /api/v1/chat/messages?", 26) == 0) {
        return answer_history(fake, head, out, size);
    }
    if (strncmp(head, "GET /api/v1/user/profile HTTP/1.1\r\n", 35) == 0 ||
        strncmp(head, "GET /api/v1/notifications/unread HTTP/1.1\r\n", 43) == 0) {
        return answer_other(fake, out, size);
    }
    return responder_write(out, size, 404, "{\"status\":\"error\"}");
}

/* Runs the scenario at 600 requests in a second against a server with this lie. */
static json_t *load_with(enum lie lie, const char *const *more, int status)
{
    struct fake fake = {.lie = lie, .texts = calloc(MESSAGES_MAX, sizeof *fake.texts)};
    struct responder responder;
    char address[32];
    char tokens[BENCH_TOKENS_PATH];
    bench_write_tokens(tokens, 1);
    responder_start(&responder, answer, &fake);
    snprintf(address, sizeof address, "127.0.0.1:%u", responder.port);
    const char *words[32] = {"rest",      "--server", address,   "--tokens",  tokens,
                             "--couples", "1",        "--bytes", "60",        "--mix",
                             "2:1",       "--warmup", "0",       "--seconds", "1"};
    size_t count = 15;
    for (size_t i = 0; more[i] != NULL; i++) {
        words[count++] = more[i];
    }
    json_t *report = bench_report(words, status);
    responder_stop(&responder);
    unlink(tokens);
    free(fake.texts);
    return report;
}

static const char *const open_loop[] = {"--rate", "600", NULL};

static void an_honest_server_passes(void **state)
{
    static const char *const loops[][7] = {
        {"--rate", "600", NULL},
        {"--connections", "5", "--pipeline", "4", NULL},
        {"--connections", "7", "--rate", "900", "--op", "send", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof loops / sizeof loops[0]; i++) {
        json_t *report = load_with(LIE_NONE, loops[i], 0);
        double per_s = bench_number(report, "requests_per_s");
        double sent = bench_number(report, "sent");
        assert_true(per_s > 300);
        assert_true(sent > 100 && sent == bench_number(report, "acked"));
        assert_true(sent == bench_number(report, "delivered"));
        assert_true(bench_number(report, "p50_us") > 0);
        assert_true(bench_number(report, "p50_us") <= bench_number(report, "p99_us"));
        assert_true(bench_number(report, "reads_per_s") + bench_number(report, "writes_per_s") <
                    per_s * 1.001);
        assert_true(bench_number(report, "generator_cpu_us_per_request") > 0);
        json_decref(report);
    }
}

static void every_lie_is_caught(void **state)
{
    static const struct {
        enum lie lie;
        const char *figure;
    } rows[] = {
        {LIE_LOSE, "lost"},
        {LIE_DOUBLE, "doubled"},
        {LIE_SWAP, "disordered"},
        {LIE_DUP, "malformed"},
        {LIE_WRONG_STATUS, "wrong_status"},
        {LIE_ERROR, "malformed"},
        {LIE_NO_JSON, "malformed"},
        {LIE_STALE, "malformed"},
        {LIE_DROP, "connections_lost"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *report = load_with(rows[i].lie, open_loop, 1);
        assert_true(json_is_false(json_object_get(report, "good")));
        if (!(bench_number(report, rows[i].figure) > 0)) {
            fail_msg("%s is 0", rows[i].figure);
        }
        json_decref(report);
    }
}

static void what_a_server_may_do_is_no_fault(void **state)
{
    (void)state;
    json_t *closes = load_with(LIE_SAY_CLOSE, open_loop, 0);
    assert_true(bench_number(closes, "reopened") == 1);
    json_decref(closes);
    json_t *busy = load_with(LIE_BUSY, open_loop, 0);
    assert_true(bench_number(busy, "refused") == 1);
    assert_true(bench_number(busy, "sent") == bench_number(busy, "acked") + 1);
    json_decref(busy);
}

/* One request of 600 takes long, and all that were due meanwhile have waited: the median says so.
 */
static void a_stall_counts_for_all_who_were_due(void **state)
{
    (void)state;
    json_t *report = load_with(LIE_STALL, open_loop, 0);
    assert_true(bench_number(report, "p50_us") > 50000);
    assert_true(bench_number(report, "p99_us") > 600000);
    assert_true(bench_number(report, "sent") > 150);
    json_decref(report);
}

/* Our own server, reads and writes, and more than one connection for some of the people. */
static void our_server_passes(void **state)
{
    static const char *const words[] = {"rest", "--couples", "5", "--connections", "15", "--mix",
                                        "2:1",  "--warmup",  "0", "--seconds",     "2",  "--rate",
                                        "1500", NULL};
    (void)state;
    json_t *report = bench_report(words, 0);
    double sent = bench_number(report, "sent");
    assert_true(bench_number(report, "requests_per_s") > 1000);
    assert_true(sent > 700 && sent == bench_number(report, "delivered"));
    assert_true(bench_number(report, "refused") == 0);
    assert_true(bench_number(report, "server_cpu_us_per_request") > 0);
    assert_true(bench_number(report, "profile_p50_us") > 0);
    assert_true(bench_number(report, "send_p50_us") > bench_number(report, "unread_p50_us"));
    json_decref(report);
}

static void a_wrong_command_line_is_refused(void **state)
{
    static const char *const wrong_op[] = {"rest", "--op", "delete", NULL};
    static const char *const wrong_mix[] = {"rest", "--mix", "0:0", NULL};
    (void)state;
    assert_int_equal(bench_run(wrong_op), 2);
    assert_non_null(strstr(bench_output, "--op"));
    assert_int_equal(bench_run(wrong_mix), 2);
    assert_non_null(strstr(bench_output, "--mix"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_honest_server_passes),
        cmocka_unit_test(every_lie_is_caught),
        cmocka_unit_test(what_a_server_may_do_is_no_fault),
        cmocka_unit_test(a_stall_counts_for_all_who_were_due),
        cmocka_unit_test(our_server_passes),
        cmocka_unit_test(a_wrong_command_line_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
