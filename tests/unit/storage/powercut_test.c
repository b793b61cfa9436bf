/*
 * A power cut at any moment takes no acknowledged commit.
 *
 * A child, this program itself under libduetpowercut.so, commits as fast as it can and tells the
 * tail through a pipe after each commit; it is killed at a random moment, and powercut_tool takes
 * from the disk what was never synced. What a commit holds follows from its LSNs, so the parent
 * can check every byte. The same without syncs must fail, or the check would prove nothing.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/unit/storage/fixture.h"

#define ROUNDS 6
#define SUBSETS 3
#define RECORD_MAX 9000
#define ACKS_MIN 3
#define WAIT_MS_MAX 250
#define DROP_KEEP_LSNS 600

static const char *program;

/* --- what stands at an LSN --- */

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 31)) * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9u;
    return x ^ (x >> 32);
}

static size_t make_payload(uint64_t lsn, uint8_t *out)
{
    size_t len = (size_t)(mix(lsn) % (lsn % 16 == 0 ? RECORD_MAX : 400));
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)mix(lsn + i / 8 * 977);
    }
    return len;
}

/* --- the child --- */

static void commit(struct log *log, uint64_t count, struct buffer *run)
{
    static uint8_t payload[RECORD_MAX];
    uint64_t first = log_tail(log).v + 1;
    buffer_clear(run);
    for (uint64_t lsn = first; lsn < first + count; lsn++) {
        struct log_record record = {.address = {.kind = 1}, .at_ms = (int64_t)lsn};
        record.payload = bytes_of(payload, make_payload(lsn, payload));
        log_record_encode(&record, run);
    }
    struct bytes batch = buffer_bytes(run);
    struct lsn tail;
    (void)log_commit(log, &batch, 1, &tail);
}

/* Commits, acknowledges, prepares, drops. */
static int step(struct log *log, uint64_t count, uint64_t keep_lsns)
{
    static struct buffer run;
    commit(log, count, &run);
    uint64_t tail = log_tail(log).v;
    if (write(STDOUT_FILENO, &tail, sizeof tail) != sizeof tail) {
        return -1;
    }
    log_prepare(log);
    return tail > keep_lsns ? log_drop_below(log, (struct lsn){tail - keep_lsns}) : 0;
}

static int write_until_killed(const char *directory, const char *how)
{
    struct log_config config = {.directory = directory,
                                .segment_bytes = 4 * MEBI,
                                .reserve_bytes = 1,
                                .test_nosync = strcmp(how, "nosync") == 0};
    uint64_t keep_lsns = strcmp(how, "drop") == 0 ? DROP_KEEP_LSNS : UINT64_MAX;
    struct log *log;
    if (log_open(&config, &log) != 0) {
        return 1;
    }
    while (step(log, 1 + mix(log_tail(log).v) % 40, keep_lsns) == 0) {
    }
    return 1;
}

/* A short life in which segments are used up, prepared in time or not, and dropped. */
static int write_steps(const char *directory)
{
    static const uint64_t counts[] = {1400, 1400, 1400, 1400, 2400, 2400, 5};
    struct log_config config = {
        .directory = directory, .segment_bytes = 4 * MEBI, .reserve_bytes = 1};
    struct log *log;
    if (log_open(&config, &log) != 0) {
        return 1;
    }
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (step(log, counts[i], UINT64_MAX) != 0) {
            return 1;
        }
    }
    int error = log_drop_below(log, log_tail(log));
    log_close(log);
    return error == 0 ? 0 : 1;
}

/* --- the parent --- */

static void become_writer(const char *place, const char *how, int out)
{
    char *log = below(place, "data/log");
    (void)dup2(out, STDOUT_FILENO);
    (void)setenv("DUET_POWERCUT_DIR", below(place, "data"), 1);
    (void)setenv("DUET_POWERCUT_JOURNAL", below(place, "journal"), 1);
    (void)setenv("LD_PRELOAD", below(getenv("DUET_BIN"), "libduetpowercut.so"), 1);
    (void)execl(program, program, "writer", log, how, (char *)NULL);
    _exit(127);
}

