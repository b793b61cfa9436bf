/*
 * The interpreter over declared records: from MessagePack. The way back is codec_encode.c.
 *
 * Keys usually come in the order of the declaration, so the field after the last one is tried
 * first and the look-up costs one comparison.
 */
#include "wire/codec.h"

#include "base/error.h"
#include "wire/field.h"
#include "wire/text.h"

struct decoder {
    struct cursor cursor;
    enum record_shape shape;
    struct arena *arena;
    struct field_fault *fault;
};

static int decode_record(struct decoder *decoder, const struct record_type *type, uint32_t depth,
                         void *out);

static int decode_bool(struct decoder *decoder, const struct field *field, uint32_t depth,
                       void *member)
{
    (void)field;
    (void)depth;
    *(bool *)member = cursor_bool(&decoder->cursor);
    return 0;
}

static int decode_int(struct decoder *decoder, const struct field *field, uint32_t depth,
                      void *member)
{
    (void)depth;
    return field_take_int(field, cursor_int(&decoder->cursor), member, decoder->fault);
}

static int decode_float(struct decoder *decoder, const struct field *field, uint32_t depth,
                        void *member)
{
    (void)field;
    (void)depth;
    double value = cursor_float(&decoder->cursor);
    memcpy(member, &value, sizeof value);
    return 0;
}

static int decode_text(struct decoder *decoder, const struct field *field, uint32_t depth,
                       void *member)
{
    (void)depth;
    struct bytes text = cursor_text_unchecked(&decoder->cursor);
    if (decoder->cursor.failed) {
        return 0; /* decode_field says so */
    }
    return field_take_text(field, text, decoder->arena, member, decoder->fault);
}

static int decode_bytes(struct decoder *decoder, const struct field *field, uint32_t depth,
                        void *member)
{
    (void)depth;
    struct bytes bin = cursor_bin(&decoder->cursor);
    return decoder->cursor.failed ? 0 : field_take_bytes(field, bin, member, decoder->fault);
}

static int decode_id(struct decoder *decoder, const struct field *field, uint32_t depth,
                     void *member)
{
    (void)field;
    (void)depth;
    struct bytes bin = cursor_bin(&decoder->cursor);
    return decoder->cursor.failed ? 0 : field_take_id(bin, member, decoder->fault);
}

static int decode_day(struct decoder *decoder, const struct field *field, uint32_t depth,
                      void *member)
{
    (void)field;
    (void)depth;
    struct bytes text = cursor_text(&decoder->cursor);
    return decoder->cursor.failed ? 0 : field_take_day(text, member, decoder->fault);
}

static int decode_enum(struct decoder *decoder, const struct field *field, uint32_t depth,
                       void *member)
{
    (void)depth;
    struct bytes text = cursor_text(&decoder->cursor);
    return decoder->cursor.failed ? 0 : field_take_enum(field, text, member, decoder->fault);
}

static int decode_sub(struct decoder *decoder, const struct field *field, uint32_t depth,
                      void *member)
{
    const struct record_type *type = field->sub;
    void *sub = arena_alloc(decoder->arena, type->size);
    int status = decode_record(decoder, type, depth, sub);
    memcpy(member, &sub, sizeof sub);
    return status;
}

static int decode_list(struct decoder *decoder, const struct field *field, uint32_t depth,
                       void *member)
{
    const struct record_type *type = field->sub;
    uint32_t count = cursor_array(&decoder->cursor);
    if (decoder->cursor.failed) {
        return 0;
    }
    int status = field_check_count(field, count, decoder->fault);
    if (status != 0) {
        return status;
    }
    uint8_t *items = arena_alloc(decoder->arena, count * type->size);
    for (uint32_t i = 0; i < count; i++) {
        status = decode_record(decoder, type, depth + 1, items + i * type->size);
        if (status == ERR_INVALID_ARGUMENT) {
            field_fault_prefix_index(decoder->fault, i);
        }
        if (status != 0) {
            return status;
        }
    }
    struct list list = {.items = items, .count = count};
    memcpy(member, &list, sizeof list);
    return 0;
}

#define ACCEPTS(type) (1u << CURSOR_##type)

static const struct {
    uint32_t accepts; /* set of cursor_type */
    int (*decode)(struct decoder *, const struct field *, uint32_t depth, void *member);
} decoders[] = {
    [FIELD_BOOL] = {ACCEPTS(BOOL), decode_bool},
    [FIELD_INT] = {ACCEPTS(INT), decode_int},
    [FIELD_FLOAT] = {ACCEPTS(INT) | ACCEPTS(FLOAT), decode_float},
    [FIELD_TEXT] = {ACCEPTS(TEXT), decode_text},
    [FIELD_BYTES] = {ACCEPTS(BIN), decode_bytes},
    [FIELD_ID] = {ACCEPTS(BIN), decode_id},
    [FIELD_INSTANT] = {ACCEPTS(INT), decode_int},
    [FIELD_DAY] = {ACCEPTS(TEXT), decode_day},
    [FIELD_ENUM] = {ACCEPTS(TEXT), decode_enum},
    [FIELD_RECORD] = {ACCEPTS(MAP) | ACCEPTS(ARRAY), decode_sub},
    [FIELD_LIST] = {ACCEPTS(ARRAY), decode_list},
};
_Static_assert(sizeof decoders / sizeof decoders[0] == FIELD_KIND_COUNT, "one decoder a kind");

