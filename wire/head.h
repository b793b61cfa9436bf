/**
 * What stands before a MessagePack value, read for the codec's inner loop. Internal to wire/.
 *
 * A failure is sticky and moves `at` to `end`, so that nothing is read after it.
 */
#ifndef WIRE_HEAD_H
#define WIRE_HEAD_H

#include "wire/codec.h"

/** A value's type, its first byte, and its integer, length, count or bits. */
struct head {
    uint8_t type; /* enum cursor_type */
    uint8_t first;
    uint64_t value;
};

static inline size_t cursor_remaining(const struct cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

static inline struct head cursor_fail(struct cursor *cursor)
{
    cursor->failed = true;
    cursor->at = cursor->end;
    return (struct head){.type = CURSOR_BAD};
}

/** The forms 0xc0 to 0xdf, of which `first` has been read. */
struct head head_read_long(struct cursor *cursor, uint8_t first);

static inline struct head head_read(struct cursor *cursor)
{
    if (cursor->at >= cursor->end) {
        return cursor_fail(cursor);
    }
    uint8_t first = *cursor->at++;
    if (first < 0x80) {
        return (struct head){CURSOR_INT, first, first};
    }
    if (first < 0x90) {
        return (struct head){CURSOR_MAP, first, first & 0x0fu};
    }
    if (first < 0xa0) {
        return (struct head){CURSOR_ARRAY, first, first & 0x0fu};
    }
    if (first < 0xc0) {
        return (struct head){CURSOR_TEXT, first, first & 0x1fu};
    }
    if (first >= 0xe0) {
        return (struct head){CURSOR_INT, first, (uint64_t)(int64_t)(int8_t)first};
    }
    if ((first == 0xc4 || first == 0xd9) && cursor->at < cursor->end) { /* the commonest */
        return (struct head){first == 0xc4 ? CURSOR_BIN : CURSOR_TEXT, first, *cursor->at++};
    }
    return head_read_long(cursor, first);
}

/** `len` bytes; empty, and failed, when there are fewer. */
static inline struct bytes cursor_take(struct cursor *cursor, uint64_t len)
{
    if (len > cursor_remaining(cursor)) {
        (void)cursor_fail(cursor);
        return (struct bytes){0};
    }
    struct bytes taken = bytes_of(cursor->at, (size_t)len);
    cursor->at += len;
    return taken;
}

/** Announced items must fit into what remains, at so many bytes each at least. */
static inline uint32_t cursor_checked_count(struct cursor *cursor, uint64_t count,
                                            size_t item_bytes)
{
    if (count > cursor_remaining(cursor) / item_bytes) {
        (void)cursor_fail(cursor);
        return 0;
    }
    return (uint32_t)count;
}

/** The double that a head of type CURSOR_FLOAT stands for. */
double head_float(struct head head);

#endif
