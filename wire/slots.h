/**
 * Reading a map of the envelope (meta, error, stream body) into views, without an arena: unlike
 * records, texts stay as they came. Internal to wire/.
 */
#ifndef WIRE_SLOTS_H
#define WIRE_SLOTS_H

#include "wire/codec.h"

enum slot_type {
    SLOT_TEXT, /* struct bytes */
    SLOT_BIN,  /* struct bytes */
    SLOT_INT,  /* int64_t */
    SLOT_ANY   /* struct bytes: the MessagePack of the value */
};
struct slot {
    const char *name;
    enum slot_type type;
    size_t offset;
};

#define SLOTS_MAX 16

/**
 * Reads one map; absent and nil leave the member of `out` alone. Returns 0, ERR_MALFORMED, or
 * ERR_INVALID_ARGUMENT with `culprit` the first value of a wrong type (or "" when this is no map):
 * then the cursor stands after the map all the same.
 */
int slots_read(struct cursor *cursor, const struct slot *slots, size_t count, void *out,
               const char **culprit);

#endif
