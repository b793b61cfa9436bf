#include "bench/link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "bench/measure.h"

#define MESSAGE_BYTES_MAX (1u << 20)

void link_adopt(struct link *link, int fd)
{
    *link = (struct link){.fd = fd};
    ws_parser_init(&link->parser, MESSAGE_BYTES_MAX);
}

int link_init(struct link *link, int fd, int epoll, void *data)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};
    link_adopt(link, fd);
    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : ERR_IO;
}

void link_fini(struct link *link)
{
    if (link->fd >= 0) {
        close(link->fd);
    }
    ws_parser_fini(&link->parser);
    buffer_fini(&link->pending);
    buffer_fini(&link->out);
    link->fd = -1;
}

static int link_lost(struct link *link, uint16_t close_code, int error)
{
    close(link->fd); /* which takes it out of epoll */
    link->fd = -1;
    link->close_code = close_code;
    return error;
}

/* Keeps `rest`, which may lie in what is kept already. */
static int keep(struct link *link, struct bytes rest)
{
    if (rest.len > MESSAGE_BYTES_MAX) {
        return link_lost(link, WS_CLOSE_ABNORMAL, ERR_TOO_LARGE);
    }
    if (link->pending.len == 0) {
        buffer_append(&link->pending, rest.data, rest.len);
    } else {
        memmove(link->pending.data, rest.data, rest.len);
        link->pending.len = rest.len;
    }
    return 0;
}

static int feed_split(struct link *link, struct bytes input, link_handler *handle, void *owner)
{
    if (link->pending.len != 0) {
        buffer_append(&link->pending, input.data, input.len);
        input = buffer_bytes(&link->pending);
    }
    size_t len;
    while (input.len != 0 && (len = link->split(input)) != 0 && len <= input.len) {
        handle(owner, bytes_of(input.data, len));
        input = bytes_of(input.data + len, input.len - len);
    }
    bool broken = input.len != 0 && len == LINK_MALFORMED;
    return broken ? link_lost(link, WS_CLOSE_ABNORMAL, ERR_MALFORMED) : keep(link, input);
}

/* The N of "retry_ms=N" in a close frame's reason, or 0. */
static uint32_t read_hint(struct bytes reason)
{
    static const char name[] = "retry_ms=";
    char text[128] = "";
    memcpy(text, reason.data, reason.len < sizeof text ? reason.len : sizeof text - 1);
    const char *found = strstr(text, name);
    return found != NULL ? (uint32_t)strtoul(found + sizeof name - 1, NULL, 10) : 0;
}

int link_feed(struct link *link, struct bytes input, link_handler *handle, void *owner)
{
    struct ws_event event;
    int status;
    if (link->split != NULL) {
        return feed_split(link, input, handle, owner);
    }
    while ((status = ws_parser_next(&link->parser, &input, &event)) > 0) {
        if (event.opcode == WS_BINARY || event.opcode == WS_TEXT) {
            handle(owner, event.payload);
        } else if (event.opcode == WS_PING) {
            ws_frame_append(&link->out, WS_PONG, 0, event.payload);
        } else if (event.opcode == WS_CLOSE) {
            link->come_after_ms = read_hint(event.payload);
            return link_lost(link, event.close_code, ERR_IO);
        }
    }
    return status == 0 ? 0 : link_lost(link, WS_CLOSE_ABNORMAL, status);
}

int link_receive(struct link *link, int64_t *now_us, link_handler *handle, void *owner)
{
    static uint8_t scratch[LINK_RECEIVE_BYTES];
    ssize_t got = recv(link->fd, scratch, sizeof scratch, 0);
    *now_us = monotonic_us();
    if (got > 0) {
        return link_feed(link, bytes_of(scratch, (size_t)got), handle, owner);
    }
    bool later = got < 0 && (errno == EAGAIN || errno == EINTR);
    return later ? 0 : link_lost(link, WS_CLOSE_ABNORMAL, ERR_IO);
}

static void watch(struct link *link, int epoll, void *data, bool writable)
{
    if (link->waits_to_write != writable) {
        struct epoll_event event = {.events = EPOLLIN | (writable ? EPOLLOUT : 0u),
                                    .data.ptr = data};
        epoll_ctl(epoll, EPOLL_CTL_MOD, link->fd, &event);
        link->waits_to_write = writable;
    }
}

int link_flush(struct link *link, int epoll, void *data)
{
    while (link->sent < link->out.len) {
        ssize_t took =
            send(link->fd, link->out.data + link->sent, link->out.len - link->sent, MSG_NOSIGNAL);
        if (took >= 0) {
            link->sent += (size_t)took;
        } else if (errno == EAGAIN) {
            watch(link, epoll, data, true);
            return 0;
        } else if (errno != EINTR) {
            return link_lost(link, WS_CLOSE_ABNORMAL, ERR_IO);
        }
    }
    buffer_clear(&link->out);
    link->sent = 0;
    watch(link, epoll, data, false);
    return 0;
}
