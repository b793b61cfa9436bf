#include "client/ws_client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "client/tcp.h"
#include "client/ws_handshake.h"

#define HANDSHAKE_BYTES_MAX 8192
#define RECEIVE_BYTES 16384

struct ws_client {
    int fd;
    struct ws_parser parser;
    struct buffer received; /* from `taken` on not yet seen by the parser */
    size_t taken;
    bool close_sent;
    bool gone; /* no more bytes will come */
    uint16_t close_code;
    char close_reason[WS_CONTROL_BYTES_MAX];
};

static int connection_lost(struct ws_client *client)
{
    client->gone = true;
    if (client->close_code == 0) {
        client->close_code = WS_CLOSE_ABNORMAL;
    }
    return ERR_IO;
}

/* Receives what is there into `received`, after waiting for something. */
static int fill(struct ws_client *client, int64_t deadline_ms)
{
    if (client->gone) {
        return ERR_IO;
    }
    for (;;) {
        uint8_t *room = buffer_extend(&client->received, RECEIVE_BYTES);
        ssize_t got = recv(client->fd, room, RECEIVE_BYTES, 0);
        client->received.len -= RECEIVE_BYTES - (size_t)(got > 0 ? got : 0);
        if (got > 0) {
            return 0;
        }
        if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            return connection_lost(client);
        }
        int error = tcp_wait(client->fd, POLLIN, deadline_ms);
        if (error != 0) {
            return error;
        }
    }
}

int ws_client_send_raw(struct ws_client *client, struct bytes data, int timeout_ms)
{
    int64_t deadline_ms = tcp_now_ms() + timeout_ms;
    while (data.len != 0) {
        ssize_t sent = send(client->fd, data.data, data.len, MSG_NOSIGNAL);
        if (sent >= 0) {
            data = bytes_of(data.data + sent, data.len - (size_t)sent);
        } else if (errno == EAGAIN) {
            int error = tcp_wait(client->fd, POLLOUT, deadline_ms);
            if (error != 0) {
                return error;
            }
        } else if (errno != EINTR) {
            return ERR_IO; /* what the server said before may still be there to receive */
        }
    }
    return 0;
}

static uint32_t random_mask(void)
{
    uint32_t mask = 0;
    (void)!getrandom(&mask, sizeof mask, 0);
    return mask;
}

int ws_client_send(struct ws_client *client, enum ws_opcode opcode, struct bytes payload,
                   int timeout_ms)
{
    struct buffer frame = {0};
    ws_frame_append(&frame, opcode, random_mask(), payload);
    int error = ws_client_send_raw(client, buffer_bytes(&frame), timeout_ms);
    buffer_fini(&frame);
    return error;
}

static int handshake(struct ws_client *client, const struct ws_client_options *options,
                     int64_t deadline_ms)
{
    char key[WS_KEY_CHARS + 1];
    struct buffer request = {0};
    ws_handshake_key(key);
    ws_handshake_request(options, key, &request);
    int error = ws_client_send_raw(client, buffer_bytes(&request), options->timeout_ms);
    buffer_fini(&request);
    const uint8_t *end = NULL;
    while (error == 0 && end == NULL) {
        error = fill(client, deadline_ms);
        end = memmem(client->received.data, client->received.len, "\r\n\r\n", 4);
        if (error == 0 && end == NULL && client->received.len > HANDSHAKE_BYTES_MAX) {
            error = ERR_TOO_LARGE;
        }
    }
    if (error != 0) {
        return error;
    }
    size_t len = (size_t)(end - client->received.data);
    client->received.data[len] = '\0'; /* over the first byte of the empty line */
    client->taken = len + 4;
    int status = 0;
    error =
        ws_handshake_check((const char *)client->received.data, key, options->subprotocol, &status);
    if (options->http_status != NULL) {
        *options->http_status = status;
    }
    return error;
}

