#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/error.h"
#include "bench/interrupt.h"
#include "bench/report.h"
#include "bench/rest.h"

#define EVENTS_MAX 512
#define TICK_US 10000 /* how long a refused one waits, and the longest sleep */
#define PROGRESS_US 1000000
#define DRAIN_US 20000000

static int64_t due_at(const struct rest_run *run, uint64_t number)
{
    return run->started_us + (int64_t)((double)number * 1e6 / (double)run->options->rate);
}

/* Asks what the client may: all that is due for it, or what its window has room for. */
static void fill(struct rest_client *client)
{
    const struct rest_run *run = client->run;
    bool open_loop = run->options->rate != 0;
    while (client->in_flight < (uint32_t)run->options->pipeline && !client->closing &&
           !client->given_up) {
        uint64_t number = client->asked * run->count + client->index;
        if (open_loop ? number >= run->due : run->phase == REST_DRAIN) {
            return;
        }
        rest_ask(client, rest_next_op(client), open_loop ? due_at(run, number) : monotonic_us());
    }
}

static void take_answer(void *owner, const struct http_answer *answer)
{
    struct rest_client *client = owner;
    struct rest_run *run = client->run;
    if (client->in_flight == 0) { /* nobody asked */
        run->counts.malformed++;
        return;
    }
    struct rest_flight flight = client->flights[client->first];
    client->first = (client->first + 1) % REST_PIPELINE_MAX;
    client->in_flight--;
    client->closing = client->closing || answer->closes;
    if (rest_take(client, answer, &flight)) {
        uint64_t took_us = (uint64_t)(monotonic_us() - flight.at_us);
        histogram_add(&run->second, took_us);
        histogram_add(&run->of_op[flight.op], took_us);
        fill(client);
    } else if (run->options->rate == 0) {
        run->starved = true; /* not again at once */
    } else {
        fill(client);
    }
}

/* Connects again where the server may end a connection: between two requests. */
static void reopen(struct rest_client *client)
{
    struct rest_run *run = client->run;
    http_client_close(&client->http);
    client->closing = false;
    run->reopened++;
    if (http_client_dial(&client->http, &run->target, client->index / TCP_DIAL_PER_SOURCE,
                         client) != 0) {
        client->given_up = true;
        run->connections_lost++;
        return;
    }
    fill(client);
}

static void lose(struct rest_client *client)
{
    if (client->run->connections_lost++ == 0) {
        complain("connection %u was lost with %u requests unanswered", client->index,
                 client->in_flight);
    }
    client->given_up = true;
}

static void handle_event(struct rest_run *run, const struct epoll_event *event)
{
    struct rest_client *client = event->data.ptr;
    int error =
        http_client_event(&client->http, &run->target, event->events, client, take_answer, client);
    bool between = client->in_flight == 0;
    if (error != 0 && (!between || error != ERR_END)) {
        lose(client);
    } else if (between && (error == ERR_END || client->closing)) {
        reopen(client);
    }
}

/* Notes what has become due, and lets those ask whose turn it is. Microseconds until the next. */
static int64_t release_due(struct rest_run *run)
{
    int64_t now_us = monotonic_us();
    for (;;) {
        int64_t due_us = due_at(run, run->due);
        if (due_us > now_us) {
            return due_us - now_us < TICK_US ? due_us - now_us : TICK_US;
        }
        struct rest_client *client = &run->clients[run->due++ % run->count];
        fill(client);
        if (http_client_flush(&client->http, &run->target, client) != 0) {
            lose(client);
        }
    }
}

static void fill_all(struct rest_run *run)
{
    run->starved = false;
    for (size_t i = 0; i < run->count; i++) {
        struct rest_client *client = &run->clients[i];
        fill(client);
        if (http_client_flush(&client->http, &run->target, client) != 0) {
            lose(client);
        }
    }
}

static void handle_events(struct rest_run *run, int64_t sleep_us)
{
    struct epoll_event events[EVENTS_MAX];
    struct timespec timeout = {.tv_nsec = (long)sleep_us * 1000};
    int ready = epoll_pwait2(run->target.epoll, events, EVENTS_MAX, &timeout, NULL);
    for (int i = 0; i < ready; i++) {
        handle_event(run, &events[i]);
    }
}

