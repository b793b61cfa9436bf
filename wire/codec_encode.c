/*
 * The interpreter over declared records: to MessagePack.
 *
 * Room is asked for once per field, for its name and its value together, and heads are written
 * straight into it.
 */
#include "wire/codec.h"

#include "wire/field.h"
#include "wire/pack.h"
#include "wire/text.h"

/** Where encoding has come in a buffer; its `len` is brought up to date at the end. */
struct writer {
    struct buffer *out;
    uint8_t *at;
    const uint8_t *end;
};

static void writer_grow(struct writer *writer, size_t len)
{
    struct buffer *out = writer->out;
    out->len = (size_t)(writer->at - out->data);
    buffer_grow(out, len);
    writer->at = out->data + out->len;
    writer->end = out->data + out->cap;
}

static inline uint8_t *writer_room(struct writer *writer, size_t len)
{
    if (__builtin_expect((size_t)(writer->end - writer->at) < len, 0)) {
        writer_grow(writer, len);
    }
    return writer->at;
}

static void encode_record(struct writer *writer, const struct record_type *type,
                          enum record_shape shape, const void *value);

/** Bytes of the value beyond a head, as far as it is no container. */
static inline size_t run_bytes(const struct field *field, const void *member)
{
    if (field->kind < FIELD_TEXT) {
        return 0;
    }
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_BYTES:
        return ((const struct bytes *)member)->len;
    case FIELD_ID:
        return ID_BYTES;
    case FIELD_DAY:
        return DAY_TEXT_CHARS;
    case FIELD_ENUM:
        return strlen(((const struct enum_type *)field->sub)->names[*(const uint32_t *)member]);
    default:
        return 0;
    }
}

static uint8_t *put_float(uint8_t *at, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return put_64(at, 0xcb, bits);
}

/** Not inline: its array would put a guard of the stack around every field. */
static __attribute__((noinline)) uint8_t *put_day(uint8_t *at, struct day value)
{
    char day[DAY_TEXT_CHARS + 1];
    day_to_text(value, day);
    return put_raw(put_text_head(at, DAY_TEXT_CHARS), day, DAY_TEXT_CHARS);
}

static inline uint8_t *put_run(uint8_t *at, const struct field *field, const void *member,
                               size_t len)
{
    const struct bytes *run = member;
    const struct enum_type *type = field->sub;
    switch (field->kind) {
    case FIELD_TEXT:
        return put_raw(put_text_head(at, len), run->data, len);
    case FIELD_BYTES:
        return put_raw(put_bin_head(at, len), run->data, len);
    case FIELD_DAY:
        return put_day(at, *(const struct day *)member);
    default: /* FIELD_ENUM */
        return put_raw(put_text_head(at, len), type->names[*(const uint32_t *)member], len);
    }
}

/** What is no container, into room that was made for it. */
static inline uint8_t *put_scalar(uint8_t *at, const struct field *field, const void *member,
                                  size_t len)
{
    switch (field->kind) {
    case FIELD_BOOL:
        return put_byte(at, *(const bool *)member ? 0xc3 : 0xc2);
    case FIELD_FLOAT:
        return put_float(at, *(const double *)member);
    case FIELD_ID:
        memcpy(put_8(at, 0xc4, ID_BYTES), member, ID_BYTES);
        return at + 2 + ID_BYTES;
    default:
        return put_run(at, field, member, len);
    }
}

static void encode_list(struct writer *writer, const struct field *field, enum record_shape shape,
                        const void *member)
{
    const struct record_type *type = field->sub;
    const struct list *list = member;
    const uint8_t *items = list->items;
    writer->at = put_array_head(writer_room(writer, PACK_HEAD_MAX), list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        encode_record(writer, type, shape, items + i * type->size);
    }
}

/** Its name, in a map. */
static inline uint8_t *put_name(uint8_t *at, const struct field *field, enum record_shape shape)
{
    return shape == RECORD_AS_MAP
               ? put_short(put_text_head(at, field->name_len), field->name, field->name_len)
               : at;
}

/**
 * Name and value. Inline in both callers, where the shape is known; the kinds that most fields have
 * come first.
 */
static inline __attribute__((always_inline)) void encode_field(struct writer *writer,
                                                               const struct field *field,
                                                               enum record_shape shape,
                                                               const void *member)
{
    size_t run = run_bytes(field, member);
    uint8_t *at = writer_room(writer, 2 * PACK_HEAD_MAX + field->name_len + run);
    at = put_name(at, field, shape);
    if (field->kind == FIELD_INT || field->kind == FIELD_INSTANT) {
        writer->at = put_int(at, *(const int64_t *)member);
    } else if (field->kind == FIELD_RECORD) {
        writer->at = at;
        encode_record(writer, field->sub, shape, *(const void *const *)member);
    } else if (field->kind == FIELD_LIST) {
        writer->at = at;
        encode_list(writer, field, shape, member);
    } else {
        writer->at = put_scalar(at, field, member, run);
    }
}

static void encode_map(struct writer *writer, const struct record_type *type, const void *value)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < type->count; i++) {
        count += field_present(&type->fields[i], value);
    }
    writer->at = put_map_head(writer_room(writer, PACK_HEAD_MAX), count);
    for (uint32_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        if (field_cleared(field, value)) {
            uint8_t *at = writer_room(writer, PACK_HEAD_MAX + field->name_len + 1);
            writer->at = put_byte(put_name(at, field, RECORD_AS_MAP), 0xc0);
        } else if (field_present(field, value)) {
            encode_field(writer, field, RECORD_AS_MAP, field_member_const(field, value));
        }
    }
}

static void encode_array(struct writer *writer, const struct record_type *type, const void *value)
{
    writer->at = put_array_head(writer_room(writer, PACK_HEAD_MAX), type->count);
    for (uint32_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        if (field_present(field, value) && !field_cleared(field, value)) {
            encode_field(writer, field, RECORD_AS_ARRAY, field_member_const(field, value));
        } else {
            writer->at = put_byte(writer_room(writer, 1), 0xc0);
        }
    }
}

static void encode_record(struct writer *writer, const struct record_type *type,
                          enum record_shape shape, const void *value)
{
    bool as_map = shape == RECORD_AS_MAP;
    if (type->room != NULL) {
        uint8_t *at = writer_room(writer, type->room(value));
        writer->at = (as_map ? type->put_map : type->put_array)(at, value);
        return;
    }
    (as_map ? encode_map : encode_array)(writer, type, value);
}

void record_encode(const struct record_type *type, enum record_shape shape, const void *value,
                   struct buffer *out)
{
    (void)buffer_extend(out, 0); /* memory, not NULL */
    struct writer writer = {.out = out, .at = out->data + out->len, .end = out->data + out->cap};
    encode_record(&writer, type, shape, value);
    out->len = (size_t)(writer.at - out->data);
}
