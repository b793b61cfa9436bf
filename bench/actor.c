#include "bench/actor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/logger.h"
#include "bench/actor_peer.h"
#include "bench/actor_shapes.h"
#include "bench/interrupt.h"
#include "bench/options.h"
#include "bench/report.h"

#define REPEATS_MAX 99

struct actor_options {
    int64_t actors, shards, window, seconds, warmup_ms, repeats, cold;
    const char *data, *only, *erlang;
    bool alone, json;
};

static const struct command actor_command = {
    .name = "actor",
    .summary = "Message passing between actors, beside Erlang/OTP.",
    .details =
        "A message has a body of 64 bytes and passes a bounded mailbox into handle. Rates are of\n"
        "all shards together; ns_each is a shard's time for one. ask counts round trips.\n"
        "Shapes: ring, ring_across, ask, ask_across, fan_in, call, store, activation.\n"};

struct series {
    double values[REPEATS_MAX];
    uint32_t count;
};

static int order(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(struct series *series)
{
    if (series->count == 0) {
        return -1;
    }
    qsort(series->values, series->count, sizeof series->values[0], order);
    uint32_t half = series->count / 2;
    return series->count % 2 == 1 ? series->values[half]
                                  : (series->values[half - 1] + series->values[half]) / 2;
}

static void put_series(json_t *report, const char *name, struct series *series)
{
    char field[64];
    json_object_set_new(report, name, report_figure(median(series)));
    snprintf(field, sizeof field, "%s_min", name);
    json_object_set_new(report, field, report_figure(series->count != 0 ? series->values[0] : -1));
    snprintf(field, sizeof field, "%s_max", name);
    json_object_set_new(report, field,
                        report_figure(series->count != 0 ? series->values[series->count - 1] : -1));
}

static struct actor_run run_of(const struct actor_options *options)
{
    return (struct actor_run){.data_parent = options->data != NULL ? options->data : ".",
                              .shards = (uint16_t)options->shards,
                              .per_shard = (uint32_t)(options->actors / options->shards),
                              .window = (uint32_t)options->window,
                              .warmup_ms = options->warmup_ms,
                              .measure_ms = options->seconds * 1000};
}

/** Ours and Erlang's in turn, so that both have the same machine. */
static int measure_shape(const struct actor_options *options, const struct actor_peer *peer,
                         const struct actor_shape *shape, json_t *report)
{
    struct series ours = {0}, ns = {0}, theirs = {0};
    struct actor_run run = run_of(options);
    int64_t dropped = 0, refused = 0;
    for (int64_t i = 0; i < options->repeats; i++) {
        struct actor_rate rate;
        progress("%s, run %lld of %lld", shape->name, (long long)i + 1,
                 (long long)options->repeats);
        if (actor_shape_run(shape, &run, &rate) != 0) {
            return interrupted() ? EXIT_INTERRUPTED : EXIT_FAILURE;
        }
        ours.values[ours.count++] = rate.per_s;
        ns.values[ns.count++] = rate.ns_each;
        dropped += rate.dropped > 0 ? rate.dropped : 0;
        refused += rate.refused;
        double other =
            shape->peer == NULL || peer->missing != NULL
                ? -1
                : actor_peer_run(peer, shape->peer, (uint32_t)options->shards,
                                 (uint32_t)options->actors, run.warmup_ms, run.measure_ms);
        if (other > 0) {
            theirs.values[theirs.count++] = other;
        }
    }
    json_t *out = json_object();
    put_series(out, "per_s", &ours);
    json_object_set_new(out, "ns_each", report_figure(median(&ns)));
    json_object_set_new(out, "dropped", json_integer(dropped));
    json_object_set_new(out, "refused", json_integer(refused));
    if (shape->peer != NULL) {
        put_series(out, "erlang_per_s", &theirs);
        json_object_set_new(
            out, "ratio", report_figure(theirs.count != 0 ? median(&ours) / median(&theirs) : -1));
    }
    json_object_set_new(report, shape->name, out);
    return 0;
}

/** What Erlang does when nobody waits for anybody; it has no bound that would refuse it. */
static void measure_flood(const struct actor_options *options, const struct actor_peer *peer,
                          json_t *report)
{
    struct series theirs = {0};
    for (int64_t i = 0; i < options->repeats && peer->missing == NULL && !interrupted(); i++) {
        progress("Erlang without flow control, run %lld of %lld", (long long)i + 1,
                 (long long)options->repeats);
        double rate = actor_peer_run(peer, "flood", (uint32_t)options->shards,
                                     (uint32_t)options->actors, 0, 0);
        if (rate > 0) {
            theirs.values[theirs.count++] = rate;
        }
    }
    json_object_set_new(report, "erlang_flood_per_s", report_figure(median(&theirs)));
}

static int measure_activation(const struct actor_options *options, json_t *report)
{
    struct actor_run run = run_of(options);
    struct actor_activation found;
    progress("activation of %lld actors", (long long)options->cold);
    if (actor_activation_run(&run, (uint32_t)(options->cold / options->shards), &found) != 0) {
        return interrupted() ? EXIT_INTERRUPTED : EXIT_FAILURE;
    }
    json_t *out = json_object();
    json_object_set_new(out, "actors", json_integer((json_int_t)found.actors));
    json_object_set_new(out, "per_s", report_figure(found.per_s));
    json_object_set_new(out, "us_each", report_figure(found.us_each));
    json_object_set_new(out, "awake_us_each", report_figure(found.awake_us_each));
    json_object_set_new(out, "put_away_per_s", report_figure(found.put_away_per_s));
    json_object_set_new(report, "activation", out);
    return 0;
}

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
    if (status == 0 && is_wanted(options, "fan_in")) {
        measure_flood(options, peer, report);
    }
    if (status == 0 && is_wanted(options, "activation")) {
        status = measure_activation(options, report);
    }
    progress_end();
    return status;
}