static void take_turn(struct rest_run *run)
{
    bool releasing = run->phase != REST_DRAIN && run->options->rate != 0;
    handle_events(run, releasing ? release_due(run) : TICK_US);
}

void rest_begin(struct rest_run *run)
{
    run->started_us = monotonic_us();
    run->phase = REST_MEASURE;
}

int64_t rest_step(struct rest_run *run)
{
    int64_t next_us = run->phase != REST_DRAIN ? release_due(run) : TICK_US;
    handle_events(run, 0);
    return next_us;
}

static void close_second(struct rest_run *run, const struct rest_counts *before, int64_t elapsed_us)
{
    static const char *const names[] = {"warm-up", "measuring", "draining"};
    if (elapsed_us >= PROGRESS_US / 2) {
        progress("%-9s %3.0f s  answered %.0f/s  p50 %llu µs  p99 %llu µs", names[run->phase],
                 (double)(monotonic_us() - run->started_us) / 1e6,
                 (double)(rest_answered(&run->counts) - rest_answered(before)) * 1e6 /
                     (double)elapsed_us,
                 (unsigned long long)histogram_quantile(&run->second, 0.5),
                 (unsigned long long)histogram_quantile(&run->second, 0.99));
        rest_report_second(run, before, elapsed_us);
    }
    histogram_merge(&run->all, &run->second);
    histogram_clear(&run->second);
}

bool rest_is_settled(const struct rest_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        const struct rest_client *client = &run->clients[i];
        bool waits = run->options->rate != 0 && client->asked * run->count + i < run->due;
        if (!client->given_up && (client->in_flight != 0 || waits)) {
            return false;
        }
    }
    return true;
}

static int run_phase(struct rest_run *run, enum rest_phase phase, int64_t us)
{
    int64_t now_us = monotonic_us();
    int64_t end_us = now_us + us;
    int64_t shown_us = now_us;
    int64_t filled_us = now_us;
    struct rest_counts shown = run->counts;
    run->phase = phase;
    while (now_us < end_us && !(phase == REST_DRAIN && rest_is_settled(run))) {
        take_turn(run);
        now_us = monotonic_us();
        if (now_us - shown_us >= PROGRESS_US) {
            close_second(run, &shown, now_us - shown_us);
            shown = run->counts;
            shown_us = now_us;
        }
        if (run->starved && now_us - filled_us >= TICK_US) {
            fill_all(run);
            filled_us = now_us;
        }
        if (interrupted()) {
            return EXIT_INTERRUPTED;
        }
    }
    close_second(run, &shown, now_us - shown_us);
    return 0;
}

static void take_samples(struct rest_run *run, int index)
{
    const char *data = run->server.data[0] != '\0' ? run->server.data : NULL;
    run->sample_at[index] = sample_take_outside(run->server.pid, data);
    run->sample_at[index].log_to_replay = watch_latest(&run->watch);
    run->tally_at[index] = run->tally;
    run->counts_at[index] = run->counts;
}

void rest_count_unanswered(struct rest_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        const struct rest_client *client = &run->clients[i];
        uint64_t due = (run->due + run->count - 1 - i) / run->count; /* of them, this client's */
        run->unanswered += client->in_flight;
        run->unanswered += run->options->rate != 0 && due > client->asked ? due - client->asked : 0;
    }
}

int rest_drive(struct rest_run *run)
{
    watch_start(&run->watch, run->server.data);
    run->started_us = monotonic_us();
    fill_all(run);
    int status = run_phase(run, REST_WARMUP, run->options->warmup * 1000000);
    if (status == 0) {
        take_samples(run, 0);
        histogram_clear(&run->all);
        for (int op = 0; op < REST_OPS; op++) {
            histogram_clear(&run->of_op[op]);
        }
        status = run_phase(run, REST_MEASURE, run->options->seconds * 1000000);
        take_samples(run, 1);
    }
    status = status == 0 ? run_phase(run, REST_DRAIN, DRAIN_US) : status;
    watch_stop(&run->watch);
    rest_count_unanswered(run);
    progress_end();
    return status;
}
