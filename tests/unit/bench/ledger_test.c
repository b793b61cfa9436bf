#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/ledger.h"

/* A sender, the partner's view of the stream, and what was found wrong. */
struct chat {
    struct ledger ledger;
    struct view view;
    struct tally tally;
};

static struct chat begin(uint64_t head)
{
    struct chat chat = {0};
    view_init(&chat.view, head);
    return chat;
}

static struct tally end(struct chat *chat)
{
    ledger_finish(&chat->ledger, &chat->tally);
    view_finish(&chat->view, &chat->tally);
    ledger_fini(&chat->ledger);
    view_fini(&chat->view);
    return chat->tally;
}

static void send(struct chat *chat, int count)
{
    for (int i = 0; i < count; i++) {
        ledger_sent(&chat->ledger, 1000 + i, &chat->tally);
    }
}

static void acked(struct chat *chat, uint64_t number, uint64_t seq)
{
    ledger_acked(&chat->ledger, number, seq, seq, &chat->tally);
}

static void pushed(struct chat *chat, uint64_t number, uint64_t seq)
{
    ledger_delivered(&chat->ledger, number, seq, seq, &chat->tally);
    view_saw(&chat->view, seq, true, &chat->tally);
}

static void acks_and_pushes_in_either_order_are_good(void **state)
{
    (void)state;
    struct chat chat = begin(7);
    for (uint64_t number = 0; number < 1000; number++) {
        send(&chat, 1);
        assert_int_equal(ledger_sent_at(&chat.ledger, number), 1000);
        if (number % 2) {
            acked(&chat, number, number + 8);
            pushed(&chat, number, number + 8);
        } else {
            pushed(&chat, number, number + 8);
            acked(&chat, number, number + 8);
        }
    }
    assert_int_equal(ledger_open(&chat.ledger), 0);
    struct tally tally = end(&chat);
    assert_false(tally_is_bad(&tally));
    assert_int_equal(tally.acked, 1000);
    assert_int_equal(tally.delivered, 1000);
}

static void late_acks_keep_a_growing_window_open(void **state)
{
    (void)state;
    struct chat chat = begin(0);
    send(&chat, 5000);
    for (uint64_t number = 0; number < 5000; number++) {
        pushed(&chat, number, number + 1);
    }
    for (uint64_t number = 5000; number-- > 0;) {
        acked(&chat, number, number + 1);
    }
    struct tally tally = end(&chat);
    assert_false(tally_is_bad(&tally));
}

static void own_responses_fill_the_stream_between_pushes(void **state)
{
    (void)state;
    struct chat chat = begin(0);
    view_saw(&chat.view, 1, true, &chat.tally);
    view_saw(&chat.view, 4, true, &chat.tally); /* pushes overtook the responses for 2 and 3 */
    view_saw(&chat.view, 3, false, &chat.tally);
    view_saw(&chat.view, 2, false, &chat.tally);
    for (uint64_t seq = 5000; seq > 4; seq--) {
        view_saw(&chat.view, seq, false, &chat.tally);
    }
    struct tally tally = end(&chat);
    assert_false(tally_is_bad(&tally));
    assert_int_equal(chat.view.next, 5001);
}

static void an_acknowledged_message_never_delivered_is_lost(void **state)
{
    (void)state;
    struct chat chat = begin(0);
    send(&chat, 3);
    for (uint64_t number = 0; number < 3; number++) {
        acked(&chat, number, number + 1);
    }
    pushed(&chat, 0, 1);
    pushed(&chat, 2, 3);
    struct tally tally = end(&chat);
    assert_int_equal(tally.lost, 1);
    assert_int_equal(tally.gaps, 1);
    assert_true(tally_is_bad(&tally));
}

static void a_message_delivered_twice_is_doubled(void **state)
{
    (void)state;
    struct chat chat = begin(0);
    send(&chat, 2);
    acked(&chat, 0, 1);
    pushed(&chat, 0, 1);
    ledger_delivered(&chat.ledger, 0, 1, 1, &chat.tally); /* settled */
    pushed(&chat, 1, 2);
    ledger_delivered(&chat.ledger, 1, 2, 2, &chat.tally); /* still open */
    acked(&chat, 1, 2);
    acked(&chat, 1, 2);
    view_saw(&chat.view, 2, false, &chat.tally);
    struct tally tally = end(&chat);
    assert_int_equal(tally.doubled, 4);
    assert_int_equal(tally.delivered, 2);
}

static void messages_out_of_order_are_noticed(void **state)
{
    (void)state;
    struct chat chat = begin(0);
    send(&chat, 2);
    pushed(&chat, 1, 1); /* the second message was placed first */
    pushed(&chat, 0, 2);
    acked(&chat, 0, 2);
    acked(&chat, 1, 1);
    struct tally tally = end(&chat);
    assert_int_equal(tally.disordered, 1);

    chat = begin(0);
    send(&chat, 2);
    pushed(&chat, 0, 2); /* pushes against the stream's order */
    pushed(&chat, 1, 1);
    tally = end(&chat);
    assert_int_equal(tally.disordered, 1);
}

static void response_and_push_must_agree_on_the_place(void **state)
{
    (void)state;
    struct chat chat = begin(0);
    send(&chat, 1);
    acked(&chat, 0, 2);
    pushed(&chat, 0, 1);
    struct tally tally = end(&chat);
    assert_int_equal(tally.disordered, 1);
}

