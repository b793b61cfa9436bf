#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/error.h"
#include "client/ws_handshake.h"

/* The example of RFC 6455, 1.3. */
#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

static void the_accept_hash_is_that_of_the_standard(void **state)
{
    (void)state;
    char accept[WS_ACCEPT_CHARS + 1];
    ws_accept_of(KEY, accept);
    assert_string_equal(accept, ACCEPT);
}

static void a_request_offers_what_it_was_asked_to(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct ws_client_options options = {.host = "duet.test",
                                        .port = 7400,
                                        .subprotocol = "duet.v1.json",
                                        .headers = "Origin: https://a.test\r\n"};
    static const char expected[] = "GET /ws HTTP/1.1\r\nHost: duet.test:7400\r\n"
                                   "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " KEY "\r\n"
                                   "Sec-WebSocket-Protocol: duet.v1.json\r\n"
                                   "Origin: https://a.test\r\n\r\n";
    ws_handshake_request(&options, KEY, &out);
    buffer_append_u8(&out, '\0');
    assert_string_equal((const char *)out.data, expected);
    buffer_fini(&out);
}

static int judge(const char *response, const char *subprotocol, int *status)
{
    *status = 0;
    return ws_handshake_check(response, KEY, subprotocol, status);
}

#define UPGRADED "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: Upgrade\r\n"

static void a_good_response_is_accepted(void **state)
{
    (void)state;
    int status;
    assert_int_equal(judge(UPGRADED "Sec-WebSocket-Accept: " ACCEPT
                                    "\r\nSec-WebSocket-Protocol: duet.v1.json",
                           "duet.v1.json", &status),
                     0);
    assert_int_equal(status, 101);
    assert_int_equal(judge(UPGRADED "Sec-WebSocket-Accept:" ACCEPT, NULL, &status), 0);
}

static void other_responses_are_told_apart(void **state)
{
    (void)state;
    int status;
    assert_int_equal(judge("HTTP/1.1 403 Forbidden\r\nContent-Length: 0", NULL, &status),
                     ERR_UNKNOWN_OP);
    assert_int_equal(status, 403);
    assert_int_equal(judge("SSH-2.0-OpenSSH", NULL, &status), ERR_MALFORMED);
    assert_int_equal(judge(UPGRADED "Sec-WebSocket-Accept: " ACCEPT, "duet.v1.json", &status),
                     ERR_MALFORMED);
    assert_int_equal(
        judge(UPGRADED "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=", NULL, &status),
        ERR_MALFORMED);
    assert_int_equal(judge(UPGRADED "Sec-WebSocket-Accept: " ACCEPT
                                    "\r\nSec-WebSocket-Protocol: other",
                           NULL, &status),
                     ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_accept_hash_is_that_of_the_standard),
        cmocka_unit_test(a_request_offers_what_it_was_asked_to),
        cmocka_unit_test(a_good_response_is_accepted),
        cmocka_unit_test(other_responses_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