static uint64_t read_ack(int in)
{
    uint64_t tail = 0;
    ssize_t got = read(in, &tail, sizeof tail);
    return got == sizeof tail ? tail : 0;
}

static pid_t start_writer(const char *place, const char *how, int *acks)
{
    int pipes[2];
    assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        become_writer(place, how, pipes[1]);
    }
    (void)close(pipes[1]);
    *acks = pipes[0];
    return child;
}

/* The last acknowledged tail, when the writer is gone. True: it was killed. */
static bool wait_for_end(pid_t child, int acks, uint64_t *last)
{
    int status;
    for (uint64_t ack; (ack = read_ack(acks)) != 0;) {
        *last = ack;
    }
    (void)close(acks);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

/* Starts a writer in `place`, kills it at some moment; the last tail it acknowledged. */
static uint64_t write_and_kill(const char *place, const char *how, unsigned seed)
{
    int acks;
    pid_t child = start_writer(place, how, &acks);
    uint64_t last = 0;
    for (int i = 0; i < ACKS_MIN; i++) {
        last = read_ack(acks);
        assert_true(last > 0);
    }
    struct timespec wait = {.tv_nsec = (long)(mix(seed) % WAIT_MS_MAX) * 1000000};
    struct timespec begin;
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &begin);
    do {
        last = read_ack(acks);
        assert_true(last > 0);
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
    } while ((now.tv_sec - begin.tv_sec) * 1000000000 + now.tv_nsec - begin.tv_nsec < wait.tv_nsec);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_true(wait_for_end(child, acks, &last));
    return last;
}

static void run(const char *const *words)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int quiet = open("/dev/null", O_WRONLY);
        (void)dup2(quiet, STDOUT_FILENO);
        (void)execvp(words[0], (char *const *)words);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void power_cut(const char *place, const char *data, unsigned subset)
{
    char seed[16];
    char *journal = below(place, "journal");
    (void)snprintf(seed, sizeof seed, "%u", subset);
    char *tool = below(getenv("DUET_BIN"), "powercut_tool");
    const char *const all[] = {tool, "undo", journal, "--dir", data, "--all", NULL};
    const char *const some[] = {tool, "undo", journal, "--dir", data, "--subset", seed, NULL};
    run(subset == 0 ? all : some);
    free(journal);
    free(tool);
}

/* Does the log open, is all that can be read right, and can it be written to? Then its tail. */
static bool proven_tail(const char *data, uint64_t *tail)
{
    static uint8_t expected[RECORD_MAX];
    struct log *log;
    char *path = below(data, "log");
    struct log_config config = {.directory = path, .segment_bytes = 4 * MEBI, .reserve_bytes = 1};
    int error = log_open(&config, &log);
    free(path);
    if (error != 0) {
        return false;
    }
    struct log_reader *reader = read_from(log, 0);
    struct log_record record;
    while ((error = log_reader_next(reader, &record)) == 0) {
        size_t len = make_payload(record.lsn.v, expected);
        assert_true(bytes_equal(record.payload, bytes_of(expected, len)));
    }
    *tail = log_tail(log).v;
    say(log, "and on it goes", 1, 0);
    log_reader_close(reader);
    log_close(log);
    return error == ERR_END;
}

