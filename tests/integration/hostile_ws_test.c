/*
 * What strangers may send: each gets an error with a code, or a close with a code, within seconds;
 * and after each, a bystander's open session is answered as if nothing had happened.
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/tcp.h"
#include "client/ws_client.h"
#include "tests/integration/support_crash_account.h"
#include "tests/integration/support_crash_server.h"
#include "wire/frame.h"

#define WAIT_MS 8000
#define ANY_CLOSE 1 /* the end is enough; a code is not promised */
#define ID 7

static char place[PATH_MAX];
static struct crash_server server;
static struct crash_account bystander;

/* --- the stage ------------------------------------------------------------------------------- */

static int start(void **state)
{
    struct session_open_result opened;
    char data[PATH_MAX + 8];
    (void)state;
    crash_place_make(place);
    snprintf(data, sizeof data, "%s/data", place);
    const struct crash_server_options options = {
        .data = data,
        .set = {"open_within=1500ms", "pending_bytes_max=64KiB", "costly_per_minute=5"},
    };
    return crash_server_start(&options, &server) != 0 ||
           crash_account_signup(&bystander, "bystander@example.org", server.port) != 0 ||
           crash_account_open(&bystander, server.port, NULL, &opened) != 0;
}

static int stop(void **state)
{
    (void)state;
    crash_account_fini(&bystander);
    bool lived = crash_server_kill(&server);
    crash_place_remove(place);
    return lived ? 0 : 1;
}

static void bystander_is_served(void)
{
    struct ping_result result;
    assert_int_equal(duet_client_call(bystander.client, "ping", &empty_type, NULL,
                                      &ping_result_type, &bystander.arena, &result, 2000),
                     0);
}

static struct ws_client *connect_as(const char *subprotocol)
{
    struct ws_client *client;
    struct ws_event hello;
    const struct ws_client_options options = {.host = "127.0.0.1",
                                              .port = server.port,
                                              .subprotocol = subprotocol,
                                              .timeout_ms = WAIT_MS};
    assert_int_equal(ws_client_connect(&options, &client), 0);
    assert_int_equal(ws_client_receive(client, WAIT_MS, &hello), 0);
    return client;
}

static void send_binary(struct ws_client *client, const struct buffer *message)
{
    ws_client_send(client, WS_BINARY, buffer_bytes(message), WAIT_MS);
}

/* --- what is sent ---------------------------------------------------------------------------- */

/** The beginning of a request; the caller appends args. */
static void begin(struct buffer *out, uint32_t id, const char *op)
{
    pack_array(out, 4);
    pack_int(out, 0);
    pack_int(out, id);
    pack_text(out, text_of(op));
}

static void append_ping(struct buffer *out, uint32_t id)
{
    begin(out, id, "ping");
    pack_map(out, 0);
}

static void send_bytes(struct ws_client *client, const void *bytes, size_t len)
{
    ws_client_send(client, WS_BINARY, bytes_of(bytes, len), WAIT_MS);
}
#define SEND_BYTES(client, literal) send_bytes((client), (literal), sizeof(literal) - 1)

static void send_byte_that_is_nothing(struct ws_client *client)
{
    SEND_BYTES(client, "\xc1");
}

static void send_empty(struct ws_client *client)
{
    send_bytes(client, "", 0);
}

static void send_garbage(struct ws_client *client)
{
    SEND_BYTES(client, "GET / HTTP/1.1\r\n\r\n\x00\xff\xfe");
}

static void send_half_a_value(struct ws_client *client)
{
    SEND_BYTES(client, "\x94\x00\x07\xa4pi");
}

static void send_number(struct ws_client *client)
{
    SEND_BYTES(client, "\x07");
}

static void send_response(struct ws_client *client)
{
    SEND_BYTES(client, "\x94\x01\x07\xc0\x80");
}

static void send_array_bomb(struct ws_client *client)
{
    SEND_BYTES(client, "\xdd\xff\xff\xff\xff\x00");
}

static void send_args_bomb(struct ws_client *client)
{
    SEND_BYTES(client, "\x94\x00\x07\xa4ping\xdf\xff\xff\xff\xff");
}

static void send_text_bomb(struct ws_client *client)
{
    SEND_BYTES(client, "\x94\x00\x07\xdb\xff\xff\xff\xffping");
}

static void send_deep(struct ws_client *client)
{
    uint8_t deep[4000];
    memset(deep, 0x91, sizeof deep);
    send_bytes(client, deep, sizeof deep);
}

