#include "bench/storm.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/error.h"
#include "bench/interrupt.h"
#include "bench/report.h"
#include "bench/scenario.h"

#define SERVER_FILES 100 /* of the server and of this program, beside connections */
#define JOINING_AT_ONCE 256
#define SLICE 64
#define WARMUP_US 2000000

/* --- hooks ---------------------------------------------------------------------------------- */

static void show(const void *owner)
{
    static const char *const names[] = {"joining", "before", "outage",
                                        "storm",   "after",  "draining"};
    const struct storm_run *run = owner;
    const struct background *background = &run->background;
    progress("%-8s %5.1f s  in %u  live %zu of %zu  others p99 %llu µs", names[background->phase],
             (double)(monotonic_us() - background->phase_us) / 1e6, background->crowd.in,
             run->live_count, run->cut_count,
             (unsigned long long)histogram_quantile(&background->others->second, 0.99));
}

static void retry(void *owner, int64_t now_us)
{
    struct storm_run *run = owner;
    for (size_t i = 0; i < run->client_count; i++) {
        storm_client_retry(&run->clients[i], now_us);
    }
}

/* --- phases --------------------------------------------------------------------------------- */

static int join(struct storm_run *run)
{
    run->background.crowd.busy_max = JOINING_AT_ONCE;
    for (size_t i = 0; i < run->client_count; i++) {
        crowd_call(&run->clients[i].member);
    }
    while (run->background.crowd.in < run->client_count &&
           run->background.crowd.figures.gave_up == 0 &&
           !background_times_up(&run->background, run->options->limit * 1000000)) {
        background_turn(&run->background);
    }
    run->background.crowd.busy_max = 0;
    if (run->background.crowd.in < run->client_count && !interrupted()) {
        complain("only %u of %zu clients got in within %lld s (%llu refused)",
                 run->background.crowd.in, run->client_count, (long long)run->options->limit,
                 (unsigned long long)run->background.crowd.figures.refused);
        return ERR_END;
    }
    return interrupted() ? ERR_END : 0;
}

/* Both partners of a couple that is cut as a whole write once more. */
static void cut(struct storm_run *run)
{
    for (size_t i = 0; i < run->client_count; i++) {
        struct storm_client *client = &run->clients[i];
        if (client->stays) {
            continue;
        }
        if (!client->partner->stays && client->member.state == MEMBER_IN) {
            storm_client_write(client);
            member_flush(&client->member);
        }
        member_leave(&client->member);
        client->live = false;
        if (i % SLICE == SLICE - 1) {
            chat_step(run->background.others);
        }
    }
    run->live_count = 0;
}

/* Who stays writes, evenly over the outage. */
static void outage(struct storm_run *run)
{
    int64_t outage_us = run->options->outage * 1000000;
    uint64_t halves = (uint64_t)run->options->halves;
    uint64_t total = halves * (uint64_t)run->options->missed;
    while (!background_times_up(&run->background, outage_us)) {
        double passed = (double)(monotonic_us() - run->background.phase_us) / (double)outage_us;
        uint64_t due = (uint64_t)(passed * (double)total);
        for (; run->missed_sent < due && run->missed_sent < total; run->missed_sent++) {
            struct storm_client *client = &run->clients[run->missed_sent % halves * 2 + 1];
            if (client->member.state == MEMBER_IN) {
                storm_client_write(client);
                member_flush(&client->member);
            }
        }
        background_turn(&run->background);
    }
}

static void storm(struct storm_run *run)
{
    run->background.crowd.figures = (struct crowd_figures){0};
    for (size_t i = 0; i < run->client_count; i++) {
        if (!run->clients[i].stays) {
            run->clients[i].member.source += 16; /* ports of the old connections are in use yet */
            crowd_call(&run->clients[i].member);
        }
    }
    while (run->live_count < run->cut_count &&
           !background_times_up(&run->background, run->options->limit * 1000000)) {
        background_turn(&run->background);
    }
    run->resumed_all_us =
        run->live_count == run->cut_count ? monotonic_us() - run->background.phase_us : 0;
    run->figures = run->background.crowd.figures;
}

static bool is_settled(const void *owner)
{
    const struct storm_run *run = owner;
    for (size_t i = 0; i < run->client_count; i++) {
        if (ledger_open(&run->clients[i].ledger) != 0) {
            return false;
        }
    }
    return true;
}

static void drain(struct storm_run *run)
{
    background_drain(&run->background, is_settled);
    for (size_t i = 0; i < run->client_count; i++) {
        ledger_finish(&run->clients[i].ledger, &run->tally);
        view_finish(&run->clients[i].view, &run->tally);
    }
}

static int drive(struct storm_run *run)
{
    background_enter(&run->background, STORM_JOIN);
    int error = join(run);
    if (error != 0) {
        return error;
    }
    background_begin(&run->background);
    background_enter(&run->background, STORM_BEFORE);
    background_run_for(&run->background, WARMUP_US);
    background_enter(&run->background, STORM_BEFORE);
    background_run_for(&run->background, run->options->before * 1000000);
    background_enter(&run->background, STORM_OUTAGE);
    cut(run);
    outage(run);
    background_enter(&run->background, STORM_STORM);
    storm(run);
    background_enter(&run->background, STORM_AFTER);
    background_run_for(&run->background, run->options->after * 1000000);
    background_enter(&run->background, STORM_DRAIN);
    drain(run);
    progress_end();
    return interrupted() ? ERR_END : 0;
}

