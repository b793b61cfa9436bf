/**
 * A peer of an HTTP server that sends whatever it is given, and reads answers by the letter of
 * RFC 9110 and 9112: what a client could misread is a fault. Sockets of the loopback only.
 */
#ifndef TESTS_INTEGRATION_SUPPORT_HTTP_H
#define TESTS_INTEGRATION_SUPPORT_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct http_peer {
    int fd; /* -1: not connected */
    struct buffer in;
    size_t taken; /* of `in`, by answers */
    bool ended;   /* nothing comes after what is in `in` */
    bool reset;   /* … because of a reset */
};

/** What is read next. */
enum http_got {
    HTTP_GOT_REPLY,
    HTTP_GOT_END,    /* the server closed, and no byte of another answer had come */
    HTTP_GOT_CUT,    /* it ended inside an answer */
    HTTP_GOT_RESET,  /* it was reset before or inside an answer */
    HTTP_GOT_NOTHING /* neither an answer nor an end in time */
};

/** Views into what the peer has received: until the next receive. */
struct http_reply {
    int status;
    bool close; /* it says that it is the last one */
    bool http_1_0;
    struct bytes head; /* with status line and empty line */
    struct bytes body; /* chunks put together */
    const char *fault; /* why it is no answer by the RFC; NULL: it is one. Static. */
};

/** Connects, or fails the test. */
void http_peer_open(struct http_peer *peer, uint16_t port);
/** The same with a receive buffer of this many bytes, for a reader that is slow. */
void http_peer_open_small(struct http_peer *peer, uint16_t port, int receive_bytes);
void http_peer_close(struct http_peer *peer);
/** Closes with a reset. */
void http_peer_abort(struct http_peer *peer);

/** False: the server has closed, or has not read on for `wait_ms`. */
bool http_peer_send(struct http_peer *peer, struct bytes bytes, int wait_ms);
void http_peer_half_close(struct http_peer *peer);

/** The next answer; `to_head`: to a HEAD request. */
enum http_got http_peer_receive(struct http_peer *peer, bool to_head, int wait_ms,
                                struct http_reply *reply);
/** The same, up to the headers' end: for bodies that do not end. */
enum http_got http_peer_receive_head(struct http_peer *peer, int wait_ms, struct http_reply *reply);
/** Reads what comes for so long, or until the end. Whether it has ended. */
bool http_peer_drain(struct http_peer *peer, int wait_ms);

/** The value of a header by its lower-case name, without blanks around it. */
bool http_reply_header(const struct http_reply *reply, const char *name, struct bytes *value);
bool http_reply_has(const struct http_reply *reply, const char *name, const char *value);

/**
 * Appends a text in which <<NAME>> stands for one of `words`, and <<N*TEXT>> for TEXT, N times;
 * `words` ends with a NULL name.
 */
struct http_word {
    const char *name;
    const char *text;
};
void http_expand(struct bytes text, const struct http_word *words, struct buffer *out);

#endif
