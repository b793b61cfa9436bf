/*
 * The bounded reader of MessagePack (github.com/msgpack/msgpack/blob/master/spec.md).
 *
 * A failure is sticky and moves `at` to `end`, so that nothing is read after it: callers read all
 * they want and look at `failed` once. Counts are compared with the bytes that remain before
 * anyone believes them.
 */
#include <math.h>

#include "wire/field.h"
#include "wire/head.h"
#include "wire/text.h"

enum special { AS_IT_IS, SIGNED, BELOW_2_63, FIXEXT, LOW_BIT };

/* The forms 0xc0 to 0xdf: type, how many bytes of integer, length or count follow, and what is
 * special about them. */
static const struct form {
    uint8_t type;
    uint8_t width;
    uint8_t special;
} forms[32] = {
    [0x00] = {CURSOR_NIL, 0, 0},        [0x01] = {CURSOR_BAD, 0, 0},
    [0x02] = {CURSOR_BOOL, 0, LOW_BIT}, [0x03] = {CURSOR_BOOL, 0, LOW_BIT},
    [0x04] = {CURSOR_BIN, 1, 0},        [0x05] = {CURSOR_BIN, 2, 0},
    [0x06] = {CURSOR_BIN, 4, 0},        [0x07] = {CURSOR_EXT, 1, 0},
    [0x08] = {CURSOR_EXT, 2, 0},        [0x09] = {CURSOR_EXT, 4, 0},
    [0x0a] = {CURSOR_FLOAT, 4, 0},      [0x0b] = {CURSOR_FLOAT, 8, 0},
    [0x0c] = {CURSOR_INT, 1, 0},        [0x0d] = {CURSOR_INT, 2, 0},
    [0x0e] = {CURSOR_INT, 4, 0},        [0x0f] = {CURSOR_INT, 8, BELOW_2_63},
    [0x10] = {CURSOR_INT, 1, SIGNED},   [0x11] = {CURSOR_INT, 2, SIGNED},
    [0x12] = {CURSOR_INT, 4, SIGNED},   [0x13] = {CURSOR_INT, 8, SIGNED},
    [0x14] = {CURSOR_EXT, 0, FIXEXT},   [0x15] = {CURSOR_EXT, 0, FIXEXT},
    [0x16] = {CURSOR_EXT, 0, FIXEXT},   [0x17] = {CURSOR_EXT, 0, FIXEXT},
    [0x18] = {CURSOR_EXT, 0, FIXEXT},   [0x19] = {CURSOR_TEXT, 1, 0},
    [0x1a] = {CURSOR_TEXT, 2, 0},       [0x1b] = {CURSOR_TEXT, 4, 0},
    [0x1c] = {CURSOR_ARRAY, 2, 0},      [0x1d] = {CURSOR_ARRAY, 4, 0},
    [0x1e] = {CURSOR_MAP, 2, 0},        [0x1f] = {CURSOR_MAP, 4, 0},
};

enum { FIRST_FIXEXT = 0xd4 };

