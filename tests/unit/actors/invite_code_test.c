#include "tests/unit/actors/test.h"

#include "actors/invite_code.h"
#include "actors/kinds.h"
#include "base/error.h"
#include "wire/record.h"

#define CODE_MAX ((UINT64_C(1) << INVITE_CODE_BITS) - 1)

static void means(const char *typed, const char *canonical)
{
    char text[INVITE_CODE_CHARS + 1];
    uint64_t code = 0;
    assert_int_equal(invite_code_parse(text_of(typed), &code), 0);
    invite_code_to_text(code, text);
    assert_string_equal(text, canonical);
}

static void is_unknown(struct bytes typed)
{
    uint64_t code = 99;
    assert_int_equal(invite_code_parse(typed, &code), ERR_CODE_UNKNOWN);
    assert_int_equal(code, 99);
}

static void every_code_reads_back(void **state)
{
    (void)state;
    char text[INVITE_CODE_CHARS + 1];
    for (uint64_t code = 1; code <= CODE_MAX; code = code * 3 + 1) {
        uint64_t back = 0;
        invite_code_to_text(code, text);
        assert_int_equal(strlen(text), INVITE_CODE_CHARS);
        assert_int_equal(strcspn(text, "ILOU"), INVITE_CODE_CHARS);
        assert_int_equal(invite_code_parse(text_of(text), &back), 0);
        assert_true(back == code);
    }
    invite_code_to_text(0, text);
    assert_string_equal(text, "00000000");
    invite_code_to_text(CODE_MAX, text);
    assert_string_equal(text, "ZZZZZZZZ");
    invite_code_to_text(CODE_MAX + 1, text);
    assert_string_equal(text, "00000000");
}

static void people_may_type_it_their_way(void **state)
{
    (void)state;
    means("7K3M9QXW", "7K3M9QXW");
    means("7k3m9qxw", "7K3M9QXW");
    means("7K3M-9QXW", "7K3M9QXW");
    means(" 7 k 3 m - 9 q x w ", "7K3M9QXW");
    means("iIlLoO00", "11110000");
    means("--------7K3M9QXW", "7K3M9QXW");
}

static void anything_else_is_an_unknown_code(void **state)
{
    (void)state;
    is_unknown(text_of(""));
    is_unknown(text_of("--------"));
    is_unknown(text_of("7K3M9QX"));
    is_unknown(text_of("7K3M9QXW0"));
    is_unknown(text_of("7K3M9QXU")); /* no U in Crockford's alphabet */
    is_unknown(text_of("7K3M9QX!"));
    is_unknown(text_of("7K3M_9QXW"));
    is_unknown(text_of("7K3M9QX\xc3\x84"));
    is_unknown(bytes_of("7K3M9QX\0", 8)); /* NUL ends the alphabet, and is not of it */
}

static void same_code_same_actor(void **state)
{
    (void)state;
    uint64_t one, other;
    char text[ID_TEXT_CHARS + 1];
    assert_int_equal(invite_code_parse(text_of("7K3M9QXW"), &one), 0);
    assert_int_equal(invite_code_parse(text_of("7k3m-9qxw"), &other), 0);
    assert_true(address_equal(invite_address(one), invite_address(other)));
    assert_int_equal(invite_address(one).kind, ACTOR_INVITE);
    assert_false(address_equal(invite_address(one), invite_address(one + 1)));
    assert_true(id_equal(invite_address(one).id, id_from_hash("invite\0"
                                                              "7K3M9QXW",
                                                              15)));
    id_to_text(invite_address(one).id, text);
    assert_string_equal(text, "9XEKh_iQ7Jd1_aajZDSVvw");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_reads_back),
        cmocka_unit_test(people_may_type_it_their_way),
        cmocka_unit_test(anything_else_is_an_unknown_code),
        cmocka_unit_test(same_code_same_actor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
