#include "tests/unit/actors/test.h"

#include "actors/common_passwords.h"
#include "actors/signup_rules.h"

#define NOON_2026_01_02 1767355200000LL
#define HOUR_MS 3600000LL

static void plausible_emails(void **state)
{
    (void)state;
    assert_true(email_plausible(text_of("a@b.c")));
    assert_true(email_plausible(text_of("min.ji+duet@mail.example.co.kr")));
    assert_true(email_plausible(text_of("민지@예시.한국")));
}

static void implausible_emails(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "",
        "a",
        "@",
        "a@",
        "@b.c",
        "a@b",
        "a@@b.c",
        "a@b@c.d",
        "a@.b.c",
        "a@b..c",
        "a@b.c.",
        "a b@c.d",
        "a@b .c",
        "a\t@b.c",
        "<a@b.c>",
        "a,b@c.d",
        "a@b.c\n",
        "\"a\"@b.c",
        "a:b@c.d",
        "a@[1.2.3.4]",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b.c" /* 65 */};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (email_plausible(text_of(refused[i]))) {
            fail_msg("'%s' passed", refused[i]);
        }
    }
    assert_false(email_plausible(bytes_of("a\0b@c.d", 7)));
}

static void common_passwords_are_known_in_any_case(void **state)
{
    (void)state;
    assert_true(password_is_common(text_of("password")));
    assert_true(password_is_common(text_of("PassWord1")));
    assert_true(password_is_common(text_of("12345678")));
    assert_true(password_is_common(text_of("QWERTY123")));
    assert_false(password_is_common(text_of("password-of-minji")));
    assert_false(password_is_common(text_of("passwor")));
    assert_false(password_is_common(text_of("")));
}

static void the_list_is_sorted_lower_case_and_long_enough_to_matter(void **state)
{
    (void)state;
    assert_true(common_password_count >= 200);
    for (size_t i = 0; i < common_password_count; i++) {
        const char *common = common_passwords[i];
        assert_true(strlen(common) >= 8);
        assert_int_equal(strcspn(common, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), strlen(common));
        assert_true(i == 0 || strcmp(common_passwords[i - 1], common) < 0);
    }
}

static bool born(int16_t year, uint8_t month, uint8_t day, int64_t now_ms)
{
    return birth_date_plausible((struct day){.year = year, .month = month, .day = day}, now_ms);
}

static void birth_is_after_1900_and_not_tomorrow(void **state)
{
    (void)state;
    assert_true(born(1998, 3, 14, NOON_2026_01_02));
    assert_true(born(1900, 1, 1, NOON_2026_01_02));
    assert_false(born(1899, 12, 31, NOON_2026_01_02));
    assert_false(born(1, 1, 1, NOON_2026_01_02));
    assert_true(born(2025, 12, 31, NOON_2026_01_02));
    assert_true(born(2026, 1, 2, NOON_2026_01_02));
    assert_false(born(2026, 1, 4, NOON_2026_01_02));
    assert_false(born(2027, 1, 1, NOON_2026_01_02));
    assert_true(born(2024, 2, 29, NOON_2026_01_02));
    assert_false(born(9999, 12, 31, NOON_2026_01_02));
}

static void tomorrow_has_begun_somewhere(void **state)
{
    (void)state;
    assert_false(born(2026, 1, 3, NOON_2026_01_02 - 3 * HOUR_MS)); /* 23:00 in UTC+14 */
    assert_true(born(2026, 1, 3, NOON_2026_01_02 - 2 * HOUR_MS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plausible_emails),
        cmocka_unit_test(implausible_emails),
        cmocka_unit_test(common_passwords_are_known_in_any_case),
        cmocka_unit_test(the_list_is_sorted_lower_case_and_long_enough_to_matter),
        cmocka_unit_test(birth_is_after_1900_and_not_tomorrow),
        cmocka_unit_test(tomorrow_has_begun_somewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
