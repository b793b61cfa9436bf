/* The profile: what PATCH means, and that a nickname has one owner whatever happens. */
#include "tests/unit/actors/people.h"

#include <sodium.h>

#include "actors/identity_name.h"
#include "actors/identity_records.h"
#include "actors/user_profile.h"

static const struct id nobody;

static int update(struct people *people, struct id user, struct user_update_args args,
                  struct user_profile_result *result)
{
    return people_ask(people, user, nobody, "user.update", &args, 0, result);
}

static struct user_update_args nickname_of(const char *nickname)
{
    return (struct user_update_args){.nickname = text_of(nickname), .has_nickname = true};
}

static struct user_profile_result profile(struct people *people, struct id user)
{
    struct user_profile_result result;
    assert_int_equal(people_ask(people, user, nobody, "user.profile", NULL, 0, &result), 0);
    return result;
}

static bool is_text(struct bytes text, const char *expected)
{
    return bytes_equal(text, text_of(expected));
}

/** Who holds a nickname: zero, nobody. */
static struct id holder(struct people *people, const char *nickname)
{
    struct bytes normal;
    assert_int_equal(nickname_normalize(text_of(nickname), &people->arena, &normal), 0);
    const struct identity_root *identity =
        actor_get(people->small.shard, identity_of_nickname(normal))->root;
    return identity->state == IDENTITY_TAKEN ? identity->user : nobody;
}

static void test_absent_stays_and_null_clears(void **state)
{
    struct people people = {0};
    struct user_profile_result result;
    (void)state;
    people_begin(&people);
    struct id minji = people_add(&people, 1);
    result = profile(&people, minji);
    assert_true(result.has_birth_date && !result.has_nickname && !result.has_bio);
    assert_int_equal(
        update(&people, minji,
               (struct user_update_args){.bio = text_of("walks by the sea"), .has_bio = true},
               &result),
        0);
    assert_true(is_text(result.bio, "walks by the sea"));
    assert_true(result.has_birth_date && result.birth_date.year == 1998);
    assert_int_equal(update(&people, minji, nickname_of(" MinJi "), &result), 0);
    assert_true(is_text(result.nickname, "MinJi")); /* as it was given */
    assert_true(is_text(result.bio, "walks by the sea"));
    struct user_update_args clear = {.has_bio = true, .has_birth_date = true};
    assert_int_equal(update(&people, minji, clear, &result), 0);
    assert_true(!result.has_bio && !result.has_birth_date && result.has_nickname);
    people_power_cut(&people);
    result = profile(&people, minji);
    assert_true(!result.has_bio && !result.has_birth_date && is_text(result.nickname, "MinJi"));
    people_end(&people);
}

static void test_what_is_no_nickname_or_birthday_changes_nothing(void **state)
{
    struct people people = {0};
    (void)state;
    people_begin(&people);
    struct id minji = people_add(&people, 1);
    struct user_update_args blank = nickname_of("  a  ");
    blank.bio = text_of("kept out");
    blank.has_bio = true;
    assert_int_equal(update(&people, minji, blank, NULL), ERR_INVALID_ARGUMENT);
    assert_string_equal(people.small.last.fault.field, "nickname");
    struct user_update_args unborn = {.birth_date = {2999, 1, 1}, .has_birth_date = true};
    assert_int_equal(update(&people, minji, unborn, NULL), ERR_INVALID_ARGUMENT);
    assert_string_equal(people.small.last.fault.field, "birth_date");
    assert_false(profile(&people, minji).has_bio);
    people_end(&people);
}

