/**
 * All ops of the server by name: built once at start from the kinds' tables, then read-only, so any
 * thread may look up without a lock.
 */
#ifndef WIRE_REGISTRY_H
#define WIRE_REGISTRY_H

#include "base/bytes.h"
#include "wire/op.h"

/** The ops of one actor kind. Kind 0 stands for the edge itself. */
struct op_table {
    uint8_t kind;
    const struct op *const *ops;
    size_t count;
};

struct registry;

/**
 * Checks the declarations and builds the look-up. The tables must outlive the registry.
 * Refused: names not unique or not like "chat.send", codes not unique within a kind, records that
 * record_check refuses, errors that are not in the table, a REST path whose {params} are not PATH
 * fields of the args, BODY fields where the method has no body, a paged list without the fields
 * of wire/paging.h, cookies of fields that are not there, NULLABLE fields elsewhere than in the
 * args of PATCH. Returns 0, or ERR_INVALID_ARGUMENT with `message` (message_size bytes) naming the
 * culprit.
 */
int registry_create(const struct op_table *tables, size_t count, char *message, size_t message_size,
                    struct registry **out);
void registry_destroy(struct registry *registry); /* NULL is fine */

/** The op with this name, or NULL. O(1), no allocation; `name` may be any bytes. */
const struct op *registry_find(const struct registry *registry, struct bytes name);

/** For walking: ops in the order of their names. */
size_t registry_count(const struct registry *registry);
const struct op *registry_at(const struct registry *registry, size_t index);
/** The kind whose table holds the op at this index. */
uint8_t registry_kind_at(const struct registry *registry, size_t index);

#endif
