#include "bench/spread.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/logger.h"
#include "bench/folder.h"
#include "bench/interrupt.h"
#include "bench/log_chat.h"
#include "bench/log_node.h"
#include "bench/measure.h"
#include "bench/report.h"
#include "bench/scenario.h"
#include "bench/spread_node.h"
#include "bench/thread_cpu.h"

#define POLL_US 20000
#define SECOND_US 1000000
#define WARMUP_MAX_US (900 * INT64_C(1000000))
#define SETTLE_MAX_US (20 * INT64_C(1000000)) /* for the last answers */
#define PATH_ROOM (PATH_MAX + 16)

struct spread_options {
    int64_t couples, window, rate, seconds, warmup, shards;
    int64_t replay_max, flush_age, unflushed_mib;
    const char *data;
    bool keep;
};

/* Figures of the node that are compared between two moments. */
enum figure {
    FIGURE_RECORDS,
    FIGURE_ACTIVATIONS,
    FIGURE_FLUSHES,
    FIGURE_FLUSHED,
    FIGURE_STATE_COMMITS,
    FIGURE_STATE_ROWS,
    FIGURE_STATE_BYTES,
    FIGURE_LOG_COMMITS,
    FIGURE_LOG_BYTES,
    FIGURE_COUNT
};
static const char *const figure_names[FIGURE_COUNT] = {[FIGURE_RECORDS] = "records",
                                                       [FIGURE_ACTIVATIONS] = "activations",
                                                       [FIGURE_FLUSHES] = "flushes",
                                                       [FIGURE_FLUSHED] = "flushed_actors",
                                                       [FIGURE_STATE_COMMITS] = "state_commits",
                                                       [FIGURE_STATE_ROWS] = "state_changes",
                                                       [FIGURE_STATE_BYTES] = "state_bytes",
                                                       [FIGURE_LOG_COMMITS] = "log_commits",
                                                       [FIGURE_LOG_BYTES] = "log_bytes"};

enum thread { THREAD_SHARDS, THREAD_LOG, THREAD_STATE, THREAD_COUNT };
static const char *const thread_names[THREAD_COUNT] = {
    [THREAD_SHARDS] = "duet-shard", [THREAD_LOG] = "duet-log", [THREAD_STATE] = "duet-state"};

struct moment {
    struct sample sample;
    int64_t threads_us[THREAD_COUNT];
    int64_t figures[FIGURE_COUNT];
    struct spread_count count;
};

struct spread_run {
    const struct spread_options *options;
    json_t *report;
    char folder[PATH_MAX], data[PATH_ROOM];
    struct log_chat chat;
    struct spread_node *node;
    struct histogram *latencies;
    struct moment begin, end;
    int64_t *replay; /* records to replay, a second apart */
    int64_t replay_count;
};

static int fail(const char *what, int error)
{
    if (error == ERR_END) {
        return EXIT_INTERRUPTED;
    }
    complain("%s: %s (%s)", what, error_text(error, LANGUAGE_EN), error_name(error));
    return EXIT_FAILURE;
}

static struct moment moment_now(const struct spread_run *run)
{
    struct moment now = {.count = spread_node_count(run->node)};
    for (int i = 0; i < FIGURE_COUNT; i++) {
        now.figures[i] = spread_node_figure(run->node, figure_names[i]);
    }
    for (int i = 0; i < THREAD_COUNT; i++) {
        now.threads_us[i] = thread_cpu_us(thread_names[i]);
    }
    now.sample = sample_take_outside(getpid(), run->folder);
    return now;
}

/* --- report --------------------------------------------------------------------------------- */

/* Growth per one of `count`; -1 without. */
static double per(int64_t from, int64_t to, double count)
{
    return from < 0 || to < 0 || count <= 0 ? -1 : (double)(to - from) / count;
}