static void refused_messages_are_settled_and_must_not_appear(void **state)
{
    (void)state;
    struct chat chat = begin(0);
    send(&chat, 3);
    ledger_refused(&chat.ledger, 1, &chat.tally);
    acked(&chat, 0, 1);
    pushed(&chat, 0, 1);
    acked(&chat, 2, 2);
    pushed(&chat, 2, 2);
    assert_int_equal(ledger_open(&chat.ledger), 0);
    assert_false(tally_is_bad(&chat.tally));
    assert_int_equal(chat.tally.refused, 1);
    ledger_delivered(&chat.ledger, 9, 3, 3, &chat.tally);
    struct tally tally = end(&chat);
    assert_int_equal(tally.unexpected, 1);
}

static void silence_is_counted(void **state)
{
    (void)state;
    struct chat chat = begin(0);
    send(&chat, 2);
    pushed(&chat, 0, 1);
    struct tally tally = end(&chat);
    assert_int_equal(tally.unanswered, 2);
    assert_int_equal(tally.lost, 0);
}

static void request_ids_wrap_around(void **state)
{
    (void)state;
    struct ledger ledger = {.tail = 0xfffffffe, .head = 0x100000002};
    assert_true(ledger_number_of(&ledger, 0xffffffff, UINT32_MAX) == 0xffffffff);
    assert_true(ledger_number_of(&ledger, 1, UINT32_MAX) == 0x100000001);
}

static void shorter_ids_wrap_around_as_well(void **state)
{
    (void)state;
    struct ledger ledger = {.tail = 0x17ffe, .head = 0x18003};
    assert_true(ledger_number_of(&ledger, 0x7ffe, 0x7fff) == 0x17ffe);
    assert_true(ledger_number_of(&ledger, 2, 0x7fff) == 0x18002);
}

static void what_was_seen_before_a_reconnect_may_come_again_once(void **state)
{
    (void)state;
    struct tally tally = {0};
    struct view view;
    view_init(&view, 10);
    view_saw(&view, 11, true, &tally);
    view_saw(&view, 13, true, &tally); /* 12 is its own: the answer is lost with the connection */
    assert_int_equal(view_resume(&view), 11);
    assert_false(view_passes_over(&view, 12)); /* the replay brings it … */
    view_saw(&view, 12, true, &tally);
    assert_true(view_passes_over(&view, 13)); /* … and the partner's again */
    assert_false(view_passes_over(&view, 13));
    assert_false(tally_is_bad(&tally));
    view_saw(&view, 13, true, &tally); /* but not twice */
    assert_int_equal(tally.doubled, 1);
    view_fini(&view);
}

static void a_gap_after_a_reconnect_is_noticed(void **state)
{
    (void)state;
    struct tally tally = {0};
    struct view view;
    view_init(&view, 0);
    view_saw(&view, 1, true, &tally);
    assert_int_equal(view_resume(&view), 1);
    view_saw(&view, 3, true, &tally);
    view_finish(&view, &tally);
    assert_int_equal(tally.gaps, 1);
    view_fini(&view);
}

static void only_what_was_not_answered_may_be_sent_again(void **state)
{
    (void)state;
    struct chat chat = begin(0);
    send(&chat, 2);
    acked(&chat, 0, 1);
    assert_false(ledger_unanswered(&chat.ledger, 0));
    assert_true(ledger_unanswered(&chat.ledger, 1));
    assert_false(ledger_unanswered(&chat.ledger, 2));
    (void)end(&chat);
}

static void tallies_add_up_in_every_count(void **state)
{
    (void)state;
    const struct tally more = {.sent = 1,
                               .acked = 2,
                               .delivered = 3,
                               .refused = 4,
                               .lost = 5,
                               .unanswered = 6,
                               .doubled = 7,
                               .disordered = 8,
                               .gaps = 9,
                               .unexpected = 10};
    struct tally sum = {0};
    tally_add(&sum, &more);
    assert_memory_equal(&sum, &more, sizeof sum);
    tally_add(&sum, &more);
    assert_int_equal(sum.sent, 2);
    assert_int_equal(sum.unexpected, 20);
    assert_true(tally_is_bad(&sum));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acks_and_pushes_in_either_order_are_good),
        cmocka_unit_test(late_acks_keep_a_growing_window_open),
        cmocka_unit_test(own_responses_fill_the_stream_between_pushes),
        cmocka_unit_test(an_acknowledged_message_never_delivered_is_lost),
        cmocka_unit_test(a_message_delivered_twice_is_doubled),
        cmocka_unit_test(messages_out_of_order_are_noticed),
        cmocka_unit_test(response_and_push_must_agree_on_the_place),
        cmocka_unit_test(refused_messages_are_settled_and_must_not_appear),
        cmocka_unit_test(silence_is_counted),
        cmocka_unit_test(request_ids_wrap_around),
        cmocka_unit_test(shorter_ids_wrap_around_as_well),
        cmocka_unit_test(what_was_seen_before_a_reconnect_may_come_again_once),
        cmocka_unit_test(a_gap_after_a_reconnect_is_noticed),
        cmocka_unit_test(only_what_was_not_answered_may_be_sent_again),
        cmocka_unit_test(tallies_add_up_in_every_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
