#include "tests/unit/wire/test.h"

#include <utf8proc.h>

#include "wire/record.h"
#include "wire/text.h"

static void well_formed_text_is_valid(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "a",
        "hello you",
        "\x7f",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "사랑해 😀 eight bytes and more",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct bytes copy = tight_copy(text_of(texts[i]));
        assert_true(text_valid(copy));
        tight_free(copy);
    }
}

static void ill_formed_text_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    static const struct bytes bad[] = {
        {(const uint8_t *)"\0", 1},   /* NUL */
        {(const uint8_t *)"\x80", 1}, /* continuation alone */
        {(const uint8_t *)"\xbf", 1},
        {(const uint8_t *)"\xc0\x80", 2}, /* overlong NUL */
        {(const uint8_t *)"\xc1\xbf", 2}, /* overlong */
        {(const uint8_t *)"\xe0\x9f\xbf", 3},
        {(const uint8_t *)"\xf0\x8f\xbf\xbf", 4},
        {(const uint8_t *)"\xed\xa0\x80", 3}, /* surrogates */
        {(const uint8_t *)"\xed\xbf\xbf", 3},
        {(const uint8_t *)"\xf4\x90\x80\x80", 4}, /* beyond U+10FFFF */
        {(const uint8_t *)"\xf5\x80\x80\x80", 4},
        {(const uint8_t *)"\xf8\x88\x80\x80\x80", 5},
        {(const uint8_t *)"\xfc\x84\x80\x80\x80\x80", 6},
        {(const uint8_t *)"\xfe", 1},
        {(const uint8_t *)"\xff", 1},
        {(const uint8_t *)"\xc3", 1}, /* cut off */
        {(const uint8_t *)"\xe2\x82", 2},
        {(const uint8_t *)"\xf0\x9f\x98", 3},
        {(const uint8_t *)"\xc3(", 2}, /* no continuation */
        {(const uint8_t *)"\xe2\x28\xa1", 3},
        {(const uint8_t *)"\xf0\x9f(\x80", 4},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        for (size_t before = 0; before < 20; before++) {
            for (size_t after = 0; after < 2; after++) {
                struct buffer text = {0};
                buffer_append_u8(&text, 'x');
                memset(buffer_extend(&text, before), 'x', before);
                buffer_append(&text, bad[i].data, bad[i].len);
                memset(buffer_extend(&text, 9 * after), 'y', 9 * after);
                struct bytes copy = tight_copy(buffer_bytes(&text));
                assert_false(text_valid(copy));
                tight_free(copy);
                buffer_fini(&text);
            }
        }
    }
}

/** Plain text is looked at in blocks of several sizes: no place in them may be overlooked. */
static void a_bad_byte_is_found_at_every_place_of_every_length(void **state)
{
    (void)state;
    static const uint8_t bad[] = {0x00, 0x80, 0xff};
    for (size_t len = 1; len <= 150; len++) {
        uint8_t *text = malloc(len);
        memset(text, 'x', len);
        assert_true(text_valid(bytes_of(text, len)));
        for (size_t i = 0; i < len * COUNT_OF(bad); i++) {
            text[i / COUNT_OF(bad)] = bad[i % COUNT_OF(bad)];
            assert_false(text_valid(bytes_of(text, len)));
            text[i / COUNT_OF(bad)] = i % 2 == 0 ? 0x01 : 0x7f; /* both ends of what is plain */
        }
        assert_true(text_valid(bytes_of(text, len)));
        free(text);
    }
}

static void code_points_are_counted(void **state)
{
    (void)state;
    assert_int_equal(text_count(text_of("")), 0);
    assert_int_equal(text_count(text_of("abc")), 3);
    assert_int_equal(text_count(text_of("사랑해")), 3);
    assert_int_equal(text_count(text_of("é😀x")), 3);
}

static void assert_normal(const char *in, const char *expected, size_t expected_points)
{
    struct arena arena = {0};
    struct bytes out;
    size_t points = 0;
    assert_int_equal(text_normalize(text_of(in), &arena, &out, &points), 0);
    assert_bytes(out, text_of(expected));
    assert_int_equal(points, expected_points);
    arena_fini(&arena);
}

