/**
 * Partitions of addresses, remembered: the hash behind one costs a microsecond, and a chat asks for
 * the same few again and again. One thread.
 */
#ifndef RUNTIME_PARTITION_H
#define RUNTIME_PARTITION_H

#include "base/ids.h"

#define PARTITION_SLOTS 8192

/**
 * Zero-initialised is empty, with key 0. A slot holds one address; kind 0, which no actor has, is
 * free. Which slot is an address's says a keyed hash: whoever chooses ids can neither aim at one
 * slot nor, by counting them up, meet it by chance.
 */
struct partition_cache {
    uint64_t key;
    struct {
        struct address address;
        uint8_t partition;
    } slots[PARTITION_SLOTS];
};

/** As address_partition. */
uint8_t partition_of(struct partition_cache *cache, struct address address);

#endif