static void send_deep_args(struct ws_client *client)
{
    struct buffer out = {0};
    begin(&out, ID, "ping");
    pack_map(&out, 1);
    pack_text(&out, text_of("x"));
    for (int i = 0; i < 1000; i++) {
        pack_array(&out, 1);
    }
    pack_nil(&out);
    send_binary(client, &out);
    buffer_fini(&out);
}

static void send_invalid_utf8(struct ws_client *client)
{
    SEND_BYTES(client, "\x94\x00\x07\xaa"
                       "auth.login\x81\xa5"
                       "email\xa4\xff\xfe\xfd\xfc");
}

static void send_65_requests(struct ws_client *client)
{
    struct buffer out = {0};
    for (uint32_t i = 0; i < 65; i++) {
        append_ping(&out, i);
    }
    send_binary(client, &out);
    buffer_fini(&out);
}

static void send_op(struct ws_client *client, const char *op)
{
    struct buffer out = {0};
    begin(&out, ID, op);
    pack_map(&out, 0);
    send_binary(client, &out);
    buffer_fini(&out);
}

static void send_unknown_op(struct ws_client *client)
{
    send_op(client, "chat.sendd");
}

static void send_op_of_700_bytes(struct ws_client *client)
{
    char op[701];
    memset(op, 'a', 700);
    op[700] = '\0';
    send_op(client, op);
}

static void send_nothing_it_needs(struct ws_client *client)
{
    send_op(client, "auth.login");
}

static void send_without_session(struct ws_client *client)
{
    send_op(client, "couple.invite");
}

static void send_number_as_email(struct ws_client *client)
{
    SEND_BYTES(client, "\x94\x00\x07\xaa"
                       "auth.login\x81\xa5"
                       "email\x07");
}

static void send_email_of_60000(struct ws_client *client)
{
    struct buffer out = {0};
    uint8_t email[60000];
    memset(email, 'a', sizeof email);
    begin(&out, ID, "auth.login");
    pack_map(&out, 1);
    pack_text(&out, text_of("email"));
    pack_text(&out, bytes_of(email, sizeof email));
    send_binary(client, &out);
    buffer_fini(&out);
}

static void send_open(struct ws_client *client, const char *token, struct id device)
{
    struct session_open_args args = {.access_token = text_of(token), .device = device};
    struct buffer out = {0};
    frame_append_request(&out, ID, "session.open", &session_open_args_type, &args,
                         (struct bytes){0});
    send_binary(client, &out);
    buffer_fini(&out);
}

static void send_no_token(struct ws_client *client)
{
    send_open(client, "not.a.token", bystander.device);
}

static void send_bent_token(struct ws_client *client)
{
    char token[sizeof bystander.access];
    memcpy(token, bystander.access, sizeof token);
    char *dot = strrchr(token, '.');
    dot[5] = dot[5] == 'A' ? 'B' : 'A';
    send_open(client, token, bystander.device);
}

static void send_token_of_another_device(struct ws_client *client)
{
    struct id device = bystander.device;
    device.bytes[3] ^= 1;
    send_open(client, bystander.access, device);
}

static void send_bad_tokens(struct ws_client *client)
{
    for (int i = 0; i < 5; i++) {
        send_no_token(client);
    }
}

static void append_login(struct buffer *out, uint32_t id)
{
    begin(out, id, "auth.login");
    pack_map(out, 3);
    pack_text(out, text_of("email"));
    pack_text(out, text_of("bystander@example.org"));
    pack_text(out, text_of("password"));
    pack_text(out, text_of("nobody types this either"));
    pack_text(out, text_of("device"));
    pack_bin(out, bytes_of(bystander.device.bytes, ID_BYTES));
}

static void send_same_id_twice(struct ws_client *client)
{
    struct buffer out = {0};
    append_login(&out, ID);
    append_login(&out, ID);
    send_binary(client, &out);
    buffer_fini(&out);
}

static void send_many_costly(struct ws_client *client)
{
    struct buffer out = {0};
    for (uint32_t i = 0; i < 6; i++) {
        append_login(&out, i);
    }
    send_binary(client, &out);
    buffer_fini(&out);
}

/* --- frames ---------------------------------------------------------------------------------- */

static void send_raw(struct ws_client *client, const struct ws_head *head, struct bytes payload)
{
    struct buffer out = {0};
    ws_raw_append(&out, head, payload);
    ws_client_send_raw(client, buffer_bytes(&out), WAIT_MS);
    buffer_fini(&out);
}

