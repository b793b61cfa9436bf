/**
 * Opens a signed-in session over a fresh connection and hands its socket to the caller's loop.
 */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "bench/tokens.h"

struct opened {
    int fd;                /* non-blocking, the caller's */
    struct buffer pending; /* received and not yet consumed, the caller's */
    uint64_t couple_head;  /* of the couple's stream, when the session was opened */
};

/**
 * Connects number `index` of many to host:port (from 127.0.0.1, .2, … in turn where one address
 * has too few ports), and opens the session of `token`. 0, or a code after printing why not.
 */
int session_open(const char *host, uint16_t port, size_t index, const struct token *token,
                 struct opened *out);

#endif
