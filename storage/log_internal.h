/**
 * The log's own state, shared by its files. Internal to storage/.
 */
#ifndef STORAGE_LOG_INTERNAL_H
#define STORAGE_LOG_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "storage/log.h"
#include "storage/log_format.h"
#include "storage/segment.h"

struct log {
    char *directory;
    uint64_t segment_bytes;
    uint64_t reserve_bytes;
    bool nosync;

    /* Guards the list, `first` and `users` of segments, and opening and closing them. */
    pthread_mutex_t lock;
    struct segment **segments; /* ascending; the last one is written to */
    size_t segment_count;

    struct segment *next; /* prepared, or NULL; writer only, like what follows */
    int64_t prepare_after_ms;
    uint8_t tail_hash[LOG_HASH_BYTES];

    /*
     * Stored with release by the writer after mdb_txn_commit, loaded with acquire by readers
     * before they renew their snapshot: a reader that sees the number finds its records.
     */
    _Atomic uint64_t tail;

    /* Hints with no data behind them: relaxed. */
    atomic_bool segment_room; /* writer: the next segment is there or not yet needed */
    atomic_bool disk_room;    /* whoever refreshed last */
    _Atomic int64_t disk_checked_ms;

    /* Counters: one writer, any reader, relaxed. */
    _Atomic uint64_t commits, records, bytes, commit_us_total, commit_us_max;
};

/** The writer's segment. Writer thread only. */
static inline struct segment *log_current(const struct log *log)
{
    return log->segments[log->segment_count - 1];
}

/**
 * Opens the segment that holds `lsn`, or the oldest one if all are newer, and counts a user.
 * ERR_CORRUPT, ERR_IO, ERR_NO_MEMORY. Any thread.
 */
int log_acquire(struct log *log, struct lsn lsn, struct segment **out);
/** Ends a use; closes, and frees a dropped one, with the last user. NULL is fine. Any thread. */
void log_release(struct log *log, struct segment *segment);

/** "<directory>/<first, 20 digits>.mdb", owned by the caller. */
char *log_segment_path(const struct log *log, struct lsn first);
/** Where the next segment is prepared, owned by the caller. */
char *log_next_path(const struct log *log);

/** Fills the list, tail and tail_hash from what is in the directory. log_open's part. */
int log_recover(struct log *log);

/** Makes the next segment ready, whatever the reserve says. Writer, and log_open. */
int log_make_next(struct log *log, uint64_t bytes);
/** Puts the prepared segment to use, as the one that begins with `first`; replaces an empty one. */
int log_roll(struct log *log, struct lsn first);
/** Sets segment_room from the newest segment. */
void log_note_room(struct log *log);

int64_t log_clock_ms(void); /* monotonic */

#endif
