/**
 * Many signed-in connections in one epoll, as `chat` and `idle` need them.
 */
#ifndef BENCH_FLEET_H
#define BENCH_FLEET_H

#include "bench/link.h"
#include "bench/server.h"
#include "bench/tokens.h"

struct fleet {
    int epoll;
    struct tokens tokens; /* none where the protocol needs none */
    uint64_t run;         /* names of rooms and topics carry it */
};

/**
 * Raises the limit on open files for `connections` here and as many at a server started later.
 * To be called before server_start. 0, or a code after printing why not.
 */
int fleet_prepare(size_t connections);

/** Reads the first `connections` tokens of `server` if it needs them. 0, or a code after printing
 * why not. */
int fleet_init(struct fleet *fleet, const struct server *server, size_t connections);
void fleet_fini(struct fleet *fleet);

/**
 * Opens session `index` and puts it under `data` into the fleet's epoll. `*couple_head` is where
 * the couple's stream stands. 0, or a code after printing why not.
 */
int fleet_join(struct fleet *fleet, const struct server *server, size_t index, struct link *link,
               void *data, link_handler *handle, uint64_t *couple_head);

#endif
