/**
 * What the files of the WebSocket edge share: ws.c (all connections of a shard), ws_connection.c
 * (the life of one, and what it sends), ws_receive.c (what it receives).
 */
#ifndef EDGE_WS_INTERNAL_H
#define EDGE_WS_INTERNAL_H

#include <uv.h>

#include "edge/ws.h"
#include "edge/ws_frame.h"
#include "edge/ws_head.h"
#include "edge/ws_upgrade.h"

#define WS_SPARE_MAX 256         /* output buffers kept for the next turn */
#define WS_SPARE_BYTES_MAX 65536 /* larger ones are freed */
#define WS_FRAGMENTS_MAX 1024    /* of one message */
#define WS_CLOSE_WITHIN_MS 5000  /* for the peer's half of the closing handshake */
#define WS_RECEIVE_BYTES 65536   /* of one recv; one buffer for all connections of a shard */
#define WS_CARRY_BYTES 16        /* in front of it, for a head that was cut */
#define WS_PONG_BYTES_MAX 65536  /* with more to be sent, pings are not answered */
#define WS_NEWCOMERS_PER_TURN 16 /* connections whose first message is read in a turn */
#define WS_ENDED_PER_TURN 32     /* connections that are taken leave of in a turn */

/** What came of a message that is not complete. */
struct ws_partial {
    struct buffer frame;   /* a frame that was cut */
    size_t frame_bytes;    /* of all of it; 0: its head was cut, too */
    struct buffer message; /* payloads of fragments so far */
    uint32_t fragments;    /* 0: no message has begun */
};

/** What the kernel would not take. */
struct ws_stuck {
    struct buffer bytes;
    size_t sent; /* of them */
};

/*
 *     open ──ws_connection_close──▶ closing ──the peer's close frame──▶ finishing
 *       │                             │                                  │ end of input
 *       └────────end of input, error, kill, close_by_ms────▶ lost ◀──────┘
 *                                                              └──end of the turn──▶ gone
 *
 * closing: a close frame of ours is on its way, nothing else is sent, messages are dropped.
 * finishing: when all is sent, our half of the connection is shut; nothing received counts.
 */
enum ws_state { WS_OPEN, WS_CLOSING, WS_FINISHING, WS_LOST };

struct connection {
    struct ws *ws;
    struct session *session;    /* NULL: there was no room for one, or it is over */
    struct ws_partial *partial; /* NULL: nothing is incomplete */
    struct ws_stuck *stuck;     /* NULL: the kernel took all */
    struct buffer out;          /* whole frames of this turn; no memory while idle */
    struct connection *next_dirty, **link_dirty; /* link NULL: not in the list */
    int64_t heard_ms, pinged_ms;                 /* of the loop's clock */
    int64_t close_by_ms;                         /* closing, finishing: then it is lost */
    int fd;
    uint32_t index; /* in ws->connections */
    uint8_t state;  /* enum ws_state */
    bool json;
    bool shut;     /* our half */
    bool newcomer; /* no message has come */
};

/*
 * First messages and farewells cost a hundred times what a chat message does, and come in thousands
 * when a network fails: so newcomers are in a set of their own, of which a few are served in a
 * turn, and so many of the lost end in one. Who is there already waits for neither.
 */
struct ws {
    struct ws_config config;
    uv_poll_t poll; /* of `epoll`, in which all connections and the other set are */
    uv_idle_t idle; /* runs while lost ones wait for another turn */
    int epoll, newcomers;
    bool closed;
    struct connection *dirty;
    struct connection *lost; /* linked by next_dirty */
    struct connection **connections;
    uint32_t count, cap, scan_at;
    uint32_t spare_count;
    struct buffer spare[WS_SPARE_MAX];
    uint8_t received[WS_CARRY_BYTES + WS_RECEIVE_BYTES];
};

/* ws_connection.c */
/** A socket whose request has been answered by `answer`, which is taken. */
struct connection *ws_connection_start(struct ws *ws, int fd, const struct ws_upgrade *upgrade,
                                       struct buffer *answer);
/** Frees it; the session hears of it. Not while anything of the connection runs. */
void ws_connection_end(struct connection *connection);
/** Sends what was gathered. */
void ws_connection_flush(struct connection *connection);
/** The kernel takes bytes again. */
void ws_connection_unstick(struct connection *connection);
void ws_connection_close(struct connection *connection, int code, const char *reason);
/** The peer said goodbye, or cannot be understood: what is pending is sent, then an end. The
 * session hears of it at once; not to be called by what the session calls. */
void ws_connection_finish(struct connection *connection);
/** It ends with the turn. */
void ws_connection_lose(struct connection *connection);
/** … without care for what is still to be sent. */
void ws_connection_kill(struct connection *connection);
void ws_connection_check(struct connection *connection, int64_t now_ms);
/** Its first message came. */
void ws_connection_settle(struct connection *connection);
/** Appends a pong. */
void ws_connection_pong(struct connection *connection, struct bytes payload);
int64_t ws_connection_now(const struct connection *connection);

/* ws_receive.c */
/** The socket is readable, or at its end. */
void ws_receive(struct connection *connection);
/** Bytes that came behind the handshake's request. */
void ws_receive_bytes(struct connection *connection, uint8_t *data, size_t len);
void ws_partial_free(struct connection *connection);

#endif
