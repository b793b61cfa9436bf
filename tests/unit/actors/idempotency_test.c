/*
 * A request under a key happens once: asked again, asked twice at once, and asked again after the
 * power went at any commit of it. The same key with other content is a conflict.
 */
#include "tests/unit/actors/people.h"

#include <sodium.h>

#include "actors/invite_records.h"
#include "actors/user_notifications.h"
#include "actors/user_profile.h"

#define DAY_MS (24LL * 3600 * 1000)
#define COMMITS_MAX 24 /* more than any chain takes */

static const struct id nobody;

/** Three people; the first two are a couple, the third one waits to be asked. */
struct town {
    struct people people;
    struct id minji, juno, hana, couple;
    char code[9], other_code[9]; /* of hana, and of a fourth */
};

static void code_of(struct people *people, struct id user, char out[9])
{
    struct couple_invite_result result;
    assert_int_equal(people_ask(people, user, nobody, "couple.invite", NULL, 0, &result), 0);
    memcpy(out, result.code.data, 8);
    out[8] = 0;
}

static void town_begin(struct town *town)
{
    *town = (struct town){0};
    people_begin(&town->people);
    town->minji = people_add(&town->people, 1);
    town->juno = people_add(&town->people, 2);
    town->hana = people_add(&town->people, 3);
    struct id fourth = people_add(&town->people, 4);
    town->couple = people_pair(&town->people, town->minji, town->juno);
    code_of(&town->people, town->hana, town->code);
    code_of(&town->people, fourth, town->other_code);
    struct chat_send_args hello = {.no = 1, .text = text_of("hello")};
    for (; hello.no < 4; hello.no++) {
        assert_int_equal(
            people_ask(&town->people, town->juno, town->couple, "chat.send", &hello, 0, NULL), 0);
    }
}

/** A keyed op: who asks for it, with which args, and with which others. */
struct subject {
    const char *op;
    uint8_t user; /* its number */
    bool paired;
    const void *args, *others;
};

union all_args {
    struct couple_match_args match;
    struct chat_read_args chat;
    struct user_update_args update;
    struct notification_read_args notification;
    struct auth_signout_args signout;
    struct couple_leave_args leave;
};

/** `index`: which one; false: there are no more. A new user 5 is free to be paired. */
static bool subject_at(struct town *town, int index, union all_args args[2], struct subject *out)
{
    memset(args, 0, 2 * sizeof *args);
    const struct subject subjects[] = {{"couple.match", 5, false, &args[0], &args[1]},
                                       {"chat.read", 1, true, &args[0], &args[1]},
                                       {"user.update", 1, true, &args[0], &args[1]},
                                       {"notification.read", 1, true, &args[0], &args[1]},
                                       {"auth.signout", 1, true, &args[0], &args[1]},
                                       {"couple.leave", 1, true, &args[0], &args[1]},
                                       {"couple.invite", 5, false, NULL, NULL}};
    switch (index) {
    case 0:
        args[0].match = (struct couple_match_args){.code = text_of(town->code)};
        args[1].match = (struct couple_match_args){.code = text_of(town->other_code)};
        break;
    case 1:
        args[0].chat = (struct chat_read_args){.up_to = 2};
        args[1].chat = (struct chat_read_args){.up_to = 3};
        break;
    case 2:
        args[0].update =
            (struct user_update_args){.nickname = text_of("sea"), .has_nickname = true};
        args[1].update = (struct user_update_args){.has_nickname = true}; /* null, not absent */
        break;
    case 3:
        args[0].notification = (struct notification_read_args){.up_to = 1};
        args[1].notification = (struct notification_read_args){.up_to = 2};
        break;
    case 4:
        args[1].signout = (struct auth_signout_args){.all = true, .has_all = true};
        break;
    case 5:
        args[1].leave = (struct couple_leave_args){.couple = town->couple, .has_couple = true};
        break;
    default:
        break;
    }
    if (index < (int)(sizeof subjects / sizeof subjects[0])) {
        *out = subjects[index];
        return true;
    }
    return false;
}

