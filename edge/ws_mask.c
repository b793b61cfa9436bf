/*
 * RFC 6455 wants unmasked frames of clients refused, and libwebsockets 4.1.6 takes them without
 * telling. Its API hands over payloads only, so the head of a client's first frame is looked at in
 * the socket, before libwebsockets reads it: reading is held back from the end of the handshake on,
 * and a second descriptor of the socket says when two bytes are there. A client that masks its
 * first frame and not a later one is not found out; masks protect intermediaries against scripts in
 * browsers, and a browser masks all or nothing. A check of every frame would cost a system call
 * each.
 *
 * Bytes that a client sent before it saw the answer to its handshake were read with the handshake.
 * RFC 6455 (4.1) forbids that; they wait with the rest, and the open deadline ends such a client.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "edge/ws_head.h"
#include "edge/ws_internal.h"

struct mask_watch {
    uv_poll_t poll;
    struct connection *connection;
    int fd;
};

static void set_low_water(int fd, int bytes)
{
    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes);
}

static void watch_closed(uv_handle_t *handle)
{
    struct mask_watch *watch = handle->data;
    close(watch->fd);
    free(watch);
}

void ws_mask_stop(struct connection *connection)
{
    struct mask_watch *watch = connection->mask_watch;
    if (watch != NULL) {
        connection->mask_watch = NULL;
        uv_poll_stop(&watch->poll);
        uv_close((uv_handle_t *)&watch->poll, watch_closed);
    }
}

static void handle_readable(uv_poll_t *poll, int status, int events)
{
    struct mask_watch *watch = poll->data;
    struct connection *connection = watch->connection;
    uint8_t head[2] = {0};
    (void)events;
    ssize_t got = recv(watch->fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
    if (status == 0 && got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    set_low_water(watch->fd, 1);
    ws_mask_stop(connection);
    if (got == sizeof head && !ws_is_masked(head)) {
        ws_connection_close(connection, 1002, "frames of clients are masked");
    }
    lws_rx_flow_control(connection->wsi, 1); /* an end of input is seen there, too */
}

void ws_mask_start(struct connection *connection)
{
    struct mask_watch *watch = memory_alloc(sizeof *watch);
    watch->connection = connection;
    watch->fd = dup(lws_get_socket_fd(connection->wsi));
    if (watch->fd < 0 || uv_poll_init(connection->ws->config.loop, &watch->poll, watch->fd) != 0) {
        if (watch->fd >= 0) {
            close(watch->fd);
        }
        free(watch);
        ws_connection_kill(connection); /* out of descriptors */
        return;
    }
    watch->poll.data = watch;
    connection->mask_watch = watch;
    set_low_water(watch->fd, 2);
    lws_rx_flow_control(connection->wsi, 0);
    uv_poll_start(&watch->poll, UV_READABLE, handle_readable);
}
