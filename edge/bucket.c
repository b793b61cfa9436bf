#include "edge/bucket.h"

#include <sodium.h>

_Static_assert(sizeof((struct bucket_table *)0)->secret == crypto_shorthash_KEYBYTES,
               "secret of another size");

bool bucket_take(struct bucket *bucket, uint32_t per_minute, int64_t now_ms, int64_t *retry_ms)
{
    if (per_minute == 0) {
        *retry_ms = 60000;
        return false;
    }
    int64_t token_us = 60000000 / (int64_t)per_minute;
    int64_t burst_us = token_us * (int64_t)per_minute;
    int64_t now_us = now_ms * 1000;
    int64_t full_at_us = bucket->full_at_us > now_us ? bucket->full_at_us : now_us;
    if (full_at_us - now_us > burst_us) { /* the clock was set back */
        full_at_us = now_us + burst_us;
        bucket->full_at_us = full_at_us;
    }
    int64_t early_us = full_at_us + token_us - burst_us - now_us;
    if (early_us > 0) {
        *retry_ms = (early_us + 999) / 1000;
        return false;
    }
    bucket->full_at_us = full_at_us + token_us;
    return true;
}

void bucket_table_init(struct bucket_table *table)
{
    *table = (struct bucket_table){0};
    randombytes_buf(table->secret, sizeof table->secret);
}

struct bucket *bucket_table_find(struct bucket_table *table, struct bytes key)
{
    uint8_t hash[crypto_shorthash_BYTES];
    crypto_shorthash(hash, key.data, key.len, table->secret);
    return &table->slots[get_u16(hash) % BUCKET_TABLE_SLOTS];
}
