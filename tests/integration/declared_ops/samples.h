/**
 * Values made from declarations: args that should do, and args that must not.
 */
#ifndef TESTS_INTEGRATION_DECLARED_OPS_SAMPLES_H
#define TESTS_INTEGRATION_DECLARED_OPS_SAMPLES_H

#include <stdbool.h>

#include <jansson.h>

#include "wire/op.h"

/**
 * An object for the record: of each field what `facts` has under its name, else its example, else,
 * where it is required, what its inner record gives. `required_only` leaves the others out.
 */
json_t *sample_of(const struct record_type *type, const json_t *facts, bool required_only);

/** A field of args or of a record in them, by its path as in error.details: "cursors.0.epoch". */
struct site {
    char path[96];
    const struct field *field;
};
typedef void site_visitor(void *context, const struct site *site);
/** Visits every field, those of inner records after the one that holds them. */
void sites_of(const struct record_type *type, site_visitor *visit, void *context);

/**
 * A copy of `args` in which the site has `value` (taken over; NULL: the site is left out). Lists
 * and records on the way that are not there are made from `facts` and examples.
 */
json_t *sample_with(const struct record_type *type, const json_t *args, const json_t *facts,
                    const char *path, json_t *value);

/** A value for a field and what it is called: "one too long". */
struct variant {
    const char *name;
    json_t *value;
};
#define VARIANTS_MAX 24
struct variants {
    struct variant items[VARIANTS_MAX];
    unsigned count;
};
/** Values of every JSON type that the field does not take, null aside, and malformed texts. */
void variants_of_wrong_type(const struct field *field, struct variants *out);
/** Values one beyond a bound. */
void variants_beyond(const struct field *field, struct variants *out);
/** Values at a bound. */
void variants_at(const struct field *field, const json_t *facts, struct variants *out);
void variants_fini(struct variants *variants);

/** `depth` arrays inside each other. */
json_t *sample_nested(unsigned depth);

#endif
