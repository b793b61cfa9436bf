/*
 * Encoding of records and commit records; log_format.h draws them. Pure functions, any thread.
 */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/check.h"
#include "base/error.h"
#include "storage/log.h"
#include "storage/log_format.h"

enum {
    FLAG_SEALED = 1,
    FLAG_REQUEST_KEY = 2,
    FLAGS_KNOWN = FLAG_SEALED | FLAG_REQUEST_KEY,
    AT_CHECKSUM = 1,
    AT_FLAGS = 9,
    AT_ADDRESS = 10,
    AT_TIME = AT_ADDRESS + ADDRESS_BYTES,
    AT_KEY_ID = AT_TIME + 8,
    AT_OPTIONAL = AT_KEY_ID + 4,
    AT_COMMIT_COUNT = 2,
    AT_COMMIT_TIME = 6,
    AT_COMMIT_PREVIOUS = 14,
    AT_COMMIT_HASH = AT_COMMIT_PREVIOUS + LOG_HASH_BYTES,
    AT_HEAD_FRAME = 5,
    AT_HEAD_FIRST = 9,
    AT_HEAD_COUNT = 17,
    AT_HEAD_CHECKSUM = 21,
};

_Static_assert(AT_OPTIONAL == LOG_RECORD_MIN, "record header");
_Static_assert(AT_HEAD_CHECKSUM + 8 == LOG_HEAD_BYTES, "head");
_Static_assert(AT_COMMIT_HASH + LOG_HASH_BYTES == LOG_COMMIT_BYTES, "commit record");

static uint64_t checksum(const uint8_t *stored, size_t len)
{
    return XXH3_64bits(stored + AT_FLAGS, len - AT_FLAGS);
}

void log_record_encode(const struct log_record *record, struct buffer *out)
{
    bool sealed = record->key_id != 0;
    bool keyed = !id_is_zero(record->request_key);
    size_t len = AT_OPTIONAL + (sealed ? sizeof record->nonce : 0) + (keyed ? ID_BYTES : 0) +
                 record->payload.len;
    CHECK_ALWAYS(len < LOG_COMMIT_MAX);
    uint8_t *at = buffer_extend(out, LOG_RUN_PREFIX + len);
    put_u32(at, (uint32_t)len);
    uint8_t *stored = at + LOG_RUN_PREFIX;
    stored[0] = LOG_FORM_RECORD;
    stored[AT_FLAGS] = (uint8_t)((sealed ? FLAG_SEALED : 0) | (keyed ? FLAG_REQUEST_KEY : 0));
    address_encode(record->address, stored + AT_ADDRESS);
    put_u64(stored + AT_TIME, (uint64_t)record->at_ms);
    put_u32(stored + AT_KEY_ID, record->key_id);
    uint8_t *rest = stored + AT_OPTIONAL;
    if (sealed) {
        memcpy(rest, record->nonce, sizeof record->nonce);
        rest += sizeof record->nonce;
    }
    if (keyed) {
        memcpy(rest, record->request_key.bytes, ID_BYTES);
        rest += ID_BYTES;
    }
    if (record->payload.len != 0) {
        memcpy(rest, record->payload.data, record->payload.len);
    }
    put_u64(stored + AT_CHECKSUM, checksum(stored, len));
}

bool log_record_is_sound(struct bytes stored)
{
    return stored.len >= LOG_RECORD_MIN && stored.data[0] == LOG_FORM_RECORD &&
           get_u64(stored.data + AT_CHECKSUM) == checksum(stored.data, stored.len);
}

int log_record_parse(struct bytes stored, struct log_record *out)
{
    struct log_record record = {
        .address = address_decode(stored.data + AT_ADDRESS),
        .at_ms = (int64_t)get_u64(stored.data + AT_TIME),
        .key_id = get_u32(stored.data + AT_KEY_ID),
    };
    uint8_t flags = stored.data[AT_FLAGS];
    bool sealed = (flags & FLAG_SEALED) != 0;
    bool keyed = (flags & FLAG_REQUEST_KEY) != 0;
    size_t optional = (sealed ? sizeof record.nonce : 0) + (keyed ? ID_BYTES : 0);
    if ((flags & ~FLAGS_KNOWN) != 0 || stored.len - AT_OPTIONAL < optional ||
        sealed != (record.key_id != 0)) {
        return ERR_CORRUPT;
    }
    const uint8_t *rest = stored.data + AT_OPTIONAL;
    if (sealed) {
        memcpy(record.nonce, rest, sizeof record.nonce);
    }
    if (keyed) {
        memcpy(record.request_key.bytes, rest + optional - ID_BYTES, ID_BYTES);
    }
    record.payload = bytes_of(rest + optional, stored.len - AT_OPTIONAL - optional);
    *out = record;
    return 0;
}

int log_record_decode(struct bytes stored, struct log_record *out)
{
    return log_record_is_sound(stored) ? log_record_parse(stored, out) : ERR_CORRUPT;
}

