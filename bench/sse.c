#include "bench/sse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "bench/fleet.h"
#include "bench/http_ask.h"
#include "bench/interrupt.h"
#include "bench/report.h"
#include "bench/scenario.h"

#define PATH "/api/v1/notifications/stream?topics="
#define EVENTS_MAX 512
#define RECEIVE_BYTES 65536
#define TICK_US 100000
#define SETTLE_US 1000000
#define PROGRESS_US 1000000
#define STALL_US 30000000 /* with nobody coming in */
#define DRAIN_US 20000000
#define QUIET_US 2000000 /* in the drain: then nothing more will come */
#define WRITERS_MAX 100
#define TEXT_BYTES 200

static void lose(struct sse_client *client, int error)
{
    struct sse_run *run = client->run;
    bool first = run->lost + run->refused == 0;
    if (first && client->open) {
        complain("stream %u was ended: %s", client->index, error_name(error));
    } else if (first) {
        complain("stream %u was not opened: status %d, %s", client->index, client->stream.status,
                 error_name(error));
    }
    run->lost += client->open;
    run->refused += !client->open;
    run->open -= client->open;
    client->open = false;
    close(client->fd);
    client->fd = -1;
}

static int ask_stream(struct sse_client *client)
{
    struct sse_run *run = client->run;
    struct buffer request = {0};
    if (tcp_dial_finish(&run->target, client->fd, client) != 0) {
        return ERR_IO;
    }
    char path[sizeof PATH + 32];
    snprintf(path, sizeof path, PATH "%s", run->options->topics);
    http_request_append(&request, "GET", path, run->server.host, run->server.port,
                        run->tokens.items[client->index].access_token, -1);
    ssize_t sent = send(client->fd, request.data, request.len, MSG_NOSIGNAL);
    bool whole = sent >= 0 && (size_t)sent == request.len;
    buffer_fini(&request);
    client->connecting = false;
    return whole ? 0 : ERR_IO;
}

static void note_heard(struct sse_client *client)
{
    struct sse_run *run = client->run;
    int64_t silent_us = run->now_us - client->heard_us;
    if (run->holding && silent_us > run->silence_us) {
        run->silence_us = silent_us;
    }
    client->heard_us = run->now_us;
}

static int hear(struct sse_client *client)
{
    static uint8_t input[RECEIVE_BYTES];
    ssize_t got;
    do {
        got = recv(client->fd, input, sizeof input, 0);
        if (got <= 0) {
            return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : ERR_END;
        }
        note_heard(client);
        int error =
            event_stream_feed(&client->stream, bytes_of(input, (size_t)got), &sse_handler, client);
        if (error != 0) {
            return error;
        }
    } while ((size_t)got == sizeof input);
    return 0;
}

/* What has come, after waiting for it that long at most. */
static void turn(struct sse_run *run, int64_t sleep_us)
{
    struct epoll_event events[EVENTS_MAX];
    struct timespec timeout = {.tv_nsec = (long)sleep_us * 1000};
    int ready = epoll_pwait2(run->target.epoll, events, EVENTS_MAX, &timeout, NULL);
    run->now_us = monotonic_us();
    for (int i = 0; i < ready; i++) {
        struct sse_client *client = events[i].data.ptr;
        if (client == NULL || client->fd < 0) { /* the writers', or lost in this turn */
            continue;
        }
        int error = client->connecting ? ask_stream(client) : hear(client);
        if (error != 0) {
            lose(client, error);
        }
    }
}

static void dial_more(struct sse_run *run)
{
    size_t done = run->open + run->lost + run->refused;
    while (run->dialed < run->count && run->dialed - done < (size_t)run->options->joining) {
        struct sse_client *client = &run->clients[run->dialed];
        *client = (struct sse_client){
            .run = run, .index = (uint32_t)run->dialed, .fd = -1, .connecting = true};
        run->dialed++;
        if (tcp_dial_start(&run->target, client->index / TCP_DIAL_PER_SOURCE, client,
                           &client->fd) != 0) {
            complain("stream %u: %s", client->index, strerror(errno));
            run->refused++;
            return;
        }
    }
}

