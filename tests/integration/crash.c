/*
 * crash --rounds N [--seed S] [--couples C] [--pairs P]
 *
 * Couples chat and singles pair while the server is killed without warning at a random moment, N
 * times, and started again each time with another number of shards. Nothing that was acknowledged
 * or shown may be lost, doubled or out of order, and no couple may be half. The last line says so.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/tcp.h"
#include "tests/integration/support_crash_chat.h"
#include "tests/integration/support_crash_pairing.h"
#include "tests/integration/support_crash_server.h"

#define LOAD_MS_MIN 5
#define LOAD_MS_MAX 400
#define SHARDS_MAX 4

struct crash {
    uint64_t rounds;
    uint64_t done;
    uint64_t seed;
    uint64_t couples;
    uint64_t pairs;
    uint64_t random;
    char place[PATH_MAX];
    char data[PATH_MAX + 8];
    struct crash_server server;
    struct crash_fleet fleet;
    struct crash_singles singles;
    struct crash_tally tally;
};

static int start(struct crash *crash)
{
    char shards[32];
    (void)snprintf(shards, sizeof shards, "shards=%" PRIu64,
                   1 + crash_roll(&crash->random, SHARDS_MAX));
    /* Small segments, early flushes and short-lived actors: more of everything within a round. */
    struct crash_server_options options = {
        .data = crash->data,
        .set = {shards, crash->seed % 2 != 0 ? "log_keep=no" : "log_keep=yes",
                "costly_per_minute=1000000", "costly_per_minute_address=10000000",
                "log_segment=16MiB", "flush_age=50ms", "actor_idle=100ms", "log_level=warn"}};
    return crash_server_start(&options, &crash->server);
}

static int set_up(struct crash *crash)
{
    uint16_t port = crash->server.port;
    int error = crash_fleet_init(&crash->fleet, (int)crash->couples, port, &crash->tally);
    error = error != 0 ? error
                       : crash_singles_init(&crash->singles, (int)crash->pairs, port, crash->seed,
                                            &crash->tally);
    return error;
}

/* Loads the server and kills it at some moment. */
static int load_and_kill(struct crash *crash)
{
    int error = crash_singles_open(&crash->singles, crash->server.port);
    if (error != 0) {
        return error;
    }
    uint64_t load_ms = LOAD_MS_MIN + crash_roll(&crash->random, LOAD_MS_MAX - LOAD_MS_MIN + 1);
    uint64_t refresher = crash_roll(&crash->random, 2 * crash->couples);
    int64_t begin_ms = tcp_now_ms();
    int64_t end_ms = begin_ms + (int64_t)load_ms;
    while (tcp_now_ms() < end_ms) {
        crash_fleet_turn(&crash->fleet, true, 1);
        crash_singles_turn(&crash->singles);
        if (refresher != UINT64_MAX && tcp_now_ms() >= end_ms - 1) {
            crash_account_refresh_begin(&crash->fleet.chatters[refresher].account);
            refresher = UINT64_MAX;
        }
    }
    if (!crash_server_kill(&crash->server)) {
        crash_wrong(&crash->tally.others, "the server crashed, see %s.stderr", crash->data);
    }
    crash_fleet_drop(&crash->fleet);
    crash->tally.mid_pairing += crash_singles_drop(&crash->singles);
    return 0;
}

static int restart_and_check(struct crash *crash, bool all)
{
    int error = start(crash);
    bool refresh = crash_roll(&crash->random, 4) == 0;
    error = error != 0 ? error : crash_fleet_open(&crash->fleet, crash->server.port, refresh);
    if (error == 0) {
        crash_singles_settle(&crash->singles, crash->server.port);
        crash_fleet_settle(&crash->fleet);
        crash_fleet_check(&crash->fleet, all);
    }
    return error;
}

static int run(struct crash *crash)
{
    int error = start(crash);
    error = error != 0 ? error : set_up(crash);
    error = error != 0 ? error : crash_fleet_open(&crash->fleet, crash->server.port, false);
    for (uint64_t round = 1; error == 0 && round <= crash->rounds; round++) {
        error = load_and_kill(crash);
        error = error != 0 ? error : restart_and_check(crash, round == crash->rounds);
        crash->done = round;
        if (error != 0 || crash_tally_is_bad(&crash->tally)) {
            (void)fprintf(stderr, "in round %" PRIu64 " of seed %" PRIu64 ", data in %s\n", round,
                          crash->seed, crash->data);
            break;
        }
    }
    (void)crash_server_kill(&crash->server);
    return error;
}

static int report(const struct crash *crash)
{
    const struct crash_tally *tally = &crash->tally;
    bool idle = tally->acked == 0 || tally->in_flight == 0 || tally->mid_pairing == 0;
    if (idle) {
        (void)fprintf(stderr, "nothing was proven: too little was in flight at the kills\n");
    }
    (void)printf("rounds %" PRIu64 " acked %" PRIu64 " in_flight %" PRIu64 " mid_pairing %" PRIu64
                 " lost %" PRIu64 " doubled %" PRIu64 " disordered %" PRIu64
                 " half_couples %" PRIu64 "\n",
                 crash->done, tally->acked, tally->in_flight, tally->mid_pairing, tally->lost,
                 tally->doubled, tally->disordered, tally->half_couples);
    return idle || crash_tally_is_bad(tally) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static bool parse(int count, char **words, struct crash *crash)
{
    const struct {
        const char *name;
        uint64_t *value;
        uint64_t max;
    } flags[] = {{"--rounds", &crash->rounds, 1000000},
                 {"--seed", &crash->seed, UINT64_MAX},
                 {"--couples", &crash->couples, CRASH_COUPLES_MAX},
                 {"--pairs", &crash->pairs, CRASH_PAIRS_MAX}};
    for (int i = 1; i < count; i++) {
        size_t at = 0;
        while (at < 4 && strcmp(words[i], flags[at].name) != 0) {
            at++;
        }
        if (at == 4 || i + 1 == count) {
            return false;
        }
        *flags[at].value = strtoull(words[++i], NULL, 10);
        if (*flags[at].value > flags[at].max || *flags[at].value == 0) {
            return false;
        }
    }
    return true;
}

int main(int count, char **words)
{
    static struct crash crash = {.rounds = 20, .seed = 1, .couples = 8, .pairs = 6};
    if (!parse(count, words, &crash)) {
        (void)fprintf(stderr, "crash --rounds N [--seed S] [--couples C] [--pairs P]\n");
        return 2;
    }
    crash.random = crash.seed;
    crash_place_make(crash.place);
    (void)snprintf(crash.data, sizeof crash.data, "%s/data", crash.place);
    int error = run(&crash);
    int status = report(&crash);
    if (error == 0 && status == EXIT_SUCCESS) {
        crash_place_remove(crash.place);
    }
    crash_fleet_fini(&crash.fleet);
    crash_singles_fini(&crash.singles);
    return error != 0 ? EXIT_FAILURE : status;
}
