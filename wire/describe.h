/**
 * Documents made from the declarations that the server runs on, so that they cannot drift.
 */
#ifndef WIRE_DESCRIBE_H
#define WIRE_DESCRIBE_H

#include "wire/registry.h"

/** What the server pushes, for the documents. */
struct push_table {
    const struct push_type *const *pushes;
    size_t count;
};

/** Appends a document. `pushes` is an array of `count` tables. Pure. */
typedef void describe_format(const struct registry *registry, const struct push_table *pushes,
                             size_t count, struct buffer *out);

/**
 * The reference in Markdown: every op with its args, result, errors and an example, every push,
 * every error.
 */
describe_format describe_markdown;

#endif
