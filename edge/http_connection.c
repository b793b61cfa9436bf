/*
 * The life of one connection: what it waits for, what it sends, how it ends.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "edge/http_internal.h"

#define LINGER_MS 2000

/* --- waiting --------------------------------------------------------------------------------- */

static void list_append(struct http_list *list, struct http_connection *connection)
{
    connection->next = NULL;
    connection->previous = list->last;
    *(list->last != NULL ? &list->last->next : &list->first) = connection;
    list->last = connection;
}

static void list_remove(struct http_list *list, struct http_connection *connection)
{
    struct http_connection *previous = connection->previous, *next = connection->next;
    *(previous != NULL ? &previous->next : &list->first) = next;
    *(next != NULL ? &next->previous : &list->last) = previous;
}

static int64_t patience_ms(const struct http_config *config, enum http_wait wait)
{
    const int64_t durations[HTTP_WAIT_COUNT] = {
        [HTTP_WAIT_REQUEST] = config->idle_ms,  [HTTP_WAIT_HEAD] = config->head_ms,
        [HTTP_WAIT_BODY] = config->body_ms,     [HTTP_WAIT_WORK] = config->work_ms,
        [HTTP_WAIT_READER] = config->answer_ms, [HTTP_WAIT_LINGER] = LINGER_MS};
    return durations[wait];
}

static enum http_wait wait_of(const struct http_connection *connection)
{
    switch ((enum http_state)connection->state) {
    case HTTP_BODY:
        return HTTP_WAIT_BODY;
    case HTTP_WORKING:
        return HTTP_WAIT_WORK;
    case HTTP_STREAMING:
        return connection->stuck ? HTTP_WAIT_READER : HTTP_WAIT_EVER;
    case HTTP_LINGERING:
        return HTTP_WAIT_LINGER;
    case HTTP_IDLE:
        if (!connection->stuck) {
            return connection->in.len != 0 ? HTTP_WAIT_HEAD : HTTP_WAIT_REQUEST;
        }
        return HTTP_WAIT_READER;
    default:
        return HTTP_WAIT_READER;
    }
}

static void set_wait(struct http_connection *connection, enum http_wait wait)
{
    struct http *http = connection->http;
    if (connection->wait == wait && !connection->restart) {
        return;
    }
    list_remove(&http->waits[connection->wait], connection);
    connection->wait = (uint8_t)wait;
    connection->restart = false;
    connection->progress = 0;
    connection->deadline_ms = (int64_t)uv_now(http->config.loop) + patience_ms(&http->config, wait);
    list_append(&http->waits[wait], connection);
}

static bool wants_input(const struct http_connection *connection)
{
    if (connection->ended || connection->state == HTTP_ENDING) {
        return false;
    }
    return connection->in.len < HTTP_WAITING_BYTES_MAX;
}

static void set_events(struct http_connection *connection)
{
    uint32_t events =
        (wants_input(connection) ? EPOLLIN : 0u) | (connection->stuck ? EPOLLOUT : 0u);
    struct epoll_event event = {.events = events, .data.ptr = connection};
    if (events != connection->events) {
        connection->events = events;
        if (epoll_ctl(connection->http->epoll, EPOLL_CTL_MOD, connection->fd, &event) != 0) {
            http_connection_lose(connection);
        }
    }
}

void http_connection_settle(struct http_connection *connection)
{
    if (connection->state != HTTP_LOST) {
        set_wait(connection, wait_of(connection));
        set_events(connection);
    }
}

void http_connection_mark_dirty(struct http_connection *connection)
{
    struct http *http = connection->http;
    if (!connection->dirty) {
        connection->dirty = true;
        connection->next_dirty = http->dirty;
        http->dirty = connection;
    }
}

void http_connection_mark_ready(struct http_connection *connection)
{
    struct http *http = connection->http;
    if (!connection->ready) {
        connection->ready = true;
        connection->next_ready = NULL;
        *(http->ready_last != NULL ? &http->ready_last->next_ready : &http->ready) = connection;
        http->ready_last = connection;
    }
}

void http_connection_expire(struct http_connection *connection)
{
    connection->restart = true;
    switch ((enum http_wait)connection->wait) {
    case HTTP_WAIT_HEAD:
        http_refuse(connection, 408, "The head of the request took too long.");
        break;
    case HTTP_WAIT_BODY:
        http_refuse(connection, 408, "The body of the request took too long.");
        break;
    case HTTP_WAIT_WORK:
        http_refuse(connection, 503, "The answer took too long.");
        break;
    case HTTP_WAIT_READER:
        if (connection->progress < HTTP_PROGRESS_BYTES) {
            http_connection_kill(connection);
        }
        break;
    default:
        http_connection_lose(connection);
    }
    http_connection_settle(connection);
}

/* --- out ------------------------------------------------------------------------------------- */

struct buffer *http_connection_out(struct http_connection *connection)
{
    struct http *http = connection->http;
    struct buffer *out = &connection->out;
    if (out->cap == 0 && http->spare_count > 0) {
        *out = http->spare[--http->spare_count];
    } else if (connection->sent > out->len / 2) {
        out->len -= connection->sent;
        memmove(out->data, out->data + connection->sent, out->len);
        connection->sent = 0;
    }
    http_connection_mark_dirty(connection);
    return out;
}

