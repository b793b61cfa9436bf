/**
 * Frames as a client sends them (RFC 6455, section 5): their heads, judged as early as they can be,
 * and their masks. Pure; any thread.
 */
#ifndef EDGE_WS_FRAME_H
#define EDGE_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define WS_HEAD_CLIENT_MAX 14 /* 2, 8 of length, 4 of mask */

enum ws_client_opcode {
    WS_CLIENT_CONTINUATION = 0,
    WS_CLIENT_TEXT = 1,
    WS_CLIENT_BINARY = 2,
    WS_CLIENT_CLOSE = 8,
    WS_CLIENT_PING = 9,
    WS_CLIENT_PONG = 10
};

struct ws_frame {
    enum ws_client_opcode opcode;
    bool fin;
    uint8_t mask[4];
    size_t head_bytes;
    size_t length; /* of the payload */
};

/**
 * The head that `in` begins with. Returns 1 with `out` filled; 0: more bytes are needed, none of
 * those that came is wrong; else the code to close with, and why in `reason` (static): 1002 for
 * reserved bits and opcodes, no mask, a control frame that is cut or above 125 bytes, a length not
 * in its shortest form; 1009 for a data frame above `length_max`.
 */
int ws_frame_head(struct bytes in, size_t length_max, struct ws_frame *out, const char **reason);

/** XORs `len` bytes in place with the mask. */
void ws_unmask(uint8_t *data, size_t len, const uint8_t mask[4]);

#endif
