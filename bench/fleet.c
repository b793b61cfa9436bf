#include "bench/fleet.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/error.h"
#include "bench/measure.h"
#include "bench/report.h"

#define OTHER_FILES 512
#define CONNECTIONS_PER_SOURCE 20000 /* an address has too few ports for many more */

int fleet_prepare(size_t connections)
{
    return raise_file_limit(connections + OTHER_FILES);
}

int fleet_init(struct fleet *fleet, const struct server *server, size_t connections)
{
    *fleet = (struct fleet){.epoll = epoll_create1(EPOLL_CLOEXEC)};
    if (fleet->epoll < 0) {
        complain("epoll: %s", strerror(errno));
        return ERR_IO;
    }
    int error = !server->protocol->needs_tokens
                    ? 0
                    : tokens_read(server->tokens, connections, &fleet->tokens);
    if (error != 0) {
        fleet_fini(fleet);
    }
    return error;
}

void fleet_fini(struct fleet *fleet)
{
    if (fleet->epoll >= 0) {
        close(fleet->epoll);
    }
    tokens_fini(&fleet->tokens);
    fleet->epoll = -1;
}

static uint16_t port_of(const struct server *server, size_t couple)
{
    return server->port_count == 0 ? server->port : server->ports[couple % server->port_count];
}

int fleet_join(struct fleet *fleet, const struct server *server, size_t index, struct link *link,
               void *data, link_handler *handle, uint64_t *couple_head)
{
    char source[32];
    struct opened opened;
    snprintf(source, sizeof source, "127.0.0.%u", (unsigned)(1 + index / CONNECTIONS_PER_SOURCE));
    struct chat_place place = {.host = server->host,
                               .port = port_of(server, index / 2),
                               .source = index < CONNECTIONS_PER_SOURCE ? NULL : source,
                               .index = index,
                               .couple = (uint32_t)(index / 2),
                               .side = (uint32_t)(index & 1),
                               .run = fleet->run,
                               .token =
                                   fleet->tokens.count != 0 ? &fleet->tokens.items[index] : NULL};
    int error = server->protocol->join(&place, &opened);
    if (error != 0) {
        return error;
    }
    *couple_head = opened.couple_head;
    error = link_init(link, opened.fd, fleet->epoll, data);
    link->split = server->protocol->split;
    if (error == 0) {
        error = link_feed(link, buffer_bytes(&opened.pending), handle, data);
    }
    buffer_fini(&opened.pending);
    if (error != 0) {
        complain("connection %zu was closed at once (%u)", index, (unsigned)link->close_code);
    } else if (index % 500 == 499) {
        progress("%zu connections", index + 1);
    }
    return error;
}
