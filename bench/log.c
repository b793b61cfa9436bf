#include "bench/log.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/logger.h"
#include "bench/folder.h"
#include "bench/interrupt.h"
#include "bench/log_chat.h"
#include "bench/log_node.h"
#include "bench/measure.h"
#include "bench/report.h"
#include "bench/scenario.h"

#define WRITE_BATCH 256
#define PATH_ROOM (PATH_MAX + 16)

static const uint32_t sizes[] = {1, 16, 64, 256, 1024};
#define SIZES (sizeof sizes / sizeof sizes[0])

struct log_options {
    int64_t couples, messages, tail, seconds, shards;
    const char *data;
    bool keep;
};

struct log_run {
    const struct log_options *options;
    json_t *report;
    char folder[PATH_MAX];
    struct log_chat chat;
    uint64_t tail; /* the newest messages, which a start replays */
};

static int fail(const char *what, int error)
{
    progress_end();
    if (error == ERR_END) {
        return EXIT_INTERRUPTED;
    }
    complain("%s: %s (%s)", what, error_text(error, LANGUAGE_EN), error_name(error));
    return EXIT_FAILURE;
}

/* --- append --- */

/* As many messages as the largest commit takes; what is measured is the log, not making these. */
struct prepared {
    struct buffer payloads;
    struct log_record records[1024];
};

static void prepare_records(struct log_chat *chat, struct prepared *prepared)
{
    const size_t count = sizeof prepared->records / sizeof prepared->records[0];
    for (size_t i = 0; i < count; i++) {
        log_chat_next(chat, &prepared->records[i]);
        struct bytes payload = prepared->records[i].payload;
        buffer_append(&prepared->payloads, payload.data, payload.len);
    }
    const uint8_t *at = prepared->payloads.data; /* it moves no more */
    for (size_t i = 0; i < count; i++) {
        prepared->records[i].payload.data = at;
        at += prepared->records[i].payload.len;
    }
}

static void report_append(const struct log_run *run, uint32_t size, const struct sample *before,
                          uint64_t records, const struct histogram *commits)
{
    char name[64];
    struct sample after = sample_take_outside(0, run->folder);
    double seconds = (double)(after.at_us - before->at_us) / 1e6;
    bool known = before->device_bytes >= 0 && after.device_bytes >= 0;
    snprintf(name, sizeof name, "append_%u_per_s", size);
    report_put(run->report, name, (double)records / seconds);
    snprintf(name, sizeof name, "append_%u_commit_us", size);
    report_put(run->report, name, (double)histogram_quantile(commits, 0.5));
    snprintf(name, sizeof name, "append_%u_device_bytes", size);
    report_put(run->report, name,
               known ? (double)(after.device_bytes - before->device_bytes) / (double)records : -1);
    snprintf(name, sizeof name, "append_%u", size);
    scenario_latencies(run->report, name, commits);
}

/* Commits of one size for as long as was asked for. Adds to `*records` what it appended. */
static int append_size(struct log_run *run, struct log *log, const struct prepared *prepared,
                       uint32_t size, struct histogram *commits, uint64_t *records)
{
    uint64_t appended = 0;
    int error = 0;
    struct sample before = sample_take_outside(0, run->folder);
    int64_t end_us = before.at_us + run->options->seconds * 1000000;
    int64_t now_us = before.at_us;
    histogram_clear(commits);
    while (now_us < end_us && error == 0) {
        for (uint32_t i = 0; i < size; i++) {
            log_record_encode(&prepared->records[i], &run->chat.run);
        }
        int64_t began_us = monotonic_us();
        error = log_chat_commit(&run->chat, log);
        now_us = monotonic_us();
        histogram_add(commits, (uint64_t)(now_us - began_us));
        appended += error == 0 ? size : 0;
        error = error == 0 && interrupted() ? ERR_END : error;
    }
    if (error == 0) {
        report_append(run, size, &before, appended, commits);
    }
    *records += appended;
    return error;
}

