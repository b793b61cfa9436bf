#include "runtime/overlay.h"

#include <stdlib.h>

#include "base/check.h"

#define FIRST_BLOCK_BYTES 496 /* most layers of a quiet couple need no more */
#define BLOCK_BYTES_MAX 8168  /* what the last one leaves empty is held by every busy couple */
#define FIRST_ROWS 4

struct overlay_block {
    struct overlay_block *next;
    uint32_t used, size;
    uint8_t data[];
};

struct overlay *overlay_create(void)
{
    return memory_alloc(sizeof(struct overlay));
}

void overlay_destroy(struct overlay *overlay)
{
    if (overlay == NULL) {
        return;
    }
    for (uint32_t i = 0; i < overlay->table_count; i++) {
        free(overlay->tables[i].rows);
    }
    free(overlay->tables);
    struct overlay_block *block = overlay->blocks;
    while (block != NULL) {
        struct overlay_block *next = block->next;
        free(block);
        block = next;
    }
    free(overlay);
}

static void *block_take(struct overlay *overlay, size_t size)
{
    size = (size + 7) & ~(size_t)7;
    struct overlay_block *block = overlay->blocks;
    if (block == NULL || block->size - block->used < size) {
        size_t room = block == NULL ? FIRST_BLOCK_BYTES : (size_t)block->size * 2;
        room = room > BLOCK_BYTES_MAX ? BLOCK_BYTES_MAX : room;
        room = room < size ? size : room;
        block = malloc(sizeof *block + room);
        CHECK_ALWAYS(block != NULL);
        *block = (struct overlay_block){.next = overlay->blocks, .size = (uint32_t)room};
        overlay->blocks = block;
        overlay->bytes += sizeof *block + room;
    }
    void *out = block->data + block->used;
    block->used += (uint32_t)size;
    return out;
}

/* --- tables --- */

const struct overlay_table *overlay_table(const struct overlay *overlay, uint8_t collection)
{
    for (uint32_t i = 0; i < overlay->table_count; i++) {
        if (overlay->tables[i].collection == collection) {
            return &overlay->tables[i];
        }
    }
    return NULL;
}

static struct overlay_table *table_make(struct overlay *overlay, uint8_t collection)
{
    uint32_t at = 0;
    while (at < overlay->table_count && overlay->tables[at].collection < collection) {
        at++;
    }
    if (at < overlay->table_count && overlay->tables[at].collection == collection) {
        return &overlay->tables[at];
    }
    size_t behind = overlay->table_count - at;
    overlay->tables =
        memory_resize(overlay->tables, (overlay->table_count + 1) * sizeof *overlay->tables);
    struct overlay_table *table = &overlay->tables[at];
    memmove(table + 1, table, behind * sizeof *table);
    *table = (struct overlay_table){.collection = collection};
    overlay->table_count++;
    return table;
}

/** As bytes_compare of the row's key and `collection` ∥ `key`. */
static int row_compare(const struct overlay_row *row, uint8_t collection, struct bytes key)
{
    const uint8_t *at = row->data + ADDRESS_BYTES;
    if (at[0] != collection) {
        return at[0] < collection ? -1 : 1;
    }
    return bytes_compare(bytes_of(at + 1, row->key_len - 1), key);
}

/** First row at or after; most often asked for is the last one, or what comes after it. */
static uint32_t seek(const struct overlay_table *table, uint8_t collection, struct bytes key,
                     bool *found)
{
    uint32_t low = 0;
    uint32_t high = table->count;
    *found = false;
    if (high != 0) {
        int order = row_compare(table->rows[high - 1], collection, key);
        *found = order == 0;
        if (order <= 0) {
            return order < 0 ? high : high - 1;
        }
        high--;
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = row_compare(table->rows[middle], collection, key);
        if (order == 0) {
            *found = true;
            return middle;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t overlay_table_seek(const struct overlay_table *table, struct bytes prefixed_key)
{
    bool found;
    return seek(table, prefixed_key.data[0], bytes_of(prefixed_key.data + 1, prefixed_key.len - 1),
                &found);
}

/* --- rows --- */

static struct overlay_row *row_create(struct overlay *overlay, struct address address,
                                      uint8_t collection, struct bytes key, size_t value_cap)
{
    struct overlay_row *row =
        block_take(overlay, sizeof *row + ADDRESS_BYTES + 1 + key.len + value_cap);
    row->key_len = (uint32_t)key.len + 1;
    row->value_cap = (uint32_t)value_cap;
    address_encode(address, row->data);
    row->data[ADDRESS_BYTES] = collection;
    if (key.len != 0) {
        memcpy(row->data + ADDRESS_BYTES + 1, key.data, key.len);
    }
    return row;
}

static void row_fill(struct overlay_row *row, const struct bytes *value)
{
    row->removed = value == NULL;
    row->value_len = value == NULL ? 0 : (uint32_t)value->len;
    if (row->value_len != 0) {
        memcpy(row->data + ADDRESS_BYTES + row->key_len, value->data, value->len);
    }
}

static void table_insert(struct overlay *overlay, struct overlay_table *table, uint32_t at,
                         struct overlay_row *row)
{
    if (table->count == table->cap) {
        uint32_t before = table->cap;
        table->cap = before == 0 ? FIRST_ROWS : before * 2;
        overlay->bytes += (table->cap - before) * sizeof(struct overlay_row *);
        table->rows = memory_resize(table->rows, table->cap * sizeof(struct overlay_row *));
    }
    struct overlay_row **place = &table->rows[at];
    if (at < table->count) {
        memmove(place + 1, place, (table->count - at) * sizeof(struct overlay_row *));
    }
    *place = row;
    table->count++;
    overlay->count++;
}

void overlay_set(struct overlay *overlay, struct address address, uint8_t collection,
                 struct bytes key, const struct bytes *value)
{
    struct overlay_table *table = table_make(overlay, collection);
    size_t value_len = value == NULL ? 0 : value->len;
    bool found;
    uint32_t at = seek(table, collection, key, &found);
    if (!found) {
        struct overlay_row *row = row_create(overlay, address, collection, key, value_len);
        row_fill(row, value);
        table_insert(overlay, table, at, row);
        return;
    }
    struct overlay_row *row = table->rows[at];
    if (row->value_cap < value_len) { /* a value that grows once grows again */
        row = row_create(overlay, address, collection, key, value_len + value_len / 2);
        table->rows[at] = row;
    }
    row_fill(row, value);
}

void overlay_clear(struct overlay *overlay, uint8_t collection)
{
    struct overlay_table *table = table_make(overlay, collection);
    overlay->count -= table->count;
    table->count = 0;
    table->cleared = true;
}

bool overlay_is_cleared(const struct overlay *overlay, uint8_t collection)
{
    const struct overlay_table *table = overlay_table(overlay, collection);
    return table != NULL && table->cleared;
}

enum overlay_found overlay_get(const struct overlay *overlay, uint8_t collection, struct bytes key,
                               struct bytes *value)
{
    const struct overlay_table *table = overlay_table(overlay, collection);
    if (table == NULL) {
        return OVERLAY_UNKNOWN;
    }
    bool found;
    uint32_t at = seek(table, collection, key, &found);
    if (!found) {
        return table->cleared ? OVERLAY_REMOVED : OVERLAY_UNKNOWN;
    }
    if (table->rows[at]->removed) {
        return OVERLAY_REMOVED;
    }
    *value = overlay_row_value(table->rows[at]);
    return OVERLAY_VALUE;
}
