/*
 * The interpreter over declared records: to MessagePack.
 */
#include "wire/codec.h"

#include "wire/field.h"
#include "wire/text.h"

static void encode_record(const struct record_type *type, enum record_shape shape,
                          const void *value, struct buffer *out);

static void encode_bool(const struct field *field, const void *member, enum record_shape shape,
                        struct buffer *out)
{
    (void)field;
    (void)shape;
    pack_bool(out, *(const bool *)member);
}

static void encode_int(const struct field *field, const void *member, enum record_shape shape,
                       struct buffer *out)
{
    (void)field;
    (void)shape;
    pack_int(out, *(const int64_t *)member);
}

static void encode_float(const struct field *field, const void *member, enum record_shape shape,
                         struct buffer *out)
{
    (void)field;
    (void)shape;
    pack_float(out, *(const double *)member);
}

static void encode_text(const struct field *field, const void *member, enum record_shape shape,
                        struct buffer *out)
{
    (void)field;
    (void)shape;
    pack_text(out, *(const struct bytes *)member);
}

static void encode_bytes(const struct field *field, const void *member, enum record_shape shape,
                         struct buffer *out)
{
    (void)field;
    (void)shape;
    pack_bin(out, *(const struct bytes *)member);
}

static void encode_id(const struct field *field, const void *member, enum record_shape shape,
                      struct buffer *out)
{
    (void)field;
    (void)shape;
    pack_bin(out, bytes_of(member, ID_BYTES));
}

static void encode_day(const struct field *field, const void *member, enum record_shape shape,
                       struct buffer *out)
{
    (void)field;
    (void)shape;
    char text[DAY_TEXT_CHARS + 1];
    day_to_text(*(const struct day *)member, text);
    pack_text(out, bytes_of(text, DAY_TEXT_CHARS));
}

static void encode_enum(const struct field *field, const void *member, enum record_shape shape,
                        struct buffer *out)
{
    (void)shape;
    const struct enum_type *type = field->sub;
    pack_text(out, text_of(type->names[*(const uint32_t *)member]));
}

static void encode_sub(const struct field *field, const void *member, enum record_shape shape,
                       struct buffer *out)
{
    encode_record(field->sub, shape, *(const void *const *)member, out);
}

static void encode_list(const struct field *field, const void *member, enum record_shape shape,
                        struct buffer *out)
{
    const struct record_type *type = field->sub;
    const struct list *list = member;
    const uint8_t *items = list->items;
    pack_array(out, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        encode_record(type, shape, items + i * type->size, out);
    }
}

static void (*const encoders[])(const struct field *, const void *member, enum record_shape,
                                struct buffer *) = {
    [FIELD_BOOL] = encode_bool,   [FIELD_INT] = encode_int,     [FIELD_FLOAT] = encode_float,
    [FIELD_TEXT] = encode_text,   [FIELD_BYTES] = encode_bytes, [FIELD_ID] = encode_id,
    [FIELD_INSTANT] = encode_int, [FIELD_DAY] = encode_day,     [FIELD_ENUM] = encode_enum,
    [FIELD_RECORD] = encode_sub,  [FIELD_LIST] = encode_list,
};
_Static_assert(sizeof encoders / sizeof encoders[0] == FIELD_KIND_COUNT, "one encoder a kind");

static void encode_map(const struct record_type *type, const void *value, struct buffer *out)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < type->count; i++) {
        count += field_present(&type->fields[i], value);
    }
    pack_map(out, count);
    for (uint32_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        if (field_present(field, value)) {
            pack_text(out, bytes_of(field->name, field->name_len));
            encoders[field->kind](field, field_member_const(field, value), RECORD_AS_MAP, out);
        }
    }
}

static void encode_array(const struct record_type *type, const void *value, struct buffer *out)
{
    pack_array(out, type->count);
    for (uint32_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        if (field_present(field, value)) {
            encoders[field->kind](field, field_member_const(field, value), RECORD_AS_ARRAY, out);
        } else {
            pack_nil(out);
        }
    }
}

static void encode_record(const struct record_type *type, enum record_shape shape,
                          const void *value, struct buffer *out)
{
    (shape == RECORD_AS_MAP ? encode_map : encode_array)(type, value, out);
}

void record_encode(const struct record_type *type, enum record_shape shape, const void *value,
                   struct buffer *out)
{
    encode_record(type, shape, value, out);
}
