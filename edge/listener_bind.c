#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "edge/listener.h"

union socket_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int parse_port(const char *text, uint16_t *port)
{
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number > UINT16_MAX) {
        return ERR_INVALID_ARGUMENT;
    }
    *port = (uint16_t)number;
    return 0;
}

static int parse_address(const char *text, union socket_address *out, uint16_t *port)
{
    char host[INET6_ADDRSTRLEN + 2];
    const char *colon = strrchr(text, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - text);
    if (len == 0 || len >= sizeof host || parse_port(colon + 1, port) != 0) {
        return ERR_INVALID_ARGUMENT;
    }
    memcpy(host, text, len);
    host[len] = '\0';
    *out = (union socket_address){0};
    if (host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = '\0';
        out->v6.sin6_family = AF_INET6;
        return inet_pton(AF_INET6, host + 1, &out->v6.sin6_addr) == 1 ? 0 : ERR_INVALID_ARGUMENT;
    }
    out->v4.sin_family = AF_INET;
    return inet_pton(AF_INET, host, &out->v4.sin_addr) == 1 ? 0 : ERR_INVALID_ARGUMENT;
}

static void set_port(union socket_address *address, uint16_t port)
{
    if (address->any.sa_family == AF_INET6) {
        address->v6.sin6_port = htons(port);
    } else {
        address->v4.sin_port = htons(port);
    }
}

static int open_bound(const union socket_address *address, bool shared, int *out)
{
    const int on = 1;
    int family = address->any.sa_family;
    socklen_t len = family == AF_INET6 ? sizeof address->v6 : sizeof address->v4;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return ERR_IO;
    }
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shared) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    }
    if (family == AF_INET6) {
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    }
    if (bind(fd, &address->any, len) != 0) {
        int error = errno == EADDRINUSE ? ERR_EXISTS : ERR_IO;
        close(fd);
        return error;
    }
    *out = fd;
    return 0;
}

/** SO_REUSEPORT would let two servers of one user share a port unnoticed. */
static int check_unused(const union socket_address *address)
{
    int fd;
    int error = open_bound(address, false, &fd);
    if (error == 0) {
        error = listen(fd, 1) == 0 ? 0 : ERR_EXISTS; /* where SO_REUSEADDR let bind pass */
        close(fd);
    }
    return error;
}

int listener_bind(const char *text, uint16_t *port, int *fd)
{
    union socket_address address;
    uint16_t asked;
    int error = parse_address(text, &address, &asked);
    if (error != 0) {
        return error;
    }
    bool first = *port == 0; /* of the shards: the others share what it got */
    set_port(&address, first ? asked : *port);
    if (first && asked != 0) {
        error = check_unused(&address);
    }
    if (error == 0) {
        error = open_bound(&address, true, fd);
    }
    if (error != 0) {
        return error;
    }
    socklen_t len = sizeof address;
    getsockname(*fd, &address.any, &len);
    *port = ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
    return 0;
}
