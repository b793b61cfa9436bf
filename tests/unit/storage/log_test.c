#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/statvfs.h>

#include "storage/log_format.h"
#include "storage/log_walk.h"
#include "storage/segment.h"
#include "tests/unit/storage/fixture.h"

/* --- damaging files --- */

static char *only_segment(const char *place)
{
    char *path = memory_alloc(4096);
    (void)snprintf(path, 4096, "%s/%020d.log", place, 1);
    return path;
}

/* Flips one bit `skip` bytes behind each place in the file where `text` stands. */
static void flip_at(const char *path, const char *text, long skip)
{
    struct stat info;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0 && fstat(fd, &info) == 0);
    size_t size = (size_t)info.st_size;
    uint8_t *content = memory_alloc(size);
    assert_int_equal(pread(fd, content, size, 0), size);
    uint8_t *found = memmem(content, size, text, strlen(text));
    assert_non_null(found);
    while (found != NULL) {
        uint8_t flipped = (uint8_t)(found[skip] ^ 0x10);
        assert_int_equal(pwrite(fd, &flipped, 1, found - content + skip), 1);
        size_t rest = size - (size_t)(found + 1 - content);
        found = memmem(found + 1, rest, text, strlen(text));
    }
    (void)close(fd);
    free(content);
}

/* Where the stored form of an LSN stands in the file, and how long it is. */
static uint64_t find_stored(const struct segment *segment, uint64_t lsn, size_t *len)
{
    struct log_walk walk = {0};
    struct log_frame frame;
    log_walk_begin(&walk, segment, SEGMENT_FRAMES_AT);
    do {
        assert_int_equal(log_walk_next(&walk, UINT64_MAX, &frame), 0);
    } while (log_head_last(&frame.head) < lsn);
    size_t at = 0;
    struct bytes stored;
    for (uint64_t i = frame.head.first; i <= lsn; i++) {
        assert_true(log_run_next(frame.body, &at, &stored));
    }
    *len = stored.len;
    uint64_t offset = frame.offset + (uint64_t)(stored.data - frame.whole.data);
    log_walk_end(&walk);
    return offset;
}

/* Puts another stored form of the same length in its place, behind the log's back. */
static void tamper(const char *path, uint64_t lsn, struct bytes with)
{
    struct segment *segment;
    size_t len;
    assert_int_equal(segment_open(path, &segment), 0);
    uint64_t at = find_stored(segment, lsn, &len);
    assert_int_equal(len, with.len);
    assert_int_equal(pwrite(segment->fd, with.data, with.len, (off_t)at), with.len);
    segment_close(segment);
}

/* Overwrites the commit that begins with `first`, and ends with `last`, with zeros. */
static void wipe(const char *path, uint64_t first, uint64_t last)
{
    struct segment *segment;
    size_t len;
    assert_int_equal(segment_open(path, &segment), 0);
    uint64_t from = find_stored(segment, first, &len) - LOG_RUN_PREFIX - LOG_FRAME_FRONT;
    uint64_t to = find_stored(segment, last, &len) + LOG_COMMIT_BYTES;
    assert_int_equal(segment_erase(segment, from, to), 0);
    segment_close(segment);
}

static char *below(const char *place, const char *name)
{
    char *path = memory_alloc(4096);
    (void)snprintf(path, 4096, "%s/%s", place, name);
    return path;
}

/* Of a live log: what a process that was killed leaves, without what closing adds. */
static void copy_file(const char *from, const char *to)
{
    char command[8400];
    (void)snprintf(command, sizeof command, "cp %s %s", from, to);
    assert_int_equal(system(command), 0);
}

/* Changes one byte of the file. */
static void flip_byte(const char *path, uint64_t at)
{
    uint8_t byte;
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
    byte ^= 0x10;
    assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
    (void)close(fd);
}

/* Reads from `from`; the first thing that is not a record is damage at `lsn`, and it stays. */
static void expect_damage(struct log *log, uint64_t from, uint64_t lsn, const char *reason)
{
    struct log_reader *reader = read_from(log, from);
    struct log_record record;
    int error;
    while ((error = log_reader_next(reader, &record)) == 0) {
    }
    assert_int_equal(error, ERR_CORRUPT);
    const char *told = NULL;
    assert_int_equal(log_reader_fault(reader, &told).v, lsn);
    assert_string_equal(told, reason);
    assert_int_equal(log_reader_next(reader, &record), ERR_CORRUPT);
    log_reader_close(reader);
}