int ws_client_connect(const struct ws_client_options *options, struct ws_client **out)
{
    int64_t deadline_ms = tcp_now_ms() + options->timeout_ms;
    if (options->http_status != NULL) {
        *options->http_status = 0;
    }
    int fd;
    int error = tcp_connect(options->host, options->port, options->source, deadline_ms, &fd);
    if (error != 0) {
        return error;
    }
    struct ws_client *client = memory_alloc(sizeof *client);
    client->fd = fd;
    ws_parser_init(&client->parser, WS_CLIENT_MESSAGE_BYTES_MAX);
    error = handshake(client, options, deadline_ms);
    if (error != 0) {
        ws_client_destroy(client);
        return error;
    }
    *out = client;
    return 0;
}

static void client_free(struct ws_client *client)
{
    ws_parser_fini(&client->parser);
    buffer_fini(&client->received);
    free(client);
}

void ws_client_destroy(struct ws_client *client)
{
    if (client != NULL) {
        close(client->fd);
        client_free(client);
    }
}

int ws_client_release(struct ws_client *client, struct buffer *pending)
{
    int fd = client->fd;
    buffer_append(pending, client->received.data + client->taken,
                  client->received.len - client->taken);
    client_free(client);
    return fd;
}

static int handle_close(struct ws_client *client, const struct ws_event *event, int timeout_ms)
{
    size_t len = event->payload.len;
    client->close_code = event->close_code;
    if (len != 0) { /* at most 123 bytes, see the parser */
        memcpy(client->close_reason, event->payload.data, len);
    }
    client->close_reason[len] = '\0';
    client->gone = true;
    if (!client->close_sent) {
        struct buffer answer = {0};
        uint16_t code = event->close_code == WS_CLOSE_NONE ? 0 : event->close_code;
        ws_close_append(&answer, code, random_mask(), "");
        (void)ws_client_send_raw(client, buffer_bytes(&answer), timeout_ms);
        buffer_fini(&answer);
        client->close_sent = true;
    }
    return ERR_IO;
}

/* The next event out of what was received; 0 if there is none. Forgets bytes already consumed. */
static int next_event(struct ws_client *client, struct ws_event *event)
{
    struct bytes input =
        bytes_of(client->received.data + client->taken, client->received.len - client->taken);
    size_t before = input.len;
    int status = ws_parser_next(&client->parser, &input, event);
    client->taken += before - input.len;
    if (status == 0) {
        buffer_clear(&client->received);
        client->taken = 0;
    }
    return status;
}

int ws_client_receive(struct ws_client *client, int timeout_ms, struct ws_event *event)
{
    int64_t deadline_ms = tcp_now_ms() + timeout_ms;
    for (;;) {
        struct ws_event next;
        int status = client->received.data == NULL ? 0 : next_event(client, &next);
        if (status < 0) {
            return status;
        }
        if (status == 0) {
            int error = fill(client, deadline_ms);
            if (error != 0) {
                return error;
            }
        } else if (next.opcode == WS_CLOSE) {
            return handle_close(client, &next, timeout_ms);
        } else if (next.opcode == WS_PING) {
            int error = ws_client_send(client, WS_PONG, next.payload, timeout_ms);
            if (error != 0) {
                return error;
            }
        } else {
            *event = next;
            return 0;
        }
    }
}

int ws_client_close(struct ws_client *client, uint16_t code, const char *reason, int timeout_ms)
{
    int64_t deadline_ms = tcp_now_ms() + timeout_ms;
    if (!client->close_sent && !client->gone) {
        struct buffer frame = {0};
        ws_close_append(&frame, code, random_mask(), reason);
        int error = ws_client_send_raw(client, buffer_bytes(&frame), timeout_ms);
        buffer_fini(&frame);
        if (error != 0) {
            return error;
        }
        client->close_sent = true;
    }
    for (;;) {
        int64_t left = deadline_ms - tcp_now_ms();
        struct ws_event event;
        int error = ws_client_receive(client, left > 0 ? (int)left : 0, &event);
        if (error != 0) {
            bool answered = client->close_code != 0 && client->close_code != WS_CLOSE_ABNORMAL;
            return answered ? 0 : error;
        }
    }
}

uint16_t ws_client_close_code(const struct ws_client *client)
{
    return client->close_code;
}

const char *ws_client_close_reason(const struct ws_client *client)
{
    return client->close_reason;
}

int ws_client_fd(const struct ws_client *client)
{
    return client->fd;
}
