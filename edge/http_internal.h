/**
 * What the files of the HTTP edge share: http.c (all connections of a shard), http_connection.c
 * (the life of one), http_receive.c (what it receives), http_answer.c (what it answers),
 * http_stream.c (answers that come over time).
 */
#ifndef EDGE_HTTP_INTERNAL_H
#define EDGE_HTTP_INTERNAL_H

#include <uv.h>

#include "edge/http.h"
#include "edge/http_parse.h"

#define HTTP_SPARE_MAX 128         /* output buffers kept for the next turn */
#define HTTP_SPARE_BYTES_MAX 16384 /* larger ones are freed */
#define HTTP_RECEIVE_BYTES 65536   /* of one recv; one buffer for all connections of a shard */
#define HTTP_WAITING_BYTES_MAX                                                                     \
    16384                         /* pipelined behind a request in work; then nothing is read      \
                                   */
#define HTTP_REQUESTS_PER_TURN 16 /* of one connection */
#define HTTP_OUT_HIGH_BYTES 65536 /* with more to be sent, no further request is begun */
#define HTTP_TAIL_BYTES_MIN 4096  /* of a body that stays; a smaller one is copied */
#define HTTP_LINGER_BYTES_MAX (1 << 20)
#define HTTP_STREAM_INPUT_BYTES_MAX 65536 /* what a peer may send that should only read */
#define HTTP_PROGRESS_BYTES 8192          /* to be read within answer_ms, or it is cut off */
#define HTTP_DATE_BYTES 48

/*
 *     idle ──head──▶ body ──▶ working ──answer──▶ idle
 *                      │         │ └─stream_start──▶ streaming ──stream_end──┐
 *                      └─────────┴──refused, or the last answer──▶ ending ◀──┘
 *                                                                    │ all sent
 *     any ──error, deadline, end of input──▶ lost ◀───────────── lingering
 *                                             └──end of the turn──▶ gone
 *
 * ending: nothing is read any more. lingering: our half is shut, and what still comes is dropped,
 * for if the socket were closed with unread bytes, the kernel would reset the answer away.
 */
enum http_state {
    HTTP_IDLE, /* between requests, or in a head */
    HTTP_BODY,
    HTTP_WORKING,
    HTTP_STREAMING,
    HTTP_ENDING,
    HTTP_LINGERING,
    HTTP_LOST
};

/** What a connection waits for: each has its list, ordered by deadline. */
enum http_wait {
    HTTP_WAIT_REQUEST,
    HTTP_WAIT_HEAD,
    HTTP_WAIT_BODY,
    HTTP_WAIT_WORK,
    HTTP_WAIT_READER, /* the peer, to read what it was sent */
    HTTP_WAIT_LINGER,
    HTTP_WAIT_EVER, /* no deadline: a stream */
    HTTP_WAIT_COUNT
};

struct http_exchange {
    void *context;
    uint16_t endpoint;
};

struct http_connection {
    struct http_exchange exchange; /* first: an exchange is its connection */
    struct http *http;
    struct http_connection *previous, *next; /* in the list of its wait */
    struct http_connection *next_dirty, *next_ready, *next_lost;
    struct http_message *message; /* NULL: none is being read or in work */
    struct buffer in;             /* no memory while idle */
    struct buffer out;            /* no memory when all is sent */
    size_t sent;                  /* of out */
    struct bytes tail;            /* to be sent behind out; while there is one, out does not grow */
    size_t progress;              /* bytes sent since the deadline was set */
    size_t body_max;
    int64_t deadline_ms;
    uint64_t began_ns; /* of the request */
    int fd;
    uint32_t dropped; /* bytes that were read and not looked at */
    uint32_t events;  /* that epoll watches for */
    uint8_t state;    /* enum http_state */
    uint8_t wait;     /* enum http_wait */
    bool dirty : 1;
    bool ready : 1;
    bool held : 1;       /* the handler has the exchange */
    bool processing : 1; /* input is being looked at: whoever answers need not see to more */
    bool restart : 1;    /* of the deadline, though it is of the same kind */
    bool stuck : 1;      /* the kernel took not all */
    bool ended : 1;      /* the peer's half */
    bool lingers : 1;    /* input is left unread when it ends */
    bool chunked : 1;    /* a stream's framing */
    bool mute : 1;       /* a stream for HEAD: no body */
    uint8_t peer_len;
    uint8_t peer[16];
};

struct http_list {
    struct http_connection *first, *last;
};

struct http {
    struct http_config config;
    uv_poll_t poll; /* of `epoll`, in which all connections are */
    uv_idle_t idle; /* runs while there is more to do in another turn */
    int epoll;
    bool closed, draining;
    uint32_t count;
    size_t bodies_bytes; /* in the messages of all connections */
    struct http_list waits[HTTP_WAIT_COUNT];
    struct http_connection *dirty, *ready, *ready_last, *lost;
    time_t date_s;
    char date[HTTP_DATE_BYTES];
    uint32_t spare_count;
    struct buffer spare[HTTP_SPARE_MAX];
    uint8_t received[HTTP_RECEIVE_BYTES];
};

/* http_connection.c */
void http_connection_start(struct http *http, int fd, const struct sockaddr *address,
                           socklen_t len);
/** Frees it; the handler hears of it. At the end of a turn, or when all is closed. */
void http_connection_end(struct http_connection *connection);
/** It is sent to, or looked after, at the end of the turn. */
void http_connection_mark_dirty(struct http_connection *connection);
/** Its input is looked at in the next turn. */
void http_connection_mark_ready(struct http_connection *connection);
/** The buffer to append answers to. */
struct buffer *http_connection_out(struct http_connection *connection);
/** Sends what was gathered. */
void http_connection_flush(struct http_connection *connection);
/** After its state has changed: sets its deadline and what it is watched for. */
void http_connection_settle(struct http_connection *connection);
/** It ends with the turn. */
void http_connection_lose(struct http_connection *connection);
/** … and what the kernel holds for it is dropped. */
void http_connection_kill(struct http_connection *connection);
/** Frees the request that was being read or in work, if there is one. */
void http_connection_forget_message(struct http_connection *connection);
/** Its deadline has passed. */
void http_connection_expire(struct http_connection *connection);

/* http_receive.c */
/** The socket is readable, or at its end. */
void http_receive(struct http_connection *connection);
/** Looks at input that has waited. */
void http_receive_waiting(struct http_connection *connection);

/* http_answer.c */
/** Takes the exchange from the handler, which hears that it is gone. */
void http_exchange_abandon(struct http_connection *connection);
/** Answers in the handler's stead; the connection ends. */
void http_refuse(struct http_connection *connection, int status, const char *fault);
/** Appends status line and headers; `framing`: the lines that say where the body ends. */
void http_append_head(struct http_connection *connection, const struct http_response *response,
                      const char *framing);
/** Tells the handler for its metrics. */
void http_report(struct http_connection *connection, int status);

/* http_stream.c */
/** Appends what ends a stream's body; then the connection ends. */
void http_stream_finish(struct http_connection *connection);

#endif
