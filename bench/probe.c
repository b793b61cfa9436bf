#include "bench/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "bench/http_client.h"
#include "bench/interrupt.h"
#include "bench/measure.h"
#include "bench/report.h"
#include "bench/scenario.h"

#define EVENTS_MAX 256
#define KEPT 10             /* connections that take turns */
#define SLOTS_MAX 20000     /* probes under way */
#define PATIENCE_US 5000000 /* then a probe has failed */
#define TICK_US 50000
#define SOURCES 16 /* so that ports that linger do not run out */
#define OTHER_FILES 512

enum probe_kind { PROBE_NEW, PROBE_KEPT, PROBE_KINDS };
static const char *const kind_names[PROBE_KINDS] = {"new", "kept"};

struct probe_options {
    const char *address;
    const char *path;
    int64_t rate, seconds, status, limit_ms;
};

struct probe_run;
struct probe {
    struct http_client client;
    struct probe_run *run;
    struct probe *next_free;
    enum probe_kind kind;
    bool waiting;
    int64_t due_us;
    uint64_t asked; /* over a kept one */
};

struct probe_run {
    const struct probe_options *options;
    struct tcp_target target;
    struct buffer requests[PROBE_KINDS];
    struct probe *probes; /* the first KEPT are kept */
    size_t count;
    struct probe *free;
    size_t waiting;
    uint64_t due; /* so many of each kind so far */
    int64_t started_us, now_us;
    uint64_t answered, failed, wrong_status, reopened;
    struct histogram latency[PROBE_KINDS];
};

static void make_requests(struct probe_run *run, const char *address)
{
    static const char *const endings[PROBE_KINDS] = {"Connection: close\r\n", ""};
    for (int kind = 0; kind < PROBE_KINDS; kind++) {
        char text[1024];
        int len = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n",
                           run->options->path, address, endings[kind]);
        buffer_append(&run->requests[kind], text, (size_t)len);
    }
}

/* The probe is over, however it ended. */
static void settle(struct probe *probe)
{
    struct probe_run *run = probe->run;
    probe->waiting = false;
    run->waiting--;
    if (probe->kind == PROBE_NEW) {
        probe->next_free = run->free;
        run->free = probe;
    }
}

static void take_answer(void *owner, const struct http_answer *answer)
{
    struct probe *probe = owner;
    struct probe_run *run = probe->run;
    if (!probe->waiting) {
        run->failed++; /* nobody asked */
        return;
    }
    histogram_add(&run->latency[probe->kind], (uint64_t)(monotonic_us() - probe->due_us));
    run->answered++;
    run->wrong_status += answer->status != run->options->status;
    settle(probe);
}

/* It will get no answer. What was waited for in vain was waited for. */
static void fail(struct probe *probe, bool waited)
{
    struct probe_run *run = probe->run;
    if (waited) {
        histogram_add(&run->latency[probe->kind], (uint64_t)(run->now_us - probe->due_us));
    }
    run->failed++;
    http_client_close(&probe->client);
    settle(probe);
}

static void ask(struct probe *probe, int64_t due_us)
{
    struct probe_run *run = probe->run;
    uint32_t source = (uint32_t)(run->due % SOURCES);
    struct bytes request = buffer_bytes(&run->requests[probe->kind]);
    probe->due_us = due_us;
    probe->waiting = true;
    run->waiting++;
    if (probe->client.fd < 0 &&
        http_client_dial(&probe->client, &run->target, source, probe) != 0) {
        fail(probe, false);
        return;
    }
    buffer_append(&probe->client.out, request.data, request.len);
    if (http_client_flush(&probe->client, &run->target, probe) != 0) {
        fail(probe, false);
    }
}

static int64_t due_at(const struct probe_run *run, uint64_t number)
{
    return run->started_us + (int64_t)((double)number * 1e6 / (double)run->options->rate);
}

/* A kept connection asks one thing at a time: what became due meanwhile has waited. */
static void catch_up(struct probe *kept)
{
    struct probe_run *run = kept->run;
    uint64_t number;
    while (!kept->waiting &&
           (number = kept->asked * KEPT + (uint64_t)(kept - run->probes)) < run->due) {
        run->reopened += kept->client.fd < 0 && kept->asked != 0;
        kept->asked++;
        ask(kept, due_at(run, number));
    }
}

