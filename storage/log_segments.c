/*
 * The list of segments: found at start, extended at roll-over, shortened by dropping, and shared
 * with readers. log.c draws the life of one.
 *
 * LMDB must not have a file open twice in a process, so readers share the log's environments: an
 * older segment is opened by its first user and closed by its last; the newest stays open for the
 * writer, who is one of its users. A dropped segment leaves the list at once and the disk too; its
 * mapping lives until its last user is done.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/error.h"
#include "base/logger.h"
#include "storage/directory.h"
#include "storage/log_internal.h"

#define NEXT_NAME "next.mdb"
#define NAME_DIGITS 20

char *log_segment_path(const struct log *log, struct lsn first)
{
    char name[NAME_DIGITS + sizeof ".mdb"];
    (void)snprintf(name, sizeof name, "%020" PRIu64 ".mdb", first.v);
    return path_join(log->directory, name);
}

char *log_next_path(const struct log *log)
{
    return path_join(log->directory, NEXT_NAME);
}

/* --- sharing --- */

static size_t find_index(const struct log *log, struct lsn lsn)
{
    size_t index = log->segment_count;
    while (index > 1 && log->segments[index - 1]->first.v > lsn.v) {
        index--;
    }
    return index - 1;
}

int log_acquire(struct log *log, struct lsn lsn, struct segment **out)
{
    (void)pthread_mutex_lock(&log->lock);
    struct segment *segment = log->segments[find_index(log, lsn)];
    int error = segment->env == NULL ? segment_open(segment, log->nosync) : 0;
    if (error == 0) {
        segment->users++;
        *out = segment;
    }
    (void)pthread_mutex_unlock(&log->lock);
    return error;
}

static bool is_listed(const struct log *log, const struct segment *segment)
{
    for (size_t i = 0; i < log->segment_count; i++) {
        if (log->segments[i] == segment) {
            return true;
        }
    }
    return false;
}

static void release_locked(struct log *log, struct segment *segment)
{
    CHECK_ALWAYS(segment->users > 0);
    segment->users--;
    if (segment->users > 0) {
        return;
    }
    if (is_listed(log, segment)) {
        segment_close(segment);
    } else {
        segment_free(segment);
    }
}

void log_release(struct log *log, struct segment *segment)
{
    if (segment == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&log->lock);
    release_locked(log, segment);
    (void)pthread_mutex_unlock(&log->lock);
}

static void list_append(struct log *log, struct segment *segment)
{
    size_t size = (log->segment_count + 1) * sizeof(struct segment *);
    log->segments = memory_resize(log->segments, size);
    log->segments[log->segment_count++] = segment;
}

/* --- preparing, rolling over, dropping --- */

int log_make_next(struct log *log, uint64_t bytes)
{
    char *path = log_next_path(log);
    struct segment *next = segment_new(path, (struct lsn){0});
    free(path);
    int error = segment_create(next, bytes, log->nosync);
    if (error != 0) {
        LOG(WARN, "could not prepare a log segment", LOG_PAIR("bytes", LOG_INT(bytes)),
            LOG_PAIR("error", LOG_TEXT(error_name(error))));
        segment_free(next);
        return error;
    }
    log->next = next;
    return 0;
}

int log_roll(struct log *log, struct lsn first)
{
    char *path = log_segment_path(log, first);
    int error = segment_rename(log->next, path, first);
    free(path);
    if (error != 0) {
        return error;
    }
    (void)pthread_mutex_lock(&log->lock);
    struct segment *previous = log->segment_count == 0 ? NULL : log_current(log);
    if (previous != NULL && previous->first.v == first.v) {
        log->segment_count--; /* empty, too small for this commit, and just overwritten on disk */
    }
    log->next->users = 1;
    list_append(log, log->next);
    if (previous != NULL) {
        release_locked(log, previous);
    }
    (void)pthread_mutex_unlock(&log->lock);
    log->next = NULL;
    log_note_room(log);
    return 0;
}

static void list_drop_first(struct log *log)
{
    (void)pthread_mutex_lock(&log->lock);
    struct segment *dropped = log->segments[0];
    log->segment_count--;
    memmove(log->segments, log->segments + 1, log->segment_count * sizeof(struct segment *));
    if (dropped->users == 0) {
        segment_free(dropped);
    }
    (void)pthread_mutex_unlock(&log->lock);
}

int log_drop_below(struct log *log, struct lsn lsn)
{
    /* The tail's commit stays, because the next one is chained to it. */
    uint64_t tail = log_tail(log).v;
    uint64_t keep = lsn.v < tail ? lsn.v : tail;
    while (log->segment_count > 1 && log->segments[1]->first.v <= keep) {
        /* Synced one by one, oldest first: a crash between them leaves no gap. */
        int error = segment_unlink(log->segments[0]);
        if (error != 0) {
            return error;
        }
        list_drop_first(log);
    }
    return 0;
}

/* --- recovery --- */

