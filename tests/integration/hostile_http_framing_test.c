/*
 * Where one request ends and the next begins, against a real daemon: lengths, chunks, pipelines.
 * Whoever reads this otherwise than a proxy in front lets requests be smuggled. RFC 9112, 6 to 9.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "tests/integration/support_cases.h"

#define CUT(cases) hostile_run_cut((cases), sizeof(cases) / sizeof(cases)[0])

#define CHUNKS "14\r\n<<body>>\r\n0\r\n\r\n"
#define CHUNKED "<<post>>Transfer-Encoding: chunked\r\n\r\n"
#define REQUEST "<<post>>Content-Length: 20\r\n\r\n<<body>>"
#define SMUGGLED "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

static int start(void **state)
{
    (void)state;
    hostile_start((const char *const[]){"--actor-idle", "1h", NULL});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    hostile_stop();
    return 0;
}

/* --- 6.2, 6.3: Content-Length ----------------------------------------------------------------- */

static void a_length_is_a_number_and_there_is_one(void **state)
{
    (void)state;
    hostile_run(&hostile_lengths);
    hostile_daemon_is_calm();
}

/* --- 6.1, 6.3: Transfer-Encoding, alone and beside a length ----------------------------------- */

static void chunked_is_the_only_coding_and_stands_alone(void **state)
{
    (void)state;
    hostile_run(&hostile_codings);
    hostile_daemon_is_calm();
}

/* --- 7.1: chunks ------------------------------------------------------------------------------ */

static void chunks_are_decoded_or_refused(void **state)
{
    (void)state;
    hostile_run(&hostile_chunks);
    hostile_daemon_is_calm();
}

/* --- cut everywhere --------------------------------------------------------------------------- */

static void it_does_not_matter_where_a_body_is_cut(void **state)
{
    static const struct hostile_case cut[] = {
        CASE("length", "201", STAYS, REQUEST),
        CASE("chunks", "201", STAYS,
             CHUNKED "8;x=y\r\n{\"no\":1,\r\nc\r\n\"text\":\"hi\"}\r\n00\r\nX: y\r\n\r\n"),
        CASE("chunks and a request", "201 200", STAYS, CHUNKED CHUNKS "<<get>>\r\n"),
        CASE("request and chunks", "200 201", STAYS, "<<get>>\r\n" CHUNKED CHUNKS),
        CASE("a bad chunk behind a good one", "400", CLOSES,
             CHUNKED "1\r\n{\r\n1\r\n}}\r\n0\r\n\r\n"),
        CASE("LF in chunks", "400", CLOSES, CHUNKED "14\r\n<<body>>\r\n0\n\r\n"),
        CASE("LF in trailers", "400", CLOSES, CHUNKED "14\r\n<<body>>\r\n0\r\nX: y\n\r\n"),
        CASE("both lengths", "400", CLOSES,
             "<<post>>Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" SMUGGLED),
    };
    (void)state;
    CUT(cut);
    hostile_daemon_is_calm();
}

/* --- 9.3: pipelines --------------------------------------------------------------------------- */

static void append_text(struct buffer *out, const char *text)
{
    buffer_append(out, text, strlen(text));
}

/** Sends `request` in pieces of so many bytes, 0: all at once. */
static void send_in_pieces(struct http_peer *peer, struct bytes request, size_t piece)
{
    if (piece == 0) {
        assert_true(http_peer_send(peer, request, HOSTILE_WAIT_MS));
        return;
    }
    for (size_t at = 0; at < request.len; at += piece) {
        size_t len = request.len - at < piece ? request.len - at : piece;
        assert_true(http_peer_send(peer, bytes_of(request.data + at, len), HOSTILE_WAIT_MS));
    }
}

