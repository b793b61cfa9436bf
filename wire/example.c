#include "wire/example.h"

#include <jansson.h>

#include "wire/codec.h"

static json_t *record_example(const struct record_type *type, uint32_t depth);

static json_t *field_example(const struct field *field, uint32_t depth)
{
    json_t *value = NULL;
    if (field->example != NULL) {
        return json_parse_bounded(text_of(field->example), &value) == 0 ? value : NULL;
    }
    if (field->kind != FIELD_RECORD && field->kind != FIELD_LIST) {
        return NULL;
    }
    value = record_example(field->sub, depth + 1);
    return field->kind == FIELD_LIST ? json_pack("[o]", value) : value;
}

static json_t *record_example(const struct record_type *type, uint32_t depth)
{
    json_t *out = json_object();
    for (uint32_t i = 0; i < type->count && depth < RECORD_DEPTH_MAX; i++) {
        json_t *value = field_example(&type->fields[i], depth);
        if (value != NULL) {
            (void)json_object_set_new(out, type->fields[i].name, value);
        }
    }
    return out;
}

json_t *example_of_field(const struct field *field)
{
    return field_example(field, 0);
}

json_t *example_of_record(const struct record_type *type)
{
    return record_example(type, 0);
}
