/**
 * JSON text made from MessagePack without knowing the record: bin becomes base64url, everything
 * else has its twin. Pure.
 */
#ifndef WIRE_JSON_TEXT_H
#define WIRE_JSON_TEXT_H

#include "base/bytes.h"

/** How many bytes at the front of a text need no escape. */
size_t json_text_plain(struct bytes text);

/** Appends a quoted, escaped string. `text` is valid UTF-8. */
void json_text_string(struct buffer *out, struct bytes text);

/** Appends a string literal of JSON as it is. */
void json_text_raw(struct buffer *out, const char *text);

/** Appends a decimal integer. */
void json_text_int(struct buffer *out, int64_t value);

/**
 * Appends the JSON of exactly one MessagePack value. Returns 0, or ERR_MALFORMED (not MessagePack,
 * keys that are no texts, ext, too deep, trailing bytes); then `out` is as it was.
 */
int json_text_transcribe(struct buffer *out, struct bytes value);

#endif