static const struct ws_head ping_head = {
    .fin = true, .opcode = WS_BINARY, .masked = true, .length = 8};

static void send_unmasked(struct ws_client *client)
{
    struct buffer out = {0};
    append_ping(&out, ID);
    struct ws_head head = {.fin = true, .opcode = WS_BINARY, .length = out.len};
    send_raw(client, &head, buffer_bytes(&out));
    buffer_fini(&out);
}

static void send_reserved_bits(struct ws_client *client)
{
    struct ws_head head = ping_head;
    head.reserved = 4;
    send_raw(client, &head, bytes_of("12345678", 8));
}

static void send_reserved_opcode(struct ws_client *client)
{
    struct ws_head head = ping_head;
    head.opcode = 5;
    send_raw(client, &head, bytes_of("12345678", 8));
}

static void send_fragmented_ping(struct ws_client *client)
{
    struct ws_head head = {.opcode = WS_PING, .masked = true};
    send_raw(client, &head, (struct bytes){0});
}

static void send_ping_of_200(struct ws_client *client)
{
    uint8_t payload[200] = {0};
    struct ws_head head = {.fin = true, .opcode = WS_PING, .masked = true, .length = 200};
    send_raw(client, &head, bytes_of(payload, sizeof payload));
}

static void send_orphan_continuation(struct ws_client *client)
{
    struct ws_head head = ping_head;
    head.opcode = WS_CONTINUATION;
    send_raw(client, &head, bytes_of("12345678", 8));
}

static void send_message_inside_another(struct ws_client *client)
{
    struct ws_head head = ping_head;
    head.fin = false;
    send_raw(client, &head, bytes_of("12345678", 8));
    send_raw(client, &head, bytes_of("12345678", 8));
}

static void announce(struct ws_client *client, uint64_t length)
{
    struct ws_head head = {.fin = true, .opcode = WS_BINARY, .masked = true, .length = length};
    send_raw(client, &head, bytes_of("0123456789abcdef", 16));
}

static void announce_an_exabyte(struct ws_client *client)
{
    announce(client, (uint64_t)1 << 60);
}

static void announce_a_negative_length(struct ws_client *client)
{
    announce(client, UINT64_MAX);
}

static void send_64_kib_and_one(struct ws_client *client)
{
    static const uint8_t zeros[FRAME_BYTES_MAX + 1];
    send_bytes(client, zeros, sizeof zeros);
}

static void send_fragments(struct ws_client *client, int count, size_t size)
{
    static const uint8_t zeros[4096];
    struct ws_head head = {.opcode = WS_BINARY, .masked = true, .length = size};
    for (int i = 0; i < count; i++) {
        send_raw(client, &head, bytes_of(zeros, size));
        head.opcode = WS_CONTINUATION;
    }
}

static void send_fragments_without_end(struct ws_client *client)
{
    send_fragments(client, 200, 1000);
}

static void send_empty_fragments_without_end(struct ws_client *client)
{
    send_fragments(client, 3000, 0);
}

static void send_text_frame(struct ws_client *client)
{
    ws_client_send(client, WS_TEXT, text_of("[[0,7,\"ping\",{}]]"), WAIT_MS);
}

static void say_nothing(struct ws_client *client)
{
    (void)client;
}

static void send_half_a_frame(struct ws_client *client)
{
    struct ws_head head = {.fin = true, .opcode = WS_BINARY, .masked = true, .length = 500};
    send_raw(client, &head, bytes_of("123", 3));
}

static void send_pings_of_websocket(struct ws_client *client)
{
    struct ws_head head = {.fin = true, .opcode = WS_PING, .masked = true, .length = 125};
    static const uint8_t zeros[125];
    for (int i = 0; i < 2000; i++) {
        send_raw(client, &head, bytes_of(zeros, sizeof zeros));
    }
    send_unknown_op(client);
}

/* --- the table ------------------------------------------------------------------------------- */

struct hostile {
    const char *name;
    void (*send)(struct ws_client *client);
    const char *error; /* some response has this code; NULL: not asked */
    const char *field; /* … and names this field */
    int close;         /* code, ANY_CLOSE, or 0: the connection stays */
};

