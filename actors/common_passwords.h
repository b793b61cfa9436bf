/**
 * The most common passwords of at least eight characters, in lower case, from published lists of
 * leaked ones.
 */
#ifndef ACTORS_COMMON_PASSWORDS_H
#define ACTORS_COMMON_PASSWORDS_H

#include <stddef.h>

extern const char *const common_passwords[];
extern const size_t common_password_count;

#endif
