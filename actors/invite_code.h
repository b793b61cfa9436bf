/**
 * Invite codes: 40 random bits as 8 characters of Crockford's base32 (0-9, A-Z without I, L, O, U).
 *
 * People read them aloud and type them: lower case, dashes and blanks are accepted, I and L mean 1,
 * O means 0. The address comes from the canonical text: BLAKE2b-128 of "invite", NUL, code. Frozen.
 */
#ifndef ACTORS_INVITE_CODE_H
#define ACTORS_INVITE_CODE_H

#include "base/bytes.h"
#include "base/ids.h"

#define INVITE_CODE_CHARS 8
#define INVITE_CODE_BITS 40

/** Writes the canonical text of the low 40 bits, and a NUL. */
void invite_code_to_text(uint64_t code, char out[INVITE_CODE_CHARS + 1]);

/** What a person typed, made canonical. ERR_CODE_UNKNOWN if it cannot be a code. */
int invite_code_parse(struct bytes typed, uint64_t *code);

/** The invite actor of a code. */
struct address invite_address(uint64_t code);

#endif