static const struct hostile cases[] = {
    {"a byte that is nothing", send_byte_that_is_nothing, NULL, NULL, 1007},
    {"an empty message", send_empty, NULL, NULL, 1007},
    {"garbage", send_garbage, NULL, NULL, 1002},
    {"half a value", send_half_a_value, NULL, NULL, 1007},
    {"a number", send_number, NULL, NULL, 1002},
    {"a response", send_response, NULL, NULL, 1002},
    {"an array bomb", send_array_bomb, NULL, NULL, 1007},
    {"a bomb in args", send_args_bomb, NULL, NULL, 1007},
    {"a text bomb", send_text_bomb, NULL, NULL, 1007},
    {"4000 arrays deep", send_deep, NULL, NULL, 1002},
    {"args 1000 deep", send_deep_args, NULL, NULL, 1007},
    {"invalid UTF-8", send_invalid_utf8, NULL, NULL, 1007},
    {"65 requests", send_65_requests, NULL, NULL, 1002},
    {"an unknown op", send_unknown_op, "UNKNOWN_OP", NULL, 0},
    {"an op of 700 bytes", send_op_of_700_bytes, "INVALID_ARGUMENT", NULL, 0},
    {"missing fields", send_nothing_it_needs, "INVALID_ARGUMENT", "email", 0},
    {"a number as e-mail", send_number_as_email, "INVALID_ARGUMENT", "email", 0},
    {"an e-mail of 60000", send_email_of_60000, "INVALID_ARGUMENT", "email", 0},
    {"no session", send_without_session, "UNAUTHENTICATED", NULL, 0},
    {"no token", send_no_token, "TOKEN_INVALID", NULL, 0},
    {"a bent token", send_bent_token, "TOKEN_INVALID", NULL, 0},
    {"another device", send_token_of_another_device, "TOKEN_INVALID", NULL, 0},
    {"five bad tokens", send_bad_tokens, "TOKEN_INVALID", NULL, 4502},
    {"an id twice", send_same_id_twice, "REQUEST_ID_IN_USE", NULL, 0},
    {"six costly requests", send_many_costly, "RATE_LIMITED", NULL, 0},
    {"an unmasked frame", send_unmasked, NULL, NULL, 1002},
    {"reserved bits", send_reserved_bits, NULL, NULL, 1002},
    {"a reserved opcode", send_reserved_opcode, NULL, NULL, 1002},
    {"a fragmented ping", send_fragmented_ping, NULL, NULL, 1002},
    {"a ping of 200 bytes", send_ping_of_200, NULL, NULL, ANY_CLOSE},
    {"an orphan continuation", send_orphan_continuation, NULL, NULL, 1002},
    {"a message inside another", send_message_inside_another, NULL, NULL, 1002},
    {"an exabyte announced", announce_an_exabyte, NULL, NULL, 1009},
    {"a negative length", announce_a_negative_length, NULL, NULL, ANY_CLOSE},
    {"64 KiB and one", send_64_kib_and_one, NULL, NULL, 1009},
    {"fragments without end", send_fragments_without_end, NULL, NULL, 1009},
    {"empty fragments without end", send_empty_fragments_without_end, NULL, NULL, 1009},
    {"text on MessagePack", send_text_frame, NULL, NULL, 1003},
    {"silence", say_nothing, NULL, NULL, 4500},
    {"half a frame, then silence", send_half_a_frame, NULL, NULL, 4500},
    {"2000 WebSocket pings", send_pings_of_websocket, "UNKNOWN_OP", NULL, 0},
};

/** Whether one of the message's responses is the error that was hoped for. */
static bool has_error(struct bytes message, const struct hostile *hostile)
{
    struct frame_reader reader;
    struct rpc_incoming incoming;
    frame_reader_init(&reader, message);
    while (frame_reader_next_incoming(&reader, &incoming) == 0) {
        if (incoming.type == RPC_RESPONSE && incoming.error != 0 && hostile->error != NULL &&
            bytes_equal(incoming.error_code, text_of(hostile->error)) &&
            (hostile->field == NULL ||
             bytes_equal(incoming.error_field, text_of(hostile->field)))) {
            return true;
        }
    }
    return false;
}

/** Reads until both, the error and the close, were seen, or time is up. */
static bool await(struct ws_client *client, const struct hostile *hostile)
{
    bool seen = hostile->error == NULL;
    int64_t deadline_ms = tcp_now_ms() + WAIT_MS;
    while (tcp_now_ms() < deadline_ms) {
        struct ws_event event;
        if (seen && hostile->close == 0) {
            return true;
        }
        int error = ws_client_receive(client, 500, &event);
        if (error == 0 && event.opcode == WS_BINARY) {
            seen = seen || has_error(event.payload, hostile);
        } else if (error != 0 && error != ERR_END) {
            uint16_t code = ws_client_close_code(client);
            return seen && (hostile->close == ANY_CLOSE || code == hostile->close);
        }
    }
    return false;
}