static size_t count_segments(const char *place)
{
    DIR *directory = opendir(place);
    size_t count = 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        size_t len = strlen(entry->d_name);
        count += len == 24 && strcmp(entry->d_name + 20, ".log") == 0;
    }
    (void)closedir(directory);
    return count;
}

/* --- writing and reading --- */

static void an_empty_log_has_tail_zero_and_an_end(void **state)
{
    for (int round = 0; round < 2; round++) {
        struct log *log = open_log(*state);
        assert_int_equal(log_tail(log).v, 0);
        struct log_reader *reader = read_from(log, 0);
        expect_end(reader);
        struct log_commit_info info;
        assert_false(log_reader_commit(reader, &info));
        log_reader_close(reader);
        log_close(log);
    }
}

static void records_come_back_in_order_over_several_batches(void **state)
{
    struct log *log = open_log(*state);
    struct buffer runs[3] = {0};
    struct bytes batches[3];
    for (uint64_t i = 0; i < 6; i++) {
        struct log_record record = {.address = {.kind = 1}, .payload = bytes_of(&"abcdef"[i], 1)};
        log_record_encode(&record, &runs[i / 2]);
    }
    for (int i = 0; i < 3; i++) {
        batches[i] = buffer_bytes(&runs[i]);
    }
    struct lsn tail;
    assert_int_equal(log_commit(log, batches, 3, &tail).v, 1);
    assert_int_equal(tail.v, 7);
    assert_int_equal(log_commit(log, batches + 1, 1, &tail).v, 8);
    assert_int_equal(tail.v, 10);
    struct log_reader *reader = read_from(log, 0);
    for (uint64_t i = 0; i < 6; i++) {
        expect_record(reader, i + 1, (char[]){"abcdef"[i], 0});
    }
    expect_record(reader, 8, "c");
    expect_record(reader, 9, "d");
    expect_end(reader);
    struct log_commit_info info;
    assert_true(log_reader_commit(reader, &info));
    assert_int_equal(info.lsn.v, 10);
    assert_int_equal(info.records, 2);
    log_reader_close(reader);
    log_close(log);
    for (int i = 0; i < 3; i++) {
        buffer_fini(&runs[i]);
    }
}

static void a_commit_without_records_writes_nothing(void **state)
{
    struct log *log = open_log(*state);
    say(log, "one", 1, 0);
    struct lsn tail = {99};
    struct bytes empty = {0};
    (void)log_commit(log, &empty, 1, &tail);
    assert_int_equal(tail.v, 2);
    (void)log_commit(log, NULL, 0, &tail);
    assert_int_equal(tail.v, 2);
    log_close(log);
}

static void what_was_committed_is_there_after_reopening(void **state)
{
    for (unsigned round = 0; round < 5; round++) {
        struct log *log = open_log(*state);
        assert_int_equal(log_tail(log).v, round * 4);
        say(log, "again", 3, 0);
        struct log_reader *reader = read_from(log, 0);
        for (uint64_t i = 0; i <= round; i++) {
            expect_record(reader, i * 4 + 1, "again-0");
            expect_record(reader, i * 4 + 2, "again-1");
            expect_record(reader, i * 4 + 3, "again-2");
        }
        expect_end(reader);
        log_reader_close(reader);
        log_close(log);
    }
}

static void a_reader_may_start_anywhere(void **state)
{
    struct log *log = open_log(*state);
    for (int i = 0; i < 10; i++) {
        say(log, "x", 4, 0); /* commit records at 5, 10, … 50 */
    }
    for (uint64_t from = 0; from <= 50; from++) {
        struct log_reader *reader = read_from(log, from);
        uint64_t first = from == 0 ? 1 : from % 5 == 0 ? from + 1 : from;
        if (first > 50) {
            expect_end(reader);
        } else {
            char text[8];
            (void)snprintf(text, sizeof text, "x-%u", (unsigned)((first - 1) % 5));
            expect_record(reader, first, text);
        }
        log_reader_close(reader);
    }
    struct log_reader *ahead = read_from(log, 53);
    expect_end(ahead);
    say(log, "y", 4, 0);
    expect_record(ahead, 53, "y-2");
    log_reader_close(ahead);
    log_close(log);
}

