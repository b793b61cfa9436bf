/**
 * A blocking WebSocket client (RFC 6455) with deadlines, for tests and tools.
 *
 * The socket itself is non-blocking; every wait is a poll() with what is left of the timeout.
 * Pings are answered inside ws_client_receive. One thread per client.
 *
 * Errors of all functions: ERR_END the timeout passed (a receive may be repeated; after a send,
 * part of the frame may be out, so the connection is of no more use) · ERR_IO the connection is
 * gone, ws_client_close_code says how · ERR_MALFORMED, ERR_TOO_LARGE the server broke the protocol
 * · ERR_UNKNOWN_OP the handshake was refused.
 */
#ifndef CLIENT_WS_CLIENT_H
#define CLIENT_WS_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "client/ws_frame.h"

#define WS_CLIENT_MESSAGE_BYTES_MAX (1u << 20)

struct ws_client;

struct ws_client_options {
    const char *host; /* numeric or a name */
    uint16_t port;
    const char *path;        /* NULL: "/ws" */
    const char *subprotocol; /* offered; NULL: none */
    const char *headers;     /* further header lines, each with CRLF; NULL: none */
    const char *source;      /* local address to connect from; NULL: any */
    int timeout_ms;          /* of connect and handshake together */
    int *http_status; /* filled with the response's status, 0 if none came; NULL: not wanted */
};

/**
 * Connects and shakes hands: 101, Upgrade, Connection, the accept hash, and a subprotocol that was
 * offered, are checked. On success the caller owns `*out`.
 */
int ws_client_connect(const struct ws_client_options *options, struct ws_client **out);

/** Closes the socket at once, without a close frame. NULL is fine. */
void ws_client_destroy(struct ws_client *client);

/** Sends one final, masked frame. Waits until the kernel has all of it. */
int ws_client_send(struct ws_client *client, enum ws_opcode opcode, struct bytes payload,
                   int timeout_ms);

/** Sends bytes as they are: whatever ws_raw_append can make, or garbage. */
int ws_client_send_raw(struct ws_client *client, struct bytes data, int timeout_ms);

/**
 * Waits for the next message (WS_TEXT, WS_BINARY) or pong. A close frame is answered, and ERR_IO
 * returned. timeout_ms 0 takes only what is there. The payload lives until the next receive.
 */
int ws_client_receive(struct ws_client *client, int timeout_ms, struct ws_event *event);

/** Sends a close frame and waits for the server's. Returns 0, ERR_END or ERR_IO. */
int ws_client_close(struct ws_client *client, uint16_t code, const char *reason, int timeout_ms);

/** 0 while open; else the code received, WS_CLOSE_NONE or WS_CLOSE_ABNORMAL. */
uint16_t ws_client_close_code(const struct ws_client *client);

/** Reason of the server's close frame, "" without one. Lives as long as the client. */
const char *ws_client_close_reason(const struct ws_client *client);

/** The socket, for an own poll() and for socket options. Still owned by the client. */
int ws_client_fd(const struct ws_client *client);

/**
 * Hands over the socket and frees the client; bytes received and not yet consumed are appended to
 * `pending`. The caller closes the descriptor.
 */
int ws_client_release(struct ws_client *client, struct buffer *pending);

#endif
