#include "tests/unit/wire/test.h"

#include <sodium.h>

#include "wire/paging.h"

static const struct bytes list = {(const uint8_t *)"things", 6};
static const struct bytes other = {(const uint8_t *)"others", 6};

static void a_part_is_by_cursor_unless_a_page_is_asked_for(void **state)
{
    struct field_fault fault;
    struct paging paging;
    (void)state;
    assert_int_equal(paging_resolve(&(struct paging_given){0}, list, &paging, &fault), 0);
    assert_false(paging.by_page || paging.has_position);
    assert_int_equal(paging.count, PAGING_COUNT_DEFAULT);
    struct paging_given given = {.limit = 7, .has_limit = true};
    assert_int_equal(paging_resolve(&given, list, &paging, &fault), 0);
    assert_int_equal(paging.count, 7);
    given = (struct paging_given){.page = 3, .has_page = true};
    assert_int_equal(paging_resolve(&given, list, &paging, &fault), 0);
    assert_true(paging.by_page);
    assert_int_equal(paging.page, 3);
    assert_int_equal(paging.skip, 2 * PAGING_COUNT_DEFAULT);
    given = (struct paging_given){.size = 50, .has_size = true};
    assert_int_equal(paging_resolve(&given, list, &paging, &fault), 0);
    assert_int_equal(paging.page, 1);
    assert_int_equal(paging.skip, 0);
    assert_int_equal(paging.count, 50);
    given =
        (struct paging_given){.page = INT_BOUND, .has_page = true, .size = 100, .has_size = true};
    assert_int_equal(paging_resolve(&given, list, &paging, &fault), 0);
    assert_true(paging.skip > 0);
}

static void the_two_ways_exclude_each_other(void **state)
{
    struct field_fault fault;
    struct paging paging;
    (void)state;
    struct paging_given given = {.limit = 7, .has_limit = true, .page = 1, .has_page = true};
    assert_int_equal(paging_resolve(&given, list, &paging, &fault), ERR_INVALID_ARGUMENT);
    assert_string_equal(fault.field, "limit");
    given = (struct paging_given){
        .cursor = text_of("x"), .has_cursor = true, .size = 1, .has_size = true};
    assert_int_equal(paging_resolve(&given, list, &paging, &fault), ERR_INVALID_ARGUMENT);
    assert_string_equal(fault.field, "cursor");
}

static int resolve_cursor(const char *text, struct bytes of, struct paging *paging)
{
    struct field_fault fault;
    struct paging_given given = {.cursor = text_of(text), .has_cursor = true};
    int status = paging_resolve(&given, of, paging, &fault);
    if (status != 0) {
        assert_string_equal(fault.field, "cursor");
    }
    return status;
}

static void a_cursor_leads_back_to_its_place_in_its_list_alone(void **state)
{
    static const uint64_t places[] = {0, 1, 42, INT_BOUND, UINT64_MAX};
    char text[PAGING_CURSOR_CHARS + 1];
    struct paging paging;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        paging_cursor(list, places[i], text);
        assert_int_equal(strlen(text), PAGING_CURSOR_CHARS);
        assert_int_equal(resolve_cursor(text, list, &paging), 0);
        assert_true(paging.has_position && paging.position == places[i]);
        assert_int_equal(resolve_cursor(text, other, &paging), ERR_INVALID_ARGUMENT);
    }
}

static void every_changed_character_is_noticed(void **state)
{
    char text[PAGING_CURSOR_CHARS + 1];
    struct paging paging;
    (void)state;
    paging_cursor(list, 42, text);
    for (size_t i = 0; i < PAGING_CURSOR_CHARS; i++) {
        char was = text[i];
        text[i] = was == 'Q' ? 'g' : 'Q';
        assert_int_equal(resolve_cursor(text, list, &paging), ERR_INVALID_ARGUMENT);
        text[i] = was;
    }
    assert_int_equal(resolve_cursor("", list, &paging), ERR_INVALID_ARGUMENT);
    assert_int_equal(resolve_cursor("AAAAAAAAAAAAAAAAAAAAAA", list, &paging), ERR_INVALID_ARGUMENT);
    assert_int_equal(resolve_cursor("not a cursor of twenty", list, &paging), ERR_INVALID_ARGUMENT);
}

static void pages_are_counted_up(void **state)
{
    (void)state;
    struct paging paging = {.by_page = true, .count = 20};
    assert_int_equal(paging_pages(&paging, 0), 0);
    assert_int_equal(paging_pages(&paging, 1), 1);
    assert_int_equal(paging_pages(&paging, 20), 1);
    assert_int_equal(paging_pages(&paging, 21), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_is_by_cursor_unless_a_page_is_asked_for),
        cmocka_unit_test(the_two_ways_exclude_each_other),
        cmocka_unit_test(a_cursor_leads_back_to_its_place_in_its_list_alone),
        cmocka_unit_test(every_changed_character_is_noticed),
        cmocka_unit_test(pages_are_counted_up),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