static void large_records_survive(void **state)
{
    struct log *log = open_log(*state);
    say(log, "big", 8, 70000);
    say(log, "page", 50, 4000);
    say(log, "half", 200, 2000);
    struct log_reader *reader = read_from(log, 0);
    struct log_record record;
    uint64_t bytes = 0;
    while (log_reader_next(reader, &record) == 0) {
        bytes += record.payload.len;
    }
    assert_int_equal(bytes, 8 * 70000 + 50 * 4000 + 200 * 2000);
    log_reader_close(reader);
    log_close(log);
}

/* --- segments --- */

/* 250 KiB a commit: some fourteen fit into a segment. LSNs: 101 a commit. */
static void fill_segments(struct log *log, unsigned commits)
{
    for (unsigned i = 0; i < commits; i++) {
        say(log, "fill", 100, 2500);
        log_prepare(log);
    }
}

static uint64_t count_records(struct log *log, uint64_t from)
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

static void commits_roll_over_into_new_segments_and_read_across(void **state)
{
    struct log *log = open_log(*state);
    fill_segments(log, 100);
    struct log_stats stats;
    log_stats(log, &stats);
    assert_true(stats.segments >= 6);
    assert_int_equal(stats.commits, 100);
    assert_int_equal(stats.records, 10000);
    assert_int_equal(count_segments(*state), stats.segments);
    assert_int_equal(count_records(log, 0), 10000);
    assert_int_equal(count_records(log, 5051), 5000);
    log_close(log);
    log = open_log(*state);
    assert_int_equal(count_records(log, 0), 10000);
    say(log, "after", 1, 0);
    assert_int_equal(count_records(log, 0), 10001);
    log_close(log);
}

static void a_commit_larger_than_a_segment_gets_one_of_its_own(void **state)
{
    struct log *log = open_log(*state);
    say(log, "huge", 150, 65536); /* already the first one is too small for it */
    say(log, "small", 1, 0);
    assert_int_equal(log_drop_below(log, (struct lsn){2}), 0); /* it was replaced, not kept */
    say(log, "huge", 150, 65536);
    say(log, "small", 1, 0);
    assert_int_equal(count_records(log, 0), 302);
    log_close(log);
    log = open_log(*state);
    assert_int_equal(count_records(log, 0), 302);
    log_close(log);
}

static void segments_below_a_position_are_dropped(void **state)
{
    struct log *log = open_log(*state);
    fill_segments(log, 100);
    size_t before = count_segments(*state);
    struct log_reader *slow = read_from(log, 0);
    expect_record(slow, 1, "fill-0");
    assert_int_equal(log_drop_below(log, (struct lsn){5000}), 0);
    size_t after = count_segments(*state);
    assert_true(after < before && after > 1);
    struct log_reader *reader = read_from(log, 0);
    struct log_record record;
    assert_int_equal(log_reader_next(reader, &record), 0);
    assert_true(record.lsn.v > 1 && record.lsn.v <= 5000);
    log_reader_close(reader);
    expect_record(slow, 2, "fill-1"); /* its segment lives as long as it reads there */
    log_reader_close(slow);
    assert_int_equal(count_records(log, 5051), 5000);
    log_close(log);
    log = open_log(*state);
    assert_int_equal(count_records(log, 5051), 5000);
    assert_int_equal(log_drop_below(log, (struct lsn){UINT64_MAX}), 0);
    assert_int_equal(count_segments(*state), 1);
    say(log, "after", 1, 0);
    log_close(log);
    assert_int_equal(try_log(*state), 0);
}

