/*
 * The log: its segments, and the commit.
 *
 * Life of a segment:
 *
 *     (none) --create--> next.mdb --rename at roll-over--> <first LSN>.mdb --drop--> (none)
 *
 * next.mdb is complete and synced before it counts as prepared, and the rename is synced before
 * the first commit goes into it. So a file with a final name is always a valid environment (a
 * damaged one is damage, never a torn creation), next.mdb never holds a record, and whatever a
 * crash left under that name is made anew.
 *
 * A commit is acknowledged after mdb_txn_commit returned 0: pages synced by fdatasync, then the
 * meta page written through an O_DSYNC descriptor. If any step fails nobody knows what is on disk,
 * and the process ends. Room was asked for before, by log_has_room, so that a full disk is met in
 * admission and not here.
 *
 * Threads: one writer (log_commit, log_prepare, log_drop_below); any number of readers. The lock
 * guards only the list of segments, and is never held during a write.
 */
#include "storage/log.h"

#include <stdlib.h>
#include <sys/statvfs.h>
#include <time.h>

#include "base/check.h"
#include "base/error.h"
#include "base/logger.h"
#include "storage/directory.h"
#include "storage/lmdb_error.h"
#include "storage/lmdb_trim.h"
#include "storage/log_internal.h"

#define SEGMENT_BYTES_DEFAULT ((uint64_t)1 << 30)
#define RESERVE_BYTES_DEFAULT ((uint64_t)256 << 20)
#define ROOM_CACHE_MS 1000
#define PREPARE_RETRY_MS 1000
#define FILL_AT_CREATION ((uint64_t)64 << 20)

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

static bool disk_has(const struct log *log, uint64_t bytes)
{
    struct statvfs disk;
    return statvfs(log->directory, &disk) == 0 &&
           (uint64_t)disk.f_bavail >= (bytes + disk.f_frsize - 1) / disk.f_frsize;
}

/* --- opening --- */

static int open_parts(struct log *log)
{
    int error = directory_make(log->directory);
    if (error == 0) {
        error = log_recover(log);
    }
    if (error == 0 && log->segment_count == 0) {
        error = log_make_next(log, log->segment_bytes);
        while (error == 0 && log->next->filled_bytes < FILL_AT_CREATION &&
               segment_fill_ahead(log->next)) {
        }
        if (error == 0) {
            error = log_roll(log, (struct lsn){1});
        }
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
    int error = open_parts(log);
    if (error != 0) {
        log_close(log);
        return error;
    }
    log_prepare(log);
    /* Known before anyone asks: of two who ask first, one would read what nobody has looked up. */
    atomic_store_explicit(&log->disk_room, disk_has(log, log->reserve_bytes), memory_order_relaxed);
    *out = log;
    return 0;
}

void log_close(struct log *log)
{
    if (log == NULL) {
        return;
    }
    for (size_t i = 0; i < log->segment_count; i++) {
        segment_free(log->segments[i]);
    }
    free(log->segments);
    segment_free(log->next);
    free(log->directory);
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
        atomic_store_explicit(&cache->disk_room, disk_has(log, log->reserve_bytes),
                              memory_order_relaxed);
    }
    return atomic_load_explicit(&cache->disk_room, memory_order_relaxed) &&
           atomic_load_explicit(&cache->segment_room, memory_order_relaxed);
}

void log_note_room(struct log *log)
{
    bool room = log->next != NULL || segment_room(log_current(log)) >= log->segment_bytes / 4;
    atomic_store_explicit(&log->segment_room, room, memory_order_relaxed);
}

void log_trim(struct log *log)
{
    lmdb_trim(log_current(log)->env);
}

void log_prepare(struct log *log)
{
    if (log->next != NULL) {
        (void)segment_fill_ahead(log->next);
        return;
    }
    int64_t now = log_clock_ms();
    if (segment_room(log_current(log)) > log->segment_bytes / 2 || now < log->prepare_after_ms) {
        return;
    }
    log->prepare_after_ms = now + PREPARE_RETRY_MS;
    if (disk_has(log, log->segment_bytes + log->reserve_bytes)) {
        (void)log_make_next(log, log->segment_bytes); /* logged; tried again in a second */
    }
    log_note_room(log);
}

/* --- the commit --- */

struct commit_size {
    uint64_t bytes;
    uint64_t records;
};

