#include "tests/unit/wire/test.h"

#include <jansson.h>
#include <sodium.h>

#include "tests/unit/wire/all_kinds.h"
#include "wire/frame.h"

static int first(struct bytes in, struct rpc_request *out, int *close_code)
{
    struct frame_reader reader;
    frame_reader_init(&reader, in);
    int status = frame_reader_next(&reader, out);
    *close_code = reader.close_code;
    return status;
}

static int first_json(const char *text, struct rpc_request *out, int *close_code)
{
    struct frame_json_reader reader;
    frame_json_reader_init(&reader, text_of(text));
    int status = frame_json_reader_next(&reader, out);
    *close_code = reader.close_code;
    frame_json_reader_fini(&reader);
    return status;
}

static void requests_are_read_one_after_another(void **state)
{
    (void)state;
    struct leaf leaf = {.after = 5};
    struct buffer message = {0};
    for (uint32_t i = 0; i < FRAME_MESSAGES_MAX; i++) {
        frame_append_request(&message, i, "chat.send", &leaf_type, &leaf,
                             i % 2 == 0 ? BYTES("k-1") : (struct bytes){0});
    }
    struct frame_reader reader;
    struct rpc_request request;
    struct bytes copy = tight_copy(buffer_bytes(&message));
    frame_reader_init(&reader, copy);
    for (uint32_t i = 0; i < FRAME_MESSAGES_MAX; i++) {
        assert_int_equal(frame_reader_next(&reader, &request), 0);
        assert_int_equal(request.error, 0);
        assert_int_equal(request.id, i);
        assert_bytes(request.op, BYTES("chat.send"));
        assert_bytes(request.args, BYTES("\x81\xa5"
                                         "after\x05"));
        assert_int_equal(request.meta.key.len, i % 2 == 0 ? 3 : 0);
    }
    assert_int_equal(frame_reader_next(&reader, &request), ERR_END);
    assert_int_equal(frame_reader_next(&reader, &request), ERR_END);
    tight_free(copy);
    frame_append_request(&message, 64, "chat.send", &leaf_type, &leaf, (struct bytes){0});
    frame_reader_init(&reader, buffer_bytes(&message));
    for (uint32_t i = 0; i < FRAME_MESSAGES_MAX; i++) {
        assert_int_equal(frame_reader_next(&reader, &request), 0);
    }
    assert_int_equal(frame_reader_next(&reader, &request), ERR_MALFORMED);
    assert_int_equal(reader.close_code, 1002);
    buffer_fini(&message);
}

static void what_came_before_bad_bytes_stands(void **state)
{
    (void)state;
    struct frame_reader reader;
    struct rpc_request request;
    frame_reader_init(&reader, BYTES("\x94\x00\x07\xa4ping\x80\x94\x00\x08\xa4pi"));
    assert_int_equal(frame_reader_next(&reader, &request), 0);
    assert_int_equal(request.id, 7);
    assert_int_equal(frame_reader_next(&reader, &request), ERR_MALFORMED);
    assert_int_equal(reader.close_code, 1007);
    assert_int_equal(frame_reader_next(&reader, &request), ERR_MALFORMED);
}

static void every_truncation_is_malformed(void **state)
{
    (void)state;
    struct bytes whole = BYTES("\x95\x00\x07\xa4ping\x81\xa1x\x92\x01\xc0\x83\xa3key\xa1k\xa4lang"
                               "\xa2ko\xa5trace\xa1t");
    struct rpc_request request;
    int close_code;
    assert_int_equal(first(whole, &request, &close_code), 0);
    assert_int_equal(request.error, 0);
    for (size_t len = 0; len < whole.len; len++) {
        struct bytes copy = tight_copy(bytes_of(whole.data, len));
        assert_int_equal(first(copy, &request, &close_code), ERR_MALFORMED);
        assert_int_equal(close_code, 1007);
        tight_free(copy);
    }
}

