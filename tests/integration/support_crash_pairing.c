#include "tests/integration/support_crash_pairing.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "actors/couple_records.h"
#include "actors/invite_records.h"
#include "base/error.h"
#include "client/tcp.h"

#define SETTLE_MS 20000 /* an outbox that tries again does so long before */
#define RETRY_US 2000

uint64_t crash_roll(uint64_t *state, uint64_t bound)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % bound;
}

/* --- requests --- */

static void note_code(struct crash_pairing *pairing, const struct couple_invite_result *result)
{
    (void)snprintf(pairing->code, sizeof pairing->code, "%.*s", (int)result->code.len,
                   (const char *)result->code.data);
}

static void begin(struct crash_singles *singles, struct crash_pairing *pairing,
                  enum crash_pairing_state state)
{
    struct couple_match_args match = {.code = text_of(pairing->code)};
    bool by_owner =
        state == CRASH_INVITING || (state == CRASH_LEAVING && crash_roll(&singles->random, 2) != 0);
    struct crash_account *who = by_owner ? pairing->owner : pairing->redeemer;
    static const char *const names[CRASH_PAIRING_STATE_COUNT] = {[CRASH_INVITING] = "couple.invite",
                                                                 [CRASH_MATCHING] = "couple.match",
                                                                 [CRASH_LEAVING] = "couple.leave"};
    bool has_args = state == CRASH_MATCHING;
    pairing->state = state;
    if (state == CRASH_LEAVING && by_owner) { /* the redeemer's requests are the ones waited for */
        struct crash_account *other = pairing->owner;
        pairing->owner = pairing->redeemer;
        pairing->redeemer = other;
    }
    int error =
        duet_client_start(who->client, names[state], has_args ? &couple_match_args_type : NULL,
                          has_args ? &match : NULL, NULL, CRASH_CALL_MS, &pairing->id);
    pairing->in_flight = error == 0;
}

static struct crash_account *asker(const struct crash_pairing *pairing)
{
    return pairing->state == CRASH_INVITING ? pairing->owner : pairing->redeemer;
}

/* The partner of someone who left is told a moment later, so a new attempt may come too early. */
static bool is_early(int error)
{
    return error == ERR_ALREADY_PAIRED || error == ERR_PAIRING_IN_PROGRESS;
}

/* --- steps --- */

static int take_invite(struct crash_pairing *pairing)
{
    struct couple_invite_result result;
    int error = duet_client_finish(pairing->owner->client, pairing->id, &couple_invite_result_type,
                                   &pairing->owner->arena, &result, 0);
    if (error == 0) {
        note_code(pairing, &result);
    }
    return error;
}

static int take_match(struct crash_pairing *pairing)
{
    struct couple_match_result result;
    int error =
        duet_client_finish(pairing->redeemer->client, pairing->id, &couple_match_result_type,
                           &pairing->redeemer->arena, &result, 0);
    if (error == 0) {
        pairing->couple = result.couple;
        pairing->lasts = true;
    }
    return error;
}

static int take_leave(struct crash_pairing *pairing)
{
    int error = duet_client_finish(pairing->redeemer->client, pairing->id, NULL, NULL, NULL, 0);
    if (error == 0) {
        pairing->lasts = false;
    }
    return error;
}

/* 0 when the step is done, ERR_END or ERR_IO while there is no answer, or the server's error. */
static int take_step(struct crash_pairing *pairing)
{
    static int (*const takers[CRASH_PAIRING_STATE_COUNT])(struct crash_pairing *) = {
        [CRASH_INVITING] = take_invite,
        [CRASH_MATCHING] = take_match,
        [CRASH_LEAVING] = take_leave};
    struct crash_account *who = asker(pairing);
    arena_reset(&who->arena);
    int error = pairing->in_flight ? takers[pairing->state](pairing) : ERR_IO;
    pairing->in_flight = pairing->in_flight && (error == ERR_END || error == ERR_IO);
    return error;
}

static void drain_pushes(struct crash_account *account)
{
    struct duet_push push;
    while (duet_client_next_push(account->client, 0, &push) == 0) {
    }
}

