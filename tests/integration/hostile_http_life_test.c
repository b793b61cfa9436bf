/*
 * Peers of a real daemon that are slow, silent, half gone, too loud, or no HTTP at all. Each ends
 * within its deadline, and costs nobody else anything. RFC 9112, 8, 9.3, 9.5 and 9.6; RFC 9110,
 * 10.1.1.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/tcp.h"
#include "tests/integration/support_cases.h"

#define CHUNKED "<<post>>Transfer-Encoding: chunked\r\n\r\n"
#define REQUEST "<<post>>Content-Length: 20\r\n\r\n<<body>>"

/* Of the daemon: for a head, a body, an answer to be read, and between requests. */
#define HEAD_MS 1500
#define BODY_MS 2000
#define ANSWER_MS 2500
#define IDLE_MS 3000
#define LATEST_MS (IDLE_MS + 5000) /* on a machine that does other things */

static int start(void **state)
{
    (void)state;
    hostile_start((const char *const[]){"--http-head-within", "1500ms", "--http-body-within", "2s",
                                        "--http-read-within", "2500ms", "--http-idle", "3s",
                                        "--connections-max", "600", NULL});
    return 0;
}

static int stop(void **state)
{
    (void)state;
    hostile_stop();
    return 0;
}

static void expand(const char *text, size_t len, struct buffer *out)
{
    http_expand(bytes_of(text, len), hostile_words(), out);
}

/** Connects and sends a text with words in it. */
static void open_and_send(struct http_peer *peer, const char *text)
{
    struct buffer request = {0};
    expand(text, strlen(text), &request);
    http_peer_open(peer, hostile_port());
    assert_true(http_peer_send(peer, buffer_bytes(&request), HOSTILE_WAIT_MS));
    buffer_fini(&request);
}

/* --- slow ------------------------------------------------------------------------------------- */

struct slow {
    const char *name;
    const char *first; /* sent at once */
    const char *drip;  /* then a byte of this, over and over; NULL: nothing */
    int64_t least_ms, most_ms;
    const char *replies; /* as of a case */
};

static const struct slow slows[] = {
    {"says nothing", "", NULL, HEAD_MS - 300, LATEST_MS, "408|-"},
    {"half a head", "GET /healthz HT", NULL, HEAD_MS - 300, LATEST_MS, "408|-"},
    {"a head without its end", "<<get>>", NULL, HEAD_MS - 300, LATEST_MS, "408|-"},
    {"a head, byte by byte", "<<get>>", "X: y\r\n", HEAD_MS - 300, LATEST_MS, "408|-"},
    {"a request line, byte by byte", "GET /", "a", HEAD_MS - 300, LATEST_MS, "408|-"},
    {"a body that never comes", "<<post>>Content-Length: 20\r\n\r\n", NULL, BODY_MS - 300,
     LATEST_MS, "408"},
    {"a body that does not end", "<<post>>Content-Length: 20\r\n\r\n{", NULL, BODY_MS - 300,
     LATEST_MS, "408"},
    {"a body, byte by byte", "<<post>>Content-Length: 2000\r\n\r\n{", " ", BODY_MS - 300, LATEST_MS,
     "408"},
    {"chunks that never come", CHUNKED, NULL, BODY_MS - 300, LATEST_MS, "408"},
    {"a chunk, byte by byte", CHUNKED "400\r\n", " ", BODY_MS - 300, LATEST_MS, "408"},
    {"chunks of a byte, byte by byte", CHUNKED, "1\r\n \r\n", BODY_MS - 300, LATEST_MS, "408"},
    {"trailers, byte by byte", CHUNKED "14\r\n<<body>>\r\n0\r\n", "X: y\r\n", BODY_MS - 300,
     LATEST_MS, "408"},
    {"an extension, byte by byte", CHUNKED "14;a", "b", BODY_MS - 300, LATEST_MS, "408"},
    {"a second head, half", "<<get>>\r\nGET /he", NULL, HEAD_MS - 300, LATEST_MS, "200 408|-"},
    {"a second head, byte by byte", "<<get>>\r\nGET /", "a", HEAD_MS - 300, LATEST_MS, "200 408|-"},
    {"a second body, byte by byte", "<<get>>\r\n<<post>>Content-Length: 200\r\n\r\n", " ",
     BODY_MS - 300, LATEST_MS, "200 408"},
    {"nothing more", "<<get>>\r\n", NULL, IDLE_MS - 300, LATEST_MS, "200"},
    {"an asked-for body that never comes",
     "<<post>>Expect: 100-continue\r\nContent-Length: 20\r\n\r\n", NULL, BODY_MS - 300, LATEST_MS,
     "100 408"},
};
#define SLOW_COUNT (sizeof slows / sizeof slows[0])