static int append_all(struct log_run *run, struct log *log, uint64_t *records)
{
    struct histogram *commits = memory_alloc(sizeof *commits);
    struct prepared *prepared = memory_alloc(sizeof *prepared);
    int error = 0;
    prepare_records(&run->chat, prepared);
    for (size_t i = 0; i < SIZES && error == 0; i++) {
        progress("appending, %u a commit", sizes[i]);
        error = append_size(run, log, prepared, sizes[i], commits, records);
    }
    buffer_fini(&prepared->payloads);
    free(prepared);
    free(commits);
    return error;
}

/* --- read --- */

static int read_all(struct log_run *run, struct log *log, uint64_t expected)
{
    struct log_reader *reader;
    struct log_record record;
    uint64_t records = 0;
    progress("reading %llu records", (unsigned long long)expected);
    int64_t began_us = monotonic_us();
    int error = log_reader_open(log, (struct lsn){1}, &reader);
    if (error != 0) {
        return error;
    }
    while ((error = log_reader_next(reader, &record)) == 0) {
        records++;
    }
    double seconds = (double)(monotonic_us() - began_us) / 1e6;
    log_reader_close(reader);
    if (error != ERR_END || records != expected) {
        return ERR_CORRUPT;
    }
    report_put_count(run->report, "read_records", (int64_t)records);
    report_put(run->report, "read_per_s", (double)records / seconds);
    return 0;
}

static int append_and_read(struct log_run *run)
{
    char path[PATH_ROOM];
    struct log *log;
    struct log_stats stats;
    uint64_t records = 0;
    snprintf(path, sizeof path, "%s/append", run->folder);
    struct log_config config = {.directory = path};
    int error = log_open(&config, &log);
    if (error != 0) {
        return error;
    }
    error = append_all(run, log, &records);
    log_stats(log, &stats);
    if (error == 0) {
        report_put(run->report, "bytes_per_record", (double)stats.bytes / (double)stats.records);
        error = read_all(run, log, records);
    }
    log_close(log);
    folder_remove(path);
    return error;
}

/* --- replay --- */

static void data_path(const struct log_run *run, char out[PATH_ROOM])
{
    snprintf(out, PATH_ROOM, "%s/data", run->folder);
}

/* Adds messages to the log of the data directory, and the couples when it is new. */
static int write_chat(struct log_run *run, uint64_t messages)
{
    char path[PATH_ROOM];
    progress("writing a log of %llu messages", (unsigned long long)messages);
    data_path(run, path);
    return log_chat_store(&run->chat, path, messages, WRITE_BATCH);
}

static int open_node(const struct log_run *run, bool settle, struct log_opening *out)
{
    char path[PATH_ROOM];
    data_path(run, path);
    int error = log_node_open(path, (uint16_t)run->options->shards, settle, out);
    return error == 0 && interrupted() ? ERR_END : error;
}

static double per_second(int64_t records, double seconds)
{
    return seconds > 0 ? (double)records / seconds : -1;
}

/* What was replayed must be what was written, or the rate is of something else. */
static void check_records(const struct log_run *run, const char *what, int64_t found,
                          uint64_t expected)
{
    if (found != (int64_t)expected) {
        complain("%s: %lld records were replayed, %llu expected", what, (long long)found,
                 (unsigned long long)expected);
        json_object_set_new(run->report, "good", json_false());
    }
}

/* The state holds the older messages, the log has newer ones. */
static int replay_tail(struct log_run *run)
{
    struct log_opening older, tail;
    int error = write_chat(run, (uint64_t)run->options->messages - run->tail);
    if (error == 0) {
        progress("writing state of the older messages");
        error = open_node(run, true, &older);
    }
    error = error == 0 ? write_chat(run, run->tail) : error;
    if (error == 0) {
        progress("replaying %llu messages", (unsigned long long)run->tail);
        error = open_node(run, false, &tail);
    }
    if (error == 0) {
        check_records(run, "replay", tail.records, run->tail);
        report_put_count(run->report, "replay_records", tail.records);
        report_put(run->report, "replay_per_s",
                   per_second(tail.records, (double)tail.recovery_ms / 1e3));
    }
    return error;
}

