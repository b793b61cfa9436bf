/*
 * duet-bench probe against servers that answer well, wrongly, late and not at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/integration/support_bench.h"
#include "tests/integration/support_responder.h"

struct behaviour {
    int status;
    int stall_at; /* before the answer of this number; 0: never */
    int stall_ms;
    int drop_every; /* connections end unanswered; 0: none */
    int answers;
};

static size_t answer(void *owner, const struct responder_request *request, char *out, size_t size)
{
    struct behaviour *behaviour = owner;
    int number = ++behaviour->answers;
    if (number == behaviour->stall_at) {
        usleep((unsigned)behaviour->stall_ms * 1000);
    }
    if (behaviour->drop_every != 0 && number % behaviour->drop_every == 0) {
        return 0;
    }
    bool known = strncmp(request->head, "GET /there HTTP/1.1\r\nHost: 127.0.0.1:", 37) == 0;
    return responder_write(out, size, known ? behaviour->status : 404, "{}");
}

static json_t *probe(struct behaviour *behaviour, const char *limit_ms, int status)
{
    struct responder responder;
    char address[32];
    responder_start(&responder, answer, behaviour);
    snprintf(address, sizeof address, "127.0.0.1:%u", responder.port);
    const char *const words[] = {"probe", "--address",  address,  "--path",    "/there", "--rate",
                                 "100",   "--limit-ms", limit_ms, "--seconds", "1",      NULL};
    json_t *report = bench_report(words, status);
    responder_stop(&responder);
    return report;
}

static void every_answer_is_counted_once(void **state)
{
    struct behaviour good = {.status = 200};
    (void)state;
    json_t *report = probe(&good, "0", 0);
    double asked = bench_number(report, "asked"); /* a busy machine may miss the last ones */
    assert_true(asked >= 180 && asked <= 200);
    assert_true(bench_number(report, "answered") == asked);
    assert_true(bench_number(report, "new_count") == asked / 2);
    assert_true(bench_number(report, "kept_count") == asked / 2);
    assert_true(bench_number(report, "reopened") == 0);
    assert_true(bench_number(report, "new_p50_ms") > 0);
    assert_true(good.answers == asked);
    json_decref(report);
}

/* The server stands still for 700 ms of one second. Those who would have asked meanwhile waited,
 * too, though there are only ten kept connections: so the median is of them. */
static void a_stall_counts_for_all_who_waited(void **state)
{
    struct behaviour stalled = {.status = 200, .stall_at = 40, .stall_ms = 700};
    (void)state;
    json_t *report = probe(&stalled, "300", 1);
    assert_true(bench_number(report, "answered") == 200);
    assert_true(bench_number(report, "kept_p50_ms") > 100);
    assert_true(bench_number(report, "new_p50_ms") > 100);
    assert_true(bench_number(report, "kept_p99_ms") > 600);
    assert_true(json_is_false(json_object_get(report, "good")));
    json_decref(report);
}

static void a_wrong_status_is_a_fault(void **state)
{
    struct behaviour wrong = {.status = 503};
    (void)state;
    json_t *report = probe(&wrong, "0", 1);
    assert_true(bench_number(report, "wrong_status") == 200);
    json_decref(report);
}

static void no_answer_is_a_fault(void **state)
{
    struct behaviour silent = {.status = 200, .drop_every = 10};
    (void)state;
    json_t *report = probe(&silent, "0", 1);
    assert_true(bench_number(report, "failed") == 20);
    assert_true(bench_number(report, "answered") == 180);
    json_decref(report);
}

static void a_wrong_address_is_refused(void **state)
{
    static const char *const words[] = {"probe", "--address", "nowhere", NULL};
    (void)state;
    assert_int_equal(bench_run(words), 2);
    assert_non_null(strstr(bench_output, "HOST:PORT"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_is_counted_once),
        cmocka_unit_test(a_stall_counts_for_all_who_waited),
        cmocka_unit_test(a_wrong_status_is_a_fault),
        cmocka_unit_test(no_answer_is_a_fault),
        cmocka_unit_test(a_wrong_address_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
