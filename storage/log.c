/*
 * The log: its life, room in it, and the commit.
 *
 * Life of a segment:
 *
 *     (none) --create--> next.log --rename at roll-over--> <first LSN>.log --drop--> (none)
 *
 * next.log is complete and synced before it counts as prepared, and the rename is synced before
 * the first commit goes into it. So a file with a final name is always whole (a damaged one is
 * damage, never a torn creation), next.log never holds a commit, and whatever a crash left under
 * that name is made anew.
 *
 * A commit is one frame, written behind the last one by one pwrite, and acknowledged after one
 * fdatasync. If either fails nobody knows what is on disk, and the process ends. Room was asked for
 * before, by log_has_room, so that a full disk is met in admission and not here.
 *
 * Threads: one writer (log_commit, log_prepare, log_drop_below); one that prepares the next
 * segment; any number of readers. The lock guards the list and the next segment, and is never held
 * during a write.
 */
#include "storage/log.h"

#include <stdlib.h>
#include <sys/statvfs.h>
#include <time.h>

#include "base/check.h"
#include "base/error.h"
#include "storage/directory.h"
#include "storage/fatal.h"
#include "storage/log_internal.h"

#define SEGMENT_BYTES_DEFAULT ((uint64_t)1 << 30)
#define RESERVE_BYTES_DEFAULT ((uint64_t)256 << 20)
#define ROOM_CACHE_MS 1000

int64_t log_clock_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t clock_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t wall_clock_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool log_disk_has(const struct log *log, uint64_t bytes)
{
    struct statvfs disk;
    return statvfs(log->directory, &disk) == 0 &&
           (uint64_t)disk.f_bavail >= (bytes + disk.f_frsize - 1) / disk.f_frsize;
}

/* --- opening --- */

/* The first segment of a new log, filled with zeros: what was just made is soon written to. */
static int make_first(struct log *log)
{
    struct segment *first;
    int error = log_make_segment(log, log_next_bytes(log), &first);
    while (error == 0 && segment_fill_ahead(first)) {
    }
    if (error == 0) {
        error = log_roll(log, first, (struct lsn){1});
    }
    return error;
}

static int open_parts(struct log *log)
{
    int error = directory_make(log->directory);
    if (error == 0) {
        error = log_recover(log);
    }
    if (error == 0 && log->segment_count == 0) {
        error = make_first(log);
    }
    return error;
}

int log_open(const struct log_config *config, struct log **out)
{
    if (sodium_init() < 0) {
        return ERR_INTERNAL;
    }
    struct log *log = memory_alloc(sizeof *log);
    log->directory = text_copy(config->directory);
    log->segment_bytes = config->segment_bytes == 0 ? SEGMENT_BYTES_DEFAULT : config->segment_bytes;
    if (log->segment_bytes < SEGMENT_BYTES_MIN) {
        log->segment_bytes = SEGMENT_BYTES_MIN;
    }
    log->reserve_bytes = config->reserve_bytes == 0 ? RESERVE_BYTES_DEFAULT : config->reserve_bytes;
    log->nosync = config->test_nosync;
    log->disk_checked_ms = log_clock_ms() - ROOM_CACHE_MS;
    CHECK_ALWAYS(pthread_mutex_init(&log->lock, NULL) == 0);
    CHECK_ALWAYS(pthread_cond_init(&log->next.wake, NULL) == 0);
    CHECK_ALWAYS(pthread_cond_init(&log->next.ready, NULL) == 0);
    int error = open_parts(log);
    if (error != 0) {
        log_close(log);
        return error;
    }
    log->marked = log->prepared_tail = log_tail(log).v; /* recovery found it, so it has no need */
    log_next_start(log);
    log_prepare(log);
    /* Known before anyone asks: of two who ask first, one would read what nobody has looked up. */
    atomic_store_explicit(&log->disk_room, log_disk_has(log, log->reserve_bytes),
                          memory_order_relaxed);
    *out = log;
    return 0;
}

/* The log is at rest: from now on damage of its last commit can be told from a torn one. */
static void mark(struct log *log)
{
    uint64_t tail = atomic_load_explicit(&log->tail, memory_order_relaxed); /* own store */
    if (log->marked == tail || log->last.lsn == 0) {
        return;
    }
    log->marked = tail;
    segment_mark(log->current, log->last);
    if (!log->nosync) {
        (void)segment_sync(log->current); /* the frame is durable without it */
    }
}

