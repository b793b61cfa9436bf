/*
 * A network that failed brings hundreds back in one moment: who is there already is served before
 * most of them. The daemon is stopped meanwhile, so that all of it meets the daemon at once; which
 * answer left first is told by the kernel, in the order in which sockets became readable.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "client/tcp.h"
#include "client/ws_client.h"
#include "tests/integration/support_crash_account.h"
#include "tests/integration/support_crash_server.h"
#include "wire/frame.h"

#define WAIT_MS 60000
#define COMERS 300
#define FEW 20   /* what a turn takes of them is less, and all of them is far more */
#define MOST 250 /* what a few turns take leave of is less, and one without a ration is all */
#define BYSTANDERS 2

static char place[PATH_MAX];
static struct crash_server server;
static struct crash_account account;
static struct ws_client *bystanders[BYSTANDERS], *comers[COMERS];

/* --- the stage ------------------------------------------------------------------------------- */

static struct ws_client *connect_client(void)
{
    struct ws_client *client;
    struct ws_event hello;
    const struct ws_client_options options = {.host = "127.0.0.1",
                                              .port = server.port,
                                              .subprotocol = "duet.v1.msgpack",
                                              .timeout_ms = WAIT_MS};
    assert_int_equal(ws_client_connect(&options, &client), 0);
    assert_int_equal(ws_client_receive(client, WAIT_MS, &hello), 0);
    return client;
}

static void asks_to_open(struct ws_client *client)
{
    const struct session_open_args args = {.access_token = text_of(account.access),
                                           .device = account.device};
    struct buffer out = {0};
    frame_append_request(&out, 1, "session.open", &session_open_args_type, &args,
                         (struct bytes){0});
    assert_int_equal(ws_client_send(client, WS_BINARY, buffer_bytes(&out), WAIT_MS), 0);
    buffer_fini(&out);
}

/** A ping with so many bytes that mean nothing. */
static void pings(struct ws_client *client, size_t ballast)
{
    struct buffer out = {0};
    uint8_t *zeros = memory_alloc(ballast);
    pack_array(&out, 4);
    pack_int(&out, 0);
    pack_int(&out, 1);
    pack_text(&out, text_of("ping"));
    pack_map(&out, 1);
    pack_text(&out, text_of("x"));
    pack_bin(&out, bytes_of(zeros, ballast));
    assert_int_equal(ws_client_send(client, WS_BINARY, buffer_bytes(&out), WAIT_MS), 0);
    buffer_fini(&out);
    free(zeros);
}

static void is_answered(struct ws_client *client)
{
    struct ws_event event;
    struct frame_reader reader;
    struct rpc_incoming in;
    assert_int_equal(ws_client_receive(client, WAIT_MS, &event), 0);
    frame_reader_init(&reader, event.payload);
    assert_int_equal(frame_reader_next_incoming(&reader, &in), 0);
    assert_int_equal(in.type, RPC_RESPONSE);
    assert_int_equal(in.error, 0);
}

static int start(void **state)
{
    char data[PATH_MAX + 8];
    (void)state;
    crash_place_make(place);
    snprintf(data, sizeof data, "%s/data", place);
    const struct crash_server_options options = {.data = data,
                                                 .set = {"shards=1", "open_within=60s"}};
    if (crash_server_start(&options, &server) != 0 ||
        crash_account_signup(&account, "comer@example.org", server.port) != 0) {
        return 1;
    }
    for (int i = 0; i < BYSTANDERS; i++) {
        bystanders[i] = connect_client();
        asks_to_open(bystanders[i]);
        is_answered(bystanders[i]);
    }
    for (int i = 0; i < COMERS; i++) {
        comers[i] = connect_client();
    }
    return 0;
}

static int stop(void **state)
{
    (void)state;
    for (int i = 0; i < BYSTANDERS; i++) {
        ws_client_destroy(bystanders[i]);
    }
    for (int i = 0; i < COMERS; i++) {
        ws_client_destroy(comers[i]);
    }
    crash_account_fini(&account);
    bool lived = crash_server_kill(&server);
    crash_place_remove(place);
    return lived ? 0 : 1;
}

