/*
 * What listener and libmicrohttpd answer to requests that the open internet sends: a table of raw
 * requests against the real thing on a libuv loop, over real sockets.
 * docs/decisions/http-library.md draws its conclusions from this table.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "edge/http.h"
#include "edge/listener.h"

#define REQUEST_MS 700 /* deadline of a request, in these tests */
#define WAIT_MS 3000   /* an answer or an end within this time, or it hangs */

struct server {
    uv_thread_t thread;
    uv_loop_t loop;
    uv_async_t stop;
    uv_timer_t tick;
    struct http *http;
    struct listener *listener;
    uint16_t port;
};

static void take_ws(void *self, int fd)
{
    (void)self;
    close(fd);
}

static void take_http(void *self, int fd, const struct sockaddr *address, socklen_t len)
{
    struct server *server = self;
    http_adopt(server->http, fd, address, len);
}

static uint32_t count(void *self)
{
    struct server *server = self;
    return http_count(server->http);
}

static void handle_tick(uv_timer_t *tick)
{
    struct server *server = tick->data;
    http_tick(server->http);
    listener_tick(server->listener);
}

static void handle_stop(uv_async_t *stop)
{
    struct server *server = stop->data;
    listener_close(server->listener);
    http_close(server->http);
    uv_close((uv_handle_t *)&server->tick, NULL);
    uv_close((uv_handle_t *)&server->stop, NULL);
}

static void run_server(void *argument)
{
    struct server *server = argument;
    uv_run(&server->loop, UV_RUN_DEFAULT);
}

static int start_server(void **state)
{
    struct server *server = calloc(1, sizeof *server);
    int fd;
    uv_loop_init(&server->loop);
    uv_async_init(&server->loop, &server->stop, handle_stop);
    uv_timer_init(&server->loop, &server->tick);
    server->stop.data = server->tick.data = server;
    uv_timer_start(&server->tick, handle_tick, 100, 100);
    assert_int_equal(http_create(&(struct http_config){.loop = &server->loop,
                                                       .jwks = bytes_of("{\"keys\":[]}", 11),
                                                       .request_ms = REQUEST_MS,
                                                       .connections_max = 64},
                                 &server->http),
                     0);
    assert_int_equal(listener_bind("127.0.0.1:0", &server->port, &fd), 0);
    assert_int_equal(listener_create(&(struct listener_config){.loop = &server->loop,
                                                               .fd = fd,
                                                               .head_ms = REQUEST_MS,
                                                               .connections_max = 64,
                                                               .self = server,
                                                               .accept_ws = take_ws,
                                                               .accept_http = take_http,
                                                               .connections = count},
                                     &server->listener),
                     0);
    uv_thread_create(&server->thread, run_server, server);
    *state = server;
    return 0;
}

static int stop_server(void **state)
{
    struct server *server = *state;
    uv_async_send(&server->stop);
    uv_thread_join(&server->thread);
    listener_destroy(server->listener);
    http_destroy(server->http);
    assert_int_equal(uv_loop_close(&server->loop), 0);
    free(server);
    return 0;
}

/* --- a client that sends what it is told ----------------------------------------------------- */

static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/** Reads until the end of input or WAIT_MS; returns the bytes, and whether it ended. */
static size_t read_all(int fd, char *out, size_t size, bool *ended)
{
    size_t len = 0;
    int64_t deadline = now_ms() + WAIT_MS;
    *ended = false;
    while (len + 1 < size) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        int64_t left = deadline - now_ms();
        if (left <= 0 || poll(&poll_fd, 1, (int)left) <= 0) {
            break;
        }
        ssize_t got = recv(fd, out + len, size - 1 - len, 0);
        if (got <= 0) {
            *ended = true;
            break;
        }
        len += (size_t)got;
    }
    out[len] = '\0';
    return len;
}

/** The status codes of the answers, in order: "200". */
static void statuses(const char *text, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (const char *at = text; (at = strstr(at, "HTTP/1.1 ")) != NULL; at += 8) {
        if (strlen(at) >= 12 && (at == text || at[-1] == '\n')) {
            len += (size_t)snprintf(out + len, size - len, "%s%.3s", len == 0 ? "" : " ", at + 9);
        }
    }
}

