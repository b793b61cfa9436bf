#include "bench/ws_dial.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "client/ws_handshake.h"

#define SUBPROTOCOL "duet.v1.msgpack"
#define RESPONSE_BYTES_MAX 2048

struct ws_dial_handshake {
    char key[WS_KEY_CHARS + 1];
    size_t len;
    char response[RESPONSE_BYTES_MAX + 1];
};

void ws_dial_hang_up(struct ws_dial *dial)
{
    link_fini(&dial->link);
    free(dial->handshake);
    buffer_fini(&dial->early);
    *dial = (struct ws_dial){.link.fd = -1};
}

static int fail(struct ws_dial *dial, int error)
{
    ws_dial_hang_up(dial);
    return error;
}

int ws_dial_start(struct ws_dial *dial, const struct tcp_target *target, uint32_t source,
                  void *data)
{
    *dial = (struct ws_dial){.state = WS_DIAL_CONNECTING, .link.fd = -1};
    int error = tcp_dial_start(target, source, data, &dial->link.fd);
    return error == 0 ? 0 : fail(dial, error);
}

/* The request is far smaller than any send buffer, so one send takes it whole. */
static int ask_upgrade(struct ws_dial *dial, const struct tcp_target *target, void *data)
{
    struct ws_client_options options = {
        .host = target->host, .port = ntohs(target->to.sin_port), .subprotocol = SUBPROTOCOL};
    if (tcp_dial_finish(target, dial->link.fd, data) != 0) {
        return ERR_IO;
    }
    dial->handshake = memory_alloc(sizeof *dial->handshake);
    ws_handshake_key(dial->handshake->key);
    struct buffer request = {0};
    ws_handshake_request(&options, dial->handshake->key, &request);
    ssize_t sent = send(dial->link.fd, request.data, request.len, MSG_NOSIGNAL);
    bool whole = sent >= 0 && (size_t)sent == request.len;
    buffer_fini(&request);
    dial->state = WS_DIAL_UPGRADING;
    return whole ? 0 : ERR_IO;
}

/* The response's head is whole: 1, or why it is not acceptable. */
static int judge(struct ws_dial *dial, char *head_end)
{
    struct ws_dial_handshake *handshake = dial->handshake;
    int status = 0;
    size_t used = (size_t)(head_end - handshake->response) + 4;
    *head_end = '\0';
    int error = ws_handshake_check(handshake->response, handshake->key, SUBPROTOCOL, &status);
    if (error != 0) {
        return error;
    }
    int fd = dial->link.fd;
    buffer_append(&dial->early, handshake->response + used, handshake->len - used);
    free(handshake);
    dial->handshake = NULL;
    link_adopt(&dial->link, fd);
    dial->state = WS_DIAL_READY;
    return 1;
}

static int read_response(struct ws_dial *dial)
{
    struct ws_dial_handshake *handshake = dial->handshake;
    size_t room = RESPONSE_BYTES_MAX - handshake->len;
    ssize_t got = recv(dial->link.fd, handshake->response + handshake->len, room, 0);
    if (got <= 0) {
        return got < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : ERR_IO;
    }
    handshake->len += (size_t)got;
    handshake->response[handshake->len] = '\0';
    char *head_end = strstr(handshake->response, "\r\n\r\n");
    if (head_end != NULL) {
        return judge(dial, head_end);
    }
    return handshake->len < RESPONSE_BYTES_MAX ? 0 : ERR_TOO_LARGE;
}

int ws_dial_continue(struct ws_dial *dial, const struct tcp_target *target, void *data)
{
    int status =
        dial->state == WS_DIAL_CONNECTING ? ask_upgrade(dial, target, data) : read_response(dial);
    return status < 0 ? fail(dial, status) : status;
}
