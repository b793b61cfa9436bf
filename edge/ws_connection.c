/*
 * One connection. Outgoing messages are framed here, gathered, and sent once per loop turn. What
 * the kernel would not take waits apart from what is gathered behind it, so that the latter can be
 * dropped without cutting a frame.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/pool.h"
#include "edge/ws_internal.h"

/* --- out ------------------------------------------------------------------------------------- */

int64_t ws_connection_now(const struct connection *connection)
{
    return (int64_t)uv_now(connection->ws->config.loop);
}

static int watch(const struct connection *connection, int operation, uint32_t events)
{
    const struct ws *ws = connection->ws;
    struct epoll_event event = {.events = events, .data.ptr = (void *)connection};
    int set = connection->newcomer ? ws->newcomers : ws->epoll;
    return epoll_ctl(set, operation, connection->fd, &event);
}

void ws_connection_settle(struct connection *connection)
{
    if (connection->newcomer) {
        (void)watch(connection, EPOLL_CTL_DEL, 0);
        connection->newcomer = false;
        if (watch(connection, EPOLL_CTL_ADD,
                  EPOLLIN | (connection->stuck != NULL ? EPOLLOUT : 0u)) != 0) {
            ws_connection_kill(connection); /* the kernel has no room for more */
        }
    }
}

static void mark_dirty(struct connection *connection)
{
    struct ws *ws = connection->ws;
    if (connection->link_dirty != NULL) {
        return;
    }
    connection->next_dirty = ws->dirty;
    if (ws->dirty != NULL) {
        ws->dirty->link_dirty = &connection->next_dirty;
    }
    connection->link_dirty = &ws->dirty;
    ws->dirty = connection;
}

static void unmark_dirty(struct connection *connection)
{
    if (connection->link_dirty == NULL) {
        return;
    }
    *connection->link_dirty = connection->next_dirty;
    if (connection->next_dirty != NULL) {
        connection->next_dirty->link_dirty = connection->link_dirty;
    }
    connection->link_dirty = NULL;
    connection->next_dirty = NULL;
}

/** The buffer to append frames to. */
static struct buffer *out_open(struct connection *connection)
{
    struct ws *ws = connection->ws;
    if (connection->out.cap == 0 && ws->spare_count > 0) {
        connection->out = ws->spare[--ws->spare_count];
    }
    mark_dirty(connection);
    return &connection->out;
}

/** Keeps the memory for another connection. */
static void out_release(struct ws *ws, struct buffer *out)
{
    if (out->cap == 0 || out->cap > WS_SPARE_BYTES_MAX || ws->spare_count == WS_SPARE_MAX) {
        buffer_fini(out);
        return;
    }
    buffer_clear(out);
    ws->spare[ws->spare_count++] = *out;
    *out = (struct buffer){0};
}

static void transport_send(void *self, struct bytes head, struct bytes rest)
{
    struct connection *connection = self;
    if (connection->state == WS_OPEN) {
        ws_append_frame_of(out_open(connection),
                           connection->json ? WS_SERVER_TEXT : WS_SERVER_BINARY, head, rest);
    }
}

static size_t transport_pending(void *self)
{
    const struct connection *connection = self;
    const struct ws_stuck *stuck = connection->stuck;
    return connection->out.len + (stuck != NULL ? stuck->bytes.len - stuck->sent : 0);
}

static void transport_close(void *self, int code, const char *reason)
{
    struct connection *connection = self;
    if (connection->state == WS_OPEN && code == error_close_code(ERR_SLOW_READER)) {
        out_release(connection->ws, &connection->out); /* else it would learn the code last */
    }
    ws_connection_close(connection, code, reason);
}

void ws_connection_pong(struct connection *connection, struct bytes payload)
{
    if (connection->state == WS_OPEN && transport_pending(connection) <= WS_PONG_BYTES_MAX) {
        ws_append_frame(out_open(connection), WS_SERVER_PONG, payload);
    }
}

