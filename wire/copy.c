/*
 * A deep copy of a declared record: what encoding and decoding again would give, without the bytes.
 */
#include "wire/codec.h"
#include "wire/field.h"

static void copy_view(const struct field *field, void *member, struct arena *arena)
{
    (void)field;
    struct bytes view;
    memcpy(&view, member, sizeof view);
    view.data = arena_copy(arena, view.data, view.len);
    memcpy(member, &view, sizeof view);
}

static void copy_sub(const struct field *field, void *member, struct arena *arena)
{
    const struct record_type *type = field->sub;
    const void *from;
    memcpy(&from, member, sizeof from);
    void *to = arena_alloc(arena, type->size);
    record_copy(type, from, arena, to);
    memcpy(member, &to, sizeof to);
}

static void copy_list(const struct field *field, void *member, struct arena *arena)
{
    const struct record_type *type = field->sub;
    struct list list;
    memcpy(&list, member, sizeof list);
    uint8_t *items = arena_alloc(arena, list.count * type->size);
    for (uint32_t i = 0; i < list.count; i++) {
        record_copy(type, (const uint8_t *)list.items + i * type->size, arena,
                    items + i * type->size);
    }
    list.items = items;
    memcpy(member, &list, sizeof list);
}

static const struct {
    size_t size;                                                                /* of the member */
    void (*copy)(const struct field *field, void *member, struct arena *arena); /* NULL: by value */
} copiers[] = {
    [FIELD_BOOL] = {sizeof(FIELD_CTYPE_BOOL), NULL},
    [FIELD_INT] = {sizeof(FIELD_CTYPE_INT), NULL},
    [FIELD_FLOAT] = {sizeof(FIELD_CTYPE_FLOAT), NULL},
    [FIELD_TEXT] = {sizeof(FIELD_CTYPE_TEXT), copy_view},
    [FIELD_BYTES] = {sizeof(FIELD_CTYPE_BYTES), copy_view},
    [FIELD_ID] = {sizeof(FIELD_CTYPE_ID), NULL},
    [FIELD_INSTANT] = {sizeof(FIELD_CTYPE_INSTANT), NULL},
    [FIELD_DAY] = {sizeof(FIELD_CTYPE_DAY), NULL},
    [FIELD_ENUM] = {sizeof(FIELD_CTYPE_ENUM), NULL},
    [FIELD_RECORD] = {sizeof(FIELD_CTYPE_RECORD), copy_sub},
    [FIELD_LIST] = {sizeof(FIELD_CTYPE_LIST), copy_list},
};
_Static_assert(sizeof copiers / sizeof copiers[0] == FIELD_KIND_COUNT, "one copier a kind");

/** What record_copy does for a type without code. */
void record_copy_by_table(const struct record_type *type, const void *value, struct arena *arena,
                          void *out)
{
    if (type->count == 0) {
        return; /* `value` may be NULL */
    }
    memcpy(out, value, type->size);
    for (uint32_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        bool *has = field_has(field, out);
        void *member = field_member(field, out);
        *has = *has || field->required == FIELD_REQUIRED;
        if (!*has) {
            memset(member, 0, copiers[field->kind].size);
        } else if (copiers[field->kind].copy != NULL) {
            copiers[field->kind].copy(field, member, arena);
        }
    }
}
