#include "runtime/partition.h"

#include "runtime/address_table.h"

uint8_t partition_of(struct partition_cache *cache, struct address address)
{
    uint32_t slot = (address_hash(cache->key, &address) >> 1) % PARTITION_SLOTS;
    if (!address_equal(cache->slots[slot].address, address)) {
        cache->slots[slot].address = address;
        cache->slots[slot].partition = address_partition(address);
    }
    return cache->slots[slot].partition;
}
