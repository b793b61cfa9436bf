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
#define DRAIN_US 20000000
#define RETRY_EVERY_US 50000
#define SAMPLE_EVERY_US 250000
#define PROGRESS_US 1000000

/* --- turns ---------------------------------------------------------------------------------- */

static void enter(struct storm_run *run, enum storm_phase phase)
{
    run->delivery[run->phase] = run->others->second;
    histogram_clear(&run->others->second);
    run->phase = phase;
    run->phase_us = monotonic_us();
    run->samples[phase] = sample_take(run->server.pid, NULL);
}

static void show(const struct storm_run *run)
{
    static const char *const names[] = {"joining", "before", "outage",
                                        "storm",   "after",  "draining"};
    progress("%-8s %5.1f s  in %u  live %zu of %zu  others p99 %llu µs", names[run->phase],
             (double)(monotonic_us() - run->phase_us) / 1e6, run->crowd.in, run->live_count,
             run->cut_count, (unsigned long long)histogram_quantile(&run->others->second, 0.99));
}

/* What is due from time to time, whatever the phase. */
static void keep_watch(struct storm_run *run)
{
    static int64_t sampled_us, retried_us, shown_us;
    int64_t now_us = monotonic_us();
    if (now_us - sampled_us >= SAMPLE_EVERY_US) {
        sampled_us = now_us;
        struct sample sample = sample_take(run->server.pid, NULL);
        run->rss_peak = sample.rss_bytes > run->rss_peak ? sample.rss_bytes : run->rss_peak;
    }
    if (now_us - retried_us >= RETRY_EVERY_US) {
        retried_us = now_us;
        for (size_t i = 0; i < run->client_count; i++) {
            storm_client_retry(&run->clients[i], now_us);
        }
    }
    if (now_us - shown_us >= PROGRESS_US) {
        shown_us = now_us;
        show(run);
    }
}

/* One slice of everything; sleeps when nothing is to be done. */
static void take_turn(struct storm_run *run)
{
    int64_t next_us = run->phase != STORM_JOIN ? chat_step(run->others) : 1000;
    bool busy = crowd_turn(&run->crowd);
    keep_watch(run);
    if (!busy) {
        crowd_sleep(&run->crowd, run->others->fleet.epoll, next_us);
    }
}

static bool times_up(const struct storm_run *run, int64_t us)
{
    return interrupted() || monotonic_us() - run->phase_us >= us;
}

static void run_for(struct storm_run *run, int64_t us)
{
    while (!times_up(run, us)) {
        take_turn(run);
    }
}

/* --- phases --------------------------------------------------------------------------------- */