struct slow_peer {
    struct http_peer peer;
    size_t dripped;
    int64_t ended_ms; /* after the beginning; 0: not yet */
};

/** A byte of each that drips, and a look at whether it has ended. */
static size_t drip_all(struct slow_peer *peers, int64_t began_ms)
{
    size_t open = 0;
    for (size_t i = 0; i < SLOW_COUNT; i++) {
        struct slow_peer *slow = &peers[i];
        if (slow->ended_ms != 0) {
            continue;
        }
        const char *drip = slows[i].drip;
        if (drip != NULL) {
            http_peer_send(&slow->peer, bytes_of(drip + slow->dripped++ % strlen(drip), 1), 100);
        }
        if (http_peer_drain(&slow->peer, 1)) {
            slow->ended_ms = tcp_now_ms() - began_ms;
        } else {
            open++;
        }
    }
    return open;
}

/** Whether what has come is what `replies` says; "408|-" at the end: or nothing more. */
static bool came(struct http_peer *peer, const char *replies, char *seen, size_t size)
{
    struct http_reply reply;
    const char *word = replies;
    seen[0] = '\0';
    for (;;) {
        enum http_got got = http_peer_receive(peer, false, 0, &reply);
        size_t len = strlen(seen);
        if (got != HTTP_GOT_REPLY) {
            snprintf(seen + len, size - len, " end %d", got);
            return got == HTTP_GOT_END && (*word == '\0' || strcmp(word, "408|-") == 0);
        }
        snprintf(seen + len, size - len, " %d %s", reply.status,
                 reply.fault != NULL ? reply.fault : "");
        if (reply.fault != NULL || strtol(word, NULL, 10) != reply.status) {
            return false;
        }
        word += 3;
        word += *word == ' ';
        if (*word == '|') {
            word = "";
        }
    }
}

static void whoever_is_slow_meets_a_deadline(void **state)
{
    static struct slow_peer peers[SLOW_COUNT];
    int64_t began_ms = tcp_now_ms();
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < SLOW_COUNT; i++) {
        open_and_send(&peers[i].peer, slows[i].first);
    }
    while (drip_all(peers, began_ms) > 0 && tcp_now_ms() - began_ms < LATEST_MS + 5000) {
        hostile_bystander_is_served();
        usleep(50000);
    }
    for (size_t i = 0; i < SLOW_COUNT; i++) {
        char seen[300];
        bool right = came(&peers[i].peer, slows[i].replies, seen, sizeof seen);
        int64_t took_ms = peers[i].ended_ms;
        if (!right || took_ms < slows[i].least_ms || took_ms > slows[i].most_ms) {
            print_message("%s: ended after %lld ms:%s; not %s\n", slows[i].name, (long long)took_ms,
                          seen, slows[i].replies);
            wrong++;
        }
        http_peer_close(&peers[i].peer);
    }
    assert_int_equal(wrong, 0);
    hostile_daemon_is_calm();
}

