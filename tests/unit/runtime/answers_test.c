#include "tests/unit/runtime/toy.h"

#define DAY_MS (24LL * 3600 * 1000)

static void say_keyed(struct small_world *small, struct address to, int64_t n, uint8_t key,
                      uint32_t request)
{
    struct command *command = toy_command(to, TOY_BUMP, request);
    ((struct toy_bump_args *)command->args)->n = n;
    command_origin(command)->keyed = true;
    command->origin->request_key.bytes[0] = key;
    command->origin->request_hash.bytes[0] = (uint8_t)n;
    shard_submit(small->shard, command);
    small_commit(small);
}

static void test_the_same_key_gets_the_first_answer(void **state)
{
    struct small_world small = {0};
    struct buffer first = {0};
    (void)state;
    toy_world_start(&small, 1);
    struct address to = toy_address(&small, 0, true);
    say_keyed(&small, to, 5, 1, 1);
    buffer_append(&first, small.last_result.data, small.last_result.len);
    say_keyed(&small, to, 5, 1, 2);
    assert_int_equal(small.replies, 2);
    assert_int_equal(small.last.caller.request, 2);
    assert_int_equal(small.last.error, 0);
    assert_memory_equal(small.last_result.data, first.data, first.len);
    assert_int_equal(toy_at(&small, to)->total, 5);
    say_keyed(&small, to, 5, 2, 3); /* another key is another request */
    assert_int_equal(toy_at(&small, to)->total, 10);
    buffer_fini(&first);
    small_fini(&small);
}

static void test_the_same_key_with_other_content_is_a_conflict(void **state)
{
    struct small_world small = {0};
    (void)state;
    toy_world_start(&small, 1);
    struct address to = toy_address(&small, 0, true);
    say_keyed(&small, to, 5, 1, 1);
    say_keyed(&small, to, 6, 1, 2);
    assert_int_equal(small.last.error, ERR_IDEMPOTENCY_CONFLICT);
    assert_int_equal(toy_at(&small, to)->total, 5);
    small_fini(&small);
}

static void test_an_error_consumes_no_key(void **state)
{
    struct small_world small = {0};
    (void)state;
    toy_world_start(&small, 1);
    struct address to = toy_address(&small, 0, true);
    say_keyed(&small, to, TOY_REFUSES, 1, 1);
    assert_int_equal(small.last.error, ERR_FORBIDDEN);
    say_keyed(&small, to, 5, 1, 2);
    assert_int_equal(small.last.error, 0);
    assert_int_equal(toy_at(&small, to)->total, 5);
    small_fini(&small);
}

static void test_an_answer_waits_until_what_it_repeats_is_durable(void **state)
{
    struct small_world small = {0};
    (void)state;
    toy_world_start(&small, 1);
    struct address to = toy_address(&small, 0, true);
    for (uint32_t i = 1; i <= 2; i++) {
        struct command *command = toy_command(to, TOY_BUMP, i);
        ((struct toy_bump_args *)command->args)->n = 5;
        command_origin(command)->keyed = true;
        command->origin->request_key.bytes[0] = 1;
        shard_submit(small.shard, command);
        small_turn(&small);
    }
    assert_int_equal(small.replies, 0);
    small_commit(&small);
    assert_int_equal(small.replies, 2);
    assert_int_equal(toy_at(&small, to)->total, 5);
    small_fini(&small);
}

static void test_answers_survive_a_power_cut_and_last_a_day(void **state)
{
    struct small_world small = {0};
    (void)state;
    toy_world_start(&small, 1);
    struct address to = toy_address(&small, 0, true);
    say_keyed(&small, to, 5, 1, 1);
    small_power_cut(&small);
    small_start(&small, toy_kinds, 1, 1);
    small_replay(&small);
    small_flush_all(&small);
    small_power_cut(&small);
    small.now_ms += DAY_MS - 1000;
    toy_world_start(&small, 1);
    say_keyed(&small, to, 5, 1, 2);
    assert_int_equal(toy_at(&small, to)->total, 5);
    say_keyed(&small, to, 7, 2, 3);
    say_keyed(&small, to, 5, 1, 4);
    assert_int_equal(toy_at(&small, to)->total, 12);
    small.now_ms += DAY_MS; /* every record with a key takes two expired answers away */
    say_keyed(&small, to, 9, 3, 5);
    say_keyed(&small, to, 5, 1, 6);
    assert_int_equal(toy_at(&small, to)->total, 26);
    small_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_same_key_gets_the_first_answer),
        cmocka_unit_test(test_the_same_key_with_other_content_is_a_conflict),
        cmocka_unit_test(test_an_error_consumes_no_key),
        cmocka_unit_test(test_an_answer_waits_until_what_it_repeats_is_durable),
        cmocka_unit_test(test_answers_survive_a_power_cut_and_last_a_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
