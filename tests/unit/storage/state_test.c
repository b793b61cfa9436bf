#include "storage/state.h"
#include "tests/unit/storage/fixture.h"

static struct state *open_state(const char *directory)
{
    struct state_config config = {.directory = directory, .map_bytes = 256 * MEBI};
    struct state *state = NULL;
    assert_int_equal(state_open(&config, &state), 0);
    return state;
}

static struct bytes text(const char *text)
{
    return bytes_of(text, strlen(text));
}

static void put(struct state *state, enum state_table table, const char *key, const char *value)
{
    struct state_change change = {
        .table = table, .action = STATE_PUT, .key = text(key), .value = text(value)};
    state_commit(state, &change, 1);
}

static void expect_row(struct state_reader *reader, const char *key, const char *value)
{
    struct bytes found;
    if (value == NULL) {
        assert_int_equal(state_get(reader, STATE_ROWS, text(key), &found), ERR_NOT_FOUND);
    } else {
        assert_int_equal(state_get(reader, STATE_ROWS, text(key), &found), 0);
        assert_true(bytes_equal(found, text(value)));
    }
}

static struct state_reader *open_reader(struct state *state)
{
    struct state_reader *reader = NULL;
    assert_int_equal(state_reader_open(state, &reader), 0);
    return reader;
}

/* --- scans, written down as "key key …" --- */

struct notes {
    char text[512];
    int limit;
};

static bool note(void *context, struct bytes key, struct bytes value)
{
    struct notes *notes = context;
    (void)value;
    strncat(notes->text, (const char *)key.data, key.len);
    strcat(notes->text, " ");
    return --notes->limit != 0;
}

static void expect_scan(struct state_reader *reader, const char *from, const char *to, bool reverse,
                        int limit, const char *keys)
{
    struct notes notes = {.limit = limit};
    assert_int_equal(state_scan(reader, STATE_ROWS, text(from), text(to), reverse, note, &notes),
                     0);
    assert_string_equal(notes.text, keys);
}

static void what_was_put_is_found_after_reopening(void **place)
{
    struct state *state = open_state(*place);
    put(state, STATE_ROWS, "a", "1");
    put(state, STATE_META, "a", "meta");
    put(state, STATE_ROWS, "empty", "");
    state_close(state);
    state = open_state(*place);
    struct state_reader *reader = open_reader(state);
    expect_row(reader, "a", "1");
    expect_row(reader, "empty", "");
    expect_row(reader, "b", NULL);
    expect_row(reader, "", NULL);
    struct bytes found;
    assert_int_equal(state_get(reader, STATE_META, text("a"), &found), 0);
    assert_true(bytes_equal(found, text("meta")));
    assert_int_equal(state_get(reader, STATE_TIMERS, text("a"), &found), ERR_NOT_FOUND);
    state_reader_close(reader);
    state_close(state);
}

static void a_batch_is_applied_in_order(void **place)
{
    struct state *state = open_state(*place);
    put(state, STATE_ROWS, "p/old", "x");
    struct state_change changes[] = {
        {.table = STATE_ROWS, .action = STATE_PUT, .key = text("k"), .value = text("1")},
        {.table = STATE_ROWS, .action = STATE_DELETE, .key = text("k")},
        {.table = STATE_ROWS, .action = STATE_DELETE, .key = text("absent")},
        {.table = STATE_ROWS, .action = STATE_PUT, .key = text("l"), .value = text("1")},
        {.table = STATE_ROWS, .action = STATE_PUT, .key = text("l"), .value = text("2")},
        {.table = STATE_ROWS, .action = STATE_DELETE_PREFIX, .key = text("p/")},
        {.table = STATE_ROWS, .action = STATE_PUT, .key = text("p/new"), .value = text("y")},
    };
    state_commit(state, changes, sizeof changes / sizeof changes[0]);
    struct state_reader *reader = open_reader(state);
    expect_row(reader, "k", NULL);
    expect_row(reader, "l", "2");
    expect_row(reader, "p/old", NULL);
    expect_row(reader, "p/new", "y");
    struct state_stats stats;
    state_stats(state, &stats);
    assert_int_equal(stats.commits, 2);
    assert_int_equal(stats.changes, 8);
    assert_true(stats.file_bytes > 0);
    state_reader_close(reader);
    state_close(state);
}

static void a_prefix_takes_its_keys_and_no_neighbour(void **place)
{
    struct state *state = open_state(*place);
    for (unsigned i = 0; i < 3000; i++) {
        char key[32];
        (void)snprintf(key, sizeof key, "b/%05u", i);
        put(state, STATE_ROWS, key, "some value that takes a little room in a page");
        if (i == 100) {
            state_close(state);
            state = open_state(*place);
        }
    }
    put(state, STATE_ROWS, "a", "");
    put(state, STATE_ROWS, "b", "");
    put(state, STATE_ROWS, "b.", "");
    put(state, STATE_ROWS, "b0", "");
    put(state, STATE_TIMERS, "b/1", "");
    struct state_change change = {
        .table = STATE_ROWS, .action = STATE_DELETE_PREFIX, .key = text("b/")};
    state_commit(state, &change, 1);
    struct state_reader *reader = open_reader(state);
    expect_scan(reader, "", "", false, 0, "a b b. b0 ");
    change.key = text("");
    state_commit(state, &change, 1);
    state_reader_refresh(reader);
    expect_scan(reader, "", "", false, 0, "");
    struct bytes found;
    assert_int_equal(state_get(reader, STATE_TIMERS, text("b/1"), &found), 0);
    state_reader_close(reader);
    state_close(state);
}

