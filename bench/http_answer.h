/**
 * Answers of an HTTP/1.1 server (RFC 9112), as the generator reads them: the status, where the body
 * is, and whether the connection goes on. Strict about framing, blind to all else. Pure, no thread.
 */
#ifndef BENCH_HTTP_ANSWER_H
#define BENCH_HTTP_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

enum http_framing { HTTP_FRAMED_BY_LENGTH, HTTP_FRAMED_IN_CHUNKS, HTTP_FRAMED_BY_CLOSE };

struct http_answer_head {
    int status;
    enum http_framing framing;
    size_t head_len;           /* up to and with the empty line */
    size_t body_len;           /* framed by length; 0 with 204 and 304 */
    bool closes;               /* the connection ends behind this answer */
    struct bytes content_type; /* into the input; empty without one */
};

/** Reads the head at the front of `input`: 1, 0 when it is not there whole, or ERR_MALFORMED. */
int http_answer_head_read(struct bytes input, struct http_answer_head *out);

/** Where a body in chunks has come to. Zero-initialised stands at its front. */
struct http_chunks {
    int state;
    uint64_t left; /* of the chunk */
};

/**
 * Takes from the front of `*input` what belongs to the body, and appends what was in its chunks.
 * 1 when it is complete, trailers included; 0 when more is to come; or ERR_MALFORMED.
 */
int http_chunks_read(struct http_chunks *chunks, struct bytes *input, struct buffer *body);

struct http_answer {
    int status;
    bool closes;
    struct bytes body; /* until the handler returns */
};
typedef void http_answer_handler(void *owner, const struct http_answer *answer);

#define HTTP_ANSWER_BYTES_MAX (1u << 20)

/** What has come of answers that are not complete. Zero-initialised is empty. */
struct http_reader {
    struct buffer pending;
    struct buffer body; /* of chunks put together */
};

void http_reader_fini(struct http_reader *reader);

/**
 * Hands every answer that is complete with `input` to the handler; those of the 100s are passed
 * over. 0, ERR_MALFORMED, or ERR_TOO_LARGE for one above HTTP_ANSWER_BYTES_MAX.
 */
int http_reader_feed(struct http_reader *reader, struct bytes input, http_answer_handler *handle,
                     void *owner);

/**
 * The peer sends no more: an answer that is framed by that is handed over. 0, or ERR_END if one was
 * cut off.
 */
int http_reader_end(struct http_reader *reader, http_answer_handler *handle, void *owner);

#endif