static int join(struct storm_run *run)
{
    run->crowd.busy_max = JOINING_AT_ONCE;
    for (size_t i = 0; i < run->client_count; i++) {
        crowd_call(&run->clients[i].member);
    }
    while (run->crowd.in < run->client_count && run->crowd.figures.gave_up == 0 &&
           !times_up(run, run->options->limit * 1000000)) {
        take_turn(run);
    }
    run->crowd.busy_max = 0;
    if (run->crowd.in < run->client_count && !interrupted()) {
        progress_end();
        fprintf(stderr, "duet-bench: only %u of %zu clients got in within %lld s (%llu refused)\n",
                run->crowd.in, run->client_count, (long long)run->options->limit,
                (unsigned long long)run->crowd.figures.refused);
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
            chat_step(run->others);
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
    while (!times_up(run, outage_us)) {
        double passed = (double)(monotonic_us() - run->phase_us) / (double)outage_us;
        uint64_t due = (uint64_t)(passed * (double)total);
        for (; run->missed_sent < due && run->missed_sent < total; run->missed_sent++) {
            struct storm_client *client = &run->clients[run->missed_sent % halves * 2 + 1];
            if (client->member.state == MEMBER_IN) {
                storm_client_write(client);
                member_flush(&client->member);
            }
        }
        take_turn(run);
    }
}

static void storm(struct storm_run *run)
{
    run->crowd.figures = (struct crowd_figures){0};
    for (size_t i = 0; i < run->client_count; i++) {
        if (!run->clients[i].stays) {
            run->clients[i].member.source += 16; /* ports of the old connections are in use yet */
            crowd_call(&run->clients[i].member);
        }
    }
    while (run->live_count < run->cut_count && !times_up(run, run->options->limit * 1000000)) {
        take_turn(run);
    }
    run->resumed_all_us = run->live_count == run->cut_count ? monotonic_us() - run->phase_us : 0;
    run->figures = run->crowd.figures;
}

static bool all_settled(const struct storm_run *run)
{
    for (size_t i = 0; i < run->client_count; i++) {
        if (ledger_open(&run->clients[i].ledger) != 0) {
            return false;
        }
    }
    return chat_is_settled(run->others);
}

static void drain(struct storm_run *run)
{
    run->others->phase = CHAT_DRAIN;
    while (!all_settled(run) && !times_up(run, DRAIN_US)) {
        take_turn(run);
    }
    chat_finish(run->others);
    for (size_t i = 0; i < run->client_count; i++) {
        ledger_finish(&run->clients[i].ledger, &run->tally);
        view_finish(&run->clients[i].view, &run->tally);
    }
    run->samples[STORM_PHASES] = sample_take(run->server.pid, NULL);
}

static int drive(struct storm_run *run)
{
    enter(run, STORM_JOIN);
    int error = join(run);
    if (error != 0) {
        return error;
    }
    chat_begin(run->others);
    enter(run, STORM_BEFORE);
    run_for(run, WARMUP_US);
    enter(run, STORM_BEFORE);
    run_for(run, run->options->before * 1000000);
    enter(run, STORM_OUTAGE);
    cut(run);
    outage(run);
    enter(run, STORM_STORM);
    storm(run);
    enter(run, STORM_AFTER);
    run_for(run, run->options->after * 1000000);
    enter(run, STORM_DRAIN);
    drain(run);
    progress_end();
    return interrupted() ? ERR_END : 0;
}

/* --- set-up --------------------------------------------------------------------------------- */

static void init_clients(struct storm_run *run)
{
    size_t others = (size_t)run->options->others.server.couples * 2;
    run->clients = memory_alloc(run->client_count * sizeof *run->clients);
    for (size_t i = 0; i < run->client_count; i++) {
        struct storm_client *client = &run->clients[i];
        member_init(&client->member, &run->crowd, (uint32_t)(i / WS_DIAL_PER_SOURCE));
        client->run = run;
        client->partner = &run->clients[i ^ 1];
        client->token = &run->tokens.items[others + i];
        client->couple = (uint32_t)(i / 2);
        client->side = (uint32_t)(i & 1);
        client->stays = (i & 1) != 0 && i / 2 < (size_t)run->options->halves;
    }
}

static int measure(struct storm_run *run)
{
    size_t users = (size_t)run->options->others.server.couples * 2 + run->client_count;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    run->no_base = (uint64_t)now.tv_sec * 1000000;
    if (crowd_init(&run->crowd, run->server.host, run->server.port, &storm_script) != 0) {
        return EXIT_FAILURE;
    }
    int status = EXIT_FAILURE;
    run->others->server = run->server;
    int error = chat_join(run->others);
    error = error != 0 ? error : tokens_read(run->server.tokens, users, &run->tokens);
    if (error == 0) {
        duet_protocol.template_init(&run->template, (size_t)run->options->others.bytes,
                                    run->no_base);
        init_clients(run);
        if (drive(run) == 0) {
            storm_report(run);
            status = storm_is_good(run) ? EXIT_SUCCESS : EXIT_FAILURE;
        }
        for (size_t i = 0; i < run->client_count; i++) {
            member_fini(&run->clients[i].member);
            ledger_fini(&run->clients[i].ledger);
            view_fini(&run->clients[i].view);
        }
        chat_template_fini(&run->template);
    }
    free(run->clients);
    tokens_fini(&run->tokens);
    chat_leave(run->others);
    crowd_fini(&run->crowd);
    return interrupted() ? EXIT_INTERRUPTED : status;
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
    run->others = memory_alloc(sizeof *run->others);
    run->others->options = &options.others;
    run->others->count = (size_t)options.others.server.couples * 2;
    if (fit_clients(&options, run) == 0) {
        struct server_options server = options.others.server;
        run->cut_count = (size_t)options.clients;
        run->client_count = (size_t)(options.clients + options.halves);
        server.couples += (int64_t)run->client_count / 2;
        if (server_start(&server, &run->server) == 0) {
            code = measure(run);
            server_stop(&run->server);
        }
    }
    free(run->others);
    free(run);
    return code;
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
    struct chat_options *others = &options.others;
    const struct option_row rows[] = {
        {"clients", OPTION_INT, &options.clients, 2, 1000000, "who is cut off and comes back"},
        {"others", OPTION_INT, &others->server.couples, 1, 100000, "couples who chat all the time"},
        {"rate", OPTION_INT, &others->rate, 1, 10000000, "their messages a second"},
        {"bytes", OPTION_INT, &others->bytes, CHAT_TEXT_BYTES_MIN, CHAT_TEXT_BYTES_MAX,
         "length of a text"},
        {"halves", OPTION_INT, &options.halves, 1, 100000,
         "couples of which one partner stays and writes"},
        {"missed", OPTION_INT, &options.missed, 0, 1000, "messages that each of these writes"},
        {"before", OPTION_INT, &options.before, 1, 3600, "seconds before the outage"},
        {"outage", OPTION_INT, &options.outage, 1, 3600, "seconds of it"},
        {"after", OPTION_INT, &options.after, 1, 3600, "seconds after all have resumed"},
        {"limit", OPTION_INT, &options.limit, 1, 86400, "seconds to wait for that"},
        {"server", OPTION_PLACE, &others->server.url, 0, 0, "host:port of a running duetd"},
        {"tokens", OPTION_PLACE, &others->server.tokens, 0, 0, "with --server: from duetctl seed"},
        {"data", OPTION_PLACE, &others->server.data, 0, 0,
         "where to make the data directory; with --server: its own"},
        {"shards", OPTION_INT, &others->server.shards, 0, 256, "shards, 0: one per core, less one"},
        {"keep", OPTION_FLAG, &others->server.keep, 0, 0, "leave the data directory behind"},
    };
    return scenario_main(&scenario, rows, sizeof rows / sizeof rows[0], &options, argc, argv);
}