static bool is_known(const struct actor_options *options)
{
    bool known = options->only == NULL || strcmp(options->only, "activation") == 0;
    for (uint32_t i = 0; i < actor_shape_count && !known; i++) {
        known = strcmp(options->only, actor_shapes[i].name) == 0;
    }
    return known;
}

static int actor_report(const struct actor_options *options)
{
    struct actor_peer peer = {.missing = "not asked for"};
    if (!options->alone) {
        actor_peer_prepare(&peer, options->erlang, options->data != NULL ? options->data : ".");
    }
    json_t *report = report_create();
    json_object_set_new(report, "scenario", json_string("actor"));
    json_object_set_new(report, "actors", json_integer(options->actors));
    json_object_set_new(report, "shards", json_integer(options->shards));
    json_object_set_new(report, "body_bytes", json_integer(ACTOR_BODY_BYTES));
    json_object_set_new(report, "seconds", json_integer(options->seconds));
    json_object_set_new(report, "repeats", json_integer(options->repeats));
    json_object_set_new(report, "erlang",
                        json_string(peer.missing == NULL ? peer.version : peer.missing));
    int status = measure_all(options, &peer, report);
    actor_peer_fini(&peer);
    if (status != 0) {
        json_decref(report);
        return status;
    }
    report_print(report, options->json);
    return 0;
}

int actor_main(int argc, char **argv)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct actor_options options = {.actors = 2000,
                                    .shards = cores > 0 ? cores : 1,
                                    .window = 256,
                                    .seconds = 5,
                                    .warmup_ms = 1000,
                                    .repeats = 5,
                                    .cold = 100000};
    const struct option_row rows[] = {
        {"actors", OPTION_INT, &options.actors, 2, 1000000, "of all shards together"},
        {"shards", OPTION_INT, &options.shards, 1, 256, "of ours, and schedulers of Erlang"},
        {"window", OPTION_INT, &options.window, 1, 60000, "calls from outside, on each shard"},
        {"seconds", OPTION_INT, &options.seconds, 1, 3600, "of one run"},
        {"warmup", OPTION_INT, &options.warmup_ms, 0, 60000, "milliseconds before it"},
        {"repeats", OPTION_INT, &options.repeats, 1, REPEATS_MAX, "runs of each, in turn"},
        {"cold", OPTION_INT, &options.cold, 2, 10000000, "actors of the activation shape"},
        {"only", OPTION_TEXT, &options.only, 0, 0, "one shape"},
        {"alone", OPTION_FLAG, &options.alone, 0, 0, "without Erlang"},
        {"erlang", OPTION_TEXT, &options.erlang, 0, 0, "actor_bench.erl, if not found by itself"},
        {"data", OPTION_TEXT, &options.data, 0, 0, "where to make the data directories"},
        {"json", OPTION_FLAG, &options.json, 0, 0, "print one JSON object"},
    };
    int code = options_parse(&actor_command, rows, sizeof rows / sizeof rows[0], argc, argv);
    if (code >= 0) {
        return code;
    }
    if (!is_known(&options) || options.actors / options.shards < 2) {
        fprintf(stderr, "duet-bench actor: %s\n",
                is_known(&options) ? "at least two actors a shard, please: --actors"
                                   : "no such shape; --help names them");
        return 2;
    }
    logger_set_level(LOG_LEVEL_WARN);
    return actor_report(&options);
}
