/*
 * Everything at once, by chance: people sign up, pair, chat, read, leave; sessions drop and stall,
 * the disk fills, shards are slow, the node crashes and comes back with other shards.
 */
#include <stdio.h>

#include "tests/simulation/audit.h"
#include "tests/simulation/stage.h"
#include "tests/simulation/trace.h"

#define DAY_US (24LL * 3600 * 1000000)

struct soak {
    struct stage *stage;
    struct sim_random random;
    int64_t until_ms;
    char codes[STAGE_DEVICES_MAX][64]; /* what each has told the others */
    uint32_t crash_one_in;
};

static bool is_over(const struct soak *soak)
{
    return machine_now_ms(&soak->stage->machine) >= soak->until_ms;
}

static uint32_t open_tasks(const struct device *device)
{
    uint32_t count = 0;
    for (const struct task *task = device->tasks; task != NULL; task = task->next) {
        count += !task->done;
    }
    return count;
}

/* --- what devices do ------------------------------------------------------------------------ */

static void note_codes(struct soak *soak, struct device *device)
{
    for (const struct task *task = device->tasks; task != NULL; task = task->next) {
        if (task->kind == TASK_INVITE && task->done && task->error == 0) {
            uint32_t index = (uint32_t)(device - soak->stage->devices);
            snprintf(soak->codes[index], sizeof soak->codes[index], "%s", task->text);
        }
    }
}

static void seek_partner(struct soak *soak, struct device *device)
{
    struct sim_random *random = &soak->random;
    uint32_t other = sim_below(random, soak->stage->device_count);
    note_codes(soak, device);
    if (soak->codes[other][0] != '\0' && !sim_one_in(random, 3)) {
        device_match(device, soak->codes[other]);
    } else {
        device_invite(device);
    }
}

static int64_t last_message(const struct soak *soak, const struct device *device)
{
    const struct view *view = &device->views[VIEW_COUPLE];
    int64_t msg = 0;
    for (int64_t seq = view->cursor; seq > 0 && msg == 0; seq--) {
        const struct stream_fact *fact = ledger_fact(soak->stage->ledger, view->epoch, seq);
        msg = fact != NULL && fact->what == FACT_MESSAGE ? fact->msg : 0;
    }
    return id_equal(view->couple, device->couple) ? msg : 0;
}

static void say_something(struct soak *soak, struct device *device)
{
    char text[64];
    uint32_t words = sim_one_in(&soak->random, 5) ? 40 : 4;
    int len = snprintf(text, sizeof text, "%s %lld ", device->name, (long long)device->next_no);
    for (uint32_t i = 0; i < words && len < 60; i++) {
        text[len++] = (char)('a' + sim_below(&soak->random, 26));
    }
    text[len] = '\0';
    device_say(device, text);
}

static void be_a_couple(struct soak *soak, struct device *device)
{
    struct sim_random *random = &soak->random;
    uint32_t what = sim_below(random, 100);
    int64_t last = last_message(soak, device);
    if (what < 60) {
        say_something(soak, device);
    } else if (what < 75 && last != 0) {
        device_read(device, sim_between(random, last > 3 ? last - 3 : 1, last));
    } else if (what < 85) {
        device_history(device, sim_one_in(random, 2), sim_between(random, 0, last + 1),
                       sim_between(random, 1, 20));
    } else if (what < 90) {
        device_do(device, TASK_INFO);
    } else if (what < 95) {
        device_do(device, TASK_TYPING);
    } else if (what < 97) {
        device_leave(device)->once = sim_one_in(random, 2);
    } else {
        device_do(device, TASK_PING);
    }
}

static void act(struct machine *machine, void *subject, uint64_t number)
{
    struct soak *soak = subject;
    struct device *device = &soak->stage->devices[number];
    struct sim_random *random = &soak->random;
    if (is_over(soak)) {
        device_online(device);
        return;
    }
    if (!device->wants_online) {
        device_online(device);
    } else if (sim_one_in(random, 25)) {
        device_drop(device);
    } else if (sim_one_in(random, 60)) {
        device_offline(device);
    } else if (device->connection != NULL && sim_one_in(random, 40)) {
        net_stall(device->connection, sim_between(random, 1000, 800000));
    } else if (device->phase == DEVICE_READY && sim_one_in(random, 150)) {
        device_do(device, TASK_SIGNOUT);
    } else if (open_tasks(device) < 6 && id_is_zero(device->couple)) {
        seek_partner(soak, device);
    } else if (open_tasks(device) < 12) {
        be_a_couple(soak, device);
    }
    machine_schedule(machine, sim_between(random, 1000, 150000), act, soak, number);
}

/* --- what happens to the node --------------------------------------------------------------- */