/* --- set-up --------------------------------------------------------------------------------- */

static void init_clients(struct storm_run *run)
{
    run->clients = memory_alloc(run->client_count * sizeof *run->clients);
    for (size_t i = 0; i < run->client_count; i++) {
        struct storm_client *client = &run->clients[i];
        member_init(&client->member, &run->background.crowd, (uint32_t)(i / TCP_DIAL_PER_SOURCE));
        client->run = run;
        client->partner = &run->clients[i ^ 1];
        client->token = background_token(&run->background, i);
        client->couple = (uint32_t)(i / 2);
        client->side = (uint32_t)(i & 1);
        client->stays = (i & 1) != 0 && i / 2 < (size_t)run->options->halves;
    }
}

static void fini_clients(struct storm_run *run)
{
    for (size_t i = 0; i < run->client_count; i++) {
        member_fini(&run->clients[i].member);
        ledger_fini(&run->clients[i].ledger);
        view_fini(&run->clients[i].view);
    }
    free(run->clients);
}

static int measure(struct storm_run *run)
{
    int status = EXIT_FAILURE;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    run->no_base = (uint64_t)now.tv_sec * 1000000;
    duet_protocol.template_init(&run->template, (size_t)run->options->others.bytes, run->no_base);
    init_clients(run);
    if (drive(run) == 0) {
        storm_report(run);
        status = storm_is_good(run) ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    fini_clients(run);
    chat_template_fini(&run->template);
    return status;
}

/* As many clients as the limit on open files lets this program and the server hold. */
static int fit_clients(struct storm_options *options, struct storm_run *run)
{
    struct rlimit limit;
    int64_t rest = options->others.server.couples * 2 + options->halves;
    int64_t asked = options->clients;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (raise_file_limit_quietly((uint64_t)(asked + rest + SERVER_FILES)) != 0) {
        options->clients = (int64_t)limit.rlim_max - rest - SERVER_FILES;
        snprintf(run->limit_note, sizeof run->limit_note,
                 "%lld of the %lld clients asked for: a process may have %llu open files here",
                 (long long)options->clients, (long long)asked, (unsigned long long)limit.rlim_max);
        progress("%s", run->limit_note);
        progress_end();
    }
    options->clients -= (options->clients - options->halves) & 1; /* couples */
    if (options->clients < options->halves) {
        fprintf(stderr, "duet-bench storm: no room for clients: --halves %lld, %llu open files\n",
                (long long)options->halves, (unsigned long long)limit.rlim_max);
        return ERR_INVALID_ARGUMENT;
    }
    return raise_file_limit((uint64_t)(options->clients + rest + SERVER_FILES));
}

static int run(const void *context, json_t *report)
{
    struct storm_options options = *(const struct storm_options *)context;
    int code = EXIT_FAILURE;
    struct storm_run *run = memory_alloc(sizeof *run); /* its histograms are big for a stack */
    run->options = &options;
    run->report = report;
    run->background.owner = run;
    run->background.show = show;
    run->background.look = retry;
    if (fit_clients(&options, run) == 0) {
        run->cut_count = (size_t)options.clients;
        run->client_count = (size_t)(options.clients + options.halves);
        if (background_open(&run->background, &options.others, NULL, run->client_count,
                            &storm_script) == 0) {
            code = measure(run);
        }
        background_close(&run->background);
    }
    free(run);
    return interrupted() ? EXIT_INTERRUPTED : code;
}

static const struct scenario scenario = {
    .command = {.name = "storm",
                .summary = "All clients are cut off at once, and reconnect and resume at once.",
                .details =
                    "Others, who are not cut off, chat meanwhile at a fixed rate: what the storm "
                    "does\nto them is measured. Fails (exit code 1) on any message lost, doubled "
                    "or out of\norder, and when not all come back. With fewer open files allowed "
                    "than clients\nneed, there are fewer clients, and the report says so.\n"},
    .named_by = (const char *const[]){"clients", "others", "rate", NULL},
    .headlines = (const char *const[]){"resumed_p50_ms", "resumed_all_ms", "others_during_p99_ms",
                                       "server_cpu_storm_ms", NULL},
    .run = run};

int storm_main(int argc, char **argv)
{
    struct storm_options options = {
        .others = {.server.couples = 100, .window = 1, .bytes = 200, .rate = 2000},
        .clients = 20000,
        .halves = 500,
        .missed = 3,
        .before = 5,
        .outage = 2,
        .after = 5,
        .limit = 60};
    const struct option_row rows[] = {
        {"clients", OPTION_INT, &options.clients, 2, 1000000, "who is cut off and comes back"},
        BACKGROUND_OPTIONS(options.others),
        {"halves", OPTION_INT, &options.halves, 1, 100000,
         "couples of which one partner stays and writes"},
        {"missed", OPTION_INT, &options.missed, 0, 1000, "messages that each of these writes"},
        {"before", OPTION_INT, &options.before, 1, 3600, "seconds before the outage"},
        {"outage", OPTION_INT, &options.outage, 1, 3600, "seconds of it"},
        {"after", OPTION_INT, &options.after, 1, 3600, "seconds after all have resumed"},
        {"limit", OPTION_INT, &options.limit, 1, 86400, "seconds to wait for that"},
        SERVER_OPTIONS(options.others.server),
    };
    return scenario_main(&scenario, rows, sizeof rows / sizeof rows[0], &options, argc, argv);
}
