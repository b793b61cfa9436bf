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

/** The segment that comes next, and the thread that makes it. Guarded by the log's lock. */
struct log_next {
    pthread_t thread;
    bool running;
    bool stop;
    bool busy;            /* the thread works on `segment`, or makes it, without the lock */
    pthread_cond_t wake;  /* there is work, or it shall stop */
    pthread_cond_t ready; /* no longer busy */
    struct segment *segment;
    uint64_t create_bytes; /* not 0: to be made */
    uint64_t fill_to;      /* zeros are wanted up to here */
    int64_t retry_ms;      /* not before this, after a failure */
};

struct log {
    char *directory;
    uint64_t segment_bytes;
    uint64_t reserve_bytes;
    bool nosync;

    pthread_mutex_t lock; /* guards the next two, and `next` */
    uint64_t *firsts;     /* first LSNs of the segments, ascending; the last one is written to */
    size_t segment_count;
    struct log_next next;

    /* Writer only. */
    struct segment *current;
    uint64_t end;              /* where the next frame goes */
    struct segment_place last; /* the last frame; LSN 0 if it stands in an earlier segment */
    uint64_t marked;           /* LSN of the last frame that has a mark */
    uint64_t prepared_tail;    /* at the last log_prepare */
    uint8_t tail_hash[LOG_HASH_BYTES];

    /*
     * Stored with release by the writer after the sync, loaded with acquire by readers before they
     * read the file: a reader that sees the number finds its records.
     */
    _Atomic uint64_t tail;

    /* Hints with no data behind them: relaxed. */
    atomic_bool current_room; /* writer: much of the newest segment is unused */
    atomic_bool next_failed;  /* who makes it: there was no room for the next one */
    atomic_bool disk_room;    /* whoever refreshed last */
    _Atomic int64_t disk_checked_ms;

    /* Counters: one writer, any reader, relaxed. */
    _Atomic uint64_t commits, records, bytes, commit_us_total, commit_us_max;
};

/**
 * Opens the segment that holds `lsn`, or the oldest one if all are newer, for a reader of its own.
 * *first is its first LSN. ERR_CORRUPT, ERR_NOT_FOUND, ERR_IO. Any thread.
 */
int log_open_segment(struct log *log, struct lsn lsn, struct segment **out, struct lsn *first);

/** "<directory>/<first, 20 digits>.log", owned by the caller. */
char *log_segment_path(const struct log *log, struct lsn first);
/** Where the next segment is prepared, owned by the caller. */
char *log_next_path(const struct log *log);

/** Fills the list, tail and the writer's part from what is in the directory. log_open's part. */
int log_recover(struct log *log);

/** Is so much of the disk free? Any thread. */
bool log_disk_has(const struct log *log, uint64_t bytes);
/** Makes a segment under the provisional name, whatever the reserve says. */
int log_make_segment(const struct log *log, uint64_t bytes, struct segment **out);
/** Puts a prepared segment to use as the one that begins with `first`; replaces an empty one. */
int log_roll(struct log *log, struct segment *next, struct lsn first);
/** Sets current_room. Writer. */
void log_note_room(struct log *log);

/* log_next.c */
void log_next_start(struct log *log);
void log_next_stop(struct log *log);
/** How large the segment behind `current` is to be; the first one if there is none. */
uint64_t log_next_bytes(const struct log *log);
/** Asks for it to be made, and filled as far as it should be by now. Cheap. Writer. */
void log_next_request(struct log *log);
/** What was prepared, or NULL. Waits while it is worked on. Writer. */
struct segment *log_next_take(struct log *log);

int64_t log_clock_ms(void); /* monotonic */

#endif
