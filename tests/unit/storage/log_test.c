#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/statvfs.h>

#include "storage/log_internal.h"
#include "storage/segment.h"
#include "tests/unit/storage/fixture.h"

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

/* Where the file system cannot be written past the page cache; frames end within blocks. */
static void what_goes_through_the_page_cache_is_the_same_log(void **state)
{
    struct log *log = open_log(*state);
    for (int i = 0; i < 60; i++) {
        if (i == 20) { /* from now on, in the middle of a block */
            assert_true(log->current->direct < 0 || close(log->current->direct) == 0);
            log->current->direct = -1;
        } else if (i == 40) { /* and back */
            log_close(log);
            log = open_log(*state);
        }
        say(log, "mixed", 3, 100 + (size_t)i * 97);
        assert_int_equal(count_records(log, 0), (i + 1) * 3);
    }
    log_close(log);
    log = open_log(*state);
    assert_int_equal(count_records(log, 0), 180);
    log_close(log);
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

/* Whoever asks while the next segment is only being made must not be refused. */
static void there_is_room_as_long_as_the_disk_has_some(void **state)
{
    struct log *log = open_log(*state);
    log_next_stop(log); /* it will not be made before it is needed */
    for (unsigned i = 0; i < 50; i++) {
        say(log, "fill", 100, 2500);
        assert_true(log_has_room(log));
    }
    assert_int_equal(count_records(log, 0), 5000);
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
        PLACE(what_goes_through_the_page_cache_is_the_same_log),
        PLACE(readers_follow_a_writer_across_segments),
        PLACE(there_is_no_room_below_the_reserve),
        PLACE(there_is_room_as_long_as_the_disk_has_some),
        PLACE(an_impossible_segment_is_storage_full_and_leaves_nothing),
        PLACE(segments_double_up_to_their_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