static void a_missing_segment_is_refused(void **state)
{
    struct log *log = open_log(*state);
    fill_segments(log, 60);
    log_close(log);
    DIR *directory = opendir(*state);
    char victim[4096] = "";
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        unsigned long long first = strtoull(entry->d_name, NULL, 10);
        if (first > 1 && first < 3000 && entry->d_name[24] == '\0') {
            (void)snprintf(victim, sizeof victim, "%s/%s", (char *)*state, entry->d_name);
        }
    }
    (void)closedir(directory);
    assert_int_equal(unlink(victim), 0);
    assert_int_equal(try_log(*state), ERR_CORRUPT);
}

static void a_torn_preparation_is_made_anew(void **state)
{
    static const size_t sizes[] = {0, 100, 4096, 5000, 4 * MEBI};
    struct log *log = open_log(*state);
    say(log, "kept", 1, 0);
    log_close(log);
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/next.log", (char *)*state);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
        assert_true(fd >= 0 && ftruncate(fd, (off_t)sizes[i]) == 0);
        (void)close(fd);
        log = open_log(*state);
        fill_segments(log, 20);
        log_close(log);
    }
    log = open_log(*state);
    assert_int_equal(count_records(log, 0), 1 + 5 * 2000);
    log_close(log);
}

/* --- damage --- */

static void a_flipped_bit_in_a_record_is_found_and_named(void **state)
{
    char *path = only_segment(*state);
    struct log *log = open_log(*state);
    say(log, "alpha", 3, 40);
    say(log, "beta", 3, 40);
    say(log, "gamma", 3, 40);
    log_close(log);
    flip_at(path, "beta-1", 0);
    log = open_log(*state); /* only the last commit is verified at start */
    struct log_reader *reader = read_from(log, 0);
    expect_record(reader, 1, "alpha-0");
    log_reader_close(reader);
    expect_damage(log, 0, 6, "checksum of the record");
    reader = read_from(log, 9);
    expect_record(reader, 9, "gamma-0");
    log_reader_close(reader);
    log_close(log);
    flip_at(path, "gamma-2", -1 - 29); /* in its header */
    assert_int_equal(try_log(*state), ERR_CORRUPT);
    free(path);
}

/* Flips each byte of one committed record, and heals it. */
static void a_flip_anywhere_in_a_commit_is_found(void **state)
{
    char *path = only_segment(*state);
    struct log *log = open_log(*state);
    say(log, "solo", 1, 0);
    log_close(log);
    for (long at = -LOG_RECORD_MIN; at < 6; at++) {
        char text[] = "solo-0";
        flip_at(path, text, at);
        assert_int_equal(try_log(*state), ERR_CORRUPT);
        text[at < 0 ? 0 : at] = (char)(text[at < 0 ? 0 : at] ^ (at < 0 ? 0 : 0x10));
        flip_at(path, text, at);
        assert_int_equal(try_log(*state), 0);
    }
    free(path);
}

static void a_commit_taken_out_is_noticed(void **state)
{
    char *path = only_segment(*state);
    struct log *log = open_log(*state);
    for (int i = 0; i < 4; i++) {
        say(log, "x", 3, 0); /* commits at 4, 8, 12, 16 */
    }
    log_close(log);
    char *kept = below(*state, "kept");
    copy_file(path, kept);
    wipe(path, 13, 16); /* it was there when the log was closed */
    assert_int_equal(try_log(*state), ERR_CORRUPT);
    copy_file(kept, path);
    wipe(path, 5, 8);
    log = open_log(*state);
    expect_damage(log, 0, 5, "a commit is missing");
    log_close(log);
    free(kept);
    free(path);
}

static struct bytes stored_of(struct buffer *run, const char *text)
{
    struct log_record record = {.address = {.kind = 9}, .payload = bytes_of(text, strlen(text))};
    log_record_encode(&record, run);
    return bytes_of(run->data + LOG_RUN_PREFIX, run->len - LOG_RUN_PREFIX);
}

static void a_record_with_a_sound_checksum_in_a_wrong_place_breaks_the_commit(void **state)
{
    char *path = only_segment(*state);
    struct log *log = open_log(*state);
    for (int i = 0; i < 3; i++) {
        say(log, "x", 3, 0);
    }
    log_close(log);
    struct buffer run = {0};
    tamper(path, 6, stored_of(&run, "bad"));
    log = open_log(*state);
    expect_damage(log, 0, 8, "hash of the commit");
    log_close(log);
    buffer_fini(&run);
    free(path);
}

