/**
 * The interpreter over declared records: MessagePack in two shapes, and its JSON twin.
 *
 * Shapes: RECORD_AS_MAP is the wire (a map with string keys); RECORD_AS_ARRAY is the log and the
 * state (an array in declaration order, nil for absent). An array may be shorter than the table
 * (fields were added since; they count as absent) and never longer.
 *
 * Decoding works on a bounded cursor: nothing is allocated from a count that the input only
 * announces, depth is at most RECORD_DEPTH_MAX, strings must be valid UTF-8 without NUL, floats
 * finite, keys unique, no bytes may trail. Unknown keys of a map are skipped. Only text in an array
 * is taken as it is: log and state hold what was checked and made NFC before it got there.
 * All functions are pure and may run on any thread.
 */
#ifndef WIRE_CODEC_H
#define WIRE_CODEC_H

#include "base/bytes.h"
#include "wire/record.h"

struct json_t;

enum record_shape { RECORD_AS_MAP, RECORD_AS_ARRAY };

/** Which field was refused, for error.details.field, and why (static text). */
struct field_fault {
    char field[96]; /* dotted path, "cursors.0.after"; empty when the whole is malformed */
    const char *reason;
};

/**
 * Decodes one record from exactly `in` into `out` (type->size bytes, zeroed first).
 * Text, bytes: point into `in`, or into `arena` where they had to be normalised; lists and
 * sub-records into `arena`. Returns 0, ERR_MALFORMED (not MessagePack, trailing bytes, …; `fault`
 * has an empty field) or ERR_INVALID_ARGUMENT with `fault` filled. `out` is unspecified on failure.
 */
int record_decode(const struct record_type *type, enum record_shape shape, struct bytes in,
                  struct arena *arena, void *out, struct field_fault *fault);

/** Appends the encoding of `value`. Values are trusted to be within the declaration. */
void record_encode(const struct record_type *type, enum record_shape shape, const void *value,
                   struct buffer *out);

void record_copy_by_table(const struct record_type *type, const void *value, struct arena *arena,
                          void *out);
/**
 * Copies `value` into `out` (type->size bytes) with all that it points to into `arena`: what
 * decoding its encoding would give. REQUIRED fields count as given, absent ones are zero.
 */
static inline void record_copy(const struct record_type *type, const void *value,
                               struct arena *arena, void *out)
{
    if (type->copy != NULL) {
        type->copy(value, arena, out);
    } else {
        record_copy_by_table(type, value, arena, out);
    }
}

/**
 * Parses exactly one JSON value of at most RECORD_DEPTH_MAX containers inside each other. Duplicate
 * keys, NUL, invalid UTF-8 and trailing bytes are refused. Returns 0 and a new reference, or
 * ERR_MALFORMED. Any JSON from a peer goes through this.
 */
int json_parse_bounded(struct bytes text, struct json_t **out);

/** As record_decode, from parsed JSON (an object). Text is copied into `arena`. */
int record_decode_json(const struct record_type *type, const struct json_t *in, struct arena *arena,
                       void *out, struct field_fault *fault);

/** A new JSON object (reference owned by the caller), or NULL when memory is exhausted. */
struct json_t *record_encode_json(const struct record_type *type, const void *value);

/** Bounded reader of MessagePack with a sticky error: read on, check `failed` once. */
struct cursor {
    const uint8_t *at;
    const uint8_t *end;
    bool failed;
};
enum cursor_type {
    CURSOR_NIL,
    CURSOR_BOOL,
    CURSOR_INT, /* within int64 */
    CURSOR_FLOAT,
    CURSOR_TEXT,
    CURSOR_BIN,
    CURSOR_ARRAY,
    CURSOR_MAP,
    CURSOR_EXT,
    CURSOR_BAD /* end of input, or a byte that starts nothing, or an integer beyond int64 */
};
struct cursor cursor_of(struct bytes in);
enum cursor_type cursor_peek(const struct cursor *cursor);
void cursor_nil(struct cursor *cursor);
bool cursor_bool(struct cursor *cursor);
int64_t cursor_int(struct cursor *cursor);
double cursor_float(struct cursor *cursor);      /* accepts integers */
struct bytes cursor_text(struct cursor *cursor); /* UTF-8 checked, no NUL */
struct bytes cursor_bin(struct cursor *cursor);
uint32_t cursor_array(struct cursor *cursor); /* count <= bytes that remain, else failed */
uint32_t cursor_map(struct cursor *cursor);   /* count <= half of the bytes that remain */
/** Skips one value of any type, at most RECORD_DEPTH_MAX deep, fully validated; returns its bytes.
 */
struct bytes cursor_skip(struct cursor *cursor);

/* Appending single values, canonical (shortest) forms. */
void pack_nil(struct buffer *out);
void pack_bool(struct buffer *out, bool value);
void pack_int(struct buffer *out, int64_t value);
void pack_float(struct buffer *out, double value);
void pack_text(struct buffer *out, struct bytes text);
void pack_bin(struct buffer *out, struct bytes bin);
void pack_array(struct buffer *out, uint32_t count);
void pack_map(struct buffer *out, uint32_t count);

/**
 * Checks a declaration at start: names unique, bounds sane, ROOT-usable or not, every example
 * decodes under its own field. Returns 0 or ERR_INVALID_ARGUMENT with `fault` naming the field.
 */
int record_check(const struct record_type *type, struct field_fault *fault);

#endif
