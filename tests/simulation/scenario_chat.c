/* A short chat, with a crash wherever one can be. */
#include <stdio.h>

#include "tests/simulation/stage.h"
#include "tests/simulation/trace.h"

static struct task *say(struct device *device, int number)
{
    char text[32];
    snprintf(text, sizeof text, "%s says %d", device->name, number);
    return device_say(device, text);
}

static void short_chat(struct stage *stage)
{
    struct device *a = stage_person(stage), *b = stage_person(stage);
    struct task *last = NULL;
    stage_wait_ready(stage, a);
    stage_wait_ready(stage, b);
    stage_pair(stage, a, b);
    stage_arm(stage);
    for (int i = 0; i < 4; i++) {
        struct task *first = say(a, i);
        last = say(b, i);
        stage_wait(stage, i % 2 == 0 ? first : last);
    }
    stage_expect(stage, last, 0);
    stage_expect(stage, device_read(a, 6), 0);
    struct task *read = device_read(b, 7), *history = device_history(b, false, 0, 3);
    stage_expect(stage, read, 0);
    stage_expect(stage, history, 0);
    stage_audit(stage);
    if (a->acked != 4 || b->acked != 4) {
        sim_fail("not every message was acknowledged");
    }
    if (stage->machine.crashes == 0 && a->repeats + b->repeats != 0) {
        sim_fail("a session was pushed what it had sent itself");
    }
}

/** A device that reads slowly gets all of a long gap at its own pace, and is never cut off. */
static void slow_reader(struct stage *stage)
{
    struct device *a = stage_person(stage), *b = stage_person(stage);
    const int messages = 14; /* of 12 KB: more than twice what may be pending */
    stage_wait_ready(stage, a);
    stage_wait_ready(stage, b);
    stage_pair(stage, a, b);
    stage_expect(stage, say(a, 0), 0);
    stage_settle(stage);
    device_offline(b);
    for (int i = 1; i < messages; i++) {
        struct task *task = device_say(a, "\xea\xb0\x80\xeb\x82\x98\xeb\x8b\xa4\xeb\x9d\xbc");
        task->repeat = 1000;
    }
    stage_settle(stage);
    stage_arm(stage);
    device_online(b);
    for (int i = 0; i < 30; i++) {
        stage_run_ms(stage, 5);
        if (b->connection != NULL) {
            net_stall(b->connection, 4000);
        }
    }
    stage_audit(stage);
    if (b->views[VIEW_COUPLE].cursor != messages) {
        sim_fail("%s has seen %lld entries", b->name, (long long)b->views[VIEW_COUPLE].cursor);
    }
    if (stage->machine.crashes == 0 && b->closes != 0) {
        sim_fail("%s was cut off", b->name);
    }
}

static void small_buffers(struct sim_random *random, struct weather *weather)
{
    weather->limits.pending_bytes_max = 100000;
    weather->limits.page_bytes_max = (uint32_t)sim_between(random, 1000, 20000);
}

/** What a refusal says must last too: the partner may be told of an end that is not on disk yet. */
static void refused(struct stage *stage)
{
    struct device *a = stage_person(stage), *b = stage_person(stage);
    stage_wait_ready(stage, a);
    stage_wait_ready(stage, b);
    stage_pair(stage, a, b);
    stage_arm(stage);
    device_leave(a)->once = true;
    for (int i = 0; i < 6; i++) {
        stage_wait(stage, say(b, i));
    }
    stage_audit(stage);
}

static void slow_disk(struct sim_random *random, struct weather *weather)
{
    weather->net_us = 500;
    weather->post_us = 100;
    weather->commit_us = sim_between(random, 2000, 30000);
}

/** Away while the partner speaks, then back: all of it, in order. */
static void resume(struct stage *stage)
{
    struct device *a = stage_person(stage), *b = stage_person(stage);
    stage_wait_ready(stage, a);
    stage_wait_ready(stage, b);
    stage_pair(stage, a, b);
    stage_expect(stage, say(a, 0), 0);
    stage_settle(stage);
    device_offline(b);
    stage_arm(stage);
    for (int i = 1; i < 12; i++) {
        say(a, i);
    }
    stage_settle(stage);
    device_online(b);
    say(b, 1);
    stage_expect(stage, say(a, 12), 0);
    stage_audit(stage);
    if (b->views[VIEW_COUPLE].cursor != 14) {
        sim_fail("%s has seen %lld entries of 14", b->name,
                 (long long)b->views[VIEW_COUPLE].cursor);
    }
}

static void small_pages(struct sim_random *random, struct weather *weather)
{
    weather->limits.page_entries_max = 1 + sim_below(random, 4);
    weather->limits.page_bytes_max = 100 + sim_below(random, 400);
}

const struct scenario chat_scenarios[] = {
    {.name = "chat-short", .run = short_chat, .enumerated = true},
    {.name = "chat-resume", .run = resume, .weather = small_pages, .enumerated = true},
    {.name = "chat-refused", .run = refused, .weather = slow_disk, .enumerated = true},
    {.name = "chat-slow-reader", .run = slow_reader, .weather = small_buffers, .enumerated = true},
    {.name = NULL}};