static void a_commit_made_anew_breaks_the_chain(void **state)
{
    char *path = only_segment(*state);
    struct log *log = open_log(*state);
    for (int i = 0; i < 3; i++) {
        say(log, "x", 1, 0); /* commits at 2, 4, 6 */
    }
    log_close(log);
    struct buffer run = {0};
    struct bytes stored = stored_of(&run, "bad");
    struct log_commit_record commit = {.count = 1, .at_ms = 5};
    struct log_chain chain;
    log_chain_begin(&chain, commit.previous, (struct lsn){1});
    log_chain_add(&chain, stored);
    log_chain_end(&chain, 1, 5, commit.hash);
    uint8_t encoded[LOG_COMMIT_BYTES];
    log_commit_encode(&commit, encoded);
    tamper(path, 1, stored);
    tamper(path, 2, bytes_of(encoded, sizeof encoded));
    log = open_log(*state);
    expect_damage(log, 0, 4, "chain of commits");
    log_close(log);
    buffer_fini(&run);
    free(path);
}

/* --- the end after a crash --- */

/* Two commits; their file as a crash right after the second would leave it, and a place in it. */
static uint64_t crash_after_two(const char *place, const char *path, uint64_t *end)
{
    char *kept = below(place, "kept");
    size_t len;
    struct segment *segment;
    struct log *log = open_log(place);
    say(log, "first", 2, 50);  /* 1, 2, commit 3 */
    say(log, "second", 2, 50); /* 4, 5, commit 6 */
    copy_file(path, kept);
    log_close(log);
    copy_file(kept, path);
    free(kept);
    assert_int_equal(segment_open(path, &segment), 0);
    uint64_t begin = find_stored(segment, 4, &len) - LOG_RUN_PREFIX - LOG_FRAME_FRONT;
    *end = find_stored(segment, 6, &len) + LOG_COMMIT_BYTES;
    segment_close(segment);
    return begin;
}

static void expect_ends_at(const char *place, uint64_t tail)
{
    struct log *log = open_log(place);
    assert_int_equal(log_tail(log).v, tail);
    say(log, "after", 1, 0);
    assert_int_equal(count_records(log, 0), tail / 3 * 2 + 1);
    log_close(log);
    log = open_log(place);
    assert_int_equal(log_tail(log).v, tail + 2);
    assert_int_equal(count_records(log, 0), tail / 3 * 2 + 1);
    log_close(log);
}

static void a_commit_torn_at_any_byte_is_taken_back(void **state)
{
    char *path = only_segment(*state);
    char *saved = below(*state, "saved");
    uint64_t end;
    uint64_t begin = crash_after_two(*state, path, &end);
    copy_file(path, saved);
    for (uint64_t at = begin; at < end; at += at < begin + 80 ? 1 : 13) {
        struct segment *segment;
        copy_file(saved, path);
        assert_int_equal(segment_open(path, &segment), 0);
        assert_int_equal(segment_erase(segment, at, end), 0); /* its rest never arrived */
        segment_close(segment);
        expect_ends_at(*state, 3);
        copy_file(saved, path);
        flip_byte(path, at); /* one sector did not */
        expect_ends_at(*state, 3);
    }
    copy_file(saved, path);
    expect_ends_at(*state, 6); /* all of it did */
    free(saved);
    free(path);
}

static void what_a_torn_commit_leaves_is_overwritten(void **state)
{
    char *path = only_segment(*state);
    uint64_t end;
    uint64_t begin = crash_after_two(*state, path, &end);
    struct segment *segment;
    flip_byte(path, begin + 20);
    log_close(open_log(*state));
    assert_int_equal(segment_open(path, &segment), 0);
    for (uint64_t at = begin; at < end; at++) {
        uint8_t byte = 1;
        size_t got;
        assert_int_equal(segment_read(segment, at, &byte, 1, &got), 0);
        assert_int_equal(byte, 0);
    }
    segment_close(segment);
    free(path);
}