/** Asks for far more than the kernel holds; reads nothing, or a byte now and then. */
static void ask_and_read_slowly(bool a_little)
{
    struct http_peer peer;
    struct buffer request = {0};
    for (int i = 0; i < 100; i++) {
        expand("<<get>>\r\n", 9, &request);
    }
    http_peer_open_small(&peer, hostile_port(), 2048);
    int64_t began_ms = tcp_now_ms();
    bool ended = false;
    while (!ended && tcp_now_ms() - began_ms < 10 * LATEST_MS) {
        uint8_t byte;
        ended = !http_peer_send(&peer, buffer_bytes(&request), 200);
        ended = ended && send(peer.fd, "G", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN;
        if (a_little && recv(peer.fd, &byte, 1, MSG_DONTWAIT) == 0) {
            ended = true;
        }
        hostile_bystander_is_served();
    }
    assert_true(ended);
    http_peer_close(&peer);
    buffer_fini(&request);
}

static void whoever_does_not_read_is_cut_off(void **state)
{
    (void)state;
    ask_and_read_slowly(false);
    ask_and_read_slowly(true);
    hostile_daemon_is_calm();
}

#define PAGE "GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n"

static void large_pages_wait_for_slow_readers_without_memory(void **state)
{
    enum { READERS = 300 };
    static struct http_peer readers[READERS];
    (void)state;
    long before = hostile_memory_kib();
    for (int i = 0; i < READERS; i++) {
        http_peer_open_small(&readers[i], hostile_port(), 2048);
        http_peer_send(&readers[i], bytes_of(PAGE PAGE PAGE, sizeof(PAGE PAGE PAGE) - 1),
                       HOSTILE_WAIT_MS);
    }
    usleep(500000); /* new connections are taken in turns */
    hostile_bystander_is_served();
    long growth = hostile_memory_kib() - before;
    assert_true(growth < READERS * 50 * (long)hostile_stride()); /* a page has 200 KiB */
    for (int i = 0; i < READERS; i++) {
        http_peer_close(&readers[i]);
    }
    hostile_daemon_is_calm();
}

static void pipelined_pages_come_whole_and_in_order(void **state)
{
    struct http_peer peer;
    struct http_reply reply;
    size_t len = 0;
    (void)state;
    http_peer_open_small(&peer, hostile_port(), 4096);
    http_peer_send(&peer, bytes_of(PAGE PAGE PAGE, sizeof(PAGE PAGE PAGE) - 1), HOSTILE_WAIT_MS);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(http_peer_receive(&peer, false, HOSTILE_WAIT_MS, &reply), HTTP_GOT_REPLY);
        assert_null(reply.fault);
        assert_int_equal(reply.status, 200);
        assert_true(reply.body.len > 10000 && (i == 0 || reply.body.len == len));
        assert_int_equal(reply.body.data[0], '{');
        len = reply.body.len;
    }
    assert_true(hostile_marked_request(&peer, hostile_mark(), false));
    http_peer_half_close(&peer);
    assert_true(http_peer_drain(&peer, HOSTILE_WAIT_MS));
    assert_int_equal(peer.taken, peer.in.len);
    http_peer_close(&peer);
    hostile_daemon_is_calm();
}

/* --- half gone -------------------------------------------------------------------------------- */

struct half {
    const char *name;
    const char *text;
    const char *replies;
};

static const struct half halves[] = {
    {"nothing", "", ""},
    {"half a head", "GET /healthz HT", "400|-"},
    {"a head without its end", "<<get>>", "400|-"},
    {"a head without its last LF", "<<get>>\r", "400|-"},
    {"a request", "<<get>>\r\n", "200"},
    {"three requests", "<<get>>\r\n<<get>>\r\n<<get>>\r\n", "200 200 200"},
    {"one and a half", "<<get>>\r\n<<get>>", "200 400|-"},
    {"a message", REQUEST, "201"},
    {"two messages", REQUEST REQUEST, "201 201"},
    {"a message and a half", REQUEST "<<post>>Content-Length: 20\r\n\r\n{\"no\":", "201 400|-"},
    {"a body without its end", "<<post>>Content-Length: 20\r\n\r\n{\"no\":", "400|-"},
    {"no body", "<<post>>Content-Length: 20\r\n\r\n", "400|-"},
    {"a chunk without its end", CHUNKED "14\r\n{\"no\"", "400|-"},
    {"chunks without the last", CHUNKED "14\r\n<<body>>\r\n", "400|-"},
    {"chunks without the empty line", CHUNKED "14\r\n<<body>>\r\n0\r\n", "400|-"},
    {"chunks", CHUNKED "14\r\n<<body>>\r\n0\r\n\r\n", "201"},
    {"a refusal", "<<get>>X : y\r\n\r\n", "400"},
    {"an asked-for body", "<<post>>Expect: 100-continue\r\nContent-Length: 20\r\n\r\n",
     "100 400|-"},
};