static void put_node(const struct spread_run *run, double acked)
{
    const int64_t *from = run->begin.figures;
    const int64_t *to = run->end.figures;
    const struct {
        const char *name;
        enum figure figure;
    } per_message[] = {{"state_rows_per_msg", FIGURE_STATE_ROWS},
                       {"state_bytes_per_msg", FIGURE_STATE_BYTES},
                       {"log_bytes_per_msg", FIGURE_LOG_BYTES},
                       {"activations_per_msg", FIGURE_ACTIVATIONS}};
    double flushed = (double)(to[FIGURE_FLUSHED] - from[FIGURE_FLUSHED]);
    report_put_count(run->report, "flushes", to[FIGURE_FLUSHES] - from[FIGURE_FLUSHES]);
    report_put_count(run->report, "flushed_couples", (int64_t)flushed);
    report_put(run->report, "msgs_per_couple_flush", flushed > 0 ? acked / flushed : -1);
    report_put_count(run->report, "state_commits",
                     to[FIGURE_STATE_COMMITS] - from[FIGURE_STATE_COMMITS]);
    report_put_count(run->report, "log_commits", to[FIGURE_LOG_COMMITS] - from[FIGURE_LOG_COMMITS]);
    for (size_t i = 0; i < sizeof per_message / sizeof per_message[0]; i++) {
        enum figure figure = per_message[i].figure;
        report_put(run->report, per_message[i].name, per(from[figure], to[figure], acked));
    }
}

static void put_process(const struct spread_run *run, double acked)
{
    static const char *const names[THREAD_COUNT] = {[THREAD_SHARDS] = "shards_cpu_us_per_msg",
                                                    [THREAD_LOG] = "log_cpu_us_per_msg",
                                                    [THREAD_STATE] = "state_cpu_us_per_msg"};
    const struct moment *from = &run->begin;
    const struct moment *to = &run->end;
    json_t *report = run->report;
    report_put(report, "process_cpu_us_per_msg",
               per(from->sample.own_cpu_us, to->sample.own_cpu_us, acked));
    for (int i = 0; i < THREAD_COUNT; i++) {
        report_put(report, names[i], per(from->threads_us[i], to->threads_us[i], acked));
    }
    report_put(report, "device_bytes_per_msg",
               per(from->sample.device_bytes, to->sample.device_bytes, acked));
    report_put_count(report, "rss_bytes_start", from->sample.rss_bytes);
    report_put_count(report, "rss_bytes", to->sample.rss_bytes);
    report_put_count(report, "anon_bytes_start", from->sample.anon_bytes);
    report_put_count(report, "anon_bytes", to->sample.anon_bytes);
}

/* Mean of the seconds from..to-1. */
static int64_t replay_mean(const struct spread_run *run, int64_t from, int64_t to)
{
    int64_t sum = 0;
    for (int64_t i = from; i < to; i++) {
        sum += run->replay[i];
    }
    return sum / (to - from);
}

static void put_replay(const struct spread_run *run)
{
    int64_t count = run->replay_count;
    int64_t quarter = count >= 4 ? count / 4 : 1;
    int64_t most = 0;
    for (int64_t i = 0; i < count; i++) {
        most = run->replay[i] > most ? run->replay[i] : most;
    }
    report_put_count(run->report, "log_to_replay", replay_mean(run, 0, count));
    report_put_count(run->report, "log_to_replay_start", replay_mean(run, 0, quarter));
    report_put_count(run->report, "log_to_replay_end", replay_mean(run, count - quarter, count));
    report_put_count(run->report, "log_to_replay_max", most);
}

static void put_figures(const struct spread_run *run)
{
    json_t *report = run->report;
    double seconds = (double)(run->end.sample.at_us - run->begin.sample.at_us) / 1e6;
    double acked = (double)(run->end.count.acked - run->begin.count.acked);
    report_put(report, "measured_s", seconds);
    report_put(report, "acked_per_s", acked / seconds);
    report_put_count(report, "acked", (int64_t)acked);
    report_put_count(report, "busy", (int64_t)(run->end.count.busy - run->begin.count.busy));
    put_process(run, acked);
    put_node(run, acked);
    put_replay(run);
}

/* --- the run -------------------------------------------------------------------------------- */

static int found_couples(struct spread_run *run)
{
    struct log_opening opening;
    uint16_t shards = (uint16_t)run->options->shards;
    progress("founding %lld couples", (long long)run->options->couples);
    int error = log_chat_store(&run->chat, run->data, 0, 1);
    error = error == 0 ? log_node_open(run->data, shards, true, &opening) : error;
    return error == 0 && interrupted() ? ERR_END : error;
}

static int start_node(struct spread_run *run)
{
    const struct spread_options *options = run->options;
    const struct spread_node_config config = {
        .data = run->data,
        .shards = (uint16_t)options->shards,
        .chat = &run->chat,
        .window = (uint32_t)options->window,
        .rate = (uint32_t)options->rate,
        .replay_max = (uint64_t)options->replay_max,
        .flush_age_ms = options->flush_age * 1000,
        .unflushed_max = (uint64_t)options->unflushed_mib << 20,
    };
    return spread_node_start(&config, &run->node);
}

