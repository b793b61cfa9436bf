#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#include "edge/bucket.h"

#define NOW 1767225600000

static int take_all(struct bucket *bucket, uint32_t per_minute, int64_t now_ms)
{
    int64_t retry_ms;
    int taken = 0;
    while (bucket_take(bucket, per_minute, now_ms, &retry_ms)) {
        taken++;
    }
    return taken;
}

static void a_full_bucket_gives_a_minutes_worth_at_once(void **state)
{
    struct bucket bucket = {0};
    (void)state;
    assert_int_equal(take_all(&bucket, 10, NOW), 10);
}

static void it_fills_at_its_rate_and_not_beyond(void **state)
{
    struct bucket bucket = {0};
    (void)state;
    take_all(&bucket, 10, NOW);
    assert_int_equal(take_all(&bucket, 10, NOW + 5999), 0);
    assert_int_equal(take_all(&bucket, 10, NOW + 6000), 1);
    assert_int_equal(take_all(&bucket, 10, NOW + 3600000), 10);
}

static void who_waits_as_told_gets_a_token(void **state)
{
    (void)state;
    for (uint32_t per_minute = 1; per_minute < 100000; per_minute = per_minute * 3 + 1) {
        struct bucket bucket = {0};
        int64_t now_ms = NOW, retry_ms = 0;
        take_all(&bucket, per_minute, now_ms);
        assert_false(bucket_take(&bucket, per_minute, now_ms, &retry_ms));
        assert_true(retry_ms >= 1 && retry_ms <= 60000);
        assert_true(bucket_take(&bucket, per_minute, now_ms + retry_ms, &retry_ms));
    }
}

static void a_clock_set_back_does_not_lock_out(void **state)
{
    struct bucket bucket = {0};
    (void)state;
    take_all(&bucket, 10, NOW);
    assert_int_equal(take_all(&bucket, 10, NOW - 86400000), 0);
    assert_int_equal(take_all(&bucket, 10, NOW - 86400000 + 60000), 10);
}

static void a_rate_of_zero_never_gives(void **state)
{
    struct bucket bucket = {0};
    (void)state;
    assert_int_equal(take_all(&bucket, 0, NOW), 0);
}

static void one_key_has_one_bucket(void **state)
{
    struct bucket_table *table = malloc(sizeof *table);
    (void)state;
    bucket_table_init(table);
    assert_ptr_equal(bucket_table_find(table, bytes_of("abcd", 4)),
                     bucket_table_find(table, bytes_of("abcd", 4)));
    assert_non_null(bucket_table_find(table, (struct bytes){0}));
    free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_bucket_gives_a_minutes_worth_at_once),
        cmocka_unit_test(it_fills_at_its_rate_and_not_beyond),
        cmocka_unit_test(who_waits_as_told_gets_a_token),
        cmocka_unit_test(a_clock_set_back_does_not_lock_out),
        cmocka_unit_test(a_rate_of_zero_never_gives),
        cmocka_unit_test(one_key_has_one_bucket),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
