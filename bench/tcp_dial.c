#include "bench/tcp_dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "bench/report.h"

int tcp_target_init(struct tcp_target *target, const char *host, uint16_t port, int epoll)
{
    *target = (struct tcp_target){.epoll = epoll};
    target->to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    snprintf(target->host, sizeof target->host, "%s", host);
    if (inet_pton(AF_INET, host, &target->to.sin_addr) != 1) {
        complain("%s: give the server's address as four numbers", host);
        return ERR_INVALID_ARGUMENT;
    }
    target->loopback = ntohl(target->to.sin_addr.s_addr) >> 24 == 127;
    return 0;
}

static void bind_source(int fd, uint32_t source)
{
    int on = 1;
    struct sockaddr_in local = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK + source)};
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    (void)!bind(fd, (struct sockaddr *)&local, sizeof local); /* else the kernel's own choice */
}

int tcp_dial_start(const struct tcp_target *target, uint32_t source, void *data, int *out)
{
    int on = 1;
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = data};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return ERR_IO;
    }
    if (target->loopback) {
        bind_source(fd, source);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if ((connect(fd, (const struct sockaddr *)&target->to, sizeof target->to) != 0 &&
         errno != EINPROGRESS) ||
        epoll_ctl(target->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        close(fd);
        return ERR_IO;
    }
    *out = fd;
    return 0;
}

int tcp_dial_finish(const struct tcp_target *target, int fd, void *data)
{
    int outcome = 0;
    socklen_t len = sizeof outcome;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = data};
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &outcome, &len);
    return outcome == 0 && epoll_ctl(target->epoll, EPOLL_CTL_MOD, fd, &event) == 0 ? 0 : ERR_IO;
}
