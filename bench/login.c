#include "bench/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/identity_records.h"
#include "actors/user_records.h"
#include "base/error.h"
#include "bench/chat.h"
#include "bench/crowd.h"
#include "bench/interrupt.h"
#include "bench/report.h"
#include "bench/scenario.h"
#include "bench/session_ask.h"
#include "wire/frame.h"

#define PASSWORD "corgi-by-the-sea"
#define OTHER_FILES 100 /* of the server and of this program, beside connections */
#define WARMUP_US 1000000
#define DRAIN_US 20000000
#define SAMPLE_EVERY_US 250000
#define PROGRESS_US 1000000
#define BAR_OTHERS_US 100000

struct login_options {
    struct chat_options others; /* with the server; couples: of the others */
    int64_t clients;
    const char *what;             /* one of the questions below */
    int64_t before, after, limit; /* seconds */
};

enum login_phase { LOGIN_BEFORE, LOGIN_STORM, LOGIN_AFTER, LOGIN_DRAIN, LOGIN_PHASES };

struct login_run;
struct login_client {
    struct member member; /* first, so that a member is its client */
    struct login_run *run;
    const struct token *token;
};

struct login_run {
    const struct login_options *options;
    struct server server;
    struct chat_run *others;
    struct crowd crowd;
    struct tokens tokens;
    struct login_client *clients;
    uint64_t answered;
    enum login_phase phase;
    int64_t phase_us; /* when it began */
    int64_t took_us;  /* the storm */
    int64_t rss_peak;
    int64_t sampled_us, shown_us;
    struct histogram latency;                /* µs from wanting in to being in, pauses included */
    struct histogram delivery[LOGIN_PHASES]; /* of the others */
    struct sample samples[LOGIN_PHASES];     /* at each phase's beginning */
};

/* --- the questions -------------------------------------------------------------------------- */

static void ask_op(struct member *member, const char *op, const struct record_type *type,
                   const void *args)
{
    struct buffer payload = {0};
    frame_append_request(&payload, CROWD_ASK_ID, op, type, args, (struct bytes){0});
    ws_frame_append(&member->dial.link.out, WS_BINARY, 0, buffer_bytes(&payload));
    buffer_fini(&payload);
}

static const struct token *token_of(const struct member *member)
{
    return ((const struct login_client *)member)->token;
}

static void ask_password(struct member *member)
{
    const struct auth_login_args args = {.email = text_of(token_of(member)->email),
                                         .password = text_of(PASSWORD),
                                         .device = token_of(member)->device};
    ask_op(member, "auth.login", &auth_login_args_type, &args);
}

static void ask_refresh(struct member *member)
{
    const struct auth_refresh_args args = {.refresh_token =
                                               text_of(token_of(member)->refresh_token)};
    ask_op(member, "auth.refresh", &auth_refresh_args_type, &args);
}

static void ask_session(struct member *member)
{
    static const struct session_places nowhere;
    session_ask(&member->dial.link, CROWD_ASK_ID, token_of(member), &nowhere);
}

static bool answered(struct member *member, struct bytes result)
{
    struct login_run *run = ((struct login_client *)member)->run;
    (void)result;
    run->answered++;
    histogram_add(&run->latency, (uint64_t)(monotonic_us() - member->called_us));
    return false; /* that was all: it leaves */
}

static void ignore_message(struct member *member, struct bytes message)
{
    (void)member;
    (void)message;
}

static void ignore_loss(struct member *member)
{
    (void)member; /* nobody stays in */
}

static const struct {
    const char *name;
    struct crowd_script script;
} questions[] = {
    {"password", {ask_password, answered, ignore_message, ignore_loss}},
    {"refresh", {ask_refresh, answered, ignore_message, ignore_loss}},
    {"session", {ask_session, answered, ignore_message, ignore_loss}},
};

