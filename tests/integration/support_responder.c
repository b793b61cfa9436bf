#include "tests/integration/support_responder.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define REQUEST_BYTES_MAX 16384
#define ANSWER_BYTES_MAX 65536

struct responder_connection {
    int fd;
    size_t len;
    char input[REQUEST_BYTES_MAX + 1];
};

size_t responder_write(char *out, size_t size, int status, const char *body)
{
    int len = snprintf(out, size,
                       "HTTP/1.1 %d As Told\r\nContent-Type: application/json\r\n"
                       "Content-Length: %zu\r\n\r\n%s",
                       status, strlen(body), body);
    return (size_t)len < size ? (size_t)len : 0;
}

void responder_say(struct responder *responder, size_t connection, const char *text)
{
    const struct responder_connection *to = responder->connections[connection];
    if (to != NULL && send(to->fd, text, strlen(text), MSG_NOSIGNAL) < 0) {
        perror("send");
    }
}

static void drop(struct responder *responder, size_t index)
{
    close(responder->connections[index]->fd);
    free(responder->connections[index]);
    responder->connections[index] = NULL;
}

/* Answers the first request if it is whole: how many bytes it has, 0: not yet, -1: close. */
static long answer_first(struct responder *responder, size_t index)
{
    struct responder_connection *connection = responder->connections[index];
    static char out[ANSWER_BYTES_MAX];
    char *input = connection->input;
    char *end = strstr(input, "\r\n\r\n");
    if (end == NULL) {
        return 0;
    }
    const char *length = strstr(input, "Content-Length: ");
    size_t head_len = (size_t)(end - input) + 4;
    size_t body_len = length != NULL && length < end ? strtoul(strchr(length, ' '), NULL, 10) : 0;
    if (connection->len < head_len + body_len) {
        return 0;
    }
    char *body = strndup(input + head_len, body_len);
    *end = '\0';
    struct responder_request request = {.head = input, .body = body, .connection = index};
    size_t len = responder->handle(responder->owner, &request, out, sizeof out);
    free(body);
    bool sent = len != 0 && send(connection->fd, out, len, MSG_NOSIGNAL) == (ssize_t)len;
    return sent ? (long)(head_len + body_len) : -1;
}

/* False when the connection is over. */
static bool serve(struct responder *responder, size_t index)
{
    struct responder_connection *connection = responder->connections[index];
    size_t room = REQUEST_BYTES_MAX - connection->len;
    ssize_t got = recv(connection->fd, connection->input + connection->len, room, 0);
    long used = 0;
    if (got <= 0) {
        return false;
    }
    connection->len += (size_t)got;
    connection->input[connection->len] = '\0';
    while ((used = answer_first(responder, index)) > 0) {
        connection->len -= (size_t)used;
        memmove(connection->input, connection->input + used, connection->len + 1);
    }
    return used == 0;
}

static void admit(struct responder *responder)
{
    int on = 1;
    int fd = accept(responder->listener, NULL, NULL);
    for (size_t i = 0; i < RESPONDER_CONNECTIONS_MAX && fd >= 0; i++) {
        if (responder->connections[i] == NULL) {
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            responder->connections[i] = calloc(1, sizeof *responder->connections[i]);
            responder->connections[i]->fd = fd;
            return;
        }
    }
    close(fd);
}

static void *run(void *argument)
{
    struct responder *responder = argument;
    struct pollfd polled[RESPONDER_CONNECTIONS_MAX + 2];
    for (;;) {
        for (size_t i = 0; i < RESPONDER_CONNECTIONS_MAX; i++) {
            const struct responder_connection *connection = responder->connections[i];
            polled[i] =
                (struct pollfd){.fd = connection != NULL ? connection->fd : -1, .events = POLLIN};
        }
        polled[RESPONDER_CONNECTIONS_MAX] =
            (struct pollfd){.fd = responder->listener, .events = POLLIN};
        polled[RESPONDER_CONNECTIONS_MAX + 1] =
            (struct pollfd){.fd = responder->wake[0], .events = POLLIN};
        if (poll(polled, RESPONDER_CONNECTIONS_MAX + 2, -1) < 0 ||
            polled[RESPONDER_CONNECTIONS_MAX + 1].revents != 0) {
            return NULL;
        }
        for (size_t i = 0; i < RESPONDER_CONNECTIONS_MAX; i++) {
            if (polled[i].revents != 0 && !serve(responder, i)) {
                drop(responder, i);
            }
        }
        if (polled[RESPONDER_CONNECTIONS_MAX].revents != 0) {
            admit(responder);
        }
    }
}

void responder_start(struct responder *responder, responder_handler *handle, void *owner)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    *responder = (struct responder){.handle = handle, .owner = owner};
    responder->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(responder->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(responder->listener, 128), 0);
    assert_int_equal(getsockname(responder->listener, (struct sockaddr *)&at, &len), 0);
    responder->port = ntohs(at.sin_port);
    assert_int_equal(pipe(responder->wake), 0);
    assert_int_equal(pthread_create(&responder->thread, NULL, run, responder), 0);
}

void responder_stop(struct responder *responder)
{
    assert_int_equal(write(responder->wake[1], "x", 1), 1);
    pthread_join(responder->thread, NULL);
    for (size_t i = 0; i < RESPONDER_CONNECTIONS_MAX; i++) {
        if (responder->connections[i] != NULL) {
            drop(responder, i);
        }
    }
    close(responder->listener);
    close(responder->wake[0]);
    close(responder->wake[1]);
}
