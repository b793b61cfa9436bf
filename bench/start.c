#include "bench/start.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/chat.h"
#include "bench/folder.h"
#include "bench/interrupt.h"
#include "bench/report.h"
#include "bench/scenario.h"
#include "bench/session.h"

struct start_options {
    struct chat_options chat;
    int64_t messages;
};

/* One start after a kill. */
struct start {
    int64_t session_us; /* from the fork to the response to session.open */
    int64_t recovered_records;
    int64_t recovery_ms;
    int64_t log_records;
};

struct start_run {
    const struct start_options *options;
    struct server server;
    uint64_t messages; /* acknowledged when the daemon was killed */
    int64_t log_bytes; /* appended under load, shortly before that */
    struct start crashed, rebuilt;
};

/* Figures of our running daemon; NULL after a message. */
static json_t *ask_stats(const struct server *server)
{
    json_t *stats = sample_stats(server->data);
    if (stats == NULL) {
        complain("%s/admin.sock does not answer", server->data);
    }
    return stats;
}

/* The load goes on when the daemon is killed: asking it something held the generator up. */
static int load_and_kill(struct start_run *run, struct chat_run *chat)
{
    int status = chat_load(chat, (uint64_t)run->options->messages);
    json_t *stats = status == 0 ? ask_stats(&run->server) : NULL;
    if (stats == NULL) {
        return status != 0 ? status : EXIT_FAILURE;
    }
    run->log_bytes = sample_figure(stats, "log_bytes");
    json_decref(stats);
    status = chat_load(chat, chat->tally.acked + 1);
    if (status == 0) {
        server_kill(&run->server);
        run->messages = chat->tally.acked;
    }
    return status;
}

static int crash_under_load(struct start_run *run)
{
    struct chat_run *chat = memory_alloc(sizeof *chat); /* its histograms are big for a stack */
    chat->options = &run->options->chat;
    chat->server = run->server;
    chat->count = (size_t)run->options->chat.server.couples * 2;
    int status = chat_join(chat) != 0 ? EXIT_FAILURE : load_and_kill(run, chat);
    chat_leave(chat);
    free(chat);
    return status;
}

/* Starts the killed daemon and opens the first user's session. */
static int start_again(struct start_run *run, const struct token *token, struct start *out)
{
    struct opened opened;
    struct chat_place place = {.host = run->server.host, .token = token};
    int error = server_restart(&run->server);
    place.port = run->server.port; /* a new one */
    if (error != 0 || session_open(&place, &opened) != 0) {
        return EXIT_FAILURE;
    }
    out->session_us = monotonic_us() - run->server.forked_us;
    buffer_fini(&opened.pending);
    json_t *stats = ask_stats(&run->server);
    out->recovered_records = sample_figure(stats, "recovered_records");
    out->recovery_ms = sample_figure(stats, "recovery_ms");
    out->log_records = sample_figure(stats, "log_tail");
    close(opened.fd);
    int status = stats != NULL ? 0 : EXIT_FAILURE;
    json_decref(stats);
    return status;
}

static int remove_state(const struct server *server)
{
    char state[PATH_MAX + 16];
    snprintf(state, sizeof state, "%s/state", server->data);
    if (access(state, F_OK) != 0) {
        complain("no folder %s to delete", state);
        return EXIT_FAILURE;
    }
    folder_remove(state);
    if (access(state, F_OK) == 0) {
        complain("cannot delete %s", state);
        return EXIT_FAILURE;
    }
    return 0;
}

static int measure_starts(struct start_run *run)
{
    struct tokens tokens = {0};
    if (tokens_read(run->server.tokens, 2, &tokens) != 0) {
        return EXIT_FAILURE;
    }
    int status = start_again(run, &tokens.items[0], &run->crashed);
    server_kill(&run->server);
    status = status != 0 ? status : remove_state(&run->server);
    if (status == 0) {
        progress("rebuilding state from %lld records", (long long)run->crashed.log_records);
        status = start_again(run, &tokens.items[0], &run->rebuilt);
    }
    progress_end();
    tokens_fini(&tokens);
    return status;
}

static void put_start(json_t *report, const char *prefix, const struct start *start)
{
    char name[64];
    snprintf(name, sizeof name, "%s_ms", prefix);
    report_put(report, name, (double)start->session_us / 1e3);
    snprintf(name, sizeof name, "%s_recovered_records", prefix);
    report_put_count(report, name, start->recovered_records);
    snprintf(name, sizeof name, "%s_recovery_ms", prefix);
    report_put_count(report, name, start->recovery_ms);
}

static void report_start(const struct start_run *run, json_t *report)
{
    report_put_count(report, "acked", (int64_t)run->messages);
    report_put_count(report, "log_records", run->crashed.log_records);
    report_put_count(report, "log_bytes", run->log_bytes);
    put_start(report, "start", &run->crashed);
    put_start(report, "rebuild", &run->rebuilt);
    double records = (double)run->rebuilt.recovered_records;
    double seconds = (double)run->rebuilt.recovery_ms / 1e3;
    report_put(report, "records_per_s", seconds > 0 ? records / seconds : -1);
}

static int crash_and_start(struct start_run *run, json_t *report)
{
    int status = crash_under_load(run);
    status = status != 0 ? status : measure_starts(run);
    if (interrupted()) {
        server_kill(&run->server); /* it may be amid a long recovery */
        return EXIT_INTERRUPTED;
    }
    if (status == 0) {
        report_start(run, report);
    } else {
        run->server.keep = true; /* it tells why */
    }
    return status;
}

static int run(const void *context, json_t *report)
{
    const struct start_options *options = context;
    const struct server_options *server = &options->chat.server;
    struct start_run run = {.options = options};
    int code = EXIT_FAILURE;
    if (fleet_prepare((size_t)server->couples * 2) == 0 && server_start(server, &run.server) == 0) {
        code = crash_and_start(&run, report);
        server_stop(&run.server);
    }
    return code;
}

static const struct scenario scenario = {
    .command = {.name = "start",
                .summary = "How long a start takes after SIGKILL under load, with state/ and "
                           "without.",
                .details =
                    "Times are from the fork to the response to the first session.open.\n"
                    "Fails (exit code 1) when a session cannot be opened; the data directory is "
                    "kept.\n"},
    .named_by = (const char *const[]){"couples", "messages", NULL},
    .headlines = (const char *const[]){"start_ms", "rebuild_ms", "records_per_s", NULL},
    .run = run};

int start_main(int argc, char **argv)
{
    struct start_options options = {.messages = 1000000,
                                    .chat = {.server.couples = 100, .window = 16, .bytes = 200}};
    struct chat_options *chat = &options.chat;
    const struct option_row rows[] = {
        {"messages", OPTION_INT, &options.messages, 1, 1000000000,
         "to acknowledge before the kill"},
        {"couples", OPTION_INT, &chat->server.couples, 1, 1000000, "couples, two users each"},
        {"window", OPTION_INT, &chat->window, 1, 10000, "messages in flight per connection"},
        {"bytes", OPTION_INT, &chat->bytes, CHAT_TEXT_BYTES_MIN, CHAT_TEXT_BYTES_MAX,
         "length of a text"},
        {"shards", OPTION_INT, &chat->server.shards, 0, 256, "shards, 0: one per core, less one"},
        {"data", OPTION_PLACE, &chat->server.data, 0, 0, "where to make the data directory"},
        {"keep", OPTION_FLAG, &chat->server.keep, 0, 0, "leave the data directory behind"},
    };
    return scenario_main(&scenario, rows, sizeof rows / sizeof rows[0], &options, argc, argv);
}