static void what_is_no_request_closes_the_connection(void **state)
{
    (void)state;
    static const struct bytes cases[] = {
        {(const uint8_t *)"\x80", 1},                  /* a map */
        {(const uint8_t *)"\x90", 1},                  /* nothing in it */
        {(const uint8_t *)"\x94\x01\x07\xa1x\x80", 6}, /* a response */
        {(const uint8_t *)"\x94\x02\x07\xa1x\x80", 6}, /* a push */
        {(const uint8_t *)"\x94\xff\x07\xa1x\x80", 6}, /* type -1 */
        {(const uint8_t *)"\x94\xa1"
                          "0\x07\xa1x\x80",
         7},                                           /* type as text */
        {(const uint8_t *)"\x94\x00\xff\xa1x\x80", 6}, /* id -1 */
        {(const uint8_t *)"\x94\x00\xa1"
                          "7\xa1x\x80",
         7}, /* id as text */
        {(const uint8_t *)"\x94\x00\xcf\x00\x00\x00\x01\x00\x00\x00\x00\xa1x\x80", 14},
        {(const uint8_t *)"\x94\x00\xc0\xa1x\x80", 6},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rpc_request request;
        int close_code = 0;
        assert_int_equal(first(cases[i], &request, &close_code), ERR_MALFORMED);
        assert_int_equal(close_code, 1002);
    }
    static const char *const texts[] = {
        "{}",
        "[]",
        "5",
        "[5]",
        "[[]]",
        "[[1,7,\"x\",{}]]",
        "[[0]]",
        "[[0,-1,\"x\",{}]]",
        "[[0,1.5,\"x\",{}]]",
        "[[0,4294967296,\"x\",{}]]",
        "[[\"0\",1,\"x\",{}]]",
        "[0,1,\"x\",{}]",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct rpc_request request;
        int close_code = 0;
        assert_int_equal(first_json(texts[i], &request, &close_code), ERR_MALFORMED);
        assert_int_equal(close_code, 1002);
    }
}

static void faults_of_the_envelope_are_answered_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        struct bytes msgpack;
        const char *field, *reason;
    } cases[] = {
        {"[[0,7]]", {(const uint8_t *)"\x92\x00\x07", 3}, "op", "is required"},
        {"[[0,7,\"x\"]]", {(const uint8_t *)"\x93\x00\x07\xa1x", 5}, "args", "is required"},
        {"[[0,7,5,{}]]", {(const uint8_t *)"\x94\x00\x07\x05\x80", 5}, "op", "must be a text"},
        {"[[0,7,\"\",{}]]", {(const uint8_t *)"\x94\x00\x07\xa0\x80", 5}, "op", "is empty"},
        {"[[0,7,\"x\",[]]]",
         {(const uint8_t *)"\x94\x00\x07\xa1x\x90", 6},
         "args",
         "must be an object"},
        {"[[0,7,\"x\",null]]",
         {(const uint8_t *)"\x94\x00\x07\xa1x\xc0", 6},
         "args",
         "must be an object"},
        {"[[0,7,\"x\",{},5]]",
         {(const uint8_t *)"\x95\x00\x07\xa1x\x80\x05", 7},
         "meta",
         "must be an object"},
        {"[[0,7,\"x\",{},{\"key\":5}]]",
         {(const uint8_t *)"\x95\x00\x07\xa1x\x80\x81\xa3key\x05", 12},
         "meta.key",
         "must be a text"},
        {"[[0,7,\"x\",{},{\"key\":\"\"}]]",
         {(const uint8_t *)"\x95\x00\x07\xa1x\x80\x81\xa3key\xa0", 12},
         "meta.key",
         "is empty"},
        {"[[0,7,\"x\",{},{\"key\":\"a b\"}]]",
         {(const uint8_t *)"\x95\x00\x07\xa1x\x80\x81\xa3key\xa3"
                           "a b",
          15},
         "meta.key",
         "must be visible ASCII"},
        {"[[0,7,\"x\",{},{\"trace\":\"a\\nb\"}]]",
         {(const uint8_t *)"\x95\x00\x07\xa1x\x80\x81\xa5trace\xa3"
                           "a\nb",
          17},
         "meta.trace",
         "must be visible ASCII"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        for (int json = 0; json < 2; json++) {
            struct rpc_request request;
            int close_code;
            assert_int_equal(json ? first_json(cases[i].json, &request, &close_code)
                                  : first(cases[i].msgpack, &request, &close_code),
                             0);
            assert_int_equal(request.id, 7);
            assert_int_equal(request.error, ERR_INVALID_ARGUMENT);
            assert_string_equal(request.fault.field, cases[i].field);
            assert_string_equal(request.fault.reason, cases[i].reason);
        }
    }
}

