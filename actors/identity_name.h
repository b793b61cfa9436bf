/**
 * E-mails and nicknames as identities: normal form, version 1, and the address it leads to.
 *
 * The rule, frozen for ever, as addresses on disk come from it:
 *   1. take off blanks and tabs of ASCII at both ends
 *   2. refuse code points that are not assigned: a later Unicode might fold them differently
 *   3. NFKC with case folding, default ignorable code points left out (NFKC_Casefold, UAX #44)
 *   4. as 1; refuse what is empty or contains a control character
 *   5. id = BLAKE2b-128 of the prefix ("email" or "nickname"), a NUL byte, and the result
 */
#ifndef ACTORS_IDENTITY_NAME_H
#define ACTORS_IDENTITY_NAME_H

#include "base/bytes.h"
#include "base/ids.h"

#define IDENTITY_VALUE_BYTES_MAX 2048

/** Without blanks at both ends. A view into `text`. */
struct bytes name_trim(struct bytes text);

/** The normal form, in `arena`. 0 or ERR_INVALID_ARGUMENT. Any thread. */
int name_normalize(struct bytes text, struct arena *arena, struct bytes *out);
/** … of what may be a nickname: without blanks at both ends it has two characters or more. */
int nickname_normalize(struct bytes text, struct arena *arena, struct bytes *out);

/** The identity actor of a normal form. */
struct address identity_of_email(struct bytes normal);
struct address identity_of_nickname(struct bytes normal);

#endif
