/*
 *     size ─▶ (extension) ─▶ CRLF ─▶ data ─▶ CRLF ─▶ size …
 *                              └─ size 0 ─▶ (trailer CRLF)* ─▶ CRLF ─▶ end
 *
 * Each state is a function of one byte, in a table; data is taken in runs.
 */
#include "edge/http_chunk.h"

#include "edge/http_check.h"

#define SIZE_DIGITS_MAX 8

enum state {
    SIZE,
    EXTENSION_NAME_START,
    EXTENSION_NAME,
    EXTENSION_VALUE_START,
    EXTENSION_VALUE,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_START,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    END_LF,
    END,
    FAULT,
    STATE_COUNT
};

static enum state count_extra(struct http_chunk *chunk, enum state next)
{
    return ++chunk->extra > HTTP_CHUNK_EXTRA_BYTES_MAX ? FAULT : next;
}

static int digit_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum state read_size(struct http_chunk *chunk, uint8_t c)
{
    int value = digit_value(c);
    if (value >= 0) {
        chunk->left = chunk->left << 4 | (uint32_t)value;
        return ++chunk->digits > SIZE_DIGITS_MAX ? FAULT : SIZE;
    }
    if (chunk->digits == 0) {
        return FAULT;
    }
    return c == '\r' ? SIZE_LF : c == ';' ? EXTENSION_NAME_START : FAULT;
}

static enum state read_extension_name_start(struct http_chunk *chunk, uint8_t c)
{
    return http_check_is_token(c) ? count_extra(chunk, EXTENSION_NAME) : FAULT;
}

static enum state read_extension_name(struct http_chunk *chunk, uint8_t c)
{
    if (c == '\r') {
        return SIZE_LF;
    }
    if (c == ';' || c == '=') {
        return count_extra(chunk, c == ';' ? EXTENSION_NAME_START : EXTENSION_VALUE_START);
    }
    return read_extension_name_start(chunk, c);
}

static enum state read_extension_value_start(struct http_chunk *chunk, uint8_t c)
{
    return http_check_is_token(c) ? count_extra(chunk, EXTENSION_VALUE) : FAULT;
}

static enum state read_extension_value(struct http_chunk *chunk, uint8_t c)
{
    if (c == '\r') {
        return SIZE_LF;
    }
    if (c == ';') {
        return count_extra(chunk, EXTENSION_NAME_START);
    }
    return read_extension_value_start(chunk, c);
}

static enum state read_size_lf(struct http_chunk *chunk, uint8_t c)
{
    if (c != '\n') {
        return FAULT;
    }
    chunk->digits = 0;
    return chunk->left == 0 ? TRAILER_START : DATA;
}

static enum state read_data_cr(struct http_chunk *chunk, uint8_t c)
{
    (void)chunk;
    return c == '\r' ? DATA_LF : FAULT;
}

static enum state read_data_lf(struct http_chunk *chunk, uint8_t c)
{
    (void)chunk;
    return c == '\n' ? SIZE : FAULT;
}

static enum state read_trailer_name(struct http_chunk *chunk, uint8_t c);

static enum state read_trailer_start(struct http_chunk *chunk, uint8_t c)
{
    chunk->name_len = 0;
    return c == '\r' ? END_LF : c == ':' ? FAULT : read_trailer_name(chunk, c);
}

/** What a head says about the body's length and the connection is not said behind it. */
static bool is_framing(const struct http_chunk *chunk)
{
    static const char *const names[] = {"content-length", "transfer-encoding", "host",
                                        "connection",     "proxy-connection",  "upgrade"};
    struct bytes name = bytes_of(chunk->name, chunk->name_len);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (http_check_is_named(name, names[i])) {
            return true;
        }
    }
    return false;
}

static enum state read_trailer_name(struct http_chunk *chunk, uint8_t c)
{
    if (c == ':') {
        return is_framing(chunk) ? FAULT : count_extra(chunk, TRAILER_VALUE);
    }
    if (!http_check_is_token(c)) {
        return FAULT;
    }
    if (chunk->name_len < HTTP_CHUNK_NAME_BYTES) {
        chunk->name[chunk->name_len++] = c;
    }
    return count_extra(chunk, TRAILER_NAME);
}

static enum state read_trailer_value(struct http_chunk *chunk, uint8_t c)
{
    if (c == '\r') {
        return TRAILER_LF;
    }
    return (c < ' ' && c != '\t') || c == 0x7f ? FAULT : count_extra(chunk, TRAILER_VALUE);
}

static enum state read_trailer_lf(struct http_chunk *chunk, uint8_t c)
{
    (void)chunk;
    return c == '\n' ? TRAILER_START : FAULT;
}

static enum state read_end_lf(struct http_chunk *chunk, uint8_t c)
{
    (void)chunk;
    return c == '\n' ? END : FAULT;
}

static enum state (*const readers[STATE_COUNT])(struct http_chunk *chunk, uint8_t c) = {
    [SIZE] = read_size,
    [EXTENSION_NAME_START] = read_extension_name_start,
    [EXTENSION_NAME] = read_extension_name,
    [EXTENSION_VALUE_START] = read_extension_value_start,
    [EXTENSION_VALUE] = read_extension_value,
    [SIZE_LF] = read_size_lf,
    [DATA_CR] = read_data_cr,
    [DATA_LF] = read_data_lf,
    [TRAILER_START] = read_trailer_start,
    [TRAILER_NAME] = read_trailer_name,
    [TRAILER_VALUE] = read_trailer_value,
    [TRAILER_LF] = read_trailer_lf,
    [END_LF] = read_end_lf,
};

/** How many bytes of data are in front of `in`, appended. */
static size_t take_data(struct http_chunk *chunk, struct bytes in, struct buffer *body)
{
    size_t len = in.len < chunk->left ? in.len : chunk->left;
    buffer_append(body, in.data, len);
    chunk->left -= (uint32_t)len;
    if (chunk->left == 0) {
        chunk->state = DATA_CR;
    }
    return len;
}

enum http_chunk_verdict http_chunk_read(struct http_chunk *chunk, struct bytes in,
                                        struct buffer *body, size_t body_max, size_t *used)
{
    size_t at = 0;
    while (at < in.len && chunk->state < END) {
        if (chunk->state == DATA) {
            at += take_data(chunk, bytes_of(in.data + at, in.len - at), body);
        } else {
            chunk->state = (uint8_t)readers[chunk->state](chunk, in.data[at++]);
        }
        if (chunk->state == DATA && chunk->left > body_max - body->len) {
            *used = at;
            return HTTP_CHUNK_TOO_LARGE;
        }
    }
    *used = at;
    return chunk->state == END     ? HTTP_CHUNK_END
           : chunk->state == FAULT ? HTTP_CHUNK_FAULT
                                   : HTTP_CHUNK_MORE;
}
