/*
 * A power cut at any moment takes nothing that a client was told.
 *
 * The server runs under libduetpowercut.so while couples chat and singles pair. It is killed, and
 * powercut_tool takes from copies of its data what was never synced: all of it, or random parts. A
 * server started on each copy must still have every message that was acknowledged or shown; one of
 * the copies is what everyone goes on with. Without syncs the same must find messages lost, or it
 * would prove nothing.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/tcp.h"
#include "tests/integration/support_crash_chat.h"
#include "tests/integration/support_crash_pairing.h"
#include "tests/integration/support_crash_server.h"
#include "tests/integration/support_daemon.h"

#define COUPLES 4
#define PAIRS 2
#define ROUNDS 6
#define ROUNDS_NOSYNC_MAX 10
#define SUBSETS 2
#define LOAD_MS_MIN 20
#define LOAD_MS_MAX 250

struct powercut {
    char place[PATH_MAX];
    char data[PATH_MAX + 16];
    char copy[PATH_MAX + 16];
    char journal[PATH_MAX + 16];
    const char *how; /* an option for the log */
    uint64_t random;
    uint64_t undone; /* changes taken back by the tool */
    struct crash_server server;
    struct crash_fleet fleet;
    struct crash_singles singles;
    struct crash_tally tally;
};

static int start(struct powercut *cut, const char *data, bool watched)
{
    struct crash_server_options options = {
        .data = data,
        .journal = watched ? cut->journal : NULL,
        .set = {"costly_per_minute=1000000", "costly_per_minute_address=10000000",
                "log_segment=4MiB", "flush_age=50ms", "actor_idle=100ms", "log_level=error",
                watched ? cut->how : NULL}};
    return crash_server_start(&options, &cut->server);
}

static struct powercut *power_on(const char *how)
{
    struct powercut *cut = memory_alloc(sizeof *cut);
    cut->how = how;
    cut->random = 1;
    crash_place_make(cut->place);
    (void)snprintf(cut->data, sizeof cut->data, "%s/data", cut->place);
    (void)snprintf(cut->copy, sizeof cut->copy, "%s/copy", cut->place);
    (void)snprintf(cut->journal, sizeof cut->journal, "%s/journal", cut->place);
    assert_int_equal(start(cut, cut->data, false), 0);
    assert_int_equal(crash_fleet_init(&cut->fleet, COUPLES, cut->server.port, &cut->tally), 0);
    assert_int_equal(
        crash_singles_init(&cut->singles, PAIRS, cut->server.port, cut->random, &cut->tally), 0);
    assert_int_equal(crash_fleet_open(&cut->fleet, cut->server.port, false), 0);
    crash_fleet_settle(&cut->fleet);
    assert_true(crash_server_kill(&cut->server));
    crash_fleet_drop(&cut->fleet);
    return cut;
}

static void power_off(struct powercut *cut)
{
    crash_fleet_fini(&cut->fleet);
    crash_singles_fini(&cut->singles);
    crash_place_remove(cut->place);
    free(cut);
}

/* One life of the server: everyone comes back, chats and pairs, until it is killed. */
static void live_and_die(struct powercut *cut)
{
    int64_t end_ms = LOAD_MS_MIN + (int64_t)crash_roll(&cut->random, LOAD_MS_MAX);
    crash_place_remove(cut->journal);
    assert_int_equal(start(cut, cut->data, true), 0);
    assert_int_equal(crash_fleet_open(&cut->fleet, cut->server.port, false), 0);
    crash_fleet_settle(&cut->fleet);
    assert_int_equal(crash_singles_open(&cut->singles, cut->server.port), 0);
    end_ms += tcp_now_ms();
    while (tcp_now_ms() < end_ms) {
        crash_fleet_turn(&cut->fleet, true, 1);
        crash_singles_turn(&cut->singles);
    }
    assert_true(crash_server_kill(&cut->server));
    crash_fleet_drop(&cut->fleet);
    (void)crash_singles_drop(&cut->singles);
}