static int rebuild(struct log_run *run)
{
    char state[PATH_ROOM + 8];
    char path[PATH_ROOM];
    struct log_opening whole, again;
    uint64_t expected = (uint64_t)(run->options->messages + run->options->couples);
    data_path(run, path);
    snprintf(state, sizeof state, "%s/state", path);
    folder_remove(state);
    progress("rebuilding state");
    int error = open_node(run, true, &whole);
    error = error == 0 ? open_node(run, false, &again) : error;
    if (error == 0) {
        check_records(run, "rebuild", whole.records, expected);
        check_records(run, "start after the rebuild", again.records, 0);
        report_put_count(run->report, "rebuild_records", whole.records);
        report_put(run->report, "rebuild_replay_per_s",
                   per_second(whole.records, (double)whole.recovery_ms / 1e3));
        report_put(run->report, "rebuild_per_s",
                   per_second(whole.records, (double)whole.whole_us / 1e6));
    }
    return error;
}

/* --- the scenario --- */

static int measure(struct log_run *run)
{
    log_chat_init(&run->chat, (size_t)run->options->couples);
    int error = append_and_read(run);
    log_chat_fini(&run->chat);
    if (error != 0) {
        return fail("append and read", error);
    }
    log_chat_init(&run->chat, (size_t)run->options->couples); /* who have said nothing yet */
    error = replay_tail(run);
    error = error == 0 ? rebuild(run) : error;
    log_chat_fini(&run->chat);
    progress_end();
    if (error != 0) {
        return fail("replay", error);
    }
    return json_is_false(json_object_get(run->report, "good")) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int run(const void *context, json_t *report)
{
    const struct log_options *options = context;
    struct log_run run = {.options = options, .report = report};
    int64_t tail = options->tail < options->messages ? options->tail : options->messages;
    run.tail = (uint64_t)tail;
    report_put_count(report, "tail", tail);
    if (folder_make(options->data != NULL ? options->data : ".", run.folder) != 0) {
        return EXIT_FAILURE;
    }
    logger_set_level(LOG_LEVEL_WARN);
    int code = measure(&run);
    if (options->keep) {
        complain("left behind: %s/data", run.folder);
    } else {
        folder_remove(run.folder);
    }
    return code;
}

static const struct scenario scenario = {
    .command = {.name = "log",
                .summary = "The event log alone: durable appends by size of commit, a verifying "
                           "scan, replay of\nchat messages at a start, and a rebuild of all state.",
                .details =
                    "No server and no sockets: the log is written and read in this process, "
                    "and a node is\nopened on it as duetd does. The log is written past the "
                    "page cache, so reading it reads the device.\nTakes about 1 KiB of disk per "
                    "message, and 2 GiB for the log's segments.\n"},
    .named_by = (const char *const[]){"couples", "messages", NULL},
    .headlines = (const char *const[]){"append_256_per_s", "read_per_s", "replay_per_s",
                                       "rebuild_per_s", NULL},
    .run = run};

int log_main(int argc, char **argv)
{
    struct log_options options = {
        .couples = 100, .messages = 1000000, .tail = 500000, .seconds = 2};
    const struct option_row rows[] = {
        {"couples", OPTION_INT, &options.couples, 1, 1000000, "couples who chat"},
        {"messages", OPTION_INT, &options.messages, 1, 1000000000, "in the log that is replayed"},
        {"tail", OPTION_INT, &options.tail, 1, 1000000000,
         "of these the newest, which the state does not hold yet"},
        {"seconds", OPTION_INT, &options.seconds, 1, 3600, "to append, for each size of commit"},
        {"shards", OPTION_INT, &options.shards, 0, 256, "shards, 0: one per core, less one"},
        {"data", OPTION_PLACE, &options.data, 0, 0, "where to make the data directory"},
        {"keep", OPTION_FLAG, &options.keep, 0, 0, "leave the data directory behind"},
    };
    return scenario_main(&scenario, rows, sizeof rows / sizeof rows[0], &options, argc, argv);
}
