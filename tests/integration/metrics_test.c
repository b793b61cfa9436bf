/*
 * What operators ask a running server: whether it lives, whether it takes requests, and its
 * figures.
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/tcp.h"
#include "tests/integration/support_daemon.h"
#include "tests/unit/support/metrics_lint.h"

#define WAIT_MS 10000

static char answer[1 << 20];

/** The status; the body stands in `answer` behind its head. */
static int ask(const struct daemon *daemon, const char *method, const char *path, const char *lines,
               const char **body)
{
    char request[512];
    size_t len = 0;
    ssize_t got;
    int fd, status = 0;
    int64_t deadline_ms = tcp_now_ms() + WAIT_MS;
    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n",
             method, path, lines);
    assert_int_equal(tcp_connect("127.0.0.1", daemon->port, NULL, deadline_ms, &fd), 0);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    while (tcp_wait(fd, POLLIN, deadline_ms) == 0 && len < sizeof answer - 1 &&
           (got = recv(fd, answer + len, sizeof answer - 1 - len, 0)) > 0) {
        len += (size_t)got;
    }
    close(fd);
    answer[len] = '\0';
    assert_int_equal(sscanf(answer, "HTTP/1.1 %d", &status), 1);
    *body = strstr(answer, "\r\n\r\n");
    assert_non_null(*body);
    *body += 4;
    return status;
}

static void a_serving_node_is_alive_ready_and_counted(void **state)
{
    struct daemon daemon;
    const char *body;
    (void)state;
    daemon_init(&daemon, NULL);
    daemon_start(&daemon);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ask(&daemon, "GET", "/healthz", "", &body), 200);
        assert_string_equal(body, "{\"status\":\"ok\"}");
    }
    assert_int_equal(ask(&daemon, "GET", "/readyz", "", &body), 200);
    assert_int_equal(ask(&daemon, "POST", "/readyz", "Content-Length: 0\r\n", &body), 405);
    assert_int_equal(ask(&daemon, "GET", "/no/such/path", "", &body), 404);
    assert_int_equal(ask(&daemon, "GET", "/api/auth/me", "", &body), 401);
    assert_int_equal(ask(&daemon, "GET", "/metrics", "", &body), 200);
    assert_non_null(
        strstr(answer, "\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    metrics_lint(body);
    static const struct {
        const char *series;
        double least, most;
    } expected[] = {
        {"http_requests_total{method=\"GET\",endpoint=\"/healthz\",status=\"200\"}", 3, 3},
        {"http_requests_total{method=\"GET\",endpoint=\"/readyz\",status=\"200\"}", 1, 1},
        {"http_requests_total{method=\"POST\",endpoint=\"/readyz\",status=\"405\"}", 1, 1},
        {"http_requests_total{method=\"GET\",endpoint=\"other\",status=\"404\"}", 1, 1},
        {"http_requests_total{method=\"GET\",endpoint=\"/api/v1/auth/me\",status=\"401\"}", 1, 1},
        {"http_request_duration_seconds_count{method=\"GET\",endpoint=\"/healthz\"}", 3, 3},
        {"http_connections", 0, 1},
        {"ws_connections", 0, 0},
        {"process_open_fds", 4, 1000},
        {"duet_sessions", 0, 2},
        {"duet_shards", 1, 256},
        {"duet_mailbox_waiting", 0, 0},
        {"duet_mailbox_full_total", 0, 0},
        {"duet_flush_lag_seconds", 0, 100},
        {"duet_flush_lag_records", 0, 100},
        {"duet_log_commit_seconds_count", 0, 1000},
        {"duet_log_commit_records_bucket{le=\"1\"}", 0, 1000},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        double value = metrics_value(body, expected[i].series);
        if (value < expected[i].least || value > expected[i].most) {
            fail_msg("%s: %f in\n%s", expected[i].series, value, body);
        }
    }
    daemon_destroy(&daemon);
}

static void figures_are_for_listed_networks(void **state)
{
    static const char *const nobody[] = {"--metrics-networks", "none", NULL};
    static const char *const behind_proxy[] = {"--trusted-proxies", "127.0.0.1",
                                               "--metrics-networks", "10.1.0.0/16", NULL};
    struct daemon daemon;
    const char *body;
    (void)state;
    daemon_init(&daemon, NULL);
    daemon_start(&daemon);
    assert_int_equal(ask(&daemon, "GET", "/metrics", "X-Forwarded-For: 127.0.0.1\r\n", &body), 403);
    assert_int_equal(ask(&daemon, "GET", "/metrics", "Forwarded: for=127.0.0.1\r\n", &body), 403);
    assert_int_equal(ask(&daemon, "GET", "/metrics", "Via: 1.1 proxy\r\n", &body), 403);
    daemon_destroy(&daemon);
    daemon_init(&daemon, nobody);
    daemon_start(&daemon);
    assert_int_equal(ask(&daemon, "GET", "/metrics", "", &body), 403);
    assert_int_equal(ask(&daemon, "GET", "/healthz", "", &body), 200);
    daemon_destroy(&daemon);
    daemon_init(&daemon, behind_proxy);
    daemon_start(&daemon);
    assert_int_equal(ask(&daemon, "GET", "/metrics", "X-Forwarded-For: 10.1.2.3\r\n", &body), 200);
    assert_int_equal(ask(&daemon, "GET", "/metrics", "X-Forwarded-For: 10.2.2.3\r\n", &body), 403);
    assert_int_equal(ask(&daemon, "GET", "/metrics", "", &body), 403);
    daemon_destroy(&daemon);
}

static void a_node_without_room_is_not_ready(void **state)
{
    static const char *const options[] = {"--log-reserve", "1024GiB", NULL};
    struct daemon daemon;
    const char *body;
    (void)state;
    daemon_init(&daemon, options);
    daemon_start(&daemon);
    assert_int_equal(ask(&daemon, "GET", "/readyz", "", &body), 503);
    assert_non_null(strstr(body, "\"STORAGE_FULL\""));
    assert_int_equal(ask(&daemon, "GET", "/healthz", "", &body), 200);
    daemon_destroy(&daemon);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_serving_node_is_alive_ready_and_counted),
        cmocka_unit_test(figures_are_for_listed_networks),
        cmocka_unit_test(a_node_without_room_is_not_ready),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
