#include "bench/login.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/identity_records.h"
#include "actors/user_records.h"
#include "bench/background.h"
#include "bench/interrupt.h"
#include "bench/report.h"
#include "bench/scenario.h"
#include "bench/session_ask.h"
#include "wire/frame.h"

#define PASSWORD "corgi-by-the-sea"
#define OTHER_FILES 100 /* of the server and of this program, beside connections */
#define WARMUP_US 1000000

struct login_options {
    struct chat_options others; /* with the server; couples: of the others */
    int64_t clients;
    const char *what;             /* one of the questions below */
    int64_t before, after, limit; /* seconds */
};

enum login_phase { LOGIN_BEFORE, LOGIN_STORM, LOGIN_AFTER, LOGIN_DRAIN };

struct login_run;
struct login_client {
    struct member member; /* first, so that a member is its client */
    struct login_run *run;
    const struct token *token;
};

struct login_run {
    const struct login_options *options;
    struct background background; /* its phases are of enum login_phase */
    struct login_client *clients;
    uint64_t answered;
    int64_t took_us;          /* the storm */
    struct histogram latency; /* µs from wanting in to being in, pauses included */
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

static void show(const void *owner)
{
    static const char *const names[] = {"before", "storm", "after", "draining"};
    const struct login_run *run = owner;
    const struct background *background = &run->background;
    progress("%-8s %5.1f s  answered %llu of %lld  told to wait %llu  others p99 %llu µs",
             names[background->phase], (double)(monotonic_us() - background->phase_us) / 1e6,
             (unsigned long long)run->answered, (long long)run->options->clients,
             (unsigned long long)background->crowd.figures.told_wait,
             (unsigned long long)histogram_quantile(&background->others->second, 0.99));
}

static void storm(struct login_run *run)
{
    struct background *background = &run->background;
    uint64_t clients = (uint64_t)run->options->clients;
    for (uint64_t i = 0; i < clients; i++) {
        crowd_call(&run->clients[i].member);
    }
    while (run->answered + background->crowd.figures.gave_up < clients &&
           !background_times_up(background, run->options->limit * 1000000)) {
        background_turn(background);
    }
    run->took_us = monotonic_us() - background->phase_us;
}

static void drive(struct login_run *run)
{
    struct background *background = &run->background;
    background_begin(background);
    background_enter(background, LOGIN_BEFORE);
    background_run_for(background, WARMUP_US);
    background_enter(background, LOGIN_BEFORE);
    background_run_for(background, run->options->before * 1000000);
    background_enter(background, LOGIN_STORM);
    storm(run);
    background_enter(background, LOGIN_AFTER);
    background_run_for(background, run->options->after * 1000000);
    background_enter(background, LOGIN_DRAIN);
    background_drain(background, NULL);
}

/* --- report --------------------------------------------------------------------------------- */

static bool is_good(const struct login_run *run)
{
    return run->answered == (uint64_t)run->options->clients && background_is_good(&run->background);
}

static void put_report(const struct login_run *run, json_t *report)
{
    const struct background *background = &run->background;
    const struct sample *from = &background->samples[LOGIN_STORM];
    const struct sample *to = &background->samples[LOGIN_AFTER];
    bool known = from->cpu_us >= 0 && to->cpu_us >= 0 && run->answered != 0;
    double cpu_ms = (double)(to->cpu_us - from->cpu_us) / 1000;
    report_put_count(report, "answered", (int64_t)run->answered);
    report_put(report, "answered_per_s", (double)run->answered * 1e6 / (double)run->took_us);
    scenario_quantiles(report, "latency", &run->latency);
    crowd_put_figures(report, &background->crowd.figures);
    background_put_phase(background, report, LOGIN_BEFORE, "others_before");
    background_put_phase(background, report, LOGIN_STORM, "others_during");
    background_put_phase(background, report, LOGIN_AFTER, "others_after");
    report_put_count(report, "others_lost", (int64_t)background->others->tally.lost);
    report_put(report, "server_cpu_ms_per_answer", known ? cpu_ms / (double)run->answered : -1);
    background_put_server(background, report, LOGIN_STORM, LOGIN_DRAIN, LOGIN_STORM);
    json_object_set_new(report, "good", json_boolean(is_good(run)));
    scenario_latencies(report, "latency", &run->latency);
    scenario_latencies(report, "others_during", &background->delivery[LOGIN_STORM]);
}

/* --- set-up --------------------------------------------------------------------------------- */

/* Each comes from an address of its own, since the server limits what one address may cost. */
static void init_clients(struct login_run *run)
{
    size_t count = (size_t)run->options->clients;
    run->clients = memory_alloc(count * sizeof *run->clients);
    for (size_t i = 0; i < count; i++) {
        member_init(&run->clients[i].member, &run->background.crowd, 1 + (uint32_t)i);
        run->clients[i].run = run;
        run->clients[i].token = background_token(&run->background, i);
    }
}

static int measure(struct login_run *run, json_t *report)
{
    int status = EXIT_FAILURE;
    init_clients(run);
    drive(run);
    progress_end();
    if (!interrupted()) {
        put_report(run, report);
        status = is_good(run) ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    for (size_t i = 0; i < (size_t)run->options->clients; i++) {
        member_fini(&run->clients[i].member);
    }
    free(run->clients);
    return status;
}

static bool accepts(const void *context)
{
    return find_question(((const struct login_options *)context)->what) != NULL;
}

static int run(const void *context, json_t *report)
{
    struct login_options options = *(const struct login_options *)context;
    const struct crowd_script *script = find_question(options.what);
    options.clients += options.clients & 1; /* couples are seeded */
    uint64_t connections = (uint64_t)(options.others.server.couples * 2 + options.clients);
    if (raise_file_limit(connections + OTHER_FILES) != 0) {
        return EXIT_FAILURE;
    }
    int code = EXIT_FAILURE;
    struct login_run *run = memory_alloc(sizeof *run); /* its histograms are big for a stack */
    run->options = &options;
    run->background.owner = run;
    run->background.show = show;
    if (background_open(&run->background, &options.others, PASSWORD, (size_t)options.clients,
                        script) == 0) {
        code = measure(run, report);
    }
    background_close(&run->background);
    free(run);
    return interrupted() ? EXIT_INTERRUPTED : code;
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
    .accepts = accepts,
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
    const struct option_row rows[] = {
        {"what", OPTION_TEXT, &options.what, 0, 0, "password, refresh or session"},
        {"clients", OPTION_INT, &options.clients, 2, 1000000, "who come at once"},
        BACKGROUND_OPTIONS(options.others),
        {"before", OPTION_INT, &options.before, 1, 3600, "seconds before"},
        {"after", OPTION_INT, &options.after, 1, 3600, "seconds after all were answered"},
        {"limit", OPTION_INT, &options.limit, 1, 86400, "seconds to wait for that"},
        SERVER_OPTIONS(options.others.server),
    };
    return scenario_main(&scenario, rows, sizeof rows / sizeof rows[0], &options, argc, argv);
}