static void answers_come_in_order(int count, size_t piece)
{
    struct http_peer peer;
    struct buffer request = {0};
    char text[200];
    for (int i = 0; i < count; i++) {
        snprintf(text, sizeof text,
                 "GET /healthz HTTP/1.1\r\nHost: a\r\nX-Request-ID: no-%d\r\n\r\n", i);
        append_text(&request, text);
    }
    http_peer_open(&peer, hostile_port());
    send_in_pieces(&peer, buffer_bytes(&request), piece);
    for (int i = 0; i < count; i++) {
        struct http_reply reply;
        snprintf(text, sizeof text, "no-%d", i);
        assert_int_equal(http_peer_receive(&peer, false, HOSTILE_WAIT_MS, &reply), HTTP_GOT_REPLY);
        assert_null(reply.fault);
        assert_int_equal(reply.status, 200);
        assert_true(http_reply_has(&reply, "x-request-id", text));
    }
    assert_true(hostile_marked_request(&peer, hostile_mark(), false));
    buffer_fini(&request);
    http_peer_close(&peer);
}

static void pipelined_reads_are_answered_in_order(void **state)
{
    (void)state;
    for (int count = 2; count <= 100; count++) {
        answers_come_in_order(count, 0);
    }
    answers_come_in_order(2000, 0);
    answers_come_in_order(20, 1);
    answers_come_in_order(100, 7);
    answers_come_in_order(300, 1013);
    hostile_daemon_is_calm();
}

/** The result of a message that was sent: how many the couple has; 0: it was no 201. */
static json_int_t message_number(const struct http_reply *reply, bool *dup)
{
    json_error_t error;
    json_t *whole = json_loadb((const char *)reply->body.data, reply->body.len, 0, &error);
    const json_t *data = json_object_get(whole, "data");
    json_int_t number = reply->status == 201 ? json_integer_value(json_object_get(data, "msg")) : 0;
    *dup = json_is_true(json_object_get(data, "dup"));
    json_decref(whole);
    return number;
}

static json_int_t next_no = 1000;

static void append_message(struct buffer *out, bool chunked)
{
    char text[256];
    char body[64];
    int len = snprintf(body, sizeof body, "{\"no\":%lld,\"text\":\"hello\"}", (long long)next_no++);
    http_expand(bytes_of("<<post>>", 8), hostile_words(), out);
    if (chunked) {
        snprintf(text, sizeof text, "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n",
                 (unsigned)len, body);
    } else {
        snprintf(text, sizeof text, "Content-Length: %d\r\n\r\n%s", len, body);
    }
    append_text(out, text);
}

/** Reads answers to messages; each has to be new, and the one after the one before. */
static void messages_are_taken(struct http_peer *peer, int count, json_int_t *last)
{
    for (int i = 0; i < count; i++) {
        struct http_reply reply;
        bool dup;
        assert_int_equal(http_peer_receive(peer, false, HOSTILE_WAIT_MS, &reply), HTTP_GOT_REPLY);
        json_int_t number = message_number(&reply, &dup);
        if (reply.fault != NULL || number != *last + 1 || dup) {
            fail_msg("answer %d of %d: %s %lld after %lld%s %.*s", i, count,
                     reply.fault != NULL ? reply.fault : "", (long long)number, (long long)*last,
                     dup ? ", a duplicate" : "", (int)reply.body.len,
                     (const char *)reply.body.data);
        }
        *last = number;
    }
}

/** The number of the newest message, by sending one. */
static json_int_t newest(void)
{
    struct buffer request = {0};
    struct http_peer peer;
    struct http_reply reply;
    bool dup;
    append_message(&request, false);
    http_peer_open(&peer, hostile_port());
    assert_true(http_peer_send(&peer, buffer_bytes(&request), HOSTILE_WAIT_MS));
    assert_int_equal(http_peer_receive(&peer, false, HOSTILE_WAIT_MS, &reply), HTTP_GOT_REPLY);
    json_int_t number = message_number(&reply, &dup);
    http_peer_close(&peer);
    buffer_fini(&request);
    return number;
}

