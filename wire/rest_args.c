#include "wire/rest_args.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "wire/field.h"
#include "wire/url.h"

#define NUMBER_CHARS_MAX 40

bool rest_args_has_body(const struct op *op)
{
    const struct record_type *type = op->command.args;
    for (uint32_t i = 0; i < type->count; i++) {
        if (type->fields[i].place == FIELD_BODY) {
            return true;
        }
    }
    return false;
}

/* --- text to a JSON value, by the field's kind ------------------------------------------------ */

static json_t *value_int(struct bytes text)
{
    char digits[NUMBER_CHARS_MAX];
    char *end;
    if (text.len == 0 || text.len >= sizeof digits ||
        (text.data[0] != '-' && (text.data[0] < '0' || text.data[0] > '9'))) {
        return NULL;
    }
    memcpy(digits, text.data, text.len);
    digits[text.len] = '\0';
    errno = 0;
    long long number = strtoll(digits, &end, 10);
    return errno == 0 && end == digits + text.len ? json_integer(number) : NULL;
}

static json_t *value_float(struct bytes text)
{
    json_t *value = NULL; /* JSON's numbers, and no other spelling */
    if (json_parse_bounded(text, &value) == 0 && !json_is_number(value)) {
        json_decref(value);
        value = NULL;
    }
    return value;
}

static json_t *value_bool(struct bytes text)
{
    if (bytes_equal(text, text_of("true"))) {
        return json_true();
    }
    return bytes_equal(text, text_of("false")) ? json_false() : NULL;
}

static json_t *value_text(struct bytes text)
{
    return json_stringn((const char *)text.data, text.len); /* NULL unless it is UTF-8 */
}

static json_t *(*const values[FIELD_KIND_COUNT])(struct bytes text) = {
    [FIELD_BOOL] = value_bool,   [FIELD_INT] = value_int,    [FIELD_FLOAT] = value_float,
    [FIELD_TEXT] = value_text,   [FIELD_BYTES] = value_text, [FIELD_ID] = value_text,
    [FIELD_INSTANT] = value_int, [FIELD_DAY] = value_text,   [FIELD_ENUM] = value_text,
};

static int refuse(const struct field *field, struct field_fault *fault, const char *reason)
{
    int error = field_refuse(fault, reason);
    field_fault_prefix(fault, field->name);
    return error;
}

/** Adds the field to `args`; it may not be there yet. */
static int put(json_t *args, const struct field *field, struct bytes encoded, bool plus,
               struct arena *arena, struct field_fault *fault)
{
    struct bytes text;
    if (json_object_get(args, field->name) != NULL) {
        return refuse(field, fault, "is given twice");
    }
    if (!url_decode(encoded, plus, arena, &text)) {
        return refuse(field, fault, "has a '%' that no two hexadecimal digits follow");
    }
    json_t *value = values[field->kind] == NULL ? NULL : values[field->kind](text);
    if (value == NULL) {
        int error = field_wrong_type(field, fault);
        field_fault_prefix(fault, field->name);
        return error;
    }
    return json_object_set_new(args, field->name, value) == 0 ? 0 : ERR_NO_MEMORY;
}

/* --- the three places ------------------------------------------------------------------------- */

/** An object with the members that may stand in a body. */
static int read_body(const struct rest_request *request, json_t **out, struct field_fault *fault)
{
    const struct record_type *type = request->route_op->op->command.args;
    json_t *body = NULL;
    if (request->body.len == 0 || !rest_args_has_body(request->route_op->op)) {
        body = json_object();
    } else if (json_parse_bounded(request->body, &body) != 0) {
        return field_malformed(fault, "the body is not JSON");
    } else if (!json_is_object(body)) {
        json_decref(body);
        int error = field_refuse(fault, "must be an object");
        field_fault_prefix(fault, "body");
        return error;
    }
    for (uint32_t i = 0; i < type->count; i++) {
        if (type->fields[i].place != FIELD_BODY) {
            (void)json_object_del(body, type->fields[i].name);
        }
    }
    *out = body;
    return 0;
}

static const struct field *query_field(const struct record_type *type, struct bytes name)
{
    for (uint32_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        if (field->place == FIELD_QUERY &&
            bytes_equal(bytes_of(field->name, field->name_len), name)) {
            return field;
        }
    }
    return NULL;
}

static int read_query(const struct rest_request *request, struct arena *arena, json_t *args,
                      struct field_fault *fault)
{
    struct bytes query = request->query, name;
    struct url_pair pair;
    int error = 0;
    while (error == 0 && url_next_pair(&query, &pair)) {
        if (!url_decode(pair.name, true, arena, &name)) {
            return field_malformed(fault,
                                   "the query has a '%' that no two hexadecimal digits follow");
        }
        const struct field *field = query_field(request->route_op->op->command.args, name);
        if (field != NULL) {
            error = put(args, field, pair.value, true, arena, fault);
        }
    }
    return error;
}

static int read_path(const struct rest_request *request, struct arena *arena, json_t *args,
                     struct field_fault *fault)
{
    int error = 0;
    for (uint32_t i = 0; i < request->match->param_count && error == 0; i++) {
        error =
            put(args, request->route_op->params[i], request->match->params[i], false, arena, fault);
    }
    return error;
}

static void read_cookie(const struct rest_request *request, json_t *args)
{
    const char *name = request->route_op->op->rest.cookie_field;
    if (name != NULL && request->cookie.len != 0 && json_object_get(args, name) == NULL) {
        json_t *value = value_text(request->cookie);
        if (value != NULL) {
            (void)json_object_set_new(args, name, value);
        }
    }
}

int rest_args_read(const struct rest_request *request, struct json_t **out,
                   struct field_fault *fault)
{
    struct arena arena = {0};
    json_t *args = NULL;
    int error = read_body(request, &args, fault);
    if (error == 0) {
        error = read_path(request, &arena, args, fault);
    }
    if (error == 0) {
        error = read_query(request, &arena, args, fault);
    }
    arena_fini(&arena);
    if (error != 0) {
        json_decref(args);
        return error;
    }
    read_cookie(request, args);
    *out = args;
    return 0;
}