/* One over a new connection, one over a kept one. */
static void ask_both(struct probe_run *run, int64_t due_us)
{
    struct probe *fresh = run->free;
    run->due++;
    catch_up(&run->probes[(run->due - 1) % KEPT]);
    if (fresh != NULL) {
        run->free = fresh->next_free;
        ask(fresh, due_us);
    } else {
        run->failed++; /* more are under way than should be possible */
    }
}

/* Asks all that is due; microseconds until the next. */
static int64_t ask_due(struct probe_run *run, bool asking)
{
    run->now_us = monotonic_us();
    while (asking) {
        int64_t due_us = due_at(run, run->due);
        if (due_us > run->now_us) {
            return due_us - run->now_us < TICK_US ? due_us - run->now_us : TICK_US;
        }
        ask_both(run, due_us);
    }
    return TICK_US;
}

static void handle_event(struct probe_run *run, const struct epoll_event *event)
{
    struct probe *probe = event->data.ptr;
    int error =
        http_client_event(&probe->client, &run->target, event->events, probe, take_answer, probe);
    run->now_us = monotonic_us();
    if (error != 0 && probe->waiting) {
        fail(probe, false);
    } else if (!probe->waiting && probe->kind == PROBE_NEW) {
        http_client_close(&probe->client);
    }
    if (probe->kind == PROBE_KEPT) {
        catch_up(probe);
    }
}

static void take_turn(struct probe_run *run, bool asking)
{
    struct epoll_event events[EVENTS_MAX];
    struct timespec timeout = {.tv_nsec = (long)ask_due(run, asking) * 1000};
    int ready = epoll_pwait2(run->target.epoll, events, EVENTS_MAX, &timeout, NULL);
    for (int i = 0; i < ready; i++) {
        handle_event(run, &events[i]);
    }
}

static void give_up_old(struct probe_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        struct probe *probe = &run->probes[i];
        if (probe->waiting && run->now_us - probe->due_us > PATIENCE_US) {
            fail(probe, true);
        }
        if (probe->kind == PROBE_KEPT) {
            catch_up(probe);
        }
    }
}

static void show(const struct probe_run *run)
{
    progress("%3.0f s  new p99 %.1f ms  kept p99 %.1f ms  failed %llu",
             (double)(run->now_us - run->started_us) / 1e6,
             (double)histogram_quantile(&run->latency[PROBE_NEW], 0.99) / 1000,
             (double)histogram_quantile(&run->latency[PROBE_KEPT], 0.99) / 1000,
             (unsigned long long)run->failed);
}

static void drive(struct probe_run *run)
{
    run->started_us = run->now_us = monotonic_us();
    int64_t end_us = run->started_us + run->options->seconds * 1000000;
    int64_t looked_us = run->started_us;
    bool asking = true;
    while ((asking || run->waiting != 0) && !interrupted()) {
        take_turn(run, asking);
        asking = monotonic_us() < end_us;
        if (run->now_us - looked_us >= 1000000) {
            looked_us = run->now_us;
            give_up_old(run);
            show(run);
        }
    }
    progress_end();
}

static bool is_good(const struct probe_run *run)
{
    bool fast = true;
    for (int kind = 0; kind < PROBE_KINDS; kind++) {
        fast = fast && histogram_quantile(&run->latency[kind], 0.99) <=
                           (uint64_t)run->options->limit_ms * 1000;
    }
    return run->answered != 0 && run->failed == 0 && run->wrong_status == 0 &&
           (fast || run->options->limit_ms == 0);
}

static void put_report(const struct probe_run *run, json_t *report)
{
    for (int kind = 0; kind < PROBE_KINDS; kind++) {
        char name[32];
        snprintf(name, sizeof name, "%s_count", kind_names[kind]);
        report_put_count(report, name, (int64_t)run->latency[kind].total);
        scenario_quantiles(report, kind_names[kind], &run->latency[kind]);
        scenario_latencies(report, kind_names[kind], &run->latency[kind]);
    }
    report_put_count(report, "asked", (int64_t)run->due * PROBE_KINDS);
    report_put_count(report, "answered", (int64_t)run->answered);
    report_put_count(report, "failed", (int64_t)run->failed);
    report_put_count(report, "wrong_status", (int64_t)run->wrong_status);
    report_put_count(report, "reopened", (int64_t)run->reopened);
    json_object_set_new(report, "good", json_boolean(is_good(run)));
}

