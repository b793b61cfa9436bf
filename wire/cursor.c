/*
 * The bounded reader of MessagePack (github.com/msgpack/msgpack/blob/master/spec.md).
 *
 * A failure is sticky and moves `at` to `end`, so that nothing is read after it: callers read all
 * they want and look at `failed` once. Counts are compared with the bytes that remain before
 * anyone believes them.
 */
#include <math.h>

#include "wire/field.h"
#include "wire/text.h"

/** What stands before a value: its type, and its integer, length or count. */
struct head {
    enum cursor_type type;
    uint64_t value;
};

/* The forms 0xc0 to 0xdf: type, and how many bytes of integer, length or count follow. */
static const struct form {
    uint8_t type;
    uint8_t width;
} forms[32] = {
    [0x00] = {CURSOR_NIL, 0},  [0x01] = {CURSOR_BAD, 0},   [0x02] = {CURSOR_BOOL, 0},
    [0x03] = {CURSOR_BOOL, 0}, [0x04] = {CURSOR_BIN, 1},   [0x05] = {CURSOR_BIN, 2},
    [0x06] = {CURSOR_BIN, 4},  [0x07] = {CURSOR_EXT, 1},   [0x08] = {CURSOR_EXT, 2},
    [0x09] = {CURSOR_EXT, 4},  [0x0a] = {CURSOR_FLOAT, 4}, [0x0b] = {CURSOR_FLOAT, 8},
    [0x0c] = {CURSOR_INT, 1},  [0x0d] = {CURSOR_INT, 2},   [0x0e] = {CURSOR_INT, 4},
    [0x0f] = {CURSOR_INT, 8},  [0x10] = {CURSOR_INT, 1},   [0x11] = {CURSOR_INT, 2},
    [0x12] = {CURSOR_INT, 4},  [0x13] = {CURSOR_INT, 8},   [0x14] = {CURSOR_EXT, 0},
    [0x15] = {CURSOR_EXT, 0},  [0x16] = {CURSOR_EXT, 0},   [0x17] = {CURSOR_EXT, 0},
    [0x18] = {CURSOR_EXT, 0},  [0x19] = {CURSOR_TEXT, 1},  [0x1a] = {CURSOR_TEXT, 2},
    [0x1b] = {CURSOR_TEXT, 4}, [0x1c] = {CURSOR_ARRAY, 2}, [0x1d] = {CURSOR_ARRAY, 4},
    [0x1e] = {CURSOR_MAP, 2},  [0x1f] = {CURSOR_MAP, 4},
};

enum { FIRST_SIGNED = 0xd0, LAST_SIGNED = 0xd3, FIRST_FIXEXT = 0xd4, LAST_FIXEXT = 0xd8 };

