#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/ws_handshake.h"
#include "edge/ws_upgrade.h"
#include "wire/record.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define START "GET /ws HTTP/1.1\r\nHost: a\r\n"
#define UPGRADE "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define KEYED "Sec-WebSocket-Key:  " KEY " \r\n"
#define OURS "sec-websocket-protocol: chat, duet.v1.json ,duet.v1.msgpack\r\n"

static const char *const origins[] = {"https://duet.example"};

/** The status of the answer; the answer's head goes to `answer` as text. */
static int ask(const char *request, char answer[1024], struct ws_upgrade *out)
{
    const struct ws_origins allowed = {.items = origins, .count = 1};
    struct buffer bytes = {0};
    int status = 0;
    bool taken = ws_upgrade_answer(text_of(request), &allowed, &bytes, out);
    assert_true(bytes.len < 1024);
    memcpy(answer, bytes.data, bytes.len);
    answer[bytes.len] = '\0';
    buffer_fini(&bytes);
    assert_int_equal(sscanf(answer, "HTTP/1.1 %d", &status), 1);
    assert_int_equal(taken, status == 101);
    return status;
}

static void a_sound_request_gets_the_first_subprotocol_that_is_ours(void **state)
{
    static const char request[] = START UPGRADE VERSION KEYED OURS "\r\n\x82\x80";
    char answer[1024];
    struct ws_upgrade upgrade;
    int status = 0;
    (void)state;
    assert_int_equal(ask(request, answer, &upgrade), 101);
    assert_true(upgrade.json);
    assert_int_equal(upgrade.head_bytes, strlen(request) - 2);
    answer[strlen(answer) - 2] = '\0'; /* the empty line */
    assert_int_equal(ws_handshake_check(answer, KEY, "duet.v1.json", &status), 0);
}

static void others_learn_why_not(void **state)
{
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {START "\r\n", 426},
        {START "Upgrade: websocket\r\n" VERSION KEYED OURS "\r\n", 426},
        {START "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n", 400},
        {START UPGRADE KEYED OURS "\r\n", 426},
        {START UPGRADE "Sec-WebSocket-Version: 8\r\n" KEYED OURS "\r\n", 426},
        {START UPGRADE VERSION OURS "\r\n", 400},
        {START UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n" OURS "\r\n", 400},
        {START UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ\"==\r\n" OURS "\r\n", 400},
        {START UPGRADE VERSION KEYED KEYED OURS "\r\n", 400},
        {START UPGRADE VERSION VERSION KEYED OURS "\r\n", 400},
        {START UPGRADE VERSION KEYED "\r\n", 400},
        {START UPGRADE VERSION KEYED "Sec-WebSocket-Protocol: duet.v1.jsonx\r\n\r\n", 400},
        {START UPGRADE VERSION KEYED OURS "Origin: https://evil.example\r\n\r\n", 403},
        {START UPGRADE VERSION KEYED OURS "Origin: https://duet.example\r\n\r\n", 101},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char answer[1024];
        struct ws_upgrade upgrade;
        assert_int_equal(ask(cases[i].request, answer, &upgrade), cases[i].status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_request_gets_the_first_subprotocol_that_is_ours),
        cmocka_unit_test(others_learn_why_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
