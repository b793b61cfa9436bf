/**
 * Opens a WebSocket without ever waiting, so that one thread can open thousands at once:
 *
 *   WS_DIAL_IDLE ──start──► CONNECTING ──writable──► UPGRADING ──101──► WS_DIAL_READY: its link is
 * open ▲                    │                        │                  │ └────────── any failure,
 * or ws_dial_hang_up ◄────┴──────────────────┘
 *
 * The caller owns the epoll and tells the dial of its events. One thread.
 */
#ifndef BENCH_WS_DIAL_H
#define BENCH_WS_DIAL_H

#include <stdint.h>

#include "bench/link.h"
#include "bench/tcp_dial.h"

enum ws_dial_state { WS_DIAL_IDLE, WS_DIAL_CONNECTING, WS_DIAL_UPGRADING, WS_DIAL_READY };

struct ws_dial_handshake;
struct ws_dial {
    enum ws_dial_state state;
    struct link link;                    /* of use once WS_DIAL_READY */
    struct ws_dial_handshake *handshake; /* while UPGRADING */
    struct buffer early; /* what came behind the 101: the caller feeds and frees it */
};

/**
 * Begins to connect, on loopback from address 127.0.0.1 + source. `data` is what the epoll will
 * say. 0, or ERR_IO: no socket, or refused at once; the dial is idle then.
 */
int ws_dial_start(struct ws_dial *dial, const struct tcp_target *target, uint32_t source,
                  void *data);

/**
 * Goes on after an event, in the states CONNECTING and UPGRADING. 1 when it is ready, 0 when
 * more is to come, or an error: refused, reset, or not the answer it must be; idle then.
 */
int ws_dial_continue(struct ws_dial *dial, const struct tcp_target *target, void *data);

/** Closes the socket at once, in any state, without a close frame. */
void ws_dial_hang_up(struct ws_dial *dial);

#endif
