/*
 * A stream's session never asks anything; what is pushed to it becomes events. The answer's head is
 * sent when session.open has been answered, so a refusal is an ordinary error of HTTP.
 *
 * Nothing is freed while the session or the connection may stand above us on the stack: what has
 * ended goes on a list that is freed at the end of the turn.
 */
#include "edge/sse.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "edge/rest_internal.h"
#include "edge/site.h"
#include "edge/sse_cursor.h"
#include "wire/json_text.h"
#include "wire/url.h"

#define HEARTBEAT_DEFAULT_MS 15000
#define OPEN_REQUEST 1
#define RETRY_TEXT "1000" /* milliseconds until a client comes back */

static const char *const paths[] = {"/api/v1/notifications/stream", "/api/notifications/stream"};

struct sse_stream {
    const struct exchange_owner *owner; /* first */
    struct sse *sse;
    struct http_exchange *exchange; /* NULL: gone */
    struct session *session;        /* NULL: not yet asked for */
    struct session_cursor cursors[STREAM_COUNT];
    struct sse_stream *previous, *next; /* streaming: by last event, oldest first; dead: next */
    int64_t sent_ms;
    bool streaming, dead;
};

struct sse {
    struct sse_config config;
    struct sse_stream *oldest, *newest;
    struct sse_stream *dead;
    uint32_t count;
    struct buffer event;
};

static int64_t now_ms(const struct sse *sse)
{
    return sse->config.now_ms(sse->config.clock);
}

/* --- the order of silence -------------------------------------------------------------------- */

static void link_stream(struct sse_stream *stream)
{
    struct sse *sse = stream->sse;
    stream->sent_ms = now_ms(sse);
    stream->next = NULL;
    stream->previous = sse->newest;
    *(sse->newest != NULL ? &sse->newest->next : &sse->oldest) = stream;
    sse->newest = stream;
}

static void unlink_stream(struct sse_stream *stream)
{
    struct sse *sse = stream->sse;
    struct sse_stream *previous = stream->previous, *next = stream->next;
    *(previous != NULL ? &previous->next : &sse->oldest) = next;
    *(next != NULL ? &next->previous : &sse->newest) = previous;
}

static void bury(struct sse_stream *stream)
{
    struct sse *sse = stream->sse;
    if (stream->dead) {
        return;
    }
    if (stream->streaming) {
        unlink_stream(stream);
        sse->count--;
    }
    stream->dead = true;
    stream->streaming = false;
    stream->next = sse->dead;
    sse->dead = stream;
}

/* --- events ---------------------------------------------------------------------------------- */

static void put(struct buffer *out, const char *text)
{
    buffer_append(out, text, strlen(text));
}

static struct buffer *event_begin(struct sse_stream *stream, struct bytes type, bool with_id)
{
    struct buffer *out = &stream->sse->event;
    buffer_clear(out);
    if (with_id) {
        put(out, "id: ");
        sse_cursors_append(stream->cursors, out);
        put(out, "\n");
    }
    put(out, "event: ");
    buffer_append(out, type.data, type.len);
    put(out, "\ndata: ");
    return out;
}

static void event_end(struct sse_stream *stream)
{
    put(&stream->sse->event, "\n\n");
    unlink_stream(stream);
    link_stream(stream);
    http_stream_send(stream->exchange, buffer_bytes(&stream->sse->event), (struct bytes){0});
}

/** A text of JSON has no line breaks of its own, so an event's data is one line. */
static void send_event(struct sse_stream *stream, struct bytes type, bool with_id,
                       struct bytes value)
{
    if (stream->exchange == NULL) {
        return;
    }
    struct buffer *out = event_begin(stream, type, with_id);
    if (CHECK_RECOVER(json_text_transcribe(out, value) == 0)) {
        event_end(stream);
    }
}

/** Where the client stands now: after its cursor, or at the head of what it cannot resume. */
static void take_positions(struct sse_stream *stream, const struct list *streams)
{
    const struct stream_position *positions = streams->items;
    for (uint32_t i = 0; i < streams->count; i++) {
        struct session_cursor *cursor = &stream->cursors[positions[i].stream];
        if (!cursor->given || positions[i].reset) {
            *cursor = (struct session_cursor){
                .given = true, .epoch = positions[i].epoch, .after = positions[i].head};
        }
    }
}

