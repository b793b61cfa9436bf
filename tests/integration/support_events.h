/**
 * A reader of server-sent events over a plain socket: HTTP/1.1 with chunks, decoded strictly.
 * Everything here fails the running test when it does not work.
 */
#ifndef TESTS_INTEGRATION_SUPPORT_EVENTS_H
#define TESTS_INTEGRATION_SUPPORT_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define EVENT_ID_MAX 256

struct events {
    int fd;
    int status;         /* of the answer */
    struct buffer head; /* its head, with a NUL */
    struct buffer raw;  /* received and not yet taken out of chunks */
    struct buffer text; /* the body so far, not yet taken as events */
    char last_id[EVENT_ID_MAX];
    uint32_t comments; /* heartbeats seen */
    bool ended;
};

struct event {
    char type[64];
    char id[EVENT_ID_MAX]; /* empty: none */
    char data[16384];
};

/**
 * GET `path` with these further header lines ("name: value\r\n"…, may be ""); reads the head of
 * the answer. Zero-initialise before; a stream that was left keeps its last_id.
 */
void events_open(struct events *events, uint16_t port, const char *path, const char *headers);
/** The next event, or false: the stream has ended. Waits for 10 s at most. */
bool events_next(struct events *events, struct event *out);
/** Reads for so long and returns whether an event came; heartbeats are counted. */
bool events_wait(struct events *events, int ms);
/** Closes the socket. */
void events_close(struct events *events);

#endif
