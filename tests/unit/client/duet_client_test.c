#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "client/duet_client.h"
#include "client/ws_client.h"
#include "tests/unit/support/ws_script.h"
#include "wire/frame.h"

#define WAIT_MS 5000

#define GREETING(F, R)                                                                             \
    F(R, INT, number, REQUIRED, 0, 1000, NULL, BODY, "a number", "1")                              \
    F(R, TEXT, text, OPTIONAL, 0, 100, NULL, BODY, "a text", "\"hi\"")
RECORD_DECLARE(greeting, GREETING)
RECORD_DEFINE(greeting, GREETING, "What this test's server speaks of.")

static struct duet_client *meet(struct ws_script *script)
{
    struct duet_client *client = NULL;
    ws_script_start(script);
    assert_int_equal(
        duet_client_connect("127.0.0.1", script->port, script->subprotocol, WAIT_MS, &client), 0);
    return client;
}

static void part(struct ws_script *script, struct duet_client *client)
{
    duet_client_destroy(client);
    ws_script_join(script);
    ws_script_fini(script);
}

/* hello, a durable and a volatile push, the responses to 1 and then 0, an error for 2. */
static void write_msgpack_script(struct ws_script *script)
{
    struct buffer out = {0};
    struct buffer value = {0};
    struct buffer body = {0};
    struct greeting greeting = {.number = 7, .text = text_of("seven"), .has_text = true};
    struct field_fault fault = {.field = "number", .reason = "is too large"};
    struct rpc_error refusal = {
        .code = ERR_INVALID_ARGUMENT, .fault = &fault, .trace = text_of("t-1")};
    record_encode(&greeting_type, RECORD_AS_MAP, &greeting, &value);
    frame_append_push(&out, "hello", buffer_bytes(&value));
    ws_script_says(script, WS_BINARY, buffer_bytes(&out));

    buffer_clear(&out);
    struct stream_body entry = {.epoch = {{3}},
                                .seq = 5,
                                .type = text_of("chat.message"),
                                .at_ms = 99,
                                .data = buffer_bytes(&value)};
    frame_append_stream_body(&body, &entry);
    frame_append_push(&out, "couple", buffer_bytes(&body));
    frame_append_push(&out, "typing", buffer_bytes(&value));
    frame_append_result(&out, 1, buffer_bytes(&value));
    ws_script_says(script, WS_BINARY, buffer_bytes(&out));

    ws_script_says(script, WS_PING, text_of("still there?"));
    buffer_clear(&out);
    frame_append_result(&out, 0, buffer_bytes(&value));
    frame_append_error(&out, 2, &refusal);
    ws_script_says(script, WS_BINARY, buffer_bytes(&out));
    buffer_fini(&out);
    buffer_fini(&value);
    buffer_fini(&body);
}

static void write_json_script(struct ws_script *script)
{
    ws_script_says_text(script, "[[2,\"hello\",{\"number\":7}]]");
    ws_script_says_text(script, "[[2,\"couple\",{\"epoch\":\"AwAAAAAAAAAAAAAAAAAAAA\",\"seq\":5,"
                                "\"type\":\"chat.message\",\"at\":99,"
                                "\"data\":{\"number\":7,\"text\":\"seven\"}}],"
                                "[2,\"typing\",{\"number\":7,\"text\":\"seven\"}],"
                                "[1,1,null,{\"number\":7,\"text\":\"seven\"}]]");
    ws_script_says(script, WS_PING, text_of("still there?"));
    ws_script_says_text(script, "[[1,0,null,{\"number\":7,\"text\":\"seven\"}],"
                                "[1,2,{\"code\":\"INVALID_ARGUMENT\",\"message\":\"No.\","
                                "\"details\":{\"field\":\"number\",\"reason\":\"is too large\"},"
                                "\"trace_id\":\"t-1\"},null]]");
}

static void assert_greeting(const struct greeting *greeting)
{
    assert_int_equal(greeting->number, 7);
    assert_true(bytes_equal(greeting->text, text_of("seven")));
}

static void assert_pushes(struct duet_client *client, struct arena *arena)
{
    struct duet_push push;
    struct greeting data;
    struct field_fault fault;
    assert_int_equal(duet_client_next_push(client, 0, &push), 0);
    assert_true(push.durable && push.seq == 5 && push.at == 99 && push.epoch.bytes[0] == 3);
    assert_true(bytes_equal(push.type, text_of("chat.message")));
    assert_int_equal(duet_push_decode(&push, &greeting_type, arena, &data, &fault), 0);
    assert_greeting(&data);
    assert_int_equal(duet_client_next_push(client, 0, &push), 0);
    assert_false(push.durable);
    assert_true(bytes_equal(push.topic, text_of("typing")));
    assert_int_equal(duet_push_decode(&push, &greeting_type, arena, &data, &fault), 0);
    assert_greeting(&data);
    assert_int_equal(duet_client_next_push(client, 0, &push), ERR_END);
}