/** Keeps the memory for another connection. */
static void out_release(struct http_connection *connection)
{
    struct http *http = connection->http;
    connection->sent = 0;
    if (connection->out.cap == 0 || connection->out.cap > HTTP_SPARE_BYTES_MAX ||
        http->spare_count == HTTP_SPARE_MAX) {
        buffer_fini(&connection->out);
        return;
    }
    buffer_clear(&connection->out);
    http->spare[http->spare_count++] = connection->out;
    connection->out = (struct buffer){0};
}

static bool has_unsent(const struct http_connection *connection)
{
    return connection->sent < connection->out.len || connection->tail.len != 0;
}

static void count_sent(struct http_connection *connection, size_t len)
{
    size_t left = connection->out.len - connection->sent, of_out = len < left ? len : left;
    connection->sent += of_out;
    if (len > of_out) {
        connection->tail.data += len - of_out;
        connection->tail.len -= len - of_out;
    }
    connection->progress += len;
}

/** Sends; false: the connection is dead. */
static bool send_some(struct http_connection *connection)
{
    struct iovec parts[] = {
        {.iov_base = connection->out.data + connection->sent,
         .iov_len = connection->out.len - connection->sent},
        {.iov_base = (void *)(uintptr_t)connection->tail.data, .iov_len = connection->tail.len}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    ssize_t sent = connection->tail.len != 0
                       ? sendmsg(connection->fd, &message, flags)
                       : send(connection->fd, parts[0].iov_base, parts[0].iov_len, flags);
    if (sent < 0) {
        return errno == EAGAIN || errno == EINTR || errno == ENOBUFS;
    }
    count_sent(connection, (size_t)sent);
    return true;
}

/** All is sent. */
static void drained(struct http_connection *connection)
{
    const struct http_handler *handler = &connection->http->config.handler;
    if (connection->state == HTTP_STREAMING && connection->mute) {
        http_connection_lose(connection);
    } else if (connection->state == HTTP_STREAMING && connection->held) {
        handler->writable(handler->self, &connection->exchange);
    }
}

static void finish(struct http_connection *connection)
{
    if (!connection->lingers || connection->ended || shutdown(connection->fd, SHUT_WR) != 0) {
        http_connection_lose(connection);
        return;
    }
    connection->state = HTTP_LINGERING;
    connection->dropped = 0;
    http_connection_settle(connection);
}

void http_connection_flush(struct http_connection *connection)
{
    bool some = connection->out.len != 0, stuck = connection->stuck;
    bool held_back =
        stuck || connection->out.len > HTTP_OUT_HIGH_BYTES || connection->tail.len != 0;
    if (connection->state == HTTP_LOST) {
        return;
    }
    if (has_unsent(connection) && !send_some(connection)) {
        http_connection_kill(connection);
        return;
    }
    connection->stuck = has_unsent(connection);
    if (!connection->stuck) {
        out_release(connection);
        if (connection->state == HTTP_ENDING) {
            finish(connection);
        } else if (connection->state == HTTP_IDLE && held_back) {
            http_connection_mark_ready(connection);
        } else if (some) {
            drained(connection);
        }
    }
    if (connection->stuck || stuck) {
        http_connection_settle(connection);
    }
}

/* --- life ------------------------------------------------------------------------------------ */

/** IPv4 inside of IPv6 is IPv4. */
static void set_peer(struct http_connection *connection, const struct sockaddr *address,
                     socklen_t len)
{
    const uint8_t *bytes = NULL;
    if (len >= sizeof(struct sockaddr_in6) && address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *)(const void *)address;
        bool mapped = IN6_IS_ADDR_V4MAPPED(&ipv6->sin6_addr);
        connection->peer_len = mapped ? 4 : 16;
        bytes = ipv6->sin6_addr.s6_addr + (mapped ? 12 : 0);
    } else if (len >= sizeof(struct sockaddr_in) && address->sa_family == AF_INET) {
        connection->peer_len = 4;
        bytes = (const uint8_t *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
    }
    if (bytes != NULL) {
        memcpy(connection->peer, bytes, connection->peer_len);
    }
}

void http_connection_start(struct http *http, int fd, const struct sockaddr *address, socklen_t len)
{
    struct http_connection *connection = memory_alloc(sizeof *connection);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(http->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        free(connection); /* the kernel has no room for more */
        close(fd);
        return;
    }
    connection->http = http;
    connection->fd = fd;
    connection->events = EPOLLIN;
    set_peer(connection, address, len);
    connection->wait = HTTP_WAIT_REQUEST;
    connection->restart = true;
    http->count++;
    list_append(&http->waits[HTTP_WAIT_REQUEST], connection);
    set_wait(connection, HTTP_WAIT_REQUEST);
    http_receive(connection);
}

void http_connection_forget_message(struct http_connection *connection)
{
    if (connection->message != NULL) {
        connection->http->bodies_bytes -= connection->message->body.len;
        http_message_destroy(connection->message);
        connection->message = NULL;
    }
}

void http_connection_lose(struct http_connection *connection)
{
    struct http *http = connection->http;
    if (connection->state != HTTP_LOST) {
        connection->state = HTTP_LOST;
        connection->next_lost = http->lost;
        http->lost = connection;
        list_remove(&http->waits[connection->wait], connection);
        (void)epoll_ctl(http->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
    }
}

void http_connection_kill(struct http_connection *connection)
{
    /* What the kernel still holds for a peer that does not read is dropped with a reset. */
    static const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    http_connection_lose(connection);
}

void http_connection_end(struct http_connection *connection)
{
    http_exchange_abandon(connection);
    http_connection_forget_message(connection);
    buffer_fini(&connection->in);
    out_release(connection);
    close(connection->fd);
    connection->http->count--;
    free(connection);
}
