/*
 * The hostile requests through nginx and haproxy in front, as config/ sets them up. Both keep
 * connections to the daemon and send everybody's requests over them: where proxy and daemon do not
 * agree on the end of a request, somebody gets another's answer. So each request carries a mark
 * that its answer must carry, and the daemon counts what it was asked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/tcp.h"
#include "tests/integration/support_cases.h"
#include "tests/integration/support_events.h"
#include "tests/integration/support_people.h"
#include "tests/integration/support_proxy.h"

#define QUIET_MS 400           /* an unfinished request is waited for so long */
#define QUIET_VALGRIND_MS 6000 /* … where all takes longer */

static struct proxy proxy;

static int start(void **state)
{
    (void)state;
    hostile_start((const char *const[]){"--trusted-proxies", "127.0.0.1", NULL});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    hostile_stop();
    return 0;
}

static int start_nginx(void **state)
{
    (void)state;
    if (proxy_has_nginx()) {
        proxy_start_nginx(&proxy, hostile_port());
    }
    return 0;
}

static int start_haproxy(void **state)
{
    (void)state;
    if (proxy_has_haproxy()) {
        proxy_start_haproxy(&proxy, hostile_port());
    }
    return 0;
}

static int stop_proxy(void **state)
{
    (void)state;
    if (proxy.pid > 0) {
        proxy_stop(&proxy);
    }
    return 0;
}

#define SKIP_WITHOUT_PROXY                                                                         \
    if (proxy.pid == 0) {                                                                          \
        print_message("the proxy is not installed: scripts/install-deps.sh test\n");               \
        skip();                                                                                    \
    }

/* --- what the daemon was asked ---------------------------------------------------------------- */

/** All answers that the daemon has counted, this one not among them. */
static long requests_counted(void)
{
    static const char request[] = "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    struct http_peer peer;
    struct http_reply reply;
    long count = 0;
    http_peer_open(&peer, hostile_port());
    assert_true(http_peer_send(&peer, bytes_of(request, sizeof request - 1), HOSTILE_WAIT_MS));
    assert_int_equal(http_peer_receive(&peer, false, HOSTILE_WAIT_MS, &reply), HTTP_GOT_REPLY);
    assert_int_equal(reply.status, 200);
    buffer_append_u8(&peer.in, 0);
    for (const char *at = (const char *)reply.body.data;
         (at = strstr(at, "\nhttp_requests_total{")) != NULL; at++) {
        count += strtol(strstr(at, "} ") + 2, NULL, 10);
    }
    http_peer_close(&peer);
    return count;
}

/** To what nginx takes for HTTP/0.9 it passes the daemon's answer on without a head. */
static bool is_bare(const struct http_peer *peer)
{
    return peer->in.len > peer->taken && peer->in.data[peer->taken] != 'H';
}

/** Answers on this connection that are the daemon's, up to its end, or until it is quiet. Only its
 * own answers have headers that forbid what pages need not do. */
static int daemon_answers(struct http_peer *peer, const char *to_heads, bool *well)
{
    struct http_reply reply;
    struct bytes value;
    int count = 0, quiet_ms = hostile_stride() > 1 ? QUIET_VALGRIND_MS : QUIET_MS;
    *well = true;
    for (;;) {
        bool to_head = *to_heads == 'H';
        to_heads += *to_heads != '\0';
        enum http_got got = http_peer_receive(peer, to_head, quiet_ms, &reply);
        if (got != HTTP_GOT_REPLY) {
            return count + is_bare(peer);
        }
        bool ours = reply.status >= 200 && http_reply_header(&reply, "x-frame-options", &value);
        *well = *well && (!ours || reply.fault == NULL);
        count += ours;
    }
}

/* --- the cases -------------------------------------------------------------------------------- */