/* --- stopped, and what comes first afterwards ------------------------------------------------ */

static void server_stops(void)
{
    int status = 0;
    assert_int_equal(kill(server.pid, SIGSTOP), 0);
    assert_int_equal(waitpid(server.pid, &status, WUNTRACED), server.pid);
    assert_true(WIFSTOPPED(status));
}

/** What the test waits for: bits that poll and epoll_wait have in common. */
struct awaited {
    int fd;
    short events;
};

static struct awaited awaited_of(const struct awaited *others, uint32_t count, uint32_t i)
{
    return i < count ? others[i] : (struct awaited){ws_client_fd(comers[i - count]), POLLIN};
}

/** The daemon goes on. How many comers heard of it before the last of the others did. */
static uint32_t comers_before(const struct awaited *others, uint32_t count)
{
    struct epoll_event events[COMERS + BYSTANDERS];
    uint32_t all = COMERS + count, before = 0, seen = 0;
    int set = epoll_create1(EPOLL_CLOEXEC);
    assert_true(set >= 0 && count <= BYSTANDERS);
    for (uint32_t i = 0; i < all; i++) {
        struct awaited one = awaited_of(others, count, i);
        struct epoll_event event = {.events = (uint32_t)one.events, .data.u32 = i};
        assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, one.fd, &event), 0);
    }
    assert_int_equal(epoll_wait(set, events, 1, 0), 0);
    assert_int_equal(kill(server.pid, SIGCONT), 0);
    for (uint32_t i = 0; i < all; i++) { /* nothing is taken out of the set yet */
        struct awaited one = awaited_of(others, count, i);
        assert_int_equal(tcp_wait(one.fd, one.events, tcp_now_ms() + WAIT_MS), 0);
    }
    assert_int_equal(epoll_wait(set, events, COMERS + BYSTANDERS, 0), all);
    close(set);
    for (uint32_t i = 0; seen < count; i++) { /* the set's list is in the order of events */
        bool comer = events[i].data.u32 >= count;
        before += comer ? 1 : 0;
        seen += comer ? 0 : 1;
    }
    return before;
}

/* --- promises -------------------------------------------------------------------------------- */

static void who_is_there_is_answered_before_most_who_come(void **state)
{
    const struct awaited answers[] = {{ws_client_fd(bystanders[0]), POLLIN},
                                      {ws_client_fd(bystanders[1]), POLLIN}};
    (void)state;
    server_stops();
    pings(bystanders[0], 0); /* one before them, one after: whatever the order within a turn */
    for (int i = 0; i < COMERS; i++) {
        asks_to_open(comers[i]);
    }
    pings(bystanders[1], 0);
    assert_in_range(comers_before(answers, 2), 0, FEW);
    for (int i = 0; i < COMERS; i++) {
        is_answered(comers[i]);
    }
    is_answered(bystanders[0]);
    is_answered(bystanders[1]);
}

static void who_is_there_is_served_on_before_all_have_left(void **state)
{
    static const uint8_t close_frame[] = {0x88, 0x80, 0, 0, 0, 0};
    const struct awaited end = {ws_client_fd(bystanders[0]), POLLRDHUP};
    (void)state;
    server_stops();
    for (int i = 0; i < COMERS; i++) {
        assert_int_equal(shutdown(ws_client_fd(comers[i]), SHUT_WR), 0);
    }
    for (int i = 0; i < 3; i++) {
        pings(bystanders[0], 60000); /* one is read in a turn; in the last one, so is the end */
    }
    struct bytes close = bytes_of(close_frame, sizeof close_frame);
    assert_int_equal(ws_client_send_raw(bystanders[0], close, WAIT_MS), 0);
    assert_in_range(comers_before(&end, 1), 0, MOST);
    for (int i = 0; i < COMERS; i++) {
        struct ws_event event;
        assert_int_equal(ws_client_receive(comers[i], WAIT_MS, &event), ERR_IO);
    }
    pings(bystanders[1], 0);
    is_answered(bystanders[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_there_is_answered_before_most_who_come),
        cmocka_unit_test(who_is_there_is_served_on_before_all_have_left),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