static void every_attack_gets_its_code_and_harms_nobody(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ws_client *client = connect_as("duet.v1.msgpack");
        cases[i].send(client);
        bool right = await(client, &cases[i]);
        if (!right) {
            wrong++;
            print_message("%s: close code %d\n", cases[i].name, ws_client_close_code(client));
        }
        ws_client_destroy(client);
        bystander_is_served();
    }
    assert_int_equal(wrong, 0);
}

static void what_came_before_malformed_bytes_stands(void **state)
{
    static const struct hostile unknown = {.error = "UNKNOWN_OP", .close = 1007};
    struct buffer out = {0};
    struct ws_client *client = connect_as("duet.v1.msgpack");
    (void)state;
    begin(&out, ID, "no.such");
    pack_map(&out, 0);
    buffer_append_u8(&out, 0xc1);
    send_binary(client, &out);
    assert_true(await(client, &unknown));
    buffer_fini(&out);
    ws_client_destroy(client);
}

static void a_message_of_64_kib_is_taken(void **state)
{
    struct buffer out = {0};
    struct ws_client *client = connect_as("duet.v1.msgpack");
    struct ws_event event;
    (void)state;
    begin(&out, ID, "ping");
    pack_map(&out, 1);
    pack_text(&out, text_of("x"));
    size_t head = out.len + 5; /* bin 32 */
    uint8_t *blank = memory_alloc(FRAME_BYTES_MAX);
    pack_bin(&out, bytes_of(blank, FRAME_BYTES_MAX - head + 2)); /* bin 16 has 2 less */
    free(blank);
    assert_true(out.len <= FRAME_BYTES_MAX && out.len >= FRAME_BYTES_MAX - 4);
    send_binary(client, &out);
    assert_int_equal(ws_client_receive(client, WAIT_MS, &event), 0);
    buffer_fini(&out);
    ws_client_destroy(client);
}

static void json_is_refused_as_clearly(void **state)
{
    static const struct {
        const char *text;
        int close;
    } texts[] = {
        {"", 1007},           {"[", 1007},
        {"{}", 1002},         {"[]", 1002},
        {"[7]", 1002},        {"[[0,1,\"ping\",{\"a\":1,\"a\":2}]]", 1007},
        {"null", 1002},       {"[[0,1,\"ping\",{}],", 1007},
        {"[[1,1,{}]]", 1002}, {"\xff\xfe", 1007},
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct hostile hostile = {.name = texts[i].text, .close = texts[i].close};
        struct ws_client *client = connect_as("duet.v1.json");
        ws_client_send(client, WS_TEXT, text_of(texts[i].text), WAIT_MS);
        bool right = await(client, &hostile);
        int code = ws_client_close_code(client);
        ws_client_destroy(client);
        if (!right) {
            print_message("%s: close code %d\n", texts[i].text, code);
        }
        assert_true(right);
        bystander_is_served();
    }
    struct hostile binary = {.close = 1003};
    struct ws_client *client = connect_as("duet.v1.json");
    SEND_BYTES(client, "[]");
    assert_true(await(client, &binary));
    ws_client_destroy(client);
}