static int malformed(struct decoder *decoder)
{
    return field_malformed(decoder->fault, "is not well-formed MessagePack");
}

static int decode_field(struct decoder *decoder, const struct field *field, uint32_t depth,
                        void *record)
{
    enum cursor_type type = cursor_peek(&decoder->cursor);
    if (type == CURSOR_NIL) {
        cursor_nil(&decoder->cursor);
        return 0;
    }
    if (type == CURSOR_BAD) {
        return malformed(decoder);
    }
    int status =
        (decoders[field->kind].accepts >> type & 1u) == 0
            ? field_wrong_type(field, decoder->fault)
            : decoders[field->kind].decode(decoder, field, depth, field_member(field, record));
    if (decoder->cursor.failed) {
        return malformed(decoder);
    }
    if (status == ERR_INVALID_ARGUMENT) {
        field_fault_prefix(decoder->fault, field->name);
    }
    *field_has(field, record) = status == 0;
    return status;
}

static inline bool is_named(const struct field *field, struct bytes key)
{
    return field->name_len == key.len && memcmp(field->name, key.data, key.len) == 0;
}

/** Index of the field, looking at `expected` first; type->count if there is none. */
static inline uint32_t find_field(const struct record_type *type, struct bytes key,
                                  uint32_t expected)
{
    if (expected < type->count && is_named(&type->fields[expected], key)) {
        return expected;
    }
    uint32_t index = 0;
    while (index < type->count && !is_named(&type->fields[index], key)) {
        index++;
    }
    return index;
}

static int decode_map(struct decoder *decoder, const struct record_type *type, uint32_t depth,
                      void *out)
{
    uint32_t count = cursor_map(&decoder->cursor);
    uint64_t seen = 0;
    uint32_t expected = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct bytes key = cursor_text_unchecked(&decoder->cursor);
        if (decoder->cursor.failed) {
            return malformed(decoder);
        }
        uint32_t index = find_field(type, key, expected);
        if (index == type->count) {
            (void)cursor_skip_within(&decoder->cursor, RECORD_DEPTH_MAX - depth - 1);
            if (decoder->cursor.failed || !text_valid(key)) {
                return malformed(decoder);
            }
            continue;
        }
        if ((seen >> index & 1u) != 0) {
            return field_malformed(decoder->fault, "a key is given twice");
        }
        seen |= UINT64_C(1) << index;
        expected = index + 1;
        int status = decode_field(decoder, &type->fields[index], depth + 1, out);
        if (status != 0) {
            return status;
        }
    }
    return decoder->cursor.failed ? malformed(decoder)
                                  : field_check_required(type, out, decoder->fault);
}

static int decode_array(struct decoder *decoder, const struct record_type *type, uint32_t depth,
                        void *out)
{
    uint32_t count = cursor_array(&decoder->cursor);
    if (decoder->cursor.failed) {
        return malformed(decoder);
    }
    if (count > type->count) {
        return field_malformed(decoder->fault, "has more items than fields");
    }
    for (uint32_t i = 0; i < count; i++) {
        int status = decode_field(decoder, &type->fields[i], depth + 1, out);
        if (status != 0) {
            return status;
        }
    }
    return field_check_required(type, out, decoder->fault);
}

static int decode_record(struct decoder *decoder, const struct record_type *type, uint32_t depth,
                         void *out)
{
    if (depth >= RECORD_DEPTH_MAX) {
        return field_malformed(decoder->fault, "is nested too deeply");
    }
    bool as_map = decoder->shape == RECORD_AS_MAP;
    enum cursor_type given = cursor_peek(&decoder->cursor);
    if (given == CURSOR_BAD) {
        return malformed(decoder);
    }
    if (given != (as_map ? CURSOR_MAP : CURSOR_ARRAY)) {
        return field_refuse(decoder->fault, as_map ? "must be an object" : "must be an array");
    }
    return as_map ? decode_map(decoder, type, depth, out) : decode_array(decoder, type, depth, out);
}

int record_decode(const struct record_type *type, enum record_shape shape, struct bytes in,
                  struct arena *arena, void *out, struct field_fault *fault)
{
    struct field_fault ignored;
    struct decoder decoder = {.cursor = cursor_of(in),
                              .shape = shape,
                              .arena = arena,
                              .fault = fault != NULL ? fault : &ignored};
    if (type->count != 0) {
        memset(out, 0, type->size);
    }
    int status = decode_record(&decoder, type, 0, out);
    if (status == 0 && decoder.cursor.at != decoder.cursor.end) {
        return field_malformed(decoder.fault, "bytes follow the value");
    }
    return status;
}