static void test_a_nickname_has_one_owner_and_is_given_back(void **state)
{
    struct people people = {0};
    struct user_profile_result result;
    (void)state;
    people_begin(&people);
    struct id minji = people_add(&people, 1), juno = people_add(&people, 2);
    assert_int_equal(update(&people, minji, nickname_of("minji"), NULL), 0);
    struct user_update_args both = nickname_of("MINJI");
    both.bio = text_of("me too");
    both.has_bio = true;
    assert_int_equal(update(&people, juno, both, NULL), ERR_NICKNAME_TAKEN);
    assert_false(profile(&people, juno).has_bio);                               /* all or nothing */
    assert_int_equal(update(&people, minji, nickname_of("MinJi"), &result), 0); /* same identity */
    assert_true(is_text(result.nickname, "MinJi"));
    assert_int_equal(update(&people, minji, nickname_of("sea"), NULL), 0);
    assert_true(id_equal(holder(&people, "minji"), nobody));
    assert_int_equal(update(&people, juno, both, NULL), 0);
    assert_true(id_equal(holder(&people, "minji"), juno));
    struct user_update_args none = {.has_nickname = true};
    assert_int_equal(update(&people, minji, none, &result), 0);
    assert_false(result.has_nickname);
    assert_true(id_equal(holder(&people, "sea"), nobody));
    people_end(&people);
}

static void test_two_changes_at_once_come_one_after_the_other(void **state)
{
    struct people people = {0};
    (void)state;
    people_begin(&people);
    struct id minji = people_add(&people, 1);
    struct user_update_args first = nickname_of("first"), second = nickname_of("second");
    people_submit(&people, minji, nobody, "user.update", &first, 0);
    people_submit(&people, minji, nobody, "user.update", &second, 0);
    people_settle(&people);
    assert_int_equal(people.small.replies, 2);
    assert_int_equal(people.small.last.error, 0);
    assert_true(is_text(profile(&people, minji).nickname, "second"));
    assert_true(id_equal(holder(&people, "first"), nobody));
    assert_true(id_equal(holder(&people, "second"), minji));
    people_end(&people);
}

/** The power goes after so many commits of the change; then all comes to one end. */
static void test_a_power_cut_anywhere_leaves_one_owner(void **state)
{
    (void)state;
    for (int commits = 0; commits < 12; commits++) {
        struct people people = {0};
        people_begin(&people);
        struct id minji = people_add(&people, 1), juno = people_add(&people, 2);
        assert_int_equal(update(&people, minji, nickname_of("before"), NULL), 0);
        struct user_update_args args = nickname_of("after");
        people_submit(&people, minji, nobody, "user.update", &args, 0);
        for (int i = 0; i < commits; i++) {
            small_commit(&people.small);
        }
        people_power_cut(&people);
        people_settle(&people);
        bool changed = is_text(profile(&people, minji).nickname, "after");
        assert_true(changed || commits == 0);
        assert_true(id_equal(holder(&people, changed ? "after" : "before"), minji));
        assert_true(id_equal(holder(&people, changed ? "before" : "after"), nobody));
        assert_int_equal(update(&people, juno, nickname_of(changed ? "after" : "before"), NULL),
                         ERR_NICKNAME_TAKEN);
        assert_int_equal(update(&people, juno, nickname_of(changed ? "before" : "after"), NULL), 0);
        people_end(&people);
    }
}

static void test_reading_the_profile_makes_no_record(void **state)
{
    struct people people = {0};
    (void)state;
    people_begin(&people);
    struct id minji = people_add(&people, 1);
    uint64_t records = people.small.tail;
    (void)profile(&people, minji);
    struct auth_me_result me;
    assert_int_equal(people_ask(&people, minji, nobody, "auth.me", NULL, 0, &me), 0);
    assert_true(id_equal(me.user, minji));
    assert_true(is_text(me.email, "a@example.com"));
    assert_int_equal(me.sid.bytes[0], 8);
    assert_int_equal(me.device.bytes[0], 9);
    assert_true(!me.has_couple && !me.has_nickname);
    assert_int_equal(people.small.tail, records);
    people_end(&people);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_absent_stays_and_null_clears),
        cmocka_unit_test(test_what_is_no_nickname_or_birthday_changes_nothing),
        cmocka_unit_test(test_a_nickname_has_one_owner_and_is_given_back),
        cmocka_unit_test(test_two_changes_at_once_come_one_after_the_other),
        cmocka_unit_test(test_a_power_cut_anywhere_leaves_one_owner),
        cmocka_unit_test(test_reading_the_profile_makes_no_record),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
