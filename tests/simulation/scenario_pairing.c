/* Pairing, with a crash wherever one can be. Every race has one defined outcome. */
#include <stdio.h>

#include "tests/simulation/stage.h"
#include "tests/simulation/trace.h"

static void expect_couple(const struct device *a, const struct device *b)
{
    if (id_is_zero(a->couple) || !id_equal(a->couple, b->couple)) {
        sim_fail("%s and %s are not one couple", a->name, b->name);
    }
}

static void expect_free(const struct device *device)
{
    if (!id_is_zero(device->couple)) {
        sim_fail("%s is part of a couple", device->name);
    }
}

static struct device *person(struct stage *stage)
{
    struct device *device = stage_person(stage);
    stage_wait_ready(stage, device);
    return device;
}

static const char *code_of(struct stage *stage, struct device *device)
{
    struct task *invite = device_invite(device);
    stage_expect(stage, invite, 0);
    return invite->text;
}

static void plain(struct stage *stage)
{
    struct device *a = person(stage), *b = person(stage);
    stage_arm(stage);
    struct task *match = device_match(b, code_of(stage, a));
    stage_expect(stage, match, 0);
    stage_audit(stage);
    expect_couple(a, b);
    if (!id_equal(match->couple, a->couple) || !id_equal(match->partner, a->account->user)) {
        sim_fail("the redeemer was told of another couple");
    }
}

static void two_redeemers(struct stage *stage)
{
    struct device *a = person(stage), *b = person(stage), *c = person(stage);
    const char *code = code_of(stage, a);
    stage_arm(stage);
    struct task *of_b = device_match(b, code), *of_c = device_match(c, code);
    stage_wait(stage, of_b);
    stage_wait(stage, of_c);
    stage_expect(stage, of_b->error == 0 ? of_c : of_b, ERR_CODE_USED);
    stage_expect(stage, of_b->error == 0 ? of_b : of_c, 0);
    stage_audit(stage);
    expect_couple(a, of_b->error == 0 ? b : c);
    expect_free(of_b->error == 0 ? c : b);
}

/** Each redeems the other's code: one of the two makes the couple. */
static void both_ways(struct stage *stage)
{
    struct device *a = person(stage), *b = person(stage);
    const char *code_a = code_of(stage, a), *code_b = code_of(stage, b);
    stage_arm(stage);
    struct task *of_a = device_match(a, code_b), *of_b = device_match(b, code_a);
    stage_wait(stage, of_a);
    stage_wait(stage, of_b);
    struct task *won = of_a->error == 0 ? of_a : of_b, *lost = of_a->error == 0 ? of_b : of_a;
    stage_expect(stage, won, 0);
    if (lost->error != ERR_ALREADY_PAIRED && lost->error != ERR_CODE_EXPIRED) {
        sim_fail("the later of two redemptions was answered with %s", error_name(lost->error));
    }
    stage_audit(stage);
    expect_couple(a, b);
}

/** One of a couple leaves while the other redeems a third one's code. */
static void while_leaving(struct stage *stage)
{
    struct device *a = person(stage), *b = person(stage), *c = person(stage);
    stage_pair(stage, a, b);
    const char *code = code_of(stage, c);
    stage_arm(stage);
    struct task *leave = device_leave(a), *match = device_match(b, code);
    stage_wait(stage, leave);
    stage_wait(stage, match);
    if (leave->error != 0) { /* also when it is asked again with its key after a crash */
        sim_fail("leaving was answered with %s", error_name(leave->error));
    }
    stage_settle(stage);
    expect_free(a);
    if (match->error != 0) {
        stage_expect(stage, match, ERR_ALREADY_PAIRED);
        expect_free(b);
        stage_expect(stage, device_match(b, code), 0); /* the code lives on */
    }
    stage_audit(stage);
    expect_couple(b, c);
}

/** The owner leaves as soon as told, which may be before the redeemer is. */
static void leave_at_once(struct stage *stage)
{
    struct device *a = person(stage), *b = person(stage);
    const char *code = code_of(stage, a);
    a->leaves_at_once = true;
    stage_arm(stage);
    struct task *match = device_match(b, code);
    stage_expect(stage, match, 0);
    stage_settle(stage);
    expect_free(a);
    expect_free(b);
    a->leaves_at_once = false;
    stage_pair(stage, b, a); /* nobody is locked */
    stage_audit(stage);
    expect_couple(a, b);
}

static void refused(struct stage *stage)
{
    struct device *a = person(stage), *b = person(stage), *c = person(stage), *d = person(stage);
    struct task *invite = device_invite(a);
    stage_expect(stage, invite, 0);
    stage_expect(stage, device_match(b, invite->text), 0);
    stage_settle(stage);
    const char *code = code_of(stage, c);
    stage_arm(stage);
    struct task *used = device_match(d, invite->text), *paired = device_match(b, code),
                *own = device_match(c, code), *unknown = device_match(d, "00000000"),
                *again = device_invite(a);
    stage_expect(stage, used, ERR_CODE_USED);
    stage_expect(stage, paired, ERR_ALREADY_PAIRED);
    stage_expect(stage, own, ERR_CODE_OWN);
    stage_expect(stage, unknown, ERR_CODE_UNKNOWN);
    stage_expect(stage, again, ERR_ALREADY_PAIRED);
    stage_expect(stage, device_match(d, code), 0);
    stage_audit(stage);
    expect_couple(a, b);
    expect_couple(c, d);
}

/** Two installations of one person, and two persons who want one nickname. */
static void sign_up(struct stage *stage)
{
    stage_arm(stage);
    struct device *a = stage_person(stage), *b = stage_person(stage);
    struct device *twin = stage_second_device(stage, a);
    a->account->has_nickname = b->account->has_nickname = true;
    snprintf(a->account->nickname, sizeof a->account->nickname, "minji");
    snprintf(b->account->nickname, sizeof b->account->nickname, "MinJi");
    stage_wait_ready(stage, a);
    stage_wait_ready(stage, b);
    stage_wait_ready(stage, twin);
    stage_pair(stage, twin, b);
    stage_audit(stage);
    expect_couple(a, b);
}

const struct scenario pairing_scenarios[] = {
    {.name = "pair-plain", .run = plain, .enumerated = true},
    {.name = "pair-two-redeemers", .run = two_redeemers, .enumerated = true},
    {.name = "pair-both-ways", .run = both_ways, .enumerated = true},
    {.name = "pair-while-leaving", .run = while_leaving, .enumerated = true},
    {.name = "pair-leave-at-once", .run = leave_at_once, .enumerated = true},
    {.name = "pair-refused", .run = refused, .enumerated = true},
    {.name = "sign-up", .run = sign_up, .enumerated = true},
    {.name = NULL}};