/* Makes cut->copy what the disk may hold after the power cut. `subset` 0: nothing unsynced. */
static void cut_power(struct powercut *cut, uint64_t subset)
{
    char seed[24];
    char tool[PATH_MAX];
    char output[256];
    uint64_t changes;
    uint64_t unsynced;
    (void)snprintf(seed, sizeof seed, "%" PRIu64, subset);
    (void)snprintf(tool, sizeof tool, "%s", program_path("powercut_tool"));
    const char *const words[] = {tool,
                                 "undo",
                                 cut->journal,
                                 "--dir",
                                 cut->copy,
                                 subset == 0 ? "--all" : "--subset",
                                 subset == 0 ? NULL : seed,
                                 NULL};
    crash_place_remove(cut->copy);
    crash_place_copy(cut->data, cut->copy);
    int status = program_run((char *const *)(uintptr_t)words, output, sizeof output, true);
    if (status != 0) {
        fail_msg("powercut_tool: %s", output);
    }
    assert_int_equal(sscanf(output, "changes=%" SCNu64 " unsynced=%" SCNu64, &changes, &unsynced),
                     2);
    cut->undone += unsynced;
}

/* The log alone must be enough. Here also because a state beyond the log's end is refused. */
static void forget_state(const struct powercut *cut)
{
    char state[PATH_MAX + 32];
    (void)snprintf(state, sizeof state, "%s/state", cut->copy);
    crash_place_remove(state);
}

/* Whether a server starts on the copy and has everything. */
static bool copy_is_complete(struct powercut *cut)
{
    if (start(cut, cut->copy, false) != 0) {
        return false;
    }
    assert_int_equal(crash_fleet_inspect(&cut->fleet, cut->server.port), 0);
    assert_true(crash_server_kill(&cut->server));
    return !crash_tally_is_bad(&cut->tally);
}

static void go_on_with_copy(struct powercut *cut)
{
    crash_place_remove(cut->data);
    assert_int_equal(rename(cut->copy, cut->data), 0);
    assert_int_equal(start(cut, cut->data, false), 0);
    crash_singles_settle(&cut->singles, cut->server.port);
    assert_true(crash_server_kill(&cut->server));
    assert_false(crash_tally_is_bad(&cut->tally));
}

static void a_power_cut_takes_nothing_that_was_acknowledged(void **state)
{
    (void)state;
    struct powercut *cut = power_on(NULL);
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        live_and_die(cut);
        for (uint64_t subset = 0; subset <= SUBSETS; subset++) {
            cut_power(cut, subset == 0 ? 0 : round * (SUBSETS + 1) + subset);
            if (subset == SUBSETS) {
                forget_state(cut);
            }
            if (!copy_is_complete(cut)) {
                fail_msg("round %" PRIu64 ", subset %" PRIu64 ", in %s", round, subset, cut->copy);
            }
        }
        cut_power(cut, round % 2 == 0 ? 0 : round);
        go_on_with_copy(cut);
    }
    print_message("acknowledged %" PRIu64 ", in flight %" PRIu64 ", changes undone %" PRIu64 "\n",
                  cut->tally.acked, cut->tally.in_flight, cut->undone);
    assert_true(cut->tally.acked != 0 && cut->tally.in_flight != 0 && cut->undone != 0);
    power_off(cut);
}

/* A server that misses what it knows to have been durable does not start. */
static bool log_is_refused(const struct powercut *cut)
{
    char program[PATH_MAX];
    char output[512];
    (void)snprintf(program, sizeof program, "%s", program_path("duetctl"));
    const char *const words[] = {program, "verify", "--data", cut->copy, NULL};
    int status = program_run((char *const *)(uintptr_t)words, output, sizeof output, true);
    return status != 0 && strstr(output, "damaged") != NULL;
}

static void without_syncs_a_power_cut_is_seen_to_take_acknowledged_messages(void **state)
{
    (void)state;
    struct powercut *cut = power_on("test_log_nosync=yes");
    bool complete = true;
    crash_wrong_show(false);
    for (int round = 1; complete && round <= ROUNDS_NOSYNC_MAX; round++) {
        live_and_die(cut);
        cut_power(cut, 0);
        forget_state(cut);
        complete = copy_is_complete(cut);
    }
    crash_wrong_show(true);
    print_message("acknowledged %" PRIu64 ", lost %" PRIu64 "\n", cut->tally.acked,
                  cut->tally.lost);
    assert_true(cut->tally.lost != 0 || (!complete && log_is_refused(cut)));
    power_off(cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_power_cut_takes_nothing_that_was_acknowledged),
        cmocka_unit_test(without_syncs_a_power_cut_is_seen_to_take_acknowledged_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
