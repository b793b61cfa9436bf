#include "tests/unit/runtime/toy.h"

static struct command *caught_command(struct small_world *small)
{
    struct message *message = small_caught(small);
    assert_non_null(message);
    assert_int_equal(message->type, MESSAGE_COMMAND);
    return (struct command *)message;
}

static struct ack *caught_ack(struct small_world *small)
{
    struct message *message = small_caught(small);
    assert_non_null(message);
    assert_int_equal(message->type, MESSAGE_ACK);
    return (struct ack *)message;
}

static void answer(struct small_world *small, const struct command *command, int error, bool busy)
{
    struct message_list list = {0};
    struct ack *ack = memory_alloc(sizeof *ack);
    ack->message.type = MESSAGE_ACK;
    ack->to = command->from;
    ack->from = command->to;
    ack->incarnation = command->incarnation;
    ack->seq = command->seq;
    ack->error = error;
    ack->busy = busy;
    message_list_push(&list, &ack->message);
    shard_receive(small->shard, &list);
    small_turn(small);
}

/** A reliable command of a sender elsewhere. */
static void take(struct small_world *small, struct address from, struct address to, uint64_t seq,
                 int64_t n, uint8_t life)
{
    struct message_list list = {0};
    struct command *command = command_create(&toy_commands[0], to);
    ((struct toy_bump_args *)command->args)->n = n;
    command->from = from;
    command->seq = seq;
    command->incarnation.bytes[0] = life;
    message_list_push(&list, &command->message);
    shard_receive(small->shard, &list);
    small_turn(small);
}

static void test_a_send_leaves_only_when_its_record_is_durable(void **state)
{
    struct small_world small = {0};
    (void)state;
    toy_world_start(&small, 2);
    struct address a = toy_address(&small, 0, true), b = toy_address(&small, 0, false);
    toy_ask(&small, a, b, 5);
    assert_null(small_caught(&small));
    assert_int_equal(small.replies, 0);
    small_commit(&small);
    struct command *command = caught_command(&small);
    assert_int_equal(command->seq, 1);
    assert_int_equal(small.replies, 1);
    message_destroy(&command->message);
    small_fini(&small);
}

static void test_an_answer_counts_once_however_often_it_comes(void **state)
{
    struct small_world small = {0};
    (void)state;
    toy_world_start(&small, 2);
    struct address a = toy_address(&small, 0, true), b = toy_address(&small, 0, false);
    toy_ask(&small, a, b, 5);
    toy_ask(&small, a, b, 6);
    small_commit(&small);
    struct command *first = caught_command(&small);
    assert_null(small_caught(&small)); /* one at a time per pair */
    answer(&small, first, 0, false);
    answer(&small, first, 0, false);
    small_commit(&small);
    assert_int_equal(toy_at(&small, a)->answers, 1);
    struct command *second = caught_command(&small);
    assert_int_equal(second->seq, 2);
    answer(&small, first, 0, false);
    answer(&small, second, ERR_FORBIDDEN, false);
    answer(&small, second, 0, false);
    small_commit(&small);
    assert_int_equal(toy_at(&small, a)->answers, 2);
    assert_int_equal(toy_at(&small, a)->refused, 1);
    assert_null(small_caught(&small));
    assert_true(outbox_idle(small.shard));
    message_destroy(&first->message);
    message_destroy(&second->message);
    small_fini(&small);
}

static void test_a_busy_receiver_is_asked_again(void **state)
{
    struct small_world small = {0};
    (void)state;
    toy_world_start(&small, 2);
    struct address a = toy_address(&small, 0, true), b = toy_address(&small, 0, false);
    toy_ask(&small, a, b, 5);
    small_commit(&small);
    struct command *command = caught_command(&small);
    answer(&small, command, ERR_BUSY, true);
    shard_tick(small.shard);
    small_turn(&small);
    assert_null(small_caught(&small));
    small.now_ms -= 3600000; /* the clock is set back: the chain goes on all the same */
    for (int ticks = 0; ticks < 10 && small.caught.count == 0; ticks++) {
        shard_tick(small.shard);
        small_turn(&small);
    }
    struct command *again = caught_command(&small);
    assert_int_equal(again->seq, command->seq);
    assert_int_equal(toy_at(&small, a)->answers, 0);
    message_destroy(&command->message);
    message_destroy(&again->message);
    small_fini(&small);
}

