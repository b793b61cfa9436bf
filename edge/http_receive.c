/*
 * What a connection receives: bytes become requests, one in work at a time. What is pipelined
 * behind waits, and is looked at when the answer is given, in a later turn if that comes from
 * elsewhere, so that nobody's stack grows with what a peer sends.
 */
#include <errno.h>
#include <sys/socket.h>

#include "edge/http_internal.h"

/* --- one request ----------------------------------------------------------------------------- */

static void begin_request(struct http_connection *connection, struct http_message *message,
                          size_t rest)
{
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const struct http_handler *handler = &connection->http->config.handler;
    connection->message = message;
    connection->began_ns = uv_hrtime();
    connection->restart = true;
    connection->held = true;
    connection->exchange = (struct http_exchange){0};
    message->request.peer = bytes_of(connection->peer, connection->peer_len);
    connection->state = HTTP_BODY;
    connection->body_max = handler->head(handler->self, &connection->exchange);
    if (connection->state != HTTP_BODY) {
        return; /* answered, or a stream */
    }
    if (message->left > connection->body_max) {
        http_refuse(connection, 413, "The body is too large.");
    } else if (message->expects_continue && rest == 0 && http_message_has_more(message)) {
        buffer_append(http_connection_out(connection), go_on, sizeof go_on - 1);
    }
}

static void complete_request(struct http_connection *connection)
{
    const struct http_handler *handler = &connection->http->config.handler;
    connection->state = HTTP_WORKING;
    connection->restart = true;
    handler->request(handler->self, &connection->exchange);
}

/** Bytes used; 0: more are needed, or the request was refused. */
static size_t take_head(struct http_connection *connection, struct bytes in)
{
    struct http_message *message;
    struct http_parsed parsed = http_parse_head(in, &message);
    if (parsed.verdict == HTTP_PARSE_REFUSED) {
        connection->began_ns = uv_hrtime();
        http_refuse(connection, parsed.status, parsed.fault);
    } else if (parsed.verdict == HTTP_PARSE_DONE) {
        begin_request(connection, message, in.len - parsed.used);
    }
    return parsed.used;
}

/** What has been coming for longest makes room, so slow bodies cannot keep quick ones out. */
static void bound_bodies(struct http_connection *connection)
{
    struct http *http = connection->http;
    while (http->bodies_bytes > http->config.bodies_bytes_max) {
        struct http_connection *oldest = http->waits[HTTP_WAIT_BODY].first;
        if (oldest == NULL || oldest == connection) {
            http_refuse(connection, 503, "There are too many bodies at once.");
            return;
        }
        oldest->restart = true;
        http_refuse(oldest, 503, "There are too many bodies at once.");
        http_connection_settle(oldest);
    }
}

static size_t take_body(struct http_connection *connection, struct bytes in)
{
    size_t before = connection->message->body.len;
    struct http_parsed parsed = http_parse_body(connection->message, in, connection->body_max);
    connection->http->bodies_bytes += connection->message->body.len - before;
    if (parsed.verdict == HTTP_PARSE_REFUSED) {
        http_refuse(connection, parsed.status, parsed.fault);
    } else {
        bound_bodies(connection);
    }
    return parsed.used;
}

/* --- as many as there are -------------------------------------------------------------------- */

static bool may_begin(const struct http_connection *connection)
{
    return !connection->stuck && connection->tail.len == 0 &&
           connection->out.len <= HTTP_OUT_HIGH_BYTES;
}

/** Returns what is left of `in`. */
static struct bytes process(struct http_connection *connection, struct bytes in)
{
    int begun = 0;
    connection->processing = true;
    for (size_t used = 1; used != 0;) {
        used = 0;
        if (connection->state == HTTP_IDLE && in.len != 0 && may_begin(connection)) {
            if (begun++ == HTTP_REQUESTS_PER_TURN) {
                http_connection_mark_ready(connection);
                break;
            }
            used = take_head(connection, in);
        } else if (connection->state == HTTP_BODY && http_message_has_more(connection->message)) {
            used = in.len == 0 ? 0 : take_body(connection, in);
        }
        if (used != 0) {
            in = bytes_of(in.data + used, in.len - used);
        }
        if (connection->state == HTTP_BODY && !http_message_has_more(connection->message)) {
            complete_request(connection);
        }
    }
    connection->processing = false;
    return in;
}

/** What could not be used yet waits; behind the last answer it is dropped. */
static void keep(struct http_connection *connection, struct bytes rest)
{
    bool used_later = connection->state == HTTP_IDLE || connection->state == HTTP_WORKING;
    if (!used_later || rest.len == 0) {
        connection->lingers = connection->lingers || rest.len != 0;
        buffer_fini(&connection->in);
    } else if (connection->in.data == NULL) {
        buffer_append(&connection->in, rest.data, rest.len);
    } else {
        memmove(connection->in.data, rest.data, rest.len);
        connection->in.len = rest.len;
    }
}

/** Nothing will complete what has begun, and nobody is there to read a stream. */
static void end_without_input(struct http_connection *connection)
{
    if (connection->state == HTTP_BODY || connection->state == HTTP_STREAMING) {
        http_connection_lose(connection);
    } else if (connection->state == HTTP_IDLE && !connection->ready && may_begin(connection)) {
        connection->state = HTTP_ENDING;
        http_connection_mark_dirty(connection);
    }
}

static void look_at(struct http_connection *connection, struct bytes in)
{
    keep(connection, process(connection, in));
    if (connection->ended) {
        end_without_input(connection);
    }
    if (connection->state != HTTP_ENDING) { /* that is seen to at the end of the turn */
        http_connection_settle(connection);
    }
}

void http_receive_waiting(struct http_connection *connection)
{
    look_at(connection, buffer_bytes(&connection->in));
}

/** Of a peer that has nothing more to say, or should only read. */
static void drop(struct http_connection *connection, size_t len, uint32_t most)
{
    connection->dropped += (uint32_t)len;
    if (connection->dropped > most) {
        http_connection_lose(connection);
    }
}

static void received(struct http_connection *connection, struct bytes in)
{
    if (connection->state == HTTP_LINGERING) {
        drop(connection, in.len, HTTP_LINGER_BYTES_MAX);
    } else if (connection->state == HTTP_STREAMING) {
        drop(connection, in.len, HTTP_STREAM_INPUT_BYTES_MAX);
    } else if (connection->in.len == 0) {
        look_at(connection, in);
    } else {
        buffer_append(&connection->in, in.data, in.len);
        http_receive_waiting(connection);
    }
}

/** recv of 0: the peer has shut its half. */
static void input_ended(struct http_connection *connection)
{
    connection->ended = true;
    if (connection->state == HTTP_LINGERING || connection->state == HTTP_STREAMING) {
        http_connection_lose(connection);
    } else {
        http_receive_waiting(connection);
    }
}

void http_receive(struct http_connection *connection)
{
    struct http *http = connection->http;
    bool waits = connection->state == HTTP_IDLE || connection->state == HTTP_WORKING;
    size_t room = waits ? HTTP_WAITING_BYTES_MAX - connection->in.len : HTTP_RECEIVE_BYTES;
    if (connection->ended || room == 0) {
        return;
    }
    ssize_t got = recv(connection->fd, http->received, room, MSG_DONTWAIT);
    if (got > 0) {
        received(connection, bytes_of(http->received, (size_t)got));
    } else if (got == 0) {
        input_ended(connection);
    } else if (errno != EAGAIN && errno != EINTR) {
        http_connection_lose(connection);
    }
}