/* The same damage, once the log went on behind it, or came to rest, is no torn commit. */
static void a_damaged_commit_is_not_taken_for_a_torn_one(void **state)
{
    char *path = only_segment(*state);
    char *kept = below(*state, "kept");
    for (int rests = 0; rests < 2; rests++) {
        struct log *log = open_log(*state);
        struct segment *segment;
        size_t len;
        say(log, "before", 2, 50); /* the first one of a step of the file stands in the index */
        uint64_t before = log_tail(log).v;
        say(log, "damaged", 2, 50);
        log_prepare(log);
        if (rests) {
            log_prepare(log);
        } else {
            say(log, "later", 2, 50);
        }
        copy_file(path, kept);
        log_close(log);
        copy_file(kept, path);
        assert_int_equal(segment_open(path, &segment), 0);
        uint64_t at = find_stored(segment, before + 1, &len);
        segment_close(segment);
        for (uint64_t skip = 0; skip < 2; skip++) {
            uint64_t place = skip == 0 ? at : at - LOG_RUN_PREFIX - LOG_FRAME_FRONT + 6;
            flip_byte(path, place);
            assert_int_equal(try_log(*state), ERR_CORRUPT);
            flip_byte(path, place);
        }
        assert_int_equal(try_log(*state), 0);
    }
    free(kept);
    free(path);
}

/* Whoever sends what looks like a head of ours does not know the salt. */
static void a_record_that_looks_like_a_later_commit_is_only_a_record(void **state)
{
    char *path = only_segment(*state);
    struct log *log = open_log(*state);
    uint8_t head[LOG_FRAME_FRONT];
    char *kept = below(*state, "kept");
    struct buffer run = {0};
    struct lsn tail;
    log_head_encode(&(struct log_head){.bytes = 200, .count = 1, .first = 1000}, 0, head);
    struct log_record record = {.address = {.kind = 9}, .payload = bytes_of(head, sizeof head)};
    say(log, "first", 2, 0);
    log_record_encode(&record, &run);
    struct bytes batch = buffer_bytes(&run);
    uint64_t lsn = log_commit(log, &batch, 1, &tail).v;
    copy_file(path, kept);
    log_close(log);
    copy_file(kept, path);
    struct segment *segment;
    size_t len;
    assert_int_equal(segment_open(path, &segment), 0);
    uint64_t at = find_stored(segment, lsn, &len);
    segment_close(segment);
    flip_byte(path, at); /* torn */
    log = open_log(*state);
    assert_int_equal(log_tail(log).v, 3);
    log_close(log);
    buffer_fini(&run);
    free(kept);
    free(path);
}

static void a_log_without_its_index_is_read_from_the_front(void **state)
{
    char *path = only_segment(*state);
    struct log *log = open_log(*state);
    for (int i = 0; i < 20; i++) {
        say(log, "x", 10, 10000); /* commits at 11, 22, … 220; some 100 KB each */
    }
    log_close(log);
    struct segment *segment;
    struct segment_place place;
    assert_int_equal(segment_open(path, &segment), 0);
    assert_int_equal(segment_find(segment, 150, &place), 0);
    assert_int_equal(place.lsn, 144); /* each of them has a step of its own */
    assert_int_equal(segment_find(segment, UINT64_MAX, &place), 0);
    assert_int_equal(place.lsn, 210);
    assert_int_equal(segment_erase(segment, 4096, SEGMENT_FRAMES_AT), 0);
    assert_int_equal(segment_find(segment, 150, &place), 0);
    assert_int_equal(place.lsn, 0);
    segment_close(segment);
    log = open_log(*state);
    assert_int_equal(log_tail(log).v, 220);
    struct log_reader *reader = read_from(log, 150);
    expect_record(reader, 150, "x-6");
    log_reader_close(reader);
    say(log, "on", 1, 0);
    assert_int_equal(count_records(log, 0), 201);
    log_close(log);
    free(path);
}

/*
 * Flips one bit, reads everything. Refused, named as damaged, or nothing has changed.
 * True: the flip was noticed.
 */