static void text_becomes_nfc(void **state)
{
    (void)state;
    assert_normal("plain", "plain", 5);
    assert_normal("e\xcc\x81", "é", 1);
    assert_normal("é", "é", 1);
    assert_normal("\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "한", 1);
    assert_normal("하\xe1\x86\xab", "한", 1);
    assert_normal("\xe2\x84\xab", "Å", 1);                      /* Angstrom sign */
    assert_normal("q\xcc\x87\xcc\xa3", "q\xcc\xa3\xcc\x87", 3); /* order of marks */
    assert_normal("\xe2\x80\x80", "\xe2\x80\x82", 1);           /* en quad */
    assert_normal("\xef\xac\x81", "\xef\xac\x81", 1); /* the ligature fi is kept: not NFKC */
    assert_normal("👨‍👩‍👧 ❤️", "👨‍👩‍👧 ❤️", 8);
}

static void nfc_text_is_not_copied(void **state)
{
    (void)state;
    static const char *const texts[] = {"plain", "사랑해, 漢字 😀", "", "ありがとう"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct arena arena = {0};
        struct bytes out;
        size_t points;
        assert_int_equal(text_normalize(text_of(texts[i]), &arena, &out, &points), 0);
        assert_ptr_equal(out.data, texts[i]);
        assert_null(arena.blocks);
        arena_fini(&arena);
    }
}

static void invalid_text_is_not_normalized(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct bytes out = BYTES("before");
    size_t points = 7;
    assert_int_equal(text_normalize(BYTES("a\xff"), &arena, &out, &points), ERR_INVALID_ARGUMENT);
    assert_int_equal(text_normalize(BYTES("a\0b"), &arena, &out, &points), ERR_INVALID_ARGUMENT);
    assert_bytes(out, BYTES("before"));
    assert_int_equal(points, 7);
    arena_fini(&arena);
}

static bool normal_for_utf8proc(struct bytes text)
{
    utf8proc_uint8_t *made = NULL;
    utf8proc_ssize_t len = utf8proc_map(text.data, (utf8proc_ssize_t)text.len, &made,
                                        UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    bool same = len >= 0 && bytes_equal(bytes_of(made, (size_t)len), text);
    free(made);
    return same;
}

/* The table of stable ranges against utf8proc: every code point, after letters that compose. */
static void fast_path_agrees_with_utf8proc(void **state)
{
    (void)state;
    static const char *const before[] = {"", "e", "가", "각", "か", "\xe1\x84\x92"};
    for (utf8proc_int32_t point = 1; point <= 0x10FFFF; point++) {
        if (point >= 0xD800 && point <= 0xDFFF) {
            continue;
        }
        for (size_t i = 0; i < COUNT_OF(before); i++) {
            uint8_t text[16];
            size_t len = strlen(before[i]);
            memcpy(text, before[i], len);
            len += (size_t)utf8proc_encode_char(point, text + len);
            struct arena arena = {0};
            struct bytes out;
            size_t points;
            assert_int_equal(text_normalize(bytes_of(text, len), &arena, &out, &points), 0);
            if (out.data == text && !normal_for_utf8proc(bytes_of(text, len))) {
                fail_msg("U+%04X after \"%s\" is not stable", (unsigned)point, before[i]);
            }
            arena_fini(&arena);
        }
    }
}

static void days_are_real_days(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        {"2024-02-29", 0},
        {"2000-02-29", 0},
        {"0001-01-01", 0},
        {"9999-12-31", 0},
        {"2023-02-29", ERR_INVALID_ARGUMENT},
        {"1900-02-29", ERR_INVALID_ARGUMENT},
        {"2024-04-31", ERR_INVALID_ARGUMENT},
        {"2024-13-01", ERR_INVALID_ARGUMENT},
        {"2024-00-10", ERR_INVALID_ARGUMENT},
        {"2024-01-00", ERR_INVALID_ARGUMENT},
        {"2024-01-32", ERR_INVALID_ARGUMENT},
        {"0000-01-01", ERR_INVALID_ARGUMENT},
        {"2024-1-1", ERR_INVALID_ARGUMENT},
        {"2024/01/01", ERR_INVALID_ARGUMENT},
        {"2024-01-01 ", ERR_INVALID_ARGUMENT},
        {"+024-01-01", ERR_INVALID_ARGUMENT},
        {"20 4-01-01", ERR_INVALID_ARGUMENT},
        {"", ERR_INVALID_ARGUMENT},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct day day = {0};
        assert_int_equal(day_from_text(text_of(cases[i].text), &day), cases[i].status);
        if (cases[i].status == 0) {
            char text[DAY_TEXT_CHARS + 1];
            day_to_text(day, text);
            assert_string_equal(text, cases[i].text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_text_is_valid),
        cmocka_unit_test(ill_formed_text_is_refused_wherever_it_stands),
        cmocka_unit_test(a_bad_byte_is_found_at_every_place_of_every_length),
        cmocka_unit_test(code_points_are_counted),
        cmocka_unit_test(text_becomes_nfc),
        cmocka_unit_test(nfc_text_is_not_copied),
        cmocka_unit_test(invalid_text_is_not_normalized),
        cmocka_unit_test(fast_path_agrees_with_utf8proc),
        cmocka_unit_test(days_are_real_days),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
