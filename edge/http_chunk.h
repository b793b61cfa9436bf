/**
 * The framing of a chunked body (RFC 9112, 7.1), as strictly as that of heads: CRLF only, sizes of
 * at most eight digits, extensions of names and values, trailers without control characters that do
 * not claim to be framing. Extensions and trailers are bounded, and otherwise ignored. Pure.
 */
#ifndef EDGE_HTTP_CHUNK_H
#define EDGE_HTTP_CHUNK_H

#include "base/bytes.h"

#define HTTP_CHUNK_EXTRA_BYTES_MAX 1024 /* extensions and trailers of one body */
#define HTTP_CHUNK_NAME_BYTES 20        /* of a trailer's name, to know it by */

enum http_chunk_verdict { HTTP_CHUNK_MORE, HTTP_CHUNK_END, HTTP_CHUNK_FAULT, HTTP_CHUNK_TOO_LARGE };

/** Zero-initialised is in front of the first chunk. */
struct http_chunk {
    uint8_t state;
    uint8_t digits;
    uint32_t left; /* of a chunk; while its size is read, the size so far */
    uint32_t extra;
    uint32_t name_len;
    uint8_t name[HTTP_CHUNK_NAME_BYTES];
};

/**
 * Reads on, and appends what is body, until the body would be larger than `body_max` bytes.
 * `*used`: how many bytes of `in` belong to the body with its framing; what is behind is another
 * request's. MORE: all of them.
 */
enum http_chunk_verdict http_chunk_read(struct http_chunk *chunk, struct bytes in,
                                        struct buffer *body, size_t body_max, size_t *used);

#endif