static inline size_t remaining(const struct cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

static struct head fail(struct cursor *cursor)
{
    cursor->failed = true;
    cursor->at = cursor->end;
    return (struct head){.type = CURSOR_BAD};
}

static uint64_t load(const uint8_t *at, size_t width)
{
    uint64_t value = 0;
    for (size_t i = 0; i < width; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

static uint64_t extend_sign(uint64_t value, size_t width)
{
    unsigned shift = 64 - 8 * (unsigned)width;
    return (uint64_t)((int64_t)(value << shift) >> shift);
}

static struct head read_long_head(struct cursor *cursor, uint8_t first)
{
    struct form form = forms[first - 0xc0];
    if (form.type == CURSOR_BAD || remaining(cursor) < form.width) {
        return fail(cursor);
    }
    struct head head = {.type = form.type, .value = load(cursor->at, form.width)};
    cursor->at += form.width;
    if (first >= FIRST_SIGNED && first <= LAST_SIGNED) {
        head.value = extend_sign(head.value, form.width);
    } else if (head.type == CURSOR_INT && head.value > INT64_MAX) {
        return fail(cursor);
    } else if (first >= FIRST_FIXEXT && first <= LAST_FIXEXT) {
        head.value = 1u << (first - FIRST_FIXEXT);
    } else if (head.type == CURSOR_BOOL) {
        head.value = first & 1u;
    }
    return head;
}

static inline struct head read_head(struct cursor *cursor)
{
    if (cursor->at >= cursor->end) {
        return fail(cursor);
    }
    uint8_t first = *cursor->at++;
    if (first < 0x80) {
        return (struct head){CURSOR_INT, first};
    }
    if (first < 0x90) {
        return (struct head){CURSOR_MAP, first & 0x0fu};
    }
    if (first < 0xa0) {
        return (struct head){CURSOR_ARRAY, first & 0x0fu};
    }
    if (first < 0xc0) {
        return (struct head){CURSOR_TEXT, first & 0x1fu};
    }
    if (first >= 0xe0) {
        return (struct head){CURSOR_INT, (uint64_t)(int64_t)(int8_t)first};
    }
    return read_long_head(cursor, first);
}

static uint64_t expect(struct cursor *cursor, enum cursor_type type)
{
    struct head head = read_head(cursor);
    if (head.type != type) {
        head = fail(cursor);
    }
    return head.value;
}

static struct bytes take(struct cursor *cursor, uint64_t len)
{
    if (len > remaining(cursor)) {
        (void)fail(cursor);
        return (struct bytes){0};
    }
    struct bytes taken = bytes_of(cursor->at, (size_t)len);
    cursor->at += len;
    return taken;
}

struct cursor cursor_of(struct bytes in)
{
    static const uint8_t nothing[1];
    const uint8_t *data = in.data != NULL ? in.data : nothing;
    return (struct cursor){.at = data, .end = data + in.len};
}

enum cursor_type cursor_peek(const struct cursor *cursor)
{
    struct cursor copy = *cursor;
    return cursor->failed ? CURSOR_BAD : read_head(&copy).type;
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

/** The bits of a float or double that was just read, as a double. */
static double float_value(uint64_t bits, bool single)
{
    double wide;
    memcpy(&wide, &bits, sizeof wide);
    if (single) {
        float narrow;
        uint32_t low = (uint32_t)bits;
        memcpy(&narrow, &low, sizeof narrow);
        wide = (double)narrow;
    }
    return wide;
}

double cursor_float(struct cursor *cursor)
{
    const uint8_t *start = cursor->at;
    struct head head = read_head(cursor);
    if (head.type == CURSOR_INT) {
        return (double)(int64_t)head.value;
    }
    if (head.type == CURSOR_FLOAT) {
        double value = float_value(head.value, *start == 0xca);
        if (isfinite(value)) {
            return value;
        }
    }
    (void)fail(cursor);
    return 0;
}

struct bytes cursor_text_unchecked(struct cursor *cursor)
{
    return take(cursor, expect(cursor, CURSOR_TEXT));
}

struct bytes cursor_text(struct cursor *cursor)
{
    struct bytes text = cursor_text_unchecked(cursor);
    if (!text_valid(text)) {
        (void)fail(cursor);
        return (struct bytes){0};
    }
    return text;
}

struct bytes cursor_bin(struct cursor *cursor)
{
    return take(cursor, expect(cursor, CURSOR_BIN));
}

static uint32_t checked_count(struct cursor *cursor, uint64_t count, size_t item_bytes)
{
    if (count > remaining(cursor) / item_bytes) {
        (void)fail(cursor);
        return 0;
    }
    return (uint32_t)count;
}

uint32_t cursor_array(struct cursor *cursor)
{
    return checked_count(cursor, expect(cursor, CURSOR_ARRAY), 1);
}

uint32_t cursor_map(struct cursor *cursor)
{
    return checked_count(cursor, expect(cursor, CURSOR_MAP), 2);
}

/** Skips what is not a container, after its head. */
static void skip_payload(struct cursor *cursor, struct head head, bool single)
{
    switch (head.type) {
    case CURSOR_FLOAT:
        if (!isfinite(float_value(head.value, single))) {
            (void)fail(cursor);
        }
        break;
    case CURSOR_TEXT:
        if (!text_valid(take(cursor, head.value))) {
            (void)fail(cursor);
        }
        break;
    case CURSOR_BIN:
        (void)take(cursor, head.value);
        break;
    case CURSOR_EXT:
        (void)take(cursor, head.value + 1); /* and its type */
        break;
    default: /* all of it was in the head */
        break;
    }
}

struct bytes cursor_skip_within(struct cursor *cursor, uint32_t depth)
{
    const uint8_t *start = cursor->at;
    uint64_t open[RECORD_DEPTH_MAX + 1] = {1}; /* values still to come, per level */
    uint32_t level = 0;
    while (!cursor->failed) {
        while (level > 0 && open[level] == 0) {
            level--;
        }
        if (open[level] == 0) {
            return bytes_of(start, (size_t)(cursor->at - start));
        }
        open[level]--;
        bool single = cursor->at < cursor->end && *cursor->at == 0xca;
        struct head head = read_head(cursor);
        if (head.type != CURSOR_ARRAY && head.type != CURSOR_MAP) {
            skip_payload(cursor, head, single);
            continue;
        }
        uint32_t per_item = head.type == CURSOR_MAP ? 2 : 1;
        if (level >= depth || level >= RECORD_DEPTH_MAX) {
            (void)fail(cursor);
            break;
        }
        open[++level] = (uint64_t)checked_count(cursor, head.value, per_item) * per_item;
    }
    return (struct bytes){0};
}

struct bytes cursor_skip(struct cursor *cursor)
{
    return cursor_skip_within(cursor, RECORD_DEPTH_MAX);
}
