#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "edge/rest_link.h"
#include "wire/codec.h"

static void expect_link(const char *query, const char *cursor, int64_t page, int64_t pages,
                        const char *expected)
{
    struct buffer result = {0}, out = {0};
    pack_map(&result, 2 + (cursor != NULL));
    if (cursor != NULL) {
        pack_text(&result, text_of("next_cursor"));
        pack_text(&result, text_of(cursor));
    }
    pack_text(&result, text_of("page"));
    page != 0 ? pack_int(&result, page) : pack_nil(&result);
    pack_text(&result, text_of("pages"));
    page != 0 ? pack_int(&result, pages) : pack_nil(&result);
    rest_link_append(text_of("/api/v1/things"), text_of(query), buffer_bytes(&result), &out);
    if (!bytes_equal(buffer_bytes(&out), text_of(expected))) {
        fail_msg("%.*s", (int)out.len, (const char *)out.data);
    }
    buffer_fini(&result);
    buffer_fini(&out);
}

static void a_list_goes_on_behind_its_cursor(void **state)
{
    (void)state;
    expect_link("", "abc", 0, 0, "link: </api/v1/things?cursor=abc>; rel=\"next\"\r\n");
    expect_link("limit=5&cursor=old&q=%20", "abc", 0, 0,
                "link: </api/v1/things?limit=5&q=%20&cursor=abc>; rel=\"next\"\r\n");
    expect_link("limit=5", NULL, 0, 0, "");
}

static void a_page_is_followed_by_the_next(void **state)
{
    (void)state;
    expect_link("page=2&size=10", NULL, 2, 4,
                "link: </api/v1/things?size=10&page=3>; rel=\"next\"\r\n");
    expect_link("page=4&size=10", NULL, 4, 4, "");
    expect_link("page=9", NULL, 9, 4, "");
}

static void nothing_in_the_query_ends_the_reference(void **state)
{
    (void)state;
    expect_link("q=>;rel=\"x\"&<=\\", "abc", 0, 0,
                "link: </api/v1/things?q=%3E;rel=%22x%22&%3C=%5C&cursor=abc>; rel=\"next\"\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_goes_on_behind_its_cursor),
        cmocka_unit_test(a_page_is_followed_by_the_next),
        cmocka_unit_test(nothing_in_the_query_ends_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
