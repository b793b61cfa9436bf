/* A sign-up under a key makes one account, whose tokens are never kept. */
#include "tests/unit/actors/people.h"

#include <sodium.h>

#include "actors/identity_name.h"
#include "actors/identity_records.h"

static const struct id nobody;

static struct auth_signup_args minji(void)
{
    return (struct auth_signup_args){.email = text_of("Minji@example.com"),
                                     .password = text_of("corgi-by-the-sea"),
                                     .birth_date = {1998, 3, 14},
                                     .nickname = text_of("minji"),
                                     .has_nickname = true,
                                     .device = {{7}}};
}

static int sign_up(struct people *people, struct auth_signup_args args, uint8_t key,
                   struct auth_tokens *tokens)
{
    return people_ask(people, nobody, nobody, "auth.signup", &args, key, tokens);
}

static void test_asked_again_it_is_one_account_with_new_tokens(void **state)
{
    struct people people = {0};
    struct auth_tokens first, second;
    (void)state;
    people_begin(&people);
    assert_int_equal(sign_up(&people, minji(), 1, &first), 0);
    assert_int_equal(sign_up(&people, minji(), 1, &second), 0);
    assert_true(id_equal(first.user, second.user));
    assert_false(id_equal(first.sid, second.sid)); /* the device's older session has ended */
    assert_false(bytes_equal(first.refresh_token, second.refresh_token));
    people_power_cut(&people);
    assert_int_equal(sign_up(&people, minji(), 1, &second), 0);
    assert_true(id_equal(first.user, second.user));
    people_end(&people);
}

static void test_without_the_key_the_address_is_taken(void **state)
{
    struct people people = {0};
    (void)state;
    people_begin(&people);
    assert_int_equal(sign_up(&people, minji(), 1, NULL), 0);
    assert_int_equal(sign_up(&people, minji(), 0, NULL), ERR_EMAIL_TAKEN);
    assert_int_equal(sign_up(&people, minji(), 2, NULL), ERR_EMAIL_TAKEN);
    people_end(&people);
}

static void test_other_content_under_the_key_is_a_conflict(void **state)
{
    struct people people = {0};
    (void)state;
    people_begin(&people);
    assert_int_equal(sign_up(&people, minji(), 1, NULL), 0);
    struct auth_signup_args other = minji();
    other.birth_date.day = 15;
    assert_int_equal(sign_up(&people, other, 1, NULL), ERR_IDEMPOTENCY_CONFLICT);
    other = minji();
    other.has_nickname = false;
    other.nickname = (struct bytes){0};
    assert_int_equal(sign_up(&people, other, 1, NULL), ERR_IDEMPOTENCY_CONFLICT);
    other = minji();
    other.device.bytes[0] = 8;
    assert_int_equal(sign_up(&people, other, 1, NULL), ERR_IDEMPOTENCY_CONFLICT);
    other = minji();
    other.password = text_of("corgi-by-the-lake");
    assert_int_equal(sign_up(&people, other, 1, NULL), ERR_IDEMPOTENCY_CONFLICT);
    assert_int_equal(sign_up(&people, minji(), 1, NULL), 0);
    people_end(&people);
}

/** The key opens no way round the bound on guesses. */
static void test_guesses_under_the_key_are_counted(void **state)
{
    struct people people = {0};
    (void)state;
    people_begin(&people);
    assert_int_equal(sign_up(&people, minji(), 1, NULL), 0);
    struct auth_signup_args guess = minji();
    guess.password = text_of("is-it-this-one?");
    for (int i = 0; i < 10; i++) {
        assert_int_equal(sign_up(&people, guess, 1, NULL), ERR_IDEMPOTENCY_CONFLICT);
    }
    assert_int_equal(sign_up(&people, guess, 1, NULL), ERR_RATE_LIMITED);
    assert_int_equal(sign_up(&people, minji(), 1, NULL), ERR_RATE_LIMITED);
    people_end(&people);
}

static void test_two_at_once_make_one_account(void **state)
{
    (void)state;
    for (int between = 0; between < 6; between++) {
        struct people people = {0};
        struct auth_signup_args args = minji();
        people_begin(&people);
        people_submit(&people, nobody, nobody, "auth.signup", &args, 1);
        for (int i = 0; i < between; i++) {
            small_commit(&people.small);
            people_jobs_done(&people);
        }
        people_submit(&people, nobody, nobody, "auth.signup", &args, 1);
        people_settle(&people);
        assert_int_equal(people.small.replies, 2);
        assert_true(people.small.last.error == 0 || people.small.last.error == ERR_BUSY);
        assert_int_equal(sign_up(&people, args, 1, NULL), 0); /* BUSY: come back */
        people_end(&people);
    }
}

static void test_a_power_cut_anywhere_leaves_one_account_or_none(void **state)
{
    (void)state;
    for (int commits = 0; commits < 10; commits++) {
        struct people people = {0};
        struct auth_signup_args args = minji(), other = minji();
        struct auth_tokens tokens, again;
        people_begin(&people);
        people_submit(&people, nobody, nobody, "auth.signup", &args, 1);
        for (int i = 0; i < commits; i++) {
            small_commit(&people.small);
            people_jobs_done(&people);
        }
        people_power_cut(&people);
        assert_int_equal(sign_up(&people, args, 1, &tokens), 0);
        assert_int_equal(sign_up(&people, args, 1, &again), 0);
        assert_true(id_equal(tokens.user, again.user));
        other.birth_date.day = 15;
        assert_int_equal(sign_up(&people, other, 1, NULL), ERR_IDEMPOTENCY_CONFLICT);
        people_end(&people);
    }
}

static void test_a_refused_sign_up_consumes_no_key(void **state)
{
    struct people people = {0};
    struct auth_signup_args juno = minji();
    (void)state;
    people_begin(&people);
    assert_int_equal(sign_up(&people, minji(), 1, NULL), 0);
    juno.email = text_of("juno@example.com");
    assert_int_equal(sign_up(&people, juno, 2, NULL), ERR_NICKNAME_TAKEN);
    juno.nickname = text_of("juno");
    assert_int_equal(sign_up(&people, juno, 2, NULL), 0);
    people_end(&people);
}

static bool holds(const struct buffer *log, struct bytes secret)
{
    return memmem(log->data, log->len, secret.data, secret.len) != NULL;
}

static void test_the_log_has_neither_password_nor_tokens(void **state)
{
    struct people people = {0};
    struct auth_tokens tokens;
    (void)state;
    people_begin(&people);
    assert_int_equal(sign_up(&people, minji(), 1, &tokens), 0);
    assert_int_equal(sign_up(&people, minji(), 1, &tokens), 0);
    assert_true(holds(&people.small.log, text_of("hash:corgi-by-the-sea"))); /* "Argon2" here */
    assert_false(holds(&people.small.log, tokens.refresh_token));
    assert_false(holds(&people.small.log, tokens.access_token));
    people_end(&people);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asked_again_it_is_one_account_with_new_tokens),
        cmocka_unit_test(test_without_the_key_the_address_is_taken),
        cmocka_unit_test(test_other_content_under_the_key_is_a_conflict),
        cmocka_unit_test(test_guesses_under_the_key_are_counted),
        cmocka_unit_test(test_two_at_once_make_one_account),
        cmocka_unit_test(test_a_power_cut_anywhere_leaves_one_account_or_none),
        cmocka_unit_test(test_a_refused_sign_up_consumes_no_key),
        cmocka_unit_test(test_the_log_has_neither_password_nor_tokens),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
