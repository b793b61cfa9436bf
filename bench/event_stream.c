#include "bench/event_stream.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"

#define TYPE "text/event-stream"

void event_stream_fini(struct event_stream *stream)
{
    buffer_fini(&stream->input);
    buffer_fini(&stream->id);
    buffer_fini(&stream->name);
    buffer_fini(&stream->data);
    *stream = (struct event_stream){0};
}

static bool is_stream(const struct http_answer_head *head)
{
    struct bytes type = head->content_type;
    size_t len = sizeof TYPE - 1;
    return head->status == 200 && head->framing != HTTP_FRAMED_BY_LENGTH && type.len >= len &&
           strncasecmp((const char *)type.data, TYPE, len) == 0 &&
           (type.len == len || type.data[len] == ';' || type.data[len] == ' ');
}

/* The blank line: what was gathered is an event if it has data. */
static void dispatch(struct event_stream *stream, const struct event_stream_handler *handler,
                     void *owner)
{
    if (stream->has_data) {
        const struct event event = {.id = buffer_bytes(&stream->id),
                                    .has_id = stream->has_id,
                                    .name = buffer_bytes(&stream->name),
                                    .data = buffer_bytes(&stream->data)};
        handler->event(owner, &event);
    }
    buffer_clear(&stream->name);
    buffer_clear(&stream->data);
    stream->has_data = stream->has_id = false;
}

static bool is_field(struct bytes line, size_t name_len, const char *name)
{
    return name_len == strlen(name) && memcmp(line.data, name, name_len) == 0;
}

static void set(struct buffer *buffer, struct bytes value)
{
    buffer_clear(buffer);
    buffer_append(buffer, value.data, value.len);
}

static void take_field(struct event_stream *stream, struct bytes line)
{
    const uint8_t *colon = memchr(line.data, ':', line.len);
    size_t name_len = colon != NULL ? (size_t)(colon - line.data) : line.len;
    size_t at = colon == NULL ? line.len : name_len + 1;
    at += at < line.len && line.data[at] == ' ';
    struct bytes value = bytes_of(line.data + at, line.len - at);
    if (is_field(line, name_len, "data")) {
        buffer_append(&stream->data, "\n", stream->has_data ? 1 : 0);
        buffer_append(&stream->data, value.data, value.len);
        stream->has_data = true;
    } else if (is_field(line, name_len, "id")) {
        set(&stream->id, value);
        stream->has_id = true;
    } else if (is_field(line, name_len, "event")) {
        set(&stream->name, value);
    }
}

static void take_line(struct event_stream *stream, struct bytes line,
                      const struct event_stream_handler *handler, void *owner)
{
    if (line.len == 0) {
        dispatch(stream, handler, owner);
    } else if (line.data[0] == ':') {
        handler->comment(owner);
    } else {
        take_field(stream, line);
    }
}

/* Length of the line at the front, and of its end: LF, CR LF or CR. False: it is not whole. */
static bool find_line(struct event_stream *stream, struct bytes text, size_t *len)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\n' || text.data[i] == '\r') {
            stream->cr = text.data[i] == '\r';
            *len = i;
            return true;
        }
    }
    return false;
}

/* Takes the whole lines off the front of `input`. */
static void take_lines(struct event_stream *stream, const struct event_stream_handler *handler,
                       void *owner)
{
    struct bytes text = buffer_bytes(&stream->input);
    size_t len;
    for (;;) {
        if (stream->cr && text.len != 0) {
            size_t skip = text.data[0] == '\n';
            text = bytes_of(text.data + skip, text.len - skip);
            stream->cr = false;
        }
        if (!find_line(stream, text, &len)) {
            break;
        }
        take_line(stream, bytes_of(text.data, len), handler, owner);
        text = bytes_of(text.data + len + 1, text.len - len - 1);
    }
    memmove(stream->input.data, text.data, text.len);
    stream->input.len = text.len;
}

/* The head, as far as it came; `*rest` is what follows it. 1 when it was there, 0, or an error. */
static int take_head(struct event_stream *stream, struct bytes *rest)
{
    struct http_answer_head head;
    int status = http_answer_head_read(*rest, &head);
    if (status == 1) {
        stream->status = head.status;
        stream->chunked = head.framing == HTTP_FRAMED_IN_CHUNKS;
        *rest = bytes_of(rest->data + head.head_len, rest->len - head.head_len);
        return is_stream(&head) ? 1 : ERR_FORBIDDEN;
    }
    return status;
}

static int take_body(struct event_stream *stream, struct bytes input,
                     const struct event_stream_handler *handler, void *owner)
{
    int status = 0;
    if (stream->chunked) {
        status = http_chunks_read(&stream->chunks, &input, &stream->input);
    } else {
        buffer_append(&stream->input, input.data, input.len);
    }
    if (stream->input.len != 0) {
        take_lines(stream, handler, owner);
    }
    bool large =
        stream->input.len > HTTP_ANSWER_BYTES_MAX || stream->data.len > HTTP_ANSWER_BYTES_MAX;
    return status < 0 ? status : status == 1 ? ERR_END : large ? ERR_TOO_LARGE : 0;
}

int event_stream_feed(struct event_stream *stream, struct bytes input,
                      const struct event_stream_handler *handler, void *owner)
{
    if (stream->status != 0) {
        return take_body(stream, input, handler, owner);
    }
    struct buffer head = stream->input;
    stream->input = (struct buffer){0};
    buffer_append(&head, input.data, input.len);
    struct bytes rest = buffer_bytes(&head);
    int status = take_head(stream, &rest);
    if (status == 1) {
        handler->opened(owner);
        status = take_body(stream, rest, handler, owner);
        buffer_fini(&head);
        return status;
    }
    stream->input = head;
    return status < 0 ? status : head.len > HTTP_ANSWER_BYTES_MAX ? ERR_TOO_LARGE : 0;
}
