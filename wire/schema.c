#include "wire/schema.h"

#include <jansson.h>
#include <stdio.h>

#include "wire/document.h"
#include "wire/example.h"

#define ID_PATTERN "^[A-Za-z0-9_-]{22}$"
#define BASE64URL_PATTERN "^[A-Za-z0-9_-]*$"
#define NO_NUL_PATTERN "^[^\\u0000]*$"

static json_t *number_schema(const struct field *field)
{
    bool declared = field->min != 0 || field->max != 0;
    return json_pack("{s:s, s:s, s:I, s:I}", "type", "integer", "format", "int64", "minimum",
                     (json_int_t)(declared ? field->min : -INT_BOUND), "maximum",
                     (json_int_t)(declared ? field->max : INT_BOUND));
}

static json_t *text_schema(const struct field *field)
{
    return json_pack("{s:s, s:I, s:I, s:s}", "type", "string", "minLength", (json_int_t)field->min,
                     "maxLength", (json_int_t)field->max, "pattern", NO_NUL_PATTERN);
}

/** Four characters for three bytes, without padding. */
static json_t *bytes_schema(const struct field *field)
{
    return json_pack("{s:s, s:s, s:I, s:I, s:s}", "type", "string", "contentEncoding", "base64url",
                     "minLength", (json_int_t)((field->min * 4 + 2) / 3), "maxLength",
                     (json_int_t)((field->max * 4 + 2) / 3), "pattern", BASE64URL_PATTERN);
}

static json_t *enum_schema(const struct field *field)
{
    const struct enum_type *type = field->sub;
    json_t *names = json_array();
    for (uint32_t i = 0; i < type->count; i++) {
        (void)json_array_append_new(names, json_string(type->names[i]));
    }
    return json_pack("{s:s, s:o}", "type", "string", "enum", names);
}

static json_t *scalar_schema(const struct field *field)
{
    switch (field->kind) {
    case FIELD_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case FIELD_FLOAT:
        return json_pack("{s:s}", "type", "number");
    case FIELD_TEXT:
        return text_schema(field);
    case FIELD_BYTES:
        return bytes_schema(field);
    case FIELD_ID:
        return json_pack("{s:s, s:s}", "type", "string", "pattern", ID_PATTERN);
    case FIELD_DAY:
        return json_pack("{s:s, s:s}", "type", "string", "format", "date");
    case FIELD_ENUM:
        return enum_schema(field);
    default:
        return number_schema(field);
    }
}

static json_t *value_schema(const struct field *field, enum schema_role role, json_t *schemas)
{
    if (field->kind == FIELD_RECORD) {
        return json_pack("{s:[o]}", "allOf", schema_of_record(field->sub, role, schemas));
    }
    if (field->kind == FIELD_LIST) {
        return json_pack("{s:s, s:I, s:I, s:o}", "type", "array", "minItems",
                         (json_int_t)field->min, "maxItems", (json_int_t)field->max, "items",
                         schema_of_record(field->sub, role, schemas));
    }
    return scalar_schema(field);
}

static void set_description(const struct field *field, json_t *schema)
{
    char text[1024];
    (void)!snprintf(text, sizeof text, "%s%s%s", field->doc,
                    field->kind == FIELD_INSTANT ? " (milliseconds since 1970, UTC)" : "",
                    field->required == FIELD_NULLABLE ? "; null clears it" : "");
    (void)json_object_set_new(schema, "description", json_string(text));
}

json_t *schema_of_field(const struct field *field, enum schema_role role, json_t *schemas)
{
    json_t *schema = value_schema(field, role, schemas);
    set_description(field, schema);
    json_t *example = field->example != NULL ? example_of_field(field) : NULL;
    if (example != NULL) {
        (void)json_object_set_new(schema, "examples", json_pack("[o]", example));
    }
    return schema;
}

/** Makes the schema take null, too. */
static void allow_null(json_t *schema)
{
    json_t *type = json_object_get(schema, "type");
    json_t *values = json_object_get(schema, "enum");
    if (type == NULL) { /* a record */
        json_t *any =
            json_pack("[o, {s:s}]", json_pack("{s:O}", "allOf", json_object_get(schema, "allOf")),
                      "type", "null");
        (void)json_object_del(schema, "allOf");
        (void)json_object_set_new(schema, "anyOf", any);
        return;
    }
    (void)json_object_set_new(schema, "type", json_pack("[O, s]", type, "null"));
    if (values != NULL) {
        (void)json_array_append_new(values, json_null());
    }
}

/** Of the fields of a body when `body_of` is given, else of all. */
static json_t *record_schema(const struct record_type *type, enum schema_role role,
                             const struct op *body_of, json_t *schemas)
{
    json_t *properties = json_object(), *required = json_array();
    for (uint32_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        bool needed = body_of != NULL ? document_needs_field(body_of, field)
                                      : field->required == FIELD_REQUIRED;
        if (body_of != NULL && field->place != FIELD_BODY) {
            continue;
        }
        json_t *schema = schema_of_field(field, role, schemas);
        if (needed) {
            (void)json_array_append_new(required, json_string(field->name));
        } else if (role == SCHEMA_FROM_CLIENT && field->required != FIELD_REQUIRED) {
            allow_null(schema);
        }
        (void)json_object_set_new(properties, field->name, schema);
    }
    json_t *out = json_pack("{s:s, s:s, s:o}", "type", "object", "description", type->doc,
                            "properties", properties);
    if (json_array_size(required) > 0) {
        (void)json_object_set(out, "required", required);
    }
    json_decref(required);
    return out;
}

/** Adds it under the name, or under <name>_sent if another is there: a record of both roles. */
static json_t *add(json_t *schemas, const char *name, json_t *schema)
{
    char other[256];
    json_t *there = json_object_get(schemas, name);
    if (there != NULL && !json_equal(there, schema)) {
        (void)!snprintf(other, sizeof other, "%s_sent", name);
        name = other;
    }
    (void)json_object_set_new(schemas, name, schema);
    return schema_ref("schemas", name);
}

json_t *schema_of_record(const struct record_type *type, enum schema_role role, json_t *schemas)
{
    return add(schemas, type->name, record_schema(type, role, NULL, schemas));
}

json_t *schema_of_body(const struct op *op, json_t *schemas)
{
    const struct record_type *args = op->command.args;
    char name[256];
    bool whole = true;
    for (uint32_t i = 0; i < args->count; i++) {
        const struct field *field = &args->fields[i];
        bool needed = field->required == FIELD_REQUIRED;
        whole = whole && field->place == FIELD_BODY && needed == document_needs_field(op, field);
    }
    (void)!snprintf(name, sizeof name, "%s%s", args->name, whole ? "" : "_body");
    return add(schemas, name, record_schema(args, SCHEMA_FROM_CLIENT, op, schemas));
}

json_t *schema_ref(const char *section, const char *name)
{
    char text[320];
    (void)!snprintf(text, sizeof text, "#/components/%s/%s", section, name);
    return json_pack("{s:s}", "$ref", text);
}
