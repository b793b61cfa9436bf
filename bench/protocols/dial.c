#include "bench/protocols/dial.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "client/tcp.h"

#define TIMEOUT_MS 20000
#define SAY_BYTES_MAX 1024
#define RECEIVE_BYTES 4096
#define RECEIVED_BYTES_MAX 65536
#define QUOTE_CHARS 160

static void fail(struct dial *dial, const char *what, const char *detail)
{
    if (dial->error == 0) { /* the first sticks */
        dial->error = join_complain(dial->place, what, detail);
    }
}

void dial_open(struct dial *dial, const struct chat_place *place)
{
    *dial = (struct dial){.place = place, .fd = -1, .deadline_ms = tcp_now_ms() + TIMEOUT_MS};
    int error = tcp_connect(place->host, place->port, place->source, dial->deadline_ms, &dial->fd);
    if (error != 0) {
        dial->fd = -1;
        fail(dial, "connecting", error_name(error));
    }
}

void dial_say(struct dial *dial, const char *format, ...)
{
    char text[SAY_BYTES_MAX];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof text) {
        fail(dial, "signing in", "a name is too long");
    }
    dial_send(dial, bytes_of(text, (size_t)len));
}

void dial_send(struct dial *dial, struct bytes data)
{
    size_t at = 0;
    while (dial->error == 0 && at < data.len) {
        ssize_t sent = send(dial->fd, data.data + at, data.len - at, MSG_NOSIGNAL);
        if (sent >= 0) {
            at += (size_t)sent;
        } else if (errno != EINTR &&
                   (errno != EAGAIN || tcp_wait(dial->fd, POLLOUT, dial->deadline_ms) != 0)) {
            fail(dial, "signing in", "the server takes nothing");
        }
    }
}

/* What has come, as far as it can be printed on a line. */
static void fail_quoting(struct dial *dial, const char *step, const char *why)
{
    char detail[QUOTE_CHARS + 64];
    int len = snprintf(detail, sizeof detail - QUOTE_CHARS, "%s; it said: ", why);
    size_t at = (size_t)len;
    for (size_t i = 0; i < dial->received.len && i < QUOTE_CHARS - 1; i++) {
        uint8_t c = dial->received.data[i];
        detail[at++] = c >= ' ' && c < 0x7f ? (char)c : ' ';
    }
    detail[at] = '\0';
    fail(dial, step, detail);
}

static const uint8_t *find(const struct dial *dial, const char *text)
{
    return text == NULL || dial->received.len == 0
               ? NULL
               : memmem(dial->received.data, dial->received.len, text, strlen(text));
}

/* Waits for more. */
static void receive(struct dial *dial, const char *step)
{
    uint8_t *room = buffer_extend(&dial->received, RECEIVE_BYTES);
    ssize_t got = recv(dial->fd, room, RECEIVE_BYTES, 0);
    int reason = errno;
    dial->received.len -= RECEIVE_BYTES - (size_t)(got > 0 ? got : 0);
    if (got == 0 || (got < 0 && reason != EAGAIN && reason != EINTR)) {
        fail_quoting(dial, step, "the server closed the connection");
    } else if (got < 0 && tcp_wait(dial->fd, POLLIN, dial->deadline_ms) != 0) {
        fail_quoting(dial, step, "no answer");
    } else if (dial->received.len > RECEIVED_BYTES_MAX) {
        fail_quoting(dial, step, "too long an answer");
    }
}

static void consume(struct dial *dial, size_t len)
{
    struct buffer *received = &dial->received;
    memmove(received->data, received->data + len, received->len - len);
    received->len -= len;
}

void dial_await(struct dial *dial, const char *step, const char *wanted, const char *unwanted)
{
    const uint8_t *at = NULL;
    while (dial->error == 0 && (at = find(dial, wanted)) == NULL) {
        if (find(dial, unwanted) != NULL) {
            fail_quoting(dial, step, "refused");
        } else {
            receive(dial, step);
        }
    }
    if (dial->error == 0) {
        consume(dial, (size_t)(at - dial->received.data) + strlen(wanted));
    }
}

void dial_take(struct dial *dial, const char *step, link_splitter *split, struct buffer *message)
{
    size_t len = 0;
    buffer_clear(message);
    while (dial->error == 0 && (len == 0 || len > dial->received.len)) {
        len = dial->received.len != 0 ? split(buffer_bytes(&dial->received)) : 0;
        if (len == LINK_MALFORMED) {
            fail_quoting(dial, step, "not its protocol");
        } else if (len == 0 || len > dial->received.len) {
            receive(dial, step);
        }
    }
    if (dial->error == 0) {
        buffer_append(message, dial->received.data, len);
        consume(dial, len);
    }
}

void dial_fail(struct dial *dial, const char *step, const char *why, const struct buffer *message)
{
    if (dial->error == 0 && message != NULL && message->len != 0) {
        buffer_clear(&dial->received);
        buffer_append(&dial->received, message->data, message->len);
    }
    fail_quoting(dial, step, why);
}

int dial_finish(struct dial *dial, struct opened *out)
{
    if (dial->error == 0) {
        *out = (struct opened){.fd = dial->fd, .pending = dial->received};
        return 0;
    }
    if (dial->fd >= 0) {
        close(dial->fd);
    }
    buffer_fini(&dial->received);
    return dial->error;
}