/** Which of a case's answers are to HEAD: "-H-". */
static void find_heads(const char *replies, char *out)
{
    for (; *replies != '\0'; replies += replies[strcspn(replies, " ")] == ' ') {
        size_t len = strcspn(replies, " ");
        *out++ = memchr(replies, 'H', len) != NULL ? 'H' : '-';
        replies += len;
    }
    *out = '\0';
}

static bool marked_by_a_new_client(void)
{
    struct http_peer peer;
    http_peer_open(&peer, proxy.port);
    bool right = hostile_marked_request(&peer, hostile_mark(), false) &&
                 hostile_marked_request(&peer, hostile_mark(), true);
    http_peer_close(&peer);
    return right;
}

/** Sends a case, and behind it a request that ends the connection; then others ask. */
static bool nobody_gets_anothers_answer(const struct hostile_case *c, struct bytes request)
{
    static const char last[] = "GET /healthz HTTP/1.1\r\nHost: a\r\nX-Request-ID: last\r\n"
                               "Connection: close\r\n\r\n";
    struct http_peer peer;
    char heads[64];
    bool well;
    long before = requests_counted();
    find_heads(c->replies, heads);
    http_peer_open(&peer, proxy.port);
    http_peer_send(&peer, request, HOSTILE_WAIT_MS);
    http_peer_send(&peer, bytes_of(last, sizeof last - 1), HOSTILE_WAIT_MS);
    int answers = daemon_answers(&peer, heads, &well);
    http_peer_close(&peer);
    bool marked = marked_by_a_new_client() && marked_by_a_new_client();
    long counted = requests_counted() - before - 1;
    bool right = well && marked && counted >= 4 && counted <= answers + 4;
    if (!right) {
        print_message("%s through %s: %s; %s; %ld requests counted for %d answers and 4\n", c->name,
                      proxy.name, well ? "answers" : "no answers by the RFC",
                      marked ? "others are served" : "others are not served", counted, answers);
    }
    return right;
}

static void no_case_gives_anybody_anothers_answer(void **state)
{
    int wrong = 0;
    (void)state;
    SKIP_WITHOUT_PROXY
    for (size_t t = 0; hostile_tables[t] != NULL; t++) {
        for (size_t i = 0; i < hostile_tables[t]->count; i += hostile_stride()) {
            const struct hostile_case *c = &hostile_tables[t]->cases[i];
            struct buffer request = {0};
            http_expand(bytes_of(c->text, c->len), hostile_words(), &request);
            wrong += !nobody_gets_anothers_answer(c, buffer_bytes(&request));
            buffer_fini(&request);
        }
    }
    assert_int_equal(wrong, 0);
}

/* --- what has to go through
 * ----------------------------------------------------------------------- */

static void clients_share_kept_connections(void **state)
{
    (void)state;
    SKIP_WITHOUT_PROXY
    assert_true(marked_by_a_new_client());
    int before = hostile_sockets();
    for (int i = 0; i < 50; i++) {
        assert_true(marked_by_a_new_client());
    }
    assert_true(hostile_sockets() <= before + 3);
}

static void bodies_go_through_once(void **state)
{
    static const char text[] = "<<post>>Content-Length: 20\r\n\r\n<<body>>"
                               "<<post>>Transfer-Encoding: chunked\r\n\r\n"
                               "8\r\n{\"no\":1,\r\nc\r\n\"text\":\"hi\"}\r\n0\r\n\r\n"
                               "<<get>>Connection: close\r\n\r\n";
    static const int statuses[] = {201, 201, 200};
    struct buffer request = {0};
    (void)state;
    SKIP_WITHOUT_PROXY
    http_expand(bytes_of(text, sizeof text - 1), hostile_words(), &request);
    for (size_t cut = 0; cut < request.len; cut += 7 * hostile_stride()) {
        struct http_peer peer;
        http_peer_open(&peer, proxy.port);
        http_peer_send(&peer, bytes_of(request.data, cut), HOSTILE_WAIT_MS);
        usleep(1000);
        http_peer_send(&peer, bytes_of(request.data + cut, request.len - cut), HOSTILE_WAIT_MS);
        for (int i = 0; i < 3; i++) {
            struct http_reply reply;
            enum http_got got = http_peer_receive(&peer, false, HOSTILE_WAIT_MS, &reply);
            assert_int_equal(got, HTTP_GOT_REPLY);
            assert_int_equal(reply.status, statuses[i]);
        }
        http_peer_close(&peer);
    }
    buffer_fini(&request);
}

