#include "bench/idle.h"

#include <stdlib.h>

#include "base/error.h"
#include "bench/crowd.h"
#include "bench/fleet.h"
#include "bench/interrupt.h"
#include "bench/measure.h"
#include "bench/report.h"
#include "bench/scenario.h"
#include "bench/session_ask.h"

#define SETTLE_US 1000000
#define TICK_US 100000
#define PROGRESS_US 1000000
#define STALL_US 120000000 /* with nobody coming in */
#define SCALE 100000

struct idle_options {
    struct server_options server;
    int64_t connections;
    int64_t hold;
    int64_t joining;
};

struct idle_client {
    struct member member; /* first, so that a member is its client */
    const struct token *token;
};

struct idle_run {
    const struct idle_options *options;
    struct server server;
    struct crowd crowd;
    struct tokens tokens;
    struct idle_client *clients;
    struct sample before, settled, end;
    int64_t opened_in_us;
};

static size_t lost_count; /* connections that were in */

static void ask(struct member *member)
{
    static const struct session_places nowhere;
    struct idle_client *client = (struct idle_client *)member;
    session_ask(&member->dial.link, CROWD_ASK_ID, client->token, &nowhere);
}

static bool answered(struct member *member, struct bytes result)
{
    (void)member;
    (void)result;
    return true;
}

static void ignore(struct member *member, struct bytes message)
{
    (void)member;
    (void)message;
}

static void lost(struct member *member)
{
    (void)member;
    lost_count++;
}

static const struct crowd_script script = {
    .ask = ask, .answered = answered, .message = ignore, .lost = lost};

/* Takes what comes (presence, pings) for a while. */
static void listen_for(struct idle_run *run, int64_t us)
{
    int64_t end_us = monotonic_us() + us;
    while (monotonic_us() < end_us && !interrupted()) {
        if (!crowd_turn(&run->crowd)) {
            crowd_sleep(&run->crowd, -1, TICK_US);
        }
    }
}

static struct sample take_sample(const struct idle_run *run)
{
    return sample_take(run->server.pid, run->server.data[0] != '\0' ? run->server.data : NULL);
}

/* Everyone comes, a number of them at a time, and until nothing moves any more. */
static int join_all(struct idle_run *run)
{
    struct crowd *crowd = &run->crowd;
    int64_t start_us = monotonic_us();
    int64_t shown_us = start_us;
    int64_t moved_us = start_us;
    uint32_t in = 0;
    crowd->busy_max = (uint32_t)run->options->joining;
    for (size_t i = 0; i < run->tokens.count; i++) {
        crowd_call(&run->clients[i].member);
    }
    while (crowd->in < run->tokens.count && !interrupted()) {
        int64_t now_us = monotonic_us();
        if (!crowd_turn(crowd)) {
            crowd_sleep(crowd, -1, TICK_US);
        }
        moved_us = crowd->in != in ? now_us : moved_us;
        in = crowd->in;
        if (now_us - shown_us >= PROGRESS_US) {
            shown_us = now_us;
            progress("%u of %zu connections", in, run->tokens.count);
        }
        if (crowd->figures.gave_up != 0 || now_us - moved_us > STALL_US) {
            complain("stopped with %u of %zu connections, %llu refused", in, run->tokens.count,
                     (unsigned long long)crowd->figures.refused);
            return ERR_END;
        }
    }
    run->opened_in_us = monotonic_us() - start_us;
    return interrupted() ? ERR_END : 0;
}

static double growth_per(int64_t before, int64_t after, double count)
{
    return before < 0 || after < 0 ? -1 : (double)(after - before) / count;
}