static void disaster(struct machine *machine, void *subject, uint64_t number)
{
    struct soak *soak = subject;
    struct sim_random *random = &soak->random;
    (void)number;
    if (is_over(soak)) {
        machine->full = false;
        machine->crash_commit = machine->crash_step = NEVER;
        return;
    }
    machine->full = !machine->full && sim_one_in(random, 6);
    if (sim_one_in(random, 4)) {
        machine->clock_error_ms = sim_between(random, -2000, 2000);
        trace("the clock is set to %lld", (long long)machine_clock_ms(machine));
    }
    if (machine->up && sim_one_in(random, soak->crash_one_in)) {
        if (sim_one_in(random, 2)) {
            machine_crash(machine);
        } else {
            machine->armed_commits = 0;
            machine_arm(machine, sim_below(random, 10), sim_one_in(random, 2), NEVER);
        }
    }
    machine_schedule(machine, sim_between(random, 50000, 1500000), disaster, soak, 0);
}

static void rough_weather(struct sim_random *random, struct weather *weather)
{
    weather->shards = (uint16_t)sim_between(random, 1, SHARDS_MAX);
    weather->post_us = sim_between(random, 10, sim_one_in(random, 4) ? 20000 : 1000);
    weather->commit_us = sim_between(random, 200, sim_one_in(random, 4) ? 60000 : 3000);
    weather->job_us = sim_between(random, 100, 50000);
    weather->net_us = sim_between(random, 100, sim_one_in(random, 3) ? 100000 : 2000);
    weather->mailbox_max = sim_one_in(random, 2) ? 0 : 1 + sim_below(random, 4);
    weather->inbox_max = sim_one_in(random, 3) ? 1 + sim_below(random, 4) : 0;
    weather->awake_max = sim_one_in(random, 2) ? 0 : 1 + sim_below(random, 8);
    weather->jobs_max = 1 + sim_below(random, 8);
    weather->idle_ms = sim_one_in(random, 2) ? 0 : sim_between(random, 1, 200);
    weather->flush_age_ms = sim_between(random, 1, 600);
    weather->replay_max = sim_one_in(random, 2) ? 0 : (uint64_t)sim_between(random, 4, 200);
    weather->overlay_bytes_max =
        sim_one_in(random, 2) ? 0 : (uint64_t)sim_between(random, 500, 20000);
    weather->undurable_bytes_max =
        sim_one_in(random, 3) ? (uint64_t)sim_between(random, 200, 4000) : 0;
    weather->access_ms = sim_one_in(random, 2) ? 30 * 60000 : sim_between(random, 2000, 5000);
    weather->limits.page_entries_max = 1 + sim_below(random, 10);
    weather->limits.page_bytes_max = 100 + sim_below(random, 2000);
    weather->limits.pending_bytes_max = sim_one_in(random, 3) ? 2000 : 1 << 20;
}

/** A month later: what was to be erased is. */
static void a_month_later(struct stage *stage, struct sim_random *random)
{
    for (uint32_t i = 0; i < stage->device_count; i++) {
        device_offline(&stage->devices[i]);
    }
    stage_run_ms(stage, 500);
    if (sim_one_in(random, 2)) {
        machine_crash(&stage->machine);
    }
    stage->machine.now_us += 31 * DAY_US;
    stage_run_ms(stage, 5000);
    stage_audit(stage);
    audit_erased(&stage->machine);
}

static void soak(struct stage *stage)
{
    struct soak soak = {.stage = stage,
                        .random = {.state = sim_next(&stage->machine.random)},
                        .until_ms = machine_now_ms(&stage->machine) + 6000};
    struct sim_random *random = &soak.random;
    uint32_t people = 2 + sim_below(random, 5);
    soak.crash_one_in = 1 + sim_below(random, 6);
    stage->machine.crash_again_one_in = sim_one_in(random, 2) ? 3 : 0;
    stage->machine.lose_state_one_in = sim_one_in(random, 4) ? 3 : 0;
    for (uint32_t i = 0; i < people; i++) {
        struct device *first = stage_person(stage);
        if (sim_one_in(random, 3)) {
            stage_second_device(stage, first);
        }
    }
    for (uint32_t i = 0; i < stage->device_count; i++) {
        machine_schedule(&stage->machine, sim_between(random, 1, 300000), act, &soak, i);
    }
    machine_schedule(&stage->machine, 500000, disaster, &soak, 0);
    while (!is_over(&soak)) {
        stage_run_ms(stage, 100);
    }
    stage_run_ms(stage, 1700); /* everyone and everything has noticed that it is over */
    stage_audit(stage);
    a_month_later(stage, random);
}

const struct scenario soak_scenarios[] = {{.name = "soak", .run = soak, .weather = rough_weather},
                                          {.name = NULL}};
