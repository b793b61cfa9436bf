/**
 * A hash table of things that have an address: awake actors, presence entries.
 *
 * Open addressing with linear probing; the hashes stand apart from the items, so that a probe
 * touches an item only when its hash fits. About 20 bytes an item beside the item itself. Addresses
 * come from clients too, so the hash is keyed: nobody can aim at one slot.
 * Items are not owned. One thread.
 */
#ifndef RUNTIME_ADDRESS_TABLE_H
#define RUNTIME_ADDRESS_TABLE_H

#include <stdint.h>

#include "base/ids.h"

/** Zero-initialised is empty, with key 0. */
struct address_table {
    struct address **items; /* each the first member of what it stands in */
    uint32_t *hashes;       /* 0: the slot is free */
    uint32_t capacity, count;
    uint64_t key;
};

__extension__ typedef unsigned __int128 address_product;

/** Keyed hash of an address; never 0. Multiply and fold, after wyhash (Wang Yi). */
static inline uint32_t address_hash(uint64_t key, const struct address *address)
{
    uint64_t low, high;
    memcpy(&low, address->id.bytes, sizeof low);
    memcpy(&high, address->id.bytes + sizeof low, sizeof high);
    low ^= key;
    high ^= UINT64_C(0x9e3779b97f4a7c15) * (address->kind + UINT64_C(1));
    address_product product = (address_product)low * high;
    uint64_t folded = (uint64_t)product ^ (uint64_t)(product >> 64);
    folded = (folded ^ key) * UINT64_C(0xe7037ed1a0b428db);
    return (uint32_t)(folded >> 32) | 1u;
}

/** Where the search for a hash begins. Its lowest bit is always set, so it says nothing. */
static inline uint32_t address_table_home(const struct address_table *table, uint32_t hash)
{
    return (hash >> 1) & (table->capacity - 1);
}

/** The item with this address, or NULL. */
static inline struct address *address_table_find(const struct address_table *table,
                                                 struct address address)
{
    if (table->count == 0) {
        return NULL;
    }
    uint32_t hash = address_hash(table->key, &address);
    uint32_t at = address_table_home(table, hash);
    while (table->hashes[at] != 0) {
        if (table->hashes[at] == hash && address_equal(*table->items[at], address)) {
            return table->items[at];
        }
        at = (at + 1) & (table->capacity - 1);
    }
    return NULL;
}

/** Adds an item whose address is not in the table. */
void address_table_add(struct address_table *table, struct address *item);
/** Removes an item that is in the table. */
void address_table_remove(struct address_table *table, struct address *item);
/** Frees the table, not the items. */
void address_table_fini(struct address_table *table);

#endif