static void report_idle(const struct idle_run *run, json_t *report)
{
    double connections = (double)run->options->connections;
    double held_us = (double)(run->end.at_us - run->settled.at_us);
    double cpu = growth_per(run->settled.cpu_us, run->end.cpu_us, held_us);
    report_put(report, "hold_s", held_us / 1e6);
    report_put(report, "opened_per_s", connections * 1e6 / (double)run->opened_in_us);
    report_put_count(report, "server_rss_bytes_before", run->before.rss_bytes);
    report_put_count(report, "server_rss_bytes_after", run->settled.rss_bytes);
    report_put_count(report, "server_rss_bytes_end", run->end.rss_bytes);
    report_put(report, "bytes_per_connection",
               growth_per(run->before.rss_bytes, run->settled.rss_bytes, connections));
    report_put(report, "bytes_per_connection_end",
               growth_per(run->before.rss_bytes, run->end.rss_bytes, connections));
    report_put(report, "anon_bytes_per_connection",
               growth_per(run->before.anon_bytes, run->settled.anon_bytes, connections));
    report_put(report, "server_cpu_percent_of_a_core", cpu < 0 ? -1 : 100 * cpu);
    report_put(report, "scaled_cpu_percent_at_100000",
               cpu < 0 ? -1 : 100 * cpu * SCALE / connections);
    json_object_set_new(report, "connections_lost", json_integer((json_int_t)lost_count));
}

static int hold_connections(struct idle_run *run, json_t *report)
{
    int status = EXIT_FAILURE;
    run->before = take_sample(run);
    if (join_all(run) == 0) {
        listen_for(run, SETTLE_US);
        run->settled = take_sample(run);
        progress("holding %u connections for %lld s", run->crowd.in, (long long)run->options->hold);
        listen_for(run, run->options->hold * 1000000);
        run->end = take_sample(run);
        progress_end();
        report_idle(run, report);
        status = lost_count == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    return interrupted() ? EXIT_INTERRUPTED : status;
}

static int measure(struct idle_run *run, json_t *report)
{
    size_t wanted = (size_t)run->options->connections;
    int status = EXIT_FAILURE;
    lost_count = 0;
    if (crowd_init(&run->crowd, run->server.host, run->server.port, &script) != 0) {
        return EXIT_FAILURE;
    }
    if (tokens_read(run->server.tokens, wanted, &run->tokens) == 0) {
        run->clients = memory_alloc(wanted * sizeof *run->clients);
        for (size_t i = 0; i < wanted; i++) {
            member_init(&run->clients[i].member, &run->crowd, (uint32_t)(i / TCP_DIAL_PER_SOURCE));
            run->clients[i].token = &run->tokens.items[i];
        }
        status = hold_connections(run, report);
        for (size_t i = 0; i < wanted; i++) {
            member_fini(&run->clients[i].member);
        }
        free(run->clients);
        tokens_fini(&run->tokens);
    }
    crowd_fini(&run->crowd);
    return status;
}

static int run(const void *context, json_t *report)
{
    struct idle_options options = *(const struct idle_options *)context;
    struct idle_run run = {.options = &options};
    int code = EXIT_FAILURE;
    options.connections += options.connections & 1; /* couples are seeded */
    options.server.couples = options.connections / 2;
    json_object_set_new(report, "connections", json_integer(options.connections));
    if (fleet_prepare((size_t)options.connections) == 0 &&
        server_start(&options.server, &run.server) == 0) {
        code = measure(&run, report);
        server_stop(&run.server);
    }
    return code;
}

static const struct scenario scenario = {
    .command =
        {.name = "idle",
         .summary = "Signed-in connections that say nothing: memory of each, and CPU while "
                    "they last.",
         .details =
             "Memory is (resident after - before) / N of the server, when all are in and at the "
             "end. Every 10,000 "
             "connections come\nfrom a loopback address of their own, so the server must be "
             "on this machine. The\nfigure for 100,000 connections is CPU scaled from those "
             "that were held; hold for a\nmultiple of the heartbeat, 60 s, to measure it. "
             "bench/vm/run.sh holds 100,000 where\nthe limit on open files does not allow "
             "them.\n"},
    .named_by = (const char *const[]){"connections", NULL},
    .headlines =
        (const char *const[]){"bytes_per_connection", "server_cpu_percent_of_a_core", NULL},
    .run = run};

int idle_main(int argc, char **argv)
{
    struct idle_options options = {.connections = 10000, .hold = 10, .joining = 64};
    const struct option_row rows[] = {
        {"connections", OPTION_INT, &options.connections, 2, 1000000, "signed-in connections"},
        {"hold", OPTION_INT, &options.hold, 1, 86400, "seconds to hold them"},
        {"joining", OPTION_INT, &options.joining, 1, 100000, "how many connect at a time"},
        SERVER_OPTIONS(options.server),
    };
    return scenario_main(&scenario, rows, sizeof rows / sizeof rows[0], &options, argc, argv);
}
