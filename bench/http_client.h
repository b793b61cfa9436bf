/**
 * A keep-alive connection to an HTTP/1.1 server that never waits:
 *
 *   closed ──dial──► connecting ──writable──► open
 *     ▲                 │                      │
 *     └─────────────────┴── any failure, the peer's end, or http_client_close
 *
 * The caller owns the epoll, and tells the client of its events. One thread.
 */
#ifndef BENCH_HTTP_CLIENT_H
#define BENCH_HTTP_CLIENT_H

#include "bench/http_answer.h"
#include "bench/tcp_dial.h"

struct http_client {
    int fd; /* -1: closed */
    bool connecting;
    bool choked;       /* the socket took no more: writability is waited for */
    struct buffer out; /* appended to by the caller, sent by http_client_flush */
    size_t sent;       /* of `out` */
    struct http_reader reader;
};

void http_client_init(struct http_client *client);
void http_client_fini(struct http_client *client);

/** Begins to connect, on loopback from 127.0.0.1 + source. 0, or ERR_IO. */
int http_client_dial(struct http_client *client, const struct tcp_target *target, uint32_t source,
                     void *data);

/**
 * Goes on after an event of epoll: connects, sends, receives, and hands answers over, during which
 * the handler may append to `out` but not close. 0, or an error after closing: ERR_END when the
 * peer ended it where no answer was cut off, ERR_IO, or ERR_MALFORMED.
 */
int http_client_event(struct http_client *client, const struct tcp_target *target, uint32_t events,
                      void *data, http_answer_handler *handle, void *owner);

/** Sends `out` as far as the socket takes it, once it is connected. 0, or ERR_IO after closing. */
int http_client_flush(struct http_client *client, const struct tcp_target *target, void *data);

/** Closes at once; what was not sent or is not complete is dropped. May be called again. */
void http_client_close(struct http_client *client);

#endif