static const struct crowd_script *find_question(const char *name)
{
    for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
        if (strcmp(questions[i].name, name) == 0) {
            return &questions[i].script;
        }
    }
    fprintf(stderr, "duet-bench login: --what must be password, refresh or session, not %s\n",
            name);
    return NULL;
}

/* --- phases --------------------------------------------------------------------------------- */

static void enter(struct login_run *run, enum login_phase phase)
{
    run->delivery[run->phase] = run->others->second;
    histogram_clear(&run->others->second);
    run->phase = phase;
    run->phase_us = monotonic_us();
    run->samples[phase] = sample_take(run->server.pid, NULL);
}

static void keep_watch(struct login_run *run)
{
    static const char *const names[] = {"before", "storm", "after", "draining"};
    int64_t now_us = monotonic_us();
    if (now_us - run->sampled_us >= SAMPLE_EVERY_US) {
        struct sample sample = sample_take(run->server.pid, NULL);
        run->sampled_us = now_us;
        run->rss_peak = sample.rss_bytes > run->rss_peak ? sample.rss_bytes : run->rss_peak;
    }
    if (now_us - run->shown_us >= PROGRESS_US) {
        run->shown_us = now_us;
        progress("%-8s %5.1f s  answered %llu of %lld  told to wait %llu  others p99 %llu µs",
                 names[run->phase], (double)(now_us - run->phase_us) / 1e6,
                 (unsigned long long)run->answered, (long long)run->options->clients,
                 (unsigned long long)run->crowd.figures.told_wait,
                 (unsigned long long)histogram_quantile(&run->others->second, 0.99));
    }
}

static void take_turn(struct login_run *run)
{
    int64_t next_us = chat_step(run->others);
    bool busy = crowd_turn(&run->crowd);
    keep_watch(run);
    if (!busy) {
        crowd_sleep(&run->crowd, run->others->fleet.epoll, next_us);
    }
}

static bool times_up(const struct login_run *run, int64_t us)
{
    return interrupted() || monotonic_us() - run->phase_us >= us;
}

static void run_for(struct login_run *run, int64_t us)
{
    while (!times_up(run, us)) {
        take_turn(run);
    }
}

static void storm(struct login_run *run)
{
    uint64_t clients = (uint64_t)run->options->clients;
    for (uint64_t i = 0; i < clients; i++) {
        crowd_call(&run->clients[i].member);
    }
    while (run->answered + run->crowd.figures.gave_up < clients &&
           !times_up(run, run->options->limit * 1000000)) {
        take_turn(run);
    }
    run->took_us = monotonic_us() - run->phase_us;
}

static void drive(struct login_run *run)
{
    chat_begin(run->others);
    enter(run, LOGIN_BEFORE);
    run_for(run, WARMUP_US);
    enter(run, LOGIN_BEFORE);
    run_for(run, run->options->before * 1000000);
    enter(run, LOGIN_STORM);
    storm(run);
    enter(run, LOGIN_AFTER);
    run_for(run, run->options->after * 1000000);
    enter(run, LOGIN_DRAIN);
    run->others->phase = CHAT_DRAIN;
    while (!chat_is_settled(run->others) && !times_up(run, DRAIN_US)) {
        take_turn(run);
    }
    chat_finish(run->others);
}

/* --- report --------------------------------------------------------------------------------- */

static bool is_good(const struct login_run *run)
{
    const struct chat_run *others = run->others;
    return run->answered == (uint64_t)run->options->clients && !tally_is_bad(&others->tally) &&
           others->malformed == 0 && others->dups == 0 && others->connections_lost == 0;
}

static void put(json_t *report, const char *name, int64_t value)
{
    json_object_set_new(report, name, value < 0 ? json_null() : json_integer(value));
}