static void a_neighbour_of_a_bad_request_is_read(void **state)
{
    (void)state;
    struct frame_reader reader;
    struct rpc_request request;
    frame_reader_init(&reader, BYTES("\x94\x00\x07\x05\x80\x94\x00\x08\xa1x\x80"));
    assert_int_equal(frame_reader_next(&reader, &request), 0);
    assert_int_equal(request.error, ERR_INVALID_ARGUMENT);
    assert_int_equal(frame_reader_next(&reader, &request), 0);
    assert_int_equal(request.error, 0);
    assert_int_equal(request.id, 8);
    assert_int_equal(frame_reader_next(&reader, &request), ERR_END);
}

static void meta_is_read_and_unknown_parts_are_ignored(void **state)
{
    (void)state;
    struct rpc_request request;
    int close_code;
    assert_int_equal(first(BYTES("\x96\x00\x07\xa1x\x80\x84\xa3key\xa1k\xa4lang\xa5ko-KR\xa5trace"
                                 "\xa1t\xa5other\x91\x01\xa5later"),
                           &request, &close_code),
                     0);
    assert_int_equal(request.error, 0);
    assert_bytes(request.meta.key, BYTES("k"));
    assert_bytes(request.meta.trace, BYTES("t"));
    assert_int_equal(request.meta.lang, LANGUAGE_KO);
    assert_int_equal(
        first(BYTES("\x95\x00\x07\xa1x\x80\x81\xa4lang\xa3kok"), &request, &close_code), 0);
    assert_int_equal(request.meta.lang, LANGUAGE_EN);
    /* The same key twice cannot be told which one is meant. */
    assert_int_equal(
        first(BYTES("\x95\x00\x07\xa1x\x80\x82\xa3key\xa1k\xa3key\xa1l"), &request, &close_code),
        ERR_MALFORMED);
    struct frame_json_reader reader;
    frame_json_reader_init(
        &reader, text_of("[[0,1,\"x\",{\"a\":1},{\"key\":\"k\",\"lang\":\"ko\",\"z\":[]},9],"
                         "[0,2,\"y\",{},null]]"));
    assert_int_equal(frame_json_reader_next(&reader, &request), 0);
    assert_bytes(request.meta.key, BYTES("k"));
    assert_int_equal(request.meta.lang, LANGUAGE_KO);
    assert_int_equal(json_object_size(request.args_json), 1);
    assert_int_equal(frame_json_reader_next(&reader, &request), 0);
    assert_int_equal(request.id, 2);
    assert_int_equal(frame_json_reader_next(&reader, &request), ERR_END);
    frame_json_reader_fini(&reader);
}

static void bad_json_closes_with_1007(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "[[0,1,\"x\",{}]", "[[0,1,\"x\",{}]],",
                                        "[[0,1,\"x\",{\"a\":1,\"a\":2}]]", "[[0,1,\"\xff\",{}]]"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct rpc_request request;
        int close_code = 0;
        assert_int_equal(first_json(texts[i], &request, &close_code), ERR_MALFORMED);
        assert_int_equal(close_code, 1007);
    }
}