static void a_prefix_of_highest_bytes_ends_with_the_table(void **place)
{
    struct state *state = open_state(*place);
    put(state, STATE_ROWS, "\xff\xff", "");
    put(state, STATE_ROWS, "\xff\xff\xff", "");
    put(state, STATE_ROWS, "\xff", "");
    struct state_change change = {
        .table = STATE_ROWS, .action = STATE_DELETE_PREFIX, .key = text("\xff\xff")};
    state_commit(state, &change, 1);
    struct state_reader *reader = open_reader(state);
    expect_scan(reader, "", "", true, 0, "\xff ");
    state_reader_close(reader);
    state_close(state);
}

static void scans_keep_their_bounds_in_both_directions(void **place)
{
    struct state *state = open_state(*place);
    struct state_reader *reader = open_reader(state);
    expect_scan(reader, "", "", false, 0, "");
    expect_scan(reader, "", "", true, 0, "");
    expect_scan(reader, "a", "z", true, 0, "");
    state_reader_refresh(reader);
    for (const char *key = "bdfh"; *key != '\0'; key++) {
        put(state, STATE_ROWS, (char[]){*key, 0}, "");
    }
    expect_scan(reader, "", "", false, 0, "b d f h ");
    expect_scan(reader, "", "", true, 0, "h f d b ");
    expect_scan(reader, "d", "h", false, 0, "d f ");
    expect_scan(reader, "d", "h", true, 0, "f d ");
    expect_scan(reader, "c", "g", false, 0, "d f ");
    expect_scan(reader, "c", "g", true, 0, "f d ");
    expect_scan(reader, "d", "", true, 0, "h f d ");
    expect_scan(reader, "", "f", true, 0, "d b ");
    expect_scan(reader, "i", "", false, 0, "");
    expect_scan(reader, "", "a", true, 0, "");
    expect_scan(reader, "", "zz", true, 2, "h f ");
    expect_scan(reader, "", "", false, 1, "b ");
    expect_scan(reader, "e", "e", true, 0, "");
    expect_scan(reader, "h", "b", false, 0, "");
    state_reader_close(reader);
    state_close(state);
}

static void a_reader_sees_new_commits_after_its_refresh_only(void **place)
{
    struct state *state = open_state(*place);
    struct state_reader *reader = open_reader(state);
    put(state, STATE_ROWS, "k", "1"); /* no snapshot was taken yet */
    expect_row(reader, "k", "1");
    put(state, STATE_ROWS, "k", "2");
    put(state, STATE_ROWS, "l", "1");
    expect_row(reader, "k", "1");
    expect_row(reader, "l", NULL);
    state_reader_refresh(reader);
    state_reader_refresh(reader);
    expect_row(reader, "k", "2");
    expect_row(reader, "l", "1");
    state_reader_close(reader);
    state_check_readers(state);
    state_close(state);
}

static void keys_and_values_at_their_limits(void **place)
{
    struct state *state = open_state(*place);
    char key[STATE_KEY_MAX + 1];
    memset(key, 'k', sizeof key);
    char *value = memory_alloc(MEBI);
    struct state_change change = {.table = STATE_ROWS,
                                  .action = STATE_PUT,
                                  .key = bytes_of(key, STATE_KEY_MAX),
                                  .value = bytes_of(value, MEBI)};
    state_commit(state, &change, 1);
    struct state_reader *reader = open_reader(state);
    struct bytes found;
    assert_int_equal(state_get(reader, STATE_ROWS, change.key, &found), 0);
    assert_int_equal(found.len, MEBI);
    change.key.len++;
    assert_int_equal(state_get(reader, STATE_ROWS, change.key, &found), ERR_NOT_FOUND);
    state_reader_close(reader);
    state_close(state);
    free(value);
}

static void a_damaged_file_is_refused(void **place)
{
    struct state *state = open_state(*place);
    for (unsigned i = 0; i < 100; i++) {
        char key[32];
        (void)snprintf(key, sizeof key, "%u", i);
        put(state, STATE_ROWS, key, "some value that takes a little room in a page");
    }
    state_close(state);
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/state.mdb", (char *)*place);
    struct state_config config = {.directory = *place, .map_bytes = 256 * MEBI};
    static const off_t sizes[] = {16384, 8192, 100, 0};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(truncate(path, sizes[i]), 0);
        assert_int_equal(state_open(&config, &state), ERR_CORRUPT);
    }
}

static void the_default_map_opens(void **place)
{
    struct state_config config = {.directory = *place};
    struct state *state;
    assert_int_equal(state_open(&config, &state), 0);
    put(state, STATE_ROWS, "k", "1");
    state_close(state);
    struct stat info;
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/state.mdb", (char *)*place);
    assert_int_equal(stat(path, &info), 0);
    assert_true(info.st_size < (off_t)MEBI); /* reserved as addresses, not on disk */
}

#define PLACE(test) cmocka_unit_test_setup_teardown(test, setup_place, teardown_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE(what_was_put_is_found_after_reopening),
        PLACE(a_batch_is_applied_in_order),
        PLACE(a_prefix_takes_its_keys_and_no_neighbour),
        PLACE(a_prefix_of_highest_bytes_ends_with_the_table),
        PLACE(scans_keep_their_bounds_in_both_directions),
        PLACE(a_reader_sees_new_commits_after_its_refresh_only),
        PLACE(keys_and_values_at_their_limits),
        PLACE(a_damaged_file_is_refused),
        PLACE(the_default_map_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