static void start(struct sse_stream *stream, struct bytes result)
{
    static const char headers[] = "content-type: text/event-stream\r\n"
                                  "cache-control: no-store\r\n"
                                  "x-accel-buffering: no\r\n";
    struct session_open_result opened;
    struct arena arena = {0};
    struct field_fault fault;
    struct buffer head = {0};
    if (!CHECK_RECOVER(record_decode(&session_open_result_type, RECORD_AS_MAP, result, &arena,
                                     &opened, &fault) == 0)) {
        arena_fini(&arena);
        return;
    }
    take_positions(stream, &opened.streams);
    arena_fini(&arena);
    rest_common_headers(stream->sse->config.rest, stream->exchange, &head);
    put(&head, headers);
    http_stream_start(stream->exchange,
                      &(struct http_response){.status = 200, .headers = buffer_bytes(&head)});
    buffer_fini(&head);
    stream->streaming = true;
    stream->sse->count++;
    link_stream(stream);
    http_stream_send(stream->exchange, text_of("retry: " RETRY_TEXT "\n"), (struct bytes){0});
    send_event(stream, text_of("open"), true, result);
}

/* --- as what carries the session ------------------------------------------------------------- */

static void carry_result(void *self, uint32_t id, struct bytes result)
{
    struct sse_stream *stream = self;
    (void)id;
    if (stream->exchange != NULL && !stream->streaming) {
        start(stream, result);
    }
}

static void refuse(struct sse_stream *stream, const struct rpc_error *error)
{
    struct http_exchange *exchange = stream->exchange;
    stream->exchange = NULL;
    bury(stream);
    if (exchange != NULL) {
        rest_refuse(stream->sse->config.rest, exchange, error);
    }
}

static void carry_error(void *self, uint32_t id, const struct rpc_error *error)
{
    (void)id;
    refuse(self, error);
}

static void carry_push(void *self, const char *topic, struct bytes body)
{
    struct sse_stream *stream = self;
    struct stream_body entry;
    enum stream_name name = sse_stream_named(text_of(topic));
    if (!stream->streaming || stream->exchange == NULL) {
        return;
    }
    if (name == STREAM_COUNT) { /* volatile: no place, newest wins */
        send_event(stream, text_of(topic), false, body);
    } else if (CHECK_RECOVER(frame_parse_stream_body(body, &entry) == 0)) {
        stream->cursors[name] = (struct session_cursor){
            .given = true, .epoch = entry.epoch, .after = (int64_t)entry.seq};
        send_event(stream, entry.type, true, body);
    }
}

static size_t carry_pending(void *self)
{
    const struct sse_stream *stream = self;
    return stream->streaming && stream->exchange != NULL ? http_stream_pending(stream->exchange)
                                                         : 0;
}

/** The session ended: the client learns why, and comes back or not by itself. */
static void carry_close(void *self, int code, const char *reason)
{
    struct sse_stream *stream = self;
    struct http_exchange *exchange = stream->exchange;
    int error = error_from_close_code(code);
    (void)reason;
    if (!stream->streaming || exchange == NULL) {
        refuse(stream, &(struct rpc_error){.code = error});
        return;
    }
    struct buffer *out = event_begin(stream, text_of("end"), false);
    put(out, "{\"code\":");
    json_text_string(out, text_of(error_name(error)));
    put(out, "}");
    event_end(stream);
    exchange = stream->exchange; /* NULL: that was too much for it */
    stream->exchange = NULL;
    bury(stream);
    if (exchange != NULL) {
        http_stream_end(exchange);
    }
}

/* --- as what works on an exchange ------------------------------------------------------------ */

static struct sse_stream *stream_of(struct http_exchange *exchange)
{
    return *http_context(exchange);
}

/** The topics asked for as bits; 0: one is unknown. */
static unsigned parse_topics(struct bytes text)
{
    unsigned follows = 0;
    struct bytes item;
    while (rest_next_item(&text, &item)) {
        enum stream_name name = sse_stream_named(item);
        if (name == STREAM_COUNT) {
            return 0;
        }
        follows |= 1u << name;
    }
    return follows;
}

/** Reads ?topics= and ?last_event_id=; false with `fault`. */
static bool read_query(struct sse_stream *stream, struct bytes query, unsigned *follows,
                       struct field_fault *fault)
{
    struct arena arena = {0};
    struct url_pair pair;
    struct bytes value;
    const char *wrong = NULL;
    while (wrong == NULL && url_next_pair(&query, &pair)) {
        bool topics = bytes_equal(pair.name, text_of("topics"));
        bool last = bytes_equal(pair.name, text_of("last_event_id"));
        if (!topics && !last) {
            continue;
        }
        bool fine = url_decode(pair.value, true, &arena, &value);
        if (topics) {
            *follows = fine ? parse_topics(value) : 0;
            wrong = *follows == 0 ? "topics" : NULL;
        } else if (!fine || !sse_cursors_parse(value, stream->cursors)) {
            wrong = "last_event_id";
        }
    }
    arena_fini(&arena);
    if (wrong != NULL) {
        (void)!snprintf(fault->field, sizeof fault->field, "%s", wrong);
        fault->reason = wrong[0] == 't' ? "is a list of user and couple" : "is no id of an event";
    }
    return wrong == NULL;
}

