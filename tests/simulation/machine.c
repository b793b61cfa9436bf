#include "tests/simulation/machine.h"

#include <stdlib.h>

#include "actors/registry.h"
#include "base/check.h"
#include "base/error.h"
#include "edge/session_ops.h"
#include "tests/simulation/trace.h"

#define START_MS 1767225600000LL
#define SESSION_TICK_US 100000
#define NEVER UINT64_MAX

void weather_defaults(struct weather *weather)
{
    *weather = (struct weather){.shards = 2,
                                .post_us = 400,
                                .commit_us = 1500,
                                .job_us = 5000,
                                .net_us = 1000,
                                .jobs_max = 16,
                                .access_ms = 30 * 60000,
                                .flush_age_ms = 200};
    session_limits_defaults(&weather->limits);
    weather->limits.costly_per_minute = 1000000; /* guessing is not what is simulated */
    weather->limits.costly_per_minute_address = 1000000;
}

int64_t machine_now_ms(const struct machine *machine)
{
    return machine->now_us / 1000;
}

int64_t machine_clock_ms(const struct machine *machine)
{
    return machine_now_ms(machine) + machine->clock_error_ms;
}

/* --- events: a heap by time ----------------------------------------------------------------- */

static bool earlier(const struct event *a, const struct event *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void event_push(struct machine *machine, struct event event)
{
    if (machine->event_count == machine->event_cap) {
        machine->event_cap = machine->event_cap == 0 ? 256 : machine->event_cap * 2;
        machine->events = memory_resize(machine->events, machine->event_cap * sizeof event);
    }
    uint32_t at = machine->event_count++;
    while (at != 0 && earlier(&event, &machine->events[(at - 1) / 2])) {
        machine->events[at] = machine->events[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    machine->events[at] = event;
}

static struct event event_pop(struct machine *machine)
{
    struct event top = machine->events[0];
    struct event last = machine->events[--machine->event_count];
    uint32_t at = 0, count = machine->event_count;
    for (uint32_t child = 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && earlier(&machine->events[child + 1], &machine->events[child])) {
            child++;
        }
        if (!earlier(&machine->events[child], &last)) {
            break;
        }
        machine->events[at] = machine->events[child];
        at = child;
    }
    machine->events[at] = last;
    return top;
}

static void schedule(struct machine *machine, int64_t after_us, uint64_t life,
                     event_handler *handle, void *subject, uint64_t number)
{
    event_push(machine, (struct event){.at_us = machine->now_us + after_us,
                                       .order = machine->next_order++,
                                       .life = life,
                                       .handle = handle,
                                       .subject = subject,
                                       .number = number});
}

void machine_schedule(struct machine *machine, int64_t after_us, event_handler *handle,
                      void *subject, uint64_t number)
{
    schedule(machine, after_us, 0, handle, subject, number);
}

void machine_schedule_life(struct machine *machine, int64_t after_us, event_handler *handle,
                           void *subject, uint64_t number)
{
    schedule(machine, after_us, machine->life, handle, subject, number);
}

/* --- turns ---------------------------------------------------------------------------------- */

static void turn_end(struct machine *machine, void *subject, uint64_t number)
{
    struct lane *lane = subject;
    (void)machine;
    (void)number;
    lane->turn_open = false;
    shard_turn_end(lane->shard);
}

void lane_ran(struct machine *machine, uint16_t index)
{
    struct lane *lane = &machine->lanes[index];
    if (lane->turn_open) {
        return;
    }
    bool stays_open = sim_one_in(&machine->random, 4) && !machine->weather.steady;
    if (stays_open) { /* more comes in the same turn */
        lane->turn_open = true;
        machine_schedule_life(machine, sim_between(&machine->random, 1, 300), turn_end, lane, 0);
    } else {
        shard_turn_end(lane->shard);
    }
}

static void session_tick(struct machine *machine, void *subject, uint64_t number)
{
    struct lane *lane = subject;
    session_table_tick(lane->sessions);
    lane_ran(machine, (uint16_t)number);
    machine_schedule_life(machine, SESSION_TICK_US, session_tick, lane, number);
}

/* --- life ----------------------------------------------------------------------------------- */

static struct registry *make_registry(void)
{
    struct op_table tables[16];
    struct registry *registry;
    char message[256];
    size_t count = 0;
    tables[count++] = session_op_table;
    for (size_t i = 0; i < actor_kind_count; i++) {
        tables[count++] = (struct op_table){.kind = actor_kinds[i]->code,
                                            .ops = actor_kinds[i]->ops,
                                            .count = actor_kinds[i]->op_count};
    }
    if (registry_create(tables, count, message, sizeof message, &registry) != 0) {
        sim_fail("the registry refuses the ops: %s", message);
    }
    return registry;
}

void machine_init(struct machine *machine, uint64_t seed, const struct weather *weather)
{
    static const uint8_t token_seed[TOKEN_SEED_BYTES] = {1, 2, 3};
    *machine = (struct machine){.random = {.state = seed},
                                .weather = *weather,
                                .now_us = START_MS * 1000,
                                .store = store_create(),
                                .crash_commit = NEVER,
                                .crash_step = NEVER,
                                .restart_after_us = 20000};
    machine->registry = make_registry();
    token_key_init(&machine->key, token_seed);
    world_fill(machine);
}

static int64_t clock_ms(void *clock)
{
    return machine_clock_ms(clock);
}

static void lane_start(struct machine *machine, uint16_t index)
{
    struct session_config config = {.shard = machine->lanes[index].shard,
                                    .shard_index = index,
                                    .registry = machine->registry,
                                    .kinds = actor_kinds,
                                    .kind_count = (uint32_t)actor_kind_count,
                                    .key = &machine->key,
                                    .version = "simulated",
                                    .now_ms = clock_ms,
                                    .clock = machine,
                                    .limits = machine->weather.limits};
    machine->lanes[index].sessions = session_table_create(&config);
    machine_schedule_life(machine, SESSION_TICK_US, session_tick, &machine->lanes[index], index);
}

void machine_start(struct machine *machine, uint16_t shards)
{
    const struct weather *weather = &machine->weather;
    CHECK_ALWAYS(!machine->up && shards >= 1 && shards <= SHARDS_MAX);
    machine->life++;
    machine->shard_count = shards;
    machine->tail_told_us = machine->now_us;
    for (uint16_t i = 0; i < shards; i++) {
        struct shard_config config = {.index = i,
                                      .count = shards,
                                      .kinds = actor_kinds,
                                      .kind_count = (uint32_t)actor_kind_count,
                                      .mailbox_max = weather->mailbox_max,
                                      .inbox_max = weather->inbox_max,
                                      .undurable_bytes_max = weather->undurable_bytes_max,
                                      .awake_max = weather->awake_max,
                                      .idle_ms = weather->idle_ms,
                                      .flush_age_ms = weather->flush_age_ms,
                                      .overlay_bytes_max = weather->overlay_bytes_max,
                                      .replay_max = weather->replay_max};
        machine->lanes[i] = (struct lane){.snapshot = UINT64_MAX};
        machine->lanes[i].shard = shard_create(&config, &machine->world);
    }
    recovery_run(machine);
    machine->up = true;
    for (uint16_t i = 0; i < shards; i++) {
        shard_start(machine->lanes[i].shard, store_tail(machine->store));
    }
    for (uint16_t i = 0; i < shards; i++) {
        lane_start(machine, i);
        lane_ran(machine, i);
    }
}

static void count_stats(struct machine *machine, const struct lane *lane)
{
    struct shard_stats stats;
    shard_stats(lane->shard, &stats);
    machine->timers_fired += stats.timers_fired;
    machine->evictions += stats.evictions;
    machine->busy += stats.busy;
    machine->resends += stats.resends;
}

/** Everything in memory goes; the store stays. */
static void drop(struct machine *machine)
{
    net_break_all(machine);
    for (uint16_t i = 0; i < machine->shard_count; i++) {
        struct lane *lane = &machine->lanes[i];
        count_stats(machine, lane);
        session_table_destroy(lane->sessions);
        shard_destroy(lane->shard);
        lane->sessions = NULL;
        lane->shard = NULL;
    }
    writers_drop(machine);
    world_drop(machine);
    machine->up = false;
    machine->life++;
}

static void restart(struct machine *machine, void *subject, uint64_t number)
{
    struct sim_random *random = &machine->random;
    (void)subject;
    (void)number;
    if (machine->lose_state_one_in != 0 && sim_one_in(random, machine->lose_state_one_in)) {
        trace("the state is lost");
        store_lose_state(machine->store);
    }
    if (machine->crash_again_one_in != 0 && sim_one_in(random, machine->crash_again_one_in)) {
        machine->armed_commits = 0;
        machine_arm(machine, sim_below(random, 8), sim_one_in(random, 2), NEVER);
    }
    machine_start(machine, (uint16_t)sim_between(&machine->random, 1, machine->weather.shards));
}

void machine_crash(struct machine *machine)
{
    machine->crash_due = false;
    machine->crash_commit = machine->crash_step = NEVER;
    machine->crashes++;
    trace("---- crash ----");
    drop(machine);
    machine_schedule(machine, sim_between(&machine->random, 1, machine->restart_after_us), restart,
                     NULL, 0);
}

void machine_fini(struct machine *machine)
{
    if (machine->up) {
        drop(machine);
    }
    net_fini(machine);
    registry_destroy(machine->registry);
    store_destroy(machine->store);
    free(machine->events);
    free(machine->jobs);
}

void machine_arm(struct machine *machine, uint64_t commit, bool after, uint64_t step)
{
    machine->armed = true;
    machine->crash_commit = commit;
    machine->crash_after = after;
    machine->crash_step = step;
}

bool machine_step(struct machine *machine)
{
    if (machine->event_count == 0) {
        return false;
    }
    struct event event = event_pop(machine);
    if (event.life != 0 && event.life != machine->life) {
        return true;
    }
    if (event.at_us > machine->now_us) {
        machine->now_us = event.at_us;
    }
    machine->steps++;
    if (machine->armed && machine->armed_steps++ == machine->crash_step && machine->up) {
        machine_crash(machine); /* instead of this step, or of its effect on the node */
        if (event.life != 0) {
            return true;
        }
    }
    event.handle(machine, event.subject, event.number);
    if (machine->crash_due && machine->up) {
        machine_crash(machine);
    }
    return true;
}

bool machine_is_quiet(const struct machine *machine)
{
    if (!machine->up || !writers_idle(machine) || machine->job_count != 0) {
        return false;
    }
    for (uint16_t i = 0; i < machine->shard_count; i++) {
        for (int from = 0; from < SENDERS; from++) {
            if (machine->lanes[i].channels[from].head != NULL) {
                return false;
            }
        }
        if (machine->lanes[i].turn_open || !shard_quiet(machine->lanes[i].shard)) {
            return false;
        }
    }
    return true;
}

bool machine_flush(struct machine *machine)
{
    for (int i = 0; i < 100000; i++) {
        bool all = machine_is_quiet(machine);
        for (uint16_t s = 0; machine->up && s < machine->shard_count; s++) {
            all = shard_flush_all(machine->lanes[s].shard) && all;
            lane_ran(machine, s);
        }
        if (all) {
            return true;
        }
        machine_step(machine);
    }
    return false;
}