/* Lengths and room, before anything is written. */
static struct commit_size measure(const struct bytes *batches, uint32_t batch_count)
{
    struct commit_size size = {0};
    for (uint32_t i = 0; i < batch_count; i++) {
        size_t at = 0;
        struct bytes stored;
        while (log_run_next(batches[i], &at, &stored)) {
            CHECK_ALWAYS(stored.len >= LOG_RECORD_MIN && stored.data[0] == LOG_FORM_RECORD);
            size.records++;
        }
        CHECK_ALWAYS(at == batches[i].len);
        size.bytes += batches[i].len;
    }
    CHECK_ALWAYS(size.bytes <= LOG_COMMIT_MAX);
    return size;
}

static void must(int rc)
{
    if (rc != 0) {
        lmdb_fatal("log commit", rc);
    }
}

static void put(MDB_cursor *cursor, uint64_t lsn, struct bytes stored)
{
    MDB_val key = {.mv_size = sizeof lsn, .mv_data = &lsn};
    MDB_val value = {.mv_size = stored.len};
    must(mdb_cursor_put(cursor, &key, &value, MDB_APPEND | MDB_RESERVE));
    memcpy(value.mv_data, stored.data, stored.len);
}

/* Puts every record and the commit record; returns the commit record's LSN. */
static uint64_t put_all(struct log *log, MDB_cursor *cursor, const struct bytes *batches,
                        uint32_t batch_count, struct lsn first)
{
    struct log_chain chain;
    log_chain_begin(&chain, log->tail_hash, first);
    uint64_t lsn = first.v;
    for (uint32_t i = 0; i < batch_count; i++) {
        size_t at = 0;
        struct bytes stored;
        while (log_run_next(batches[i], &at, &stored)) {
            put(cursor, lsn++, stored);
            log_chain_add(&chain, stored);
        }
    }
    struct log_commit_record commit = {
        .count = (uint32_t)(lsn - first.v),
        .at_ms = wall_clock_ms(),
    };
    memcpy(commit.previous, log->tail_hash, LOG_HASH_BYTES);
    log_chain_end(&chain, commit.count, commit.at_ms, commit.hash);
    uint8_t encoded[LOG_COMMIT_BYTES];
    log_commit_encode(&commit, encoded);
    put(cursor, lsn, bytes_of(encoded, sizeof encoded));
    memcpy(log->tail_hash, commit.hash, LOG_HASH_BYTES);
    return lsn;
}

static void count(struct log *log, struct commit_size size, uint64_t took_us)
{
    atomic_fetch_add_explicit(&log->commits, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&log->records, size.records, memory_order_relaxed);
    atomic_fetch_add_explicit(&log->bytes, size.bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&log->commit_us_total, took_us, memory_order_relaxed);
    if (took_us > atomic_load_explicit(&log->commit_us_max, memory_order_relaxed)) {
        atomic_store_explicit(&log->commit_us_max, took_us, memory_order_relaxed);
    }
}

static void make_room(struct log *log, struct lsn first, struct commit_size size)
{
    uint64_t cost = segment_cost(size.bytes, size.records);
    if (segment_room(log_current(log)) >= cost) {
        return;
    }
    if (log->next != NULL && segment_room(log->next) < cost) {
        CHECK_ALWAYS(segment_unlink(log->next) == 0); /* larger than any ordinary segment */
        segment_free(log->next);
        log->next = NULL;
    }
    if (log->next == NULL) {
        uint64_t bytes = log->segment_bytes > 2 * cost ? log->segment_bytes : 2 * cost;
        CHECK_ALWAYS(log_make_next(log, bytes) == 0);
    }
    CHECK_ALWAYS(log_roll(log, first) == 0);
}

struct lsn log_commit(struct log *log, const struct bytes *batches, uint32_t batch_count,
                      struct lsn *tail)
{
    uint64_t before = atomic_load_explicit(&log->tail, memory_order_relaxed); /* own store */
    struct lsn first = {before + 1};
    struct commit_size size = measure(batches, batch_count);
    if (size.records == 0) {
        tail->v = before;
        return first;
    }
    int64_t began_us = clock_us();
    make_room(log, first, size);
    struct segment *segment = log_current(log);
    MDB_txn *txn;
    MDB_cursor *cursor;
    must(mdb_txn_begin(segment->env, NULL, 0, &txn));
    must(mdb_cursor_open(txn, segment->records, &cursor));
    uint64_t last = put_all(log, cursor, batches, batch_count, first);
    mdb_cursor_close(cursor);
    must(mdb_txn_commit(txn));
    atomic_store_explicit(&log->tail, last, memory_order_release);
    count(log, size, (uint64_t)(clock_us() - began_us));
    log_note_room(log);
    tail->v = last;
    return first;
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