static int64_t flushed_couples(const struct spread_run *run)
{
    return spread_node_figure(run->node, figure_names[FIGURE_FLUSHED]);
}

/* Before as many couples were flushed as there are, memory fills and hardly any state is written.
 */
static int warm_up(const struct spread_run *run)
{
    int64_t began_us = monotonic_us();
    int64_t fixed_us = run->options->warmup * SECOND_US;
    int64_t waited_us;
    int64_t said_us = -SECOND_US;
    while ((waited_us = monotonic_us() - began_us) < (fixed_us != 0 ? fixed_us : WARMUP_MAX_US)) {
        int64_t flushed = flushed_couples(run);
        if (interrupted()) {
            return ERR_END;
        }
        if (fixed_us == 0 && flushed >= run->options->couples) {
            return 0;
        }
        if (waited_us - said_us >= SECOND_US) {
            said_us = waited_us;
            progress("warming up: %lld of %lld couples flushed", (long long)flushed,
                     (long long)run->options->couples);
        }
        usleep(POLL_US);
    }
    return fixed_us != 0 ? 0 : ERR_BUSY;
}

static int measure_seconds(struct spread_run *run)
{
    struct spread_count before = run->begin.count;
    int64_t began_us = run->begin.sample.at_us;
    int64_t last_us = began_us;
    for (int64_t second = 1; second <= run->options->seconds; second++) {
        int64_t now_us;
        while ((now_us = monotonic_us()) < began_us + second * SECOND_US) {
            if (interrupted()) {
                return ERR_END;
            }
            int64_t left_us = began_us + second * SECOND_US - now_us;
            usleep((useconds_t)(left_us < POLL_US ? left_us : POLL_US));
        }
        struct spread_count count = spread_node_count(run->node);
        int64_t replay = spread_node_figure(run->node, "log_to_replay");
        double per_s = (double)(count.acked - before.acked) * 1e6 / (double)(now_us - last_us);
        run->replay[run->replay_count++] = replay;
        scenario_series(run->report, "t_s", (double)(now_us - began_us) / 1e6);
        scenario_series(run->report, "acked_per_s", per_s);
        scenario_series(run->report, "log_to_replay", (double)replay);
        progress("measuring: %lld of %lld s, %.0f messages/s", (long long)second,
                 (long long)run->options->seconds, per_s);
        before = count;
        last_us = now_us;
    }
    return 0;
}

/* Every message must have its answer, and be one record of the log. */
static void settle(const struct spread_run *run)
{
    int64_t until_us = monotonic_us() + SETTLE_MAX_US;
    struct spread_count count;
    int64_t records;
    spread_node_stop(run->node);
    do {
        usleep(POLL_US);
        records = spread_node_figure(run->node, figure_names[FIGURE_RECORDS]);
        count = spread_node_count(run->node);
    } while ((count.acked + count.errors != count.sent || records != (int64_t)count.acked) &&
             monotonic_us() < until_us);
    report_put_count(run->report, "all_sent", (int64_t)count.sent);
    report_put_count(run->report, "all_acked", (int64_t)count.acked);
    report_put_count(run->report, "all_stored", records);
    report_put_count(run->report, "errors", (int64_t)count.errors);
    if (count.errors != 0) {
        complain("%llu messages were refused, the first with %s", (unsigned long long)count.errors,
                 error_name(count.first_error));
    }
    if (count.acked + count.errors != count.sent || records != (int64_t)count.acked) {
        complain("%llu messages were sent, %llu acknowledged, %lld stored",
                 (unsigned long long)count.sent, (unsigned long long)count.acked,
                 (long long)records);
    }
    bool good = count.acked == count.sent && records == (int64_t)count.acked;
    json_object_set_new(run->report, "good", json_boolean(good));
}

static int measure_node(struct spread_run *run)
{
    int error = warm_up(run);
    if (error != 0) {
        return error;
    }
    spread_node_measure(run->node);
    run->begin = moment_now(run);
    error = measure_seconds(run);
    if (error != 0) {
        return error;
    }
    run->end = moment_now(run);
    put_figures(run);
    settle(run);
    return 0;
}

