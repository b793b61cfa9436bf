/**
 * The `rest` scenario: reads and durable writes as JSON over HTTP/1.1 connections that are kept.
 *
 *   warm-up ──► measurement ──► drain: what is due is still asked, and waited for ──► read back
 *
 * Closed loop: each connection keeps `pipeline` requests in flight. Open loop (a rate is given):
 * requests are due at fixed times whatever the server does, each on its connection's turn, and
 * latencies count from when a request was due (no coordinated omission). Every answer is checked,
 * and in the end each acknowledged message must be found in its couple's history exactly once.
 */
#ifndef BENCH_REST_H
#define BENCH_REST_H

#include "bench/histogram.h"
#include "bench/http_client.h"
#include "bench/ledger.h"
#include "bench/measure.h"
#include "bench/server.h"
#include "bench/tokens.h"
#include "bench/watch.h"

#define REST_PIPELINE_MAX 64
#define REST_HISTORY_LIMIT 20 /* messages that a read of history asks for */

enum rest_op { REST_PROFILE, REST_HISTORY, REST_UNREAD, REST_SEND, REST_OPS };

struct rest_options {
    struct server_options server;
    const char *what;    /* name of an op, or "mixed" */
    const char *mix;     /* "reads:writes" of mixed */
    int64_t connections; /* 0: one for each user */
    int64_t rate;        /* requests a second, all connections together; 0: closed loop */
    int64_t seconds;
    int64_t warmup;
    int64_t bytes;    /* of a text */
    int64_t pipeline; /* requests in flight per connection */
};

/** A request on its way. */
struct rest_flight {
    enum rest_op op;
    uint64_t number; /* of a message in the ledger */
    int64_t at_us;   /* sent, or due */
};

struct rest_run;
struct rest_client {
    struct http_client http;
    struct rest_run *run;
    uint32_t index;
    struct buffer requests[REST_OPS];              /* whole; of a send, no and text are filled in */
    size_t no_at, text_at;                         /* in the send */
    struct buffer known[REST_OPS];                 /* the last answer that was checked in full */
    struct ledger ledger;                          /* of its messages */
    uint64_t acked_msg;                            /* the highest that was acknowledged */
    struct rest_flight flights[REST_PIPELINE_MAX]; /* a ring */
    uint32_t first, in_flight;
    uint64_t asked; /* requests so far */
    uint64_t reads;
    bool closing; /* the server said it would */
    bool given_up;
};

enum rest_phase { REST_WARMUP, REST_MEASURE, REST_DRAIN };

struct rest_counts {
    uint64_t answered[REST_OPS]; /* rightly */
    uint64_t refused;            /* 429 or 503: too much at once */
    uint64_t wrong_status;       /* any other that should not be */
    uint64_t malformed;          /* the right status, and not what must be in the answer */
};

struct rest_run {
    const struct rest_options *options;
    enum rest_op only;     /* REST_OPS: mixed */
    int64_t reads, writes; /* of the mix */
    struct server server;
    struct tokens tokens;
    struct tcp_target target;
    struct rest_client *clients;
    size_t count;
    uint64_t *heads; /* by couple: its last message before */
    uint64_t no_base;
    enum rest_phase phase;
    int64_t started_us;
    uint64_t due;     /* open loop: requests that became due */
    bool starved;     /* some were refused and wait */
    uint64_t checked; /* answers */
    struct tally tally;
    struct rest_counts counts;
    uint64_t unanswered, connections_lost, reopened;
    int first_wrong; /* status of the first answer that was refused or wrong */
    struct histogram second, all, of_op[REST_OPS]; /* µs from send (or due) to the answer */
    json_t *report;
    struct sample sample_at[2];
    struct tally tally_at[2];
    struct rest_counts counts_at[2];
    struct watch watch;
};

/* --- rest_ops.c: what is asked, and what the answer must be --- */

extern const char *const rest_op_names[REST_OPS];

/** Prepares the client's requests. */
void rest_requests_init(struct rest_client *client, const char *token);

/** The op of the client's next request. */
enum rest_op rest_next_op(struct rest_client *client);

/** Appends a request to what is sent, and notes it as on its way since `at_us`. */
void rest_ask(struct rest_client *client, enum rest_op op, int64_t at_us);

/** Counts the answer to the oldest request on its way; true when it is the right one. */
bool rest_take(struct rest_client *client, const struct http_answer *answer,
               const struct rest_flight *flight);

/* --- rest_drive.c --- */

/** From warm-up to the end of the drain. 0, or EXIT_INTERRUPTED. */
int rest_drive(struct rest_run *run);

/* For a scenario in which the requests go on beside something else, in the caller's loop, which
 * sleeps on target.epoll too. Open loop only. */

/** Starts the clock, in phase MEASURE. */
void rest_begin(struct rest_run *run);
/** Asks what is due (not in DRAIN) and handles what has come, without waiting. Returns in how many
 * microseconds the next request is due, 10 ms at most. */
int64_t rest_step(struct rest_run *run);
/** Whether everything due was asked and answered. */
bool rest_is_settled(const struct rest_run *run);
/** Nothing more will come: counts what was due or asked and has no answer. */
void rest_count_unanswered(struct rest_run *run);

/* --- rest_history.c: the couples' messages, asked one request after the other --- */

/** Notes where each couple stands; before histories are read, all write something. 0, or a code
 * after printing why not. */
int rest_note_heads(struct rest_run *run);
/** Reads what was written since, and settles the ledgers. 0, or a code after printing why not. */
int rest_read_back(struct rest_run *run);

/* --- rest_report.c --- */

bool rest_is_good(const struct rest_run *run);
uint64_t rest_answered(const struct rest_counts *counts);
void rest_report(const struct rest_run *run);
/** Appends a second of the measurement to the report's series. */
void rest_report_second(struct rest_run *run, const struct rest_counts *before, int64_t elapsed_us);

/* --- rest.c --- */

/** Begins to connect run->count clients, which take turns with the users of run->tokens, to
 * run->server. 0, or a code after printing why not; rest_leave either way. */
int rest_join(struct rest_run *run);
void rest_leave(struct rest_run *run);

/** The wall clock's microseconds: new each time, and of 16 digits until the year 2286. */
uint64_t rest_run_number(void);

int rest_main(int argc, char **argv);

#endif
