/**
 * The `sse` scenario: very many streams of server-sent events. What each costs while nothing
 * happens, whether heartbeats come, and how fast and how surely events do.
 *
 *   join ─► settle ─► hold: nothing happens ─► chat: messages are posted over REST, and each must
 *   reach the partner's stream once ─► drain
 */
#ifndef BENCH_SSE_H
#define BENCH_SSE_H

#include "bench/event_stream.h"
#include "bench/rest.h"

struct sse_options {
    struct server_options server;
    int64_t connections;
    const char *topics; /* that the streams follow; messages are of "couple" */
    int64_t joining;
    int64_t hold;
    int64_t silence; /* seconds without a byte that are too many; 0: any may be */
    int64_t seconds; /* of the chat */
    int64_t rate;    /* of it, messages a second */
};

struct sse_run;
struct sse_client {
    int fd; /* -1: not connected, or lost */
    bool connecting;
    bool open; /* the head of the stream has come */
    uint32_t index;
    struct event_stream stream;
    uint64_t heartbeats; /* in the hold */
    int64_t heard_us;    /* the last byte, or the beginning of the hold */
    struct sse_run *run;
};

struct sse_run {
    const struct sse_options *options;
    struct server server;
    struct tokens tokens;
    struct tcp_target target;
    struct sse_client *clients;
    size_t count, dialed, open;
    bool holding;
    int64_t now_us;
    int64_t opened_in_us;
    int64_t silence_us; /* the longest in the hold */
    uint64_t lost;      /* streams that were open */
    uint64_t refused;   /* that were not opened */
    uint64_t strange;   /* events that make no sense here */
    uint64_t others;    /* events about something else */
    uint64_t own;       /* of messages, to their senders */
    struct rest_options writing;
    struct rest_run *writers;  /* client i is user i; NULL until the chat */
    struct histogram delivery; /* µs from when a message was due to its event */
    struct sample before, settled, held, chatted;
};

/** Handles what a stream heard; `owner` is its client. In sse_events.c. */
extern const struct event_stream_handler sse_handler;

/** Puts figures into a report. In sse_report.c. */
void sse_report(const struct sse_run *run, json_t *report);
bool sse_is_good(const struct sse_run *run);

int sse_main(int argc, char **argv);

#endif
