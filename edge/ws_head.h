/**
 * Frames as a server writes them (RFC 6455, section 5.2): final, unmasked, shortest length.
 * Pure; any thread.
 */
#ifndef EDGE_WS_HEAD_H
#define EDGE_WS_HEAD_H

#include "base/bytes.h"

#define WS_HEAD_SERVER_MAX 10
#define WS_CONTROL_MAX 125

enum ws_server_opcode {
    WS_SERVER_TEXT = 1,
    WS_SERVER_BINARY = 2,
    WS_SERVER_CLOSE = 8,
    WS_SERVER_PING = 9,
    WS_SERVER_PONG = 10
};

/** Writes the head of a frame with `len` bytes of payload; returns the head's bytes. */
size_t ws_head_put(uint8_t out[WS_HEAD_SERVER_MAX], enum ws_server_opcode opcode, size_t len);

/** Appends one frame. */
void ws_append_frame(struct buffer *out, enum ws_server_opcode opcode, struct bytes payload);
/** … whose payload is these two runs of bytes, one after the other. */
void ws_append_frame_of(struct buffer *out, enum ws_server_opcode opcode, struct bytes head,
                        struct bytes rest);

/** Appends a close frame; the reason is cut to fit. */
void ws_append_close(struct buffer *out, int code, const char *reason);

#endif
