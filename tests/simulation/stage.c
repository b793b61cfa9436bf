#include "tests/simulation/stage.h"

#include <stdio.h>

#include "tests/simulation/audit.h"
#include "tests/simulation/trace.h"

#define PATIENCE_MS 120000

void stage_begin(struct stage *stage, uint64_t seed, const struct weather *weather,
                 const struct crash_point *point)
{
    *stage = (struct stage){.point = *point};
    machine_init(&stage->machine, seed, weather);
    stage->ledger = ledger_create();
    machine_start(&stage->machine, weather->shards);
}

void stage_end(struct stage *stage)
{
    machine_fini(&stage->machine);
    for (uint32_t i = 0; i < stage->device_count; i++) {
        device_fini(&stage->devices[i]);
    }
    ledger_destroy(stage->ledger);
}

static struct device *add_device(struct stage *stage, struct account *account)
{
    struct device *device = &stage->devices[stage->device_count];
    char name[16];
    snprintf(name, sizeof name, "%c%u", (char)('A' + (account - stage->accounts)),
             stage->device_count);
    stage->device_count++;
    device_init(device, &stage->machine, stage->ledger, account, name);
    device_online(device);
    return device;
}

struct device *stage_person(struct stage *stage)
{
    uint32_t index = stage->account_count++;
    struct account *account = &stage->accounts[index];
    snprintf(account->email, sizeof account->email, "person%u@example.com", index);
    snprintf(account->password, sizeof account->password, "corgi-by-the-sea-%u", index);
    return add_device(stage, account);
}

struct device *stage_second_device(struct stage *stage, struct device *first)
{
    return add_device(stage, first->account);
}

void stage_arm(struct stage *stage)
{
    const struct crash_point *point = &stage->point;
    bool after = point->after_commit != NEVER;
    machine_arm(&stage->machine, after ? point->after_commit : point->before_commit, after,
                point->step);
}

static void step(struct stage *stage)
{
    if (!machine_step(&stage->machine)) {
        sim_fail("nothing is left to happen");
    }
}

void stage_run_ms(struct stage *stage, int64_t ms)
{
    int64_t until = machine_now_ms(&stage->machine) + ms;
    while (machine_now_ms(&stage->machine) < until) {
        step(stage);
    }
}

void stage_wait(struct stage *stage, const struct task *task)
{
    int64_t until = machine_now_ms(&stage->machine) + PATIENCE_MS;
    while (!task->done) {
        step(stage);
        if (machine_now_ms(&stage->machine) > until) {
            sim_fail("a task of kind %d is never answered", (int)task->kind);
        }
    }
}

void stage_wait_ready(struct stage *stage, const struct device *device)
{
    int64_t until = machine_now_ms(&stage->machine) + PATIENCE_MS;
    while (device->phase != DEVICE_READY) {
        step(stage);
        if (machine_now_ms(&stage->machine) > until) {
            sim_fail("%s cannot open a session", device->name);
        }
    }
}

void stage_expect(struct stage *stage, const struct task *task, int error)
{
    stage_wait(stage, task);
    if (task->error != error) {
        sim_fail("the answer is %s, not %s", task->error == 0 ? "ok" : error_name(task->error),
                 error == 0 ? "ok" : error_name(error));
    }
}

void stage_pair(struct stage *stage, struct device *a, struct device *b)
{
    struct task *invite = device_invite(a);
    stage_expect(stage, invite, 0);
    struct task *match = device_match(b, invite->text);
    stage_expect(stage, match, 0);
    int64_t until = machine_now_ms(&stage->machine) + PATIENCE_MS;
    while (!id_equal(a->couple, match->couple) || !id_equal(b->couple, match->couple)) {
        step(stage);
        if (machine_now_ms(&stage->machine) > until) {
            sim_fail("one of two is not told of the pairing");
        }
    }
}

static bool settled(const struct stage *stage)
{
    for (uint32_t i = 0; i < stage->device_count; i++) {
        const struct device *device = &stage->devices[i];
        if (device->wants_online && (device->phase != DEVICE_READY || !device_is_done(device))) {
            return false;
        }
    }
    return machine_is_quiet(&stage->machine);
}

void stage_settle(struct stage *stage)
{
    int64_t until = machine_now_ms(&stage->machine) + PATIENCE_MS;
    while (!settled(stage)) {
        step(stage);
        if (machine_now_ms(&stage->machine) > until) {
            sim_fail("the node never comes to rest");
        }
    }
    stage_run_ms(stage, 1000); /* what is tried again, and a last page */
}

static void check_views(const struct stage *stage)
{
    for (uint32_t i = 0; i < stage->device_count; i++) {
        const struct device *device = &stage->devices[i];
        for (int v = 0; v < VIEW_COUNT && device->phase == DEVICE_READY; v++) {
            const struct view *view = &device->views[v];
            bool paired = !id_is_zero(device->couple); /* else no couple stream is followed */
            bool followed = v == VIEW_USER || (paired && id_equal(view->couple, device->couple));
            int64_t head = ledger_highest(stage->ledger, view->epoch);
            if (view->known && followed && view->cursor != head && head != 0) {
                sim_fail("%s has seen %lld of %lld entries of stream %s", device->name,
                         (long long)view->cursor, (long long)head, trace_id(view->epoch));
            }
        }
    }
}

void stage_audit(struct stage *stage)
{
    stage_settle(stage);
    audit_log(&stage->machine, stage->ledger, true);
    if (!machine_flush(&stage->machine)) {
        sim_fail("state cannot be flushed");
    }
    audit_state(&stage->machine, stage->ledger);
    check_views(stage);
    audit_rebuild(&stage->machine);
}
