#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "bench/http_answer.h"

#define ANSWERS_MAX 8

static struct {
    int status;
    bool closes;
    char body[256];
} got[ANSWERS_MAX];
static size_t got_count;

static void note(void *owner, const struct http_answer *answer)
{
    (void)owner;
    assert_true(got_count < ANSWERS_MAX);
    got[got_count].status = answer->status;
    got[got_count].closes = answer->closes;
    snprintf(got[got_count].body, sizeof got[0].body, "%.*s", (int)answer->body.len,
             (const char *)answer->body.data);
    got_count++;
}

/* Feeds a text in pieces of `step` bytes; the first error, or that of the end. */
static int hear(const char *text, size_t step)
{
    struct http_reader reader = {0};
    size_t len = strlen(text);
    int error = 0;
    got_count = 0;
    for (size_t at = 0; error == 0 && at < len; at += step) {
        size_t piece = len - at < step ? len - at : step;
        char exact[1024]; /* a copy of its own, so that nothing can be read beyond it unseen */
        memcpy(exact, text + at, piece);
        error = http_reader_feed(&reader, bytes_of(exact, piece), note, NULL);
    }
    error = error == 0 ? http_reader_end(&reader, note, NULL) : error;
    http_reader_fini(&reader);
    return error;
}

#define TWO                                                                                        \
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCONTENT-LENGTH:  5 \r\n\r\nhello"        \
    "HTTP/1.1 201 Created\r\ncontent-length: 2\r\nConnection: close\r\n\r\nok"

static void answers_are_found_however_they_are_split(void **state)
{
    (void)state;
    for (size_t step = 1; step <= strlen(TWO); step++) {
        assert_int_equal(hear(TWO, step), 0);
        assert_int_equal(got_count, 2);
        assert_int_equal(got[0].status, 200);
        assert_false(got[0].closes);
        assert_string_equal(got[0].body, "hello");
        assert_int_equal(got[1].status, 201);
        assert_true(got[1].closes);
        assert_string_equal(got[1].body, "ok");
    }
}

#define IN_CHUNKS                                                                                  \
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"                                        \
    "3\r\nabc\r\n0B;name=\"value\"\r\ndefghijklmn\r\n0\r\nTrailer: yes\r\n\r\n"                    \
    "HTTP/1.1 204 No Content\r\n\r\n"

static void chunks_are_put_together(void **state)
{
    (void)state;
    for (size_t step = 1; step <= strlen(IN_CHUNKS); step++) {
        assert_int_equal(hear(IN_CHUNKS, step), 0);
        assert_int_equal(got_count, 2);
        assert_string_equal(got[0].body, "abcdefghijklmn");
        assert_false(got[0].closes);
        assert_int_equal(got[1].status, 204);
        assert_string_equal(got[1].body, "");
    }
}

static void a_body_may_last_until_the_connection_closes(void **state)
{
    (void)state;
    assert_int_equal(hear("HTTP/1.0 200 OK\r\nServer: x\r\n\r\nall of it", 4), 0);
    assert_int_equal(got_count, 1);
    assert_string_equal(got[0].body, "all of it");
    assert_true(got[0].closes);
}

static void what_has_no_body_has_none_whatever_it_says(void **state)
{
    (void)state;
    assert_int_equal(hear("HTTP/1.1 304 Not Modified\r\nContent-Length: 70\r\n\r\n"
                          "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                          1000),
                     0);
    assert_int_equal(got_count, 2);
    assert_int_equal(got[0].status, 304);
}

static void interim_answers_are_passed_over(void **state)
{
    (void)state;
    assert_int_equal(
        hear("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx", 7), 0);
    assert_int_equal(got_count, 1);
    assert_int_equal(got[0].status, 200);
}

static void an_answer_that_is_cut_off_is_none(void **state)
{
    static const char *const texts[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(hear(texts[i], 3), ERR_END);
        assert_int_equal(got_count, 0);
    }
}

static void what_could_be_read_in_two_ways_is_refused(void **state)
{
    static const char *const texts[] = {
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nX: 1\r\n Content-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nab\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n111111111\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (hear(texts[i], 1000) != ERR_MALFORMED || got_count != 0) {
            fail_msg("accepted: %s", texts[i]);
        }
    }
}

static void an_answer_without_end_is_given_up(void **state)
{
    struct http_reader reader = {0};
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 900000000\r\n\r\n";
    static uint8_t zeros[65536];
    (void)state;
    int error = http_reader_feed(&reader, bytes_of(head, sizeof head - 1), note, NULL);
    for (int i = 0; error == 0 && i < 100; i++) {
        error = http_reader_feed(&reader, bytes_of(zeros, sizeof zeros), note, NULL);
    }
    assert_int_equal(error, ERR_TOO_LARGE);
    http_reader_fini(&reader);
}

static void the_head_tells_the_type(void **state)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                               "Transfer-Encoding: chunked\r\n\r\nrest";
    struct http_answer_head head;
    (void)state;
    assert_int_equal(http_answer_head_read(bytes_of(text, sizeof text - 1), &head), 1);
    assert_int_equal(head.framing, HTTP_FRAMED_IN_CHUNKS);
    assert_int_equal(head.head_len, sizeof text - 1 - 4);
    assert_memory_equal(head.content_type.data, "text/event-stream", head.content_type.len);
    assert_int_equal(head.content_type.len, 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_found_however_they_are_split),
        cmocka_unit_test(chunks_are_put_together),
        cmocka_unit_test(a_body_may_last_until_the_connection_closes),
        cmocka_unit_test(what_has_no_body_has_none_whatever_it_says),
        cmocka_unit_test(interim_answers_are_passed_over),
        cmocka_unit_test(an_answer_that_is_cut_off_is_none),
        cmocka_unit_test(what_could_be_read_in_two_ways_is_refused),
        cmocka_unit_test(an_answer_without_end_is_given_up),
        cmocka_unit_test(the_head_tells_the_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
