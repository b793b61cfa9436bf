/*
 * The network cuts a stream of frames anywhere; the server reads the same messages out of it. And
 * what the WebSocket itself promises: pings and closes are answered.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "base/error.h"
#include "client/tcp.h"
#include "client/ws_client.h"
#include "client/ws_frame.h"
#include "tests/integration/support_crash_server.h"
#include "wire/frame.h"

#define WAIT_MS 8000
#define MASK 0x37fa213d

static char place[PATH_MAX];
static struct crash_server server;

static int start(void **state)
{
    char data[PATH_MAX + 8];
    (void)state;
    crash_place_make(place);
    snprintf(data, sizeof data, "%s/data", place);
    const struct crash_server_options options = {.data = data};
    return crash_server_start(&options, &server);
}

static int stop(void **state)
{
    (void)state;
    bool lived = crash_server_kill(&server);
    crash_place_remove(place);
    return lived ? 0 : 1;
}

static struct ws_client *connect_client(void)
{
    struct ws_client *client;
    struct ws_event hello;
    int on = 1;
    const struct ws_client_options options = {.host = "127.0.0.1",
                                              .port = server.port,
                                              .subprotocol = "duet.v1.msgpack",
                                              .timeout_ms = WAIT_MS};
    assert_int_equal(ws_client_connect(&options, &client), 0);
    assert_int_equal(ws_client_receive(client, WAIT_MS, &hello), 0);
    setsockopt(ws_client_fd(client), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return client;
}

/** A ping of the session protocol, with `blank` bytes of ballast. */
static void append_ping(struct buffer *out, uint32_t id, size_t blank)
{
    uint8_t *zeros = memory_alloc(blank);
    pack_array(out, 4);
    pack_int(out, 0);
    pack_int(out, id);
    pack_text(out, text_of("ping"));
    pack_map(out, 1);
    pack_text(out, text_of("x"));
    pack_bin(out, bytes_of(zeros, blank));
    free(zeros);
}

static void append_frame(struct buffer *out, uint8_t opcode, bool fin, struct bytes payload)
{
    struct ws_head head = {
        .fin = fin, .opcode = opcode, .masked = true, .mask = MASK, .length = payload.len};
    ws_raw_append(out, &head, payload);
}

/** One request as one frame, the next in three fragments around a WebSocket ping, and so on. */
static void append_request(struct buffer *stream, uint32_t id)
{
    static const size_t blanks[] = {0, 90, 110, 130, 1000, 33000};
    struct buffer message = {0};
    append_ping(&message, id, blanks[id % 6]);
    if (id % 2 == 0) {
        append_frame(stream, WS_BINARY, true, buffer_bytes(&message));
    } else {
        size_t third = message.len / 3;
        append_frame(stream, WS_BINARY, false, bytes_of(message.data, third));
        append_frame(stream, WS_PING, true, text_of("between"));
        append_frame(stream, WS_CONTINUATION, false, bytes_of(message.data + third, third));
        append_frame(stream, WS_CONTINUATION, true,
                     bytes_of(message.data + 2 * third, message.len - 2 * third));
    }
    buffer_fini(&message);
}

static void expect_answers(struct ws_client *client, uint32_t count)
{
    uint32_t next = 0;
    while (next < count) {
        struct ws_event event;
        struct frame_reader reader;
        struct rpc_incoming in;
        int error = ws_client_receive(client, WAIT_MS, &event);
        if (error == 0 && event.opcode == WS_PONG) {
            continue;
        }
        assert_int_equal(error, 0);
        frame_reader_init(&reader, event.payload);
        assert_int_equal(frame_reader_next_incoming(&reader, &in), 0);
        assert_int_equal(in.error, 0);
        assert_int_equal(in.id, next);
        next++;
    }
}

static void send_in_pieces(struct ws_client *client, struct bytes stream, size_t piece)
{
    while (stream.len != 0) {
        size_t len = stream.len < piece ? stream.len : piece;
        assert_int_equal(ws_client_send_raw(client, bytes_of(stream.data, len), WAIT_MS), 0);
        stream = bytes_of(stream.data + len, stream.len - len);
    }
}

static void a_stream_may_be_cut_anywhere(void **state)
{
    static const size_t pieces[] = {1, 2, 3, 7, 13, 14, 15, 100, 1460, 65537, 1 << 20};
    (void)state;
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct buffer stream = {0};
        struct ws_client *client = connect_client();
        uint32_t count = pieces[i] < 100 ? 11 : 60; /* the small ones take a while */
        for (uint32_t id = 0; id < count; id++) {
            append_request(&stream, id);
        }
        send_in_pieces(client, buffer_bytes(&stream), pieces[i]);
        expect_answers(client, count);
        ws_client_destroy(client);
        buffer_fini(&stream);
    }
}

static void a_mask_is_asked_of_every_frame(void **state)
{
    struct buffer stream = {0}, message = {0};
    struct ws_client *client = connect_client();
    struct ws_event event;
    (void)state;
    append_request(&stream, 0);
    append_ping(&message, 1, 0);
    struct ws_head head = {.fin = true, .opcode = WS_BINARY, .length = message.len};
    ws_raw_append(&stream, &head, buffer_bytes(&message));
    assert_int_equal(ws_client_send_raw(client, buffer_bytes(&stream), WAIT_MS), 0);
    expect_answers(client, 1);
    assert_int_not_equal(ws_client_receive(client, WAIT_MS, &event), 0);
    assert_int_equal(ws_client_close_code(client), 1002);
    ws_client_destroy(client);
    buffer_fini(&stream);
    buffer_fini(&message);
}

/** Reads raw bytes until the end of input; the kernel's end, not a frame's. */
static size_t read_to_the_end(struct ws_client *client, uint8_t *out, size_t size)
{
    size_t len = 0;
    int64_t deadline_ms = tcp_now_ms() + WAIT_MS;
    while (len < size && tcp_wait(ws_client_fd(client), POLLIN, deadline_ms) == 0) {
        ssize_t got = recv(ws_client_fd(client), out + len, size - len, 0);
        assert_true(got >= 0);
        if (got == 0) {
            return len;
        }
        len += (size_t)got;
    }
    fail_msg("no end of input");
    return 0;
}

static void pings_and_closes_are_answered_and_the_end_follows(void **state)
{
    static const uint8_t expected[] = {0x8a, 3, 'a', 'b', 'c', 0x88, 2, 0x0f, 0xa3};
    uint8_t got[64];
    struct buffer stream = {0};
    struct ws_client *client = connect_client();
    (void)state;
    append_frame(&stream, WS_PING, true, text_of("abc"));
    ws_close_append(&stream, 4003, MASK, "bye");
    assert_int_equal(ws_client_send_raw(client, buffer_bytes(&stream), WAIT_MS), 0);
    assert_int_equal(read_to_the_end(client, got, sizeof got), sizeof expected);
    assert_memory_equal(got, expected, sizeof expected);
    ws_client_destroy(client);
    buffer_fini(&stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_may_be_cut_anywhere),
        cmocka_unit_test(a_mask_is_asked_of_every_frame),
        cmocka_unit_test(pings_and_closes_are_answered_and_the_end_follows),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
