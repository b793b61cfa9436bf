/**
 * Pieces of text, written and found. All are pure, and small enough to be inlined: they run for
 * every message. A literal's length is known when it is compiled.
 */
#ifndef BENCH_PROTOCOLS_TEXT_H
#define BENCH_PROTOCOLS_TEXT_H

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"

static inline void text_append(struct buffer *out, const char *text)
{
    buffer_append(out, text, strlen(text));
}

static inline bool text_starts(struct bytes in, const char *text)
{
    size_t len = strlen(text);
    return in.len >= len && memcmp(in.data, text, len) == 0;
}

/** Where `text` begins in `in`; NULL: nowhere. */
static inline const uint8_t *text_find(struct bytes in, const char *text)
{
    return in.len == 0 ? NULL : memmem(in.data, in.len, text, strlen(text));
}

/**
 * What stands between the first `mark` and the next `end`, which ends it. 1, or 0 when there is no
 * mark, or ERR_MALFORMED when it does not end.
 */
static inline int text_between(struct bytes in, const char *mark, char end, struct bytes *out)
{
    const uint8_t *at = text_find(in, mark);
    if (at == NULL) {
        return 0;
    }
    at += strlen(mark);
    const uint8_t *until = memchr(at, end, (size_t)(in.data + in.len - at));
    if (until == NULL) {
        return ERR_MALFORMED;
    }
    *out = bytes_of(at, (size_t)(until - at));
    return 1;
}

/** Reads decimal digits from the front, `max` (at most 19) of them. Returns how many there are. */
static inline size_t text_decimal(struct bytes in, size_t max, uint64_t *value)
{
    size_t at = 0;
    *value = 0;
    while (at < in.len && at < max && in.data[at] >= '0' && in.data[at] <= '9') {
        *value = *value * 10 + (uint64_t)(in.data[at++] - '0');
    }
    return at;
}

#endif