static void json_messages_are_counted(void **state)
{
    (void)state;
    for (int count = FRAME_MESSAGES_MAX; count <= FRAME_MESSAGES_MAX + 1; count++) {
        struct buffer text = {0};
        for (int i = 0; i < count; i++) {
            const char *piece = i == 0 ? "[[0,1,\"x\",{}]" : ",[0,1,\"x\",{}]";
            buffer_append(&text, piece, strlen(piece));
        }
        buffer_append(&text, "]", 2); /* with the NUL */
        struct rpc_request request;
        int close_code;
        assert_int_equal(first_json((const char *)text.data, &request, &close_code),
                         count <= FRAME_MESSAGES_MAX ? 0 : ERR_MALFORMED);
        buffer_fini(&text);
    }
}

static int incoming(const struct buffer *message, struct rpc_incoming *out)
{
    struct frame_reader reader;
    frame_reader_init(&reader, buffer_bytes(message));
    int status = frame_reader_next_incoming(&reader, out);
    if (status == 0) {
        struct rpc_incoming more;
        assert_int_equal(frame_reader_next_incoming(&reader, &more), ERR_END);
    }
    return status;
}

static void results_are_read_by_clients(void **state)
{
    (void)state;
    struct buffer message = {0};
    struct rpc_incoming in;
    frame_append_result(&message, 4000000000u, BYTES("\x81\xa1x\x01"));
    assert_int_equal(incoming(&message, &in), 0);
    assert_int_equal(in.type, RPC_RESPONSE);
    assert_true(in.id == 4000000000u);
    assert_int_equal(in.error, 0);
    assert_bytes(in.result, BYTES("\x81\xa1x\x01"));
    buffer_clear(&message);
    frame_append_result(&message, 1, (struct bytes){0});
    assert_int_equal(incoming(&message, &in), 0);
    assert_bytes(in.result, BYTES("\xc0"));
    for (size_t len = 0; len < message.len; len++) {
        struct frame_reader reader;
        frame_reader_init(&reader, bytes_of(message.data, len));
        assert_int_equal(frame_reader_next_incoming(&reader, &in), ERR_MALFORMED);
    }
    buffer_fini(&message);
}

static void errors_are_read_by_clients(void **state)
{
    (void)state;
    struct field_fault fault = {.field = "text", .reason = "is too long"};
    struct rpc_error error = {.code = ERR_INVALID_ARGUMENT,
                              .fault = &fault,
                              .retry_ms = 250,
                              .lang = LANGUAGE_KO,
                              .trace = BYTES("t-1")};
    struct buffer message = {0};
    struct rpc_incoming in;
    frame_append_error(&message, 3, &error);
    assert_int_equal(incoming(&message, &in), 0);
    assert_int_equal(in.error, ERR_INVALID_ARGUMENT);
    assert_bytes(in.error_code, BYTES("INVALID_ARGUMENT"));
    assert_bytes(in.error_message, text_of(error_text(ERR_INVALID_ARGUMENT, LANGUAGE_KO)));
    assert_bytes(in.error_field, BYTES("text"));
    assert_bytes(in.error_reason, BYTES("is too long"));
    assert_bytes(in.error_trace, BYTES("t-1"));
    assert_int_equal(in.retry_ms, 250);
    for (size_t len = 0; len < message.len; len++) {
        struct bytes copy = tight_copy(bytes_of(message.data, len));
        struct frame_reader reader;
        frame_reader_init(&reader, copy);
        assert_int_equal(frame_reader_next_incoming(&reader, &in), ERR_MALFORMED);
        tight_free(copy);
    }
    buffer_clear(&message);
    error = (struct rpc_error){.code = ERR_BUSY};
    frame_append_error(&message, 3, &error);
    assert_int_equal(incoming(&message, &in), 0);
    assert_int_equal(in.error, ERR_BUSY);
    assert_int_equal(in.retry_ms, 0);
    assert_int_equal(in.error_field.len + in.error_trace.len, 0);
    buffer_fini(&message);
}

