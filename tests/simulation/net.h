/**
 * Connections between simulated devices and the sessions of a simulated node.
 *
 * Each direction is in order and late at will. A break loses what is on its way: everything towards
 * the node, and towards the device some last part of it.
 */
#ifndef TESTS_SIMULATION_NET_H
#define TESTS_SIMULATION_NET_H

#include "tests/simulation/machine.h"

struct connection;

/** The device's end. Called from events; may send and cut. */
struct peer {
    void *self;
    void (*received)(void *self, struct bytes message);
    /** Gone: with a close code, or 1006 when it broke. `retry_ms` is what the reason said, or 0. */
    void (*closed)(void *self, int code);
};

/** Begins to connect; `closed` follows if nobody listens. Lives until net_fini. */
struct connection *net_connect(struct machine *machine, const struct peer *peer);
void net_send(struct connection *connection, struct bytes message);
/** The device breaks it: no more callbacks. The node hears of it later. */
void net_cut(struct connection *connection);
/** The device stops reading for a while: what is sent to it piles up. */
void net_stall(struct connection *connection, int64_t for_us);

#endif
