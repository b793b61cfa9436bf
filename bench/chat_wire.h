/**
 * Chat messages as fast as they can be written and read: chat.send is a template in which four
 * numbers are patched, and what the server sends is scanned in place. What the scan does not know
 * goes through the general decoder of wire/, so any valid encoding is understood. Any thread.
 *
 * A text says who sent it, which of the sender's messages it is, and when:
 * "duet <couple> <side> <number> <microseconds> ", in hexadecimal, and filler up to its length.
 */
#ifndef BENCH_CHAT_WIRE_H
#define BENCH_CHAT_WIRE_H

#include <stdint.h>

#include "base/bytes.h"

#define CHAT_TEXT_BYTES_MIN 50
#define CHAT_TEXT_BYTES_MAX 4000

struct chat_text {
    uint32_t couple;
    uint32_t side; /* 0 or 1 */
    uint64_t number;
    int64_t at_us; /* monotonic */
};

struct chat_template {
    struct buffer frame; /* one whole, masked WebSocket frame */
    size_t id_at, no_at, text_at;
};

/** For texts of `text_bytes`, between the two bounds. */
void chat_template_init(struct chat_template *template, size_t text_bytes);
void chat_template_fini(struct chat_template *template);
/** Appends one frame with request `id` and the op's `no`. */
void chat_template_append(const struct chat_template *template, uint32_t id, uint64_t no,
                          const struct chat_text *text, struct buffer *out);

/** 0, or ERR_MALFORMED if it is no text of a template for `text_bytes`. */
int chat_text_parse(struct bytes text, size_t text_bytes, struct chat_text *out);

enum chat_incoming_type {
    CHAT_ACKED,   /* response: id, seq, msg, dup */
    CHAT_REFUSED, /* response: id, error */
    CHAT_MESSAGE, /* push: seq, msg, text */
    CHAT_ENTRY,   /* another push of the couple's stream: seq */
    CHAT_OTHER    /* a push that is in no stream of the couple */
};
struct chat_incoming {
    enum chat_incoming_type type;
    uint32_t id;
    int error;
    bool dup;
    uint64_t seq, msg;
    struct bytes text; /* into the input */
};

/** Takes one RPC message from the front of `*in`. 1, 0 when `*in` is empty, or ERR_MALFORMED. */
int chat_next(struct bytes *in, struct chat_incoming *out);

#endif
