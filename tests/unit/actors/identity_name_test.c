#include "tests/unit/actors/test.h"

#include "actors/identity_name.h"
#include "actors/kinds.h"
#include "base/error.h"
#include "wire/record.h"

static struct arena arena;

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    arena = (struct arena){0};
    return 0;
}

static void normalizes(const char *given, const char *expected)
{
    struct bytes out;
    assert_int_equal(name_normalize(text_of(given), &arena, &out), 0);
    if (!bytes_equal(out, text_of(expected))) {
        fail_msg("'%s' became '%.*s', not '%s'", given, (int)out.len, (const char *)out.data,
                 expected);
    }
    struct bytes again;
    assert_int_equal(name_normalize(out, &arena, &again), 0);
    assert_true(bytes_equal(out, again));
}

static void refuses(const char *given)
{
    struct bytes out = {.len = 7};
    assert_int_equal(name_normalize(text_of(given), &arena, &out), ERR_INVALID_ARGUMENT);
    assert_int_equal(out.len, 7);
}

static void case_and_blanks_do_not_count(void **state)
{
    (void)state;
    normalizes("Minji@Example.COM", "minji@example.com");
    normalizes(" \t minji@example.com\t ", "minji@example.com");
    normalizes("a b", "a b");
    normalizes("ÅNGSTRÖM", "ångström");
    normalizes("STRASSE", "strasse");
    normalizes("Straße", "strasse");
    normalizes("ΣΊΣΥΦΟΣ", "σίσυφοσ");
}

static void korean_has_one_form(void **state)
{
    (void)state;
    normalizes("민지", "민지");
    normalizes("\xe1\x84\x86\xe1\x85\xb5\xe1\x86\xab\xe1\x84\x8c\xe1\x85\xb5", "민지"); /* jamo */
    normalizes("민지Minji", "민지minji");
    normalizes("곰돌이 푸", "곰돌이 푸");
    normalizes("ㅋㅋ", "\xe1\x84\x8f\xe1\x84\x8f"); /* compatibility jamo → conjoining */
    normalizes("\xef\xbe\xa1", "\xe1\x84\x80");     /* half-width ㄱ */
}

static void compatibility_forms_are_folded(void **state)
{
    (void)state;
    normalizes("ＭＩＮＪＩ", "minji"); /* full width */
    normalizes("ﬁne", "fine");
    normalizes("℃", "°c");
    normalizes("①", "1");
    normalizes("e\xcc\x81", "é");
}

static void invisible_characters_do_not_count(void **state)
{
    (void)state;
    normalizes("min\xe2\x80\x8bji", "minji");         /* zero width space */
    normalizes("minji\xe2\x80\xae", "minji");         /* right-to-left override */
    normalizes("min\xc2\xadji", "minji");             /* soft hyphen */
    normalizes("\xe3\x80\x80minji\xc2\xa0", "minji"); /* wide and unbreakable blanks */
}

static void what_has_no_stable_form_is_refused(void **state)
{
    (void)state;
    refuses("");
    refuses("  \t");
    refuses("\xe2\x80\x8b\xe2\x80\x8b"); /* only invisible ones */
    refuses("a\nb");
    refuses("a\x7f");
    refuses("a\xc2\x85z"); /* C1 */
    refuses("\xcd\xb8");   /* U+0378, not assigned */
    refuses("\xff\xfe");   /* not UTF-8 */
}

static void a_value_is_bounded(void **state)
{
    (void)state;
    char text[IDENTITY_VALUE_BYTES_MAX + 2];
    memset(text, 'A', sizeof text);
    text[IDENTITY_VALUE_BYTES_MAX] = '\0';
    struct bytes out;
    assert_int_equal(name_normalize(text_of(text), &arena, &out), 0);
    assert_int_equal(out.len, IDENTITY_VALUE_BYTES_MAX);
    assert_int_equal(name_normalize(bytes_of(text, sizeof text - 1), &arena, &out),
                     ERR_INVALID_ARGUMENT);

    /* U+FDFA grows from 3 bytes to 33: short input, long normal form. */
    for (size_t i = 0; i + 3 <= IDENTITY_VALUE_BYTES_MAX; i += 3) {
        memcpy(text + i, "\xef\xb7\xba", 3);
    }
    assert_int_equal(name_normalize(bytes_of(text, 2046), &arena, &out), ERR_INVALID_ARGUMENT);
}

static void is_at(struct address address, const char *expected)
{
    char text[ID_TEXT_CHARS + 1];
    id_to_text(address.id, text);
    assert_int_equal(address.kind, ACTOR_IDENTITY);
    assert_string_equal(text, expected);
}

static void addresses_are_frozen(void **state)
{
    (void)state;
    is_at(identity_of_email(text_of("minji@example.com")), "g_NkRCIX7mmApNgEOXSkNg");
    is_at(identity_of_nickname(text_of("minji@example.com")), "5oSUZZlJGcNEXBv7n5GfCA");
    is_at(identity_of_nickname(text_of("민지")), "S3dQ-GByUUjM0GJnYOk5Yw");
    assert_int_equal(address_partition(identity_of_email(text_of("minji@example.com"))), 103);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(case_and_blanks_do_not_count, tear_down),
        cmocka_unit_test_teardown(korean_has_one_form, tear_down),
        cmocka_unit_test_teardown(compatibility_forms_are_folded, tear_down),
        cmocka_unit_test_teardown(invisible_characters_do_not_count, tear_down),
        cmocka_unit_test_teardown(what_has_no_stable_form_is_refused, tear_down),
        cmocka_unit_test_teardown(a_value_is_bounded, tear_down),
        cmocka_unit_test_teardown(addresses_are_frozen, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