/* What every head begins with: its length, its form, "duet". */
static const uint8_t head_front[] = {0, 0, 0, LOG_HEAD_BYTES, LOG_FORM_HEAD, 'd', 'u', 'e', 't'};

void log_head_encode(const struct log_head *head, uint64_t salt, uint8_t out[LOG_FRAME_FRONT])
{
    uint8_t *stored = out + LOG_RUN_PREFIX;
    memcpy(out, head_front, sizeof head_front);
    put_u32(stored + AT_HEAD_FRAME, head->bytes);
    put_u64(stored + AT_HEAD_FIRST, head->first);
    put_u32(stored + AT_HEAD_COUNT, head->count);
    put_u64(stored + AT_HEAD_CHECKSUM, XXH3_64bits_withSeed(stored, AT_HEAD_CHECKSUM, salt));
}

int log_head_decode(const uint8_t in[LOG_FRAME_FRONT], uint64_t salt, struct log_head *out)
{
    const uint8_t *stored = in + LOG_RUN_PREFIX;
    if (memcmp(in, head_front, sizeof head_front) != 0 ||
        get_u64(stored + AT_HEAD_CHECKSUM) !=
            XXH3_64bits_withSeed(stored, AT_HEAD_CHECKSUM, salt)) {
        return ERR_CORRUPT;
    }
    out->bytes = get_u32(stored + AT_HEAD_FRAME);
    out->first = get_u64(stored + AT_HEAD_FIRST);
    out->count = get_u32(stored + AT_HEAD_COUNT);
    return out->bytes >= LOG_FRAME_BACK && out->bytes <= LOG_FRAME_MAX - LOG_FRAME_FRONT &&
                   out->first != 0
               ? 0
               : ERR_CORRUPT;
}

const uint8_t *log_head_search(struct bytes data)
{
    return memmem(data.data, data.len, head_front, sizeof head_front);
}

void log_commit_encode(const struct log_commit_record *commit, uint8_t out[LOG_COMMIT_BYTES])
{
    out[0] = LOG_FORM_COMMIT;
    out[1] = 0;
    put_u32(out + AT_COMMIT_COUNT, commit->count);
    put_u64(out + AT_COMMIT_TIME, (uint64_t)commit->at_ms);
    memcpy(out + AT_COMMIT_PREVIOUS, commit->previous, LOG_HASH_BYTES);
    memcpy(out + AT_COMMIT_HASH, commit->hash, LOG_HASH_BYTES);
}

int log_commit_decode(struct bytes stored, struct log_commit_record *out)
{
    if (stored.len != LOG_COMMIT_BYTES || stored.data[0] != LOG_FORM_COMMIT ||
        stored.data[1] != 0) {
        return ERR_CORRUPT;
    }
    out->count = get_u32(stored.data + AT_COMMIT_COUNT);
    out->at_ms = (int64_t)get_u64(stored.data + AT_COMMIT_TIME);
    memcpy(out->previous, stored.data + AT_COMMIT_PREVIOUS, LOG_HASH_BYTES);
    memcpy(out->hash, stored.data + AT_COMMIT_HASH, LOG_HASH_BYTES);
    return 0;
}

void log_chain_begin(struct log_chain *chain, const uint8_t previous[LOG_HASH_BYTES],
                     struct lsn first)
{
    uint8_t head[LOG_HASH_BYTES + 8];
    memcpy(head, previous, LOG_HASH_BYTES);
    put_u64(head + LOG_HASH_BYTES, first.v);
    (void)crypto_generichash_init(&chain->state, NULL, 0, LOG_HASH_BYTES);
    (void)crypto_generichash_update(&chain->state, head, sizeof head);
}

void log_chain_add(struct log_chain *chain, struct bytes stored)
{
    uint8_t entry[12];
    put_u32(entry, (uint32_t)stored.len);
    memcpy(entry + 4, stored.data + AT_CHECKSUM, 8);
    (void)crypto_generichash_update(&chain->state, entry, sizeof entry);
}

void log_chain_end(struct log_chain *chain, uint32_t count, int64_t at_ms,
                   uint8_t hash[LOG_HASH_BYTES])
{
    uint8_t foot[12];
    put_u32(foot, count);
    put_u64(foot + 4, (uint64_t)at_ms);
    (void)crypto_generichash_update(&chain->state, foot, sizeof foot);
    (void)crypto_generichash_final(&chain->state, hash, LOG_HASH_BYTES);
}

bool log_run_next(struct bytes run, size_t *at, struct bytes *stored)
{
    if (run.len - *at < LOG_RUN_PREFIX) {
        return false;
    }
    size_t len = get_u32(run.data + *at);
    if (run.len - *at - LOG_RUN_PREFIX < len) {
        return false;
    }
    *stored = bytes_of(run.data + *at + LOG_RUN_PREFIX, len);
    *at += LOG_RUN_PREFIX + len;
    return true;
}