static int join_all(struct sse_run *run)
{
    int64_t start_us = monotonic_us();
    int64_t shown_us = start_us;
    int64_t moved_us = start_us;
    size_t open = 0;
    while (run->open < run->count && run->lost + run->refused == 0 && !interrupted()) {
        dial_more(run);
        turn(run, TICK_US);
        moved_us = run->open != open ? run->now_us : moved_us;
        open = run->open;
        if (run->now_us - shown_us >= PROGRESS_US) {
            shown_us = run->now_us;
            progress("%zu of %zu streams", run->open, run->count);
        }
        if (run->now_us - moved_us > STALL_US) {
            complain("stopped with %zu of %zu streams: nothing moves any more", run->open,
                     run->count);
            return ERR_END;
        }
    }
    run->opened_in_us = monotonic_us() - start_us;
    return run->open == run->count ? 0 : ERR_END;
}

static void listen_for(struct sse_run *run, int64_t us)
{
    int64_t end_us = monotonic_us() + us;
    while (monotonic_us() < end_us && !interrupted()) {
        turn(run, TICK_US);
    }
}

static struct sample take_sample(const struct sse_run *run)
{
    return sample_take_outside(run->server.pid,
                               run->server.data[0] != '\0' ? run->server.data : NULL);
}

static void hold(struct sse_run *run)
{
    progress("holding %zu streams for %lld s", run->open, (long long)run->options->hold);
    for (size_t i = 0; i < run->count; i++) {
        run->clients[i].heard_us = monotonic_us();
    }
    run->holding = true;
    listen_for(run, run->options->hold * 1000000);
    for (size_t i = 0; i < run->count; i++) {
        note_heard(&run->clients[i]);
    }
    run->holding = false;
    run->held = take_sample(run);
}

/* --- the chat ------------------------------------------------------------------------------- */

static bool all_heard(const struct rest_run *writers)
{
    for (size_t i = 0; i < writers->count; i++) {
        if (ledger_open(&writers->clients[i].ledger) != 0) {
            return false;
        }
    }
    return rest_is_settled(writers);
}

static void chat_until(struct sse_run *run, int64_t end_us)
{
    struct rest_run *writers = run->writers;
    int64_t shown_us = monotonic_us();
    int64_t moved_us = shown_us;
    uint64_t seen = 0;
    while (monotonic_us() < end_us && !interrupted()) {
        uint64_t so_far = writers->tally.acked + writers->tally.delivered;
        moved_us = so_far != seen ? run->now_us : moved_us;
        seen = so_far;
        if (writers->phase == REST_DRAIN &&
            (all_heard(writers) || run->now_us - moved_us > QUIET_US)) {
            return;
        }
        turn(run, rest_step(writers));
        if (run->now_us - shown_us >= PROGRESS_US) {
            shown_us = run->now_us;
            progress("%llu messages, %llu events, p99 %llu µs",
                     (unsigned long long)writers->tally.acked,
                     (unsigned long long)writers->tally.delivered,
                     (unsigned long long)histogram_quantile(&run->delivery, 0.99));
        }
    }
}

static int join_writers(struct sse_run *run)
{
    struct rest_run *writers = run->writers;
    struct epoll_event event = {.events = EPOLLIN};
    run->writing = (struct rest_options){.server = run->options->server,
                                         .rate = run->options->rate,
                                         .bytes = TEXT_BYTES,
                                         .pipeline = 1};
    writers->options = &run->writing;
    writers->server = run->server;
    writers->tokens = run->tokens;
    writers->only = REST_SEND;
    writers->count = run->count < WRITERS_MAX ? run->count : WRITERS_MAX;
    int error = rest_join(writers);
    return error == 0 &&
                   epoll_ctl(run->target.epoll, EPOLL_CTL_ADD, writers->target.epoll, &event) != 0
               ? ERR_IO
               : error;
}

static int chat(struct sse_run *run)
{
    run->writers = memory_alloc(sizeof *run->writers); /* its histograms are big for a stack */
    if (join_writers(run) != 0) {
        return ERR_IO;
    }
    rest_begin(run->writers);
    chat_until(run, monotonic_us() + run->options->seconds * 1000000);
    run->writers->phase = REST_DRAIN;
    chat_until(run, monotonic_us() + DRAIN_US);
    rest_count_unanswered(run->writers);
    for (size_t i = 0; i < run->writers->count; i++) {
        ledger_finish(&run->writers->clients[i].ledger, &run->writers->tally);
    }
    return 0;
}

