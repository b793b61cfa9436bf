/*
 * The simulator's command line.
 *
 *     simulation --seeds N [--first S] [--scenario NAME]      many seeds, all scenarios
 *     simulation --seed S --scenario NAME [--crash-before K | --crash-after K | --crash-step K]
 *                [--trace]                                    one run again
 *
 * With a seed come: every scenario with crashes at two of its commits and at one of its steps,
 * and one soak. DUET_SIM_SEEDS in the environment replaces N. One seed in FULL_EVERY crashes before
 * and after each commit and at each step.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/logger.h"
#include "tests/simulation/stage.h"
#include "tests/simulation/trace.h"

#define FULL_EVERY 100

/* Sanitized builds are ten times slower: they look for other things, with fewer seeds. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SEEDS_MOST 150
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SEEDS_MOST 150
#endif
#endif
#ifndef SEEDS_MOST
#define SEEDS_MOST UINT64_MAX
#endif
#define SCENARIOS_MAX 32

static struct {
    const struct scenario *all[SCENARIOS_MAX];
    uint32_t count;
    uint64_t crashes, commits, runs, replayed, lost_records, steps;
    uint64_t acked, dups, repeats, timers, evictions, busy, resends;
} sim;

static const struct crash_point no_crash = {NEVER, NEVER, NEVER};

static void add_scenarios(const struct scenario *scenarios)
{
    for (; scenarios->name != NULL; scenarios++) {
        sim.all[sim.count++] = scenarios;
    }
}

static void count_run(const struct stage *stage)
{
    const struct machine *machine = &stage->machine;
    sim.runs++;
    sim.crashes += machine->crashes;
    sim.commits += machine->commits;
    sim.steps += machine->steps;
    sim.replayed += machine->replayed;
    sim.lost_records += machine->lost_records;
    sim.timers += machine->timers_fired;
    sim.evictions += machine->evictions;
    sim.busy += machine->busy;
    sim.resends += machine->resends;
    for (uint32_t i = 0; i < stage->device_count; i++) {
        sim.acked += stage->devices[i].acked;
        sim.dups += stage->devices[i].dups;
        sim.repeats += stage->devices[i].repeats;
    }
}

static void tell_point(const struct crash_point *point)
{
    char text[64] = "";
    const char *option = point->before_commit != NEVER  ? "--crash-before"
                         : point->after_commit != NEVER ? "--crash-after"
                                                        : "--crash-step";
    uint64_t number = point->before_commit != NEVER  ? point->before_commit
                      : point->after_commit != NEVER ? point->after_commit
                                                     : point->step;
    if (number != NEVER) {
        snprintf(text, sizeof text, "%s %llu", option, (unsigned long long)number);
    }
    trace_set_point(text);
}

/** What was counted since the stage was armed; UINT64_MAX commits when it never crashed. */
struct run_counts {
    uint64_t commits, steps;
    bool crashed;
};

static struct run_counts run_once(const struct scenario *scenario, uint64_t seed,
                                  const struct crash_point *point)
{
    static struct stage stage;
    struct weather weather;
    struct sim_random random = {.state = seed ^ UINT64_C(0x5deece66d)};
    weather_defaults(&weather);
    weather.shards = (uint16_t)sim_between(&random, 1, SHARDS_MAX);
    if (scenario->weather != NULL) {
        scenario->weather(&random, &weather);
    }
    trace_begin(scenario->name, seed, &stage.machine.now_us);
    tell_point(point);
    stage_begin(&stage, seed, &weather, point);
    scenario->run(&stage);
    struct run_counts counts = {.commits = stage.machine.armed_commits,
                                .steps = stage.machine.armed_steps,
                                .crashed = stage.machine.crashes != 0};
    stage_end(&stage);
    count_run(&stage);
    return counts;
}

static void run_everywhere(const struct scenario *scenario, uint64_t seed, uint64_t steps)
{
    bool crashed = true;
    for (uint64_t k = 0; crashed; k++) {
        struct crash_point before = {k, NEVER, NEVER}, after = {NEVER, k, NEVER};
        crashed = run_once(scenario, seed, &before).crashed;
        run_once(scenario, seed, &after);
    }
    for (uint64_t k = 0; k < steps; k += 1 + steps / 400) {
        struct crash_point point = {NEVER, NEVER, k};
        run_once(scenario, seed, &point);
    }
}

static void run_somewhere(const struct scenario *scenario, uint64_t seed,
                          const struct run_counts *counts)
{
    struct sim_random random = {.state = seed * 31 + counts->steps};
    struct crash_point points[] = {{sim_next(&random) % (counts->commits + 1), NEVER, NEVER},
                                   {NEVER, sim_next(&random) % (counts->commits + 1), NEVER},
                                   {NEVER, NEVER, sim_next(&random) % (counts->steps + 1)}};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        run_once(scenario, seed, &points[i]);
    }
}

