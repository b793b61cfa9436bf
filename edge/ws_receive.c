/*
 * What a connection receives: one recv into the shard's buffer, frames unmasked where they lie and
 * handed on from there. Only what was cut is copied: a cut frame waits in memory of its own, which
 * the next recv fills before anything else, so that no byte is copied twice however small the
 * pieces are.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/error.h"
#include "base/pool.h"
#include "edge/ws_internal.h"

enum { CLOSE_PROTOCOL = 1002, CLOSE_TYPE = 1003 };

static struct ws_partial *partial_get(struct connection *connection)
{
    if (connection->partial == NULL) {
        connection->partial = pool_alloc(sizeof *connection->partial);
        *connection->partial = (struct ws_partial){0};
    }
    return connection->partial;
}

void ws_partial_free(struct connection *connection)
{
    struct ws_partial *partial = connection->partial;
    if (partial != NULL) {
        buffer_fini(&partial->frame);
        buffer_fini(&partial->message);
        pool_free(partial, sizeof *partial);
        connection->partial = NULL;
    }
}

static void drop_idle_partial(struct connection *connection)
{
    struct ws_partial *partial = connection->partial;
    if (partial != NULL && partial->frame.len == 0 && partial->fragments == 0) {
        ws_partial_free(connection);
    }
}

/** What cannot be understood ends the connection, with the reason. */
static void refuse(struct connection *connection, int code, const char *reason)
{
    ws_connection_close(connection, code, reason);
    ws_connection_finish(connection);
}

/* --- messages -------------------------------------------------------------------------------- */

static void deliver(struct connection *connection, struct bytes message)
{
    ws_connection_settle(connection);
    if (connection->state == WS_OPEN && connection->session != NULL) {
        session_receive(connection->session, message);
    }
}

static void take_fragment(struct connection *connection, const struct ws_frame *frame,
                          struct bytes payload)
{
    struct ws_partial *partial = partial_get(connection);
    if (partial->fragments++ == WS_FRAGMENTS_MAX) {
        refuse(connection, error_close_code(ERR_TOO_LARGE), error_name(ERR_TOO_LARGE));
        return;
    }
    buffer_append(&partial->message, payload.data, payload.len);
    if (frame->fin) {
        struct buffer message = partial->message;
        partial->message = (struct buffer){0};
        partial->fragments = 0;
        deliver(connection, buffer_bytes(&message));
        buffer_fini(&message);
    }
}

static void take_data(struct connection *connection, const struct ws_frame *frame,
                      struct bytes payload)
{
    bool begins = frame->opcode != WS_CLIENT_CONTINUATION;
    bool under_way = connection->partial != NULL && connection->partial->fragments != 0;
    if (begins == under_way) {
        refuse(connection, CLOSE_PROTOCOL,
               begins ? "a message inside another" : "a continuation of nothing");
        return;
    }
    if (begins && (frame->opcode == WS_CLIENT_BINARY) == connection->json) {
        refuse(connection, CLOSE_TYPE,
               connection->json ? "the subprotocol has text messages"
                                : "the subprotocol has binary messages");
        return;
    }
    if (begins && frame->fin) {
        deliver(connection, payload);
    } else {
        take_fragment(connection, frame, payload);
    }
}

/** Whether a peer may send this code (RFC 6455, 7.4). */
static bool is_close_code(uint16_t code)
{
    return (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) ||
           (code >= 3000 && code <= 4999);
}

static void take_close(struct connection *connection, struct bytes payload)
{
    uint16_t code = payload.len >= 2 ? get_u16(payload.data) : 1000;
    bool sound = payload.len != 1 && is_close_code(code);
    ws_connection_close(connection, sound ? code : CLOSE_PROTOCOL, ""); /* unless ours came first */
    ws_connection_finish(connection);
}

static void take_frame(struct connection *connection, const struct ws_frame *frame,
                       uint8_t *payload)
{
    struct bytes bytes = bytes_of(payload, frame->length);
    ws_unmask(payload, frame->length, frame->mask);
    switch (frame->opcode) {
    case WS_CLIENT_CONTINUATION:
    case WS_CLIENT_TEXT:
    case WS_CLIENT_BINARY:
        take_data(connection, frame, bytes);
        break;
    case WS_CLIENT_CLOSE:
        take_close(connection, bytes);
        break;
    case WS_CLIENT_PING:
        ws_connection_pong(connection, bytes);
        break;
    case WS_CLIENT_PONG: /* it was heard */
        break;
    }
}

