/* Nicknames that change hands, and messages to who is away, with a crash wherever one can be. */
#include "tests/simulation/stage.h"
#include "tests/simulation/trace.h"

static struct device *person(struct stage *stage)
{
    struct device *device = stage_person(stage);
    stage_wait_ready(stage, device);
    return device;
}

/** Somebody wants the nickname that another one is giving up; whoever has one has it alone. */
static void nickname(struct stage *stage)
{
    struct device *a = person(stage), *b = person(stage);
    stage_expect(stage, device_rename(a, "minji"), 0);
    stage_arm(stage);
    struct task *of_a = device_rename(a, "sea"), *of_b = device_rename(b, "MINJI"),
                *next = device_rename(a, "shore");
    stage_expect(stage, of_a, 0);
    stage_expect(stage, next, 0);
    stage_wait(stage, of_b);
    if (of_b->error != 0) {
        stage_expect(stage, of_b, ERR_NICKNAME_TAKEN);
    }
    stage_audit(stage);
    stage_expect(stage, device_rename(b, "minji"), 0);
    stage_expect(stage, device_rename(a, "Minji"), ERR_NICKNAME_TAKEN);
    stage_expect(stage, device_rename(b, ""), 0);
    stage_settle(stage);
    stage_expect(stage, device_rename(a, "Minji"), 0);
    stage_audit(stage);
}

/** One notification for the whole absence, whatever crashes; another one for the next. */
static void away(struct stage *stage)
{
    struct device *a = person(stage), *b = person(stage);
    stage_pair(stage, a, b);
    stage_expect(stage, device_say(a, "there?"), 0);
    stage_settle(stage);
    int64_t before = b->views[VIEW_USER].cursor;
    device_offline(b);
    stage_settle(stage);
    stage_arm(stage);
    for (int i = 0; i < 3; i++) {
        stage_expect(stage, device_say(a, "away"), 0);
    }
    stage_settle(stage);
    device_online(b);
    stage_wait_ready(stage, b);
    stage_audit(stage);
    int64_t entries = b->views[VIEW_USER].cursor - before;
    if (entries != 1) {
        sim_fail("%s was away, and has %lld notifications", b->name, (long long)entries);
    }
    device_offline(b);
    stage_settle(stage);
    stage_expect(stage, device_say(a, "away again"), 0);
    stage_settle(stage);
    device_online(b);
    stage_wait_ready(stage, b);
    stage_audit(stage);
    entries = b->views[VIEW_USER].cursor - before;
    if (entries != 2) {
        sim_fail("%s was away twice, and has %lld notifications", b->name, (long long)entries);
    }
}

const struct scenario profile_scenarios[] = {
    {.name = "nickname", .run = nickname, .enumerated = true},
    {.name = "away", .run = away, .enumerated = true},
    {.name = NULL}};
