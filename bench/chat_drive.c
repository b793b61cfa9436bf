#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/error.h"
#include "bench/chat.h"
#include "bench/interrupt.h"
#include "bench/report.h"

#define EVENTS_MAX 512
#define TICK_US 10000 /* how long a refused slot waits, and the longest sleep */
#define PROGRESS_US 1000000
#define DRAIN_US 10000000
#define LOAD_PATIENCE_US 30000000 /* with nothing acknowledged */

static void chatter_send(struct chatter *chatter, int64_t at_us)
{
    struct chat_run *run = chatter->run;
    struct chat_text text = {.couple = chatter->couple, .side = chatter->side, .at_us = at_us};
    text.number = ledger_sent(&chatter->ledger, at_us, &run->tally);
    chatter->in_flight++;
    run->server.protocol->append(&run->template, (uint32_t)text.number, run->no_base + text.number,
                                 &text, &chatter->link.out);
}

/* The connection is gone: what it had in flight stays open in the ledger and is counted there. */
static void chatter_lost(struct chatter *chatter)
{
    struct chat_run *run = chatter->run;
    if (run->connections_lost++ == 0) {
        complain("a connection of couple %u was closed (%u)", chatter->couple,
                 (unsigned)chatter->link.close_code);
    }
}

/* The message that an answer is about. */
static uint64_t answered_number(const struct chatter *chatter, const struct chat_incoming *in)
{
    return ledger_number_of(&chatter->ledger, in->id, chatter->run->server.protocol->id_mask);
}

/* Only duet says where in the couple's stream something stands. */
static void note_place(struct chatter *chatter, const struct chat_incoming *in, bool pushed)
{
    if (chatter->run->server.protocol->has_places) {
        view_saw(&chatter->view, in->seq, pushed, &chatter->run->tally);
    }
}

static void handle_acked(struct chatter *chatter, const struct chat_incoming *in)
{
    struct chat_run *run = chatter->run;
    uint64_t number = answered_number(chatter, in);
    int64_t at_us = ledger_sent_at(&chatter->ledger, number);
    ledger_acked(&chatter->ledger, number, in->seq, in->msg, &run->tally);
    note_place(chatter, in, false);
    run->dups += in->dup;
    if (at_us >= 0 && run->now_us >= at_us) {
        histogram_add(&run->answer, (uint64_t)(run->now_us - at_us));
    }
    chatter->in_flight -= chatter->in_flight != 0;
    if (run->phase != CHAT_DRAIN && run->options->rate == 0) {
        chatter_send(chatter, run->now_us);
    }
}

static void handle_refused(struct chatter *chatter, const struct chat_incoming *in)
{
    struct chat_run *run = chatter->run;
    ledger_refused(&chatter->ledger, answered_number(chatter, in), &run->tally);
    chatter->in_flight -= chatter->in_flight != 0;
    run->starved++;
    if (run->first_error == 0) {
        run->first_error = in->error;
        complain("the server refuses messages: %s", error_name(in->error));
    }
}

static void handle_message(struct chatter *chatter, const struct chat_incoming *in)
{
    struct chat_run *run = chatter->run;
    struct chatter *sender = chatter->partner;
    struct chat_text text;
    note_place(chatter, in, true);
    if (chat_text_parse(in->text, (size_t)run->options->bytes, &text) != 0 ||
        text.couple != sender->couple || text.side != sender->side) {
        run->malformed++;
        return;
    }
    ledger_delivered(&sender->ledger, text.number, in->seq, in->msg, &run->tally);
    if (run->now_us >= text.at_us) {
        histogram_add(&run->second, (uint64_t)(run->now_us - text.at_us));
    }
}

void chat_handle(void *owner, struct bytes message)
{
    struct chatter *chatter = owner;
    const struct chat_protocol *protocol = chatter->run->server.protocol;
    struct chat_incoming in;
    int status;
    while ((status = protocol->next(&chatter->channel, &message, &in)) > 0) {
        if (in.type == CHAT_ACKED) {
            handle_acked(chatter, &in);
        } else if (in.type == CHAT_MESSAGE) {
            handle_message(chatter, &in);
        } else if (in.type == CHAT_REFUSED) {
            handle_refused(chatter, &in);
        } else if (in.type == CHAT_ENTRY) {
            note_place(chatter, &in, true);
        }
    }
    chatter->run->malformed += status < 0;
}

