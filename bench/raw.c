#include "bench/raw.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "client/tcp.h"

#define TIMEOUT_MS 20000
#define RECEIVE_BYTES 16384

int raw_connect(struct raw_client *client, const struct chat_place *place)
{
    *client = (struct raw_client){.fd = -1, .deadline_ms = tcp_now_ms() + TIMEOUT_MS};
    int error =
        tcp_connect(place->host, place->port, place->source, client->deadline_ms, &client->fd);
    return error == 0 ? 0 : join_complain(place, "connecting", error_name(error));
}

int raw_send(struct raw_client *client, struct bytes data)
{
    while (data.len != 0) {
        ssize_t sent = send(client->fd, data.data, data.len, MSG_NOSIGNAL);
        if (sent >= 0) {
            data = bytes_of(data.data + sent, data.len - (size_t)sent);
        } else if (errno == EAGAIN) {
            int error = tcp_wait(client->fd, POLLOUT, client->deadline_ms);
            if (error != 0) {
                return error;
            }
        } else if (errno != EINTR) {
            return ERR_IO;
        }
    }
    return 0;
}

static int receive(struct raw_client *client)
{
    int error = tcp_wait(client->fd, POLLIN, client->deadline_ms);
    if (error != 0) {
        return error;
    }
    uint8_t *room = buffer_extend(&client->received, RECEIVE_BYTES);
    ssize_t got = recv(client->fd, room, RECEIVE_BYTES, 0);
    client->received.len -= RECEIVE_BYTES - (size_t)(got > 0 ? got : 0);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)) ? 0 : ERR_IO;
}

int raw_next(struct raw_client *client, link_splitter *split, struct bytes *message)
{
    for (;;) {
        struct bytes rest = bytes_of(client->received.data, client->received.len);
        rest.len -= client->taken;
        rest.data = rest.len != 0 ? rest.data + client->taken : NULL;
        size_t len = rest.len != 0 ? split(rest) : 0;
        if (len == LINK_MALFORMED) {
            return ERR_MALFORMED;
        }
        if (len != 0 && len <= rest.len) {
            *message = bytes_of(rest.data, len);
            client->taken += len;
            return 0;
        }
        int error = receive(client);
        if (error != 0) {
            return error;
        }
    }
}

int raw_finish(struct raw_client *client, int error, struct opened *out)
{
    if (error != 0) {
        close(client->fd);
    } else {
        *out = (struct opened){.fd = client->fd};
        buffer_append(&out->pending, client->received.data + client->taken,
                      client->received.len - client->taken);
    }
    buffer_fini(&client->received);
    return error;
}
