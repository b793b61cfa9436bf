/**
 * Text and days as they come from outside: UTF-8, NFC, calendar days.
 */
#ifndef WIRE_TEXT_H
#define WIRE_TEXT_H

#include "base/bytes.h"
#include "wire/record.h"

#define DAY_TEXT_CHARS 10

/** Whether it is UTF-8 (RFC 3629: no overlong forms, no surrogates) without NUL. Any thread. */
bool text_valid(struct bytes text);

/** Code points of valid UTF-8. */
size_t text_count(struct bytes text);

/**
 * NFC (UAX #15) of valid UTF-8. What is NFC already is handed back as it is, else a copy in
 * `arena`; `points` gets its code points. Returns 0 or ERR_INVALID_ARGUMENT, if it is not UTF-8
 * or contains NUL.
 */
int text_normalize(struct bytes text, struct arena *arena, struct bytes *out, size_t *points);

/** YYYY-MM-DD of a real day of the Gregorian calendar, years 1 to 9999; else ERR_INVALID_ARGUMENT.
 */
int day_from_text(struct bytes text, struct day *out);

/** Writes DAY_TEXT_CHARS and a NUL. */
void day_to_text(struct day day, char out[DAY_TEXT_CHARS + 1]);

#endif
