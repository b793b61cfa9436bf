#include "tests/unit/support/ws_script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/ws_handshake.h"
#include "wire/record.h"

#define SHORT_FRAME_HEAD 6 /* with the mask */
#define LONG_FRAME_HEAD 8
#define LONG_FRAME 126

static void read_request(int fd, char *request, size_t size)
{
    size_t len = 0;
    while (len < size - 1 && memmem(request, len, "\r\n\r\n", 4) == NULL) {
        ssize_t got = read(fd, request + len, size - 1 - len);
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
    }
    request[len] = '\0';
}

static void shake_hands(struct ws_script *script, int fd)
{
    static const char name[] = "Sec-WebSocket-Key: ";
    char response[512];
    char chosen[128] = "";
    char key[WS_KEY_CHARS + 1] = "";
    char accept[WS_ACCEPT_CHARS + 1];
    read_request(fd, script->request, sizeof script->request);
    const char *found = strstr(script->request, name);
    if (found != NULL) {
        memcpy(key, found + sizeof name - 1, WS_KEY_CHARS);
    }
    ws_accept_of(key, accept);
    if (script->subprotocol != NULL) {
        snprintf(chosen, sizeof chosen, "Sec-WebSocket-Protocol: %s\r\n", script->subprotocol);
    }
    int len = snprintf(response, sizeof response,
                       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n",
                       accept, chosen);
    (void)!write(fd, response, (size_t)len);
}

static void *play(void *argument)
{
    struct ws_script *script = argument;
    uint8_t chunk[4096];
    ssize_t got;
    int fd = accept4(script->listener, NULL, NULL, SOCK_CLOEXEC);
    shake_hands(script, fd);
    (void)!write(fd, script->frames.data, script->frames.len);
    while ((got = read(fd, chunk, sizeof chunk)) > 0) {
        buffer_append(&script->heard, chunk, (size_t)got);
    }
    close(fd);
    return NULL;
}

struct ws_script ws_script_of(const char *subprotocol)
{
    return (struct ws_script){.subprotocol = subprotocol};
}

void ws_script_says(struct ws_script *script, uint8_t opcode, struct bytes payload)
{
    struct ws_head head = {.fin = true, .opcode = opcode, .length = payload.len};
    ws_raw_append(&script->frames, &head, payload);
}

void ws_script_says_text(struct ws_script *script, const char *text)
{
    ws_script_says(script, WS_TEXT, text_of(text));
}

void ws_script_start(struct ws_script *script)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    script->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(script->listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(script->listener, 1), 0);
    assert_int_equal(getsockname(script->listener, (struct sockaddr *)&address, &len), 0);
    script->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&script->thread, NULL, play, script), 0);
}

struct buffer ws_script_heard(const struct ws_script *script)
{
    struct buffer lines = {0};
    const uint8_t *at = script->heard.data;
    size_t left = script->heard.len;
    while (left >= SHORT_FRAME_HEAD) {
        size_t len = at[1] & 0x7f;
        size_t head = SHORT_FRAME_HEAD;
        assert_true((at[1] & 0x80) != 0); /* a client masks */
        if (len == LONG_FRAME) {
            len = get_u16(at + 2);
            head = LONG_FRAME_HEAD;
        }
        assert_true(left >= head + len);
        size_t begin = lines.len;
        buffer_append(&lines, at + head, len);
        ws_mask_apply(lines.data + begin, len, get_u32(at + head - 4), 0);
        buffer_append_u8(&lines, '\n');
        at += head + len;
        left -= head + len;
    }
    assert_int_equal(left, 0);
    buffer_append_u8(&lines, '\0');
    lines.len--;
    return lines;
}

void ws_script_join(struct ws_script *script)
{
    pthread_join(script->thread, NULL);
    close(script->listener);
}

void ws_script_fini(struct ws_script *script)
{
    buffer_fini(&script->frames);
    buffer_fini(&script->heard);
}