static void chatter_flush(struct chatter *chatter)
{
    if (chatter->link.fd >= 0 &&
        link_flush(&chatter->link, chatter->run->fleet.epoll, chatter) != 0) {
        chatter_lost(chatter);
    }
}

static void handle_ready(struct chat_run *run, const struct epoll_event *event)
{
    struct chatter *chatter = event->data.ptr;
    if (chatter->link.fd >= 0 && (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 &&
        link_receive(&chatter->link, &run->now_us, chat_handle, chatter) != 0) {
        chatter_lost(chatter);
    }
    chatter_flush(chatter);
}

/* Fills every window: at the start, and where refusals left slots empty. */
static void fill_windows(struct chat_run *run)
{
    run->starved = 0;
    for (size_t i = 0; i < run->count; i++) {
        struct chatter *chatter = &run->chatters[i];
        bool wants = chatter->link.fd >= 0 && chatter->in_flight < run->options->window;
        while (wants && chatter->in_flight < run->options->window) {
            chatter_send(chatter, monotonic_us());
        }
        if (wants) {
            chatter_flush(chatter);
        }
    }
}

/* Sends all that is due by now, and returns in how many microseconds the next one is. */
static int64_t send_due(struct chat_run *run)
{
    double rate = (double)run->options->rate;
    int64_t now_us = monotonic_us();
    for (;;) {
        int64_t due_us = run->started_us + (int64_t)((double)run->due * 1e6 / rate);
        if (due_us > now_us) {
            return due_us - now_us < TICK_US ? due_us - now_us : TICK_US;
        }
        struct chatter *chatter = &run->chatters[run->due++ % run->count];
        if (chatter->link.fd >= 0) {
            chatter_send(chatter, due_us);
            chatter_flush(chatter);
        }
    }
}

static void handle_events(struct chat_run *run, int64_t sleep_us)
{
    struct epoll_event events[EVENTS_MAX];
    struct timespec timeout = {.tv_nsec = (long)sleep_us * 1000};
    int ready = epoll_pwait2(run->fleet.epoll, events, EVENTS_MAX, &timeout, NULL);
    for (int i = 0; i < ready; i++) {
        handle_ready(run, &events[i]);
    }
}

static void take_turn(struct chat_run *run)
{
    bool sending = run->phase != CHAT_DRAIN;
    handle_events(run, sending && run->options->rate != 0 ? send_due(run) : TICK_US);
}

void chat_begin(struct chat_run *run)
{
    run->started_us = monotonic_us();
    run->phase = CHAT_MEASURE;
}

int64_t chat_step(struct chat_run *run)
{
    int64_t next_us = run->phase != CHAT_DRAIN ? send_due(run) : TICK_US;
    handle_events(run, 0);
    return next_us;
}

static void show(const struct chat_run *run, const struct tally *before, int64_t elapsed_us)
{
    static const char *const names[] = {"warm-up", "measuring", "draining", "loading"};
    double seconds = (double)elapsed_us / 1e6;
    progress("%-9s %3.0f s  acked %.0f/s  delivered %.0f/s  p50 %llu µs  p99 %llu µs",
             names[run->phase], (double)(monotonic_us() - run->started_us) / 1e6,
             (double)(run->tally.acked - before->acked) / seconds,
             (double)(run->tally.delivered - before->delivered) / seconds,
             (unsigned long long)histogram_quantile(&run->second, 0.5),
             (unsigned long long)histogram_quantile(&run->second, 0.99));
}

/* The log to replay swings with each flush: only means over a while can be compared. */
static int64_t watch_replay(struct chat_run *run, int64_t elapsed_us)
{
    int64_t whole_us = run->options->seconds * 1000000;
    int quarter = elapsed_us * 4 <= whole_us ? 0 : elapsed_us * 4 > whole_us * 3 ? 1 : -1;
    if (run->phase != CHAT_MEASURE) {
        return -1;
    }
    int64_t records = watch_latest(&run->watch);
    if (records >= 0 && quarter >= 0) {
        run->replay[quarter].sum += records;
        run->replay[quarter].count++;
    }
    return records;
}

/* Shows and notes what came since the last time; `left_us` of the phase are left. */
static void close_second(struct chat_run *run, const struct tally *before, int64_t elapsed_us,
                         int64_t left_us)
{
    int64_t whole_us = run->options->seconds * 1000000;
    if (elapsed_us >= PROGRESS_US / 2) {
        show(run, before, elapsed_us);
        chat_report_second(run, before, elapsed_us, watch_replay(run, whole_us - left_us));
    }
    histogram_merge(&run->delivery, &run->second);
    histogram_clear(&run->second);
}

bool chat_is_settled(const struct chat_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        if (ledger_open(&run->chatters[i].ledger) != 0) {
            return false;
        }
    }
    return true;
}

