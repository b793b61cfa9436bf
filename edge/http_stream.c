/*
 * Answers whose body comes over time. To HTTP/1.1 each run of bytes is a chunk; to HTTP/1.0 the
 * body ends with the connection. The connection carries no further request.
 */
#include <stdio.h>

#include "base/check.h"
#include "edge/http_internal.h"

static struct http_connection *connection_of(struct http_exchange *exchange)
{
    return (struct http_connection *)(void *)exchange;
}

void http_stream_start(struct http_exchange *exchange, const struct http_response *response)
{
    struct http_connection *connection = connection_of(exchange);
    CHECK_DEBUG(connection->held && connection->message != NULL);
    if (connection->state == HTTP_LOST) {
        return; /* gone will be called */
    }
    connection->chunked = !connection->message->request.http_1_0;
    connection->mute = connection->message->request.method == HTTP_HEAD;
    http_append_head(connection, response,
                     connection->chunked ? "transfer-encoding: chunked\r\nconnection: close\r\n"
                                         : "connection: close\r\n");
    http_report(connection, response->status);
    http_connection_forget_message(connection);
    connection->state = HTTP_STREAMING;
    connection->restart = true;
    connection->dropped = 0;
    if (connection->ended) {
        http_connection_lose(connection); /* nobody is there to read it */
    } else if (!connection->processing) {
        buffer_fini(&connection->in);
        http_connection_settle(connection);
    }
    if (response->body.len != 0) {
        http_stream_send(exchange, response->body, (struct bytes){0});
    }
}

void http_stream_send(struct http_exchange *exchange, struct bytes head, struct bytes rest)
{
    struct http_connection *connection = connection_of(exchange);
    size_t len = head.len + rest.len;
    char size[20];
    if (connection->state != HTTP_STREAMING || connection->mute || len == 0) {
        return;
    }
    if (http_stream_pending(exchange) + len > connection->http->config.stream_bytes_max) {
        http_connection_kill(connection);
        return;
    }
    struct buffer *out = http_connection_out(connection);
    if (connection->chunked) {
        buffer_append(out, size, (size_t)snprintf(size, sizeof size, "%zx\r\n", len));
    }
    buffer_append(out, head.data, head.len);
    buffer_append(out, rest.data, rest.len);
    if (connection->chunked) {
        buffer_append(out, "\r\n", 2);
    }
}

size_t http_stream_pending(const struct http_exchange *exchange)
{
    const struct http_connection *connection =
        (const struct http_connection *)(const void *)exchange;
    return connection->out.len - connection->sent;
}

void http_stream_finish(struct http_connection *connection)
{
    if (connection->state != HTTP_STREAMING) {
        return;
    }
    if (connection->chunked && !connection->mute) {
        buffer_append(http_connection_out(connection), "0\r\n\r\n", 5);
    }
    connection->state = HTTP_ENDING;
    connection->restart = true;
    http_connection_mark_dirty(connection);
    http_connection_settle(connection);
}

void http_stream_end(struct http_exchange *exchange)
{
    struct http_connection *connection = connection_of(exchange);
    connection->held = false;
    http_stream_finish(connection);
}
