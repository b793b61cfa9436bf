/**
 * What the protocols over WebSocket share: joining, by a blocking client, and a template's frame.
 */
#ifndef BENCH_PROTOCOLS_WEBSOCKET_H
#define BENCH_PROTOCOLS_WEBSOCKET_H

#include "bench/protocol.h"
#include "client/ws_client.h"

/**
 * Makes a connection ready, by the functions below. `out` is zeroed, and all but its socket may be
 * filled. 0, or a code after printing why not.
 */
typedef int websocket_sign_in(struct ws_client *client, const struct chat_place *place,
                              struct opened *out);

/**
 * Connects to `path` (NULL: "/ws"), offers `subprotocol` (NULL: none), signs in, and hands the
 * socket over to `*out`. Blocks. 0, or a code after printing why not: then nothing is left open.
 */
int websocket_join(const struct chat_place *place, const char *path, const char *subprotocol,
                   websocket_sign_in *sign_in, struct opened *out);

/** Sends one message. 0, or a code after printing why not. */
int websocket_say(struct ws_client *client, const struct chat_place *place, enum ws_opcode opcode,
                  struct bytes message);

/**
 * Waits for the next message, which lives until the next call. 0, or a code after printing why
 * there is none.
 */
int websocket_hear(struct ws_client *client, const struct chat_place *place, struct bytes *message);

/** Prints that the server refused, and what it said, which is text. Returns ERR_IO. */
int websocket_refused(const struct chat_place *place, struct bytes said);

/** Makes the payload that a template's frame holds so far a frame of a client. */
void websocket_wrap(struct chat_template *template, enum ws_opcode opcode);

#endif