/* True, and the LSN, if it is the name of a segment in use. */
static bool parse_name(const char *name, struct lsn *first)
{
    uint64_t value = 0;
    for (int i = 0; i < NAME_DIGITS; i++) {
        unsigned digit = (unsigned)(unsigned char)name[i] - '0';
        if (digit > 9 || value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    first->v = value;
    return value != 0 && strcmp(name + NAME_DIGITS, ".mdb") == 0;
}

static int by_first(const void *a, const void *b)
{
    uint64_t x = (*(struct segment *const *)a)->first.v;
    uint64_t y = (*(struct segment *const *)b)->first.v;
    return (x > y) - (x < y);
}

static int list_directory(struct log *log)
{
    DIR *directory = opendir(log->directory);
    if (directory == NULL) {
        return error_from_errno(errno);
    }
    struct dirent *entry;
    struct lsn first;
    while ((entry = readdir(directory)) != NULL) {
        if (parse_name(entry->d_name, &first)) {
            char *path = path_join(log->directory, entry->d_name);
            list_append(log, segment_new(path, first));
            free(path);
        }
    }
    (void)closedir(directory);
    if (log->segment_count > 1) {
        qsort(log->segments, log->segment_count, sizeof(struct segment *), by_first);
    }
    return 0;
}

static int refuse(const struct segment *segment, int error, const char *reason)
{
    LOG(ERROR, "log segment refused", LOG_PAIR("segment", LOG_INT(segment->first.v)),
        LOG_PAIR("error", LOG_TEXT(error_name(error))), LOG_PAIR("reason", LOG_TEXT(reason)));
    return error;
}

/* Removes what a crash left of a segment in preparation; refuses if records are in it after all. */
static int clear_next(struct log *log)
{
    char *path = log_next_path(log);
    struct segment *left = segment_new(path, (struct lsn){0});
    free(path);
    struct lsn last = {0};
    int error = 0;
    if (access(left->path, F_OK) == 0) {
        error = segment_open(left, log->nosync);
        if (error == 0) {
            error = segment_last(left, &last);
            segment_close(left);
        }
        if (last.v != 0) {
            error = refuse(left, ERR_CORRUPT, "a segment that was never in use holds records");
        } else if (error == 0 || error == ERR_CORRUPT) {
            error = segment_unlink(left);
        }
    }
    segment_free(left);
    return error;
}

/* Opens each segment: its length, its end, and that its successor begins there. */
static int check_sequence(struct log *log, struct lsn *tail)
{
    tail->v = log->segments[0]->first.v - 1;
    for (size_t i = 0; i < log->segment_count; i++) {
        struct segment *segment = log->segments[i];
        bool newest = i + 1 == log->segment_count;
        if (segment->first.v != tail->v + 1) {
            return refuse(segment, ERR_CORRUPT, "a segment before it is missing");
        }
        struct lsn last = {0};
        int error = segment_open(segment, log->nosync);
        if (error == 0) {
            error = segment_last(segment, &last);
        }
        if (error != 0) {
            return refuse(segment, error, "it does not open, or is shorter than it claims");
        }
        if (last.v == 0 ? !newest : last.v < segment->first.v) {
            return refuse(segment, ERR_CORRUPT, "it ends before it begins");
        }
        if (newest) {
            segment->users = 1;
        } else {
            segment_close(segment);
        }
        tail->v = last.v == 0 ? tail->v : last.v;
    }
    return 0;
}

/* Reads the last commit as any reader would, and takes the chain's end from it. */
static int check_last_commit(struct log *log)
{
    struct log_reader *reader;
    int error = log_reader_open(log, log_tail(log), &reader);
    if (error != 0) {
        return refuse(log_current(log), error, "its last commit cannot be read");
    }
    struct log_record record;
    do {
        error = log_reader_next(reader, &record);
    } while (error == 0);
    struct log_commit_info info;
    if (error == ERR_END && log_reader_commit(reader, &info) && info.lsn.v == log_tail(log).v) {
        memcpy(log->tail_hash, info.hash, LOG_HASH_BYTES);
        error = 0;
    } else {
        const char *reason = "its last record is no commit";
        struct lsn place = log_reader_fault(reader, &reason);
        LOG(ERROR, "last commit of the log is damaged", LOG_PAIR("lsn", LOG_INT(place.v)),
            LOG_PAIR("reason", LOG_TEXT(reason)));
        error = error == ERR_END ? ERR_CORRUPT : error;
    }
    log_reader_close(reader);
    return error;
}

int log_recover(struct log *log)
{
    int error = clear_next(log);
    if (error == 0) {
        error = list_directory(log);
    }
    if (error != 0 || log->segment_count == 0) {
        return error;
    }
    struct lsn tail;
    error = check_sequence(log, &tail);
    if (error != 0) {
        return error;
    }
    atomic_store_explicit(&log->tail, tail.v, memory_order_relaxed); /* no other thread yet */
    if (tail.v != 0) {
        error = check_last_commit(log);
    }
    log_note_room(log);
    return error;
}