/* Three quantiles of a histogram of microseconds, in milliseconds. */
static void put_quantiles(json_t *report, const char *name, const struct histogram *histogram)
{
    static const struct {
        const char *name;
        double quantile;
    } rows[] = {{"p50", 0.5}, {"p99", 0.99}, {"max", 1.0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char full[64];
        snprintf(full, sizeof full, "%s_%s_ms", name, rows[i].name);
        json_object_set_new(
            report, full,
            report_figure((double)histogram_quantile(histogram, rows[i].quantile) / 1000));
    }
}

static void put_report(const struct login_run *run, json_t *report)
{
    const struct crowd_figures *figures = &run->crowd.figures;
    const struct sample *from = &run->samples[LOGIN_STORM];
    const struct sample *to = &run->samples[LOGIN_AFTER];
    double cpu_us = from->cpu_us < 0 || to->cpu_us < 0 ? -1 : (double)(to->cpu_us - from->cpu_us);
    put(report, "answered", (int64_t)run->answered);
    json_object_set_new(report, "answered_per_s",
                        json_real((double)run->answered * 1e6 / (double)run->took_us));
    put_quantiles(report, "latency", &run->latency);
    put(report, "connects", (int64_t)figures->dials);
    put(report, "connects_refused", (int64_t)figures->refused);
    put(report, "closed_before_answer", (int64_t)figures->closed);
    put(report, "told_to_wait", (int64_t)figures->told_wait);
    put(report, "gave_up", (int64_t)figures->gave_up);
    if (figures->first_error != 0) {
        json_object_set_new(report, "first_refusal", json_string(error_name(figures->first_error)));
    }
    if (figures->first_close_code != 0) {
        put(report, "first_close_code", figures->first_close_code);
    }
    put_quantiles(report, "others_before", &run->delivery[LOGIN_BEFORE]);
    put_quantiles(report, "others_during", &run->delivery[LOGIN_STORM]);
    put_quantiles(report, "others_after", &run->delivery[LOGIN_AFTER]);
    put(report, "others_during_messages", (int64_t)run->delivery[LOGIN_STORM].total);
    put(report, "others_lost", (int64_t)run->others->tally.lost);
    json_object_set_new(report, "server_cpu_ms_per_answer",
                        report_figure(run->answered == 0 || cpu_us < 0
                                          ? -1
                                          : cpu_us / 1000 / (double)run->answered));
    put(report, "server_rss_bytes_before", from->rss_bytes);
    put(report, "server_rss_bytes_peak", run->rss_peak != 0 ? run->rss_peak : -1);
    put(report, "server_rss_bytes_after", run->samples[LOGIN_DRAIN].rss_bytes);
    json_object_set_new(
        report, "bar_others_p99_below_100_ms",
        json_boolean(histogram_quantile(&run->delivery[LOGIN_STORM], 0.99) < BAR_OTHERS_US));
    json_object_set_new(report, "good", json_boolean(is_good(run)));
    scenario_latencies(report, "latency", &run->latency);
    scenario_latencies(report, "others_during", &run->delivery[LOGIN_STORM]);
}

/* --- set-up --------------------------------------------------------------------------------- */

/* Each comes from an address of its own, since the server limits what one address may cost. */
static void init_clients(struct login_run *run)
{
    size_t others = (size_t)run->options->others.server.couples * 2;
    run->clients = memory_alloc((size_t)run->options->clients * sizeof *run->clients);
    for (size_t i = 0; i < (size_t)run->options->clients; i++) {
        member_init(&run->clients[i].member, &run->crowd, 1 + (uint32_t)i);
        run->clients[i].run = run;
        run->clients[i].token = &run->tokens.items[others + i];
    }
}

static int measure(struct login_run *run, const struct crowd_script *script, json_t *report)
{
    int status = EXIT_FAILURE;
    size_t clients = (size_t)run->options->clients;
    if (crowd_init(&run->crowd, run->server.host, run->server.port, script) != 0) {
        return status;
    }
    run->others->server = run->server;
    if (chat_join(run->others) == 0 &&
        tokens_read(run->server.tokens, run->others->count + clients, &run->tokens) == 0) {
        init_clients(run);
        drive(run);
        progress_end();
        if (!interrupted()) {
            put_report(run, report);
            status = is_good(run) ? EXIT_SUCCESS : EXIT_FAILURE;
        }
        for (size_t i = 0; i < clients; i++) {
            member_fini(&run->clients[i].member);
        }
        free(run->clients);
        tokens_fini(&run->tokens);
    }
    chat_leave(run->others);
    crowd_fini(&run->crowd);
    return interrupted() ? EXIT_INTERRUPTED : status;
}

static int run(const void *context, json_t *report)
{
    struct login_options options = *(const struct login_options *)context;
    const struct crowd_script *script = find_question(options.what);
    if (script == NULL) {
        return EXIT_FAILURE;
    }
    int code = EXIT_FAILURE;
    struct login_run *run = memory_alloc(sizeof *run); /* its histograms are big for a stack */
    struct server_options server = options.others.server;
    options.clients += options.clients & 1; /* couples are seeded */
    run->options = &options;
    run->others = memory_alloc(sizeof *run->others);
    run->others->options = &options.others;
    run->others->count = (size_t)server.couples * 2;
    server.couples += options.clients / 2;
    server.password = PASSWORD;
    if (raise_file_limit(run->others->count + (uint64_t)options.clients + OTHER_FILES) == 0 &&
        server_start(&server, &run->server) == 0) {
        code = measure(run, script, report);
        server_stop(&run->server);
    }
    free(run->others);
    free(run);
    return code;
}

static const struct scenario scenario = {
    .command = {.name = "login",
                .summary = "Many sign in at once; others chat meanwhile.",
                .details =
                    "--what password: auth.login, a password checked by Argon2id · refresh: "
                    "auth.refresh ·\nsession: session.open with a token that was never seen. Who "
                    "is refused comes back\nwhen the error says, with jitter. A running --server "
                    "must have been seeded with\n--password " PASSWORD
                    ". Fails (exit code 1) when not all are answered, or the\nothers lose "
                    "anything.\n"},
    .named_by = (const char *const[]){"what", "clients", "others", NULL},
    .headlines = (const char *const[]){"answered_per_s", "latency_p50_ms", "latency_p99_ms",
                                       "others_during_p99_ms", NULL},
    .run = run};

int login_main(int argc, char **argv)
{
    struct login_options options = {
        .others = {.server.couples = 100, .window = 1, .bytes = 200, .rate = 2000},
        .clients = 500,
        .what = "password",
        .before = 5,
        .after = 5,
        .limit = 300};
    struct chat_options *others = &options.others;
    const struct option_row rows[] = {
        {"what", OPTION_TEXT, &options.what, 0, 0, "password, refresh or session"},
        {"clients", OPTION_INT, &options.clients, 2, 1000000, "who come at once"},
        {"others", OPTION_INT, &others->server.couples, 1, 100000, "couples who chat all the time"},
        {"rate", OPTION_INT, &others->rate, 1, 10000000, "their messages a second"},
        {"bytes", OPTION_INT, &others->bytes, CHAT_TEXT_BYTES_MIN, CHAT_TEXT_BYTES_MAX,
         "length of a text"},
        {"before", OPTION_INT, &options.before, 1, 3600, "seconds before"},
        {"after", OPTION_INT, &options.after, 1, 3600, "seconds after all were answered"},
        {"limit", OPTION_INT, &options.limit, 1, 86400, "seconds to wait for that"},
        {"server", OPTION_PLACE, &others->server.url, 0, 0, "host:port of a running duetd"},
        {"tokens", OPTION_PLACE, &others->server.tokens, 0, 0, "with --server: from duetctl seed"},
        {"data", OPTION_PLACE, &others->server.data, 0, 0,
         "where to make the data directory; with --server: its own"},
        {"shards", OPTION_INT, &others->server.shards, 0, 256, "shards, 0: one per core, less one"},
        {"keep", OPTION_FLAG, &others->server.keep, 0, 0, "leave the data directory behind"},
    };
    return scenario_main(&scenario, rows, sizeof rows / sizeof rows[0], &options, argc, argv);
}
