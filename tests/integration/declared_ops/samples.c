#include "tests/integration/declared_ops/samples.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#define BYTES_TRIED_MAX 24000 /* a longer value does not fit into a message, whatever its bound */
#define ITEMS_TRIED_MAX 256

/* --- what should do --- */

static const struct record_type *inner_of(const struct field *field)
{
    return field->kind == FIELD_RECORD || field->kind == FIELD_LIST ? field->sub : NULL;
}

static json_t *inner_sample(const struct field *field, const json_t *facts)
{
    json_t *inner = sample_of(inner_of(field), facts, false);
    return field->kind == FIELD_LIST ? json_pack("[o]", inner) : inner;
}

json_t *sample_of(const struct record_type *type, const json_t *facts, bool required_only)
{
    json_t *out = json_object();
    for (uint32_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        json_t *fact = json_object_get(facts, field->name);
        if (field->required != FIELD_REQUIRED && required_only) {
            continue;
        }
        if (fact != NULL) {
            json_object_set(out, field->name, fact);
        } else if (field->example != NULL) {
            json_object_set_new(out, field->name,
                                json_loads(field->example, JSON_DECODE_ANY, NULL));
        } else if (field->required == FIELD_REQUIRED && inner_of(field) != NULL) {
            json_object_set_new(out, field->name, inner_sample(field, facts));
        }
    }
    return out;
}

/* --- sites --- */

struct walk {
    site_visitor *visit;
    void *context;
};

static void walk_record(const struct walk *walk, const struct record_type *type, const char *prefix,
                        unsigned depth)
{
    for (uint32_t i = 0; i < type->count && depth < RECORD_DEPTH_MAX; i++) {
        struct site site = {.field = &type->fields[i]};
        char below[64];
        assert_true(snprintf(site.path, sizeof site.path, "%s%s", prefix, site.field->name) <
                    (int)sizeof site.path);
        walk->visit(walk->context, &site);
        if (inner_of(site.field) != NULL) {
            assert_true(snprintf(below, sizeof below, "%s%s.%s", prefix, site.field->name,
                                 site.field->kind == FIELD_LIST ? "0." : "") < (int)sizeof below);
            walk_record(walk, inner_of(site.field), below, depth + 1);
        }
    }
}

void sites_of(const struct record_type *type, site_visitor *visit, void *context)
{
    walk_record(&(struct walk){.visit = visit, .context = context}, type, "", 0);
}

static const struct field *field_named(const struct record_type *type, const char *name)
{
    for (uint32_t i = 0; i < type->count; i++) {
        if (strcmp(type->fields[i].name, name) == 0) {
            return &type->fields[i];
        }
    }
    fail_msg("%s has no field %s", type->name, name);
    return NULL;
}

json_t *sample_with(const struct record_type *type, const json_t *args, const json_t *facts,
                    const char *path, json_t *value)
{
    json_t *out = json_deep_copy(args);
    json_t *at = out;
    char *names = strdup(path);
    char *rest = names;
    char *name = strsep(&rest, ".");
    while (rest != NULL) {
        const struct field *field = field_named(type, name);
        json_t *below = json_object_get(at, name);
        if (below == NULL || (json_is_array(below) && json_array_size(below) == 0)) {
            below = inner_sample(field, facts);
            json_object_set_new(at, name, below);
        }
        if (field->kind == FIELD_LIST) {
            below = json_array_get(below, (size_t)strtoul(strsep(&rest, "."), NULL, 10));
        }
        type = inner_of(field);
        at = below;
        name = strsep(&rest, ".");
    }
    if (value != NULL) {
        json_object_set_new(at, name, value);
    } else {
        json_object_del(at, name);
    }
    free(names);
    return out;
}

/* --- variants --- */

static void add(struct variants *out, const char *name, json_t *value)
{
    assert_true(out->count < VARIANTS_MAX);
    assert_non_null(value);
    out->items[out->count++] = (struct variant){.name = name, .value = value};
}

void variants_fini(struct variants *variants)
{
    for (unsigned i = 0; i < variants->count; i++) {
        json_decref(variants->items[i].value);
    }
    variants->count = 0;
}

#define TAKES(type) (1u << JSON_##type)
static const unsigned takes[FIELD_KIND_COUNT] = {[FIELD_BOOL] = TAKES(TRUE) | TAKES(FALSE),
                                                 [FIELD_INT] = TAKES(INTEGER),
                                                 [FIELD_FLOAT] = TAKES(INTEGER) | TAKES(REAL),
                                                 [FIELD_TEXT] = TAKES(STRING),
                                                 [FIELD_BYTES] = TAKES(STRING),
                                                 [FIELD_ID] = TAKES(STRING),
                                                 [FIELD_INSTANT] = TAKES(INTEGER),
                                                 [FIELD_DAY] = TAKES(STRING),
                                                 [FIELD_ENUM] = TAKES(STRING),
                                                 [FIELD_RECORD] = TAKES(OBJECT),
                                                 [FIELD_LIST] = TAKES(ARRAY)};

static void add_malformed_texts(const struct field *field, struct variants *out)
{
    switch (field->kind) {
    case FIELD_DAY:
        add(out, "a day without zeros", json_string("1998-3-14"));
        add(out, "a day that is not", json_string("1998-02-30"));
        add(out, "an instant for a day", json_string("1998-03-14T00:00:00Z"));
        add(out, "an empty day", json_string(""));
        break;
    case FIELD_ENUM:
        add(out, "an unknown value", json_string("never-a-value"));
        add(out, "an empty value", json_string(""));
        break;
    case FIELD_ID:
        add(out, "a text for an id", json_string("not an id, whatever it is"));
        add(out, "an empty id", json_string(""));
        add(out, "15 bytes", json_string("AAAAAAAAAAAAAAAAAAAA"));
        add(out, "17 bytes", json_string("AAAAAAAAAAAAAAAAAAAAAAA"));
        break;
    case FIELD_BYTES:
        add(out, "a text for bytes", json_string("not base64, whatever it is"));
        break;
    default:
        break;
    }
}

