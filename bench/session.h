/**
 * Opens a signed-in session over a fresh connection and hands its socket to the caller's loop.
 */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

#include "bench/protocol.h"

/** Connects, and opens the session of place->token. 0, or a code after printing why not. */
int session_open(const struct chat_place *place, struct opened *out);

#endif
