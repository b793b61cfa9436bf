/* What waits for a shard keeps its order, whatever the ring's place and size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "runtime/message_queue.h"

static struct message *message_numbered(uint16_t number)
{
    struct message *message = message_create(MESSAGE_DETACH, sizeof(struct detach), 0);
    message->to_shard = number;
    return message;
}

static void assert_next(struct message_queue *queue, uint16_t number)
{
    struct message *message = message_queue_pop(queue);
    assert_int_equal(message->to_shard, number);
    message_destroy(message);
}

static void test_order_is_kept_while_it_grows_and_wraps(void **state)
{
    (void)state;
    struct message_queue queue = {0};
    uint16_t put = 0, taken = 0;
    for (uint32_t round = 1; round < 200; round++) {
        for (uint32_t i = 0; i < round % 37; i++) {
            message_queue_push(&queue, message_numbered(put++));
        }
        for (uint32_t i = 0; i < round % 29 && queue.count != 0; i++) {
            assert_next(&queue, taken++);
        }
        assert_int_equal(queue.count, put - taken);
    }
    assert_true(queue.cap > 256); /* it has grown, else this says little */
    while (queue.count != 0) {
        assert_next(&queue, taken++);
    }
    assert_int_equal(taken, put);
    message_queue_fini(&queue);
}

static void test_peek_looks_ahead_and_not_beyond_the_end(void **state)
{
    (void)state;
    struct message_queue queue = {0};
    assert_null(message_queue_peek(&queue, 0));
    for (uint16_t i = 0; i < 3; i++) {
        message_queue_push(&queue, message_numbered(i));
    }
    assert_int_equal(message_queue_peek(&queue, 0)->to_shard, 0);
    assert_int_equal(message_queue_peek(&queue, 2)->to_shard, 2);
    assert_null(message_queue_peek(&queue, 3));
    message_queue_fini(&queue); /* destroys the three */
}

static void test_a_list_is_added_in_its_order(void **state)
{
    (void)state;
    struct message_queue queue = {0};
    struct message_list list = {0};
    message_queue_push(&queue, message_numbered(0));
    for (uint16_t i = 1; i < 700; i++) {
        message_list_push(&list, message_numbered(i));
    }
    message_queue_add(&queue, &list);
    assert_int_equal(list.count, 0);
    for (uint16_t i = 0; i < 700; i++) {
        assert_next(&queue, i);
    }
    message_queue_fini(&queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_is_kept_while_it_grows_and_wraps),
        cmocka_unit_test(test_peek_looks_ahead_and_not_beyond_the_end),
        cmocka_unit_test(test_a_list_is_added_in_its_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