void variants_of_wrong_type(const struct field *field, struct variants *out)
{
    const struct variant all[] = {
        {"an object", json_pack("{s:i}", "a", 1)},
        {"a list", json_pack("[i]", 1)},
        {"a text", json_string("text")},
        {"an integer", json_integer(7)},
        {"a fraction", json_real(1.5)},
        {"true", json_true()},
        {"false", json_false()},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if ((takes[field->kind] >> json_typeof(all[i].value) & 1u) == 0) {
            add(out, all[i].name, all[i].value);
        } else {
            json_decref(all[i].value);
        }
    }
    if (field->kind == FIELD_LIST) {
        add(out, "a list of integers", json_pack("[i]", 7));
    }
    add_malformed_texts(field, out);
}

/** `points` code points. */
static json_t *text_long(int64_t points, const char *point)
{
    size_t width = strlen(point);
    char *text = memory_alloc((size_t)points * width + 1);
    for (int64_t i = 0; i < points; i++) {
        memcpy(text + (size_t)i * width, point, width);
    }
    json_t *value = json_string(text);
    free(text);
    return value;
}

static json_t *bytes_long(int64_t len)
{
    size_t room = sodium_base64_encoded_len((size_t)len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    uint8_t *bytes = memory_alloc((size_t)len + 1);
    char *text = memory_alloc(room);
    sodium_bin2base64(text, room, bytes, (size_t)len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    json_t *value = json_string(text);
    free(bytes);
    free(text);
    return value;
}

static json_t *items_many(const struct field *field, const json_t *facts, int64_t count)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < count; i++) {
        json_array_append_new(list, sample_of(field->sub, facts, false));
    }
    return list;
}

static bool has_bounds(const struct field *field)
{
    return field->min != 0 || field->max != 0;
}

void variants_beyond(const struct field *field, struct variants *out)
{
    bool bounded = has_bounds(field);
    switch (field->kind) {
    case FIELD_INT:
    case FIELD_INSTANT:
        add(out, "one too small", json_integer((bounded ? field->min : -INT_BOUND) - 1));
        add(out, "one too large", json_integer((bounded ? field->max : INT_BOUND) + 1));
        add(out, "the smallest of 64 bits", json_integer(INT64_MIN));
        add(out, "the largest of 64 bits", json_integer(INT64_MAX));
        break;
    case FIELD_TEXT:
        if (field->min > 0) {
            add(out, "one too short", text_long(field->min - 1, "a"));
        }
        if (field->max < BYTES_TRIED_MAX) {
            add(out, "one too long", text_long(field->max + 1, "a"));
        }
        break;
    case FIELD_BYTES:
        if (field->min > 0) {
            add(out, "a byte too few", bytes_long(field->min - 1));
        }
        if (field->max < BYTES_TRIED_MAX) {
            add(out, "a byte too many", bytes_long(field->max + 1));
        }
        break;
    case FIELD_LIST:
        if (field->min > 0) {
            add(out, "an item too few", items_many(field, NULL, field->min - 1));
        }
        if (field->max < ITEMS_TRIED_MAX) {
            add(out, "an item too many", items_many(field, NULL, field->max + 1));
        }
        break;
    default:
        break;
    }
}

static void add_texts_at(const struct field *field, struct variants *out)
{
    add(out, "the shortest", text_long(field->min, "a"));
    add(out, "the shortest, of blanks", text_long(field->min, " "));
    add(out, "the shortest, of control characters", text_long(field->min, "\x01"));
    if (field->max <= BYTES_TRIED_MAX) {
        add(out, "the longest", text_long(field->max, "a"));
    }
    if (field->max * 3 <= BYTES_TRIED_MAX) {
        add(out, "the longest, of three bytes each", text_long(field->max, "가"));
    }
}

void variants_at(const struct field *field, const json_t *facts, struct variants *out)
{
    bool bounded = has_bounds(field);
    switch (field->kind) {
    case FIELD_INT:
    case FIELD_INSTANT:
        add(out, "the smallest", json_integer(bounded ? field->min : -INT_BOUND));
        add(out, "the largest", json_integer(bounded ? field->max : INT_BOUND));
        break;
    case FIELD_TEXT:
        add_texts_at(field, out);
        break;
    case FIELD_BYTES:
        add(out, "the fewest bytes", bytes_long(field->min));
        if (field->max <= BYTES_TRIED_MAX) {
            add(out, "the most bytes", bytes_long(field->max));
        }
        break;
    case FIELD_LIST:
        add(out, "the fewest items", items_many(field, facts, field->min));
        if (field->max <= ITEMS_TRIED_MAX) {
            add(out, "the most items", items_many(field, facts, field->max));
        }
        break;
    case FIELD_ENUM:
        for (uint32_t i = 0; i < ((const struct enum_type *)field->sub)->count; i++) {
            add(out, "a value", json_string(((const struct enum_type *)field->sub)->names[i]));
        }
        break;
    default:
        break;
    }
}

json_t *sample_nested(unsigned depth)
{
    json_t *value = json_array();
    for (unsigned i = 1; i < depth; i++) {
        value = json_pack("[o]", value);
    }
    return value;
}
