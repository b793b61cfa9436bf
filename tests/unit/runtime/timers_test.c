#include "tests/unit/runtime/toy.h"

#define TIMERS 40
#define HOUR_MS 3600000

static void ring_all(struct small_world *small, int64_t until_ms, int64_t step_ms)
{
    while (small->now_ms < until_ms) {
        small->now_ms += step_ms;
        shard_tick(small->shard);
        small_commit(small);
    }
}

static void test_timers_ring_in_order_and_once(void **state)
{
    struct small_world small = {0};
    int64_t due[TIMERS], begin;
    uint64_t random = 7;
    (void)state;
    toy_world_start(&small, 1);
    struct address to = toy_address(&small, 0, true);
    begin = small.now_ms;
    for (int i = 0; i < TIMERS; i++) {
        random = random * UINT64_C(6364136223846793005) + 1;
        due[i] = begin + 10 + (int64_t)(random >> 33) % 5000 * 10;
        toy_wake_at(&small, to, i, due[i]);
    }
    small_commit(&small);
    int64_t rings = 0;
    while (small.now_ms < begin + 60000) {
        small.now_ms += 10;
        shard_tick(small.shard);
        small_commit(&small);
        int64_t expected = 0;
        for (int i = 0; i < TIMERS; i++) {
            expected += due[i] <= small.now_ms;
        }
        assert_int_equal(toy_at(&small, to)->rings, expected);
        if (expected == rings + 1) {
            assert_int_equal(due[toy_at(&small, to)->rang], small.now_ms);
        }
        rings = expected;
    }
    assert_int_equal(rings, TIMERS);
    small_fini(&small);
}

static void test_a_timer_that_is_moved_rings_at_its_last_time_only(void **state)
{
    struct small_world small = {0};
    (void)state;
    toy_world_start(&small, 1);
    struct address to = toy_address(&small, 0, true);
    int64_t begin = small.now_ms;
    toy_wake_at(&small, to, 1, begin + 100);
    toy_wake_at(&small, to, 1, begin + 300);
    toy_wake_at(&small, to, 2, begin + 100);
    toy_wake_at(&small, to, 2, 0);
    small_commit(&small);
    ring_all(&small, begin + 290, 10);
    assert_int_equal(toy_at(&small, to)->rings, 0);
    ring_all(&small, begin + 1000, 10);
    assert_int_equal(toy_at(&small, to)->rings, 1);
    assert_int_equal(toy_at(&small, to)->rang, 1);
    small_fini(&small);
}

static void test_a_timer_rings_after_its_disk_was_full(void **state)
{
    struct small_world small = {0};
    (void)state;
    toy_world_start(&small, 1);
    struct address to = toy_address(&small, 0, true);
    int64_t begin = small.now_ms;
    toy_wake_at(&small, to, 1, begin + 100);
    small_commit(&small);
    small.full = true;
    ring_all(&small, begin + 1000, 10);
    assert_int_equal(toy_at(&small, to)->rings, 0);
    small.full = false;
    ring_all(&small, begin + 4000, 10);
    assert_int_equal(toy_at(&small, to)->rings, 1);
    small_fini(&small);
}

/** Beyond the horizon, in the state, in the log only: each is found again, and rings once. */
static void test_timers_survive_a_power_cut(void **state)
{
    struct small_world small = {0};
    (void)state;
    toy_world_start(&small, 1);
    struct address to = toy_address(&small, 0, true);
    int64_t begin = small.now_ms;
    toy_wake_at(&small, to, 1, begin + 100);
    toy_wake_at(&small, to, 2, begin + 2 * HOUR_MS);
    small_commit(&small);
    small_power_cut(&small);
    small_start(&small, toy_kinds, 1, 1);
    small_replay(&small);
    small_flush_all(&small);
    shard_start(small.shard, (struct lsn){small.tail});
    toy_wake_at(&small, to, 3, begin + HOUR_MS);
    toy_wake_at(&small, to, 4, begin + 200);
    small_commit(&small);
    small_power_cut(&small);
    small.now_ms += 1000;
    small_start(&small, toy_kinds, 1, 1);
    small_replay(&small);
    shard_start(small.shard, (struct lsn){small.tail});
    ring_all(&small, begin + 2000, 10);
    assert_int_equal(toy_at(&small, to)->rings, 2);
    small_flush_all(&small);
    ring_all(&small, begin + HOUR_MS + 1000, 500);
    assert_int_equal(toy_at(&small, to)->rings, 3);
    assert_int_equal(toy_at(&small, to)->rang, 3);
    ring_all(&small, begin + 2 * HOUR_MS + 1000, 500);
    assert_int_equal(toy_at(&small, to)->rings, 4);
    ring_all(&small, begin + 3 * HOUR_MS, 500);
    assert_int_equal(toy_at(&small, to)->rings, 4);
    small_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers_ring_in_order_and_once),
        cmocka_unit_test(test_a_timer_that_is_moved_rings_at_its_last_time_only),
        cmocka_unit_test(test_a_timer_rings_after_its_disk_was_full),
        cmocka_unit_test(test_timers_survive_a_power_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
