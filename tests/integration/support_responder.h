/**
 * An HTTP server for tests that does what it is told, right or wrong: requests in, texts out, on a
 * thread of its own. Everything here fails the running test when it does not work.
 */
#ifndef TESTS_INTEGRATION_SUPPORT_RESPONDER_H
#define TESTS_INTEGRATION_SUPPORT_RESPONDER_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct responder_request {
    const char *head; /* NUL-ended: request line and headers */
    const char *body; /* NUL-ended */
    size_t connection;
};

/** Writes an answer, head and all, to `out`; returns its length. 0: none, and the connection is
 * closed. The responder's thread. */
typedef size_t responder_handler(void *owner, const struct responder_request *request, char *out,
                                 size_t size);

#define RESPONDER_CONNECTIONS_MAX 256

struct responder {
    responder_handler *handle;
    void *owner;
    uint16_t port;
    int listener;
    int wake[2];
    pthread_t thread;
    struct responder_connection *connections[RESPONDER_CONNECTIONS_MAX];
};

/** Listens on any port of 127.0.0.1. `handle` answers what comes. */
void responder_start(struct responder *responder, responder_handler *handle, void *owner);
void responder_stop(struct responder *responder);

/** Sends on a connection, which may have gone; for handlers. */
void responder_say(struct responder *responder, size_t connection, const char *text);

/** An answer with a body: "HTTP/1.1 <status> …", its length, and the body. */
size_t responder_write(char *out, size_t size, int status, const char *body);

#endif