static void put_latencies(const struct spread_run *run)
{
    const struct histogram *latencies = run->latencies;
    report_put_count(run->report, "ack_p50_us", (int64_t)histogram_quantile(latencies, 0.5));
    report_put_count(run->report, "ack_p99_us", (int64_t)histogram_quantile(latencies, 0.99));
    report_put_count(run->report, "ack_max_us", (int64_t)histogram_quantile(latencies, 1));
    scenario_latencies(run->report, "answer", latencies);
}

static int measure(struct spread_run *run)
{
    int error = found_couples(run);
    if (error != 0) {
        return fail("cannot found the couples", error);
    }
    error = start_node(run);
    if (error != 0) {
        return fail("cannot start a node", error);
    }
    error = measure_node(run);
    if (error == 0) {
        progress("writing all state");
    }
    spread_node_close(run->node, run->latencies);
    if (error != 0) {
        return fail("state is not written in time to be measured, take a smaller --replay-max or "
                    "--flush-age, or a --warmup",
                    error);
    }
    put_latencies(run);
    progress_end();
    return json_is_false(json_object_get(run->report, "good")) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(const void *context, json_t *report)
{
    const struct spread_options *options = context;
    struct spread_run run = {.options = options, .report = report};
    if (folder_make(options->data != NULL ? options->data : ".", run.folder) != 0) {
        return EXIT_FAILURE;
    }
    snprintf(run.data, sizeof run.data, "%s/data", run.folder);
    logger_set_level(LOG_LEVEL_WARN);
    run.latencies = memory_alloc(sizeof *run.latencies);
    run.replay = memory_alloc((size_t)options->seconds * sizeof *run.replay);
    log_chat_init(&run.chat, (size_t)options->couples);
    int code = measure(&run);
    log_chat_fini(&run.chat);
    free(run.replay);
    free(run.latencies);
    if (options->keep) {
        complain("left behind: %s", run.data);
    } else {
        folder_remove(run.folder);
    }
    return code;
}

static const struct scenario scenario = {
    .command = {.name = "spread",
                .summary = "Very many couples who write now and then: what each message costs, by "
                           "how often state\nis written.",
                .details =
                    "No sockets: a node in this process is sent chat.send commands of 200 bytes, "
                    "as sessions\nwould, going round the couples in a random order. CPU is of the "
                    "whole process, the\nsending included. Fails (exit code 1) when a message was "
                    "refused, not answered or not stored.\nTakes about 1 KiB of disk per message, "
                    "and 2 GiB for the log's segments.\n"},
    .named_by = (const char *const[]){"couples", "rate", "replay-max", "flush-age", NULL},
    .headlines = (const char *const[]){"acked_per_s", "ack_p99_us", "process_cpu_us_per_msg",
                                       "device_bytes_per_msg", "msgs_per_couple_flush",
                                       "log_to_replay_max", NULL},
    .run = run};

int spread_main(int argc, char **argv)
{
    struct spread_options options = {.couples = 100000,
                                     .window = 3200,
                                     .seconds = 60,
                                     .replay_max = 1000000,
                                     .flush_age = 20,
                                     .unflushed_mib = 256};
    const struct option_row rows[] = {
        {"couples", OPTION_INT, &options.couples, 1, 10000000, "couples who chat"},
        {"window", OPTION_INT, &options.window, 1, 60000, "messages in flight, of all together"},
        {"rate", OPTION_INT, &options.rate, 0, 10000000,
         "messages a second, due at fixed times; 0: as many as are answered"},
        {"seconds", OPTION_INT, &options.seconds, 1, 86400, "length of the measurement"},
        {"warmup", OPTION_INT, &options.warmup, 0, 3600,
         "seconds before it, 0: until as many couples were flushed as there are"},
        {"shards", OPTION_INT, &options.shards, 0, 256, "shards, 0: one per core, less one"},
        {"replay-max", OPTION_INT, &options.replay_max, 1000, 1000000000,
         "records to replay after a crash at most; a couple is flushed after a quarter of it"},
        {"flush-age", OPTION_INT, &options.flush_age, 1, 86400,
         "seconds after which it is flushed in any case"},
        {"unflushed-max", OPTION_INT, &options.unflushed_mib, 1, 1048576,
         "MiB of changes that the state does not have yet; then they are flushed"},
        {"data", OPTION_PLACE, &options.data, 0, 0, "where to make the data directory"},
        {"keep", OPTION_FLAG, &options.keep, 0, 0, "leave the data directory behind"},
    };
    return scenario_main(&scenario, rows, sizeof rows / sizeof rows[0], &options, argc, argv);
}
