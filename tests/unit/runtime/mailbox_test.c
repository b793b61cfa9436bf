/* Mailboxes are bounded: who waits for an answer is told, a tell is dropped and counted. */
#include "tests/unit/runtime/toy.h"

#define MAILBOX_MAX 1024 /* the default */
#define TURN_MAX 4096

static struct shard_stats stats_of(const struct small_world *small)
{
    struct shard_stats stats;
    shard_stats(small->shard, &stats);
    return stats;
}

static void push_each(struct message_list *list, struct address to, uint32_t count, int64_t n,
                      bool asked)
{
    for (uint32_t i = 0; i < count; i++) {
        struct command *command = toy_command(to, TOY_BUMP, i);
        ((struct toy_bump_args *)command->args)->n = n;
        if (!asked) {
            command->caller = (struct caller){0};
            command->from = to;
        }
        message_list_push(list, &command->message);
    }
}

static void push_bumps(struct message_list *list, struct address to, uint32_t count, bool asked)
{
    push_each(list, to, count, 1, asked);
}

static void test_a_full_mailbox_drops_tells_and_counts_them(void **state)
{
    (void)state;
    struct small_world small = {0};
    struct message_list list = {0};
    toy_world_start(&small, 1);
    struct address to = toy_address(&small, 0, true), other = toy_address(&small, 1, true);
    push_bumps(&list, to, MAILBOX_MAX + 5, false);
    push_bumps(&list, other, 1, false);
    shard_receive(small.shard, &list);
    assert_int_equal(toy_at(&small, to)->total, MAILBOX_MAX);
    assert_int_equal(toy_at(&small, other)->total, 1); /* its neighbours do not suffer */
    assert_int_equal(stats_of(&small).dropped, 5);
    push_bumps(&list, to, 1, false); /* what was taken made room */
    shard_receive(small.shard, &list);
    assert_int_equal(toy_at(&small, to)->total, MAILBOX_MAX + 1);
    small_fini(&small);
}

static void test_who_asks_a_full_mailbox_hears_that_it_is_busy(void **state)
{
    (void)state;
    struct small_world small = {0};
    struct message_list list = {0};
    toy_world_start(&small, 1);
    struct address to = toy_address(&small, 0, true);
    push_bumps(&list, to, MAILBOX_MAX + 1, true);
    shard_receive(small.shard, &list);
    assert_int_equal(small.replies, 1); /* the others wait for their records */
    assert_int_equal(small.last.error, ERR_BUSY);
    assert_true(small.last.retry_ms > 0);
    assert_int_equal(stats_of(&small).busy, 1);
    assert_int_equal(stats_of(&small).dropped, 0);
    small_commit(&small);
    assert_int_equal(small.replies, MAILBOX_MAX + 1);
    small_fini(&small);
}

static void test_a_turn_ends_however_much_is_waiting(void **state)
{
    (void)state;
    struct small_world small = {0};
    struct message_list list = {0};
    toy_world_start(&small, 1);
    for (uint32_t i = 0; i < 6; i++) {
        push_bumps(&list, toy_address(&small, i, true), 1000, false);
    }
    shard_receive(small.shard, &list);
    assert_int_equal(stats_of(&small).commands, TURN_MAX);
    assert_false(shard_quiet(small.shard));
    shard_tick(small.shard);
    assert_int_equal(stats_of(&small).commands, 6000);
    assert_int_equal(stats_of(&small).dropped, 0);
    small_fini(&small);
}

static void test_an_actor_with_mail_stays_awake(void **state)
{
    (void)state;
    struct small_world small = {0};
    struct message_list list = {0};
    toy_world_start(&small, 1);
    for (uint32_t i = 0; i < 9; i++) {
        /* refused, so nothing else keeps it awake */
        push_each(&list, toy_address(&small, i, true), 1000, TOY_REFUSES, false);
    }
    shard_receive(small.shard, &list);
    small.now_ms += 3600 * 1000;
    shard_tick(small.shard); /* puts away who is idle, after another part of the turn */
    assert_int_equal(stats_of(&small).commands, 2 * TURN_MAX);
    assert_int_equal(stats_of(&small).evictions, 8); /* all but the one whose mail is waiting */
    shard_tick(small.shard);
    assert_int_equal(stats_of(&small).commands, 9000);
    small_fini(&small);
}

/** So that the other shard begins while this one goes on. */
static void test_what_is_for_another_shard_leaves_in_parts_and_in_order(void **state)
{
    (void)state;
    enum { PART = 64, SENT = 2 * PART + 7 };
    struct small_world small = {0};
    toy_world_start(&small, 2);
    struct address there = toy_address(&small, 0, false);
    for (uint32_t i = 0; i < SENT; i++) {
        shard_submit(small.shard, toy_command(there, TOY_BUMP, i));
    }
    assert_int_equal(small.caught.count, 2 * PART);
    small_turn(&small);
    assert_int_equal(small.caught.count, SENT);
    for (uint32_t i = 0; i < SENT; i++) {
        struct message *message = small_caught(&small);
        assert_int_equal(((struct command *)message)->caller.request, i);
        message_destroy(message);
    }
    small_fini(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_mailbox_drops_tells_and_counts_them),
        cmocka_unit_test(test_who_asks_a_full_mailbox_hears_that_it_is_busy),
        cmocka_unit_test(test_a_turn_ends_however_much_is_waiting),
        cmocka_unit_test(test_an_actor_with_mail_stays_awake),
        cmocka_unit_test(test_what_is_for_another_shard_leaves_in_parts_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