static bool survive_flip(const char *place, const char *path, uint64_t at)
{
    struct log *log;
    struct log_config config = {.directory = place, .segment_bytes = 4 * MEBI, .reserve_bytes = 1};
    flip_byte(path, at);
    int error = log_open(&config, &log);
    if (error == 0) {
        struct log_reader *reader = read_from(log, 0);
        struct log_record record;
        uint64_t expected = 1;
        while ((error = log_reader_next(reader, &record)) == 0) {
            char text[16];
            expected += expected % 8 == 0; /* commits at 8, 16, … */
            assert_int_equal(record.lsn.v, expected);
            (void)snprintf(text, sizeof text, "flip-%u", (unsigned)((expected - 1) % 8));
            assert_memory_equal(record.payload.data, text, strlen(text));
            expected++;
        }
        assert_true(error == ERR_CORRUPT || (error == ERR_END && expected == 8 * 40));
        log_reader_close(reader);
        log_close(log);
    }
    assert_true(error == ERR_CORRUPT || error == ERR_END);
    return error == ERR_CORRUPT;
}

static void a_flip_anywhere_in_a_file_is_noticed_or_means_nothing(void **state)
{
    char *path = only_segment(*state);
    char *kept = below(*state, "kept");
    struct log *log = open_log(*state);
    struct stat info;
    unsigned noticed = 0;
    for (int i = 0; i < 40; i++) {
        say(log, "flip", 7, 400);
    }
    log_close(log);
    copy_file(path, kept);
    assert_int_equal(stat(kept, &info), 0);
    uint64_t used = SEGMENT_FRAMES_AT + 40 * 7 * 450;
    for (uint64_t i = 0; i < 250; i++) {
        uint64_t random = (i + 1) * 0x9e3779b97f4a7c15u >> 20;
        uint64_t at = i % 4 == 0 ? random % SEGMENT_FRAMES_AT : random % used;
        at = i < 44 ? i : at; /* all of the header */
        noticed += survive_flip(*state, path, at);
        copy_file(kept, path);
    }
    assert_true(noticed > 100);
    free(kept);
    free(path);
}

static void a_shortened_file_is_refused(void **state)
{
    char *path = only_segment(*state);
    struct log *log = open_log(*state);
    say(log, "x", 200, 500);
    log_close(log);
    static const off_t sizes[] = {64 * 1024, 8192, 4096, 0};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(truncate(path, sizes[i]), 0);
        assert_int_equal(try_log(*state), ERR_CORRUPT);
    }
    free(path);
}

/* --- threads --- */

#define LIVE_COMMITS 400

static void *write_live(void *context)
{
    for (unsigned i = 0; i < LIVE_COMMITS; i++) {
        say(context, "live", 1 + i % 50, 100 + i % 7 * 200);
        log_prepare(context);
    }
    return NULL;
}

/* Reads until it has passed the last commit the writer makes; every record follows its predecessor.
 */
static void *read_live(void *context)
{
    struct log *log = context;
    struct log_reader *reader = read_from(log, 0);
    struct log_commit_info info = {0};
    struct log_stats stats = {0};
    uint64_t previous = 0;
    while (stats.commits < LIVE_COMMITS || info.lsn.v != log_tail(log).v) {
        struct log_record record;
        int error = log_reader_next(reader, &record);
        if (error == ERR_END) {
            log_stats(log, &stats);
            (void)log_reader_commit(reader, &info);
            continue;
        }
        assert_int_equal(error, 0);
        /* Behind a commit record, whose LSN is not handed out, the next one is two further. */
        assert_true(record.lsn.v == previous + 1 || record.lsn.v == previous + 2);
        previous = record.lsn.v;
    }
    log_reader_close(reader);
    return NULL;
}