static uint32_t submit(struct town *town, const struct subject *subject, const void *args,
                       uint8_t key)
{
    return people_submit(&town->people, person_id(subject->user),
                         subject->paired ? town->couple : nobody, subject->op, args, key);
}

static int ask(struct town *town, const struct subject *subject, const void *args, uint8_t key)
{
    return people_ask(&town->people, person_id(subject->user),
                      subject->paired ? town->couple : nobody, subject->op, args, key, NULL);
}

/** The answer that came last, as it was sent. */
static struct bytes last_answer(struct town *town)
{
    struct bytes in = buffer_bytes(&town->people.small.last_result);
    return bytes_of(arena_copy(&town->people.arena, in.data, in.len), in.len);
}

/** Runs the check for every keyed op, each in a town of its own. */
static void for_every_op(void (*check)(struct town *town, const struct subject *subject))
{
    union all_args args[2];
    struct subject subject;
    struct town town;
    for (int i = 0;; i++) {
        town_begin(&town);
        (void)people_add(&town.people, 5);
        bool exists = subject_at(&town, i, args, &subject);
        if (exists) {
            check(&town, &subject);
        }
        people_end(&town.people);
        if (!exists) {
            return;
        }
    }
}

static void is_in_conflict(struct town *town, const struct subject *subject)
{
    if (subject->others != NULL) {
        assert_int_equal(ask(town, subject, subject->others, 1), ERR_IDEMPOTENCY_CONFLICT);
    }
}

static void check_again(struct town *town, const struct subject *subject)
{
    assert_int_equal(ask(town, subject, subject->args, 1), 0);
    struct bytes first = last_answer(town);
    uint64_t records = town->people.small.tail;
    assert_int_equal(ask(town, subject, subject->args, 1), 0);
    assert_true(bytes_equal(first, last_answer(town)));
    is_in_conflict(town, subject);
    assert_int_equal(town->people.small.tail, records); /* nothing more has happened */
    people_power_cut(&town->people);
    assert_int_equal(ask(town, subject, subject->args, 1), 0);
    assert_true(bytes_equal(first, last_answer(town)));
    is_in_conflict(town, subject);
}

static void test_the_same_again_is_answered_and_other_content_refused(void **state)
{
    (void)state;
    for_every_op(check_again);
}

static void check_at_once(struct town *town, const struct subject *subject)
{
    uint32_t replies = town->people.small.replies;
    submit(town, subject, subject->args, 1);
    submit(town, subject, subject->args, 1);
    people_settle(&town->people);
    assert_int_equal(town->people.small.replies, replies + 2);
    assert_int_equal(town->people.small.last.error, 0);
    struct bytes answer = last_answer(town);
    assert_int_equal(ask(town, subject, subject->args, 1), 0);
    assert_true(bytes_equal(answer, last_answer(town)));
    is_in_conflict(town, subject);
}

static void test_two_at_once_give_one_effect(void **state)
{
    (void)state;
    for_every_op(check_at_once);
}

static void check_conflict_meanwhile(struct town *town, const struct subject *subject)
{
    uint32_t replies = town->people.small.replies;
    submit(town, subject, subject->args, 1);
    if (subject->others != NULL) {
        submit(town, subject, subject->others, 1);
        people_settle(&town->people);
        assert_int_equal(town->people.small.replies, replies + 2);
        assert_int_equal(ask(town, subject, subject->args, 1), 0);
    }
    is_in_conflict(town, subject);
}

static void test_other_content_meanwhile_is_refused(void **state)
{
    (void)state;
    for_every_op(check_conflict_meanwhile);
}

static int commits; /* before the power goes */

static void check_power_cut(struct town *town, const struct subject *subject)
{
    submit(town, subject, subject->args, 1);
    for (int i = 0; i < commits; i++) {
        small_commit(&town->people.small);
    }
    people_power_cut(&town->people);
    if (commits > 0) {
        is_in_conflict(town, subject); /* also while the chain goes on */
    }
    assert_int_equal(ask(town, subject, subject->args, 1), 0);
    is_in_conflict(town, subject);
}