void log_close(struct log *log)
{
    if (log == NULL) {
        return;
    }
    log_next_stop(log);
    if (log->current != NULL) {
        mark(log);
    }
    segment_close(log->current);
    free(log->firsts);
    free(log->directory);
    (void)pthread_cond_destroy(&log->next.wake);
    (void)pthread_cond_destroy(&log->next.ready);
    (void)pthread_mutex_destroy(&log->lock);
    free(log);
}

struct lsn log_tail(const struct log *log)
{
    return (struct lsn){atomic_load_explicit(&log->tail, memory_order_acquire)};
}

/* --- room --- */

bool log_has_room(const struct log *log)
{
    /* Only hints change, and they are atomic: to its callers the log stays as it was. */
    struct log *cache = (struct log *)log;
    int64_t now = log_clock_ms();
    int64_t checked = atomic_load_explicit(&cache->disk_checked_ms, memory_order_relaxed);
    if (now - checked >= ROOM_CACHE_MS &&
        atomic_compare_exchange_strong_explicit(&cache->disk_checked_ms, &checked, now,
                                                memory_order_relaxed, memory_order_relaxed)) {
        atomic_store_explicit(&cache->disk_room, log_disk_has(log, log->reserve_bytes),
                              memory_order_relaxed);
    }
    return atomic_load_explicit(&cache->disk_room, memory_order_relaxed) &&
           (!atomic_load_explicit(&cache->next_failed, memory_order_relaxed) ||
            atomic_load_explicit(&cache->current_room, memory_order_relaxed));
}

static uint64_t room_left(const struct log *log)
{
    return log->current->file_bytes - log->end;
}

void log_note_room(struct log *log)
{
    bool room = room_left(log) >= log->current->file_bytes / 4;
    atomic_store_explicit(&log->current_room, room, memory_order_relaxed);
}

void log_prepare(struct log *log)
{
    uint64_t tail = atomic_load_explicit(&log->tail, memory_order_relaxed); /* own store */
    if (tail == log->prepared_tail) {
        mark(log);
    }
    log->prepared_tail = tail;
    log_next_request(log);
}

/* --- the commit --- */

/* A frame in the making: what surrounds the records, and what it is to hold. */
struct frame {
    struct log_head head;
    struct log_commit_record commit;
    uint8_t front[LOG_FRAME_FRONT];
    uint8_t back[LOG_FRAME_BACK];
};

static size_t frame_bytes(const struct frame *frame)
{
    return LOG_FRAME_FRONT + frame->head.bytes;
}

/* Number, bytes and hash of the records, before anything is written. */
static void measure(const struct log *log, const struct bytes *batches, uint32_t batch_count,
                    struct frame *frame)
{
    struct log_chain chain;
    size_t bytes = 0;
    log_chain_begin(&chain, log->tail_hash, (struct lsn){frame->head.first});
    for (uint32_t i = 0; i < batch_count; i++) {
        size_t at = 0;
        struct bytes stored;
        while (log_run_next(batches[i], &at, &stored)) {
            CHECK_ALWAYS(stored.len >= LOG_RECORD_MIN && stored.data[0] == LOG_FORM_RECORD);
            log_chain_add(&chain, stored);
            frame->head.count++;
        }
        CHECK_ALWAYS(at == batches[i].len);
        bytes += batches[i].len;
    }
    CHECK_ALWAYS(bytes <= LOG_COMMIT_MAX);
    frame->head.bytes = (uint32_t)(bytes + LOG_FRAME_BACK);
    frame->commit.count = frame->head.count;
    frame->commit.at_ms = wall_clock_ms();
    memcpy(frame->commit.previous, log->tail_hash, LOG_HASH_BYTES);
    log_chain_end(&chain, frame->commit.count, frame->commit.at_ms, frame->commit.hash);
}

static void must(int error)
{
    if (error != 0) {
        storage_fatal("log commit", error_name(error));
    }
}

static struct iovec part_of(const void *data, size_t len)
{
    return (struct iovec){.iov_base = (void *)data, .iov_len = len};
}

