#include "wire/describe.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "wire/example.h"
#include "wire/field.h"

static void put(struct buffer *out, const char *text)
{
    buffer_append(out, text, strlen(text));
}

__attribute__((format(printf, 2, 3))) static void putf(struct buffer *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = NULL;
    int len = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (len >= 0) {
        buffer_append(out, text, (size_t)len);
        free(text);
    }
}

/** Text for a cell of a table: a bar would end the cell. */
static void put_cell(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '|') {
            buffer_append_u8(out, '\\');
        }
        buffer_append_u8(out, (uint8_t)*text);
    }
}

static void put_bounds_int(struct buffer *out, const struct field *field)
{
    bool declared = field->min != 0 || field->max != 0;
    if (declared && field->max == INT_BOUND) {
        putf(out, "≥ %" PRId64, field->min);
    } else if (declared) {
        putf(out, "%" PRId64 "–%" PRId64, field->min, field->max);
    }
}

static void put_bounds_text(struct buffer *out, const struct field *field)
{
    putf(out, "%" PRId64 "–%" PRId64 " characters", field->min, field->max);
}

static void put_bounds_bytes(struct buffer *out, const struct field *field)
{
    putf(out, "%" PRId64 "–%" PRId64 " bytes", field->min, field->max);
}

static void put_bounds_list(struct buffer *out, const struct field *field)
{
    putf(out, "%" PRId64 "–%" PRId64 " items", field->min, field->max);
}

static void put_bounds_enum(struct buffer *out, const struct field *field)
{
    const struct enum_type *type = field->sub;
    for (uint32_t i = 0; i < type->count; i++) {
        putf(out, "%s`%s`", i > 0 ? ", " : "", type->names[i]);
    }
}

static void (*const put_bounds[FIELD_KIND_COUNT])(struct buffer *, const struct field *) = {
    [FIELD_INT] = put_bounds_int,   [FIELD_INSTANT] = put_bounds_int,
    [FIELD_TEXT] = put_bounds_text, [FIELD_BYTES] = put_bounds_bytes,
    [FIELD_LIST] = put_bounds_list, [FIELD_ENUM] = put_bounds_enum,
};

static const struct record_type *inner_record(const struct field *field)
{
    return field->kind == FIELD_RECORD || field->kind == FIELD_LIST ? field->sub : NULL;
}

static const char *kind_name(enum field_kind kind)
{
    const char *text = field_kind_text(kind); /* "an integer" */
    const char *space = strchr(text, ' ');
    return space != NULL && (text[0] == 'a') ? space + 1 : text;
}

static void put_row(struct buffer *out, const char *prefix, const struct field *field)
{
    static const char *const required[] = {
        [FIELD_OPTIONAL] = "", [FIELD_REQUIRED] = "yes", [FIELD_NULLABLE] = "null clears"};
    putf(out, "| `%s%s` | %s | %s | ", prefix, field->name, kind_name(field->kind),
         required[field->required]);
    if (put_bounds[field->kind] != NULL) {
        put_bounds[field->kind](out, field);
    }
    put(out, " | ");
    put_cell(out, field->doc);
    put(out, " | ");
    if (field->example != NULL) {
        put(out, "`");
        put_cell(out, field->example);
        put(out, "`");
    }
    put(out, " |\n");
}

/** Rows of a record, those of a record inside after the field that holds it. */
static void put_rows(struct buffer *out, const char *prefix, const struct record_type *type,
                     uint32_t depth)
{
    for (uint32_t i = 0; i < type->count && depth < RECORD_DEPTH_MAX; i++) {
        const struct field *field = &type->fields[i];
        put_row(out, prefix, field);
        if (inner_record(field) != NULL) {
            char below[256];
            (void)!snprintf(below, sizeof below, "%s%s%s.", prefix, field->name,
                            field->kind == FIELD_LIST ? "[]" : "");
            put_rows(out, below, inner_record(field), depth + 1);
        }
    }
}

static void put_record(struct buffer *out, const char *title, const struct record_type *type)
{
    if (type->count == 0) {
        putf(out, "%s: none (`{}`).\n\n", title);
        return;
    }
    putf(out, "%s:\n\n| field | type | required | bounds | what | example |\n", title);
    put(out, "|---|---|---|---|---|---|\n");
    put_rows(out, "", type, 0);
    put(out, "\n");
}

