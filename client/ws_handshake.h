/**
 * The WebSocket handshake (RFC 6455, section 4) from the client's side, without a socket.
 * Pure but for the random key; any thread.
 */
#ifndef CLIENT_WS_HANDSHAKE_H
#define CLIENT_WS_HANDSHAKE_H

#include "base/bytes.h"
#include "client/ws_client.h"
#include "wire/ws_accept.h"

/** A fresh Sec-WebSocket-Key and a NUL. */
void ws_handshake_key(char out[WS_KEY_CHARS + 1]);

/** Appends the request for `options`, to its empty line. */
void ws_handshake_request(const struct ws_client_options *options, const char *key,
                          struct buffer *out);

/**
 * Judges the response's head, a text without its empty line. `*status` gets the HTTP status.
 * Returns 0, ERR_UNKNOWN_OP if the status is not 101, or ERR_MALFORMED: not HTTP, or one of
 * Upgrade, Connection, Sec-WebSocket-Accept or Sec-WebSocket-Protocol is not what it must be.
 */
int ws_handshake_check(const char *response, const char *key, const char *subprotocol, int *status);

#endif
