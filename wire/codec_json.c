/*
 * The interpreter over declared records: from JSON, over jansson. The way back is
 * codec_json_encode.c.
 */
#include <jansson.h>
#include <math.h>

#include "base/error.h"
#include "wire/base64.h"
#include "wire/field.h"
#include "wire/text.h"

/** Whether brackets outside of strings are nested at most RECORD_DEPTH_MAX deep. */
static bool shallow(struct bytes text)
{
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (in_string) {
            i += c == '\\';
            in_string = c != '"';
        } else if (c == '[' || c == '{') {
            depth++;
        } else if (c == ']' || c == '}') {
            depth -= depth > 0;
        } else {
            in_string = c == '"';
        }
        if (depth > RECORD_DEPTH_MAX) {
            return false;
        }
    }
    return true;
}

int json_parse_bounded(struct bytes text, struct json_t **out)
{
    /* jansson recurses to 2,048 levels: look first. */
    if (text.len == 0 || !shallow(text)) {
        return ERR_MALFORMED;
    }
    json_t *value = json_loadb((const char *)text.data, text.len,
                               JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    if (value == NULL) {
        return ERR_MALFORMED;
    }
    *out = value;
    return 0;
}

struct decoder {
    struct arena *arena;
    struct field_fault *fault;
};

static int decode_record(struct decoder *decoder, const struct record_type *type, const json_t *in,
                         uint32_t depth, void *out);

static struct bytes text_view(const json_t *value)
{
    return bytes_of(json_string_value(value), json_string_length(value));
}

static int decode_bool(struct decoder *decoder, const struct field *field, const json_t *value,
                       uint32_t depth, void *member)
{
    (void)decoder;
    (void)field;
    (void)depth;
    *(bool *)member = json_is_true(value);
    return 0;
}

static int decode_int(struct decoder *decoder, const struct field *field, const json_t *value,
                      uint32_t depth, void *member)
{
    (void)depth;
    return field_take_int(field, json_integer_value(value), member, decoder->fault);
}

static int decode_float(struct decoder *decoder, const struct field *field, const json_t *value,
                        uint32_t depth, void *member)
{
    (void)field;
    (void)depth;
    double number = json_number_value(value);
    if (!isfinite(number)) {
        return field_refuse(decoder->fault, "must be finite");
    }
    memcpy(member, &number, sizeof number);
    return 0;
}

static int decode_text(struct decoder *decoder, const struct field *field, const json_t *value,
                       uint32_t depth, void *member)
{
    (void)depth;
    struct bytes text = text_view(value);
    text.data = arena_copy(decoder->arena, text.data, text.len);
    return field_take_text(field, text, decoder->arena, member, decoder->fault);
}

static int decode_bytes(struct decoder *decoder, const struct field *field, const json_t *value,
                        uint32_t depth, void *member)
{
    (void)depth;
    struct bytes text = text_view(value);
    size_t room = text.len / 4 * 3 + 3;
    uint8_t *data = arena_alloc(decoder->arena, room);
    size_t len = 0;
    if (!base64_decode(text, data, room, &len)) {
        return field_refuse(decoder->fault, "must be base64url without padding");
    }
    return field_take_bytes(field, bytes_of(data, len), member, decoder->fault);
}

static int decode_id(struct decoder *decoder, const struct field *field, const json_t *value,
                     uint32_t depth, void *member)
{
    (void)field;
    (void)depth;
    struct id id;
    if (!base64_decode_id(text_view(value), &id)) {
        return field_refuse(decoder->fault, "must be an id of 22 characters");
    }
    memcpy(member, &id, sizeof id);
    return 0;
}

static int decode_day(struct decoder *decoder, const struct field *field, const json_t *value,
                      uint32_t depth, void *member)
{
    (void)field;
    (void)depth;
    return field_take_day(text_view(value), member, decoder->fault);
}

static int decode_enum(struct decoder *decoder, const struct field *field, const json_t *value,
                       uint32_t depth, void *member)
{
    (void)depth;
    return field_take_enum(field, text_view(value), member, decoder->fault);
}

static int decode_sub(struct decoder *decoder, const struct field *field, const json_t *value,
                      uint32_t depth, void *member)
{
    const struct record_type *type = field->sub;
    void *sub = arena_alloc(decoder->arena, type->size);
    int status = decode_record(decoder, type, value, depth, sub);
    memcpy(member, &sub, sizeof sub);
    return status;
}

static int decode_list(struct decoder *decoder, const struct field *field, const json_t *value,
                       uint32_t depth, void *member)
{
    const struct record_type *type = field->sub;
    size_t count = json_array_size(value);
    int status = field_check_count(field, count, decoder->fault);
    if (status != 0) {
        return status;
    }
    uint8_t *items = arena_alloc(decoder->arena, count * type->size);
    for (size_t i = 0; i < count; i++) {
        status = decode_record(decoder, type, json_array_get(value, i), depth + 1,
                               items + i * type->size);
        if (status == ERR_INVALID_ARGUMENT) {
            field_fault_prefix_index(decoder->fault, (uint32_t)i);
        }
        if (status != 0) {
            return status;
        }
    }
    struct list list = {.items = items, .count = (uint32_t)count};
    memcpy(member, &list, sizeof list);
    return 0;
}

#define ACCEPTS(type) (1u << JSON_##type)

static const struct {
    uint32_t accepts; /* set of json_type */
    int (*decode)(struct decoder *, const struct field *, const json_t *, uint32_t depth,
                  void *member);
} decoders[] = {
    [FIELD_BOOL] = {ACCEPTS(TRUE) | ACCEPTS(FALSE), decode_bool},
    [FIELD_INT] = {ACCEPTS(INTEGER), decode_int},
    [FIELD_FLOAT] = {ACCEPTS(INTEGER) | ACCEPTS(REAL), decode_float},
    [FIELD_TEXT] = {ACCEPTS(STRING), decode_text},
    [FIELD_BYTES] = {ACCEPTS(STRING), decode_bytes},
    [FIELD_ID] = {ACCEPTS(STRING), decode_id},
    [FIELD_INSTANT] = {ACCEPTS(INTEGER), decode_int},
    [FIELD_DAY] = {ACCEPTS(STRING), decode_day},
    [FIELD_ENUM] = {ACCEPTS(STRING), decode_enum},
    [FIELD_RECORD] = {ACCEPTS(OBJECT), decode_sub},
    [FIELD_LIST] = {ACCEPTS(ARRAY), decode_list},
};
_Static_assert(sizeof decoders / sizeof decoders[0] == FIELD_KIND_COUNT, "one decoder a kind");

static int decode_field(struct decoder *decoder, const struct field *field, const json_t *value,
                        uint32_t depth, void *record)
{
    if (value == NULL || json_is_null(value)) {
        *field_has(field, record) = value != NULL && field->required == FIELD_NULLABLE;
        return 0;
    }
    int status = (decoders[field->kind].accepts >> json_typeof(value) & 1u) == 0
                     ? field_wrong_type(field, decoder->fault)
                     : decoders[field->kind].decode(decoder, field, value, depth,
                                                    field_member(field, record));
    if (status == ERR_INVALID_ARGUMENT) {
        field_fault_prefix(decoder->fault, field->name);
    }
    *field_has(field, record) = status == 0;
    return status;
}

static int decode_record(struct decoder *decoder, const struct record_type *type, const json_t *in,
                         uint32_t depth, void *out)
{
    if (depth >= RECORD_DEPTH_MAX) {
        return field_malformed(decoder->fault, "is nested too deeply");
    }
    if (!json_is_object(in)) {
        return field_refuse(decoder->fault, "must be an object");
    }
    for (uint32_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        int status = decode_field(decoder, field, json_object_get(in, field->name), depth + 1, out);
        if (status != 0) {
            return status;
        }
    }
    return field_check_required(type, out, decoder->fault);
}

int record_decode_json(const struct record_type *type, const struct json_t *in, struct arena *arena,
                       void *out, struct field_fault *fault)
{
    struct field_fault ignored;
    struct decoder decoder = {.arena = arena, .fault = fault != NULL ? fault : &ignored};
    if (type->count != 0) {
        memset(out, 0, type->size);
    }
    return decode_record(&decoder, type, in, 0, out);
}

int field_decode_json(const struct field *field, const struct json_t *value, struct arena *arena,
                      void *record, struct field_fault *fault)
{
    struct decoder decoder = {.arena = arena, .fault = fault};
    return decode_field(&decoder, field, value, 1, record);
}
