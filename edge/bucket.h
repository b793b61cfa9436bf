/**
 * Rate limits as token buckets, by the generic cell rate algorithm (ITU-T I.371): one number per
 * bucket, the time at which it will be full again. Pure; no thread of its own.
 */
#ifndef EDGE_BUCKET_H
#define EDGE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

/** Zero-initialised is full. */
struct bucket {
    int64_t full_at_us;
};

/**
 * Takes one token of `per_minute` (also the burst). When there is none it returns false, with the
 * milliseconds to wait, at least 1, in `retry_ms`. `per_minute` 0: never.
 */
bool bucket_take(struct bucket *bucket, uint32_t per_minute, int64_t now_ms, int64_t *retry_ms);

#define BUCKET_TABLE_SLOTS 4096

/**
 * Buckets by key, in constant memory. Two keys that fall on one slot share its bucket while it is
 * in use: limits may come early, never late. Slots are chosen by a secret hash, so that nobody can
 * aim at another's.
 */
struct bucket_table {
    uint8_t secret[16];
    struct bucket slots[BUCKET_TABLE_SLOTS];
};

/** After sodium_init(). */
void bucket_table_init(struct bucket_table *table);
struct bucket *bucket_table_find(struct bucket_table *table, struct bytes key);

#endif
