#include "wire/field.h"

#include <stdio.h>

#include "base/error.h"
#include "wire/text.h"

int field_refuse(struct field_fault *fault, const char *reason)
{
    fault->field[0] = '\0';
    fault->reason = reason;
    return ERR_INVALID_ARGUMENT;
}

int field_malformed(struct field_fault *fault, const char *reason)
{
    fault->field[0] = '\0';
    fault->reason = reason;
    return ERR_MALFORMED;
}

/** Appends what fits of `text`; `at` is where the NUL stands. */
static size_t append_cut(char *out, size_t room, size_t at, const char *text)
{
    size_t len = strnlen(text, room - 1 - at);
    memcpy(out + at, text, len);
    out[at + len] = '\0';
    return at + len;
}

void field_fault_prefix(struct field_fault *fault, const char *name)
{
    char below[sizeof fault->field];
    memcpy(below, fault->field, sizeof below);
    size_t at = append_cut(fault->field, sizeof fault->field, 0, name);
    if (below[0] != '\0') {
        at = append_cut(fault->field, sizeof fault->field, at, ".");
        append_cut(fault->field, sizeof fault->field, at, below);
    }
}

void field_fault_prefix_index(struct field_fault *fault, uint32_t index)
{
    char name[16];
    (void)!snprintf(name, sizeof name, "%u", (unsigned)index);
    field_fault_prefix(fault, name);
}

bool field_is_zero(const struct field *field, const void *record)
{
    const void *member = field_member_const(field, record);
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_BYTES:
        return ((const struct bytes *)member)->len == 0;
    case FIELD_ID:
        return id_is_zero(*(const struct id *)member);
    case FIELD_DAY:
        return ((const struct day *)member)->month == 0;
    default: /* FIELD_INT, FIELD_INSTANT: record_check knows no others */
        return *(const int64_t *)member == 0;
    }
}

static const char *const kind_texts[] = {
    [FIELD_BOOL] = "must be a boolean",     [FIELD_INT] = "must be an integer",
    [FIELD_FLOAT] = "must be a number",     [FIELD_TEXT] = "must be a text",
    [FIELD_BYTES] = "must be bytes",        [FIELD_ID] = "must be an id",
    [FIELD_INSTANT] = "must be an instant", [FIELD_DAY] = "must be a day",
    [FIELD_ENUM] = "must be a text",        [FIELD_RECORD] = "must be an object",
    [FIELD_LIST] = "must be a list",
};
_Static_assert(sizeof kind_texts / sizeof kind_texts[0] == FIELD_KIND_COUNT, "one text a kind");

const char *field_kind_text(enum field_kind kind)
{
    return kind_texts[kind] + strlen("must be ");
}

int field_wrong_type(const struct field *field, struct field_fault *fault)
{
    return field_refuse(fault, kind_texts[field->kind]);
}

int field_take_int(const struct field *field, int64_t value, void *member,
                   struct field_fault *fault)
{
    bool declared = field->min != 0 || field->max != 0;
    int64_t min = declared ? field->min : -INT_BOUND;
    int64_t max = declared ? field->max : INT_BOUND;
    if (value < min || value < -INT_BOUND) {
        return field_refuse(fault, "is too small");
    }
    if (value > max || value > INT_BOUND) {
        return field_refuse(fault, "is too large");
    }
    memcpy(member, &value, sizeof value);
    return 0;
}

static int check_length(const struct field *field, size_t length, struct field_fault *fault)
{
    if ((int64_t)length < field->min) {
        return field_refuse(fault, length == 0 ? "is empty" : "is too short");
    }
    if ((int64_t)length > field->max) {
        return field_refuse(fault, "is too long");
    }
    return 0;
}

int field_take_text(const struct field *field, struct bytes text, struct arena *arena, void *member,
                    struct field_fault *fault)
{
    struct bytes normal;
    size_t points;
    if (text_normalize(text, arena, &normal, &points) != 0) {
        return field_malformed(fault, "a text is not UTF-8");
    }
    int status = check_length(field, points, fault);
    if (status != 0) {
        return status;
    }
    memcpy(member, &normal, sizeof normal);
    return 0;
}

int field_take_bytes(const struct field *field, struct bytes value, void *member,
                     struct field_fault *fault)
{
    int status = check_length(field, value.len, fault);
    if (status != 0) {
        return status;
    }
    memcpy(member, &value, sizeof value);
    return 0;
}

int field_take_id(struct bytes value, void *member, struct field_fault *fault)
{
    if (value.len != ID_BYTES) {
        return field_refuse(fault, "must be 16 bytes");
    }
    memcpy(member, value.data, ID_BYTES);
    return 0;
}

int field_take_day(struct bytes text, void *member, struct field_fault *fault)
{
    struct day day;
    if (day_from_text(text, &day) != 0) {
        return field_refuse(fault, "must be a day, YYYY-MM-DD");
    }
    memcpy(member, &day, sizeof day);
    return 0;
}

int field_take_enum(const struct field *field, struct bytes text, void *member,
                    struct field_fault *fault)
{
    const struct enum_type *type = field->sub;
    for (uint32_t i = 0; i < type->count; i++) {
        if (bytes_equal(text, text_of(type->names[i]))) {
            memcpy(member, &i, sizeof i);
            return 0;
        }
    }
    return field_refuse(fault, "is not one of the known values");
}

int field_check_count(const struct field *field, size_t count, struct field_fault *fault)
{
    if ((int64_t)count < field->min) {
        return field_refuse(fault, "has too few items");
    }
    if ((int64_t)count > field->max) {
        return field_refuse(fault, "has too many items");
    }
    return 0;
}

int field_check_required(const struct record_type *type, void *record, struct field_fault *fault)
{
    for (uint32_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        if (field->required == FIELD_REQUIRED && !*field_has(field, record)) {
            (void)field_refuse(fault, "is required");
            field_fault_prefix(fault, field->name);
            return ERR_INVALID_ARGUMENT;
        }
    }
    return 0;
}
