#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "edge/http_check.h"
#include "edge/http_head.h"
#include "wire/record.h"

#define HOST "Host: a\r\n"

static struct http_head judge(const char *text)
{
    return http_head_judge(text_of(text));
}

static void a_websocket_request_is_told_by_its_whole_path(void **state)
{
    (void)state;
    assert_int_equal(judge("GET /ws HTTP/1.1\r\n" HOST "\r\n").verdict, HTTP_HEAD_WS);
    assert_int_equal(judge("GET /ws?x=1 HTTP/1.1\r\n" HOST "\r\n").verdict, HTTP_HEAD_WS);
    assert_int_equal(judge("GET /wsx HTTP/1.1\r\n" HOST "\r\n").verdict, HTTP_HEAD_OTHER);
    assert_int_equal(judge("GET /ws/ HTTP/1.1\r\n" HOST "\r\n").verdict, HTTP_HEAD_OTHER);
    assert_int_equal(judge("POST /ws HTTP/1.1\r\n" HOST "\r\n").verdict, HTTP_HEAD_OTHER);
}

static void every_beginning_of_a_good_head_asks_for_more(void **state)
{
    static const char head[] = "GET /ws HTTP/1.1\r\n" HOST "Content-Length: 3\r\nX:  y \r\n\r\n";
    (void)state;
    for (size_t len = 0; len < sizeof head - 1; len++) {
        /* exactly as long as what is judged, so that reading on is noticed */
        uint8_t *copy = malloc(len + 1);
        memcpy(copy, head, len);
        copy = realloc(copy, len == 0 ? 1 : len);
        assert_int_equal(http_head_judge(bytes_of(copy, len)).verdict, HTTP_HEAD_MORE);
        free(copy);
    }
    assert_int_equal(judge(head).verdict, HTTP_HEAD_WS);
}

static void what_comes_after_the_head_is_not_looked_at(void **state)
{
    (void)state;
    assert_int_equal(judge("GET / HTTP/1.1\r\n" HOST "\r\n\n\r\x01 X").verdict, HTTP_HEAD_OTHER);
}

static void what_could_be_read_in_two_ways_is_refused(void **state)
{
    static const char *const heads[] = {
        "GET / HTTP/1.1\n" HOST "\r\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "\n",
        "GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "X: a\x01\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "X : a\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST "X\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n",
        "GET / HTTP/1.1\r\n" HOST HOST "\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET /a b HTTP/1.1\r\n" HOST "\r\n",
        "GET  / HTTP/1.1\r\n" HOST "\r\n",
        "GET /\x80 HTTP/1.1\r\n" HOST "\r\n",
        "get / HTTP/1.1\r\n" HOST "\r\n",
        "GET /\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\n" HOST "\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x1\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, identity\r\n\r\n",
        "POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: gzip\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET a HTTP/1.1\r\n" HOST "\r\n",
        "GET * HTTP/1.1\r\n" HOST "\r\n",
        "GET /a#b HTTP/1.1\r\n" HOST "\r\n",
        "GET ftp://a/ HTTP/1.1\r\n" HOST "\r\n",
        "GET http:///a HTTP/1.1\r\n" HOST "\r\n",
        "GET http://u@a/ HTTP/1.1\r\n" HOST "\r\n",
        "GET http://b/ HTTP/1.1\r\n" HOST "\r\n",
        "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n"
        "Transfer-Encoding: chunked\r\n\r\n",
        "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct http_head head = judge(heads[i]);
        if (head.verdict != HTTP_HEAD_REFUSED || head.status != 400) {
            print_message("%s\n", heads[i]);
        }
        assert_int_equal(head.verdict, HTTP_HEAD_REFUSED);
        assert_int_equal(head.status, 400);
    }
}

static void no_control_character_is_missed_wherever_it_stands(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        bool fine = (c >= ' ' && c != 0x7f) || c == '\t';
        for (size_t at = 0; at < 20; at++) {
            char text[] = "GET / HTTP/1.1\r\n" HOST "X: a0123456789abcdef0123b\r\n\r\n";
            *(strstr(text, "X: a") + 4 + at) = (char)c;
            struct http_head head = http_head_judge(bytes_of(text, sizeof text - 1));
            assert_int_equal(head.verdict, fine ? HTTP_HEAD_OTHER : HTTP_HEAD_REFUSED);
        }
    }
}

static void what_is_understood_and_not_served_is_said(void **state)
{
    (void)state;
    assert_int_equal(judge("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip\r\n\r\n").status,
                     501);
    assert_int_equal(
        judge("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n").status, 501);
    assert_int_equal(judge("CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n").status, 501);
    assert_int_equal(judge("POST / HTTP/1.1\r\n" HOST "Expect: more\r\n\r\n").status, 417);
}

