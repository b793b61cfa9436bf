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

/* --- answers that take a chain --- */

/** Asks for a chain under a key, without a turn. */
static void lead_keyed(struct small_world *small, int64_t n, uint8_t key, uint32_t request)
{
    struct command *command = toy_command(toy_address(small, 0, true), TOY_LEAD, request);
    struct toy_relay_args *args = command->args;
    args->to = toy_address(small, 1, true).id;
    args->n = n;
    command_origin(command)->keyed = true;
    command->origin->request_key.bytes[0] = key;
    command->origin->request_hash.bytes[0] = (uint8_t)n;
    shard_submit(small->shard, command);
}

static void settle(struct small_world *small)
{
    for (int i = 0; i < 10; i++) {
        small_commit(small);
    }
}

/** What the one that was asked has counted. */
static int64_t counted(struct small_world *small)
{
    return toy_at(small, toy_address(small, 1, true))->total;
}

static void test_two_at_once_are_one_chain_with_two_answers(void **state)
{
    (void)state;
    for (int between = 0; between < 5; between++) {
        struct small_world small = {0};
        toy_world_start(&small, 1);
        lead_keyed(&small, 5, 1, 1);
        for (int i = 0; i < between; i++) {
            small_commit(&small);
        }
        lead_keyed(&small, 5, 1, 2);
        settle(&small);
        assert_int_equal(small.replies, 2);
        assert_int_equal(small.last.caller.request, 2);
        assert_int_equal(small.last.error, 0);
        assert_int_equal(counted(&small), TOY_LED + 5);
        small_fini(&small);
    }
}

static void test_other_content_is_a_conflict_while_the_chain_goes_on(void **state)
{
    struct small_world small = {0};
    (void)state;
    toy_world_start(&small, 1);
    lead_keyed(&small, 5, 1, 1);
    small_commit(&small);
    lead_keyed(&small, 6, 1, 2);
    small_commit(&small);
    assert_int_equal(small.last.caller.request, 2);
    assert_int_equal(small.last.error, ERR_IDEMPOTENCY_CONFLICT);
    settle(&small);
    assert_int_equal(small.replies, 2);
    assert_int_equal(counted(&small), TOY_LED + 5);
    small_fini(&small);
}

static void test_a_chain_that_is_refused_gives_its_key_back(void **state)
{
    struct small_world small = {0};
    (void)state;
    toy_world_start(&small, 1);
    lead_keyed(&small, TOY_REFUSES, 1, 1);
    settle(&small);
    assert_int_equal(small.last.error, ERR_FORBIDDEN);
    lead_keyed(&small, 5, 1, 2);
    settle(&small);
    assert_int_equal(small.last.error, 0);
    assert_int_equal(counted(&small), TOY_LED + 5);
    small_fini(&small);
}

/** Whenever the power goes, the chain ends once, and its key stands for it. */
static void test_a_chain_keeps_its_key_through_a_power_cut(void **state)
{
    (void)state;
    for (int commits = 1; commits < 6; commits++) {
        for (int flushed = 0; flushed < 2; flushed++) {
            struct small_world small = {0};
            toy_world_start(&small, 1);
            lead_keyed(&small, 5, 1, 1);
            for (int i = 0; i < commits; i++) {
                small_commit(&small);
            }
            small_power_cut(&small);
            small_start(&small, toy_kinds, 1, 1);
            small_replay(&small);
            if (flushed == 1) {
                small_flush_all(&small);
                small_power_cut(&small);
                small_start(&small, toy_kinds, 1, 1);
            }
            shard_start(small.shard, (struct lsn){small.tail});
            uint32_t replies = small.replies;
            lead_keyed(&small, 5, 1, 2);
            lead_keyed(&small, 6, 1, 3);
            settle(&small);
            assert_int_equal(small.replies, replies + 2);
            assert_int_equal(counted(&small), TOY_LED + 5);
            lead_keyed(&small, 6, 1, 4);
            settle(&small);
            assert_int_equal(small.last.error, ERR_IDEMPOTENCY_CONFLICT);
            small_fini(&small);
        }
    }
}

static void test_a_key_lasts_a_day_from_its_answer_on(void **state)
{
    struct small_world small = {0};
    (void)state;
    toy_world_start(&small, 1);
    lead_keyed(&small, 5, 1, 1);
    small_commit(&small); /* taken now … */
    small.now_ms += DAY_MS - 1000;
    settle(&small); /* … answered almost a day later */
    assert_int_equal(small.replies, 1);
    small.now_ms += 5000;
    say_keyed(&small, toy_address(&small, 0, true), 3, 2, 2); /* takes expired ones away */
    lead_keyed(&small, 5, 1, 3);
    settle(&small);
    assert_int_equal(small.last.error, 0);
    assert_int_equal(counted(&small), TOY_LED + 5);
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
        cmocka_unit_test(test_two_at_once_are_one_chain_with_two_answers),
        cmocka_unit_test(test_other_content_is_a_conflict_while_the_chain_goes_on),
        cmocka_unit_test(test_a_chain_that_is_refused_gives_its_key_back),
        cmocka_unit_test(test_a_chain_keeps_its_key_through_a_power_cut),
        cmocka_unit_test(test_a_key_lasts_a_day_from_its_answer_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