/* A power cut on copies of the disk: everything unsynced lost, and some random parts. */
static void expect_kept(const char *place, uint64_t acknowledged, unsigned seed, unsigned subsets)
{
    char *data = below(place, "data");
    for (unsigned subset = 0; subset <= subsets; subset++) {
        char *copy = below(place, "copy");
        run((const char *const[]){"cp", "-a", data, copy, NULL});
        power_cut(place, copy, subset == 0 ? 0 : seed * 16 + subset);
        uint64_t tail = 0;
        bool opens = proven_tail(copy, &tail);
        if (!opens || tail < acknowledged) {
            print_error("life %u, subset %u: acknowledged %lu, kept %lu\n", seed, subset,
                        (unsigned long)acknowledged, (unsigned long)tail);
        }
        assert_true(opens && tail >= acknowledged);
        remove_place(copy);
    }
    free(data);
}

static char *make_disk(void)
{
    char *place = make_place();
    char *data = below(place, "data");
    assert_int_equal(mkdir(data, 0700), 0);
    free(data);
    return place;
}

static void expect_lives_kept(const char *how, unsigned lives)
{
    for (unsigned seed = 1; seed <= lives; seed++) {
        char *place = make_disk();
        uint64_t acknowledged = write_and_kill(place, how, seed);
        expect_kept(place, acknowledged, seed, SUBSETS);
        remove_place(place);
    }
}

static void a_power_cut_takes_no_acknowledged_commit(void **state)
{
    (void)state;
    expect_lives_kept("sync", ROUNDS);
}

static void a_power_cut_while_segments_are_dropped_leaves_no_gap(void **state)
{
    (void)state;
    expect_lives_kept("drop", ROUNDS / 2);
}

/* Before each change of a file, and before each sync is known to have ended. */
static void a_power_cut_at_every_step_of_a_segments_life_is_survived(void **state)
{
    (void)state;
    bool killed = true;
    for (unsigned at = 1; killed; at++) {
        char number[16];
        int acks;
        uint64_t acknowledged = 0;
        char *place = make_disk();
        (void)snprintf(number, sizeof number, "%u", at);
        (void)setenv("DUET_POWERCUT_KILL_AT", number, 1);
        pid_t child = start_writer(place, "steps", &acks);
        (void)unsetenv("DUET_POWERCUT_KILL_AT");
        killed = wait_for_end(child, acks, &acknowledged);
        expect_kept(place, acknowledged, at, 1);
        assert_true(killed || at > 50); /* else it inspected too little */
        remove_place(place);
    }
}

static void without_syncs_a_power_cut_takes_acknowledged_commits(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= ROUNDS / 2; seed++) {
        char *place = make_disk();
        char *data = below(place, "data");
        uint64_t acknowledged = write_and_kill(place, "nosync", seed);
        uint64_t tail = 0;
        power_cut(place, data, 0);
        assert_false(proven_tail(data, &tail) && tail >= acknowledged);
        free(data);
        remove_place(place);
    }
}

static void without_a_power_cut_a_kill_takes_nothing_even_without_syncs(void **state)
{
    (void)state;
    char *place = make_disk();
    char *data = below(place, "data");
    uint64_t acknowledged = write_and_kill(place, "nosync", 1);
    uint64_t tail = 0;
    assert_true(proven_tail(data, &tail) && tail >= acknowledged);
    free(data);
    remove_place(place);
}

int main(int count, char **words)
{
    program = words[0];
    if (count == 4 && strcmp(words[1], "writer") == 0) {
        return strcmp(words[3], "steps") == 0 ? write_steps(words[2])
                                              : write_until_killed(words[2], words[3]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_power_cut_takes_no_acknowledged_commit),
        cmocka_unit_test(a_power_cut_while_segments_are_dropped_leaves_no_gap),
        cmocka_unit_test(a_power_cut_at_every_step_of_a_segments_life_is_survived),
        cmocka_unit_test(without_syncs_a_power_cut_takes_acknowledged_commits),
        cmocka_unit_test(without_a_power_cut_a_kill_takes_nothing_even_without_syncs),
    };
    if (getenv("DUET_BIN") == NULL) {
        (void)fputs("DUET_BIN must name the build directory\n", stderr);
        return 1;
    }
    logger_set_level(LOG_LEVEL_OFF);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
