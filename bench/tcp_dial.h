/**
 * Begins connections to one server without ever waiting, so that one thread can open thousands at
 * once. The caller owns the epoll.
 */
#ifndef BENCH_TCP_DIAL_H
#define BENCH_TCP_DIAL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

/** Connections that one source address may have: the kernel's range of ports has some 28,000. */
#define TCP_DIAL_PER_SOURCE 10000

struct tcp_target {
    struct sockaddr_in to;
    bool loopback; /* then sources are chosen among 127.0.0.0/8 */
    int epoll;
    char host[64]; /* as it was given */
};

/** `host` is numeric, IPv4. 0, or a code after printing why not. */
int tcp_target_init(struct tcp_target *target, const char *host, uint16_t port, int epoll);

/**
 * Begins to connect, on loopback from address 127.0.0.1 + source; `data` is what the epoll says
 * when the socket becomes writable, which is the end of it. `*fd` is the socket. 0, or ERR_IO: no
 * socket, or refused at once.
 */
int tcp_dial_start(const struct tcp_target *target, uint32_t source, void *data, int *fd);

/** The socket became writable: 0 when it is connected, and from now on readability is told of. Else
 * ERR_IO: it was refused; the caller closes it. */
int tcp_dial_finish(const struct tcp_target *target, int fd, void *data);

#endif
