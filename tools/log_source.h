/**
 * Records of a data directory's log, whether its daemon runs or not: read from the files under the
 * directory's lock, or else asked for through the admin socket.
 */
#ifndef TOOLS_LOG_SOURCE_H
#define TOOLS_LOG_SOURCE_H

#include "base/bytes.h"
#include "storage/log.h"

struct log_source;

/**
 * Begins with the first record whose lsn >= from. ERR_NOT_FOUND when `data` is no data directory,
 * ERR_LOCKED when it is in use by a process without an admin socket, and those of log_open.
 */
int log_source_open(const char *data, struct lsn from, struct log_source **out);

/** Does the daemon run, so that there may be more later? */
bool log_source_is_live(const struct log_source *source);

/**
 * The next record; its payload lives until the next call. ERR_END at the end (of a live one: for
 * now), ERR_CORRUPT with log_source_fault, ERR_IO when the daemon has gone.
 */
int log_source_next(struct log_source *source, struct log_record *out);

/** After ERR_CORRUPT: where, and why. */
struct lsn log_source_fault(const struct log_source *source, const char **reason);

void log_source_close(struct log_source *source); /* NULL is fine */

#endif