/** As of a case, but with the end of our side behind what is sent. */
static bool half_closed_went(const struct half *half)
{
    struct http_peer peer;
    char wanted[64], seen[300] = "";
    bool right = true;
    open_and_send(&peer, half->text);
    http_peer_half_close(&peer);
    snprintf(wanted, sizeof wanted, "%s", half->replies);
    for (char *word = strtok(wanted, " "); right; word = strtok(NULL, " ")) {
        struct http_reply reply;
        enum http_got got = http_peer_receive(&peer, false, HOSTILE_WAIT_MS, &reply);
        bool may_end = word == NULL || strchr(word, '-') != NULL;
        size_t len = strlen(seen);
        snprintf(seen + len, sizeof seen - len, " %d/%d", got, got == 0 ? reply.status : 0);
        if (got != HTTP_GOT_REPLY) {
            right = got == HTTP_GOT_END && may_end;
            break;
        }
        right = word != NULL && reply.fault == NULL && reply.status == strtol(word, NULL, 10);
    }
    if (!right) {
        print_message("%s, half closed:%s; not %s\n", half->name, seen, half->replies);
    }
    http_peer_close(&peer);
    return right;
}

static void whoever_has_said_all_still_gets_the_answers(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
        wrong += !half_closed_went(&halves[i]);
        hostile_bystander_is_served();
    }
    assert_int_equal(wrong, 0);
    hostile_daemon_is_calm();
}

static void whoever_goes_leaves_nothing_behind(void **state)
{
    (void)state;
    for (size_t round = 0; round < 20; round++) {
        for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
            struct http_peer peer;
            open_and_send(&peer, halves[i].text);
            if (round % 2 == 0) {
                hostile_bystander_is_served();
            }
            http_peer_abort(&peer);
        }
    }
    hostile_daemon_is_calm();
}

/* --- 100-continue ----------------------------------------------------------------------------- */

#define EXPECT "<<post>>Expect: 100-continue\r\nContent-Length: 20\r\n\r\n"

static void take_status(struct http_peer *peer, int status)
{
    struct http_reply reply;
    assert_int_equal(http_peer_receive(peer, false, HOSTILE_WAIT_MS, &reply), HTTP_GOT_REPLY);
    assert_null(reply.fault);
    assert_int_equal(reply.status, status);
}

static void whoever_asks_before_a_body_is_answered(void **state)
{
    struct http_peer peer;
    struct buffer body = {0};
    struct http_reply reply;
    (void)state;
    hostile_run(&hostile_expectations);
    expand("<<body>>", 8, &body);
    static const char *const asks[] = {
        EXPECT, "<<post>>EXPECT: 100-CONTINUE\r\nContent-Length: 20\r\n\r\n"};
    for (int i = 0; i < 2; i++) {
        open_and_send(&peer, asks[i]);
        take_status(&peer, 100);
        hostile_bystander_is_served();
        assert_true(http_peer_send(&peer, buffer_bytes(&body), HOSTILE_WAIT_MS));
        take_status(&peer, 201);
        assert_true(hostile_marked_request(&peer, hostile_mark(), false));
        http_peer_close(&peer);
    }
    /* The body is there already: to say 100 is not needed any more, and no fault either. */
    open_and_send(&peer, EXPECT "<<body>>");
    assert_int_equal(http_peer_receive(&peer, false, HOSTILE_WAIT_MS, &reply), HTTP_GOT_REPLY);
    if (reply.status == 100) {
        take_status(&peer, 201);
    } else {
        assert_int_equal(reply.status, 201);
    }
    assert_true(hostile_marked_request(&peer, hostile_mark(), false));
    http_peer_close(&peer);
    buffer_fini(&body);
    hostile_daemon_is_calm();
}

/* --- too much --------------------------------------------------------------------------------- */

/** Sends a head and a body of so many megabytes, whatever comes; the refusal must be readable. */
static void refusal_is_read(const char *head, const char *piece, int status)
{
    struct http_peer peer;
    struct http_reply reply;
    struct buffer million = {0};
    while (million.len < 1000000) {
        buffer_append(&million, piece, strlen(piece));
    }
    open_and_send(&peer, head);
    for (int i = 0; i < 10 && http_peer_send(&peer, buffer_bytes(&million), 1000); i++) {
    }
    enum http_got got = http_peer_receive(&peer, false, HOSTILE_WAIT_MS, &reply);
    if (got != HTTP_GOT_REPLY || reply.status != status || reply.fault != NULL || !reply.close) {
        fail_msg("%s: got %d, status %d, %s", head, got, got == 0 ? reply.status : 0,
                 got == 0 && reply.fault != NULL ? reply.fault : "");
    }
    http_peer_close(&peer);
    buffer_fini(&million);
}

