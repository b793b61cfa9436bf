/**
 * Replaying on all cores: one thread reads and verifies the log, one thread per shard applies what
 * belongs to it. Shards share nothing, so the order within each is all that counts. When much is
 * unflushed, state is flushed on the way, beside the replay, so that memory stays bounded however
 * long the log is.
 *
 *     reader ──batches──▶ lane 0 ──▶ shard 0 ──flushes──▶ state writer
 *            ──batches──▶ lane 1 ──▶ shard 1 …     ◀──lanes_flushed──
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
 * Returns when everything added is applied and every flush is back; until the next lanes_add the
 * shards are the caller's.
 * 0, or ERR_CORRUPT when a record's kind is unknown, which is logged.
 */
int lanes_settle(struct lanes *lanes);

/** Takes a MESSAGE_FLUSHED to the lane of its shard. Any thread. */
void lanes_flushed(struct lanes *lanes, struct message *message);

/** Settles, ends the threads, frees; no flush is under way then. As lanes_settle. */
int lanes_stop(struct lanes *lanes);

#endif