static void test_a_power_cut_anywhere_keeps_what_the_key_stands_for(void **state)
{
    (void)state;
    for (commits = 0; commits < COMMITS_MAX; commits++) {
        for_every_op(check_power_cut);
    }
}

static void check_a_day_later(struct town *town, const struct subject *subject)
{
    assert_int_equal(ask(town, subject, subject->args, 1), 0);
    town->people.small.now_ms += DAY_MS - 1000;
    for (uint8_t key = 2; key < 6; key++) { /* each takes away what is too old */
        struct user_update_args bio = {.bio = text_of("x"), .has_bio = true};
        (void)people_ask(&town->people, person_id(subject->user), nobody, "user.update", &bio, key,
                         NULL);
    }
    assert_int_equal(ask(town, subject, subject->args, 1), 0);
    is_in_conflict(town, subject);
}

static void test_a_key_lasts_a_day(void **state)
{
    (void)state;
    for_every_op(check_a_day_later);
}

/** An error consumes nothing: the key is as new, also when a chain had begun. */
static void test_an_error_consumes_no_key(void **state)
{
    struct town town;
    struct couple_match_args match = {.code = text_of("00000000")};
    (void)state;
    town_begin(&town);
    struct id user = people_add(&town.people, 5);
    struct people *people = &town.people;
    assert_int_equal(people_ask(people, user, nobody, "couple.match", &match, 1, NULL),
                     ERR_CODE_UNKNOWN);
    match.code = text_of("????????");
    assert_int_equal(people_ask(people, user, nobody, "couple.match", &match, 1, NULL),
                     ERR_CODE_UNKNOWN);
    match.code = text_of(town.code);
    assert_int_equal(people_ask(people, town.minji, town.couple, "couple.match", &match, 1, NULL),
                     ERR_ALREADY_PAIRED); /* after both were asked */
    assert_int_equal(people_ask(people, user, nobody, "couple.match", &match, 1, NULL), 0);
    struct user_update_args sea = {.nickname = text_of("sea"), .has_nickname = true};
    struct user_update_args shore = {.nickname = text_of("shore"), .has_nickname = true};
    assert_int_equal(people_ask(people, town.juno, nobody, "user.update", &sea, 0, NULL), 0);
    assert_int_equal(people_ask(people, town.minji, nobody, "user.update", &sea, 2, NULL),
                     ERR_NICKNAME_TAKEN);
    assert_int_equal(people_ask(people, town.minji, nobody, "user.update", &shore, 2, NULL), 0);
    assert_int_equal(people_ask(people, town.minji, nobody, "user.update", &sea, 2, NULL),
                     ERR_IDEMPOTENCY_CONFLICT);
    people_end(people);
}

/** What changed nothing was answered too. */
static void test_a_request_that_changed_nothing_has_its_key(void **state)
{
    struct town town;
    struct chat_read_args args = {.up_to = 2};
    (void)state;
    town_begin(&town);
    struct people *people = &town.people;
    assert_int_equal(people_ask(people, town.minji, town.couple, "chat.read", &args, 0, NULL), 0);
    assert_int_equal(people_ask(people, town.minji, town.couple, "chat.read", &args, 1, NULL), 0);
    args.up_to = 3;
    assert_int_equal(people_ask(people, town.minji, town.couple, "chat.read", &args, 1, NULL),
                     ERR_IDEMPOTENCY_CONFLICT);
    people_end(people);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_again_is_answered_and_other_content_refused),
        cmocka_unit_test(test_two_at_once_give_one_effect),
        cmocka_unit_test(test_other_content_meanwhile_is_refused),
        cmocka_unit_test(test_a_power_cut_anywhere_keeps_what_the_key_stands_for),
        cmocka_unit_test(test_a_key_lasts_a_day),
        cmocka_unit_test(test_an_error_consumes_no_key),
        cmocka_unit_test(test_a_request_that_changed_nothing_has_its_key),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
