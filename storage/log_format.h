/**
 * What stands in a segment, byte by byte. Internal to storage/.
 *
 * Every LMDB value begins with its form. Integers are big endian.
 *
 *   record   u8 form = 1 ∥ u64 checksum ∥ u8 flags ∥ address (17) ∥ i64 at_ms ∥ u32 key id
 *            ∥ nonce (24, if flag) ∥ request key (16, if flag) ∥ payload (the rest)
 *   commit   u8 form = 2 ∥ u8 0 ∥ u32 count ∥ i64 at_ms ∥ previous hash (32) ∥ hash (32)
 *
 * checksum = XXH3-64 over all that follows it: it proves the record's bytes and finds the place of
 * a damage. hash = BLAKE2b-256 over previous hash ∥ u64 first LSN ∥ (u32 length ∥ u64 checksum) of
 * each record ∥ u32 count ∥ i64 at_ms: it proves order and completeness. The commit's own LSN is
 * first LSN + count. The previous hash of the very first commit is zeros. It is stored so that a
 * log whose oldest segments were dropped can still be proved from its first commit on.
 */
#ifndef STORAGE_LOG_FORMAT_H
#define STORAGE_LOG_FORMAT_H

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ids.h"
#include "storage/log.h"

enum log_form { LOG_FORM_RECORD = 1, LOG_FORM_COMMIT = 2 };

#define LOG_HASH_BYTES 32
#define LOG_COMMIT_BYTES 78 /* stored form of a commit record */
#define LOG_RECORD_MIN 39   /* stored form of a record without nonce, key and payload */
#define LOG_COMMIT_MAX ((size_t)16 << 20)
#define LOG_RUN_PREFIX 4 /* the u32 length before each stored form in a run */

/** Is this the stored form of a record, with the right checksum? */
bool log_record_is_sound(struct bytes stored);
/** log_record_decode for what is known to be sound. ERR_CORRUPT. */
int log_record_parse(struct bytes stored, struct log_record *out);

struct log_commit_record {
    uint32_t count;
    int64_t at_ms;
    uint8_t previous[LOG_HASH_BYTES];
    uint8_t hash[LOG_HASH_BYTES];
};

void log_commit_encode(const struct log_commit_record *commit, uint8_t out[LOG_COMMIT_BYTES]);
/** ERR_CORRUPT on another length or form. Whether the hash is right, log_chain says. */
int log_commit_decode(struct bytes stored, struct log_commit_record *out);

/** The hash of one commit in the making. */
struct log_chain {
    crypto_generichash_state state;
};

void log_chain_begin(struct log_chain *chain, const uint8_t previous[LOG_HASH_BYTES],
                     struct lsn first);
/** The next record, which must be sound. */
void log_chain_add(struct log_chain *chain, struct bytes stored);
void log_chain_end(struct log_chain *chain, uint32_t count, int64_t at_ms,
                   uint8_t hash[LOG_HASH_BYTES]);

/**
 * The stored form that begins at `*at` in a run of u32 length ∥ stored form; moves `*at` behind
 * it. False at the end, and where the shape is broken (then `*at` is not run.len).
 */
bool log_run_next(struct bytes run, size_t *at, struct bytes *stored);

#endif
