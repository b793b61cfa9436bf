#include "tests/unit/wire/test.h"

#include "wire/record.h"
#include "wire/url.h"

static void expect_decoded(const char *text, bool plus, const char *expected)
{
    struct arena arena = {0};
    struct bytes out;
    bool fine = url_decode(text_of(text), plus, &arena, &out);
    if (fine != (expected != NULL) || (fine && !bytes_equal(out, text_of(expected)))) {
        fail_msg("\"%s\" became \"%.*s\"", text, fine ? (int)out.len : 1,
                 fine ? (const char *)out.data : "-");
    }
    arena_fini(&arena);
}

static void octets_are_decoded_and_blanks_only_in_queries(void **state)
{
    (void)state;
    expect_decoded("", true, "");
    expect_decoded("plain", true, "plain");
    expect_decoded("%41%6a%6A", false, "Ajj");
    expect_decoded("a+b%2Bc", true, "a b+c");
    expect_decoded("a+b", false, "a+b");
    expect_decoded("%EC%95%88", true, "안");
    expect_decoded("%2541", false, "%41"); /* once, not twice */
}

static void a_broken_percent_is_refused(void **state)
{
    (void)state;
    static const char *const broken[] = {"%", "%4", "%4g", "%g4", "a%", "%%41", "%-1", "% 1"};
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        expect_decoded(broken[i], true, NULL);
    }
}

static void a_decoded_nul_is_kept_for_the_field_to_refuse(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct bytes out;
    assert_true(url_decode(text_of("a%00b"), true, &arena, &out));
    assert_int_equal(out.len, 3);
    arena_fini(&arena);
}

static void pairs_come_one_by_one(void **state)
{
    (void)state;
    struct bytes query = text_of("&a=1&&b&=c&d=x=y&");
    static const char *const expected[][2] = {{"a", "1"}, {"b", ""}, {"", "c"}, {"d", "x=y"}};
    struct url_pair pair;
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_true(url_next_pair(&query, &pair));
        assert_true(bytes_equal(pair.name, text_of(expected[i][0])));
        assert_true(bytes_equal(pair.value, text_of(expected[i][1])));
    }
    assert_false(url_next_pair(&query, &pair));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(octets_are_decoded_and_blanks_only_in_queries),
        cmocka_unit_test(a_broken_percent_is_refused),
        cmocka_unit_test(a_decoded_nul_is_kept_for_the_field_to_refuse),
        cmocka_unit_test(pairs_come_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