static void test_a_send_survives_a_power_cut_until_it_is_answered(void **state)
{
    struct small_world small = {0};
    (void)state;
    toy_world_start(&small, 2);
    struct address a = toy_address(&small, 0, true), b = toy_address(&small, 0, false);
    toy_ask(&small, a, b, 5);
    small_commit(&small);
    toy_ask(&small, a, b, 6); /* never durable */
    for (int cut = 0; cut < 2; cut++) {
        small_power_cut(&small);
        small_start(&small, toy_kinds, 1, 2);
        small_replay(&small);
        if (cut == 1) {
            small_flush_all(&small); /* the row is found in the state as well */
            small_power_cut(&small);
            small_start(&small, toy_kinds, 1, 2);
        }
        shard_start(small.shard, (struct lsn){small.tail});
        small_turn(&small);
        struct command *command = caught_command(&small);
        assert_int_equal(command->seq, 1);
        assert_int_equal(((struct toy_bump_args *)command->args)->n, 5);
        assert_null(small_caught(&small));
        if (cut == 1) {
            answer(&small, command, 0, false);
            small_commit(&small);
            assert_int_equal(toy_at(&small, a)->answers, 1);
        }
        message_destroy(&command->message);
    }
    small_fini(&small);
}

static void test_a_command_is_taken_once_and_answered_as_often_as_it_comes(void **state)
{
    struct small_world small = {0};
    (void)state;
    toy_world_start(&small, 2);
    struct address to = toy_address(&small, 0, true), from = toy_address(&small, 0, false);
    for (int i = 0; i < 3; i++) {
        take(&small, from, to, 1, 5, 1);
        if (i == 0) {
            assert_null(small_caught(&small)); /* the receipt is not durable yet */
        }
        small_commit(&small);
        struct ack *ack = caught_ack(&small);
        assert_int_equal(ack->error, 0);
        assert_true(ack->has_result);
        assert_int_equal(toy_at(&small, to)->total, 5);
        message_destroy(&ack->message);
    }
    take(&small, from, to, 3, 5, 1); /* not the next one */
    small_commit(&small);
    assert_null(small_caught(&small));
    take(&small, from, to, 2, 7, 1);
    take(&small, from, to, 1, 9, 2); /* another life of the sender */
    small_commit(&small);
    assert_int_equal(toy_at(&small, to)->total, 21);
    small_fini(&small);
}

static void test_a_refusal_is_a_receipt_too(void **state)
{
    struct small_world small = {0};
    (void)state;
    toy_world_start(&small, 2);
    struct address to = toy_address(&small, 0, true), from = toy_address(&small, 0, false);
    for (int i = 0; i < 2; i++) {
        take(&small, from, to, 1, i == 0 ? TOY_REFUSES : 5, 1);
        small_commit(&small);
        struct ack *ack = caught_ack(&small);
        assert_int_equal(ack->error, ERR_FORBIDDEN);
        assert_false(ack->busy);
        message_destroy(&ack->message);
    }
    assert_int_equal(toy_at(&small, to)->total, 0);
    small_fini(&small);
}

static void test_a_full_disk_refuses_for_now_only(void **state)
{
    struct small_world small = {0};
    (void)state;
    toy_world_start(&small, 2);
    struct address to = toy_address(&small, 0, true), from = toy_address(&small, 0, false);
    small.full = true;
    take(&small, from, to, 1, 5, 1);
    struct ack *ack = caught_ack(&small);
    assert_true(ack->busy);
    message_destroy(&ack->message);
    small.full = false;
    take(&small, from, to, 1, 5, 1);
    small_commit(&small);
    ack = caught_ack(&small);
    assert_false(ack->busy);
    assert_int_equal(ack->error, 0);
    message_destroy(&ack->message);
    small_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_send_leaves_only_when_its_record_is_durable),
        cmocka_unit_test(test_an_answer_counts_once_however_often_it_comes),
        cmocka_unit_test(test_a_busy_receiver_is_asked_again),
        cmocka_unit_test(test_a_send_survives_a_power_cut_until_it_is_answered),
        cmocka_unit_test(test_a_command_is_taken_once_and_answered_as_often_as_it_comes),
        cmocka_unit_test(test_a_refusal_is_a_receipt_too),
        cmocka_unit_test(test_a_full_disk_refuses_for_now_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
