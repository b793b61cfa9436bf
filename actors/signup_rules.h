/**
 * What a sign-up has to satisfy beyond the bounds of its fields. Pure; any thread.
 */
#ifndef ACTORS_SIGNUP_RULES_H
#define ACTORS_SIGNUP_RULES_H

#include "base/bytes.h"
#include "wire/record.h"

/** One @, something before it, a domain with a dot and no empty label, no blanks or brackets. */
bool email_plausible(struct bytes normal);

/** Among the most common passwords, whatever its case. */
bool password_is_common(struct bytes password);

/** From 1900 on, and not after today anywhere on earth. */
bool birth_date_plausible(struct day day, int64_t now_ms);

#endif