static void run_seed(const struct scenario *scenario, uint64_t seed)
{
    struct run_counts counts = run_once(scenario, seed, &no_crash);
    if (!scenario->enumerated) {
        return;
    }
    if (seed % FULL_EVERY == 1) {
        run_everywhere(scenario, seed, counts.steps);
    } else {
        run_somewhere(scenario, seed, &counts);
    }
}

struct options {
    uint64_t seeds, first, seed;
    bool one;
    const char *scenario;
    struct crash_point point;
};

static uint64_t number_of(const char *text)
{
    char *end;
    uint64_t number = text == NULL ? 0 : strtoull(text, &end, 10);
    if (text == NULL || *end != '\0' || end == text) {
        fprintf(stderr, "simulation: not a number: %s\n", text == NULL ? "(nothing)" : text);
        exit(2);
    }
    return number;
}

static void parse(int argc, char **argv, struct options *options)
{
    struct crash_point *point = &options->point;
    const struct {
        const char *name;
        uint64_t *value;
    } numbers[] = {{"--seeds", &options->seeds},
                   {"--first", &options->first},
                   {"--seed", &options->seed},
                   {"--crash-before", &point->before_commit},
                   {"--crash-after", &point->after_commit},
                   {"--crash-step", &point->step}};
    for (int i = 1; i < argc; i++) {
        bool known = strcmp(argv[i], "--trace") == 0 || strcmp(argv[i], "--scenario") == 0;
        if (strcmp(argv[i], "--trace") == 0) {
            trace_live(true);
        } else if (strcmp(argv[i], "--scenario") == 0 && i + 1 < argc) {
            options->scenario = argv[++i];
        }
        for (size_t n = 0; !known && n < sizeof numbers / sizeof numbers[0]; n++) {
            if (strcmp(argv[i], numbers[n].name) == 0) {
                *numbers[n].value = number_of(i + 1 < argc ? argv[++i] : NULL);
                options->one = options->one || numbers[n].value == &options->seed;
                known = true;
            }
        }
        if (!known) {
            fprintf(stderr, "simulation: unknown option %s\n", argv[i]);
            exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    const char *override = getenv("DUET_SIM_SEEDS");
    struct options options = {.seeds = 100, .first = 1, .point = no_crash};
    uint32_t scenarios = 0;
    parse(argc, argv, &options);
    options.seeds = options.seeds < SEEDS_MOST ? options.seeds : SEEDS_MOST;
    if (override != NULL && override[0] != '\0') {
        options.seeds = number_of(override);
    }
    if (options.one) {
        options.first = options.seed;
        options.seeds = 1;
    }
    if (sodium_init() < 0) {
        return 1;
    }
    logger_set_level(LOG_LEVEL_ERROR);
    trace_catch_aborts();
    add_scenarios(pairing_scenarios);
    add_scenarios(chat_scenarios);
    add_scenarios(profile_scenarios);
    add_scenarios(soak_scenarios);
    for (uint32_t i = 0; i < sim.count; i++) {
        if (options.scenario != NULL && strcmp(options.scenario, sim.all[i]->name) != 0) {
            continue;
        }
        scenarios++;
        for (uint64_t seed = options.first; seed < options.first + options.seeds; seed++) {
            if (options.one) {
                run_once(sim.all[i], seed, &options.point);
            } else {
                run_seed(sim.all[i], seed);
            }
        }
    }
    printf("runs %llu, steps %llu, messages acknowledged %llu (resent %llu, own seen again %llu), "
           "records lost in crashes %llu, replayed %llu, timers fired %llu, actors put away %llu, "
           "busy %llu, sends repeated %llu\n",
           (unsigned long long)sim.runs, (unsigned long long)sim.steps,
           (unsigned long long)sim.acked, (unsigned long long)sim.dups,
           (unsigned long long)sim.repeats, (unsigned long long)sim.lost_records,
           (unsigned long long)sim.replayed, (unsigned long long)sim.timers,
           (unsigned long long)sim.evictions, (unsigned long long)sim.busy,
           (unsigned long long)sim.resends);
    printf(
        "simulation: scenarios %u, seeds %llu, crashes %llu, commits %llu: all invariants hold\n",
        scenarios, (unsigned long long)options.seeds, (unsigned long long)sim.crashes,
        (unsigned long long)sim.commits);
    printf("%u passed, 0 failed\n", scenarios);
    return scenarios == 0;
}
