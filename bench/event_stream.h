/**
 * Server-sent events as they come over one HTTP connection (WHATWG HTML, 9.2): the head of the
 * answer, then lines, then for ever. Pure, no thread.
 */
#ifndef BENCH_EVENT_STREAM_H
#define BENCH_EVENT_STREAM_H

#include "bench/http_answer.h"

struct event {
    struct bytes id; /* the last one given, by this event or before it */
    bool has_id;     /* by this event */
    struct bytes name;
    struct bytes data; /* lines joined by line feeds */
};

/** What is heard; views live until the handler returns. */
struct event_stream_handler {
    void (*opened)(void *owner); /* the head was 200 and of the right type */
    void (*event)(void *owner, const struct event *event);
    void (*comment)(void *owner); /* a line that says nothing: a heartbeat */
};

/** Zero-initialised is at its front. */
struct event_stream {
    int status; /* of the answer; 0: the head is not there yet */
    bool chunked;
    bool cr; /* a CR ended the last line: an LF that follows belongs to it */
    struct http_chunks chunks;
    struct buffer input; /* a head, or a line, that is not whole */
    struct buffer id, name, data;
    bool has_data, has_id; /* of the event that is gathered */
};

void event_stream_fini(struct event_stream *stream);

/**
 * Takes what came. 0; ERR_END when the stream was ended by its server; ERR_FORBIDDEN when the
 * answer was no stream (see `status`); ERR_MALFORMED; ERR_TOO_LARGE for a line or an event above
 * HTTP_ANSWER_BYTES_MAX.
 */
int event_stream_feed(struct event_stream *stream, struct bytes input,
                      const struct event_stream_handler *handler, void *owner);

#endif
