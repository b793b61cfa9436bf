/**
 * A page of a couple's messages.
 */
#ifndef ACTORS_CHAT_HISTORY_H
#define ACTORS_CHAT_HISTORY_H

#include "actors/couple_records.h"
#include "runtime/actor.h"

/**
 * The messages nearest to the cursor, ascending, as many as a response can hold. They live until
 * the handler returns. 0, ERR_INVALID_ARGUMENT for two cursors, or ERR_CORRUPT.
 */
int chat_history_read(struct ctx *ctx, const struct couple_root *couple,
                      const struct chat_history_args *args, struct chat_history_result *out);

#endif
