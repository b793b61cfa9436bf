/**
 * The seam between the `chat` load and the systems it is put on: one table of functions for each.
 *
 * All systems do the same work. A couple has two connections; each partner sends texts, the system
 * says that it accepted one (as durably as it does that), and the other partner receives it. The
 * load, its windows, its clock and its judge (bench/ledger.h) know nothing of the protocol, and a
 * protocol costs the generator as little as duet's own: a send is a template in which numbers are
 * patched, what comes is scanned in place, and nothing is allocated per message. One thread.
 *
 * A text says who sent it, which of the sender's messages it is, and when:
 * "duet <couple> <side> <number> <microseconds> ", in hexadecimal, and filler up to its length.
 */
#ifndef BENCH_PROTOCOL_H
#define BENCH_PROTOCOL_H

#include <stdint.h>
#include <stdio.h>

#include "base/bytes.h"
#include "bench/link.h"
#include "bench/tokens.h"

#define CHAT_TEXT_BYTES_MIN 50
#define CHAT_TEXT_BYTES_MAX 4000
#define CHAT_TEXT_BLANK "duet 00000000 0 0000000000000000 0000000000000000 "
#define CHAT_COUPLE_DIGITS 8
#define CHAT_RUN_DIGITS 16

struct chat_text {
    uint32_t couple;
    uint32_t side; /* 0 or 1 */
    uint64_t number;
    int64_t at_us; /* monotonic */
};

/** One whole send as it goes over the wire, and where its numbers stand. */
struct chat_template {
    struct buffer frame;
    size_t id_at, no_at, text_at;
    size_t couple_at, side_at; /* where a protocol addresses by couple and side */
    size_t again_at; /* where a protocol says something a second time: the text, couple and side */
};

/** One connection, before it is joined. */
struct chat_place {
    const char *host;
    uint16_t port;
    const char *source; /* local address to connect from; NULL: any */
    size_t index;       /* of the connection */
    uint32_t couple, side;
    uint64_t run;              /* new in every run: names of rooms and topics carry it */
    const struct token *token; /* NULL unless the protocol needs tokens */
};

/** A connection that is signed in and hears its partner. */
struct opened {
    int fd;                /* non-blocking, the caller's */
    struct buffer pending; /* received and not yet consumed, the caller's */
    uint64_t couple_head;  /* where the couple's stream stands; 0 without has_places */
};

/** What a protocol may keep of a connection, zero-initialised but for `out`. */
struct chat_channel {
    struct buffer *out; /* answers (pings, acknowledgements of receipts) are appended here */
    uint32_t answered;  /* for protocols that answer in order and without an id */
    uint32_t received;  /* for protocols in which the client says how much it has received */
};

enum chat_incoming_type {
    CHAT_ACKED,   /* the system accepted: id; with has_places: seq, msg, dup */
    CHAT_REFUSED, /* it did not: id, error */
    CHAT_MESSAGE, /* the partner's: text; with has_places: seq, msg */
    CHAT_ENTRY,   /* something else in the couple's stream: seq. Only with has_places */
    CHAT_OTHER    /* nothing that counts */
};
struct chat_incoming {
    enum chat_incoming_type type;
    uint32_t id;
    int error;
    bool dup;
    uint64_t seq, msg;
    struct bytes text; /* into the input */
};

struct chat_protocol {
    const char *name;
    const char *summary;
    bool needs_tokens; /* of `duetctl seed` */
    bool has_places;   /* answers say where in the couple's stream a message stands */
    uint32_t id_mask;  /* the low bits of a message's number that its answer carries */

    /** How messages are told apart on the wire; NULL: WebSocket. See link.h. */
    link_splitter *split;

    /** Blocks until the connection is ready. 0, or a code after printing why not. */
    int (*join)(const struct chat_place *place, struct opened *out);

    /** Fills a zeroed template for texts of `text_bytes` in run `run`. */
    void (*template_init)(struct chat_template *template, size_t text_bytes, uint64_t run);

    /**
     * Appends one send of `text`. `id` is what the answer must carry (its id_mask bits), `no` the
     * key of idempotency where there is one.
     */
    void (*append)(const struct chat_template *template, uint32_t id, uint64_t no,
                   const struct chat_text *text, struct buffer *out);

    /** Takes one item from the front of a message. 1, 0 when it is empty, or ERR_MALFORMED. */
    int (*next)(struct chat_channel *channel, struct bytes *message, struct chat_incoming *out);
};

/** The protocol with this name; NULL, after printing which there are. */
const struct chat_protocol *protocol_find(const char *name);

void chat_template_fini(struct chat_template *template);

/** Appends the frame as it is, and returns where in `out` it begins, to be patched. */
static inline uint8_t *chat_template_copy(const struct chat_template *template, struct buffer *out)
{
    uint8_t *frame = buffer_extend(out, template->frame.len);
    memcpy(frame, template->frame.data, template->frame.len);
    return frame;
}

/** Notes that `bytes` were put in front of what the template's places were counted in. */
void chat_template_shift(struct chat_template *template, size_t bytes);

/**
 * For protocols in which a message is one item: takes it from `*message`, and makes `*out` one that
 * does not count. False when there is none left.
 */
static inline bool chat_take_whole(struct bytes *message, struct bytes *item,
                                   struct chat_incoming *out)
{
    if (message->len == 0) {
        return false;
    }
    *item = *message;
    *message = bytes_of(item->data + item->len, 0);
    *out = (struct chat_incoming){.type = CHAT_OTHER};
    return true;
}

/** Appends the text, with all numbers 0. */
void chat_text_append_blank(struct buffer *out, size_t text_bytes);
/** Writes its numbers into a text that begins at `at`. */
void chat_text_patch(uint8_t *at, const struct chat_text *text);
/** 0, or ERR_MALFORMED if it is no text of `text_bytes`. */
int chat_text_parse(struct bytes text, size_t text_bytes, struct chat_text *out);

/** Lower-case hexadecimal digits of `value`, the lowest `digits` of them. */
void put_hex(uint8_t *out, uint64_t value, int digits);
/** Their number. 0, or ERR_MALFORMED if one of them is no such digit. */
int read_hex(const uint8_t *in, int digits, uint64_t *out);
/** Decimal digits, with leading zeros. */
void put_decimal(uint8_t *out, uint64_t value, int digits);

/** Prints what went wrong with connection `place->index`; returns ERR_IO. */
int join_complain(const struct chat_place *place, const char *what, const char *detail);

/* Each in bench/protocols/, in a file of its name. */
extern const struct chat_protocol duet_protocol;
extern const struct chat_protocol centrifugo_protocol;
extern const struct chat_protocol mqtt_protocol;
extern const struct chat_protocol nats_protocol;
extern const struct chat_protocol nats_core_protocol;
extern const struct chat_protocol redis_protocol;
extern const struct chat_protocol redis_function_protocol;
extern const struct chat_protocol socketio_protocol;
extern const struct chat_protocol tinode_protocol;
extern const struct chat_protocol xmpp_protocol;

#endif