static void readers_follow_a_writer_across_segments(void **state)
{
    struct log *log = open_log(*state);
    pthread_t threads[3];
    assert_int_equal(pthread_create(&threads[0], NULL, write_live, log), 0);
    assert_int_equal(pthread_create(&threads[1], NULL, read_live, log), 0);
    assert_int_equal(pthread_create(&threads[2], NULL, read_live, log), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    struct log_stats stats;
    log_stats(log, &stats);
    assert_true(stats.segments > 1);
    assert_int_equal(count_records(log, 0), stats.records);
    log_close(log);
}

/* --- room --- */

static void there_is_no_room_below_the_reserve(void **state)
{
    struct log *log = open_log(*state);
    assert_true(log_has_room(log));
    say(log, "kept", 1, 0);
    log_close(log);
    struct log_config config = {
        .directory = *state, .segment_bytes = 4 * MEBI, .reserve_bytes = UINT64_C(1) << 60};
    assert_int_equal(log_open(&config, &log), 0);
    assert_false(log_has_room(log));
    assert_int_equal(count_records(log, 0), 1); /* reading goes on */
    fill_segments(log, 14);                     /* what was admitted is still written */
    log_prepare(log);
    assert_int_equal(count_records(log, 0), 1401);
    log_close(log);
}

static void an_impossible_segment_is_storage_full_and_leaves_nothing(void **state)
{
    struct statvfs disk;
    struct segment *segment = NULL;
    char *path = only_segment(*state);
    assert_int_equal(statvfs(*state, &disk), 0);
    assert_int_equal(segment_create(path, disk.f_blocks * disk.f_frsize + MEBI, &segment),
                     ERR_STORAGE_FULL);
    assert_null(segment);
    assert_int_equal(count_segments(*state), 0);
    free(path);
}

static void segments_double_up_to_their_bound(void **state)
{
    struct log_config config = {
        .directory = *state, .segment_bytes = 200 * MEBI, .reserve_bytes = 1};
    struct log *log;
    assert_int_equal(log_open(&config, &log), 0);
    for (int i = 0; i < 24; i++) {
        say(log, "fill", 1000, 15000);
        log_prepare(log);
    }
    log_close(log);
    uint64_t sizes[3] = {0};
    size_t found = 0;
    DIR *directory = opendir(*state);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        struct segment *segment;
        if (entry->d_type == DT_REG && strlen(entry->d_name) == 24) {
            char *path = below(*state, entry->d_name);
            assert_int_equal(segment_open(path, &segment), 0);
            assert_true(found < 3);
            sizes[found++] = segment->file_bytes / MEBI;
            segment_close(segment);
            free(path);
        }
    }
    (void)closedir(directory);
    assert_int_equal(found, 3);
    assert_int_equal(sizes[0] + sizes[1] + sizes[2], 64 + 128 + 200);
}

#define PLACE(test) cmocka_unit_test_setup_teardown(test, setup_place, teardown_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE(an_empty_log_has_tail_zero_and_an_end),
        PLACE(records_come_back_in_order_over_several_batches),
        PLACE(a_commit_without_records_writes_nothing),
        PLACE(what_was_committed_is_there_after_reopening),
        PLACE(a_reader_may_start_anywhere),
        PLACE(large_records_survive),
        PLACE(commits_roll_over_into_new_segments_and_read_across),
        PLACE(a_commit_larger_than_a_segment_gets_one_of_its_own),
        PLACE(segments_below_a_position_are_dropped),
        PLACE(a_missing_segment_is_refused),
        PLACE(a_torn_preparation_is_made_anew),
        PLACE(a_flipped_bit_in_a_record_is_found_and_named),
        PLACE(a_flip_anywhere_in_a_commit_is_found),
        PLACE(a_commit_taken_out_is_noticed),
        PLACE(a_record_with_a_sound_checksum_in_a_wrong_place_breaks_the_commit),
        PLACE(a_commit_made_anew_breaks_the_chain),
        PLACE(a_commit_torn_at_any_byte_is_taken_back),
        PLACE(what_a_torn_commit_leaves_is_overwritten),
        PLACE(a_damaged_commit_is_not_taken_for_a_torn_one),
        PLACE(a_record_that_looks_like_a_later_commit_is_only_a_record),
        PLACE(a_log_without_its_index_is_read_from_the_front),
        PLACE(a_flip_anywhere_in_a_file_is_noticed_or_means_nothing),
        PLACE(a_shortened_file_is_refused),
        PLACE(readers_follow_a_writer_across_segments),
        PLACE(there_is_no_room_below_the_reserve),
        PLACE(an_impossible_segment_is_storage_full_and_leaves_nothing),
        PLACE(segments_double_up_to_their_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
