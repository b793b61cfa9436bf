/**
 * What the storage tests share: a directory of their own, and logs that say what they do.
 */
#ifndef TESTS_UNIT_STORAGE_FIXTURE_H
#define TESTS_UNIT_STORAGE_FIXTURE_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/logger.h"
#include "storage/log.h"

#define MEBI ((uint64_t)1 << 20)

static inline char *make_place(void)
{
    const char *base = getenv("TMPDIR");
    char *path = memory_alloc(4096);
    (void)snprintf(path, 4096, "%s/duet-storage-XXXXXX", base == NULL ? "/tmp" : base);
    assert_non_null(mkdtemp(path));
    return path;
}

static inline int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static inline void remove_place(char *path)
{
    (void)nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(path);
}

static inline int setup_place(void **state)
{
    logger_set_level(LOG_LEVEL_OFF); /* damage is made on purpose here */
    *state = make_place();
    return 0;
}

static inline int teardown_place(void **state)
{
    remove_place(*state);
    return 0;
}

static inline char *below(const char *place, const char *name)
{
    char *path = memory_alloc(4096);
    (void)snprintf(path, 4096, "%s/%s", place, name);
    return path;
}

/* The first segment of a log in `place`, owned by the caller. */
static inline char *only_segment(const char *place)
{
    char *path = memory_alloc(4096);
    (void)snprintf(path, 4096, "%s/%020d.log", place, 1);
    return path;
}

static inline struct log *open_log(const char *directory)
{
    struct log_config config = {
        .directory = directory, .segment_bytes = 4 * MEBI, .reserve_bytes = 1};
    struct log *log = NULL;
    assert_int_equal(log_open(&config, &log), 0);
    return log;
}

static inline int try_log(const char *directory)
{
    struct log_config config = {
        .directory = directory, .segment_bytes = 4 * MEBI, .reserve_bytes = 1};
    struct log *log = NULL;
    int error = log_open(&config, &log);
    log_close(log);
    return error;
}

/* Commits `count` records whose payloads are "<tag>-<i>", filled up with dots to `size`. */
static inline struct lsn say(struct log *log, const char *tag, uint32_t count, size_t size)
{
    struct buffer run = {0};
    for (uint32_t i = 0; i < count; i++) {
        char *payload = memory_alloc(size + 64);
        int len = snprintf(payload, 64, "%s-%u", tag, i);
        memset(payload + len, '.', size);
        size_t whole = (size_t)len > size ? (size_t)len : size;
        struct log_record record = {.address = {.kind = 7, .id = {{(uint8_t)i}}},
                                    .at_ms = 1000 + i,
                                    .payload = bytes_of(payload, whole)};
        log_record_encode(&record, &run);
        free(payload);
    }
    struct bytes batch = buffer_bytes(&run);
    struct lsn tail;
    struct lsn first = log_commit(log, &batch, 1, &tail);
    assert_int_equal(tail.v, first.v + count);
    assert_int_equal(log_tail(log).v, tail.v);
    buffer_fini(&run);
    return first;
}

static inline struct log_reader *read_from(struct log *log, uint64_t lsn)
{
    struct log_reader *reader = NULL;
    assert_int_equal(log_reader_open(log, (struct lsn){lsn}, &reader), 0);
    return reader;
}

/* The next record is at `lsn` and its payload begins with `text`. */
static inline void expect_record(struct log_reader *reader, uint64_t lsn, const char *text)
{
    struct log_record record;
    assert_int_equal(log_reader_next(reader, &record), 0);
    assert_int_equal(record.lsn.v, lsn);
    assert_true(record.payload.len >= strlen(text));
    assert_memory_equal(record.payload.data, text, strlen(text));
}

static inline void expect_end(struct log_reader *reader)
{
    struct log_record record;
    assert_int_equal(log_reader_next(reader, &record), ERR_END);
}

static inline uint64_t count_records(struct log *log, uint64_t from)
{
    struct log_reader *reader = read_from(log, from);
    struct log_record record;
    uint64_t records = 0;
    while (log_reader_next(reader, &record) == 0) {
        records++;
    }
    expect_end(reader);
    log_reader_close(reader);
    return records;
}

#endif
