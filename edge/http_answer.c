/*
 * Answers: status line, our headers, the handler's, the body; gathered in the connection's buffer.
 */
#include <time.h>

#include "base/check.h"
#include "edge/http_error.h"
#include "edge/http_internal.h"

static struct http_connection *connection_of(struct http_exchange *exchange)
{
    return (struct http_connection *)(void *)exchange;
}

const struct http_request *http_request(const struct http_exchange *exchange)
{
    const struct http_connection *connection =
        (const struct http_connection *)(const void *)exchange;
    return connection->message == NULL ? NULL : &connection->message->request;
}

void **http_context(struct http_exchange *exchange)
{
    return &exchange->context;
}

void http_set_endpoint(struct http_exchange *exchange, uint16_t endpoint)
{
    exchange->endpoint = endpoint;
}

uint16_t http_endpoint(const struct http_exchange *exchange)
{
    return exchange->endpoint;
}

/** "date: …\r\n", made anew when a second has passed. */
static const char *date_line(struct http *http)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (http->date_s != now.tv_sec) {
        struct tm utc;
        gmtime_r(&now.tv_sec, &utc);
        strftime(http->date, sizeof http->date, "date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
        http->date_s = now.tv_sec;
    }
    return http->date;
}

static void append_text(struct buffer *out, const char *text)
{
    buffer_append(out, text, strlen(text));
}

static void append_number(struct buffer *out, size_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    buffer_append(out, digits + at, sizeof digits - at);
}

/** Status line and date. */
static struct buffer *begin_head(struct http_connection *connection, int status)
{
    struct buffer *out = http_connection_out(connection);
    buffer_append(out, "HTTP/1.1 ", 9);
    append_number(out, (size_t)status);
    buffer_append(out, " ", 1);
    append_text(out, http_error_phrase(status));
    buffer_append(out, "\r\n", 2);
    append_text(out, date_line(connection->http));
    return out;
}

static void end_head(struct buffer *out, const struct http_response *response)
{
    buffer_append(out, response->headers.data, response->headers.len);
    buffer_append(out, "\r\n", 2);
}

void http_append_head(struct http_connection *connection, const struct http_response *response,
                      const char *framing)
{
    struct buffer *out = begin_head(connection, response->status);
    append_text(out, framing);
    end_head(out, response);
}

/** The line about the connection, where its version does not say it. */
static const char *connection_line(const struct http_request *request, bool close)
{
    if (close) {
        return "connection: close\r\n";
    }
    return request != NULL && request->http_1_0 ? "connection: keep-alive\r\n" : "";
}

static void append_body(struct http_connection *connection, struct buffer *out,
                        const struct http_response *response)
{
    if (response->body_stays && response->body.len >= HTTP_TAIL_BYTES_MIN) {
        connection->tail = response->body;
    } else {
        buffer_append(out, response->body.data, response->body.len);
    }
}

/** An answer with its body. */
static void append_answer(struct http_connection *connection, const struct http_response *response,
                          bool close)
{
    const struct http_request *request = http_request(&connection->exchange);
    bool bodiless = response->status == 204 || response->status == 304;
    struct buffer *out = begin_head(connection, response->status);
    if (!bodiless) {
        append_text(out, "content-length: ");
        append_number(out, response->body.len);
        buffer_append(out, "\r\n", 2);
    }
    append_text(out, connection_line(request, close));
    end_head(out, response);
    if (!bodiless && (request == NULL || request->method != HTTP_HEAD)) {
        append_body(connection, out, response);
    }
}

void http_report(struct http_connection *connection, int status)
{
    const struct http_handler *handler = &connection->http->config.handler;
    if (handler->answered != NULL) {
        int64_t took_us =
            connection->began_ns == 0 ? 0 : (int64_t)((uv_hrtime() - connection->began_ns) / 1000);
        handler->answered(handler->self, connection->held ? &connection->exchange : NULL, status,
                          took_us);
    }
}

void http_exchange_abandon(struct http_connection *connection)
{
    const struct http_handler *handler = &connection->http->config.handler;
    if (connection->held) {
        connection->held = false;
        handler->gone(handler->self, &connection->exchange);
    }
}

/** The answer is given. */
static void leave_request(struct http_connection *connection, bool close)
{
    bool unread = connection->state == HTTP_BODY && http_message_has_more(connection->message);
    http_connection_forget_message(connection);
    connection->began_ns = 0;
    connection->held = false;
    connection->restart = true;
    connection->lingers = connection->lingers || unread;
    connection->state = close ? HTTP_ENDING : HTTP_IDLE;
    if (connection->processing) {
        return;
    }
    if (close) {
        connection->lingers = connection->lingers || connection->in.len != 0;
    } else if (connection->in.len != 0 || connection->ended) {
        http_connection_mark_ready(connection);
    }
    if (!close) {
        http_connection_settle(connection);
    }
}

void http_answer(struct http_exchange *exchange, const struct http_response *response)
{
    struct http_connection *connection = connection_of(exchange);
    const struct http_message *message = connection->message;
    CHECK_DEBUG(connection->held && message != NULL);
    if (connection->state == HTTP_LOST) {
        connection->held = false;
        return;
    }
    bool unread = connection->state == HTTP_BODY && http_message_has_more(message);
    bool close = response->close || !message->keep_alive || unread || connection->http->draining;
    append_answer(connection, response, close);
    http_report(connection, response->status);
    /* A peer that did not ask for the end may be sending already. */
    connection->lingers = connection->lingers || (close && message->keep_alive);
    leave_request(connection, close);
}

void http_refuse(struct http_connection *connection, int status, const char *fault)
{
    const struct http_handler *handler = &connection->http->config.handler;
    struct http_response response = {.status = status};
    handler->refusal(handler->self, status, fault, &response);
    append_answer(connection, &response, true);
    http_report(connection, status);
    http_exchange_abandon(connection);
    http_connection_forget_message(connection);
    connection->began_ns = 0;
    connection->lingers = true;
    connection->state = HTTP_ENDING;
}
