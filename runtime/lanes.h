/**
 * Replaying on all cores: one thread reads and verifies the log, one thread per shard applies what
 * belongs to it. Shards share nothing, so the order within each is all that counts.
 *
 *     reader ──batches──▶ lane 0 ──▶ shard 0
 *            ──batches──▶ lane 1 ──▶ shard 1 …
 */
#ifndef RUNTIME_LANES_H
#define RUNTIME_LANES_H

#include "runtime/shard.h"
#include "storage/log.h"

struct lanes;

/** Starts a thread for each of `count` shards, which nobody else may touch until lanes_settle. */
struct lanes *lanes_start(struct shard *const *shards, uint16_t count);

/** Hands a record to the shard that owns its address; copies it. Waits where a lane is behind. */
void lanes_add(struct lanes *lanes, const struct log_record *record);

/**
 * Returns when everything added is applied; until the next lanes_add the shards are the caller's.
 * 0, or ERR_CORRUPT when a record's kind is unknown, which is logged.
 */
int lanes_settle(struct lanes *lanes);

/** Settles, ends the threads, frees. As lanes_settle. */
int lanes_stop(struct lanes *lanes);

#endif