static void receive_bytes_max(struct ws_client *client, int bytes)
{
    setsockopt(ws_client_fd(client), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

/** Asks for more than the kernel and the server hold, and reads none of it. Frames sent. */
static int ask_without_reading(struct ws_client *client)
{
    struct buffer out = {0};
    receive_bytes_max(client, 4096);
    for (uint32_t i = 0; i < FRAME_MESSAGES_MAX; i++) {
        begin(&out, i, "no.such");
        pack_map(&out, 0);
    }
    int error = 0, sent = 0;
    while (sent < 1000 && error == 0) {
        error = ws_client_send(client, WS_BINARY, buffer_bytes(&out), 1000);
        if (sent++ % 500 == 0) {
            bystander_is_served();
        }
    }
    buffer_fini(&out);
    return sent;
}

static void a_slow_reader_that_reads_again_learns_why_and_when_to_return(void **state)
{
    struct ws_client *client = connect_as("duet.v1.msgpack");
    struct ws_event event;
    int error;
    (void)state;
    ask_without_reading(client);
    receive_bytes_max(client, 1 << 20);
    while ((error = ws_client_receive(client, WAIT_MS, &event)) == 0) {
    }
    assert_int_equal(error, ERR_IO);
    assert_int_equal(ws_client_close_code(client), 4003);
    assert_string_equal(ws_client_close_reason(client), "SLOW_READER retry_ms=1000");
    ws_client_destroy(client);
    bystander_is_served();
}

static void a_slow_reader_is_cut_off_and_others_are_not(void **state)
{
    struct ws_client *client = connect_as("duet.v1.msgpack");
    (void)state;
    int error, received = 0, sent = ask_without_reading(client);
    usleep(6000000); /* the time for the closing handshake passes */
    struct ws_event event;
    while ((error = ws_client_receive(client, 1000, &event)) == 0) {
        received++;
    }
    assert_int_equal(error, ERR_IO);
    assert_true(received < sent * FRAME_MESSAGES_MAX / 2);
    ws_client_destroy(client);
    bystander_is_served();
}

static void handshakes_that_are_not_ours_are_refused(void **state)
{
#define LINES "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
#define OURS "Sec-WebSocket-Protocol: duet.v1.json\r\n"
    static const struct {
        const char *request;
        int status;
    } handshakes[] = {
        {"GET /ws HTTP/1.1\r\n" LINES KEY "Sec-WebSocket-Version: 13\r\n\r\n", 400},
        {"GET /ws HTTP/1.1\r\n" LINES KEY "Sec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Protocol: chat\r\n\r\n",
         400},
        {"GET /ws HTTP/1.1\r\n" LINES KEY "Sec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Protocol: http\r\n\r\n",
         400},
        {"GET /ws HTTP/1.1\r\n" LINES KEY OURS "Sec-WebSocket-Version: 8\r\n\r\n", 426},
        {"GET /ws HTTP/1.1\r\n" LINES KEY OURS "\r\n", 426},
        {"GET /ws HTTP/1.1\r\n" LINES OURS "Sec-WebSocket-Version: 13\r\n\r\n", 400},
        {"GET /ws HTTP/1.1\r\n" LINES KEY OURS "Sec-WebSocket-Version: 13\r\n"
         "Origin: https://evil.example\r\n\r\n",
         403},
        {"GET /ws HTTP/1.1\r\n" LINES KEY OURS "Sec-WebSocket-Version: 13\r\nX: a\r\n b\r\n\r\n",
         400},
        {"GET /ws HTTP/1.1\r\nHost: a\r\n\r\n", 426},
        {"GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", 400},
        {"POST /ws HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 404},
        {"GET /wsx HTTP/1.1\r\nHost: a\r\n\r\n", 404},
        {"GET /ws HTTP/1.1\nHost: a\r\n\r\n", 400},
    };
    (void)state;
    for (size_t i = 0; i < sizeof handshakes / sizeof handshakes[0]; i++) {
        char answer[1024] = "";
        int fd, status = 0;
        size_t len = 0;
        ssize_t got;
        int64_t deadline_ms = tcp_now_ms() + WAIT_MS;
        assert_int_equal(tcp_connect("127.0.0.1", server.port, NULL, deadline_ms, &fd), 0);
        send(fd, handshakes[i].request, strlen(handshakes[i].request), MSG_NOSIGNAL);
        while (tcp_wait(fd, POLLIN, deadline_ms) == 0 && len < sizeof answer - 1 &&
               (got = recv(fd, answer + len, sizeof answer - 1 - len, 0)) > 0) {
            len += (size_t)got;
        }
        close(fd);
        sscanf(answer, "HTTP/1.1 %d", &status);
        if (status != handshakes[i].status) {
            print_message("%s: %d\n", handshakes[i].request, status);
        }
        assert_int_equal(status, handshakes[i].status);
    }
    bystander_is_served();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_attack_gets_its_code_and_harms_nobody),
        cmocka_unit_test(what_came_before_malformed_bytes_stands),
        cmocka_unit_test(a_message_of_64_kib_is_taken),
        cmocka_unit_test(json_is_refused_as_clearly),
        cmocka_unit_test(a_slow_reader_that_reads_again_learns_why_and_when_to_return),
        cmocka_unit_test(a_slow_reader_is_cut_off_and_others_are_not),
        cmocka_unit_test(handshakes_that_are_not_ours_are_refused),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
