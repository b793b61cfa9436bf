/*
 * What is on disk at start, and where the log ends.
 *
 * The end is looked for from the last place that the newest segment knows (segment.h): all frames
 * before it were durable. The first one behind it that does not prove itself ends the log, because
 * only one commit is in flight at a time, and a crash may have torn that one. It was never
 * acknowledged, and its remains are overwritten with zeros.
 *
 * A torn commit and a damaged one look alike, but nothing follows a torn one. So it is damage, and
 * the log is refused,
 *   - if a head of a later commit stands within reach behind it: a commit is written only after the
 *     one before it was synced;
 *   - if a place of the index or a mark names it: those are written after the sync too. A mark is
 *     made whenever the log comes to rest, and when it is closed.
 * What remains is damage of the very last commit before a crash; state tells if it was further.
 *
 * The last frame is written once more and synced: after a sync that failed, the kernel may hold
 * pages for clean that the device never got, and another process must not take them for durable.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/error.h"
#include "base/logger.h"
#include "storage/log_internal.h"
#include "storage/log_walk.h"

#define NAME_DIGITS 20
#define REACH (3 * LOG_FRAME_MAX) /* how far behind a torn commit later ones are looked for */
#define SEARCH_BYTES ((size_t)1 << 20)

/* --- names --- */