static void pushes_carry_their_stream_body(void **state)
{
    (void)state;
    struct stream_body body = {.epoch = {{1, 2, 3}},
                               .seq = 42,
                               .type = BYTES("chat.message"),
                               .at_ms = 1750000000000,
                               .data = BYTES("\x81\xa1x\x01")};
    struct buffer bytes = {0}, message = {0}, json = {0};
    frame_append_stream_body(&bytes, &body);
    frame_append_push(&message, "couple", buffer_bytes(&bytes));
    struct rpc_incoming in;
    struct stream_body back;
    assert_int_equal(incoming(&message, &in), 0);
    assert_int_equal(in.type, RPC_PUSH);
    assert_bytes(in.topic, BYTES("couple"));
    assert_int_equal(frame_parse_stream_body(in.body, &back), 0);
    assert_true(id_equal(back.epoch, body.epoch));
    assert_int_equal(back.seq, 42);
    assert_bytes(back.type, body.type);
    assert_true(back.at_ms == body.at_ms);
    assert_bytes(back.data, body.data);
    assert_int_equal(frame_parse_stream_body(BYTES("\x80"), &back), ERR_MALFORMED);
    assert_int_equal(frame_parse_stream_body(body.data, &back), ERR_MALFORMED);
    for (size_t len = 0; len < bytes.len; len++) {
        assert_int_equal(frame_parse_stream_body(bytes_of(bytes.data, len), &back), ERR_MALFORMED);
    }
    assert_int_equal(frame_append_push_json(&json, "couple", buffer_bytes(&bytes)), 0);
    assert_bytes(buffer_bytes(&json),
                 text_of("[2,\"couple\",{\"epoch\":\"AQIDAAAAAAAAAAAAAAAAAA\",\"seq\":42,"
                         "\"type\":\"chat.message\",\"at\":1750000000000,\"data\":{\"x\":1}}]"));
    buffer_fini(&bytes);
    buffer_fini(&message);
    buffer_fini(&json);
}

static void json_messages_are_texts_of_their_own(void **state)
{
    (void)state;
    struct buffer out = {0};
    assert_int_equal(frame_append_result_json(&out, 7, BYTES("\x81\xa1x\xc4\x01\xff")), 0);
    assert_bytes(buffer_bytes(&out), text_of("[1,7,null,{\"x\":\"_w\"}]"));
    assert_int_equal(frame_append_result_json(&out, 7, BYTES("\x81")), ERR_MALFORMED);
    assert_bytes(buffer_bytes(&out), text_of("[1,7,null,{\"x\":\"_w\"}]"));
    assert_int_equal(frame_append_push_json(&out, "typing", BYTES("\x81")), ERR_MALFORMED);
    assert_bytes(buffer_bytes(&out), text_of("[1,7,null,{\"x\":\"_w\"}]"));
    buffer_clear(&out);
    assert_int_equal(frame_append_result_json(&out, 8, (struct bytes){0}), 0);
    assert_bytes(buffer_bytes(&out), text_of("[1,8,null,null]"));
    buffer_clear(&out);
    struct rpc_error error = {.code = ERR_BUSY, .retry_ms = 100};
    assert_int_equal(frame_append_error_json(&out, 9, &error), 0);
    assert_bytes(buffer_bytes(&out),
                 text_of("[1,9,{\"code\":\"BUSY\",\"message\":\"Too much at once; try again after "
                         "retry_ms.\",\"retry_ms\":100},null]"));
    buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_read_one_after_another),
        cmocka_unit_test(what_came_before_bad_bytes_stands),
        cmocka_unit_test(every_truncation_is_malformed),
        cmocka_unit_test(what_is_no_request_closes_the_connection),
        cmocka_unit_test(faults_of_the_envelope_are_answered_by_name),
        cmocka_unit_test(a_neighbour_of_a_bad_request_is_read),
        cmocka_unit_test(meta_is_read_and_unknown_parts_are_ignored),
        cmocka_unit_test(bad_json_closes_with_1007),
        cmocka_unit_test(json_messages_are_counted),
        cmocka_unit_test(results_are_read_by_clients),
        cmocka_unit_test(errors_are_read_by_clients),
        cmocka_unit_test(pushes_carry_their_stream_body),
        cmocka_unit_test(json_messages_are_texts_of_their_own),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
