/*
 * The interpreter over declared records: from MessagePack. The way back is codec_encode.c.
 *
 * Keys usually come in the order of the declaration, so the field after the last one is tried
 * first and the look-up costs one comparison.
 */
#include "wire/codec.h"

#include <math.h>

#include "base/error.h"
#include "wire/field.h"
#include "wire/head.h"
#include "wire/text.h"

struct decoder {
    struct cursor cursor;
    enum record_shape shape;
    struct arena *arena;
    struct field_fault *fault;
};

static int decode_record(struct decoder *decoder, const struct record_type *type, uint32_t depth,
                         struct head head, void *out);

static int malformed(struct decoder *decoder)
{
    return field_malformed(decoder->fault, "is not well-formed MessagePack");
}

static int decode_sub(struct decoder *decoder, const struct field *field, uint32_t depth,
                      struct head head, void *member)
{
    const struct record_type *type = field->sub;
    void *sub = arena_alloc(decoder->arena, type->size);
    int status = decode_record(decoder, type, depth, head, sub);
    memcpy(member, &sub, sizeof sub);
    return status;
}

static int decode_list(struct decoder *decoder, const struct field *field, uint32_t depth,
                       struct head head, void *member)
{
    const struct record_type *type = field->sub;
    uint32_t count = cursor_checked_count(&decoder->cursor, head.value, 1);
    if (decoder->cursor.failed) {
        return malformed(decoder);
    }
    int status = field_check_count(field, count, decoder->fault);
    if (status != 0) {
        return status;
    }
    uint8_t *items = arena_alloc(decoder->arena, count * type->size);
    for (uint32_t i = 0; i < count; i++) {
        status = decode_record(decoder, type, depth + 1, head_read(&decoder->cursor),
                               items + i * type->size);
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

static int decode_float(struct decoder *decoder, struct head head, void *member)
{
    double value = head.type == CURSOR_INT ? (double)(int64_t)head.value : head_float(head);
    if (!isfinite(value)) {
        return malformed(decoder);
    }
    memcpy(member, &value, sizeof value);
    return 0;
}

/** Text and bytes: what follows the head, checked against the declaration. */
static int decode_run(struct decoder *decoder, const struct field *field, struct head head,
                      void *member)
{
    struct bytes run = cursor_take(&decoder->cursor, head.value);
    if (decoder->cursor.failed) {
        return malformed(decoder);
    }
    if (field->kind == FIELD_TEXT && decoder->shape == RECORD_AS_ARRAY) {
        memcpy(member, &run, sizeof run); /* our own: it was looked at when it came in */
        return 0;
    }
    if (field->kind == FIELD_TEXT) {
        return field_take_text(field, run, decoder->arena, member, decoder->fault);
    }
    if (field->kind == FIELD_ID) {
        return field_take_id(run, member, decoder->fault);
    }
    if (field->kind == FIELD_BYTES) {
        return field_take_bytes(field, run, member, decoder->fault);
    }
    if (!text_valid(run)) {
        return malformed(decoder);
    }
    return field->kind == FIELD_DAY ? field_take_day(run, member, decoder->fault)
                                    : field_take_enum(field, run, member, decoder->fault);
}

static int decode_value(struct decoder *decoder, const struct field *field, uint32_t depth,
                        struct head head, void *member)
{
    switch (field->kind) {
    case FIELD_BOOL:
        *(bool *)member = head.value != 0;
        return 0;
    case FIELD_INT:
    case FIELD_INSTANT:
        return field_take_int(field, (int64_t)head.value, member, decoder->fault);
    case FIELD_FLOAT:
        return decode_float(decoder, head, member);
    case FIELD_TEXT:
    case FIELD_BYTES:
    case FIELD_ID:
    case FIELD_DAY:
    case FIELD_ENUM:
        return decode_run(decoder, field, head, member);
    case FIELD_RECORD:
        return decode_sub(decoder, field, depth, head, member);
    case FIELD_LIST:
        return decode_list(decoder, field, depth, head, member);
    case FIELD_KIND_COUNT:
        break;
    }
    return malformed(decoder);
}

#define ACCEPTS(type) (1u << CURSOR_##type)

/* Which types of values a kind of field takes, as a set. */
static const uint16_t accepts[] = {
    [FIELD_BOOL] = ACCEPTS(BOOL),
    [FIELD_INT] = ACCEPTS(INT),
    [FIELD_FLOAT] = ACCEPTS(INT) | ACCEPTS(FLOAT),
    [FIELD_TEXT] = ACCEPTS(TEXT),
    [FIELD_BYTES] = ACCEPTS(BIN),
    [FIELD_ID] = ACCEPTS(BIN),
    [FIELD_INSTANT] = ACCEPTS(INT),
    [FIELD_DAY] = ACCEPTS(TEXT),
    [FIELD_ENUM] = ACCEPTS(TEXT),
    [FIELD_RECORD] = ACCEPTS(MAP) | ACCEPTS(ARRAY),
    [FIELD_LIST] = ACCEPTS(ARRAY),
};
_Static_assert(sizeof accepts / sizeof accepts[0] == FIELD_KIND_COUNT, "one set a kind");

static inline int decode_field(struct decoder *decoder, const struct field *field, uint32_t depth,
                               void *record)
{
    struct head head = head_read(&decoder->cursor);
    if (head.type == CURSOR_NIL) {
        *field_has(field, record) =
            field->required == FIELD_NULLABLE && decoder->shape == RECORD_AS_MAP;
        return 0;
    }
    if (head.type == CURSOR_BAD) {
        return malformed(decoder);
    }
    int status = (accepts[field->kind] >> head.type & 1u) == 0
                     ? field_wrong_type(field, decoder->fault)
                     : decode_value(decoder, field, depth, head, field_member(field, record));
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
                      uint64_t announced, void *out)
{
    uint32_t count = cursor_checked_count(&decoder->cursor, announced, 2);
    uint64_t seen = 0;
    uint32_t expected = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct head head = head_read(&decoder->cursor);
        if (head.type != CURSOR_TEXT || head.value > cursor_remaining(&decoder->cursor)) {
            return malformed(decoder);
        }
        struct bytes key = cursor_take(&decoder->cursor, head.value);
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
                        uint64_t announced, void *out)
{
    uint32_t count = cursor_checked_count(&decoder->cursor, announced, 1);
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
                         struct head head, void *out)
{
    if (depth >= RECORD_DEPTH_MAX) {
        return field_malformed(decoder->fault, "is nested too deeply");
    }
    if (head.type == CURSOR_BAD) {
        return malformed(decoder);
    }
    bool as_map = decoder->shape == RECORD_AS_MAP;
    if (head.type != (as_map ? CURSOR_MAP : CURSOR_ARRAY)) {
        return field_refuse(decoder->fault, as_map ? "must be an object" : "must be an array");
    }
    return as_map ? decode_map(decoder, type, depth, head.value, out)
                  : decode_array(decoder, type, depth, head.value, out);
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
    if (type->get_array != NULL) {
        if (shape == RECORD_AS_ARRAY ? type->get_array(in, out) : type->get_map(in, arena, out)) {
            return 0;
        }
        memset(out, 0, type->size);
    }
    int status = decode_record(&decoder, type, 0, head_read(&decoder.cursor), out);
    if (status == 0 && decoder.cursor.at != decoder.cursor.end) {
        return field_malformed(decoder.fault, "bytes follow the value");
    }
    return status;
}
