/**
 * One segment of the log: a file of fixed size, in which frames stand one behind the other.
 * Internal to storage/.
 *
 *     0       header: what the file is, its size, its salt
 *     4096    two marks, 512 bytes apart: places, written in turn
 *     8192    the index: one place for each step of the file, 2,048 in all
 *     65536   frames (log_format.h), then zeros
 *
 * A place says that the frame at this offset begins with this LSN, and that it was durable before
 * the place was written. So a place is where a reader may begin, and proof that the log reaches at
 * least that far. A place that is not readable is as good as none: there is always one before it.
 *
 * The file is made under a provisional name, complete and synced, and gets its name from its first
 * LSN when it comes into use; so a torn file never has a final name. Zeros are written ahead of
 * use: a commit into space that was only reserved makes the file system journal the conversion of
 * its extents, and takes two to three times as long.
 *
 * One thread writes, any number reads through handles of their own.
 */
#ifndef STORAGE_SEGMENT_H
#define STORAGE_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define SEGMENT_BYTES_MIN ((uint64_t)4 << 20)
#define SEGMENT_FRAMES_AT ((uint64_t)64 << 10)
#define SEGMENT_FILL_BYTES ((size_t)256 << 10)

struct segment {
    char *path;
    int fd;     /* through the page cache: reading, header, places */
    int direct; /* past it: frames and zeros; -1 where the file system cannot */
    /* The writer's: what is on its way, and then the block in which the last frame ended. */
    uint8_t *room;
    size_t room_cap;
    uint64_t room_end; /* offset of the end of what stands in the block; 0: nothing */
    uint64_t salt; /* of the checksums of its heads: nobody outside can write what looks like one */
    uint64_t file_bytes;
    uint64_t filled_bytes; /* up to here zeros were written ahead; a reopened file counts as full */
    uint64_t step;         /* bytes of the file for each place of the index */
    uint64_t indexed;      /* number of the last step that has its place */
    unsigned marks;        /* how many marks were written */
};

/**
 * Makes the file, at least `bytes` long, reserved on disk. The name must be free. On failure
 * nothing is left behind. ERR_STORAGE_FULL, ERR_IO, ERR_NO_MEMORY.
 */
int segment_create(const char *path, uint64_t bytes, struct segment **out);
/** Opens an existing one. ERR_CORRUPT (also when it is too short), ERR_NOT_FOUND, ERR_IO. */
int segment_open(const char *path, struct segment **out);
/** Closes and frees. NULL is fine. */
void segment_close(struct segment *segment);

/** Removes the file of that name, durably; that there is none is fine. ERR_IO. */
int segment_unlink(const char *path);
/** Gives the segment its final name, durably. ERR_IO. */
int segment_rename(struct segment *segment, const char *path);

/** Reads up to `len` bytes from `offset`; *got is less only at the end of the file. ERR_IO. */
int segment_read(const struct segment *segment, uint64_t offset, uint8_t *out, size_t len,
                 size_t *got);
/** Writes all `parts`, which it changes. They lie within the file. ERR_IO, ERR_STORAGE_FULL. */
int segment_write(const struct segment *segment, uint64_t offset, struct iovec *parts, int count);
/**
 * The same for a frame, behind which there are only zeros; past the page cache where it can: nobody
 * reads soon what a log writes. `bytes` is the sum of the parts.
 */
int segment_append(struct segment *segment, uint64_t offset, struct iovec *parts, int count,
                   size_t bytes);
/** Makes what was written durable. ERR_IO, after which nothing is known. */
int segment_sync(const struct segment *segment);
/** Writes zeros from `from` to `to` where something else stands, and syncs. ERR_IO. */
int segment_erase(const struct segment *segment, uint64_t from, uint64_t to);

/**
 * Writes zeros to the next SEGMENT_FILL_BYTES that were not filled, and lets the device begin;
 * syncs every 16 MiB and at the end. Not beside a writer of the same segment. False when all is
 * filled, or on a failure, which is harmless.
 */
bool segment_fill_ahead(struct segment *segment);

struct segment_place {
    uint64_t lsn;
    uint64_t offset; /* of the frame that begins with it */
};
/** Puts the durable place into the index if its step has none yet. Best effort, not synced. */
void segment_index(struct segment *segment, struct segment_place place);
/** Notes the durable place at once, over the older one of two marks. Best effort, not synced. */
void segment_mark(struct segment *segment, struct segment_place place);
/** The last known place that is not behind `lsn`; LSN 0 and the first frame if none. ERR_IO. */
int segment_find(const struct segment *segment, uint64_t lsn, struct segment_place *out);

#endif