static void a_refusal_is_not_reset_away(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        refusal_is_read("<<post>>Content-Length: 10000000\r\n\r\n", "aaaaaaaaaa", 413);
        refusal_is_read(CHUNKED, "1000\r\n<<4096* >>\r\n", 413);
        refusal_is_read("<<get>>X: ", "yyyyyyyyyy", 431);
        refusal_is_read("<<get>>", "X: y\r\n", 431);
        refusal_is_read("GET /", "aaaaaaaaaa", 431);
        refusal_is_read("<<get>>X : y\r\n\r\n", "GET /smuggled HTTP/1.1\r\n\r\n", 400);
    }
    hostile_daemon_is_calm();
}

static void a_crowd_that_says_nothing_harms_nobody_for_long(void **state)
{
    enum { CROWD = 1500 }; /* more than there may be */
    static struct http_peer crowd[CROWD];
    (void)state;
    for (int i = 0; i < CROWD; i++) {
        http_peer_open(&crowd[i], hostile_port());
        if (i % 3 > 0) {
            http_peer_send(&crowd[i], bytes_of("GET /healthz", (size_t)(i % 12)), 100);
        }
    }
    usleep(500000);
    for (int i = 0; i < CROWD; i++) {
        http_peer_close(&crowd[i]);
    }
    hostile_daemon_is_calm();
}

/* --- no HTTP ---------------------------------------------------------------------------------- */

static void noise_ends_at_once(void **state)
{
    (void)state;
    hostile_run(&hostile_noises);
    hostile_daemon_is_calm();
}

static uint64_t seed = 0x5eed0f0417ull;

static uint32_t chance(uint32_t below)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(seed >> 33) % below;
}

/** Sends and half-closes; whatever comes must be answers, and end. */
static bool noise_went(struct bytes noise)
{
    struct http_peer peer;
    struct http_reply reply = {0};
    enum http_got got;
    http_peer_open(&peer, hostile_port());
    http_peer_send(&peer, noise, HOSTILE_WAIT_MS);
    http_peer_half_close(&peer);
    do {
        got = http_peer_receive(&peer, false, HOSTILE_WAIT_MS, &reply);
    } while (got == HTTP_GOT_REPLY && reply.fault == NULL);
    http_peer_close(&peer);
    return got == HTTP_GOT_END;
}

static void random_bytes_end_in_answers_or_nothing(void **state)
{
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < 300 / hostile_stride(); i++) {
        uint8_t noise[600];
        size_t len = 1 + chance(sizeof noise);
        for (size_t at = 0; at < len; at++) {
            noise[at] = (uint8_t)chance(256);
        }
        wrong += !noise_went(bytes_of(noise, len));
        hostile_bystander_is_served();
    }
    assert_int_equal(wrong, 0);
    hostile_daemon_is_calm();
}

/** Changes, drops or doubles a few bytes. */
static void damage(struct buffer *bytes)
{
    static const char marks[] = "\r\n\0 :;,\t0-+x\xff";
    for (uint32_t i = 1 + chance(4); i > 0; i--) {
        size_t at = chance((uint32_t)bytes->len);
        switch (chance(4)) {
        case 0:
            bytes->data[at] = (uint8_t)marks[chance(sizeof marks - 1)];
            break;
        case 1:
            bytes->data[at] ^= (uint8_t)(1 << chance(8));
            break;
        case 2:
            memmove(bytes->data + at, bytes->data + at + 1, --bytes->len - at);
            break;
        default:
            buffer_extend(bytes, 1);
            memmove(bytes->data + at + 1, bytes->data + at, bytes->len - at - 1);
        }
    }
}

static void damaged_requests_end_in_answers_or_nothing(void **state)
{
    static const char good[] = "<<get>>X: y\r\n\r\n" REQUEST CHUNKED
                               "8;x=y\r\n{\"no\":1,\r\nc\r\n\"text\":\"hi\"}\r\n0\r\nX: y\r\n\r\n"
                               "GET http://a/x?y=%20z HTTP/1.1\r\nHost: a\r\n\r\n";
    int wrong = 0;
    (void)state;
    for (size_t i = 0; i < 2000 / hostile_stride(); i++) {
        struct buffer bytes = {0};
        expand(good, sizeof good - 1, &bytes);
        uint64_t before = seed;
        damage(&bytes);
        if (!noise_went(buffer_bytes(&bytes))) {
            print_message("damaged from seed %llx\n", (unsigned long long)before);
            wrong++;
        }
        if (i % 20 == 0) {
            hostile_bystander_is_served();
        }
        buffer_fini(&bytes);
    }
    assert_int_equal(wrong, 0);
    hostile_daemon_is_calm();
}