static void whose_a_connection_is_shows_early(void **state)
{
    (void)state;
    assert_int_equal(http_head_first(text_of("")).verdict, HTTP_HEAD_MORE);
    assert_int_equal(http_head_first(text_of("GET /w")).verdict, HTTP_HEAD_MORE);
    assert_int_equal(http_head_first(text_of("GET /ws")).verdict, HTTP_HEAD_MORE);
    assert_int_equal(http_head_first(text_of("GET /ws?")).verdict, HTTP_HEAD_MORE);
    assert_int_equal(http_head_first(text_of("GET /wsx")).verdict, HTTP_HEAD_OTHER);
    assert_int_equal(http_head_first(text_of("P")).verdict, HTTP_HEAD_OTHER);
    assert_int_equal(http_head_first(text_of("\x16")).verdict, HTTP_HEAD_OTHER);
    assert_int_equal(http_head_first(text_of("GET /ws HTTP/1.1\nHost: a\n")).verdict,
                     HTTP_HEAD_REFUSED);
    assert_int_equal(http_head_first(text_of("GET /ws HTTP/1.1\r\n" HOST "\r\n")).verdict,
                     HTTP_HEAD_WS);
}

static void a_host_is_a_name_or_an_address(void **state)
{
    static const char *const hosts[] = {"",        "a",
                                        "a.b-c_d", "a:80",
                                        "a:",      "[::1]",
                                        "a%41b",   "127.0.0.1:443",
                                        "[::1]:8", "[1:2::3.4.5.6]"};
    static const char *const others[] = {"a:b", "a:80:80", "[::1",  "[::1]a", "[]",   "[g]", "a%",
                                         "a%4", "a%4g",    "u@a",   "a/b",    "a b",  "a,b", "a?b",
                                         "]",   "a[",      "\"a\"", "a\\b",   "\x80", ":x"};
    (void)state;
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        assert_true(http_check_is_host(text_of(hosts[i])));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(http_check_is_host(text_of(others[i])));
    }
}

static void the_parts_of_a_head_are_told(void **state)
{
    struct http_head_parts parts;
    (void)state;
    struct bytes head =
        text_of("PUT https://A:1/p/q?r?s HTTP/1.1\r\nHost: a:1\r\nContent-Length: 42\r\n"
                "Expect: 100-continue\r\nX:  y z \r\nConnection: a, Close\r\n\r\nbody");
    assert_int_equal(http_head_read(head, &parts).verdict, HTTP_HEAD_OTHER);
    assert_int_equal(parts.bytes, head.len - 4);
    assert_true(bytes_equal(parts.path, text_of("/p/q")));
    assert_true(bytes_equal(parts.query, text_of("r?s")));
    assert_true(parts.has_length && !parts.chunked && parts.expects_continue);
    assert_false(parts.keep_alive || parts.http_1_0);
    assert_int_equal(parts.content_length, 42);
    assert_int_equal(parts.header_count, 5);
    assert_true(bytes_equal(parts.headers[3].value, text_of("y z")));
}

static void a_fault_is_seen_before_the_head_is_complete(void **state)
{
    (void)state;
    assert_int_equal(judge("\x16\x03\x01").verdict, HTTP_HEAD_REFUSED);
    assert_int_equal(judge("GET / HTTP/1.1\r\n X: a").verdict, HTTP_HEAD_MORE);
    assert_int_equal(judge("GET / HTTP/1.1\r\n X: a\r\n").verdict, HTTP_HEAD_REFUSED);
    assert_int_equal(judge("PRI * HTTP/2.0\r\n").status, 505);
}

static void a_head_is_bounded_in_bytes_and_in_fields(void **state)
{
    struct buffer text = {0};
    (void)state;
    buffer_append(&text, "GET / HTTP/1.1\r\n", 16);
    for (int i = 0; i < HTTP_HEADERS_MAX + 2; i++) {
        buffer_append(&text, "X: a\r\n", 6);
    }
    assert_int_equal(http_head_judge(buffer_bytes(&text)).status, 431);
    buffer_clear(&text);
    buffer_append(&text, "GET /ws HTTP/1.1\r\n" HOST "X: ", 30);
    memset(buffer_extend(&text, HTTP_HEAD_BYTES_MAX), 'a', HTTP_HEAD_BYTES_MAX);
    text.len = HTTP_HEAD_BYTES_MAX - 1;
    assert_int_equal(http_head_judge(buffer_bytes(&text)).verdict, HTTP_HEAD_MORE);
    text.len = HTTP_HEAD_BYTES_MAX;
    assert_int_equal(http_head_judge(buffer_bytes(&text)).status, 431);
    text.len = HTTP_HEAD_WS_BYTES_MAX;
    buffer_append(&text, "\r\n\r\n", 4);
    assert_int_equal(http_head_judge(buffer_bytes(&text)).status, 431);
    buffer_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_websocket_request_is_told_by_its_whole_path),
        cmocka_unit_test(every_beginning_of_a_good_head_asks_for_more),
        cmocka_unit_test(what_comes_after_the_head_is_not_looked_at),
        cmocka_unit_test(what_could_be_read_in_two_ways_is_refused),
        cmocka_unit_test(no_control_character_is_missed_wherever_it_stands),
        cmocka_unit_test(what_is_understood_and_not_served_is_said),
        cmocka_unit_test(whose_a_connection_is_shows_early),
        cmocka_unit_test(a_host_is_a_name_or_an_address),
        cmocka_unit_test(the_parts_of_a_head_are_told),
        cmocka_unit_test(a_fault_is_seen_before_the_head_is_complete),
        cmocka_unit_test(a_head_is_bounded_in_bytes_and_in_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