static int read_request(struct sse_stream *stream, unsigned *follows, struct field_fault *fault)
{
    const struct http_request *request = http_request(stream->exchange);
    struct bytes last;
    *follows = 1u << STREAM_USER;
    if (!read_query(stream, request->query, follows, fault)) {
        return ERR_INVALID_ARGUMENT;
    }
    if (http_request_header(request, "last-event-id", &last) &&
        !sse_cursors_parse(last, stream->cursors)) {
        *fault = (struct field_fault){.field = "Last-Event-ID", .reason = "is no id of an event"};
        return ERR_INVALID_ARGUMENT;
    }
    for (uint32_t i = 0; i < STREAM_COUNT; i++) {
        if ((*follows & (1u << i)) == 0) {
            stream->cursors[i] = (struct session_cursor){0};
        }
    }
    return 0;
}

static void handle_request(struct http_exchange *exchange)
{
    struct sse_stream *stream = stream_of(exchange);
    struct sse *sse = stream->sse;
    struct token_claims claims;
    struct field_fault fault = {0};
    uint8_t room[FORWARDED_ADDRESS_BYTES];
    unsigned follows;
    int64_t retry_ms = 0;
    int error = rest_sign_in(sse->config.rest, exchange, &claims, &retry_ms);
    if (error == 0) {
        error = read_request(stream, &follows, &fault);
    }
    if (error == 0) {
        stream->session =
            session_connect(sse->config.sessions, SUBPROTOCOL_VALUES,
                            rest_customer(sse->config.rest, http_request(exchange), room),
                            &(struct transport){.self = stream,
                                                .pending = carry_pending,
                                                .close = carry_close,
                                                .result = carry_result,
                                                .error = carry_error,
                                                .push = carry_push});
        error = stream->session == NULL ? ERR_BUSY : 0;
    }
    if (error != 0) {
        refuse(stream, &(struct rpc_error){.code = error, .fault = &fault, .retry_ms = retry_ms});
        return;
    }
    session_start(stream->session, OPEN_REQUEST, &claims, follows, stream->cursors);
}

static void handle_gone(struct http_exchange *exchange)
{
    struct sse_stream *stream = stream_of(exchange);
    stream->exchange = NULL;
    bury(stream);
}

static void handle_writable(struct http_exchange *exchange)
{
    struct sse_stream *stream = stream_of(exchange);
    if (stream->streaming) {
        session_writable(stream->session);
    }
}

static const struct exchange_owner owner = {
    .request = handle_request, .gone = handle_gone, .writable = handle_writable};

bool sse_is_mine(struct bytes path)
{
    return bytes_equal(path, text_of(paths[0])) || bytes_equal(path, text_of(paths[1]));
}

size_t sse_head(struct sse *sse, struct http_exchange *exchange)
{
    if (http_request(exchange)->method != HTTP_GET) {
        rest_refuse_method(sse->config.rest, exchange, "GET, OPTIONS");
        return 0;
    }
    struct sse_stream *stream = memory_alloc(sizeof *stream);
    stream->owner = &owner;
    stream->sse = sse;
    stream->exchange = exchange;
    *http_context(exchange) = stream;
    return 0;
}

/* --- life ------------------------------------------------------------------------------------ */

void sse_tick(struct sse *sse)
{
    int64_t before_ms = now_ms(sse) - sse->config.heartbeat_ms;
    while (sse->oldest != NULL && sse->oldest->sent_ms <= before_ms) {
        struct sse_stream *stream = sse->oldest;
        unlink_stream(stream);
        link_stream(stream);
        http_stream_send(stream->exchange, text_of(":\n\n"), (struct bytes){0});
    }
}

void sse_turn_end(struct sse *sse)
{
    while (sse->dead != NULL) {
        struct sse_stream *stream = sse->dead;
        sse->dead = stream->next;
        if (stream->session != NULL) {
            session_disconnected(stream->session);
        }
        free(stream);
    }
}

struct sse *sse_create(const struct sse_config *config)
{
    struct sse *sse = memory_alloc(sizeof *sse);
    sse->config = *config;
    if (config->heartbeat_ms == 0) {
        sse->config.heartbeat_ms = HEARTBEAT_DEFAULT_MS;
    }
    return sse;
}

void sse_destroy(struct sse *sse)
{
    if (sse != NULL) {
        sse_turn_end(sse);
        buffer_fini(&sse->event);
        free(sse);
    }
}

uint32_t sse_count(const struct sse *sse)
{
    return sse->count;
}
