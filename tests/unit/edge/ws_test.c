/*
 * All connections of a shard, turn by turn: real sockets, a real loop, real sessions. What is asked
 * of the shard behind them is nothing: a ping is answered by the session itself.
 */
#include "tests/unit/runtime/toy.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>

#include "client/ws_frame.h"
#include "client/ws_handshake.h"
#include "edge/session_ops.h"
#include "edge/ws_internal.h"
#include "wire/frame.h"

#define CLIENTS 200 /* many times what is rationed */
#define MASK 0x12345678

struct client {
    int fd;
    struct ws_parser parser;
    uint32_t answers;
    uint16_t close_code; /* 0: open */
    char close_reason[64];
};

struct stage {
    struct small_world small;
    struct registry *registry;
    struct token_key key;
    struct session_table *sessions;
    uv_loop_t loop;
    struct ws *ws;
    struct client clients[CLIENTS];
};

/* --- the stage ------------------------------------------------------------------------------- */

static int64_t stage_now(void *self)
{
    (void)self;
    return 1767225600000;
}

static void make_sessions(struct stage *stage, uint32_t sessions_max)
{
    uint8_t seed[TOKEN_SEED_BYTES] = {7};
    char message[128];
    token_key_init(&stage->key, seed);
    assert_int_equal(
        registry_create(&session_op_table, 1, message, sizeof message, &stage->registry), 0);
    struct session_config config = {.shard = stage->small.shard,
                                    .registry = stage->registry,
                                    .kinds = toy_kinds,
                                    .kind_count = 1,
                                    .key = &stage->key,
                                    .version = "test",
                                    .now_ms = stage_now};
    session_limits_defaults(&config.limits);
    config.limits.sessions_max = sessions_max;
    stage->sessions = session_table_create(&config);
}

static struct stage *stage_create(uint32_t sessions_max)
{
    struct stage *stage = memory_alloc(sizeof *stage);
    toy_world_start(&stage->small, 1);
    make_sessions(stage, sessions_max);
    assert_int_equal(uv_loop_init(&stage->loop), 0);
    const struct ws_config config = {.loop = &stage->loop,
                                     .sessions = stage->sessions,
                                     .message_bytes_max = FRAME_BYTES_MAX,
                                     .heartbeat_ms = 60000,
                                     .pong_within_ms = 30000};
    assert_int_equal(ws_create(&config, &stage->ws), 0);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        stage->clients[i].fd = -1;
    }
    return stage;
}

static void hang_up(struct client *client)
{
    if (client->fd >= 0) {
        close(client->fd);
        ws_parser_fini(&client->parser);
        client->fd = -1;
    }
}

static void stage_destroy(struct stage *stage)
{
    ws_close(stage->ws);
    assert_int_equal(uv_run(&stage->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&stage->loop), 0);
    ws_destroy(stage->ws);
    session_table_destroy(stage->sessions);
    registry_destroy(stage->registry);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        hang_up(&stage->clients[i]);
    }
    small_fini(&stage->small);
    free(stage);
}

/** One turn of the shard's loop: what has come by now, and what it causes. */
static void turn(struct stage *stage)
{
    uv_run(&stage->loop, UV_RUN_NOWAIT);
    ws_turn_end(stage->ws);
}

/* --- clients --------------------------------------------------------------------------------- */

static void sends(struct client *client, struct bytes bytes)
{
    assert_int_equal(send(client->fd, bytes.data, bytes.len, MSG_NOSIGNAL), bytes.len);
}

static void connects(struct stage *stage, struct client *client)
{
    static const struct ws_client_options options = {
        .host = "a", .port = 1, .subprotocol = "duet.v1.msgpack"};
    char key[WS_KEY_CHARS + 1];
    struct buffer request = {0};
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    client->fd = ends[0];
    ws_parser_init(&client->parser, FRAME_BYTES_MAX);
    ws_handshake_key(key);
    ws_handshake_request(&options, key, &request);
    sends(client, buffer_bytes(&request));
    buffer_fini(&request);
    ws_adopt(stage->ws, ends[1]);
}

static void pings(struct client *client)
{
    struct buffer request = {0}, frame = {0};
    pack_array(&request, 4);
    pack_int(&request, 0);
    pack_int(&request, 1);
    pack_text(&request, text_of("ping"));
    pack_map(&request, 0);
    ws_frame_append(&frame, WS_BINARY, MASK, buffer_bytes(&request));
    sends(client, buffer_bytes(&frame));
    buffer_fini(&request);
    buffer_fini(&frame);
}

static void take_message(struct client *client, struct bytes message)
{
    struct frame_reader reader;
    struct rpc_incoming in;
    frame_reader_init(&reader, message);
    while (frame_reader_next_incoming(&reader, &in) == 0) {
        client->answers += in.type == RPC_RESPONSE && in.error == 0;
    }
}

static void take_event(struct client *client, const struct ws_event *event)
{
    if (event->opcode == WS_CLOSE) {
        client->close_code = event->close_code;
        snprintf(client->close_reason, sizeof client->close_reason, "%.*s", (int)event->payload.len,
                 (const char *)event->payload.data);
    } else {
        take_message(client, event->payload);
    }
}

