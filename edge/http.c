/*
 * All HTTP connections of a shard. They are in an epoll set of their own, which the loop watches as
 * one descriptor: a handle of the loop for each would cost more memory than a connection does.
 *
 * What is answered in a turn is gathered and sent at its end. A connection that has more to do than
 * its share of a turn waits for the next; while one does, the loop does not sleep.
 */
#include "edge/http.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/error.h"
#include "edge/http_internal.h"

#define EVENTS_MAX 256
#define IDLE_MS 75000
#define HEAD_MS 10000
#define BODY_MS 20000
#define ANSWER_MS 20000
#define WORK_MS 60000
#define STREAM_BYTES_MAX (256 * 1024)
#define BODIES_BYTES_MAX (256u << 20)

/* --- events ---------------------------------------------------------------------------------- */

static void handle_event(struct http_connection *connection, uint32_t events)
{
    if ((events & (EPOLLERR | EPOLLHUP)) != 0 && (events & EPOLLIN) == 0) {
        http_connection_lose(connection); /* both halves are closed */
        return;
    }
    if ((events & EPOLLOUT) != 0) {
        http_connection_mark_dirty(connection);
    }
    if ((events & EPOLLIN) != 0) {
        http_receive(connection);
    }
}

static void handle_events(uv_poll_t *poll, int status, int ready)
{
    struct http *http = poll->data;
    struct epoll_event events[EVENTS_MAX];
    (void)status;
    (void)ready;
    int count = epoll_wait(http->epoll, events, EVENTS_MAX, 0);
    for (int i = 0; i < count; i++) {
        struct http_connection *connection = events[i].data.ptr; /* freed at the turn's end only */
        if (connection->state != HTTP_LOST) {
            handle_event(connection, events[i].events);
        }
    }
}

/** Those that had more than their share of a turn, or were answered in between. */
static void handle_idle(uv_idle_t *idle)
{
    struct http *http = idle->data;
    struct http_connection *last = http->ready_last;
    for (bool more = last != NULL; more;) {
        struct http_connection *connection = http->ready;
        more = connection != last;
        http->ready = connection->next_ready;
        http->ready_last = http->ready == NULL ? NULL : http->ready_last;
        connection->ready = false;
        if (connection->state != HTTP_LOST) {
            http_receive_waiting(connection);
        }
    }
}

/** Those that still stand in a list end when that has been gone through. */
static void end_lost(struct http *http)
{
    struct http_connection *lost = http->lost;
    http->lost = NULL;
    while (lost != NULL) {
        struct http_connection *connection = lost;
        lost = connection->next_lost;
        if (connection->dirty || connection->ready) {
            connection->next_lost = http->lost;
            http->lost = connection;
        } else {
            http_connection_end(connection);
        }
    }
}

void http_turn_end(struct http *http)
{
    struct http_connection *dirty = http->dirty;
    http->dirty = NULL;
    while (dirty != NULL) {
        struct http_connection *connection = dirty;
        dirty = connection->next_dirty;
        connection->dirty = false;
        http_connection_flush(connection);
    }
    end_lost(http);
    if (http->closed) {
        return;
    }
    if (http->dirty != NULL || http->ready != NULL || http->lost != NULL) {
        uv_idle_start(&http->idle, handle_idle);
    } else {
        uv_idle_stop(&http->idle);
    }
}

void http_tick(struct http *http)
{
    int64_t now_ms = (int64_t)uv_now(http->config.loop);
    for (int wait = 0; wait < HTTP_WAIT_EVER; wait++) {
        struct http_connection *first;
        while ((first = http->waits[wait].first) != NULL && now_ms >= first->deadline_ms) {
            http_connection_expire(first);
        }
    }
}

/* --- the shard's connections ----------------------------------------------------------------- */

static int64_t or_default(int64_t value, int64_t otherwise)
{
    return value == 0 ? otherwise : value;
}

static void set_defaults(struct http_config *config)
{
    config->idle_ms = or_default(config->idle_ms, IDLE_MS);
    config->head_ms = or_default(config->head_ms, HEAD_MS);
    config->body_ms = or_default(config->body_ms, BODY_MS);
    config->answer_ms = or_default(config->answer_ms, ANSWER_MS);
    config->work_ms = or_default(config->work_ms, WORK_MS);
    if (config->stream_bytes_max == 0) {
        config->stream_bytes_max = STREAM_BYTES_MAX;
    }
    if (config->bodies_bytes_max == 0) {
        config->bodies_bytes_max = BODIES_BYTES_MAX;
    }
}

int http_create(const struct http_config *config, struct http **out)
{
    struct http *http = memory_alloc(sizeof *http);
    http->config = *config;
    set_defaults(&http->config);
    http->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (http->epoll < 0 || uv_poll_init(config->loop, &http->poll, http->epoll) != 0) {
        if (http->epoll >= 0) {
            close(http->epoll);
        }
        free(http);
        return ERR_NO_MEMORY;
    }
    uv_idle_init(config->loop, &http->idle);
    http->poll.data = http->idle.data = http;
    uv_poll_start(&http->poll, UV_READABLE, handle_events);
    *out = http;
    return 0;
}

void http_adopt(struct http *http, int fd, const struct sockaddr *address, socklen_t len)
{
    if (http->closed || http->count >= http->config.connections_max) {
        close(fd);
        return;
    }
    http_connection_start(http, fd, address, len);
}

uint32_t http_count(const struct http *http)
{
    return http->count;
}

static void drain_connection(struct http_connection *connection)
{
    if (connection->state == HTTP_STREAMING && connection->held) {
        http_exchange_abandon(connection);
        http_stream_finish(connection);
    } else if (connection->state == HTTP_IDLE && connection->in.len == 0) {
        connection->state = HTTP_ENDING;
        http_connection_mark_dirty(connection);
    }
}

void http_drain(struct http *http)
{
    http->draining = true;
    for (int wait = 0; wait < HTTP_WAIT_COUNT; wait++) {
        struct http_connection *next;
        for (struct http_connection *at = http->waits[wait].first; at != NULL; at = next) {
            next = at->next;
            drain_connection(at);
        }
    }
}

void http_close(struct http *http)
{
    if (http->closed) {
        return;
    }
    http->closed = true;
    for (; http->dirty != NULL; http->dirty = http->dirty->next_dirty) {
        http->dirty->dirty = false;
    }
    for (; http->ready != NULL; http->ready = http->ready->next_ready) {
        http->ready->ready = false;
    }
    for (int wait = 0; wait < HTTP_WAIT_COUNT; wait++) {
        while (http->waits[wait].first != NULL) {
            http_connection_lose(http->waits[wait].first);
        }
    }
    while (http->lost != NULL) {
        end_lost(http);
    }
    uv_idle_stop(&http->idle);
    uv_poll_stop(&http->poll);
    uv_close((uv_handle_t *)&http->poll, NULL);
    uv_close((uv_handle_t *)&http->idle, NULL);
}

void http_destroy(struct http *http)
{
    if (http == NULL) {
        return;
    }
    close(http->epoll);
    for (uint32_t i = 0; i < http->spare_count; i++) {
        buffer_fini(&http->spare[i]);
    }
    free(http);
}
