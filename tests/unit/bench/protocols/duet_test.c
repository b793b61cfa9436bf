#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/protocol.h"
#include "wire/frame.h"

#define MASK_AND_HEAD_SHORT 6
#define MASK_AND_HEAD_LONG 8

static const uint8_t some_id[ID_BYTES] = {9};

static struct chat_text some_text(void)
{
    return (struct chat_text){
        .couple = 0xabcdef, .side = 1, .number = 0x123456789abcdef, .at_us = 0x7777};
}

static void a_frame_is_the_request_that_the_protocol_wants(void **state)
{
    (void)state;
    static const size_t sizes[] = {CHAT_TEXT_BYTES_MIN, 200, 255, 256, CHAT_TEXT_BYTES_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct chat_template template = {0};
        struct buffer out = {0};
        struct chat_text text = some_text();
        duet_protocol.template_init(&template, sizes[i], 0);
        duet_protocol.append(&template, 0xfffffff0, 1234567890123, &text, &out);
        size_t head = out.data[1] == (0x80 | 126) ? MASK_AND_HEAD_LONG : MASK_AND_HEAD_SHORT;

        struct frame_reader reader;
        struct rpc_request request;
        frame_reader_init(&reader, bytes_of(out.data + head, out.len - head));
        assert_int_equal(frame_reader_next(&reader, &request), 0);
        assert_int_equal(request.error, 0);
        assert_int_equal(request.id, 0xfffffff0);
        assert_true(bytes_equal(request.op, text_of("chat.send")));

        struct cursor args = cursor_of(request.args);
        assert_int_equal(cursor_map(&args), 2);
        assert_true(bytes_equal(cursor_text(&args), text_of("no")));
        assert_true(cursor_int(&args) == 1234567890123);
        assert_true(bytes_equal(cursor_text(&args), text_of("text")));
        struct chat_text read;
        assert_int_equal(chat_text_parse(cursor_text(&args), sizes[i], &read), 0);
        assert_int_equal(read.couple, text.couple);
        assert_int_equal(read.side, text.side);
        assert_true(read.number == text.number);
        assert_true(read.at_us == text.at_us);
        buffer_fini(&out);
        chat_template_fini(&template);
    }
}

static void texts_of_others_are_refused(void **state)
{
    (void)state;
    struct chat_text read;
    char text[] = "duet 00000001 1 0000000000000002 0000000000000003 ";
    assert_int_equal(chat_text_parse(text_of(text), CHAT_TEXT_BYTES_MIN, &read), 0);
    assert_int_not_equal(chat_text_parse(text_of(text), CHAT_TEXT_BYTES_MIN + 1, &read), 0);
    text[20] = 'g';
    assert_int_not_equal(chat_text_parse(text_of(text), CHAT_TEXT_BYTES_MIN, &read), 0);
    text[20] = '0';
    text[0] = 'x';
    assert_int_not_equal(chat_text_parse(text_of(text), CHAT_TEXT_BYTES_MIN, &read), 0);
}

static void put_name(struct buffer *out, const char *name)
{
    pack_text(out, text_of(name));
}

static void append_response(struct buffer *out, uint32_t id, int64_t seq, int64_t msg)
{
    struct buffer result = {0};
    pack_map(&result, 5);
    put_name(&result, "epoch");
    pack_bin(&result, bytes_of(some_id, sizeof some_id));
    put_name(&result, "seq");
    pack_int(&result, seq);
    put_name(&result, "msg");
    pack_int(&result, msg);
    put_name(&result, "at");
    pack_int(&result, 1767225600000);
    put_name(&result, "later_field");
    pack_array(&result, 1);
    pack_map(&result, 0);
    frame_append_result(out, id, buffer_bytes(&result));
    buffer_fini(&result);
}

static void append_push(struct buffer *out, const char *topic, const char *type, uint64_t seq)
{
    struct buffer data = {0};
    struct buffer body = {0};
    pack_map(&data, 3);
    put_name(&data, "msg");
    pack_int(&data, 70000);
    put_name(&data, "from");
    pack_bin(&data, bytes_of(some_id, sizeof some_id));
    put_name(&data, "text");
    put_name(&data, "hello");
    struct stream_body entry = {
        .seq = seq, .type = text_of(type), .at_ms = 5, .data = buffer_bytes(&data)};
    frame_append_stream_body(&body, &entry);
    frame_append_push(out, topic, buffer_bytes(&body));
    buffer_fini(&data);
    buffer_fini(&body);
}

static void everything_a_server_says_is_told_apart(void **state)
{
    (void)state;
    struct buffer wire = {0};
    struct chat_incoming in;
    struct rpc_error busy = {.code = ERR_BUSY, .retry_ms = 9};
    append_response(&wire, 4000000000u, 5000000000, 300);
    append_push(&wire, "couple", "chat.message", 77);
    append_push(&wire, "couple", "chat.read", 78);
    append_push(&wire, "user", "couple.matched", 3);
    frame_append_error(&wire, 12, &busy);
    struct bytes input = buffer_bytes(&wire);

    assert_int_equal(duet_protocol.next(NULL, &input, &in), 1);
    assert_int_equal(in.type, CHAT_ACKED);
    assert_true(in.id == 4000000000u && in.seq == 5000000000 && in.msg == 300 && !in.dup);
    assert_int_equal(duet_protocol.next(NULL, &input, &in), 1);
    assert_int_equal(in.type, CHAT_MESSAGE);
    assert_true(in.seq == 77 && in.msg == 70000 && bytes_equal(in.text, text_of("hello")));
    assert_int_equal(duet_protocol.next(NULL, &input, &in), 1);
    assert_int_equal(in.type, CHAT_ENTRY);
    assert_int_equal(in.seq, 78);
    assert_int_equal(duet_protocol.next(NULL, &input, &in), 1);
    assert_int_equal(in.type, CHAT_OTHER);
    assert_int_equal(duet_protocol.next(NULL, &input, &in), 1);
    assert_int_equal(in.type, CHAT_REFUSED);
    assert_true(in.id == 12 && in.error == ERR_BUSY);
    assert_int_equal(duet_protocol.next(NULL, &input, &in), 0);
    buffer_fini(&wire);
}

static void a_cut_message_is_malformed_and_nothing_is_read_beyond(void **state)
{
    (void)state;
    struct buffer wire = {0};
    append_response(&wire, 1, 2, 3);
    size_t response_len = wire.len;
    append_push(&wire, "couple", "chat.message", 4);
    for (size_t len = 1; len < wire.len; len++) {
        uint8_t *copy = memory_copy(wire.data, len);
        struct bytes input = bytes_of(copy, len);
        struct chat_incoming in;
        if (len > response_len) {
            assert_int_equal(duet_protocol.next(NULL, &input, &in), 1);
        }
        if (len != response_len) {
            assert_true(duet_protocol.next(NULL, &input, &in) < 0);
        }
        free(copy);
    }
    buffer_fini(&wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_the_request_that_the_protocol_wants),
        cmocka_unit_test(texts_of_others_are_refused),
        cmocka_unit_test(everything_a_server_says_is_told_apart),
        cmocka_unit_test(a_cut_message_is_malformed_and_nothing_is_read_beyond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