/* --- bytes ----------------------------------------------------------------------------------- */

static bool is_listening(const struct connection *connection)
{
    return connection->state <= WS_CLOSING;
}

/** The head at `data`, as ws_frame_head, with the room that its message has left. */
static int read_head(const struct connection *connection, const uint8_t *data, size_t len,
                     struct ws_frame *frame, const char **reason)
{
    const struct ws_partial *partial = connection->partial;
    size_t so_far = partial != NULL ? partial->message.len : 0;
    return ws_frame_head(bytes_of(data, len), connection->ws->config.message_bytes_max - so_far,
                         frame, reason);
}

/** Keeps the beginning of a frame; `frame_bytes` 0: not even its head is complete. */
static void keep(struct connection *connection, const uint8_t *data, size_t len, size_t frame_bytes)
{
    struct ws_partial *partial = partial_get(connection);
    if (frame_bytes > len) {
        (void)buffer_extend(&partial->frame, frame_bytes);
        buffer_clear(&partial->frame);
    }
    buffer_append(&partial->frame, data, len);
    partial->frame_bytes = frame_bytes;
}

void ws_receive_bytes(struct connection *connection, uint8_t *data, size_t len)
{
    while (len != 0 && is_listening(connection)) {
        struct ws_frame frame;
        const char *reason = "";
        int found = read_head(connection, data, len, &frame, &reason);
        if (found > 1) {
            refuse(connection, found, reason);
            break;
        }
        size_t whole = found == 1 ? frame.head_bytes + frame.length : 0;
        if (found == 0 || whole > len) {
            keep(connection, data, len, whole);
            break;
        }
        take_frame(connection, &frame, data + frame.head_bytes);
        data += whole;
        len -= whole;
    }
    drop_idle_partial(connection);
}

/** The cut frame is complete: it is taken, and its memory given back. */
static void take_kept(struct connection *connection)
{
    struct buffer kept = connection->partial->frame;
    connection->partial->frame = (struct buffer){0};
    connection->partial->frame_bytes = 0;
    ws_receive_bytes(connection, kept.data, kept.len);
    buffer_fini(&kept);
}

/** Reads what a cut frame lacks, and behind it into the shard's buffer. */
static ssize_t read_behind(struct connection *connection, size_t *behind)
{
    struct ws_partial *partial = connection->partial;
    size_t lacks = partial->frame_bytes - partial->frame.len;
    struct iovec parts[] = {
        {.iov_base = partial->frame.data + partial->frame.len, .iov_len = lacks},
        {.iov_base = connection->ws->received + WS_CARRY_BYTES, .iov_len = WS_RECEIVE_BYTES}};
    ssize_t got = readv(connection->fd, parts, 2);
    if (got > 0) {
        size_t filled = (size_t)got < lacks ? (size_t)got : lacks;
        partial->frame.len += filled;
        *behind = (size_t)got - filled;
    }
    return got;
}

/** Reads behind the few bytes of a head that was cut, put in front of the shard's buffer. */
static ssize_t read_head_behind(struct connection *connection, uint8_t **data, size_t *len)
{
    uint8_t *received = connection->ws->received + WS_CARRY_BYTES;
    size_t carried = connection->partial != NULL ? connection->partial->frame.len : 0;
    ssize_t got = recv(connection->fd, received, WS_RECEIVE_BYTES, MSG_DONTWAIT);
    if (got > 0 && carried != 0) {
        memcpy(received - carried, connection->partial->frame.data, carried);
        buffer_clear(&connection->partial->frame);
    }
    *data = received - carried;
    *len = got > 0 ? carried + (size_t)got : 0;
    return got;
}

void ws_receive(struct connection *connection)
{
    uint8_t *data = connection->ws->received + WS_CARRY_BYTES;
    size_t len = 0;
    ssize_t got;
    bool cut = connection->partial != NULL && connection->partial->frame_bytes != 0;
    if (cut) {
        got = read_behind(connection, &len);
    } else {
        got = read_head_behind(connection, &data, &len);
    }
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        ws_connection_lose(connection);
        return;
    }
    if (got < 0) {
        return;
    }
    connection->heard_ms = ws_connection_now(connection);
    if (cut && connection->partial->frame.len == connection->partial->frame_bytes) {
        take_kept(connection);
    }
    if (len != 0) {
        ws_receive_bytes(connection, data, len);
    }
}
