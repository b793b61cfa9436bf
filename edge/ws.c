/*
 * All WebSocket connections of a shard. They are in an epoll set of their own, which the loop
 * watches as one descriptor: a handle of the loop for each connection would cost more memory than
 * the connection, and a turn in which many have something to say costs one system call more.
 */
#include "edge/ws.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "edge/http_head.h"
#include "edge/ws_internal.h"
#include "edge/ws_upgrade.h"

#define SCAN_SLICES 16
#define SCAN_MIN 64
#define EVENTS_MAX 512

/* --- events ---------------------------------------------------------------------------------- */

static void handle_event(struct connection *connection, uint32_t events)
{
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
        ws_receive(connection);
    }
    if ((events & EPOLLOUT) != 0 && connection->state != WS_LOST) {
        ws_connection_unstick(connection);
    }
}

/** True when the set of newcomers was among them. */
static bool handle_set(int epoll, int events_max)
{
    struct epoll_event events[EVENTS_MAX];
    bool newcomers = false;
    int count = epoll_wait(epoll, events, events_max, 0);
    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr; /* none is freed before the turn ends */
        newcomers = newcomers || connection == NULL;
        if (connection != NULL && connection->state != WS_LOST) {
            handle_event(connection, events[i].events);
        }
    }
    return newcomers;
}

static void handle_events(uv_poll_t *poll, int status, int ready)
{
    struct ws *ws = poll->data;
    (void)status;
    (void)ready;
    if (handle_set(ws->epoll, EVENTS_MAX)) {
        (void)handle_set(ws->newcomers, WS_NEWCOMERS_PER_TURN);
    }
}

/** Its being active is all: the loop does not wait, and the turn ends again. */
static void handle_idle(uv_idle_t *idle)
{
    (void)idle;
}

/* --- the shard's connections ----------------------------------------------------------------- */

static bool make_sets(struct ws *ws)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    ws->epoll = epoll_create1(EPOLL_CLOEXEC);
    ws->newcomers = epoll_create1(EPOLL_CLOEXEC);
    return ws->epoll >= 0 && ws->newcomers >= 0 &&
           epoll_ctl(ws->epoll, EPOLL_CTL_ADD, ws->newcomers, &event) == 0;
}

static void close_sets(struct ws *ws)
{
    if (ws->newcomers >= 0) {
        close(ws->newcomers);
    }
    if (ws->epoll >= 0) {
        close(ws->epoll);
    }
}

int ws_create(const struct ws_config *config, struct ws **out)
{
    struct ws *ws = memory_alloc(sizeof *ws);
    ws->config = *config;
    if (!make_sets(ws) || uv_poll_init(config->loop, &ws->poll, ws->epoll) != 0) {
        close_sets(ws);
        free(ws);
        return ERR_IO;
    }
    uv_idle_init(config->loop, &ws->idle);
    ws->poll.data = ws;
    uv_poll_start(&ws->poll, UV_READABLE, handle_events);
    *out = ws;
    return 0;
}

/** Says why, reads the rest so that the answer is not reset away, and closes. */
static void turn_away(int fd, struct buffer *answer)
{
    uint8_t unread[HTTP_HEAD_BYTES_MAX];
    while (recv(fd, unread, sizeof unread, MSG_DONTWAIT) == (ssize_t)sizeof unread) {
    }
    (void)!send(fd, answer->data, answer->len, MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown(fd, SHUT_WR);
    close(fd);
    buffer_fini(answer);
}

void ws_adopt(struct ws *ws, int fd)
{
    uint8_t head[HTTP_HEAD_BYTES_MAX];
    struct ws_origins origins = {.items = ws->config.origins, .count = ws->config.origin_count};
    struct ws_upgrade upgrade;
    struct buffer answer = {0};
    ssize_t got = recv(fd, head, sizeof head, MSG_DONTWAIT);
    if (got <= 0) {
        close(fd);
    } else if (!ws_upgrade_answer(bytes_of(head, (size_t)got), &origins, &answer, &upgrade)) {
        turn_away(fd, &answer);
    } else {
        ws_receive_bytes(ws_connection_start(ws, fd, &upgrade, &answer), head + upgrade.head_bytes,
                         (size_t)got - upgrade.head_bytes);
    }
}

void ws_turn_end(struct ws *ws)
{
    uint32_t ended = 0;
    while (ws->dirty != NULL || (ws->lost != NULL && ended < WS_ENDED_PER_TURN)) {
        if (ws->dirty != NULL) {
            ws_connection_flush(ws->dirty);
        } else {
            ws_connection_end(ws->lost); /* the session has little to add afterwards */
            ended++;
        }
    }
    if (ws->lost != NULL && !ws->closed) {
        uv_idle_start(&ws->idle, handle_idle);
    } else {
        uv_idle_stop(&ws->idle);
    }
}

void ws_tick(struct ws *ws)
{
    int64_t now_ms = (int64_t)uv_now(ws->config.loop);
    uint32_t count = ws->count / SCAN_SLICES + SCAN_MIN;
    for (uint32_t i = 0; i < count && i < ws->count; i++) {
        ws->scan_at = ws->scan_at + 1 < ws->count ? ws->scan_at + 1 : 0;
        ws_connection_check(ws->connections[ws->scan_at], now_ms);
    }
}

uint32_t ws_count(const struct ws *ws)
{
    return ws->count;
}

void ws_close(struct ws *ws)
{
    if (ws->closed) {
        return;
    }
    ws->closed = true;
    while (ws->count != 0) {
        ws_connection_end(ws->connections[ws->count - 1]);
    }
    uv_idle_stop(&ws->idle);
    uv_poll_stop(&ws->poll);
    uv_close((uv_handle_t *)&ws->poll, NULL);
    uv_close((uv_handle_t *)&ws->idle, NULL);
}

void ws_destroy(struct ws *ws)
{
    if (ws == NULL) {
        return;
    }
    close_sets(ws);
    for (uint32_t i = 0; i < ws->spare_count; i++) {
        buffer_fini(&ws->spare[i]);
    }
    free(ws->connections);
    free(ws);
}
