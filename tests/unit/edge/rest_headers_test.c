#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "edge/rest_headers.h"
#include "edge/sse_cursor.h"
#include "wire/record.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void the_language_that_weighs_most_is_taken(void **state)
{
    (void)state;
    static const char *const korean[] = {
        "ko",       "ko-KR", "KO", "ko-KR,ko;q=0.9,en;q=0.8", "fr, ko;q=0.1", "en;q=0.5, ko;q=0.51",
        " ko ; q=1"};
    static const char *const english[] = {"",       "en",     "*",      "fr",
                                          "kok",    "ko;q=0", "en, ko", "ko;q=0.3, en;q=0.4",
                                          ",,;q=1", "ko;q=",  "k"};
    for (size_t i = 0; i < COUNT_OF(korean); i++) {
        assert_int_equal(rest_language(text_of(korean[i])), LANGUAGE_KO);
    }
    for (size_t i = 0; i < COUNT_OF(english); i++) {
        assert_int_equal(rest_language(text_of(english[i])), LANGUAGE_EN);
    }
}

static void only_a_bearer_token_is_one(void **state)
{
    struct bytes token;
    (void)state;
    assert_true(rest_bearer(text_of("Bearer abc"), &token));
    assert_true(bytes_equal(token, text_of("abc")));
    assert_true(rest_bearer(text_of("bearer   abc"), &token));
    static const char *const others[] = {"", "Bearer", "Bearer ", "Basic abc", "Bearerabc", "abc"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_false(rest_bearer(text_of(others[i]), &token));
    }
}

static void a_cookie_is_found_by_its_whole_name(void **state)
{
    struct bytes value;
    (void)state;
    assert_true(rest_cookie(text_of("x=1; ab=2; a=3=4; a=5"), "a", &value));
    assert_true(bytes_equal(value, text_of("3=4")));
    assert_false(rest_cookie(text_of("ab=2; ba=1; =a; A=1"), "a", &value));
    assert_true(rest_cookie(text_of("a"), "a", &value)); /* without a value */
    assert_int_equal(value.len, 0);
}

static void entity_tags_are_compared_weakly(void **state)
{
    (void)state;
    struct bytes tag = text_of("\"abc\"");
    assert_true(rest_etag_matches(text_of("\"abc\""), tag));
    assert_true(rest_etag_matches(text_of("\"x\", W/\"abc\""), tag));
    assert_true(rest_etag_matches(text_of("*"), tag));
    assert_false(rest_etag_matches(text_of("abc"), tag));
    assert_false(rest_etag_matches(text_of(""), tag));
    assert_false(rest_etag_matches(text_of("\"ab\""), tag));
}

static void an_origin_is_ours_when_its_host_is(void **state)
{
    (void)state;
    assert_true(rest_is_same_origin(text_of("https://a.org"), text_of("a.org")));
    assert_true(rest_is_same_origin(text_of("http://a.org:7400"), text_of("A.org:7400")));
    static const char *const foreign[] = {"",
                                          "null",
                                          "a.org",
                                          "https://b.org",
                                          "ftp://a.org",
                                          "https://a.org.evil",
                                          "https://",
                                          "https://evil/a.org"};
    for (size_t i = 0; i < COUNT_OF(foreign); i++) {
        assert_false(rest_is_same_origin(text_of(foreign[i]), text_of("a.org")));
    }
    assert_false(rest_is_same_origin(text_of("https://"), text_of("")));
}

static void types_ids_and_keys_are_judged(void **state)
{
    (void)state;
    assert_true(rest_is_json(text_of("application/json")));
    assert_true(rest_is_json(text_of("Application/JSON; charset=utf-8")));
    assert_false(rest_is_json(text_of("application/jsonp")));
    assert_false(rest_is_json(text_of("text/plain; application/json")));
    assert_false(rest_is_json(text_of("")));
    assert_true(rest_is_request_id(text_of("0af7651916cd43dd8448eb211c80319c")));
    assert_false(rest_is_request_id(text_of("")));
    assert_false(rest_is_request_id(text_of("a b")));
    assert_false(rest_is_request_id(text_of("a\"b")));
    assert_true(bytes_equal(rest_key(text_of("\"k-1\"")), text_of("k-1")));
    assert_true(bytes_equal(rest_key(text_of("k-1")), text_of("k-1")));
    assert_true(bytes_equal(rest_key(text_of("\"")), text_of("\"")));
}

static void a_place_in_streams_is_read_as_it_was_written(void **state)
{
    (void)state;
    struct session_cursor cursors[STREAM_COUNT] = {[STREAM_USER] = {.given = true, .after = 41},
                                                   [STREAM_COUPLE] = {.given = true, .after = 0}};
    struct session_cursor back[STREAM_COUNT];
    struct buffer text = {0};
    memset(cursors[STREAM_USER].epoch.bytes, 0xa5, ID_BYTES);
    sse_cursors_append(cursors, &text);
    assert_true(sse_cursors_parse(buffer_bytes(&text), back));
    assert_memory_equal(back, cursors, sizeof back);
    buffer_fini(&text);
    assert_true(sse_cursors_parse(text_of(""), back));
    assert_false(back[STREAM_USER].given);
    static const char *const wrong[] = {
        "user",
        "user:",
        "user:AAAAAAAAAAAAAAAAAAAAAA",
        "user:AAAAAAAAAAAAAAAAAAAAAA:",
        "user:AAAAAAAAAAAAAAAAAAAAAA:-1",
        "user:AAAAAAAAAAAAAAAAAAAAAA:01",
        "user:AAAAAAAAAAAAAAAAAAAAAA:1x",
        "user:AAAAAAAAAAAAAAAAAAAAAA:9007199254740992",
        "user:AAAAAAAAAAAAAAAAAAAAA=:1",
        "nobody:AAAAAAAAAAAAAAAAAAAAAA:1",
        "42",
        "user:AAAAAAAAAAAAAAAAAAAAAA:1,user:AAAAAAAAAAAAAAAAAAAAAA:1"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_false(sse_cursors_parse(text_of(wrong[i]), back));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_language_that_weighs_most_is_taken),
        cmocka_unit_test(only_a_bearer_token_is_one),
        cmocka_unit_test(a_cookie_is_found_by_its_whole_name),
        cmocka_unit_test(entity_tags_are_compared_weakly),
        cmocka_unit_test(an_origin_is_ours_when_its_host_is),
        cmocka_unit_test(types_ids_and_keys_are_judged),
        cmocka_unit_test(a_place_in_streams_is_read_as_it_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
