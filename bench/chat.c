#include "bench/chat.h"

#include <stdlib.h>
#include <time.h>

#include "base/error.h"
#include "bench/interrupt.h"
#include "bench/scenario.h"

/* Two users per couple. */
static int join_all(struct chat_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        struct chatter *chatter = &run->chatters[i];
        uint64_t head;
        *chatter = (struct chatter){.run = run,
                                    .link.fd = -1,
                                    .channel.out = &chatter->link.out,
                                    .partner = &run->chatters[i ^ 1],
                                    .couple = (uint32_t)(i / 2),
                                    .side = (uint32_t)(i & 1)};
        int error =
            fleet_join(&run->fleet, &run->server, i, &chatter->link, chatter, chat_handle, &head);
        if (error != 0 || interrupted()) {
            run->count = i + 1;
            return error != 0 ? error : ERR_END;
        }
        view_init(&chatter->view, head);
    }
    return 0;
}

/* The wall clock's microseconds: new in every run, and above all that an earlier one counted to. */
static uint64_t run_number(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

int chat_join(struct chat_run *run)
{
    run->no_base = run_number();
    run->fleet.epoll = -1;
    int error = fleet_init(&run->fleet, &run->server, run->count);
    if (error != 0) {
        run->count = 0;
        return error;
    }
    run->chatters = memory_alloc(run->count * sizeof *run->chatters);
    run->fleet.run = run->no_base;
    run->server.protocol->template_init(&run->template, (size_t)run->options->bytes, run->no_base);
    return join_all(run);
}

void chat_leave(struct chat_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        link_fini(&run->chatters[i].link);
        ledger_fini(&run->chatters[i].ledger);
        view_fini(&run->chatters[i].view);
    }
    free(run->chatters);
    chat_template_fini(&run->template);
    fleet_fini(&run->fleet);
}

bool chat_is_clean(const struct chat_run *run)
{
    return !tally_is_bad(&run->tally) && run->malformed == 0 && run->dups == 0 &&
           run->connections_lost == 0;
}

bool chat_is_good(const struct chat_run *run)
{
    return chat_is_clean(run) && run->delivery.total != 0;
}

static int measure(struct chat_run *run)
{
    int status = chat_join(run) != 0 ? EXIT_FAILURE : chat_drive(run);
    if (status == 0) {
        chat_report(run);
        status = chat_is_good(run) ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    chat_leave(run);
    return interrupted() ? EXIT_INTERRUPTED : status;
}

static bool accepts(const void *context)
{
    const char *protocol = ((const struct chat_options *)context)->server.protocol;
    return protocol == NULL || protocol_find(protocol) != NULL;
}

static int run(const void *context, json_t *report)
{
    const struct chat_options *options = context;
    struct chat_run *run = memory_alloc(sizeof *run); /* its histograms are big for a stack */
    run->options = options;
    run->report = report;
    run->count = (size_t)options->server.couples * 2;
    int code = EXIT_FAILURE;
    if (fleet_prepare(run->count) == 0 && server_start(&options->server, &run->server) == 0) {
        code = measure(run);
        server_stop(&run->server);
    }
    free(run);
    return code;
}

static const struct scenario scenario = {
    .command = {.name = "chat",
                .summary =
                    "Couples of two connections, both partners sending; every message is checked.",
                .details = "Fails (exit code 1) on any message lost, doubled or out of order.\n"
                           "Without --server a duetd of its own is started on a temporary data "
                           "directory.\n"},
    .named_by = (const char *const[]){"system", "couples", "window", "rate", "bytes", NULL},
    .headlines = (const char *const[]){"acked_per_s", "delivered_per_s", "p50_us", "p99_us",
                                       "server_cpu_us_per_msg", "raw_ratio", NULL},
    .accepts = accepts,
    .run = run,
    .relate = chat_relate};

int chat_main(int argc, char **argv)
{
    struct chat_options options = {
        .server.couples = 100, .window = 1, .seconds = 60, .warmup = 5, .bytes = 200};
    const struct option_row rows[] = {
        {"couples", OPTION_INT, &options.server.couples, 1, 1000000, "couples, two users each"},
        {"window", OPTION_INT, &options.window, 1, 10000, "messages in flight per connection"},
        {"seconds", OPTION_INT, &options.seconds, 1, 86400, "length of the measurement"},
        {"warmup", OPTION_INT, &options.warmup, 0, 3600, "seconds before it"},
        {"bytes", OPTION_INT, &options.bytes, CHAT_TEXT_BYTES_MIN, CHAT_TEXT_BYTES_MAX,
         "length of a text"},
        {"rate", OPTION_INT, &options.rate, 0, 10000000,
         "messages a second instead of windows, 0: none"},
        {"protocol", OPTION_TEXT, &options.server.protocol, 0, 0,
         "what the server speaks; a wrong name lists all (default duet)"},
        SERVER_OPTIONS(options.server),
        {"pid", OPTION_INT, &options.server.pid, 0, INT32_MAX,
         "with --server: its process, counted with its descendants"},
        {"system", OPTION_TEXT, &options.system, 0, 0, "what the report calls the server"},
        {"beside", OPTION_TEXT, &options.beside, 0, 0, "the peer of a comparison, for `compare`"},
    };
    return scenario_main(&scenario, rows, sizeof rows / sizeof rows[0], &options, argc, argv);
}
