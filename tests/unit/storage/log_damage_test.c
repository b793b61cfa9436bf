/*
 * Damage of a log's files, and what a crash may leave at its end.
 */
#include <fcntl.h>

#include "storage/log_format.h"
#include "storage/log_walk.h"
#include "storage/segment.h"
#include "tests/unit/storage/fixture.h"

/* --- damaging files --- */

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

#define PLACE(test) cmocka_unit_test_setup_teardown(test, setup_place, teardown_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
