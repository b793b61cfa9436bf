#include "bench/actor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/logger.h"
#include "bench/actor_peer.h"
#include "bench/actor_shapes.h"
#include "bench/interrupt.h"
#include "bench/report.h"
#include "bench/scenario.h"

#define ACTIVATION "activation"

struct actor_options {
    int64_t actors, shards, window, seconds, warmup_ms, cold;
    const char *data, *only, *erlang;
    bool alone;
};

static struct actor_run run_of(const struct actor_options *options)
{
    return (struct actor_run){.data_parent = options->data != NULL ? options->data : ".",
                              .shards = (uint16_t)options->shards,
                              .per_shard = (uint32_t)(options->actors / options->shards),
                              .window = (uint32_t)options->window,
                              .warmup_ms = options->warmup_ms,
                              .measure_ms = options->seconds * 1000};
}

static int failed(void)
{
    return interrupted() ? EXIT_INTERRUPTED : EXIT_FAILURE;
}

/* --- figures -------------------------------------------------------------------------------- */

static void put(json_t *report, const char *shape, const char *figure, double value)
{
    char name[64];
    snprintf(name, sizeof name, "%s_%s", shape, figure);
    report_put(report, name, value);
}

static void put_count(json_t *report, const char *shape, const char *figure, int64_t value)
{
    char name[64];
    snprintf(name, sizeof name, "%s_%s", shape, figure);
    report_put_count(report, name, value);
}

/* Not what was to be measured: the run must not be counted. */
static void call_bad(json_t *report, const char *shape, int64_t count, const char *why)
{
    complain("%s: %lld %s", shape, (long long)count, why);
    json_object_set_new(report, "good", json_false());
}

/* --- shapes --------------------------------------------------------------------------------- */

/* Erlang's rate in the shape; -1 if it cannot be had. */
static double measure_peer(const struct actor_options *options, const struct actor_peer *peer,
                           const char *shape)
{
    if (peer->missing != NULL || interrupted()) {
        return -1;
    }
    progress("%s, Erlang", shape);
    return actor_peer_run(peer, shape, (uint32_t)options->shards, (uint32_t)options->actors,
                          options->warmup_ms, options->seconds * 1000);
}

static int measure_shape(const struct actor_options *options, const struct actor_peer *peer,
                         const struct actor_shape *shape, json_t *report)
{
    struct actor_run run = run_of(options);
    struct actor_rate rate;
    progress("%s", shape->name);
    if (actor_shape_run(shape, &run, &rate) != 0) {
        return failed();
    }
    put(report, shape->name, "per_s", rate.per_s);
    put(report, shape->name, "ns_each", rate.ns_each);
    put_count(report, shape->name, "refused", rate.refused);
    put_count(report, shape->name, "dropped", rate.dropped);
    if (rate.dropped > 0) { /* whoever waits for one of these waits for ever */
        call_bad(report, shape->name, rate.dropped, "messages were dropped; take fewer --actors");
    }
    if (shape->peer != NULL) {
        double theirs = measure_peer(options, peer, shape->peer);
        put(report, shape->name, "erlang_per_s", theirs);
        put(report, shape->name, "ratio", theirs > 0 ? rate.per_s / theirs : -1);
    }
    return interrupted() ? EXIT_INTERRUPTED : 0;
}

static int measure_activation(const struct actor_options *options, json_t *report)
{
    struct actor_run run = run_of(options);
    struct actor_activation found;
    progress(ACTIVATION " of %lld actors", (long long)options->cold);
    if (actor_activation_run(&run, (uint32_t)(options->cold / options->shards), &found) != 0) {
        return failed();
    }
    put_count(report, ACTIVATION, "actors", (int64_t)found.actors);
    put(report, ACTIVATION, "per_s", found.per_s);
    put(report, ACTIVATION, "us_each", found.us_each);
    put(report, ACTIVATION, "awake_us_each", found.awake_us_each);
    put(report, ACTIVATION, "put_away_ms", found.put_away_ms);
    if (found.awake_already != 0) {
        call_bad(report, ACTIVATION, found.awake_already, "actors were awake before their call");
    }
    if (found.asleep_still != 0) {
        call_bad(report, ACTIVATION, found.asleep_still, "actors slept that should be awake");
    }
    return 0;
}

/* --- the scenario --------------------------------------------------------------------------- */

static bool is_wanted(const struct actor_options *options, const char *name)
{
    return options->only == NULL || strcmp(options->only, name) == 0;
}

