#include "bench/http_client.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

#define RECEIVE_BYTES 65536

void http_client_init(struct http_client *client)
{
    *client = (struct http_client){.fd = -1};
}

void http_client_close(struct http_client *client)
{
    if (client->fd >= 0) {
        close(client->fd); /* which takes it out of epoll */
    }
    client->fd = -1;
    client->connecting = client->choked = false;
    client->sent = 0;
    buffer_clear(&client->out);
    buffer_clear(&client->reader.pending);
}

void http_client_fini(struct http_client *client)
{
    http_client_close(client);
    buffer_fini(&client->out);
    http_reader_fini(&client->reader);
}

static int fail(struct http_client *client, int error)
{
    http_client_close(client);
    return error;
}

int http_client_dial(struct http_client *client, const struct tcp_target *target, uint32_t source,
                     void *data)
{
    int error = tcp_dial_start(target, source, data, &client->fd);
    client->connecting = error == 0;
    return error;
}

/* Writability is told of only while it is waited for. */
static int watch_writing(struct http_client *client, const struct tcp_target *target, void *data,
                         bool choked)
{
    struct epoll_event event = {.events = choked ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = data};
    if (client->choked == choked) {
        return 0;
    }
    client->choked = choked;
    return epoll_ctl(target->epoll, EPOLL_CTL_MOD, client->fd, &event) == 0 ? 0 : ERR_IO;
}

int http_client_flush(struct http_client *client, const struct tcp_target *target, void *data)
{
    bool choked = false;
    if (client->fd < 0 || client->connecting || client->out.len == 0) {
        return 0;
    }
    while (client->sent < client->out.len && !choked) {
        ssize_t sent = send(client->fd, client->out.data + client->sent,
                            client->out.len - client->sent, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            return fail(client, ERR_IO);
        }
        choked = sent < 0 && errno == EAGAIN;
        client->sent += sent > 0 ? (size_t)sent : 0;
    }
    if (!choked) {
        client->sent = 0;
        buffer_clear(&client->out);
    }
    return watch_writing(client, target, data, choked) == 0 ? 0 : fail(client, ERR_IO);
}

/* All that is there: a receive that does not fill the buffer was the last. */
static int receive(struct http_client *client, http_answer_handler *handle, void *owner)
{
    static uint8_t input[RECEIVE_BYTES];
    ssize_t got;
    do {
        got = recv(client->fd, input, sizeof input, 0);
        if (got == 0) {
            return http_reader_end(&client->reader, handle, owner) == 0 ? ERR_END : ERR_IO;
        }
        if (got < 0) {
            return errno == EAGAIN || errno == EINTR ? 0 : ERR_IO;
        }
        int error = http_reader_feed(&client->reader, bytes_of(input, (size_t)got), handle, owner);
        if (error != 0) {
            return error;
        }
    } while ((size_t)got == sizeof input);
    return 0;
}

int http_client_event(struct http_client *client, const struct tcp_target *target, uint32_t events,
                      void *data, http_answer_handler *handle, void *owner)
{
    if (client->fd < 0) { /* of an event gathered before it was closed */
        return 0;
    }
    if (client->connecting) {
        if (tcp_dial_finish(target, client->fd, data) != 0) {
            return fail(client, ERR_IO);
        }
        client->connecting = false;
    } else if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        int error = receive(client, handle, owner);
        if (error != 0) {
            return fail(client, error);
        }
    }
    return http_client_flush(client, target, data);
}
