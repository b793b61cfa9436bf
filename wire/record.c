#include "wire/record.h"

#include <jansson.h>

#include "base/error.h"
#include "wire/field.h"

const struct record_type empty_type = {
    .name = "empty", .doc = "Nothing.", .size = sizeof(struct empty)};

static const bool has_bounds[FIELD_KIND_COUNT] = {
    [FIELD_INT] = true,   [FIELD_INSTANT] = true, [FIELD_TEXT] = true,
    [FIELD_BYTES] = true, [FIELD_LIST] = true,
};
static const bool has_length[FIELD_KIND_COUNT] = {
    [FIELD_TEXT] = true,
    [FIELD_BYTES] = true,
    [FIELD_LIST] = true,
};
static const bool has_sub[FIELD_KIND_COUNT] = {
    [FIELD_ENUM] = true,
    [FIELD_RECORD] = true,
    [FIELD_LIST] = true,
};

static bool well_named(const struct field *field)
{
    size_t len = strlen(field->name);
    return len == field->name_len && len > 0 && len <= 48 &&
           strspn(field->name, "abcdefghijklmnopqrstuvwxyz0123456789_") == len &&
           (field->name[0] < '0' || field->name[0] > '9');
}

static bool instant_named(const char *name)
{
    size_t len = strlen(name);
    return strcmp(name, "at") == 0 ||
           (len > 3 && (strcmp(name + len - 3, "_at") == 0 || strcmp(name + len - 3, "_ms") == 0));
}

/** Whether zero, which stands for null, is no value of it. */
static bool can_be_null(const struct field *field)
{
    static const bool can[FIELD_KIND_COUNT] = {[FIELD_DAY] = true, [FIELD_ID] = true};
    bool bounded = has_bounds[field->kind] && field->kind != FIELD_LIST;
    return can[field->kind] || (bounded && field->min >= 1);
}

/** What is wrong with the row by itself, or NULL. */
static const char *row_complaint(const struct field *field)
{
    if ((unsigned)field->kind >= FIELD_KIND_COUNT) {
        return "has an unknown kind";
    }
    const struct {
        bool wrong;
        const char *reason;
    } rules[] = {
        {!well_named(field), "is not a name of a-z, 0-9 and _"},
        {field->kind == FIELD_INSTANT && !instant_named(field->name),
         "is an instant, so its name must end in _at or _ms"},
        {field->min > field->max, "has bounds in the wrong order"},
        {!has_bounds[field->kind] && (field->min != 0 || field->max != 0), "takes no bounds"},
        {has_bounds[field->kind] && (field->min < -INT_BOUND || field->max > INT_BOUND),
         "has bounds beyond 2^53 - 1"},
        {has_length[field->kind] && (field->min < 0 || field->max == 0), "needs a maximal length"},
        {has_sub[field->kind] != (field->sub != NULL), "needs a type inside, or takes none"},
        {field->required == FIELD_NULLABLE && !can_be_null(field),
         "takes null, but its zero is a value"},
        {field->required == FIELD_NULLABLE && field->place != FIELD_BODY,
         "takes null, which only a body has"},
        {field->doc == NULL || field->doc[0] == '\0', "has no doc"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].wrong) {
            return rules[i].reason;
        }
    }
    return NULL;
}

static int check_example(const struct record_type *type, const struct field *field,
                         struct field_fault *fault)
{
    if (field->example == NULL) {
        return 0;
    }
    json_t *value = NULL;
    if (json_parse_bounded(text_of(field->example), &value) != 0) {
        return field_refuse(fault, "has an example that is not JSON");
    }
    struct arena arena = {0};
    void *record = arena_alloc(&arena, type->size);
    struct field_fault why;
    int status = 0;
    if (field_decode_json(field, value, &arena, record, &why) != 0 || !*field_has(field, record)) {
        status = field_refuse(fault, "has an example that its declaration refuses");
    }
    arena_fini(&arena);
    json_decref(value);
    return status;
}

static int check_record(const struct record_type *type, uint32_t depth, struct field_fault *fault);

static int check_sub(const struct field *field, uint32_t depth, struct field_fault *fault)
{
    if (field->kind == FIELD_ENUM) {
        const struct enum_type *type = field->sub;
        return type->count == 0 ? field_refuse(fault, "is an enum without values") : 0;
    }
    /* An item of a list is one level deeper than a record: count as decoding does. */
    uint32_t levels = field->kind == FIELD_LIST ? 2 : 1;
    return has_sub[field->kind] ? check_record(field->sub, depth + levels, fault) : 0;
}

static int check_field(const struct record_type *type, uint32_t index, uint32_t depth,
                       struct field_fault *fault)
{
    const struct field *field = &type->fields[index];
    const char *complaint = row_complaint(field);
    for (uint32_t i = 0; complaint == NULL && i < index; i++) {
        if (strcmp(type->fields[i].name, field->name) == 0) {
            complaint = "is declared twice";
        }
    }
    if (complaint != NULL) {
        return field_refuse(fault, complaint);
    }
    int status = check_sub(field, depth, fault);
    return status != 0 ? status : check_example(type, field, fault);
}

static int check_record(const struct record_type *type, uint32_t depth, struct field_fault *fault)
{
    if (depth >= RECORD_DEPTH_MAX) {
        return field_refuse(fault, "is nested too deeply");
    }
    if (type->count > RECORD_FIELDS_MAX) {
        return field_refuse(fault, "has too many fields");
    }
    for (uint32_t i = 0; i < type->count; i++) {
        if (check_field(type, i, depth, fault) != 0) {
            field_fault_prefix(fault, type->fields[i].name);
            return ERR_INVALID_ARGUMENT;
        }
    }
    return 0;
}

int record_check(const struct record_type *type, struct field_fault *fault)
{
    struct field_fault ignored;
    return check_record(type, 0, fault != NULL ? fault : &ignored);
}
