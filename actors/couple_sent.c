#include "actors/couple_sent.h"

#include "actors/couple_records.h"
#include "base/check.h"
#include "base/error.h"

#define BLOCK_SLOTS 32
#define PREFIX_BYTES (1 + ID_BYTES)
#define KEY_BYTES (PREFIX_BYTES + 8)
#define BASE_BYTES 8
#define SLOT_BYTES 6
#define DELTA_BOUND (1LL << 40)

static void block_key(int64_t member, struct id device, uint64_t block, uint8_t out[KEY_BYTES])
{
    out[0] = (uint8_t)member;
    memcpy(out + 1, device.bytes, ID_BYTES);
    put_u64(out + PREFIX_BYTES, block);
}

static bool is_block(struct bytes value)
{
    return value.len > BASE_BYTES && (value.len - BASE_BYTES) % SLOT_BYTES == 0;
}

static int64_t delta_at(const uint8_t *slot)
{
    return (int64_t)slot[1] << 32 | (int64_t)get_u32(slot + 2);
}

int couple_sent_find(struct ctx *ctx, int64_t member, struct id device, int64_t no, int64_t *msg)
{
    uint8_t key[KEY_BYTES];
    struct bytes value;
    block_key(member, device, (uint64_t)no / BLOCK_SLOTS, key);
    int err = ctx_get(ctx, COUPLE_SENT, bytes_of(key, sizeof key), &value);
    if (err != 0) {
        return err;
    }
    if (!CHECK_RECOVER(is_block(value))) {
        return ERR_CORRUPT;
    }
    for (size_t at = BASE_BYTES; at < value.len; at += SLOT_BYTES) {
        if (value.data[at] == no % BLOCK_SLOTS) {
            *msg = (int64_t)get_u64(value.data) + delta_at(value.data + at);
            return 0;
        }
    }
    return ERR_NOT_FOUND;
}

static bool take_highest(void *context, struct bytes key, struct bytes value)
{
    int64_t *highest = context;
    if (!CHECK_RECOVER(key.len == KEY_BYTES && is_block(value))) {
        return false;
    }
    int64_t first = (int64_t)get_u64(key.data + PREFIX_BYTES) * BLOCK_SLOTS;
    for (size_t at = BASE_BYTES; at < value.len; at += SLOT_BYTES) {
        int64_t no = first + value.data[at];
        *highest = no > *highest ? no : *highest;
    }
    return false;
}

int64_t couple_sent_highest(struct ctx *ctx, int64_t member, struct id device)
{
    uint8_t from[KEY_BYTES];
    uint8_t to[KEY_BYTES];
    int64_t highest = 0;
    block_key(member, device, 0, from);
    block_key(member, device, UINT64_MAX, to);
    ctx_range(ctx, COUPLE_SENT, bytes_of(from, sizeof from), bytes_of(to, sizeof to), 1, true,
              take_highest, &highest);
    return highest;
}

void couple_sent_add(struct ctx *ctx, int64_t member, struct id device, int64_t no, int64_t msg)
{
    uint8_t key[KEY_BYTES];
    uint8_t block[BASE_BYTES + BLOCK_SLOTS * SLOT_BYTES];
    struct bytes old;
    size_t len = BASE_BYTES;
    block_key(member, device, (uint64_t)no / BLOCK_SLOTS, key);
    struct bytes at = bytes_of(key, sizeof key);
    put_u64(block, (uint64_t)msg);
    if (ctx_get(ctx, COUPLE_SENT, at, &old) == 0) {
        CHECK_ALWAYS(is_block(old) && old.len < sizeof block);
        memcpy(block, old.data, old.len);
        len = old.len;
    }
    int64_t delta = msg - (int64_t)get_u64(block);
    CHECK_ALWAYS(delta >= 0 && delta < DELTA_BOUND);
    block[len] = (uint8_t)(no % BLOCK_SLOTS);
    block[len + 1] = (uint8_t)(delta >> 32);
    put_u32(block + len + 2, (uint32_t)delta);
    ctx_put(ctx, COUPLE_SENT, at, bytes_of(block, len + SLOT_BYTES));
}
