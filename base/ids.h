/**
 * Typed identifiers, and where an actor lives.
 *
 * Nothing on disk names a shard: an address belongs to one of 256 partitions, and a partition
 * to whichever shard runs it today. Both functions are frozen; a golden test holds them.
 */
#ifndef BASE_IDS_H
#define BASE_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ID_BYTES 16
#define ID_TEXT_CHARS 22
#define ADDRESS_BYTES 17
#define PARTITION_COUNT 256

/** 16 bytes: of a user, a couple, a device, a session, an epoch… */
struct id {
    uint8_t bytes[ID_BYTES];
};

/** Position of a record in the log. 0 is "before the first". */
struct lsn {
    uint64_t v;
};

/** Where an actor is reached: its kind's stable code and its id. */
struct address {
    uint8_t kind;
    struct id id;
};

static inline bool id_equal(struct id a, struct id b)
{
    uint64_t left[2], right[2]; /* compared as numbers: a call of memcmp costs more */
    memcpy(left, a.bytes, sizeof left);
    memcpy(right, b.bytes, sizeof right);
    return ((left[0] ^ right[0]) | (left[1] ^ right[1])) == 0;
}

static inline bool id_is_zero(struct id a)
{
    static const struct id zero;
    return id_equal(a, zero);
}

static inline bool address_equal(struct address a, struct address b)
{
    return a.kind == b.kind && id_equal(a.id, b.id);
}

/** No actor has kind 0. */
static inline bool address_is_none(struct address a)
{
    return a.kind == 0;
}

/** Writes kind, then id: ADDRESS_BYTES bytes. */
void address_encode(struct address address, uint8_t out[ADDRESS_BYTES]);
struct address address_decode(const uint8_t in[ADDRESS_BYTES]);

/** First byte of BLAKE2b-128 over the encoded address. Frozen for ever. About 0.3 µs: keep it. */
uint8_t address_partition(struct address address);

/** BLAKE2b-128 of `len` bytes: the id of an identity or an invite from its canonical text. */
struct id id_from_hash(const void *data, size_t len);

/** base64url without padding, 22 characters and a NUL. */
void id_to_text(struct id id, char out[ID_TEXT_CHARS + 1]);

/** Inverse of id_to_text. `len` must be 22; ERR_INVALID_ARGUMENT otherwise or on other characters.
 */
int id_from_text(const char *text, size_t len, struct id *out);

#endif