void ws_connection_close(struct connection *connection, int code, const char *reason)
{
    if (connection->state != WS_OPEN) {
        return;
    }
    ws_append_close(out_open(connection), code, reason);
    connection->state = WS_CLOSING;
    connection->close_by_ms = ws_connection_now(connection) + WS_CLOSE_WITHIN_MS;
}

void ws_connection_finish(struct connection *connection)
{
    if (connection->state == WS_CLOSING) {
        struct session *session = connection->session;
        connection->state = WS_FINISHING;
        connection->session = NULL;
        mark_dirty(connection); /* also when nothing is to be sent: its half is to be shut */
        if (session != NULL) {
            session_disconnected(session);
        }
    }
}

void ws_connection_lose(struct connection *connection)
{
    if (connection->state != WS_LOST) {
        struct ws *ws = connection->ws;
        unmark_dirty(connection);
        connection->state = WS_LOST;
        connection->next_dirty = ws->lost;
        ws->lost = connection;
        (void)watch(connection, EPOLL_CTL_DEL, 0); /* it may wait for another turn to end */
    }
}

void ws_connection_kill(struct connection *connection)
{
    /* What the kernel still holds for a peer that does not read is dropped with a reset. */
    static const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    ws_connection_lose(connection);
}

/** Sends; returns how much the kernel took, or -1 when the connection is dead. */
static ssize_t send_some(const struct connection *connection, const uint8_t *data, size_t len)
{
    ssize_t sent = send(connection->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent >= 0 ? sent : errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? 0 : -1;
}

/** All is sent. */
static void drained(struct connection *connection)
{
    if (connection->state == WS_FINISHING && !connection->shut) {
        connection->shut = true;
        shutdown(connection->fd, SHUT_WR); /* the peer sees our end, and ends */
    } else if (connection->state == WS_OPEN && connection->session != NULL) {
        session_writable(connection->session);
    }
}

void ws_connection_flush(struct connection *connection)
{
    unmark_dirty(connection);
    if (connection->stuck != NULL) {
        return; /* the rest goes first; epoll says when */
    }
    if (connection->out.len != 0) {
        ssize_t sent = send_some(connection, connection->out.data, connection->out.len);
        if (sent < 0) {
            ws_connection_kill(connection);
            return;
        }
        if ((size_t)sent < connection->out.len) {
            connection->stuck = pool_alloc(sizeof *connection->stuck);
            *connection->stuck = (struct ws_stuck){.bytes = connection->out, .sent = (size_t)sent};
            connection->out = (struct buffer){0};
            (void)watch(connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
            return;
        }
        out_release(connection->ws, &connection->out);
    }
    drained(connection);
}

static void stuck_free(struct connection *connection)
{
    if (connection->stuck != NULL) {
        out_release(connection->ws, &connection->stuck->bytes);
        pool_free(connection->stuck, sizeof *connection->stuck);
        connection->stuck = NULL;
    }
}

void ws_connection_unstick(struct connection *connection)
{
    struct ws_stuck *stuck = connection->stuck;
    if (stuck == NULL) {
        return;
    }
    ssize_t sent =
        send_some(connection, stuck->bytes.data + stuck->sent, stuck->bytes.len - stuck->sent);
    if (sent < 0) {
        ws_connection_kill(connection);
        return;
    }
    stuck->sent += (size_t)sent;
    if (stuck->sent == stuck->bytes.len) {
        stuck_free(connection);
        (void)watch(connection, EPOLL_CTL_MOD, EPOLLIN);
        mark_dirty(connection); /* what was gathered meanwhile, and the session, are next */
    }
}

/* --- life ------------------------------------------------------------------------------------ */

/** What tells customers apart, for rate limits. */
static struct bytes remote_key(const struct ws *ws, int fd, const struct ws_upgrade *upgrade,
                               struct sockaddr_storage *address,
                               uint8_t room[FORWARDED_ADDRESS_BYTES])
{
    socklen_t len = sizeof *address;
    struct bytes peer;
    if (getpeername(fd, (struct sockaddr *)address, &len) != 0) {
        return (struct bytes){0};
    }
    if (address->ss_family == AF_INET6) {
        peer = bytes_of(((struct sockaddr_in6 *)address)->sin6_addr.s6_addr, 16);
    } else {
        peer = bytes_of(&((struct sockaddr_in *)address)->sin_addr, 4);
    }
    return forwarded_customer(
        forwarded_remote(ws->config.forwarded, peer, &upgrade->forwarded, room));
}

static void list_add(struct ws *ws, struct connection *connection)
{
    if (ws->count == ws->cap) {
        ws->cap = ws->cap == 0 ? 64 : ws->cap * 2;
        ws->connections = memory_resize(ws->connections, ws->cap * sizeof(struct connection *));
    }
    connection->index = ws->count;
    ws->connections[ws->count++] = connection;
}

static void list_remove(struct ws *ws, struct connection *connection)
{
    struct connection *last = ws->connections[--ws->count];
    ws->connections[connection->index] = last;
    last->index = connection->index;
}

struct connection *ws_connection_start(struct ws *ws, int fd, const struct ws_upgrade *upgrade,
                                       struct buffer *answer)
{
    uint8_t room[FORWARDED_ADDRESS_BYTES];
    struct sockaddr_storage address;
    struct connection *connection = memory_alloc(sizeof *connection);
    *connection = (struct connection){
        .ws = ws, .fd = fd, .json = upgrade->json, .newcomer = true, .out = *answer};
    *answer = (struct buffer){0};
    connection->heard_ms = ws_connection_now(connection);
    list_add(ws, connection);
    mark_dirty(connection);
    struct transport transport = {.self = connection,
                                  .send = transport_send,
                                  .pending = transport_pending,
                                  .close = transport_close};
    connection->session =
        session_connect(ws->config.sessions, upgrade->json ? SUBPROTOCOL_JSON : SUBPROTOCOL_MSGPACK,
                        remote_key(ws, fd, upgrade, &address, room), &transport);
    if (connection->session == NULL) {
        ws_connection_close(connection, error_close_code(ERR_BUSY), "BUSY retry_ms=5000");
    }
    if (watch(connection, EPOLL_CTL_ADD, EPOLLIN) != 0) {
        ws_connection_kill(connection); /* the kernel has no room for more */
    }
    return connection;
}

void ws_connection_end(struct connection *connection)
{
    struct ws *ws = connection->ws;
    ws_connection_lose(connection); /* whatever the session still says is not sent */
    if (connection->session != NULL) {
        session_disconnected(connection->session);
    }
    struct connection **link = &ws->lost;
    while (*link != connection) {
        link = &(*link)->next_dirty;
    }
    *link = connection->next_dirty;
    stuck_free(connection);
    ws_partial_free(connection);
    out_release(ws, &connection->out);
    list_remove(ws, connection);
    close(connection->fd); /* epoll forgets it */
    free(connection);
}

void ws_connection_check(struct connection *connection, int64_t now_ms)
{
    static const char token[] = "duet"; /* for those who would not answer an empty one */
    const struct ws_config *config = &connection->ws->config;
    if (connection->state != WS_OPEN) {
        if (now_ms >= connection->close_by_ms) {
            ws_connection_kill(connection);
        }
        return;
    }
    bool pinged = connection->pinged_ms > connection->heard_ms;
    if (pinged && now_ms - connection->pinged_ms >= config->pong_within_ms) {
        ws_connection_kill(connection);
    } else if (!pinged && now_ms - connection->heard_ms >= config->heartbeat_ms) {
        connection->pinged_ms = now_ms;
        ws_append_frame(out_open(connection), WS_SERVER_PING, text_of(token));
    }
}