/** Takes what is there. How many of its pings were answered. */
static uint32_t answers(struct client *client)
{
    uint8_t room[4096];
    uint32_t before = client->answers;
    struct ws_event event;
    ssize_t got = recv(client->fd, room, sizeof room - 1, MSG_DONTWAIT);
    struct bytes input = bytes_of(room, got > 0 ? (size_t)got : 0);
    room[input.len] = '\0';
    if (input.len > 4 && memcmp(room, "HTTP", 4) == 0) {
        size_t head = (size_t)(strstr((const char *)room, "\r\n\r\n") - (const char *)room) + 4;
        input = bytes_of(room + head, input.len - head);
    }
    while (ws_parser_next(&client->parser, &input, &event) > 0) {
        take_event(client, &event);
    }
    return client->answers - before;
}

/** Of all but the first, who is there already. */
static uint32_t answers_of_others(struct stage *stage)
{
    uint32_t sum = 0;
    for (uint32_t i = 1; i < CLIENTS; i++) {
        sum += answers(&stage->clients[i]);
    }
    return sum;
}

/** All are connected, and the first has said something. */
static void all_connect(struct stage *stage)
{
    for (uint32_t i = 0; i < CLIENTS; i++) {
        connects(stage, &stage->clients[i]);
    }
    pings(&stage->clients[0]);
    turn(stage);
    assert_int_equal(answers(&stage->clients[0]), 1);
    assert_int_equal(answers_of_others(stage), 0);
    assert_int_equal(session_table_count(stage->sessions), CLIENTS);
}

static void others_ping(struct stage *stage)
{
    for (uint32_t i = 1; i < CLIENTS; i++) {
        pings(&stage->clients[i]);
    }
}

static void others_settle(struct stage *stage)
{
    others_ping(stage);
    for (uint32_t left = CLIENTS - 1; left != 0;) {
        turn(stage);
        left -= answers_of_others(stage);
    }
}

/* --- promises -------------------------------------------------------------------------------- */

static void few_newcomers_are_heard_in_a_turn_and_who_was_there_in_every_one(void **state)
{
    struct stage *stage = stage_create(CLIENTS);
    (void)state;
    all_connect(stage);
    others_ping(stage);
    for (uint32_t left = CLIENTS - 1; left != 0;) {
        uint32_t expected = left < WS_NEWCOMERS_PER_TURN ? left : WS_NEWCOMERS_PER_TURN;
        pings(&stage->clients[0]); /* after all of them */
        turn(stage);
        assert_int_equal(answers(&stage->clients[0]), 1);
        assert_int_equal(answers_of_others(stage), expected);
        left -= expected;
    }
    stage_destroy(stage);
}

static void who_was_heard_once_is_no_newcomer_any_more(void **state)
{
    struct stage *stage = stage_create(CLIENTS);
    (void)state;
    all_connect(stage);
    others_settle(stage);
    others_ping(stage);
    turn(stage);
    assert_int_equal(answers_of_others(stage), CLIENTS - 1);
    stage_destroy(stage);
}

static void few_are_taken_leave_of_in_a_turn_and_who_stays_is_heard_in_every_one(void **state)
{
    struct stage *stage = stage_create(CLIENTS);
    (void)state;
    all_connect(stage);
    others_settle(stage);
    for (uint32_t i = 1; i < CLIENTS; i++) {
        hang_up(&stage->clients[i]);
    }
    for (uint32_t left = CLIENTS - 1; left != 0;) {
        uint32_t expected = left < WS_ENDED_PER_TURN ? left : WS_ENDED_PER_TURN;
        pings(&stage->clients[0]);
        turn(stage);
        left -= expected;
        assert_int_equal(answers(&stage->clients[0]), 1);
        assert_int_equal(session_table_count(stage->sessions), left + 1);
        assert_int_equal(uv_backend_timeout(&stage->loop), left != 0 ? 0 : -1); /* it goes on */
    }
    stage_destroy(stage);
}

static void newcomers_that_leave_without_a_word_are_let_go(void **state)
{
    struct stage *stage = stage_create(CLIENTS);
    (void)state;
    all_connect(stage);
    for (uint32_t i = 1; i < CLIENTS; i++) {
        hang_up(&stage->clients[i]);
    }
    for (uint32_t turns = 0; turns < CLIENTS; turns++) {
        pings(&stage->clients[0]);
        turn(stage);
        assert_int_equal(answers(&stage->clients[0]), 1);
    }
    assert_int_equal(session_table_count(stage->sessions), 1);
    stage_destroy(stage);
}

static void without_room_for_a_session_the_close_says_busy_and_when_to_return(void **state)
{
    struct stage *stage = stage_create(1);
    (void)state;
    connects(stage, &stage->clients[0]);
    connects(stage, &stage->clients[1]);
    turn(stage);
    answers(&stage->clients[0]);
    answers(&stage->clients[1]);
    assert_int_equal(stage->clients[0].close_code, 0);
    assert_int_equal(stage->clients[1].close_code, 4001);
    assert_string_equal(stage->clients[1].close_reason, "BUSY retry_ms=5000");
    pings(&stage->clients[0]);
    turn(stage);
    assert_int_equal(answers(&stage->clients[0]), 1);
    stage_destroy(stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_newcomers_are_heard_in_a_turn_and_who_was_there_in_every_one),
        cmocka_unit_test(who_was_heard_once_is_no_newcomer_any_more),
        cmocka_unit_test(few_are_taken_leave_of_in_a_turn_and_who_stays_is_heard_in_every_one),
        cmocka_unit_test(newcomers_that_leave_without_a_word_are_let_go),
        cmocka_unit_test(without_room_for_a_session_the_close_says_busy_and_when_to_return),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
