/**
 * One segment of the log: one LMDB file with u64 LSN → stored form. Internal to storage/.
 *
 * A file is made under a provisional name, complete (environment, reserved space, synced), and
 * gets its name from its first LSN when it comes into use; so a torn file never has a final name.
 */
#ifndef STORAGE_SEGMENT_H
#define STORAGE_SEGMENT_H

#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/ids.h"

#define SEGMENT_BYTES_MIN ((uint64_t)4 << 20)

struct segment {
    char *path;
    struct lsn first; /* {0} while it is only prepared */
    MDB_env *env;     /* NULL while closed */
    MDB_dbi records;
    uint64_t file_bytes;   /* valid while open, like the next two */
    uint64_t filled_bytes; /* how far a prepared file was filled with zeros ahead of use */
    uint32_t page_bytes;
    uint32_t users; /* guarded by the log's lock; the log is one user of the newest */
};

struct segment *segment_new(const char *path, struct lsn first);
/** Closes it if open, and frees. NULL is fine. */
void segment_free(struct segment *segment);

/**
 * Makes the file, at least `bytes` long, and leaves it open. The name must be free. On failure
 * nothing is left behind. ERR_STORAGE_FULL, ERR_IO, ERR_NO_MEMORY.
 */
int segment_create(struct segment *segment, uint64_t bytes, bool nosync);

/** Opens an existing file and checks its length. ERR_CORRUPT, ERR_IO, ERR_NO_MEMORY. */
int segment_open(struct segment *segment, bool nosync);
void segment_close(struct segment *segment);

/** Removes file and lock file, durably. */
int segment_unlink(struct segment *segment);

/** Gives the open segment its final name, durably. */
int segment_rename(struct segment *segment, const char *path, struct lsn first);

/** The last key, {0} in an empty segment. ERR_CORRUPT, ERR_IO. */
int segment_last(struct segment *segment, struct lsn *last);

/** Bytes that can be written for certain; see segment_cost. */
uint64_t segment_room(const struct segment *segment);

/** An upper bound of the room a commit takes, whatever the sizes of its records. */
uint64_t segment_cost(uint64_t bytes, uint64_t records);

/**
 * Writes zeros to the next 256 KiB that were not used yet, and syncs: a commit into space that
 * was only reserved makes the file system journal the conversion of its extents, and costs a
 * quarter more. False when there is nothing left to fill, or on a failure, which is harmless.
 */
bool segment_fill_ahead(struct segment *segment);

#endif
