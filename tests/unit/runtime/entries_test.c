#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "runtime/entries.h"
#include "runtime/message.h"
#include "wire/codec.h"

static void test_entries_come_back_in_order(void **state)
{
    struct buffer payload = {0};
    struct entry entry;
    struct arena arena = {0};
    struct field_fault fault;
    struct entry_send send = {
        .to_kind = 2, .seq = 3, .code = 65535, .args = bytes_of("\0x", 2), .to_id = {{1}}};
    struct entry_timer timer = {.timer = 4294967295, .due_at = 17, .has_due_at = true}, clear = {0};
    struct entry_send sent;
    struct entry_timer set;
    (void)state;
    entry_append(&payload, ENTRY_SEND, 0, 0, &entry_send_type, &send);
    entry_append(&payload, ENTRY_TIMER_SET, 0, 0, &entry_timer_type, &timer);
    entry_append(&payload, ENTRY_EVENT, 7, 2, &entry_timer_type, &clear);
    struct bytes rest = buffer_bytes(&payload);
    assert_int_equal(entry_next(&rest, &entry), 0);
    assert_int_equal(entry.type, ENTRY_SEND);
    assert_int_equal(
        record_decode(entry_record(entry.type), RECORD_AS_ARRAY, entry.body, &arena, &sent, &fault),
        0);
    assert_int_equal(sent.code, 65535);
    assert_true(id_equal(sent.to_id, send.to_id));
    assert_true(bytes_equal(sent.args, send.args));
    assert_int_equal(entry_next(&rest, &entry), 0);
    assert_int_equal(
        record_decode(entry_record(entry.type), RECORD_AS_ARRAY, entry.body, &arena, &set, &fault),
        0);
    assert_int_equal(set.timer, timer.timer);
    assert_int_equal(entry_next(&rest, &entry), 0);
    assert_int_equal(entry.type, ENTRY_EVENT);
    assert_int_equal(entry.tag, 7);
    assert_int_equal(entry.version, 2);
    assert_null(entry_record(entry.type));
    assert_int_equal(entry_next(&rest, &entry), ERR_END);
    arena_fini(&arena);
    buffer_fini(&payload);
}

static void test_every_torn_payload_is_corrupt(void **state)
{
    struct buffer payload = {0};
    struct entry_timer timer = {.timer = 1};
    struct entry entry;
    (void)state;
    entry_append(&payload, ENTRY_TIMER_CLEAR, 0, 0, &entry_timer_type, &timer);
    for (size_t len = 1; len < payload.len; len++) {
        struct bytes rest = bytes_of(payload.data, len);
        assert_int_equal(entry_next(&rest, &entry), ERR_CORRUPT);
    }
    static const uint8_t unknown[] = {0, ENTRY_TYPE_END, 255};
    for (size_t i = 0; i < sizeof unknown; i++) {
        payload.data[0] = unknown[i];
        struct bytes rest = buffer_bytes(&payload);
        assert_int_equal(entry_next(&rest, &entry), ERR_CORRUPT);
    }
    buffer_fini(&payload);
}

static struct message *message_numbered(uint16_t number)
{
    struct detach *detach = memory_alloc(sizeof *detach);
    detach->message.type = MESSAGE_DETACH;
    detach->message.to_shard = number;
    return &detach->message;
}

static void test_lists_are_first_in_first_out_however_they_are_joined(void **state)
{
    struct message_list list = {0}, other = {0};
    struct message *message;
    uint16_t next = 0, expected = 0;
    (void)state;
    assert_null(message_list_pop(&list));
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < round % 4; i++) {
            message_list_push(&other, message_numbered(next++));
        }
        message_list_splice(&list, &other);
        assert_int_equal(other.count, 0);
        assert_null(other.head);
        if (round % 3 != 0 && (message = message_list_pop(&list)) != NULL) {
            assert_int_equal(message->to_shard, expected++);
            message_destroy(message);
        }
        assert_int_equal(list.count, next - expected);
    }
    while ((message = message_list_pop(&list)) != NULL) {
        assert_int_equal(message->to_shard, expected++);
        message_destroy(message);
    }
    assert_int_equal(expected, next);
    assert_null(list.tail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_come_back_in_order),
        cmocka_unit_test(test_every_torn_payload_is_corrupt),
        cmocka_unit_test(test_lists_are_first_in_first_out_however_they_are_joined),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