/* --- the table ------------------------------------------------------------------------------- */

#define HOST "Host: a\r\n"
#define GET_HEALTHZ "GET /healthz HTTP/1.1\r\n" HOST "\r\n"
#define LAST "GET /healthz HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"

struct raw_case {
    const char *name;
    const char *request;
    size_t len; /* 0: strlen */
    const char *expected;
    bool half_close; /* after sending */
};
#define RAW(text) text, sizeof text - 1

static const struct raw_case cases[] = {
    {"get", RAW(LAST), "200", false},
    {"head", RAW("HEAD /healthz HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"), "200", false},
    {"keys", RAW("GET /.well-known/jwks.json HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"), "200",
     false},
    {"unknown path", RAW("GET /x HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"), "404", false},
    {"wrong method", RAW("DELETE /healthz HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"), "405",
     false},
    {"pipelined gets", RAW(GET_HEALTHZ GET_HEALTHZ LAST), "200", false}, /* one each */
    {"half-closed get", RAW(GET_HEALTHZ), "200", true},
    {"half-closed head of a request", RAW("GET /healthz HTTP/1.1\r\nHo"), "", true},
    {"post with a body", RAW("POST /x HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"), "404",
     false},
    {"get, then a post with its body pipelined",
     RAW(GET_HEALTHZ "POST /x HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"), "200", false},
    {"chunked body",
     RAW("POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
         "3\r\nabc\r\n0\r\n\r\n"),
     "404", false},
    {"bad chunk",
     RAW("POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n"),
     "404", false},
    {"length and chunked",
     RAW("POST /x HTTP/1.1\r\n" HOST "Content-Length: 3\r\n"
         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     "400", false},
    {"two lengths that differ",
     RAW("POST /x HTTP/1.1\r\n" HOST "Content-Length: 3\r\n"
         "Content-Length: 4\r\n\r\nabcd"),
     "400", false},
    {"length -1", RAW("POST /x HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n"), "400", false},
    {"length 5abc", RAW("POST /x HTTP/1.1\r\n" HOST "Content-Length: 5abc\r\n\r\n"), "400", false},
    {"length +5", RAW("POST /x HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\n"), "400", false},
    {"length beyond 64 bits",
     RAW("POST /x HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n"), "400|413",
     false},
    {"unknown coding", RAW("POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n"), "400",
     false},
    {"coding that ends in another",
     RAW("POST /x HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, gzip\r\n\r\n"), "400", false},
    {"no host", RAW("GET /healthz HTTP/1.1\r\n\r\n"), "400", false},
    {"two hosts", RAW("GET /healthz HTTP/1.1\r\n" HOST "Host: b\r\n\r\n"), "400", false},
    {"name that ends in a blank", RAW("GET /healthz HTTP/1.1\r\n" HOST "X : y\r\n\r\n"), "400",
     false},
    {"length whose name ends in a blank",
     RAW("POST /x HTTP/1.1\r\n" HOST "Content-Length : 3\r\n\r\nabc"), "400", false},
    {"NUL in a value", RAW("GET /healthz HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n"), "400", false},
    {"bare CR in a value", RAW("GET /healthz HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n"), "400", false},
    {"bare LF as line end", RAW("GET /healthz HTTP/1.1\n" HOST "\r\n"), "400", false},
    {"folded header", RAW("GET /healthz HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n"), "400", false},
    {"LF in the target", RAW("GET /heal\nthz HTTP/1.1\r\n" HOST "\r\n"), "400", false},
    {"expects 100",
     RAW("POST /x HTTP/1.1\r\n" HOST "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"), "404",
     false},
    {"HTTP/2 preface", RAW("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "505", false},
    {"garbage", RAW("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"), "400", false},
    {"nothing", RAW(""), "", false},
    {"half a head, then silence", RAW("GET /healthz HTTP/1.1\r\nHost: a\r\nX: "), "", false},
    {"body that never comes", RAW("POST /x HTTP/1.1\r\n" HOST "Content-Length: 999\r\n\r\n"), "404",
     false},
};

static bool matches(const char *expected, const char *got)
{
    const char *bar = strchr(expected, '|');
    size_t len = bar == NULL ? strlen(expected) : (size_t)(bar - expected);
    if (strlen(got) == len && memcmp(expected, got, len) == 0) {
        return true;
    }
    return bar != NULL && matches(bar + 1, got);
}

static bool run_case(const struct server *server, const struct raw_case *raw)
{
    static char text[65536];
    char got[128];
    bool ended;
    int fd = connect_to(server->port);
    assert_int_equal(send(fd, raw->request, raw->len, MSG_NOSIGNAL), (ssize_t)raw->len);
    if (raw->half_close) {
        shutdown(fd, SHUT_WR);
    }
    int64_t began = now_ms();
    read_all(fd, text, sizeof text, &ended);
    close(fd);
    statuses(text, got, sizeof got);
    bool right = matches(raw->expected, got) && ended;
    printf("%-42s %-12s %-6s %4lld ms  %s\n", raw->name, got, ended ? "closed" : "HANGS",
           (long long)(now_ms() - began), right ? "" : raw->expected);
    return right;
}

static void every_raw_request_is_answered_or_ended(void **state)
{
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wrong += run_case(*state, &cases[i]) ? 0 : 1;
    }
    assert_int_equal(wrong, 0);
}

static void a_large_head_is_refused(void **state)
{
    const struct server *server = *state;
    static char request[40000], text[65536];
    char got[64];
    bool ended;
    size_t len = (size_t)snprintf(request, sizeof request, "GET /healthz HTTP/1.1\r\n" HOST "X: ");
    memset(request + len, 'a', 30000);
    memcpy(request + len + 30000, "\r\n\r\n", 4);
    int fd = connect_to(server->port);
    send(fd, request, len + 30004, MSG_NOSIGNAL);
    read_all(fd, text, sizeof text, &ended);
    close(fd);
    statuses(text, got, sizeof got);
    assert_true(ended);
    assert_true(matches("431|", got)); /* nothing: the answer was overtaken by a reset */
}

static void bytes_that_trickle_meet_a_deadline(void **state)
{
    const struct server *server = *state;
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: a\r\nX: aaaaaaaaaaaaaaaaaaaaaaaa";
    int fd = connect_to(server->port);
    int64_t began = now_ms();
    for (size_t i = 0; i < sizeof request && send(fd, request + i, 1, MSG_NOSIGNAL) == 1; i++) {
        usleep(50000);
    }
    int64_t took = now_ms() - began;
    close(fd);
    assert_true(took < 2500);
}

static int64_t cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static void open_and_half_open_connections_cost_no_time(void **state)
{
    const struct server *server = *state;
    static const char *const starts[] = {"", "GET /w", "GET /healthz HTTP/1.1\r\n", GET_HEALTHZ};
    int fds[4];
    for (int i = 0; i < 4; i++) {
        fds[i] = connect_to(server->port);
        send(fds[i], starts[i], strlen(starts[i]), MSG_NOSIGNAL);
    }
    usleep(100000);
    int64_t before = cpu_us();
    usleep(400000);
    int64_t spent = cpu_us() - before;
    for (int i = 0; i < 4; i++) {
        close(fds[i]);
    }
    assert_true(spent < 40000);
}

static void the_listener_survives_more_connections_than_it_takes(void **state)
{
    const struct server *server = *state;
    int fds[200];
    for (int i = 0; i < 200; i++) {
        fds[i] = connect_to(server->port);
        send(fds[i], "GET /h", 6, MSG_NOSIGNAL);
    }
    usleep(200000);
    for (int i = 0; i < 200; i++) {
        close(fds[i]);
    }
    usleep(500000);
    assert_true(run_case(server, &cases[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_raw_request_is_answered_or_ended),
        cmocka_unit_test(a_large_head_is_refused),
        cmocka_unit_test(bytes_that_trickle_meet_a_deadline),
        cmocka_unit_test(open_and_half_open_connections_cost_no_time),
        cmocka_unit_test(the_listener_survives_more_connections_than_it_takes),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