/* Writes the frame behind the last one, and syncs. */
static void write_frame(struct log *log, const struct bytes *batches, uint32_t batch_count,
                        struct frame *frame)
{
    struct iovec *parts = memory_alloc((batch_count + 2) * sizeof *parts);
    log_head_encode(&frame->head, log->current->salt, frame->front);
    put_u32(frame->back, LOG_COMMIT_BYTES);
    log_commit_encode(&frame->commit, frame->back + LOG_RUN_PREFIX);
    parts[0] = part_of(frame->front, sizeof frame->front);
    for (uint32_t i = 0; i < batch_count; i++) {
        parts[i + 1] = part_of(batches[i].data, batches[i].len);
    }
    parts[batch_count + 1] = part_of(frame->back, sizeof frame->back);
    must(segment_append(log->current, log->end, parts, (int)batch_count + 2, frame_bytes(frame)));
    free(parts);
    if (!log->nosync) {
        must(segment_sync(log->current));
    }
}

static void count(struct log *log, const struct frame *frame, uint64_t took_us)
{
    atomic_fetch_add_explicit(&log->commits, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&log->records, frame->head.count, memory_order_relaxed);
    atomic_fetch_add_explicit(&log->bytes, frame->head.bytes - LOG_FRAME_BACK,
                              memory_order_relaxed);
    atomic_fetch_add_explicit(&log->commit_us_total, took_us, memory_order_relaxed);
    if (took_us > atomic_load_explicit(&log->commit_us_max, memory_order_relaxed)) {
        atomic_store_explicit(&log->commit_us_max, took_us, memory_order_relaxed);
    }
}

static void make_room(struct log *log, const struct frame *frame)
{
    size_t bytes = frame_bytes(frame);
    if (room_left(log) >= bytes) {
        return;
    }
    struct segment *next = log_next_take(log);
    if (next != NULL && next->file_bytes - SEGMENT_FRAMES_AT < bytes) {
        must(segment_unlink(next->path)); /* larger than any ordinary segment */
        segment_close(next);
        next = NULL;
    }
    if (next == NULL) {
        uint64_t least = SEGMENT_FRAMES_AT + 2 * bytes;
        least = least > SEGMENT_BYTES_MIN ? least : SEGMENT_BYTES_MIN;
        uint64_t ordinary = log_next_bytes(log);
        int error = ordinary <= least ? ERR_STORAGE_FULL : log_make_segment(log, ordinary, &next);
        if (error == ERR_STORAGE_FULL) { /* a small one, of the reserve: this was admitted */
            error = log_make_segment(log, least, &next);
        }
        must(error);
    }
    must(log_roll(log, next, (struct lsn){frame->head.first}));
    log_next_request(log);
}

struct lsn log_commit(struct log *log, const struct bytes *batches, uint32_t batch_count,
                      struct lsn *tail)
{
    uint64_t before = atomic_load_explicit(&log->tail, memory_order_relaxed); /* own store */
    struct frame frame = {.head.first = before + 1};
    int64_t began_us = clock_us();
    measure(log, batches, batch_count, &frame);
    tail->v = before;
    if (frame.head.count != 0) {
        make_room(log, &frame);
        write_frame(log, batches, batch_count, &frame);
        log->last = (struct segment_place){frame.head.first, log->end};
        log->end += frame_bytes(&frame);
        memcpy(log->tail_hash, frame.commit.hash, LOG_HASH_BYTES);
        tail->v = before + frame.head.count + 1;
        atomic_store_explicit(&log->tail, tail->v, memory_order_release);
        segment_index(log->current, log->last);
        count(log, &frame, (uint64_t)(clock_us() - began_us));
        log_note_room(log);
    }
    return (struct lsn){before + 1};
}

void log_stats(const struct log *log, struct log_stats *out)
{
    struct log *own = (struct log *)log; /* for the lock */
    out->commits = atomic_load_explicit(&log->commits, memory_order_relaxed);
    out->records = atomic_load_explicit(&log->records, memory_order_relaxed);
    out->bytes = atomic_load_explicit(&log->bytes, memory_order_relaxed);
    out->commit_us_total = atomic_load_explicit(&log->commit_us_total, memory_order_relaxed);
    out->commit_us_max = atomic_load_explicit(&log->commit_us_max, memory_order_relaxed);
    (void)pthread_mutex_lock(&own->lock);
    out->segments = log->segment_count;
    (void)pthread_mutex_unlock(&own->lock);
}
