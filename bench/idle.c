#include "bench/idle.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/error.h"
#include "bench/fleet.h"
#include "bench/interrupt.h"
#include "bench/measure.h"
#include "bench/report.h"
#include "bench/scenario.h"

#define EVENTS_MAX 512
#define SETTLE_US 1000000
#define TICK_MS 100

struct idle_options {
    struct server_options server;
    int64_t connections;
    int64_t hold;
};

struct idle_run {
    const struct idle_options *options;
    struct server server;
    struct fleet fleet;
    struct link *links;
    size_t count; /* of links that exist */
    size_t lost;
    struct sample before, settled, end;
    int64_t opened_in_us;
};

static void ignore(void *owner, struct bytes message)
{
    (void)owner;
    (void)message;
}

/* Takes what comes (presence, pings) for a while. */
static void listen_for(struct idle_run *run, int64_t us)
{
    struct epoll_event events[EVENTS_MAX];
    int64_t now_us = monotonic_us();
    int64_t end_us = now_us + us;
    while (now_us < end_us && !interrupted()) {
        int ready =
            epoll_wait(run->fleet.epoll, events, EVENTS_MAX, us < TICK_MS * 1000 ? 0 : TICK_MS);
        for (int i = 0; i < ready; i++) {
            struct link *link = events[i].data.ptr;
            if (link->fd >= 0 && (link_receive(link, &now_us, ignore, link) != 0 ||
                                  link_flush(link, run->fleet.epoll, link) != 0)) {
                run->lost++;
            }
        }
        now_us = monotonic_us();
    }
}

static struct sample take_sample(const struct idle_run *run)
{
    return sample_take(run->server.pid, run->server.data[0] != '\0' ? run->server.data : NULL);
}

static int join_all(struct idle_run *run)
{
    int64_t start_us = monotonic_us();
    for (size_t i = 0; i < run->fleet.tokens.count; i++) {
        struct link *link = &run->links[run->count++];
        uint64_t head;
        link->fd = -1;
        int error = fleet_join(&run->fleet, &run->server, i, link, link, ignore, &head);
        if (error != 0 || interrupted()) {
            return error != 0 ? error : ERR_END;
        }
        if (i % 1000 == 999) {
            listen_for(run, 1); /* pings must be answered when this takes long */
        }
    }
    run->opened_in_us = monotonic_us() - start_us;
    return 0;
}

static double growth_per(int64_t before, int64_t after, double count)
{
    return before < 0 || after < 0 ? -1 : (double)(after - before) / count;
}

static void put_bytes(json_t *report, const char *name, int64_t value)
{
    json_object_set_new(report, name, value < 0 ? json_null() : json_integer(value));
}

static void report_idle(const struct idle_run *run, json_t *report)
{
    double connections = (double)run->options->connections;
    double held_us = (double)(run->end.at_us - run->settled.at_us);
    double cpu = growth_per(run->settled.cpu_us, run->end.cpu_us, held_us);
    json_object_set_new(report, "hold_s", json_real(held_us / 1e6));
    json_object_set_new(report, "opened_per_s",
                        json_real(connections * 1e6 / (double)run->opened_in_us));
    put_bytes(report, "server_rss_bytes_before", run->before.rss_bytes);
    put_bytes(report, "server_rss_bytes_after", run->settled.rss_bytes);
    put_bytes(report, "server_rss_bytes_end", run->end.rss_bytes);
    json_object_set_new(
        report, "bytes_per_connection",
        report_figure(growth_per(run->before.rss_bytes, run->settled.rss_bytes, connections)));
    json_object_set_new(
        report, "anon_bytes_per_connection",
        report_figure(growth_per(run->before.anon_bytes, run->settled.anon_bytes, connections)));
    json_object_set_new(report, "server_cpu_percent_of_a_core",
                        report_figure(cpu < 0 ? -1 : 100 * cpu));
    json_object_set_new(report, "connections_lost", json_integer((json_int_t)run->lost));
}

static int hold_connections(struct idle_run *run, json_t *report)
{
    size_t wanted = (size_t)run->options->connections;
    if (fleet_init(&run->fleet, &run->server, wanted) != 0) {
        return EXIT_FAILURE;
    }
    run->links = memory_alloc(wanted * sizeof *run->links);
    run->before = take_sample(run);
    int status = EXIT_FAILURE;
    if (join_all(run) == 0) {
        listen_for(run, SETTLE_US);
        run->settled = take_sample(run);
        progress("holding %zu connections for %lld s", run->count, (long long)run->options->hold);
        listen_for(run, run->options->hold * 1000000);
        run->end = take_sample(run);
        progress_end();
        report_idle(run, report);
        status = run->lost == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    for (size_t i = 0; i < run->count; i++) {
        link_fini(&run->links[i]);
    }
    free(run->links);
    fleet_fini(&run->fleet);
    return interrupted() ? EXIT_INTERRUPTED : status;
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
        code = hold_connections(&run, report);
        server_stop(&run.server);
    }
    return code;
}

static const struct scenario scenario = {
    .command = {.name = "idle",
                .summary = "Signed-in connections that say nothing: memory of each, and CPU while "
                           "they last.",
                .details =
                    "Memory is (resident after - before) / N of the server. Beyond 20,000 "
                    "connections\nfurther loopback addresses are used, so the server must be on "
                    "this machine.\n"},
    .named_by = (const char *const[]){"connections", NULL},
    .headlines =
        (const char *const[]){"bytes_per_connection", "server_cpu_percent_of_a_core", NULL},
    .run = run};

int idle_main(int argc, char **argv)
{
    struct idle_options options = {.connections = 10000, .hold = 10};
    const struct option_row rows[] = {
        {"connections", OPTION_INT, &options.connections, 2, 1000000, "signed-in connections"},
        {"hold", OPTION_INT, &options.hold, 1, 86400, "seconds to hold them"},
        {"server", OPTION_PLACE, &options.server.url, 0, 0, "ws://host:port of a running duetd"},
        {"tokens", OPTION_PLACE, &options.server.tokens, 0, 0, "with --server: from duetctl seed"},
        {"data", OPTION_PLACE, &options.server.data, 0, 0,
         "where to make the data directory; with --server: its own"},
        {"shards", OPTION_INT, &options.server.shards, 0, 256, "shards, 0: one per core"},
        {"keep", OPTION_FLAG, &options.server.keep, 0, 0, "leave the data directory behind"},
    };
    return scenario_main(&scenario, rows, sizeof rows / sizeof rows[0], &options, argc, argv);
}
