/**
 * What the MessagePack codec and its JSON twin share: checks of one field's value against its
 * declaration, and faults. Internal to wire/.
 *
 * A function that returns int sets `fault` when it fails: the reason, and the path below the value
 * it was given; whoever knows the name of that value prefixes it.
 */
#ifndef WIRE_FIELD_H
#define WIRE_FIELD_H

#include "wire/codec.h"

struct json_t;

/** Sets `fault` to the reason without a path; ERR_INVALID_ARGUMENT. */
int field_refuse(struct field_fault *fault, const char *reason);
/** Sets `fault` to the reason without a path; ERR_MALFORMED. */
int field_malformed(struct field_fault *fault, const char *reason);
/** "after" below "cursors" becomes "cursors.after". Too long a path is cut. */
void field_fault_prefix(struct field_fault *fault, const char *name);
void field_fault_prefix_index(struct field_fault *fault, uint32_t index);

static inline void *field_member(const struct field *field, void *record)
{
    return (uint8_t *)record + field->offset;
}
static inline const void *field_member_const(const struct field *field, const void *record)
{
    return (const uint8_t *)record + field->offset;
}
static inline bool *field_has(const struct field *field, void *record)
{
    return (bool *)((uint8_t *)record + field->has_offset);
}
/** Whether encoding writes it. */
static inline bool field_present(const struct field *field, const void *record)
{
    return field->required == FIELD_REQUIRED ||
           *(const bool *)((const uint8_t *)record + field->has_offset);
}

/** Whether the member is zero; for kinds that can be NULLABLE. */
bool field_is_zero(const struct field *field, const void *record);
/** Whether it is there as null: NULLABLE, has_ set, and zero. */
static inline bool field_cleared(const struct field *field, const void *record)
{
    return __builtin_expect(field->required == FIELD_NULLABLE, 0) && field_present(field, record) &&
           field_is_zero(field, record);
}

/* Check a value and store it in the member. */
int field_take_int(const struct field *field, int64_t value, void *member,
                   struct field_fault *fault);
int field_take_text(const struct field *field, struct bytes text, struct arena *arena, void *member,
                    struct field_fault *fault);
int field_take_bytes(const struct field *field, struct bytes value, void *member,
                     struct field_fault *fault);
int field_take_id(struct bytes value, void *member, struct field_fault *fault);
int field_take_day(struct bytes text, void *member, struct field_fault *fault);
int field_take_enum(const struct field *field, struct bytes text, void *member,
                    struct field_fault *fault);
/** Whether a list may have so many items; before anything is allocated for it. */
int field_check_count(const struct field *field, size_t count, struct field_fault *fault);
/** After all fields were read: those that are required and absent. */
int field_check_required(const struct record_type *type, void *record, struct field_fault *fault);

/** "an integer" and so on, for documents; the reason for another type is "must be " and this. */
const char *field_kind_text(enum field_kind kind);
int field_wrong_type(const struct field *field, struct field_fault *fault);

/** One field's value from JSON into its member of `record`; sets has_. For record_check. */
int field_decode_json(const struct field *field, const struct json_t *value, struct arena *arena,
                      void *record, struct field_fault *fault);

/** As cursor_skip, with at most `depth` containers inside each other. */
struct bytes cursor_skip_within(struct cursor *cursor, uint32_t depth);

#endif
