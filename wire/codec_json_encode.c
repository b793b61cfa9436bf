/*
 * The interpreter over declared records: to JSON. The way in is codec_json.c.
 */
#include <jansson.h>
#include <stdlib.h>

#include "wire/base64.h"
#include "wire/field.h"
#include "wire/text.h"

static json_t *encode_bool(const struct field *field, const void *member)
{
    (void)field;
    return json_boolean(*(const bool *)member);
}

static json_t *encode_int(const struct field *field, const void *member)
{
    (void)field;
    return json_integer(*(const int64_t *)member);
}

static json_t *encode_float(const struct field *field, const void *member)
{
    (void)field;
    return json_real(*(const double *)member);
}

static json_t *text_value(struct bytes text)
{
    return json_stringn(text.len == 0 ? "" : (const char *)text.data, text.len);
}

static json_t *encode_text(const struct field *field, const void *member)
{
    (void)field;
    return text_value(*(const struct bytes *)member);
}

static json_t *encode_bytes(const struct field *field, const void *member)
{
    (void)field;
    const struct bytes *value = member;
    size_t room = BASE64_CHARS(value->len) + 1;
    char *text = memory_alloc(room);
    (void)base64_encode(value->data, value->len, text, room);
    json_t *out = json_string(text);
    free(text);
    return out;
}

static json_t *encode_id(const struct field *field, const void *member)
{
    (void)field;
    char text[ID_TEXT_CHARS + 1];
    id_to_text(*(const struct id *)member, text);
    return json_string(text);
}

static json_t *encode_day(const struct field *field, const void *member)
{
    (void)field;
    char text[DAY_TEXT_CHARS + 1];
    day_to_text(*(const struct day *)member, text);
    return json_string(text);
}

static json_t *encode_enum(const struct field *field, const void *member)
{
    const struct enum_type *type = field->sub;
    return json_string(type->names[*(const uint32_t *)member]);
}

static json_t *encode_sub(const struct field *field, const void *member)
{
    return record_encode_json(field->sub, *(const void *const *)member);
}

static json_t *encode_list(const struct field *field, const void *member)
{
    const struct record_type *type = field->sub;
    const struct list *list = member;
    const uint8_t *items = list->items;
    json_t *out = json_array();
    for (uint32_t i = 0; out != NULL && i < list->count; i++) {
        if (json_array_append_new(out, record_encode_json(type, items + i * type->size)) != 0) {
            json_decref(out);
            out = NULL;
        }
    }
    return out;
}

static json_t *(*const encoders[])(const struct field *, const void *member) = {
    [FIELD_BOOL] = encode_bool,   [FIELD_INT] = encode_int,     [FIELD_FLOAT] = encode_float,
    [FIELD_TEXT] = encode_text,   [FIELD_BYTES] = encode_bytes, [FIELD_ID] = encode_id,
    [FIELD_INSTANT] = encode_int, [FIELD_DAY] = encode_day,     [FIELD_ENUM] = encode_enum,
    [FIELD_RECORD] = encode_sub,  [FIELD_LIST] = encode_list,
};
_Static_assert(sizeof encoders / sizeof encoders[0] == FIELD_KIND_COUNT, "one encoder a kind");

static json_t *encode_field(const struct field *field, const void *record)
{
    return field_cleared(field, record)
               ? json_null()
               : encoders[field->kind](field, field_member_const(field, record));
}

struct json_t *record_encode_json(const struct record_type *type, const void *value)
{
    json_t *out = json_object();
    for (uint32_t i = 0; out != NULL && i < type->count; i++) {
        const struct field *field = &type->fields[i];
        if (field_present(field, value) &&
            json_object_set_new(out, field->name, encode_field(field, value)) != 0) {
            json_decref(out);
            out = NULL;
        }
    }
    return out;
}