static void pipelined_writes_have_their_effect_once_and_in_order(void **state)
{
    json_int_t last = newest();
    (void)state;
    assert_true(last > 0);
    for (int count = 2; count <= 32; count *= 2) {
        struct buffer request = {0};
        struct http_peer peer;
        for (int i = 0; i < count; i++) {
            append_message(&request, i % 2 == 1);
        }
        http_peer_open(&peer, hostile_port());
        send_in_pieces(&peer, buffer_bytes(&request), count == 4 ? 1 : 0);
        messages_are_taken(&peer, count, &last);
        assert_true(hostile_marked_request(&peer, hostile_mark(), true));
        http_peer_close(&peer);
        buffer_fini(&request);
    }
    assert_int_equal(newest(), last + 1);
    hostile_daemon_is_calm();
}

static void a_write_behind_anything_has_its_effect_once(void **state)
{
    static const struct {
        const char *text;
        int status;
        bool to_head;
    } before[] = {
        {"<<get>>\r\n", 200, false},
        {"HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 200, true},
        {"GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", 404, false},
        {"POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 405, false},
        {"<<post>>Content-Length: 1\r\n\r\n{", 400, false},
        {"<<post>>Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n\r\n", 400, false},
        {"GET /api/v1/chat/messages HTTP/1.1\r\nHost: a\r\n<<auth>>\r\n", 200, false},
    };
    json_int_t last = newest();
    (void)state;
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        struct buffer request = {0};
        struct http_peer peer;
        struct http_reply reply;
        http_expand(bytes_of(before[i].text, strlen(before[i].text)), hostile_words(), &request);
        append_message(&request, false);
        append_message(&request, true);
        http_peer_open(&peer, hostile_port());
        assert_true(http_peer_send(&peer, buffer_bytes(&request), HOSTILE_WAIT_MS));
        assert_int_equal(http_peer_receive(&peer, before[i].to_head, HOSTILE_WAIT_MS, &reply),
                         HTTP_GOT_REPLY);
        assert_int_equal(reply.status, before[i].status);
        messages_are_taken(&peer, 2, &last);
        http_peer_close(&peer);
        buffer_fini(&request);
    }
    hostile_daemon_is_calm();
}

/** What is behind a refusal must not be done: the two sides do not agree on where it begins. */
static void a_write_behind_a_framing_error_has_no_effect(void **state)
{
    static const char *const before[] = {
        "<<get>>X : y\r\n\r\n",
        "<<post>>Content-Length: x\r\n\r\n",
        "<<post>>Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "<<post>>Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        "<<post>>Transfer-Encoding: chunked\r\n\r\n0\n\r\n",
        "<<get>>Connection: close\r\n\r\n",
        "GET /healthz HTTP/1.0\r\n\r\n",
    };
    json_int_t last = newest();
    (void)state;
    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++) {
        struct buffer request = {0};
        struct http_peer peer;
        http_expand(bytes_of(before[i], strlen(before[i])), hostile_words(), &request);
        append_message(&request, false);
        http_peer_open(&peer, hostile_port());
        http_peer_send(&peer, buffer_bytes(&request), HOSTILE_WAIT_MS);
        assert_true(http_peer_drain(&peer, HOSTILE_WAIT_MS));
        http_peer_close(&peer);
        buffer_fini(&request);
        assert_int_equal(newest(), ++last);
    }
    hostile_daemon_is_calm();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_length_is_a_number_and_there_is_one),
        cmocka_unit_test(chunked_is_the_only_coding_and_stands_alone),
        cmocka_unit_test(chunks_are_decoded_or_refused),
        cmocka_unit_test(it_does_not_matter_where_a_body_is_cut),
        cmocka_unit_test(pipelined_reads_are_answered_in_order),
        cmocka_unit_test(pipelined_writes_have_their_effect_once_and_in_order),
        cmocka_unit_test(a_write_behind_anything_has_its_effect_once),
        cmocka_unit_test(a_write_behind_a_framing_error_has_no_effect),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
