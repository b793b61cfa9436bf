/**
 * JSON Schema of declared records, as both documents use it: what JSON Schema 2020-12 (OpenAPI 3.1)
 * and draft-07 (AsyncAPI 3.0) have in common. Pure; any thread.
 *
 * Records become components, each once, under its own name in an object that the caller keeps
 * ("#/components/schemas/<name>").
 */
#ifndef WIRE_SCHEMA_H
#define WIRE_SCHEMA_H

#include "wire/op.h"

struct json_t;

/** What comes from clients may have null where it may be absent; what the server says has not. */
enum schema_role { SCHEMA_FROM_CLIENT, SCHEMA_FROM_SERVER };

/**
 * A field's value, without null: type, bounds, description and example. Records inside are added to
 * `schemas`.
 */
struct json_t *schema_of_field(const struct field *field, enum schema_role role,
                               struct json_t *schemas);

/** {"$ref": …} to the record, which is added to `schemas` with all that it holds. */
struct json_t *schema_of_record(const struct record_type *type, enum schema_role role,
                                struct json_t *schemas);

/**
 * The same, of what stands in the body of a REST request: a component of its own, <name>_body, if
 * that is not all, or not all of it is needed.
 */
struct json_t *schema_of_body(const struct op *op, struct json_t *schemas);

/** {"$ref": "#/components/<section>/<name>"}. */
struct json_t *schema_ref(const char *section, const char *name);

#endif
