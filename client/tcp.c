#include "client/tcp.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

int64_t tcp_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int tcp_wait(int fd, short events, int64_t deadline_ms)
{
    for (;;) {
        int64_t left = deadline_ms - tcp_now_ms();
        struct pollfd poller = {.fd = fd, .events = events};
        int ready = poll(&poller, 1, left > 0 ? (int)left : 0);
        if (ready > 0) {
            return 0;
        }
        if (ready == 0 || errno != EINTR) {
            return ready == 0 ? ERR_END : ERR_IO;
        }
    }
}

/* Binds `fd` to a numeric local address, whose port the kernel picks when it connects. */
static int bind_source(int fd, const char *source)
{
    int on = 1;
    struct sockaddr_in local = {.sin_family = AF_INET};
    if (inet_pton(AF_INET, source, &local.sin_addr) != 1) {
        return ERR_INVALID_ARGUMENT;
    }
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return bind(fd, (struct sockaddr *)&local, sizeof local) == 0 ? 0 : ERR_IO;
}

/* Connects `fd`; the outcome of a pending connect stands in SO_ERROR. */
static int connect_socket(int fd, const struct addrinfo *to, int64_t deadline_ms)
{
    if (connect(fd, to->ai_addr, to->ai_addrlen) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS) {
        return ERR_IO;
    }
    int error = tcp_wait(fd, POLLOUT, deadline_ms);
    if (error != 0) {
        return error;
    }
    int outcome = 0;
    socklen_t len = sizeof outcome;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &outcome, &len);
    return outcome == 0 ? 0 : ERR_IO;
}

int tcp_connect(const char *host, uint16_t port, const char *source, int64_t deadline_ms, int *out)
{
    char service[8];
    snprintf(service, sizeof service, "%u", (unsigned)port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_family = source != NULL ? AF_INET : AF_UNSPEC};
    struct addrinfo *found = NULL;
    if (getaddrinfo(host, service, &hints, &found) != 0) {
        return ERR_IO;
    }
    int error = ERR_IO;
    int fd = -1;
    for (struct addrinfo *at = found; at != NULL; at = at->ai_next) {
        fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            continue;
        }
        error = source != NULL ? bind_source(fd, source) : 0;
        error = error != 0 ? error : connect_socket(fd, at, deadline_ms);
        if (error == 0) {
            break;
        }
        close(fd);
    }
    freeaddrinfo(found);
    if (error == 0) {
        int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        *out = fd;
    }
    return error;
}