/* True, and the LSN, if it is the name of a segment in use. */
static bool parse_name(const char *name, uint64_t *first)
{
    uint64_t value = 0;
    for (int i = 0; i < NAME_DIGITS; i++) {
        unsigned digit = (unsigned)(unsigned char)name[i] - '0';
        if (digit > 9 || value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *first = value;
    return value != 0 && strcmp(name + NAME_DIGITS, ".log") == 0;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int list_directory(struct log *log)
{
    DIR *directory = opendir(log->directory);
    if (directory == NULL) {
        return error_from_errno(errno);
    }
    struct dirent *entry;
    uint64_t first;
    while ((entry = readdir(directory)) != NULL) {
        if (parse_name(entry->d_name, &first)) {
            size_t size = (log->segment_count + 1) * sizeof first;
            log->firsts = memory_resize(log->firsts, size);
            log->firsts[log->segment_count++] = first;
        }
    }
    (void)closedir(directory);
    if (log->segment_count > 1) {
        qsort(log->firsts, log->segment_count, sizeof *log->firsts, by_value);
    }
    return 0;
}

static int refuse(uint64_t first, int error, const char *reason)
{
    LOG(ERROR, "log segment refused", LOG_PAIR("segment", LOG_INT(first)),
        LOG_PAIR("error", LOG_TEXT(error_name(error))), LOG_PAIR("reason", LOG_TEXT(reason)));
    return error;
}

/* Removes what a crash left of a segment in preparation; refuses if commits are in it after all. */
static int clear_next(const struct log *log)
{
    char *path = log_next_path(log);
    struct segment *left;
    int error = segment_open(path, &left);
    if (error == 0) {
        struct log_walk walk = {0};
        struct log_frame frame;
        log_walk_begin(&walk, left, SEGMENT_FRAMES_AT);
        error = log_walk_next(&walk, UINT64_MAX, &frame);
        log_walk_end(&walk);
        segment_close(left);
        error = error == 0 ? refuse(0, ERR_CORRUPT, "one that was never in use holds commits")
                           : (error == ERR_IO ? ERR_IO : segment_unlink(path));
    } else if (error == ERR_CORRUPT) {
        error = segment_unlink(path);
    }
    free(path);
    return error == ERR_NOT_FOUND ? 0 : error;
}

/* --- the end of one segment --- */

struct end {
    uint64_t lsn;              /* last one, that of a commit; first - 1 in an empty segment */
    uint64_t offset;           /* behind the last frame */
    struct segment_place last; /* the last frame; LSN 0 if there is none */
    uint8_t hash[LOG_HASH_BYTES];
    int error; /* why it ends: ERR_END at zeros, ERR_CORRUPT at something else, ERR_IO */
    struct log_fault fault;
    bool known; /* what does not prove itself was durable once */
};

static const char *why_no_frame(int error)
{
    return error == ERR_END ? "a commit is missing" : "head of the commit";
}

/* Proves frame after frame, from the last known place on. ERR_IO, else 0. */
static int find_end(const struct segment *segment, uint64_t first, struct end *end)
{
    struct segment_place from;
    struct log_walk walk = {0};
    *end = (struct end){.lsn = first - 1};
    int error = segment_find(segment, UINT64_MAX, &from);
    log_walk_begin(&walk, segment, from.offset);
    if (from.lsn != 0) {
        end->lsn = from.lsn - 1;
        end->known = true;
    }
    while (error == 0) {
        struct log_frame frame;
        struct log_commit_record commit;
        end->offset = walk.offset;
        error = log_walk_next(&walk, UINT64_MAX, &frame);
        if (error == 0 && frame.head.first != end->lsn + 1) {
            error = ERR_CORRUPT; /* as a frame of another place would be */
        }
        if (error != 0) {
            end->fault = (struct log_fault){end->lsn + 1, why_no_frame(error)};
            break;
        }
        const uint8_t *previous = end->last.lsn == 0 ? NULL : end->hash;
        error = log_frame_verify(&frame, previous, &commit, &end->fault);
        if (error == 0) {
            end->known = false;
            end->lsn = log_head_last(&frame.head);
            end->last = (struct segment_place){frame.head.first, frame.offset};
            memcpy(end->hash, commit.hash, LOG_HASH_BYTES);
        }
    }
    log_walk_end(&walk);
    end->error = error;
    return error == ERR_END || error == ERR_CORRUPT ? 0 : error;
}

/* Is there a head of a commit with an LSN above `lsn` in what was read? */
static bool shows_later(const struct segment *segment, struct bytes data, uint64_t lsn)
{
    struct log_head head;
    const uint8_t *at;
    while ((at = log_head_search(data)) != NULL) {
        data.len -= (size_t)(at - data.data);
        data.data = at;
        if (data.len >= LOG_FRAME_FRONT && log_head_decode(at, segment->salt, &head) == 0 &&
            head.first > lsn) {
            return true;
        }
        data.data++;
        data.len--;
    }
    return false;
}

/* Does a later commit stand behind the end? 1, 0, or ERR_IO. */
static int later_commit(const struct segment *segment, const struct end *end)
{
    struct buffer window = {0};
    int found = 0;
    buffer_grow(&window, SEARCH_BYTES);
    for (uint64_t at = end->offset; found == 0 && at < end->offset + REACH;) {
        int error = segment_read(segment, at, window.data, SEARCH_BYTES, &window.len);
        if (error != 0) {
            found = error;
        } else if (shows_later(segment, buffer_bytes(&window), end->lsn + 1)) {
            found = 1;
        }
        if (window.len < SEARCH_BYTES) {
            break;
        }
        at += SEARCH_BYTES - LOG_FRAME_FRONT; /* a head may stand across the border */
    }
    buffer_fini(&window);
    return found;
}

/* The last frame once more, and all of the file to the device. */
static int make_durable(const struct segment *segment, const struct end *end)
{
    size_t len = end->last.lsn == 0 ? 0 : (size_t)(end->offset - end->last.offset);
    uint8_t *frame = memory_alloc(len + 1);
    size_t got = 0;
    int error = segment_read(segment, end->last.offset, frame, len, &got);
    if (error == 0 && got == len) {
        struct iovec part = {.iov_base = frame, .iov_len = len};
        error = segment_write(segment, end->last.offset, &part, 1);
    }
    free(frame);
    return error == 0 ? segment_sync(segment) : error;
}

static int end_newest(const struct segment *segment, uint64_t first, const struct end *end)
{
    int later = end->known ? 1 : later_commit(segment, end);
    if (later == 1) {
        LOG(ERROR, "a commit of the log is damaged", LOG_PAIR("lsn", LOG_INT(end->fault.lsn)),
            LOG_PAIR("reason", LOG_TEXT(end->fault.reason)));
        return refuse(first, ERR_CORRUPT, end->fault.reason);
    }
    if (later != 0) {
        return refuse(first, later, "it cannot be read");
    }
    if (end->error == ERR_CORRUPT) {
        LOG(WARN, "an unfinished commit at the end of the log is taken back",
            LOG_PAIR("lsn", LOG_INT(end->lsn + 1)));
    }
    uint64_t reach = end->offset + LOG_FRAME_MAX;
    int error = segment_erase(segment, end->offset,
                              reach < segment->file_bytes ? reach : segment->file_bytes);
    return error == 0 ? make_durable(segment, end) : error;
}

/* --- all of them --- */

static int open_listed(const struct log *log, size_t index, struct segment **out)
{
    char *path = log_segment_path(log, (struct lsn){log->firsts[index]});
    int error = segment_open(path, out);
    free(path);
    return error == 0
               ? 0
               : refuse(log->firsts[index], error, "it does not open, or is shorter than it was");
}

/* Takes the end of one segment for that of the log so far; the newest stays open. */
static int check_segment(struct log *log, size_t index, uint64_t *tail)
{
    uint64_t first = log->firsts[index];
    bool newest = index + 1 == log->segment_count;
    struct segment *segment;
    struct end end;
    if (index > 0 && first != *tail + 1) {
        return refuse(first, ERR_CORRUPT, "a segment or a commit before it is missing");
    }
    int error = open_listed(log, index, &segment);
    if (error != 0) {
        return error;
    }
    error = find_end(segment, first, &end);
    if (error != 0) {
        error = refuse(first, error, "it cannot be read");
    } else if (newest) {
        error = end_newest(segment, first, &end);
    } else if (end.known || end.last.lsn == 0) {
        error = refuse(first, ERR_CORRUPT, end.fault.reason);
    }
    if (error != 0 || !newest) {
        segment_close(segment);
    } else {
        log->current = segment;
        log->end = end.offset;
        log->last = end.last;
    }
    if (error == 0 && end.last.lsn != 0) {
        memcpy(log->tail_hash, end.hash, LOG_HASH_BYTES);
    }
    *tail = end.lsn;
    return error;
}

int log_recover(struct log *log)
{
    uint64_t tail = 0;
    int error = clear_next(log);
    if (error == 0) {
        error = list_directory(log);
    }
    for (size_t i = 0; error == 0 && i < log->segment_count; i++) {
        error = check_segment(log, i, &tail);
    }
    if (error != 0 || log->segment_count == 0) {
        return error;
    }
    if (tail != 0 && log->segment_count == 1 && log->last.lsn == 0) {
        return refuse(log->firsts[0], ERR_CORRUPT, "the commit before it is missing");
    }
    atomic_store_explicit(&log->tail, tail, memory_order_relaxed); /* no other thread yet */
    log_note_room(log);
    return 0;
}
