/**
 * The users that `duetctl seed` made: one JSON line each, partners side by side.
 */
#ifndef BENCH_TOKENS_H
#define BENCH_TOKENS_H

#include <stddef.h>

#include "base/ids.h"

struct token {
    struct id couple;
    struct id device;
    char *access_token;
    char *refresh_token;
    char *email;
};

struct tokens {
    struct token *items;
    size_t count; /* even; 2k and 2k + 1 are partners */
};

/** Reads the first `wanted` users; fewer are an error. 0, or a code after printing why. */
int tokens_read(const char *path, size_t wanted, struct tokens *out);
void tokens_fini(struct tokens *tokens);

#endif
