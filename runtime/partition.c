#include "runtime/partition.h"

#include <string.h>

uint8_t partition_of(struct partition_cache *cache, struct address address)
{
    uint64_t part; /* of an id, which is random or a hash */
    memcpy(&part, address.id.bytes, sizeof part);
    uint64_t slot = (part ^ address.kind) % PARTITION_SLOTS;
    if (!address_equal(cache->slots[slot].address, address)) {
        cache->slots[slot].address = address;
        cache->slots[slot].partition = address_partition(address);
    }
    return cache->slots[slot].partition;
}