static int measure_all(const struct actor_options *options, const struct actor_peer *peer,
                       json_t *report)
{
    int status = 0;
    for (uint32_t i = 0; i < actor_shape_count && status == 0; i++) {
        const struct actor_shape *shape = &actor_shapes[i];
        if (is_wanted(options, shape->name) && !(shape->across && options->shards == 1)) {
            status = measure_shape(options, peer, shape, report);
        }
    }
    /* What Erlang does when nobody waits for anybody; it has no bound that would refuse it. */
    if (status == 0 && is_wanted(options, "fan_in")) {
        report_put(report, "erlang_flood_per_s", measure_peer(options, peer, "flood"));
    }
    if (status == 0 && is_wanted(options, ACTIVATION)) {
        status = measure_activation(options, report);
    }
    return status;
}

static int run(const void *context, json_t *report)
{
    const struct actor_options *options = context;
    struct actor_peer peer = {.missing = "not asked for"};
    logger_set_level(LOG_LEVEL_WARN);
    if (!options->alone) {
        actor_peer_prepare(&peer, options->erlang, options->data != NULL ? options->data : ".");
    }
    int status = measure_all(options, &peer, report);
    progress_end();
    if (status == 0) {
        json_object_set_new(report, "erlang_version",
                            json_string(peer.missing == NULL ? peer.version : peer.missing));
        status = json_is_false(json_object_get(report, "good")) ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    actor_peer_fini(&peer);
    return status;
}

static const struct actor_shape *find_shape(const char *name)
{
    for (uint32_t i = 0; i < actor_shape_count; i++) {
        if (strcmp(actor_shapes[i].name, name) == 0) {
            return &actor_shapes[i];
        }
    }
    return NULL;
}

static bool refuse(const char *why)
{
    fprintf(stderr, "duet-bench actor: %s\n", why);
    return false;
}

static bool accepts(const void *context)
{
    const struct actor_options *options = context;
    bool activates = options->only != NULL && strcmp(options->only, ACTIVATION) == 0;
    const struct actor_shape *shape = options->only != NULL ? find_shape(options->only) : NULL;
    if (options->only != NULL && shape == NULL && !activates) {
        return refuse("no such shape; --help names them");
    }
    if (shape != NULL && shape->across && options->shards == 1) {
        return refuse("this shape needs two shards: --shards 2");
    }
    if (options->actors / options->shards < 2 || options->cold < options->shards) {
        return refuse("at least two actors a shard (--actors), and a cold one (--cold)");
    }
    return true;
}

static const struct scenario scenario = {
    .command = {.name = "actor",
                .summary = "Message passing between actors in this process, beside Erlang/OTP.",
                .details =
                    "A message has a body of 64 bytes and passes a bounded mailbox into handle. "
                    "Rates are of\nall shards together; ns_each is a shard's time for one. ask "
                    "counts round trips. Erlang runs\neach shape that it has right after ours. "
                    "Fails (exit code 1) when messages were dropped.\nShapes: ring, ring_across, "
                    "ask, ask_across, fan_in, call, store, activation.\n"},
    .named_by = (const char *const[]){"only", "actors", "shards", NULL},
    .headlines =
        (const char *const[]){"ring_per_s", "ring_ratio", "ring_across_per_s", "ring_across_ratio",
                              "ask_per_s", "ask_ratio", "ask_across_per_s", "ask_across_ratio",
                              "fan_in_per_s", "fan_in_ratio", "call_per_s", "store_per_s",
                              "activation_us_each", NULL},
    .accepts = accepts,
    .run = run};

int actor_main(int argc, char **argv)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct actor_options options = {.actors = 2000,
                                    .shards = cores > 0 ? cores : 1,
                                    .window = 256,
                                    .seconds = 5,
                                    .warmup_ms = 1000,
                                    .cold = 100000};
    const struct option_row rows[] = {
        {"actors", OPTION_INT, &options.actors, 2, 1000000, "of all shards together"},
        {"shards", OPTION_INT, &options.shards, 1, 256, "of ours, and schedulers of Erlang"},
        {"window", OPTION_INT, &options.window, 1, 60000, "calls from outside, on each shard"},
        {"seconds", OPTION_INT, &options.seconds, 1, 3600, "of each shape"},
        {"warmup", OPTION_INT, &options.warmup_ms, 0, 60000, "milliseconds before them"},
        {"cold", OPTION_INT, &options.cold, 2, 10000000, "actors of the activation shape"},
        {"only", OPTION_TEXT, &options.only, 0, 0, "one shape"},
        {"alone", OPTION_FLAG, &options.alone, 0, 0, "without Erlang"},
        {"erlang", OPTION_PLACE, &options.erlang, 0, 0, "actor_bench.erl, if not found by itself"},
        {"data", OPTION_PLACE, &options.data, 0, 0, "where to make the data directories"},
    };
    return scenario_main(&scenario, rows, sizeof rows / sizeof rows[0], &options, argc, argv);
}