static void pairing_turn(struct crash_singles *singles, struct crash_pairing *pairing)
{
    static const enum crash_pairing_state next[CRASH_PAIRING_STATE_COUNT] = {
        [CRASH_INVITING] = CRASH_MATCHING,
        [CRASH_MATCHING] = CRASH_LEAVING,
        [CRASH_LEAVING] = CRASH_INVITING};
    drain_pushes(pairing->owner);
    drain_pushes(pairing->redeemer);
    int error = take_step(pairing);
    if (error == 0) {
        singles->rounds += pairing->state == CRASH_LEAVING;
        begin(singles, pairing, next[pairing->state]);
    } else if (is_early(error) && pairing->state != CRASH_LEAVING) {
        begin(singles, pairing, CRASH_INVITING);
    } else if (error != ERR_END) {
        crash_wrong(&singles->tally->others, "pairing, step %d: %s", pairing->state,
                    error_name(error));
    }
}

void crash_singles_turn(struct crash_singles *singles)
{
    for (int i = 0; i < singles->pairs; i++) {
        pairing_turn(singles, &singles->pairings[i]);
    }
}

/* --- all of them --- */

int crash_singles_init(struct crash_singles *singles, int pairs, uint16_t port, uint64_t seed,
                       struct crash_tally *tally)
{
    *singles = (struct crash_singles){.pairs = pairs, .random = seed, .tally = tally};
    for (int i = 0; i < 2 * pairs; i++) {
        char email[64];
        (void)snprintf(email, sizeof email, "single%d@example.org", i);
        int error = crash_account_signup(&singles->users[i], email, port);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

void crash_singles_fini(struct crash_singles *singles)
{
    for (int i = 0; i < 2 * singles->pairs; i++) {
        crash_account_fini(&singles->users[i]);
    }
}

int crash_singles_open(struct crash_singles *singles, uint16_t port)
{
    int order[2 * CRASH_PAIRS_MAX];
    for (int i = 0; i < 2 * singles->pairs; i++) {
        struct session_open_result result;
        int error = crash_account_open(&singles->users[i], port, NULL, &result);
        if (error != 0) {
            return error;
        }
        int at = (int)crash_roll(&singles->random, (uint64_t)i + 1);
        order[i] = order[at];
        order[at] = i;
    }
    for (int i = 0; i < singles->pairs; i++) {
        struct crash_pairing *pairing = &singles->pairings[i];
        *pairing = (struct crash_pairing){.owner = &singles->users[order[2 * i]],
                                          .redeemer = &singles->users[order[2 * i + 1]]};
        begin(singles, pairing, CRASH_INVITING);
    }
    return 0;
}

bool crash_singles_drop(struct crash_singles *singles)
{
    bool mid_pairing = false;
    for (int i = 0; i < singles->pairs; i++) {
        struct crash_pairing *pairing = &singles->pairings[i];
        while (take_step(pairing) == ERR_END) {
        }
        mid_pairing = mid_pairing || (pairing->state == CRASH_MATCHING && pairing->in_flight);
        crash_account_close(pairing->owner);
        crash_account_close(pairing->redeemer);
    }
    return mid_pairing;
}

/* --- afterwards --- */

enum standing { STANDING_BROKEN, STANDING_APART, STANDING_TOGETHER };

/* Both are in one couple that has them as its members. */
static bool is_whole(struct crash_account *one, const struct crash_account *other)
{
    struct couple_info_result info;
    if (crash_account_call(one, "couple.info", NULL, NULL, &couple_info_result_type, &info) != 0) {
        return false;
    }
    const struct couple_member *members = info.members.items;
    return (id_equal(members[0].user, one->user) && id_equal(members[1].user, other->user)) ||
           (id_equal(members[1].user, one->user) && id_equal(members[0].user, other->user));
}

/* How the two stand, by sessions opened just now. It may be broken while others are being told. */
static enum standing look(struct crash_pairing *pairing, uint16_t port)
{
    struct session_open_result a;
    struct session_open_result b;
    if (crash_account_open(pairing->owner, port, NULL, &a) != 0 ||
        crash_account_open(pairing->redeemer, port, NULL, &b) != 0) {
        return STANDING_BROKEN;
    }
    if (!a.has_couple && !b.has_couple) {
        return STANDING_APART;
    }
    bool together = a.has_couple && b.has_couple && id_equal(a.couple, b.couple) &&
                    is_whole(pairing->owner, pairing->redeemer) &&
                    is_whole(pairing->redeemer, pairing->owner);
    pairing->couple = a.couple;
    return together ? STANDING_TOGETHER : STANDING_BROKEN;
}

static int match_again(struct crash_pairing *pairing, struct couple_match_result *result)
{
    struct couple_match_args args = {.code = text_of(pairing->code)};
    return crash_account_call(pairing->redeemer, "couple.match", &couple_match_args_type, &args,
                              &couple_match_result_type, result);
}

/* A couple.match that was answered, now or before the crash, must have made this very couple. */
static void expect_together(struct crash_singles *singles, struct crash_pairing *pairing,
                            struct id couple, uint16_t port)
{
    if (look(pairing, port) != STANDING_TOGETHER || !id_equal(pairing->couple, couple)) {
        crash_wrong(&singles->tally->half_couples, "an answered couple.match left no whole couple");
    }
}

/* The match that was in flight, asked again: whatever came of it, now it has to be made. */
static void repeat_match(struct crash_singles *singles, struct crash_pairing *pairing,
                         uint16_t port)
{
    struct couple_match_result result;
    int64_t deadline_ms = tcp_now_ms() + SETTLE_MS;
    int error;
    (void)look(pairing, port);
    while (is_early(error = match_again(pairing, &result)) && tcp_now_ms() < deadline_ms) {
        (void)usleep(RETRY_US);
    }
    if (error != 0) {
        crash_wrong(&singles->tally->half_couples, "couple.match asked again: %s",
                    error_name(error));
        return;
    }
    expect_together(singles, pairing, result.couple, port);
}

static void invite_and_match(struct crash_singles *singles, struct crash_pairing *pairing,
                             uint16_t port)
{
    struct couple_invite_result invite;
    struct couple_match_result match;
    int error = crash_account_call(pairing->owner, "couple.invite", NULL, NULL,
                                   &couple_invite_result_type, &invite);
    if (error == 0) {
        note_code(pairing, &invite);
        error = match_again(pairing, &match);
    }
    if (error == 0) {
        expect_together(singles, pairing, match.couple, port);
    } else if (!is_early(error) && error != ERR_CODE_USED && error != ERR_CODE_EXPIRED) {
        crash_wrong(&singles->tally->others, "pairing after a crash: %s", error_name(error));
    }
}

static bool await_standing(struct crash_singles *singles, struct crash_pairing *pairing,
                           enum standing wanted, uint16_t port)
{
    int64_t deadline_ms = tcp_now_ms() + SETTLE_MS;
    enum standing standing;
    while ((standing = look(pairing, port)) != wanted) {
        if (tcp_now_ms() > deadline_ms) {
            crash_wrong(&singles->tally->half_couples, "a pair is %s for ever",
                        standing == STANDING_APART ? "kept apart" : "in half a couple");
            return false;
        }
        if (wanted == STANDING_TOGETHER && standing == STANDING_APART) {
            invite_and_match(singles, pairing, port);
        } else {
            (void)usleep(RETRY_US);
        }
    }
    return true;
}

static void part(struct crash_singles *singles, struct crash_pairing *pairing, uint16_t port)
{
    struct crash_account *who =
        crash_roll(&singles->random, 2) != 0 ? pairing->owner : pairing->redeemer;
    int error = crash_account_call(who, "couple.leave", NULL, NULL, NULL, NULL);
    if (error != 0) {
        crash_wrong(&singles->tally->others, "couple.leave: %s", error_name(error));
    }
    (void)await_standing(singles, pairing, STANDING_APART, port);
}

static void pairing_settle(struct crash_singles *singles, struct crash_pairing *pairing,
                           uint16_t port)
{
    bool was_matching = pairing->state == CRASH_MATCHING && pairing->in_flight;
    if (pairing->lasts && !(pairing->state == CRASH_LEAVING)) {
        expect_together(singles, pairing, pairing->couple, port);
    } else if (was_matching && crash_roll(&singles->random, 2) != 0) {
        repeat_match(singles, pairing, port);
    } else if (crash_roll(&singles->random, 2) != 0) { /* the other way round */
        struct crash_account *other = pairing->owner;
        pairing->owner = pairing->redeemer;
        pairing->redeemer = other;
    }
    if (await_standing(singles, pairing, STANDING_TOGETHER, port)) {
        part(singles, pairing, port);
    }
    if (crash_account_refresh(pairing->owner, port) != 0) {
        crash_wrong(&singles->tally->others, "tokens are not good any more");
    }
}

void crash_singles_settle(struct crash_singles *singles, uint16_t port)
{
    for (int i = 0; i < singles->pairs; i++) {
        pairing_settle(singles, &singles->pairings[i], port);
    }
}
