/**
 * WebSocket frames (RFC 6455, section 5) as a client sees them: pure functions, no socket.
 *
 * Our own, and small, because load generator and hostile tests need control of every byte. A mask
 * key of 0 is legal and costs no XOR; it is what the load generator uses.
 * Any thread; one parser belongs to one connection.
 */
#ifndef CLIENT_WS_FRAME_H
#define CLIENT_WS_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define WS_HEAD_BYTES_MAX 14 /* 2, 8 of length, 4 of mask */
#define WS_CONTROL_BYTES_MAX 125
#define WS_CLOSE_NONE 1005     /* a close frame without a code (RFC 6455, 7.1.5) */
#define WS_CLOSE_ABNORMAL 1006 /* the connection ended without a close frame */

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10
};

/** Everything in a frame's head, also what no honest client sends. */
struct ws_head {
    bool fin;
    uint8_t reserved; /* the three RSV bits, 0..7 */
    uint8_t opcode;   /* 0..15 */
    bool masked;
    uint32_t mask;   /* on the wire in big endian */
    uint64_t length; /* announced; encoded in the shortest form */
};

/** Writes `head` to `out` and returns its bytes. */
size_t ws_head_encode(const struct ws_head *head, uint8_t out[WS_HEAD_BYTES_MAX]);

/** Appends one final, masked frame with `payload` (any length). */
void ws_frame_append(struct buffer *out, enum ws_opcode opcode, uint32_t mask,
                     struct bytes payload);

/** Appends a masked close frame; `reason` is cut to 123 bytes. `code` 0: an empty close frame. */
void ws_close_append(struct buffer *out, uint16_t code, uint32_t mask, const char *reason);

/** Appends `head` as it is and `payload`, XORed when the head says masked. For hostile frames. */
void ws_raw_append(struct buffer *out, const struct ws_head *head, struct bytes payload);

/** XORs `len` bytes in place with the mask, the first one at position `offset` of the payload. */
void ws_mask_apply(uint8_t *data, size_t len, uint32_t mask, size_t offset);

/** What a parser found: a whole message (TEXT or BINARY) or a control frame. */
struct ws_event {
    enum ws_opcode opcode; /* never WS_CONTINUATION */
    struct bytes payload;  /* of a close frame: the reason only */
    uint16_t close_code;   /* of WS_CLOSE: as received, or WS_CLOSE_NONE */
};

/** Incremental parser of what a server sends. Fields are private. */
struct ws_parser {
    size_t message_bytes_max;
    uint64_t remaining;    /* of the payload of the frame that is being read */
    struct buffer message; /* fragments so far, or the part of a frame that has come */
    uint8_t head[WS_HEAD_BYTES_MAX];
    uint8_t head_len;
    uint8_t head_need;
    uint8_t message_opcode; /* of the message that is being read, 0: none */
    uint8_t opcode;         /* of the frame that is being read */
    uint8_t control_len;
    bool in_payload;
    bool fin;
    uint8_t control[WS_CONTROL_BYTES_MAX];
};

/** A parser that refuses messages, also gathered from fragments, above `message_bytes_max`. */
void ws_parser_init(struct ws_parser *parser, size_t message_bytes_max);
void ws_parser_fini(struct ws_parser *parser);

/**
 * Takes bytes from the front of `*input` until one event is complete.
 * Returns 1 with `*event` filled; 0 when all input is taken and more is needed; ERR_MALFORMED for
 * a breach of RFC 6455 (reserved bits or opcodes, a masked frame, a control frame fragmented or
 * above 125 bytes, a length not in shortest form, fragments out of order, a close payload of one
 * byte); ERR_TOO_LARGE. After an error the parser must not be used again. UTF-8 is not checked.
 * The payload points into the input, or into the parser where it came in pieces: it is valid until
 * the next call and for as long as the input's bytes are.
 */
int ws_parser_next(struct ws_parser *parser, struct bytes *input, struct ws_event *event);

#endif
