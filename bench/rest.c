#include "bench/rest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "bench/fleet.h"
#include "bench/interrupt.h"
#include "bench/protocol.h"
#include "bench/report.h"
#include "bench/scenario.h"

uint64_t rest_run_number(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Which op is asked alone; REST_OPS for mixed, -1 for no such. */
static int find_op(const char *what)
{
    int op = 0;
    while (op < REST_OPS && strcmp(what, rest_op_names[op]) != 0) {
        op++;
    }
    return op < REST_OPS || strcmp(what, "mixed") == 0 ? op : -1;
}

static bool parse_mix(const char *mix, int64_t *reads, int64_t *writes)
{
    int len = 0;
    long long first = 0;
    long long second = 0;
    bool whole = sscanf(mix, "%4lld:%4lld%n", &first, &second, &len) == 2 && mix[len] == '\0';
    *reads = first;
    *writes = second;
    return whole && first >= 0 && second >= 0 && first + second > 0;
}

int rest_join(struct rest_run *run)
{
    size_t count = run->count;
    run->count = 0;
    run->target.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (run->target.epoll < 0) {
        complain("epoll: %s", strerror(errno));
        return ERR_IO;
    }
    int error =
        tcp_target_init(&run->target, run->server.host, run->server.port, run->target.epoll);
    if (error != 0) {
        return error;
    }
    run->no_base = rest_run_number();
    run->clients = memory_alloc(count * sizeof *run->clients);
    run->count = count;
    for (size_t i = 0; i < run->count; i++) {
        struct rest_client *client = &run->clients[i];
        const struct token *token = &run->tokens.items[i % run->tokens.count];
        *client = (struct rest_client){.run = run, .index = (uint32_t)i};
        http_client_init(&client->http);
        rest_requests_init(client, token->access_token);
        if (http_client_dial(&client->http, &run->target, (uint32_t)(i / TCP_DIAL_PER_SOURCE),
                             client) != 0) {
            complain("connection %zu: %s", i, strerror(errno));
            run->count = i + 1;
            return ERR_IO;
        }
    }
    return 0;
}

void rest_leave(struct rest_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        struct rest_client *client = &run->clients[i];
        http_client_fini(&client->http);
        ledger_fini(&client->ledger);
        for (int op = 0; op < REST_OPS; op++) {
            buffer_fini(&client->requests[op]);
            buffer_fini(&client->known[op]);
        }
    }
    free(run->clients);
    if (run->target.epoll >= 0) {
        close(run->target.epoll);
    }
}

/* What was written is read back only when it was written to an end. */
static int drive(struct rest_run *run)
{
    int status = rest_join(run) != 0 ? EXIT_FAILURE : rest_drive(run);
    if (status == 0 && rest_read_back(run) != 0) {
        status = EXIT_FAILURE;
    }
    if (status == 0) {
        rest_report(run);
        status = rest_is_good(run) ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    rest_leave(run);
    return status;
}

static int measure(struct rest_run *run)
{
    int status = EXIT_FAILURE;
    size_t users = (size_t)run->options->server.couples * 2;
    run->heads = memory_alloc(users / 2 * sizeof *run->heads);
    if (tokens_read(run->server.tokens, users, &run->tokens) == 0) {
        status = rest_note_heads(run) == 0 ? drive(run) : EXIT_FAILURE;
        tokens_fini(&run->tokens);
    }
    free(run->heads);
    return interrupted() ? EXIT_INTERRUPTED : status;
}

static bool accepts(const void *context)
{
    const struct rest_options *options = context;
    int64_t reads, writes;
    if (find_op(options->what) < 0) {
        fprintf(stderr,
                "duet-bench rest: --op must be profile, history, unread, send or mixed, "
                "not %s\n",
                options->what);
        return false;
    }
    if (!parse_mix(options->mix, &reads, &writes)) {
        fprintf(stderr, "duet-bench rest: --mix must be of the form reads:writes, as 4:1, not %s\n",
                options->mix);
        return false;
    }
    return true;
}

static int run(const void *context, json_t *report)
{
    const struct rest_options *options = context;
    struct rest_run *run = memory_alloc(sizeof *run); /* its histograms are big for a stack */
    run->options = options;
    run->report = report;
    run->only = (enum rest_op)find_op(options->what);
    parse_mix(options->mix, &run->reads, &run->writes);
    run->count =
        (size_t)(options->connections != 0 ? options->connections : options->server.couples * 2);
    int code = EXIT_FAILURE;
    if (fleet_prepare(run->count) == 0 && server_start(&options->server, &run->server) == 0) {
        code = measure(run);
        server_stop(&run->server);
    }
    free(run);
    return code;
}

static const struct scenario scenario = {
    .command =
        {.name = "rest",
         .summary = "Reads and durable writes over kept HTTP connections; every answer and "
                    "every message is checked.",
         .details =
             "--op profile: GET user/profile · history: GET chat/messages?limit=20 · unread: "
             "GET\nnotifications/unread · send: POST chat/messages · mixed: the first three "
             "in turn, and\nsends, as --mix says. In the end each couple's history is read: "
             "every message that was\nacknowledged must be there exactly once. Fails (exit "
             "code 1) on an answer that is\nwrong or missing.\n"},
    .named_by = (const char *const[]){"op", "couples", "connections", "pipeline", "rate", NULL},
    .headlines =
        (const char *const[]){"requests_per_s", "p50_us", "p99_us", "writes_per_s",
                              "server_cpu_us_per_request", "generator_cpu_us_per_request", NULL},
    .accepts = accepts,
    .run = run};

int rest_main(int argc, char **argv)
{
    struct rest_options options = {.server.couples = 50,
                                   .what = "mixed",
                                   .mix = "4:1",
                                   .seconds = 60,
                                   .warmup = 5,
                                   .bytes = 200,
                                   .pipeline = 1};
    const struct option_row rows[] = {
        {"op", OPTION_TEXT, &options.what, 0, 0, "profile, history, unread, send or mixed"},
        {"mix", OPTION_TEXT, &options.mix, 0, 0, "of mixed: reads:writes"},
        {"couples", OPTION_INT, &options.server.couples, 1, 1000000, "couples, two users each"},
        {"connections", OPTION_INT, &options.connections, 0, 100000,
         "which take turns with the users, 0: one for each"},
        {"pipeline", OPTION_INT, &options.pipeline, 1, REST_PIPELINE_MAX,
         "requests in flight per connection"},
        {"rate", OPTION_INT, &options.rate, 0, 10000000,
         "requests a second instead of full speed, 0: none"},
        {"seconds", OPTION_INT, &options.seconds, 1, 86400, "length of the measurement"},
        {"warmup", OPTION_INT, &options.warmup, 0, 3600, "seconds before it"},
        {"bytes", OPTION_INT, &options.bytes, CHAT_TEXT_BYTES_MIN, CHAT_TEXT_BYTES_MAX,
         "length of a text"},
        SERVER_OPTIONS(options.server),
    };
    return scenario_main(&scenario, rows, sizeof rows / sizeof rows[0], &options, argc, argv);
}
