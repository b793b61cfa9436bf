/**
 * One layer of an actor's changed rows, in key order, above what LMDB has.
 *
 * An actor has at most two: the current one takes changes; the frozen one is immutable while the
 * state writer reads it from its own thread. Reads see current over frozen over LMDB.
 */
#ifndef RUNTIME_OVERLAY_H
#define RUNTIME_OVERLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <uv/tree.h>

#include "base/bytes.h"
#include "base/ids.h"

/** data is address ∥ collection ∥ key ∥ value: the first part is the key in STATE_ROWS. */
struct overlay_row {
    RB_ENTRY(overlay_row) link;
    uint32_t key_len; /* of collection ∥ key */
    uint32_t value_len;
    bool removed;
    uint8_t data[];
};
RB_HEAD(overlay_tree, overlay_row);

#define OVERLAY_HINTS 8

struct overlay {
    struct overlay_tree rows;
    size_t bytes;
    uint32_t count;
    struct overlay_row *newest[OVERLAY_HINTS]; /* last one inserted, by collection */
    uint8_t cleared[32]; /* bit per collection: whatever lies below this layer is gone */
};

enum overlay_found { OVERLAY_UNKNOWN, OVERLAY_VALUE, OVERLAY_REMOVED };

struct overlay *overlay_create(void);
void overlay_destroy(struct overlay *overlay); /* NULL is fine */

/** `value` NULL: removed. Copies. */
void overlay_set(struct overlay *overlay, struct address address, uint8_t collection,
                 struct bytes key, const struct bytes *value);
/** Forgets the rows of a collection in this layer and hides those below. */
void overlay_clear(struct overlay *overlay, uint8_t collection);
bool overlay_is_cleared(const struct overlay *overlay, uint8_t collection);

/** `value` lives until the row changes. REMOVED also when the collection is cleared. */
enum overlay_found overlay_get(const struct overlay *overlay, uint8_t collection, struct bytes key,
                               struct bytes *value);

/** Key in STATE_ROWS, or parts of it. */
struct bytes overlay_row_key(const struct overlay_row *row);        /* collection ∥ key */
struct bytes overlay_row_stored_key(const struct overlay_row *row); /* with the address */
struct bytes overlay_row_value(const struct overlay_row *row);

/** First row at or after (reverse: last before) collection ∥ key; NULL when there is none. */
struct overlay_row *overlay_seek(const struct overlay *overlay, struct bytes prefixed_key,
                                 bool reverse);
struct overlay_row *overlay_next(struct overlay_row *row, bool reverse);

#endif