/* --- errors that are no fault of the framing -------------------------------------------------- */

static void errors_of_the_content_keep_the_connection(void **state)
{
    (void)state;
    hostile_run(&hostile_errors);
    hostile_daemon_is_calm();
}

static void odd_paths_queries_and_headers_mean_one_thing_or_nothing(void **state)
{
    (void)state;
    hostile_run(&hostile_queries);
    hostile_run(&hostile_paths);
    hostile_run(&hostile_looked_at);
    hostile_daemon_is_calm();
}

/* --- streams ------------------------------------------------------------------------------------
 */

#define STREAM "GET /api/v1/notifications/stream HTTP/1.1\r\nHost: a\r\n<<auth>>\r\n"

static void open_stream(struct http_peer *peer)
{
    struct http_reply reply;
    open_and_send(peer, STREAM);
    assert_int_equal(http_peer_receive_head(peer, HOSTILE_WAIT_MS, &reply), HTTP_GOT_REPLY);
    assert_null(reply.fault);
    assert_int_equal(reply.status, 200);
}

static void streams_end_with_their_readers(void **state)
{
    struct http_peer peers[30];
    struct buffer garbage = {0};
    (void)state;
    memset(buffer_extend(&garbage, 200000), 'G', 200000);
    for (int i = 0; i < 30; i++) {
        open_stream(&peers[i]);
    }
    for (int i = 0; i < 30; i += 3) {
        http_peer_half_close(&peers[i]);
        http_peer_abort(&peers[i + 1]);
        http_peer_send(&peers[i + 2], buffer_bytes(&garbage), 500);
        hostile_bystander_is_served();
    }
    for (int i = 0; i < 30; i++) {
        if (peers[i].fd >= 0) {
            assert_true(http_peer_drain(&peers[i], HOSTILE_WAIT_MS));
            http_peer_close(&peers[i]);
        }
    }
    buffer_fini(&garbage);
    hostile_daemon_is_calm();
}

/** What is pipelined behind a stream can never be answered: it is not done, either. */
static void nothing_is_done_behind_a_stream(void **state)
{
    struct http_peer peer;
    struct http_reply reply;
    (void)state;
    open_and_send(&peer, STREAM REQUEST);
    assert_int_equal(http_peer_receive_head(&peer, HOSTILE_WAIT_MS, &reply), HTTP_GOT_REPLY);
    assert_int_equal(reply.status, 200);
    assert_true(reply.close);
    http_peer_drain(&peer, 300);
    assert_null(memmem(peer.in.data, peer.in.len, "HTTP/1.1 201", 12));
    http_peer_close(&peer);
    hostile_daemon_is_calm();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_is_slow_meets_a_deadline),
        cmocka_unit_test(whoever_does_not_read_is_cut_off),
        cmocka_unit_test(large_pages_wait_for_slow_readers_without_memory),
        cmocka_unit_test(pipelined_pages_come_whole_and_in_order),
        cmocka_unit_test(whoever_has_said_all_still_gets_the_answers),
        cmocka_unit_test(whoever_goes_leaves_nothing_behind),
        cmocka_unit_test(whoever_asks_before_a_body_is_answered),
        cmocka_unit_test(a_refusal_is_not_reset_away),
        cmocka_unit_test(a_crowd_that_says_nothing_harms_nobody_for_long),
        cmocka_unit_test(noise_ends_at_once),
        cmocka_unit_test(random_bytes_end_in_answers_or_nothing),
        cmocka_unit_test(damaged_requests_end_in_answers_or_nothing),
        cmocka_unit_test(errors_of_the_content_keep_the_connection),
        cmocka_unit_test(odd_paths_queries_and_headers_mean_one_thing_or_nothing),
        cmocka_unit_test(streams_end_with_their_readers),
        cmocka_unit_test(nothing_is_done_behind_a_stream),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