/* As many slots as can be under way before the oldest is given up. */
static void init_probes(struct probe_run *run)
{
    size_t wanted = (size_t)run->options->rate * (PATIENCE_US / 1000000 + 2) + KEPT;
    run->count = wanted < SLOTS_MAX ? wanted : SLOTS_MAX;
    run->probes = memory_alloc(run->count * sizeof *run->probes);
    for (size_t i = 0; i < run->count; i++) {
        struct probe *probe = &run->probes[i];
        *probe = (struct probe){.run = run, .kind = i < KEPT ? PROBE_KEPT : PROBE_NEW};
        http_client_init(&probe->client);
        if (probe->kind == PROBE_NEW) {
            probe->next_free = run->free;
            run->free = probe;
        }
    }
}

static int measure(struct probe_run *run, json_t *report)
{
    char host[64];
    uint16_t port;
    sscanf(run->options->address, "%63[^:]:%hu", host, &port);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) {
        complain("epoll: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    int code = EXIT_FAILURE;
    if (tcp_target_init(&run->target, host, port, epoll) == 0) {
        make_requests(run, run->options->address);
        init_probes(run);
        drive(run);
        put_report(run, report);
        code = interrupted() ? EXIT_INTERRUPTED : is_good(run) ? EXIT_SUCCESS : EXIT_FAILURE;
        for (size_t i = 0; i < run->count; i++) {
            http_client_fini(&run->probes[i].client);
        }
        free(run->probes);
        buffer_fini(&run->requests[PROBE_NEW]);
        buffer_fini(&run->requests[PROBE_KEPT]);
    }
    close(epoll);
    return code;
}

static bool accepts(const void *context)
{
    const struct probe_options *options = context;
    char host[64];
    uint16_t port;
    int len = 0;
    if (options->address == NULL || strlen(options->path) > 512 || options->path[0] != '/' ||
        sscanf(options->address, "%63[^:]:%hu%n", host, &port, &len) != 2 ||
        options->address[len] != '\0') {
        fprintf(stderr, "duet-bench probe: give --address HOST:PORT and a --path that begins with "
                        "a slash\n");
        return false;
    }
    return true;
}

static int run(const void *context, json_t *report)
{
    const struct probe_options *options = context;
    int code = EXIT_FAILURE;
    if (raise_file_limit((uint64_t)options->rate * 6 + OTHER_FILES) == 0) {
        struct probe_run *run = memory_alloc(sizeof *run); /* its histograms are big for a stack */
        run->options = options;
        code = measure(run, report);
        free(run);
    }
    return code;
}

static const struct scenario scenario = {
    .command = {.name = "probe",
                .summary = "Asks a running HTTP server at a steady rate: what a client waits while "
                           "something else goes on.",
                .details =
                    "Each time two requests: one over a new connection, which is counted in, and "
                    "one over a\nkept one. Latencies count from when the request was due, whatever "
                    "the server does\nmeanwhile. Fails (exit code 1) when one is not answered "
                    "within 5 s, or with another\nstatus, or a p99 is above --limit-ms.\n"},
    .named_by = (const char *const[]){"rate", NULL},
    .headlines = (const char *const[]){"new_p50_ms", "new_p99_ms", "new_max_ms", "kept_p50_ms",
                                       "kept_p99_ms", "kept_max_ms", "failed", NULL},
    .accepts = accepts,
    .run = run};

int probe_main(int argc, char **argv)
{
    struct probe_options options = {.path = "/healthz", .rate = 100, .seconds = 10, .status = 200};
    const struct option_row rows[] = {
        {"address", OPTION_PLACE, &options.address, 0, 0, "HOST:PORT, numeric"},
        {"path", OPTION_PLACE, &options.path, 0, 0, "what is asked for"},
        {"rate", OPTION_INT, &options.rate, 1, 2000, "requests a second, of each of the two kinds"},
        {"seconds", OPTION_INT, &options.seconds, 1, 86400, "for how long"},
        {"status", OPTION_INT, &options.status, 100, 599, "the right answer"},
        {"limit-ms", OPTION_INT, &options.limit_ms, 0, 60000, "highest p99 allowed, 0: any"},
    };
    return scenario_main(&scenario, rows, sizeof rows / sizeof rows[0], &options, argc, argv);
}
