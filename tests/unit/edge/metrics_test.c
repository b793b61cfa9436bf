#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "edge/metrics.h"
#include "edge/metrics_text.h"
#include "tests/unit/support/metrics_lint.h"

static struct metrics *metrics;
static struct buffer text;

static int set_up(void **state)
{
    (void)state;
    metrics = metrics_create(&(struct metrics_config){.shards = 2, .version = "1.2\"3\\"});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    metrics_destroy(metrics);
    buffer_fini(&text);
    return 0;
}

static const char *rendered(void)
{
    buffer_clear(&text);
    metrics_render(metrics, &text);
    buffer_append_u8(&text, 0);
    return (const char *)text.data;
}

static void answers_of_all_shards_are_added_up(void **state)
{
    struct metrics_shard *first = metrics_of_shard(metrics, 0);
    struct metrics_shard *second = metrics_of_shard(metrics, 1);
    (void)state;
    metrics_record(first, HTTP_GET, METRICS_HEALTHZ, 200, 100);
    metrics_record(second, HTTP_GET, METRICS_HEALTHZ, 200, 700);
    metrics_record(second, HTTP_GET, METRICS_HEALTHZ, 503, 20000000);
    metrics_record(second, HTTP_OTHER, 12345, 404, -1);
    metrics_set(first, METRICS_HTTP_CONNECTIONS, 3);
    metrics_set(second, METRICS_HTTP_CONNECTIONS, 4);
    metrics_set(second, METRICS_HTTP_CONNECTIONS, 5);
    const char *page = rendered();
    metrics_lint(page);
#define GET_HEALTHZ "method=\"GET\",endpoint=\"/healthz\""
#define TOOK "http_request_duration_seconds"
    assert_true(metrics_value(page, "http_requests_total{" GET_HEALTHZ ",status=\"200\"}") == 2);
    assert_true(metrics_value(page, "http_requests_total{" GET_HEALTHZ ",status=\"503\"}") == 1);
    assert_true(metrics_value(page, "http_requests_total{method=\"OTHER\",endpoint=\"other\","
                                    "status=\"404\"}") == 1);
    assert_true(metrics_value(page, TOOK "_bucket{" GET_HEALTHZ ",le=\"0.00025\"}") == 1);
    assert_true(metrics_value(page, TOOK "_bucket{" GET_HEALTHZ ",le=\"0.001\"}") == 2);
    assert_true(metrics_value(page, TOOK "_bucket{" GET_HEALTHZ ",le=\"10\"}") == 2);
    assert_true(metrics_value(page, TOOK "_bucket{" GET_HEALTHZ ",le=\"+Inf\"}") == 3);
    assert_true(metrics_value(page, TOOK "_count{" GET_HEALTHZ "}") == 3);
    assert_true(metrics_value(page, TOOK "_sum{" GET_HEALTHZ "}") == 20.0008);
    assert_true(metrics_value(page, "http_connections") == 8);
    assert_true(metrics_value(page, "ws_connections") == 0);
}

static void the_process_is_described(void **state)
{
    (void)state;
    const char *page = rendered();
    metrics_lint(page);
    assert_true(metrics_value(page, "process_resident_memory_bytes") > 1000000);
    assert_true(metrics_value(page, "process_cpu_seconds_total") >= 0);
    assert_true(metrics_value(page, "process_start_time_seconds") > 1.6e9);
    assert_true(metrics_value(page, "process_max_fds") > 3);
    assert_true(metrics_value(page, "duet_build_info{version=\"1.2\\\"3\\\\\"}") == 1);
}

static void fractions_are_exact(void **state)
{
    (void)state;
    struct buffer out = {0};
    metrics_text_fraction(&out, "a", "", 1000001, 1000000);
    metrics_text_fraction(&out, "a", "", 250, 1000000);
    metrics_text_fraction(&out, "a", "", 3000, 1000);
    metrics_text_fraction(&out, "a", "", UINT64_MAX, 1);
    buffer_append_u8(&out, 0);
    assert_string_equal((const char *)out.data,
                        "a 1.000001\na 0.00025\na 3\na 18446744073709551615\n");
    buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_of_all_shards_are_added_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_process_is_described, set_up, tear_down),
        cmocka_unit_test(fractions_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