static void assert_conversation(struct ws_script *script)
{
    struct arena arena = {0};
    struct greeting args = {.number = 1};
    struct greeting result = {0};
    uint32_t ids[3];
    struct duet_client *client = meet(script);
    assert_true(bytes_equal(duet_client_hello(client)->topic, text_of("hello")));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(duet_client_start(client, "greet", &greeting_type, &args,
                                           i == 1 ? "key-1" : NULL, WAIT_MS, &ids[i]),
                         0);
    }
    assert_int_equal(duet_client_finish(client, ids[0], &greeting_type, &arena, &result, WAIT_MS),
                     0);
    assert_greeting(&result);
    result = (struct greeting){0};
    assert_int_equal(duet_client_finish(client, ids[1], &greeting_type, &arena, &result, 0), 0);
    assert_greeting(&result);
    assert_int_equal(duet_client_finish(client, ids[2], &greeting_type, &arena, &result, WAIT_MS),
                     ERR_INVALID_ARGUMENT);
    const struct duet_failure *failure = duet_client_failure(client);
    assert_true(failure->from_server);
    assert_string_equal(failure->name, "INVALID_ARGUMENT");
    assert_string_equal(failure->field, "number");
    assert_string_equal(failure->reason, "is too large");
    assert_string_equal(failure->trace_id, "t-1");
    assert_pushes(client, &arena);
    arena_fini(&arena);
    part(script, client);
}

static void responses_and_pushes_are_sorted_in_messagepack(void **state)
{
    (void)state;
    struct ws_script script = ws_script_of(DUET_SUBPROTOCOL_MSGPACK);
    write_msgpack_script(&script);
    assert_conversation(&script);
}

static void responses_and_pushes_are_sorted_in_json(void **state)
{
    (void)state;
    struct ws_script script = ws_script_of(DUET_SUBPROTOCOL_JSON);
    write_json_script(&script);
    assert_conversation(&script);
}

static void a_missing_answer_times_out_and_a_close_is_told(void **state)
{
    (void)state;
    struct ws_script script = ws_script_of(DUET_SUBPROTOCOL_JSON);
    ws_script_says_text(&script, "[[2,\"hello\",{}]]");
    struct duet_client *client = meet(&script);
    assert_int_equal(duet_client_call(client, "ping", NULL, NULL, NULL, NULL, NULL, 50), ERR_END);
    assert_false(duet_client_failure(client)->from_server);
    assert_int_equal(duet_client_close_code(client), 0);
    part(&script, client);

    script = ws_script_of(DUET_SUBPROTOCOL_JSON);
    ws_script_says_text(&script, "[[2,\"hello\",{}]]");
    ws_script_says(&script, WS_CLOSE, text_of("\x0f\xa1retry_ms=7"));
    client = meet(&script);
    assert_int_equal(duet_client_call(client, "ping", NULL, NULL, NULL, NULL, NULL, WAIT_MS),
                     ERR_IO);
    assert_int_equal(duet_client_close_code(client), 4001);
    assert_string_equal(duet_client_close_reason(client), "retry_ms=7");
    part(&script, client);
}

static void nonsense_from_a_server_is_malformed(void **state)
{
    (void)state;
    static const char *const texts[] = {"{}",         "[]",      "[[1,0]]", "[[3,0,null,{}]]",
                                        "[[2,7,{}]]", "not json"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct ws_script script = ws_script_of(DUET_SUBPROTOCOL_JSON);
        struct duet_push push;
        ws_script_says_text(&script, "[[2,\"hello\",{}]]");
        ws_script_says_text(&script, texts[i]);
        struct duet_client *client = meet(&script);
        assert_int_equal(duet_client_next_push(client, WAIT_MS, &push), ERR_MALFORMED);
        part(&script, client);
    }
}

static void nobody_listening_is_an_error(void **state)
{
    (void)state;
    struct duet_client *client;
    assert_int_equal(duet_client_connect("127.0.0.1", 1, DUET_SUBPROTOCOL_JSON, WAIT_MS, &client),
                     ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(responses_and_pushes_are_sorted_in_messagepack),
        cmocka_unit_test(responses_and_pushes_are_sorted_in_json),
        cmocka_unit_test(a_missing_answer_times_out_and_a_close_is_told),
        cmocka_unit_test(nonsense_from_a_server_is_malformed),
        cmocka_unit_test(nobody_listening_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