static int drive(struct sse_run *run, json_t *report)
{
    run->before = take_sample(run);
    if (join_all(run) != 0) {
        return interrupted() ? EXIT_INTERRUPTED : EXIT_FAILURE;
    }
    listen_for(run, SETTLE_US);
    run->settled = take_sample(run);
    hold(run);
    if (run->options->rate != 0 && !interrupted() && chat(run) != 0) {
        return EXIT_FAILURE;
    }
    run->chatted = take_sample(run);
    progress_end();
    if (interrupted()) {
        return EXIT_INTERRUPTED;
    }
    sse_report(run, report);
    return sse_is_good(run) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void leave(struct sse_run *run)
{
    if (run->writers != NULL) {
        rest_leave(run->writers);
        free(run->writers);
    }
    for (size_t i = 0; i < run->dialed; i++) {
        if (run->clients[i].fd >= 0) {
            close(run->clients[i].fd);
        }
        event_stream_fini(&run->clients[i].stream);
    }
    free(run->clients);
}

static int measure(struct sse_run *run, json_t *report)
{
    int code = EXIT_FAILURE;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) {
        complain("epoll: %s", strerror(errno));
        return EXIT_FAILURE;
    }
    if (tcp_target_init(&run->target, run->server.host, run->server.port, epoll) == 0 &&
        tokens_read(run->server.tokens, run->count, &run->tokens) == 0) {
        run->clients = memory_alloc(run->count * sizeof *run->clients);
        code = drive(run, report);
        leave(run);
        tokens_fini(&run->tokens);
    }
    close(epoll);
    return code;
}

static bool accepts(const void *context)
{
    const struct sse_options *options = context;
    bool couple = strcmp(options->topics, "user,couple") == 0;
    if (!couple && (strcmp(options->topics, "user") != 0 || options->rate != 0)) {
        fprintf(stderr, "duet-bench sse: --topics must be user,couple or, with --rate 0, user\n");
        return false;
    }
    return true;
}

static int run(const void *context, json_t *report)
{
    struct sse_options options = *(const struct sse_options *)context;
    int code = EXIT_FAILURE;
    options.connections += options.connections & 1; /* couples are seeded */
    options.server.couples = options.connections / 2;
    struct sse_run *run = memory_alloc(sizeof *run); /* its histogram is big for a stack */
    run->options = &options;
    run->count = (size_t)options.connections;
    if (fleet_prepare(run->count + WRITERS_MAX) == 0 &&
        server_start(&options.server, &run->server) == 0) {
        code = measure(run, report);
        server_stop(&run->server);
    }
    free(run);
    return code;
}

static const struct scenario scenario = {
    .command = {.name = "sse",
                .summary = "Streams of server-sent events: memory of each, heartbeats, and how "
                           "events arrive.",
                .details =
                    "Every user opens GET notifications/stream. Memory is (resident after - "
                    "before) / N of\nthe server, when all are open. After --hold seconds in "
                    "silence, messages are posted\nover REST, and each must come to the partner's "
                    "stream once. Fails (exit code 1) when\na stream is lost, a message does not "
                    "arrive, or nothing comes for --silence seconds.\n"},
    .named_by = (const char *const[]){"connections", "topics", "rate", NULL},
    .headlines = (const char *const[]){"bytes_per_stream", "server_cpu_percent_of_a_core",
                                       "delivery_p50_ms", "delivery_p99_ms", NULL},
    .accepts = accepts,
    .run = run};

int sse_main(int argc, char **argv)
{
    struct sse_options options = {.connections = 10000,
                                  .topics = "user,couple",
                                  .joining = 64,
                                  .hold = 35,
                                  .silence = 20,
                                  .seconds = 10,
                                  .rate = 500};
    const struct option_row rows[] = {
        {"connections", OPTION_INT, &options.connections, 2, 1000000, "streams, one for each user"},
        {"topics", OPTION_TEXT, &options.topics, 0, 0, "user,couple or, with --rate 0, user"},
        {"joining", OPTION_INT, &options.joining, 1, 100000, "how many connect at a time"},
        {"hold", OPTION_INT, &options.hold, 0, 86400, "seconds in which nothing happens"},
        {"silence", OPTION_INT, &options.silence, 0, 86400,
         "seconds of it without a heartbeat that are a fault, 0: none"},
        {"rate", OPTION_INT, &options.rate, 0, 100000, "messages a second behind it, 0: none"},
        {"seconds", OPTION_INT, &options.seconds, 1, 86400, "for so long"},
        SERVER_OPTIONS(options.server),
    };
    return scenario_main(&scenario, rows, sizeof rows / sizeof rows[0], &options, argc, argv);
}