static uint64_t load_bytewise(const uint8_t *at, size_t width)
{
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

/** `width` bytes, 0 to 8, most significant first; with room for it, one load. */
static inline uint64_t load(const struct cursor *cursor, size_t width)
{
    if (cursor_remaining(cursor) < sizeof(uint64_t)) {
        return load_bytewise(cursor->at, width);
    }
    return width == 0 ? 0 : get_u64(cursor->at) >> (64 - 8 * width);
}

static uint64_t extend_sign(uint64_t value, size_t width)
{
    unsigned shift = 64 - 8 * (unsigned)width;
    return (uint64_t)((int64_t)(value << shift) >> shift);
}

struct head head_read_long(struct cursor *cursor, uint8_t first)
{
    struct form form = forms[first - 0xc0];
    if (form.type == CURSOR_BAD || cursor_remaining(cursor) < form.width) {
        return cursor_fail(cursor);
    }
    struct head head = {form.type, first, load(cursor, form.width)};
    cursor->at += form.width;
    switch ((enum special)form.special) {
    case AS_IT_IS:
        break;
    case SIGNED:
        head.value = extend_sign(head.value, form.width);
        break;
    case BELOW_2_63:
        return head.value > INT64_MAX ? cursor_fail(cursor) : head;
    case FIXEXT:
        head.value = 1u << (first - FIRST_FIXEXT);
        break;
    case LOW_BIT:
        head.value = first & 1u;
        break;
    }
    return head;
}

static inline uint64_t expect(struct cursor *cursor, enum cursor_type type)
{
    struct head head = head_read(cursor);
    if (head.type != type) {
        head = cursor_fail(cursor);
    }
    return head.value;
}

struct cursor cursor_of(struct bytes in)
{
    static const uint8_t nothing[1];
    const uint8_t *data = in.data != NULL ? in.data : nothing;
    return (struct cursor){.at = data, .end = data + in.len};
}

enum cursor_type cursor_peek(const struct cursor *cursor)
{
    static const uint8_t short_ones[] = {/* by the upper four bits, below 0xc0 */
                                         CURSOR_INT, CURSOR_INT,   CURSOR_INT,  CURSOR_INT,
                                         CURSOR_INT, CURSOR_INT,   CURSOR_INT,  CURSOR_INT,
                                         CURSOR_MAP, CURSOR_ARRAY, CURSOR_TEXT, CURSOR_TEXT};
    if (cursor->failed || cursor->at >= cursor->end) {
        return CURSOR_BAD;
    }
    if (*cursor->at < 0xc0) {
        return (enum cursor_type)short_ones[*cursor->at >> 4];
    }
    struct cursor copy = *cursor;
    return (enum cursor_type)head_read(&copy).type;
}

void cursor_nil(struct cursor *cursor)
{
    (void)expect(cursor, CURSOR_NIL);
}

bool cursor_bool(struct cursor *cursor)
{
    return expect(cursor, CURSOR_BOOL) != 0;
}

int64_t cursor_int(struct cursor *cursor)
{
    return (int64_t)expect(cursor, CURSOR_INT);
}

double head_float(struct head head)
{
    double wide;
    memcpy(&wide, &head.value, sizeof wide);
    if (head.first == 0xca) {
        float narrow;
        uint32_t low = (uint32_t)head.value;
        memcpy(&narrow, &low, sizeof narrow);
        wide = (double)narrow;
    }
    return wide;
}

double cursor_float(struct cursor *cursor)
{
    struct head head = head_read(cursor);
    if (head.type == CURSOR_INT) {
        return (double)(int64_t)head.value;
    }
    if (head.type == CURSOR_FLOAT) {
        double value = head_float(head);
        if (isfinite(value)) {
            return value;
        }
    }
    (void)cursor_fail(cursor);
    return 0;
}

static inline struct bytes text_unchecked(struct cursor *cursor)
{
    return cursor_take(cursor, expect(cursor, CURSOR_TEXT));
}

struct bytes cursor_text(struct cursor *cursor)
{
    struct bytes text = text_unchecked(cursor);
    if (!text_valid(text)) {
        (void)cursor_fail(cursor);
        return (struct bytes){0};
    }
    return text;
}

struct bytes cursor_bin(struct cursor *cursor)
{
    return cursor_take(cursor, expect(cursor, CURSOR_BIN));
}

uint32_t cursor_array(struct cursor *cursor)
{
    return cursor_checked_count(cursor, expect(cursor, CURSOR_ARRAY), 1);
}

uint32_t cursor_map(struct cursor *cursor)
{
    return cursor_checked_count(cursor, expect(cursor, CURSOR_MAP), 2);
}

/** Skips what is not a container, after its head. */
static inline void skip_payload(struct cursor *cursor, struct head head)
{
    switch ((enum cursor_type)head.type) {
    case CURSOR_FLOAT:
        if (!isfinite(head_float(head))) {
            (void)cursor_fail(cursor);
        }
        break;
    case CURSOR_TEXT:
        if (!text_valid(cursor_take(cursor, head.value))) {
            (void)cursor_fail(cursor);
        }
        break;
    case CURSOR_BIN:
        (void)cursor_take(cursor, head.value);
        break;
    case CURSOR_EXT:
        (void)cursor_take(cursor, head.value + 1); /* and its type */
        break;
    default: /* all of it was in the head */
        break;
    }
}

struct bytes cursor_skip_within(struct cursor *cursor, uint32_t depth)
{
    const uint8_t *start = cursor->at;
    uint64_t open[RECORD_DEPTH_MAX + 1]; /* values still to come, per level that was entered */
    uint32_t level = 0;
    open[0] = 1;
    while (!cursor->failed) {
        while (level > 0 && open[level] == 0) {
            level--;
        }
        if (open[level] == 0) {
            return bytes_of(start, (size_t)(cursor->at - start));
        }
        open[level]--;
        struct head head = head_read(cursor);
        if (head.type != CURSOR_ARRAY && head.type != CURSOR_MAP) {
            skip_payload(cursor, head);
            continue;
        }
        uint32_t per_item = head.type == CURSOR_MAP ? 2 : 1;
        if (level >= depth || level >= RECORD_DEPTH_MAX) {
            (void)cursor_fail(cursor);
            break;
        }
        open[++level] = (uint64_t)cursor_checked_count(cursor, head.value, per_item) * per_item;
    }
    return (struct bytes){0};
}

struct bytes cursor_skip(struct cursor *cursor)
{
    return cursor_skip_within(cursor, RECORD_DEPTH_MAX);
}
