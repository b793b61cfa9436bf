#include "runtime/address_table.h"

#include <stdlib.h>

#include "base/bytes.h"
#include "base/check.h"

#define CAPACITY_MIN 64

static void place(struct address_table *table, struct address *item, uint32_t hash)
{
    uint32_t at = address_table_home(table, hash);
    while (table->hashes[at] != 0) {
        at = (at + 1) & (table->capacity - 1);
    }
    table->items[at] = item;
    table->hashes[at] = hash;
}

static void resize(struct address_table *table, uint32_t capacity)
{
    struct address_table old = *table;
    table->items = memory_alloc(capacity * sizeof *table->items);
    table->hashes = memory_alloc(capacity * sizeof *table->hashes);
    table->capacity = capacity;
    for (uint32_t i = 0; i < old.capacity; i++) {
        if (old.hashes[i] != 0) {
            place(table, old.items[i], old.hashes[i]);
        }
    }
    free(old.items);
    free(old.hashes);
}

void address_table_add(struct address_table *table, struct address *item)
{
    if ((table->count + 1) * 4 > table->capacity * UINT64_C(3)) {
        resize(table, table->capacity == 0 ? CAPACITY_MIN : table->capacity * 2);
    }
    place(table, item, address_hash(table->key, item));
    table->count++;
}

/** Closes a gap: whoever stands behind it only because it was taken moves into it. */
static void close_gap(struct address_table *table, uint32_t gap)
{
    uint32_t mask = table->capacity - 1;
    for (uint32_t at = (gap + 1) & mask; table->hashes[at] != 0; at = (at + 1) & mask) {
        uint32_t home = address_table_home(table, table->hashes[at]);
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            table->items[gap] = table->items[at];
            table->hashes[gap] = table->hashes[at];
            gap = at;
        }
    }
    table->items[gap] = NULL;
    table->hashes[gap] = 0;
}

void address_table_remove(struct address_table *table, struct address *item)
{
    CHECK_ALWAYS(table->count != 0);
    uint32_t at = address_table_home(table, address_hash(table->key, item));
    while (table->items[at] != item) {
        CHECK_ALWAYS(table->hashes[at] != 0);
        at = (at + 1) & (table->capacity - 1);
    }
    close_gap(table, at);
    table->count--;
    if (table->capacity > CAPACITY_MIN && table->count < table->capacity / 8) {
        resize(table, table->capacity / 2);
    }
}

void address_table_fini(struct address_table *table)
{
    free(table->items);
    free(table->hashes);
    table->items = NULL;
    table->hashes = NULL;
    table->capacity = table->count = 0;
}
