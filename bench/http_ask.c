#include "bench/http_ask.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "bench/report.h"

#define PATIENCE_S 10
#define RECEIVE_BYTES 65536
#define TOKEN_BYTES_MAX 1024

void http_request_append(struct buffer *out, const char *method, const char *path, const char *host,
                         uint16_t port, const char *token, int64_t body_len)
{
    char text[TOKEN_BYTES_MAX + 1024];
    char length[96] = "";
    if (body_len >= 0) {
        snprintf(length, sizeof length,
                 "Content-Type: application/json\r\nContent-Length: %lld\r\n", (long long)body_len);
    }
    int len = snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: %s:%u\r\n%s%s%s%s\r\n", method,
                       path, host, port, token != NULL ? "Authorization: Bearer " : "",
                       token != NULL ? token : "", token != NULL ? "\r\n" : "", length);
    buffer_append(out, text, (size_t)len < sizeof text ? (size_t)len : sizeof text - 1);
}

int http_ask_init(struct http_ask *ask, const char *host, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int on = 1;
    *ask = (struct http_ask){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .port = port};
    snprintf(ask->host, sizeof ask->host, "%s", host);
    if (inet_pton(AF_INET, host, &to.sin_addr) != 1) {
        complain("%s: give the server's address as four numbers", host);
        return ERR_INVALID_ARGUMENT;
    }
    if (ask->fd < 0 || connect(ask->fd, (struct sockaddr *)&to, sizeof to) != 0) {
        complain("connecting to %s:%u: %s", host, port, strerror(errno));
        return ERR_IO;
    }
    setsockopt(ask->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(ask->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return 0;
}

void http_ask_fini(struct http_ask *ask)
{
    if (ask->fd >= 0) {
        close(ask->fd);
    }
    http_reader_fini(&ask->reader);
    buffer_fini(&ask->request);
    json_decref(ask->answer);
    ask->fd = -1;
    ask->answer = NULL;
}

static void take_answer(void *owner, const struct http_answer *answer)
{
    struct http_ask *ask = owner;
    ask->status = answer->status;
    json_decref(ask->answer);
    ask->answer = json_loadb((const char *)answer->body.data, answer->body.len, 0, NULL);
}

static int await_answer(struct http_ask *ask)
{
    static uint8_t input[RECEIVE_BYTES];
    ask->status = 0;
    while (ask->status == 0) {
        ssize_t got = recv(ask->fd, input, sizeof input, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        int error = got <= 0 ? ERR_IO
                             : http_reader_feed(&ask->reader, bytes_of(input, (size_t)got),
                                                take_answer, ask);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

const json_t *http_ask(struct http_ask *ask, const char *method, const char *path,
                       const char *token, const char *body)
{
    size_t body_len = body != NULL ? strlen(body) : 0;
    buffer_clear(&ask->request);
    http_request_append(&ask->request, method, path, ask->host, ask->port, token,
                        body != NULL ? (int64_t)body_len : -1);
    buffer_append(&ask->request, body, body_len);
    ssize_t sent = send(ask->fd, ask->request.data, ask->request.len, MSG_NOSIGNAL);
    if (sent < 0 || (size_t)sent != ask->request.len || await_answer(ask) != 0) {
        complain("%s %s: no answer within %d s, or none that can be read", method, path,
                 PATIENCE_S);
        return NULL;
    }
    const char *status = json_string_value(json_object_get(ask->answer, "status"));
    const json_t *data = json_object_get(ask->answer, "data");
    if (ask->status < 200 || ask->status > 299 || status == NULL || strcmp(status, "ok") != 0) {
        const json_t *error = json_object_get(ask->answer, "error");
        const char *code = json_string_value(json_object_get(error, "code"));
        complain("%s %s was answered %d %s", method, path, ask->status, code != NULL ? code : "");
        return NULL;
    }
    return data;
}
