/**
 * The `chat` scenario: couples of two connections whose partners both write to each other.
 *
 *   warm-up ──► measurement ──► drain: nothing more is sent, everything open is waited for
 *
 * Closed loop: each connection keeps `window` messages in flight. Open loop (a rate is given):
 * messages are due at fixed times whatever the server does, and latencies count from when a
 * message was due, so that a stalled server cannot hide its stall (no coordinated omission).
 *
 * Instead of these, chat_load sends until enough is acknowledged and leaves the load running.
 */
#ifndef BENCH_CHAT_H
#define BENCH_CHAT_H

#include "bench/fleet.h"
#include "bench/histogram.h"
#include "bench/ledger.h"
#include "bench/link.h"
#include "bench/measure.h"
#include "bench/protocol.h"
#include "bench/server.h"
#include "bench/watch.h"

struct chat_options {
    struct server_options server;
    int64_t window;
    int64_t seconds;
    int64_t warmup;
    int64_t bytes;
    int64_t rate;       /* messages a second, all connections together; 0: closed loop */
    const char *system; /* what the report calls the server, and, in a comparison, */
    const char *beside; /* which other one it was measured in turn with; NULL: none */
};

struct chat_run;

struct chatter {
    struct link link;
    struct chat_channel channel;
    struct ledger ledger; /* of what it sends */
    struct view view;     /* of the couple's stream as it sees it, with has_places */
    struct chatter *partner;
    struct chat_run *run;
    uint32_t couple;
    uint32_t side;
    uint32_t in_flight; /* sent and not answered */
};

enum chat_phase { CHAT_WARMUP, CHAT_MEASURE, CHAT_DRAIN, CHAT_LOAD };

struct chat_run {
    const struct chat_options *options;
    struct server server;
    struct fleet fleet;
    struct chatter *chatters;
    size_t count;
    struct chat_template template;
    enum chat_phase phase;
    uint64_t load_until; /* CHAT_LOAD: as many acknowledged */
    uint64_t no_base;    /* added to numbers, so that the op's `no` is new in every run */
    int64_t now_us;      /* when the current readiness event was received */
    int64_t started_us;  /* of the sending */
    uint64_t due;        /* open loop: messages sent so far */
    uint64_t starved;    /* window slots that wait after a refusal */
    struct tally tally;
    uint64_t malformed;        /* answers that made no sense, or texts not as they were sent */
    uint64_t dups;             /* answers that call a fresh message a repetition */
    uint64_t connections_lost; /* before the end */
    int first_error;           /* of the first refusal */
    struct histogram delivery; /* since the measurement began, µs from send (or due) to receipt */
    struct histogram answer;
    struct histogram second;  /* of `delivery`, the part since the last second began */
    json_t *report;           /* where figures go; NULL: nowhere */
    struct tally tally_at[2]; /* when the measurement began and ended */
    struct sample sample_at[2];
    struct watch watch;
    struct {
        int64_t sum, count;
    } replay[2]; /* log to replay, each second of the first and of the last quarter */
};

/** Connects everyone to run->server. 0, or a code after printing why not; chat_leave either way. */
int chat_join(struct chat_run *run);
void chat_leave(struct chat_run *run);

/**
 * Sends until `messages` in all are acknowledged, and leaves every window full; may be called
 * again. 0, EXIT_INTERRUPTED, or EXIT_FAILURE after printing what stopped it.
 */
int chat_load(struct chat_run *run, uint64_t messages);

/** Sends, receives and checks from warm-up to the end of the drain. 0, or EXIT_INTERRUPTED. */
int chat_drive(struct chat_run *run);

/*
 * For scenarios in which the chat goes on beside something else, in the caller's loop. Open loop
 * only: options->rate is set.
 */

/** Starts the clock of the sending, in phase MEASURE. */
void chat_begin(struct chat_run *run);
/** Sends what is due (not in DRAIN) and handles what has come, without waiting. Returns in how
 * many microseconds the next message is due, 10 ms at most. */
int64_t chat_step(struct chat_run *run);
/** Whether every message sent has arrived at both ends. */
bool chat_is_settled(const struct chat_run *run);
/** Nothing more will come: counts what is missing. */
void chat_finish(struct chat_run *run);

/** Whether nothing was wrong. */
bool chat_is_clean(const struct chat_run *run);
/** Whether nothing was wrong and something was measured. */
bool chat_is_good(const struct chat_run *run);

/** Puts counts of messages into a report: sent, acked, …, refused. */
void chat_put_tally(json_t *report, const struct tally *tally);

/** Puts the run's figures into its report. */
void chat_report(const struct chat_run *run);
/**
 * Adds raw_ratio and raw_cpu_ratio: how many times as fast the raw server of the calibration is,
 * and how many times its CPU per message the server uses. Only of windows that were calibrated.
 */
void chat_relate(json_t *report, const json_t *calibration);

/** Appends a second of the measurement to the report's series: what grew since `before`. */
void chat_report_second(struct chat_run *run, const struct tally *before, int64_t elapsed_us,
                        int64_t log_to_replay);

/** Handles one message of a chatter's connection; `owner` is the chatter. */
void chat_handle(void *owner, struct bytes message);

int chat_main(int argc, char **argv);

#endif
