/**
 * Examples for the documents, from those that the declarations carry. Pure; any thread.
 */
#ifndef WIRE_EXAMPLE_H
#define WIRE_EXAMPLE_H

#include "wire/record.h"

struct json_t;

/** The field's own example; where none was written, made from the record inside; else NULL. */
struct json_t *example_of_field(const struct field *field);

/** An object of the fields that have an example. */
struct json_t *example_of_record(const struct record_type *type);

#endif
