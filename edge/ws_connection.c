/*
 * One connection. Outgoing messages are framed here, gathered, and written raw, once per loop turn:
 * on a WebSocket, lws_write(…, LWS_WRITE_HTTP) writes the bytes as they are. libwebsockets writes
 * its pongs and answers to close frames between our writes, which always end with a whole frame.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/error.h"
#include "edge/ws_head.h"
#include "edge/ws_internal.h"

/* --- out ------------------------------------------------------------------------------------- */

static int64_t loop_now(const struct connection *connection)
{
    return (int64_t)uv_now(connection->ws->config.loop);
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
    if (connection->out.cap == 0) {
        if (ws->spare_count > 0) {
            connection->out = ws->spare[--ws->spare_count];
        }
        buffer_extend(&connection->out, LWS_PRE);
    }
    mark_dirty(connection);
    return &connection->out;
}

/** Keeps the memory for another connection. */
static void out_release(struct connection *connection)
{
    struct ws *ws = connection->ws;
    if (connection->out.cap > WS_SPARE_BYTES_MAX || ws->spare_count == WS_SPARE_MAX) {
        buffer_fini(&connection->out);
        return;
    }
    buffer_clear(&connection->out);
    if (connection->out.cap != 0) {
        ws->spare[ws->spare_count++] = connection->out;
    }
    connection->out = (struct buffer){0};
}

static void transport_send(void *self, struct bytes head, struct bytes rest)
{
    struct connection *connection = self;
    if (connection->close_by_ms == 0) {
        ws_append_frame_of(out_open(connection),
                           connection->json ? WS_SERVER_TEXT : WS_SERVER_BINARY, head, rest);
    }
}

static size_t transport_pending(void *self)
{
    const struct connection *connection = self;
    size_t gathered = connection->out.len == 0 ? 0 : connection->out.len - LWS_PRE;
    return gathered + connection->unsent;
}

static void transport_close(void *self, int code, const char *reason)
{
    ws_connection_close(self, code, reason);
}

void ws_connection_close(struct connection *connection, int code, const char *reason)
{
    if (connection->close_by_ms != 0) {
        return;
    }
    if (code == error_close_code(ERR_SLOW_READER)) {
        out_release(connection); /* else it would learn the code last */
    }
    ws_append_close(out_open(connection), code, reason);
    connection->close_by_ms = loop_now(connection) + WS_CLOSE_WITHIN_MS;
    buffer_fini(&connection->in);
}

void ws_connection_kill(struct connection *connection)
{
    if (connection->close_by_ms == 0) {
        connection->close_by_ms = loop_now(connection) + WS_CLOSE_WITHIN_MS;
    }
    /* What the kernel still holds for a peer that does not read is dropped with a reset. */
    static const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    int fd = lws_get_socket_fd(connection->wsi);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    shutdown(fd, SHUT_RDWR);
}

void ws_connection_flush(struct connection *connection)
{
    unmark_dirty(connection);
    if (lws_partial_buffered(connection->wsi)) {
        return; /* it asked for a callback when the rest is out */
    }
    connection->unsent = 0;
    if (connection->out.len > LWS_PRE) {
        size_t len = connection->out.len - LWS_PRE;
        int written =
            lws_write(connection->wsi, connection->out.data + LWS_PRE, len, LWS_WRITE_HTTP);
        out_release(connection);
        if (written < 0) {
            ws_connection_kill(connection);
            return;
        }
        connection->unsent = lws_partial_buffered(connection->wsi) ? len : 0;
    }
    if (connection->unsent == 0 && connection->session != NULL && connection->close_by_ms == 0) {
        session_writable(connection->session);
    }
}

/* --- in -------------------------------------------------------------------------------------- */

static void deliver(struct connection *connection, struct bytes message)
{
    connection->fragments = 0;
    if (connection->session != NULL) {
        session_receive(connection->session, message);
    }
}

/** Why this piece is not acceptable, as a close code; 0: it is. */
static int refuse_piece(const struct connection *connection, struct bytes piece,
                        const char **reason)
{
    size_t max = connection->ws->config.message_bytes_max;
    size_t remains = lws_remaining_packet_payload(connection->wsi);
    size_t so_far = connection->in.len + piece.len;
    if (so_far > max || remains > max - so_far || connection->fragments >= WS_FRAGMENTS_MAX) {
        *reason = error_name(ERR_TOO_LARGE);
        return error_close_code(ERR_TOO_LARGE);
    }
    if ((lws_frame_is_binary(connection->wsi) != 0) == connection->json) {
        *reason = connection->json ? "the subprotocol has text messages"
                                   : "the subprotocol has binary messages";
        return 1003;
    }
    return 0;
}

void ws_connection_receive(struct connection *connection, struct bytes piece)
{
    const char *reason;
    connection->heard_ms = loop_now(connection);
    if (connection->close_by_ms != 0) {
        return;
    }
    int code = refuse_piece(connection, piece, &reason);
    if (code != 0) {
        ws_connection_close(connection, code, reason);
        return;
    }
    bool last = lws_is_final_fragment(connection->wsi) != 0;
    if (last && connection->in.len == 0) {
        deliver(connection, piece);
        return;
    }
    buffer_append(&connection->in, piece.data, piece.len);
    connection->fragments++;
    if (last) {
        struct buffer message = connection->in;
        connection->in = (struct buffer){0};
        deliver(connection, buffer_bytes(&message));
        buffer_fini(&message);
    }
}

/* --- life ------------------------------------------------------------------------------------ */

/** What tells peers apart: an IPv4 address, or the /64 of an IPv6 one, which is one customer's. */
static struct bytes remote_key(int fd, struct sockaddr_storage *address)
{
    socklen_t len = sizeof *address;
    if (getpeername(fd, (struct sockaddr *)address, &len) != 0) {
        return (struct bytes){0};
    }
    if (address->ss_family == AF_INET6) {
        return bytes_of(((struct sockaddr_in6 *)address)->sin6_addr.s6_addr, 8);
    }
    return bytes_of(&((struct sockaddr_in *)address)->sin_addr, 4);
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

void ws_connection_start(struct ws *ws, struct connection *connection, struct lws *wsi, bool json)
{
    struct sockaddr_storage address;
    *connection = (struct connection){.ws = ws, .wsi = wsi, .json = json};
    connection->heard_ms = loop_now(connection);
    list_add(ws, connection);
    struct transport transport = {.self = connection,
                                  .send = transport_send,
                                  .pending = transport_pending,
                                  .close = transport_close};
    connection->session =
        session_connect(ws->config.sessions, json ? SUBPROTOCOL_JSON : SUBPROTOCOL_MSGPACK,
                        remote_key(lws_get_socket_fd(wsi), &address), &transport);
    if (connection->session == NULL) {
        ws_connection_close(connection, error_close_code(ERR_BUSY), "retry_ms=5000");
        return;
    }
    ws_mask_start(connection);
}

void ws_connection_end(struct connection *connection)
{
    struct ws *ws = connection->ws;
    ws_mask_stop(connection);
    unmark_dirty(connection);
    out_release(connection);
    buffer_fini(&connection->in);
    list_remove(ws, connection);
    connection->ws = NULL;
    if (connection->session != NULL) {
        struct session *session = connection->session;
        connection->session = NULL;
        session_disconnected(session);
    }
}

void ws_connection_check(struct connection *connection, int64_t now_ms)
{
    static const char token[] = "duet"; /* an answer to an empty ping would not be reported */
    const struct ws_config *config = &connection->ws->config;
    if (connection->close_by_ms != 0) {
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
