/**
 * What stands in a segment, byte by byte. Internal to storage/.
 *
 * A segment holds frames, one behind the other, each of them one commit:
 *
 *   frame    head, records, commit; each as u32 length ∥ stored form
 *
 * Every stored form begins with its form. Integers are big endian.
 *
 *   head     u8 form = 3 ∥ "duet" ∥ u32 bytes of the frame behind it ∥ u64 first LSN ∥ u32 count
 *            ∥ u64 checksum
 *   record   u8 form = 1 ∥ u64 checksum ∥ u8 flags ∥ address (17) ∥ i64 at_ms ∥ u32 key id
 *            ∥ nonce (24, if flag) ∥ request key (16, if flag) ∥ payload (the rest)
 *   commit   u8 form = 2 ∥ u8 0 ∥ u32 count ∥ i64 at_ms ∥ previous hash (32) ∥ hash (32)
 *
 * The head's checksum = XXH3-64 of what stands before it, seeded with the segment's salt.
 * The record's = XXH3-64 over all that follows it: it proves the record's bytes and finds the place
 * of a damage. hash = BLAKE2b-256 over previous hash ∥ u64 first LSN ∥ (u32 length ∥ u64 checksum)
 * of each record ∥ u32 count ∥ i64 at_ms: it proves order and completeness. The commit's own LSN is
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

enum log_form { LOG_FORM_RECORD = 1, LOG_FORM_COMMIT = 2, LOG_FORM_HEAD = 3 };

#define LOG_HASH_BYTES 32
#define LOG_COMMIT_BYTES 78 /* stored form of a commit record */
#define LOG_HEAD_BYTES 29   /* stored form of a head */
#define LOG_RECORD_MIN 39   /* stored form of a record without nonce, key and payload */
#define LOG_COMMIT_MAX ((size_t)16 << 20)
#define LOG_RUN_PREFIX 4 /* the u32 length before each stored form */

/* A frame's head and commit record with their lengths, and the largest frame there can be. */
#define LOG_FRAME_FRONT ((size_t)LOG_RUN_PREFIX + LOG_HEAD_BYTES)
#define LOG_FRAME_BACK ((size_t)LOG_RUN_PREFIX + LOG_COMMIT_BYTES)
#define LOG_FRAME_MAX (LOG_FRAME_FRONT + LOG_COMMIT_MAX + LOG_FRAME_BACK)

struct log_head {
    uint32_t bytes; /* of records and commit record, with their lengths */
    uint32_t count; /* of records */
    uint64_t first; /* LSN of the first record; the commit record's is first + count */
};

/** Writes u32 length ∥ stored form. */
void log_head_encode(const struct log_head *head, uint64_t salt, uint8_t out[LOG_FRAME_FRONT]);
/** Inverse; ERR_CORRUPT if it is none of this segment. */
int log_head_decode(const uint8_t in[LOG_FRAME_FRONT], uint64_t salt, struct log_head *out);
/** The first place in `data` where a head might stand, NULL if there is none. */
const uint8_t *log_head_search(struct bytes data);

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
