/*
 * The list of segments: extended at roll-over, shortened by dropping, looked up by readers. log.c
 * draws the life of one, log_recover.c finds them at start.
 *
 * A reader opens the file itself. A dropped segment leaves the list first, then the disk; who has
 * it open reads on.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/error.h"
#include "base/logger.h"
#include "storage/directory.h"
#include "storage/log_internal.h"

#define NEXT_NAME "next.log"

char *log_segment_path(const struct log *log, struct lsn first)
{
    char name[32];
    (void)snprintf(name, sizeof name, "%020" PRIu64 ".log", first.v);
    return path_join(log->directory, name);
}

char *log_next_path(const struct log *log)
{
    return path_join(log->directory, NEXT_NAME);
}

static size_t find_index(const struct log *log, uint64_t lsn)
{
    size_t index = log->segment_count;
    while (index > 1 && log->firsts[index - 1] > lsn) {
        index--;
    }
    return index - 1;
}

int log_open_segment(struct log *log, struct lsn lsn, struct segment **out, struct lsn *first)
{
    (void)pthread_mutex_lock(&log->lock);
    first->v = log->firsts[find_index(log, lsn.v)];
    char *path = log_segment_path(log, *first);
    int error = segment_open(path, out); /* under the lock: it cannot be dropped meanwhile */
    (void)pthread_mutex_unlock(&log->lock);
    free(path);
    return error;
}

int log_make_segment(const struct log *log, uint64_t bytes, struct segment **out)
{
    char *path = log_next_path(log);
    int error = segment_create(path, bytes, out);
    if (error != 0) {
        LOG(WARN, "could not prepare a log segment", LOG_PAIR("bytes", LOG_INT(bytes)),
            LOG_PAIR("error", LOG_TEXT(error_name(error))));
    }
    free(path);
    return error;
}

int log_roll(struct log *log, struct segment *next, struct lsn first)
{
    char *path = log_segment_path(log, first);
    int error = segment_rename(next, path);
    free(path);
    if (error != 0) {
        return error;
    }
    (void)pthread_mutex_lock(&log->lock);
    /* An empty one, too small for this commit, was just overwritten on disk. */
    if (log->segment_count == 0 || log->firsts[log->segment_count - 1] != first.v) {
        size_t size = (log->segment_count + 1) * sizeof *log->firsts;
        log->firsts = memory_resize(log->firsts, size);
        log->firsts[log->segment_count++] = first.v;
    }
    (void)pthread_mutex_unlock(&log->lock);
    segment_close(log->current);
    log->current = next;
    log->end = SEGMENT_FRAMES_AT;
    log->last = (struct segment_place){0};
    log_note_room(log);
    return 0;
}

static struct lsn list_drop_first(struct log *log)
{
    (void)pthread_mutex_lock(&log->lock);
    struct lsn dropped = {log->firsts[0]};
    log->segment_count--;
    memmove(log->firsts, log->firsts + 1, log->segment_count * sizeof *log->firsts);
    (void)pthread_mutex_unlock(&log->lock);
    return dropped;
}

int log_drop_below(struct log *log, struct lsn lsn)
{
    /* The tail's commit stays, because the next one is chained to it. */
    uint64_t tail = log_tail(log).v;
    uint64_t keep = lsn.v < tail ? lsn.v : tail;
    int error = 0;
    while (error == 0 && log->segment_count > 1 && log->firsts[1] <= keep) {
        /* Synced one by one, oldest first: a crash between them leaves no gap. */
        char *path = log_segment_path(log, list_drop_first(log));
        error = segment_unlink(path);
        free(path);
    }
    return error;
}
