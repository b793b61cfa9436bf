#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/chat_stream.h"

static const struct id first_epoch = {.bytes = {1}};
static const struct id second_epoch = {.bytes = {2}};

static void test_entries_in_order_move_the_cursor(void **state)
{
    (void)state;
    struct stream_place place = {0};
    stream_place_set(&place, first_epoch, 4);
    assert_true(stream_place_take(&place, first_epoch, 5));
    assert_true(stream_place_take(&place, first_epoch, 6));
    assert_int_equal(place.after, 6);
    assert_false(stream_place_take(&place, first_epoch, 6));
    assert_false(stream_place_take(&place, first_epoch, 1));
}

static void test_what_came_ahead_waits_for_the_gap_to_close(void **state)
{
    (void)state;
    struct stream_place place = {0};
    stream_place_set(&place, first_epoch, 0);
    assert_true(stream_place_take(&place, first_epoch, 3));
    assert_true(stream_place_take(&place, first_epoch, 5));
    assert_true(stream_place_take(&place, first_epoch, 2));
    assert_false(stream_place_take(&place, first_epoch, 3));
    assert_int_equal(place.after, 0);
    assert_true(stream_place_take(&place, first_epoch, 1));
    assert_int_equal(place.after, 3);
    assert_true(stream_place_take(&place, first_epoch, 4));
    assert_int_equal(place.after, 5);
    assert_int_equal(place.ahead_count, 0);
}

static void test_a_new_epoch_begins_where_it_is_met(void **state)
{
    (void)state;
    struct stream_place place = {0};
    assert_true(stream_place_take(&place, first_epoch, 7));
    assert_int_equal(place.after, 7);
    assert_true(stream_place_take(&place, first_epoch, 9));
    assert_true(stream_place_take(&place, second_epoch, 1));
    assert_int_equal(place.after, 1);
    assert_int_equal(place.ahead_count, 0);
    stream_place_clear(&place);
    assert_false(place.known);
}

static void test_a_gap_that_never_closes_is_given_up(void **state)
{
    (void)state;
    struct stream_place place = {0};
    stream_place_set(&place, first_epoch, 0);
    for (int64_t seq = 2; seq < STREAM_AHEAD_MAX + 10; seq++) {
        assert_true(stream_place_take(&place, first_epoch, seq));
    }
    assert_int_equal(place.after, STREAM_AHEAD_MAX + 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_in_order_move_the_cursor),
        cmocka_unit_test(test_what_came_ahead_waits_for_the_gap_to_close),
        cmocka_unit_test(test_a_new_epoch_begins_where_it_is_met),
        cmocka_unit_test(test_a_gap_that_never_closes_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
