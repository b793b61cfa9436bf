/**
 * base64url without padding (RFC 4648, section 5), strictly: one text for one value.
 */
#ifndef WIRE_BASE64_H
#define WIRE_BASE64_H

#include "base/bytes.h"
#include "base/ids.h"

/** Characters that `bytes` bytes make. */
#define BASE64_CHARS(bytes) (((bytes)*4 + 2) / 3)

/**
 * Decodes into `out`, which has `room`. False if it does not fit or is not such a text: another
 * character, an impossible length, bits left over that are not zero.
 */
bool base64_decode(struct bytes text, uint8_t *out, size_t room, size_t *len_out);

/** Decodes an id of ID_TEXT_CHARS characters. */
bool base64_decode_id(struct bytes text, struct id *out);

/** Writes BASE64_CHARS(len) characters and a NUL; returns the characters. */
size_t base64_encode(const void *data, size_t len, char *out, size_t room);

#endif
