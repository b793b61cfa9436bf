/**
 * One layer of an actor's changed rows, in key order, above what LMDB has.
 *
 * An actor has at most two: the current one takes changes; the frozen one is immutable while the
 * state writer reads it from its own thread. Reads see current over frozen over LMDB.
 *
 * A layer lives for one flush interval and dies whole, so its rows stand in blocks that are freed
 * with it. Each collection is a sorted array of rows: most rows are numbered and come after all
 * others of their collection, which makes putting one an append.
 */
#ifndef RUNTIME_OVERLAY_H
#define RUNTIME_OVERLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ids.h"

/** data is address ∥ collection ∥ key ∥ value: the first part is the key in STATE_ROWS. */
struct overlay_row {
    uint32_t key_len; /* of collection ∥ key */
    uint32_t value_len;
    uint32_t value_cap; /* a value up to this replaces the old one in place */
    bool removed;
    uint8_t data[];
};

/** The rows of one collection, ascending. */
struct overlay_table {
    struct overlay_row **rows;
    uint32_t count, cap;
    uint8_t collection;
    bool cleared; /* whatever lies below this layer is gone */
};

struct overlay_block;
struct overlay {
    struct overlay_table *tables; /* ascending by collection */
    struct overlay_block *blocks; /* newest first */
    size_t bytes;                 /* that rows hold, replaced ones included, until the layer goes */
    uint32_t table_count;
    uint32_t count; /* of rows that are there, removals included */
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
static inline struct bytes overlay_row_key(const struct overlay_row *row) /* collection ∥ key */
{
    return bytes_of(row->data + ADDRESS_BYTES, row->key_len);
}
static inline struct bytes overlay_row_stored_key(const struct overlay_row *row) /* with address */
{
    return bytes_of(row->data, ADDRESS_BYTES + row->key_len);
}
static inline struct bytes overlay_row_value(const struct overlay_row *row)
{
    return bytes_of(row->data + ADDRESS_BYTES + row->key_len, row->value_len);
}

/** The collection's rows; NULL when this layer has nothing of it. */
const struct overlay_table *overlay_table(const struct overlay *overlay, uint8_t collection);

/**
 * Index of the first row at or after collection ∥ key, whatever its collection; the row before it
 * is the last one below. Between 0 and table->count.
 */
uint32_t overlay_table_seek(const struct overlay_table *table, struct bytes prefixed_key);

#endif