static void sockets_go_through(void **state)
{
    struct duet_client *client;
    struct arena arena = {0};
    struct ping_result result;
    (void)state;
    SKIP_WITHOUT_PROXY
    assert_int_equal(
        duet_client_connect("127.0.0.1", proxy.port, "duet.v1.json", HOSTILE_WAIT_MS, &client), 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(duet_client_call(client, "ping", &empty_type, NULL, &ping_result_type,
                                          &arena, &result, HOSTILE_WAIT_MS),
                         0);
    }
    duet_client_destroy(client);
    arena_fini(&arena);
}

static void events_go_through_as_they_come(void **state)
{
    struct two *two = hostile_people();
    struct events events = {0};
    struct event event;
    char headers[2048];
    (void)state;
    SKIP_WITHOUT_PROXY
    snprintf(headers, sizeof headers, "authorization: Bearer %s\r\n", two->a.access_token);
    events_open(&events, proxy.port, "/api/v1/notifications/stream?topics=couple", headers);
    assert_int_equal(events.status, 200);
    come_online(&two->b);
    for (int i = 0; i < 5; i++) {
        int64_t began_ms = tcp_now_ms();
        says(&two->b, "through");
        do {
            assert_true(events_next(&events, &event));
        } while (strcmp(event.type, "chat.message") != 0);
        assert_true(tcp_now_ms() - began_ms < 3000); /* not held back until a buffer is full */
    }
    disconnect(&two->b);
    events_close(&events);
}

/** A client that goes in the middle of something leaves the shared connections in order. */
static void who_goes_midway_leaves_nothing_to_others(void **state)
{
    static const char *const texts[] = {
        "<<post>>Content-Length: 20\r\n\r\n{\"no\"",
        "<<post>>Transfer-Encoding: chunked\r\n\r\n14\r\n{\"no\"",
        "<<post>>Content-Length: 20\r\n\r\n<<body>>",
        "<<get>>\r\n<<get>>\r\n<<get>>\r\n",
        "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /api/v1/notifications/stream HTTP/1.1\r\nHost: a\r\n<<auth>>\r\n",
    };
    (void)state;
    SKIP_WITHOUT_PROXY
    for (size_t i = 0; i < 5 * sizeof texts / sizeof texts[0]; i++) {
        const char *text = texts[i % (sizeof texts / sizeof texts[0])];
        struct buffer request = {0};
        struct http_peer peer;
        http_expand(bytes_of(text, strlen(text)), hostile_words(), &request);
        http_peer_open(&peer, proxy.port);
        http_peer_send(&peer, buffer_bytes(&request), HOSTILE_WAIT_MS);
        usleep((useconds_t)(i % 7) * 1000);
        http_peer_abort(&peer);
        assert_true(marked_by_a_new_client());
        buffer_fini(&request);
    }
}

#define BEHIND(start, promise) cmocka_unit_test_setup_teardown(promise, start, stop_proxy)
#define PROMISES_BEHIND(start)                                                                     \
    BEHIND(start, clients_share_kept_connections), BEHIND(start, bodies_go_through_once),          \
        BEHIND(start, sockets_go_through), BEHIND(start, events_go_through_as_they_come),          \
        BEHIND(start, who_goes_midway_leaves_nothing_to_others),                                   \
        BEHIND(start, no_case_gives_anybody_anothers_answer)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PROMISES_BEHIND(start_nginx),
        PROMISES_BEHIND(start_haproxy),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