static void put_example(struct buffer *out, const struct record_type *type)
{
    json_t *example = example_of_record(type);
    char *text = json_dumps(example, 0);
    put(out, text != NULL ? text : "{}");
    free(text);
    json_decref(example);
}

static void put_error_row(struct buffer *out, int error)
{
    putf(out, "| `%s` | %d | %s |\n", error_name(error), error_http_status(error),
         error_text(error, LANGUAGE_EN));
}

static void put_errors(struct buffer *out, const int *errors)
{
    if (errors == NULL || errors[0] == 0) {
        put(out, "Errors of its own: none.\n\n");
        return;
    }
    put(out, "Errors of its own:\n\n| code | HTTP | text |\n|---|---|---|\n");
    for (; *errors != 0; errors++) {
        put_error_row(out, *errors);
    }
    put(out, "\n");
}

static void put_facts(struct buffer *out, const struct op *op)
{
    static const char *const needs[] = {
        [OP_NEEDS_NOTHING] = "nothing",
        [OP_NEEDS_SESSION] = "a signed-in session",
        [OP_NEEDS_PAIRED] = "a signed-in session of a couple",
    };
    putf(out, "- needs: %s\n- %s%s\n", needs[op->needs], op->writes ? "writes" : "reads only",
         op_takes_key(op) ? ", takes `meta.key` (REST: `Idempotency-Key`)" : "");
    if (op->rate == OP_RATE_COSTLY) {
        put(out, "- costly: limited more tightly than others\n");
    }
    if (op->rest.method != NULL) {
        putf(out, "- REST: `%s /api/v1%s` → %d%s\n", op->rest.method, op->rest.path,
             op->rest.status, op_is_tagged(op) ? ", with an `ETag`" : "");
    }
    put(out, "\n");
}

static void put_op(struct buffer *out, const struct op *op)
{
    putf(out, "### %s\n\n%s\n\n", op->command.name, op->doc);
    put_facts(out, op);
    put_record(out, "Args", op->command.args);
    put_record(out, "Result", op->command.result);
    put_errors(out, op->errors);
    putf(out, "```json\n[[0, 1, \"%s\", ", op->command.name);
    put_example(out, op->command.args);
    put(out, op_takes_key(op) ? ", {\"key\": \"k-1\"}]]\n[[1, 1, null, " : "]]\n[[1, 1, null, ");
    put_example(out, op->command.result);
    put(out, "]]\n```\n\n");
}

static void put_push(struct buffer *out, const struct push_type *push)
{
    bool durable = push->type != NULL;
    putf(out, "### %s%s%s\n\n%s\n\n", push->topic, durable ? " · " : "", durable ? push->type : "",
         push->doc);
    put_record(out, durable ? "Data" : "Body", push->data);
    putf(out, "```json\n[[2, \"%s\", ", push->topic);
    if (durable) {
        putf(out,
             "{\"epoch\": \"AAECAwQFBgcICQoLDA0ODw\", \"seq\": 42, \"type\": \"%s\", "
             "\"at\": 1750000000000, \"data\": ",
             push->type);
    }
    put_example(out, push->data);
    put(out, durable ? "}]]\n```\n\n" : "]]\n```\n\n");
}

static void put_error_list(struct buffer *out)
{
    put(out, "## Errors\n\n| code | HTTP | WebSocket close | text | text (ko) |\n"
             "|---|---|---|---|---|\n");
    for (int i = 0; i < DUET_ERROR_COUNT; i++) {
        int error = -1 - i;
        putf(out, "| `%s` | %d | ", error_name(error), error_http_status(error));
        if (error_close_code(error) != 0) {
            putf(out, "%d", error_close_code(error));
        }
        putf(out, " | %s | %s |\n", error_text(error, LANGUAGE_EN), error_text(error, LANGUAGE_KO));
    }
}

void describe_markdown(const struct registry *registry, const struct push_table *pushes,
                       size_t count, struct buffer *out)
{
    put(out, "# Operations, pushes and errors\n\nMade from the declarations by "
             "`duetctl describe --format md`. Examples are JSON (`duet.v1.json`).\n\n"
             "## Operations\n\n");
    for (size_t i = 0; i < registry_count(registry); i++) {
        put_op(out, registry_at(registry, i));
    }
    put(out, "## Pushes\n\n");
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < pushes[i].count; j++) {
            put_push(out, pushes[i].pushes[j]);
        }
    }
    put_error_list(out);
}
