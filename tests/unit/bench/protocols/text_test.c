#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/protocols/text.h"
#include "wire/record.h"

static void a_beginning_is_no_longer_than_the_text(void **state)
{
    (void)state;
    assert_true(text_starts(text_of("PING\r\n"), "PING"));
    assert_true(text_starts(text_of("PING"), "PING"));
    assert_false(text_starts(text_of("PIN"), "PING"));
    assert_false(text_starts(text_of("APING"), "PING"));
    assert_false(text_starts((struct bytes){0}, "PING"));
}

static void what_stands_between_ends_at_the_first_end_behind_the_mark(void **state)
{
    (void)state;
    struct bytes found = {0};
    assert_int_equal(text_between(text_of("\"a\" data:\"duet\" x\""), "data:\"", '"', &found), 1);
    assert_true(bytes_equal(found, text_of("duet")));
    assert_int_equal(text_between(text_of("data:\"\""), "data:\"", '"', &found), 1);
    assert_int_equal(found.len, 0);
}

static void without_a_mark_there_is_nothing_and_without_an_end_it_is_malformed(void **state)
{
    (void)state;
    struct bytes found = text_of("untouched");
    assert_int_equal(text_between(text_of("\"duet\""), "data:", '"', &found), 0);
    assert_int_equal(text_between((struct bytes){0}, "data:", '"', &found), 0);
    assert_int_equal(text_between(text_of("data:duet"), "data:", '"', &found), ERR_MALFORMED);
    assert_int_equal(text_between(text_of("\"data:"), "data:", '"', &found), ERR_MALFORMED);
    assert_true(bytes_equal(found, text_of("untouched")));
}

static void digits_end_at_the_first_other_character_or_at_the_limit(void **state)
{
    (void)state;
    uint64_t value = 1;
    assert_int_equal(text_decimal(text_of("0042[]"), 10, &value), 4);
    assert_true(value == 42);
    assert_int_equal(text_decimal(text_of("12345"), 3, &value), 3);
    assert_true(value == 123);
    assert_int_equal(text_decimal(text_of("x1"), 3, &value), 0);
    assert_true(value == 0);
    assert_int_equal(text_decimal(text_of("9999999999999999999"), 19, &value), 19);
    assert_true(value == 9999999999999999999u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_beginning_is_no_longer_than_the_text),
        cmocka_unit_test(what_stands_between_ends_at_the_first_end_behind_the_mark),
        cmocka_unit_test(without_a_mark_there_is_nothing_and_without_an_end_it_is_malformed),
        cmocka_unit_test(digits_end_at_the_first_other_character_or_at_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