/* The drain ends early when nothing is open, the load when it is reached or cannot be. */
static bool phase_is_over(const struct chat_run *run)
{
    return (run->phase == CHAT_DRAIN && chat_is_settled(run)) ||
           (run->phase == CHAT_LOAD &&
            (run->tally.acked >= run->load_until || run->connections_lost != 0));
}

/* Runs one phase for at most `us`. */
static int run_phase(struct chat_run *run, enum chat_phase phase, int64_t us)
{
    int64_t now_us = monotonic_us();
    int64_t end_us = now_us + us;
    int64_t shown_us = now_us;
    int64_t filled_us = now_us;
    struct tally shown = run->tally;
    run->phase = phase;
    while (now_us < end_us && !phase_is_over(run)) {
        take_turn(run);
        now_us = monotonic_us();
        if (now_us - shown_us >= PROGRESS_US) {
            close_second(run, &shown, now_us - shown_us, end_us - now_us);
            shown = run->tally;
            shown_us = now_us;
        }
        if (run->starved != 0 && phase != CHAT_DRAIN && run->options->rate == 0 &&
            now_us - filled_us >= TICK_US) {
            fill_windows(run);
            filled_us = now_us;
        }
        if (interrupted()) {
            return EXIT_INTERRUPTED;
        }
    }
    close_second(run, &shown, now_us - shown_us, end_us - now_us);
    return 0;
}

static void take_samples(struct chat_run *run, int index)
{
    const char *data = run->server.data[0] != '\0' ? run->server.data : NULL;
    run->sample_at[index] = sample_take_outside(run->server.pid, data);
    run->sample_at[index].log_to_replay = watch_latest(&run->watch);
    run->tally_at[index] = run->tally;
}

void chat_finish(struct chat_run *run)
{
    for (size_t i = 0; i < run->count; i++) {
        ledger_finish(&run->chatters[i].ledger, &run->tally);
        view_finish(&run->chatters[i].view, &run->tally);
    }
    progress_end();
}

int chat_drive(struct chat_run *run)
{
    watch_start(&run->watch, run->server.data);
    run->started_us = monotonic_us();
    if (run->options->rate == 0) {
        fill_windows(run);
    }
    int status = run_phase(run, CHAT_WARMUP, run->options->warmup * 1000000);
    if (status == 0) {
        take_samples(run, 0);
        histogram_clear(&run->delivery);
        histogram_clear(&run->answer);
        status = run_phase(run, CHAT_MEASURE, run->options->seconds * 1000000);
        take_samples(run, 1);
    }
    if (status == 0) {
        status = run_phase(run, CHAT_DRAIN, DRAIN_US);
    }
    watch_stop(&run->watch);
    chat_finish(run);
    return status;
}

int chat_load(struct chat_run *run, uint64_t messages)
{
    int status = 0;
    bool moves = true;
    if (run->started_us == 0) {
        run->started_us = monotonic_us();
        fill_windows(run);
    }
    run->load_until = messages;
    while (status == 0 && moves && run->connections_lost == 0 && run->tally.acked < messages) {
        uint64_t acked = run->tally.acked;
        status = run_phase(run, CHAT_LOAD, LOAD_PATIENCE_US);
        moves = run->tally.acked != acked;
    }
    progress_end();
    if (status != 0 || run->tally.acked >= messages) {
        return status;
    }
    complain("stopped at %llu of %llu messages: %s", (unsigned long long)run->tally.acked,
             (unsigned long long)messages,
             moves ? "a connection was lost" : "nothing was acknowledged for 30 s");
    return EXIT_FAILURE;
}
