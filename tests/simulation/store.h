/**
 * The disk of a simulated node: the log and the state, with what was committed and nothing else.
 *
 * Records are kept in their stored form and decoded when read. Rows keep their versions, so that a
 * reader sees the state as of its snapshot, however much is committed meanwhile.
 */
#ifndef TESTS_SIMULATION_STORE_H
#define TESTS_SIMULATION_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ids.h"
#include "storage/log.h"
#include "storage/state.h"

struct store;
struct store *store_create(void);
void store_destroy(struct store *store); /* NULL is fine */

/* --- log: as storage/log.h, in memory --- */

struct lsn store_append(struct store *store, const struct bytes *runs, uint32_t count,
                        struct lsn *tail);
struct lsn store_tail(const struct store *store);
/** False where there is no record (a commit's own LSN, or beyond the end). Lives with the store. */
bool store_record(const struct store *store, struct lsn lsn, struct log_record *out);

/* --- state --- */

/** Readers at or after `oldest` go on seeing what they see. Returns the new version. */
uint64_t store_commit(struct store *store, const struct state_change *changes, size_t count,
                      uint64_t oldest);
uint64_t store_version(const struct store *store);
int store_get(struct store *store, uint64_t version, enum state_table table, struct bytes key,
              struct bytes *value);
int store_scan(struct store *store, uint64_t version, enum state_table table, struct bytes from,
               struct bytes to, bool reverse, state_visitor *visit, void *context);

/** Removes everything from the state, as if its directory were deleted. */
void store_lose_state(struct store *store);

/** True when rows, timers and outbox are the same; else `difference` says where (a short text). */
bool store_same_state(struct store *a, struct store *b, char *difference, size_t size);

#endif
