/**
 * Frame by frame through one segment. Internal to storage/.
 *
 * A walk reads ahead, up to 256 KiB at a time. Beside a writer it is told how far the log is
 * durable, and trusts what it read ahead only as far as that was known before it was read.
 */
#ifndef STORAGE_LOG_WALK_H
#define STORAGE_LOG_WALK_H

#include "storage/log_format.h"
#include "storage/segment.h"

struct log_walk {
    const struct segment *segment;
    uint64_t offset; /* where the next frame begins */
    struct buffer window;
    size_t at;     /* of `offset` in the window */
    uint64_t seen; /* the tail when the window was read */
};

struct log_frame {
    struct log_head head;
    uint64_t offset;
    struct bytes whole; /* head included; lives until the next call */
    struct bytes body;  /* run of records and commit record */
};

/** LSN of a frame's commit record, which is its last one. */
static inline uint64_t log_head_last(const struct log_head *head)
{
    return head->first + head->count;
}

/** Zeroed before, or ended. The segment outlives the walk. */
void log_walk_begin(struct log_walk *walk, const struct segment *segment, uint64_t offset);
void log_walk_end(struct log_walk *walk);

/**
 * The next frame, which is not verified. ERR_END: no frame that ends at or below `tail` stands
 * here, zeros or a later one; may be asked again. ERR_CORRUPT: what stands here is no frame.
 * ERR_IO. Each but 0 leaves the walk where it is.
 */
int log_walk_next(struct log_walk *walk, uint64_t tail, struct log_frame *out);

/** Where a commit is damaged. */
struct log_fault {
    uint64_t lsn;
    const char *reason; /* static */
};

/**
 * Proves each record's checksum, their number, and the commit's hash upon `previous`; with NULL,
 * upon the one that the commit itself names. ERR_CORRUPT with *fault.
 */
int log_frame_verify(const struct log_frame *frame, const uint8_t *previous,
                     struct log_commit_record *commit, struct log_fault *fault);

#endif
