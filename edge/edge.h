/**
 * The edge of a node: listeners, WebSocket, HTTP and sessions of every shard, as one node_edge.
 *
 *     edge_create → edge_node_edge → node_start … node_close → edge_destroy
 *
 * One plain port. Each shard listens on a socket of its own (SO_REUSEPORT), looks at the first
 * request, and gives `GET /ws` to WebSocket, all else to HTTP.
 */
#ifndef EDGE_EDGE_H
#define EDGE_EDGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/ids.h"
#include "edge/session.h"
#include "runtime/node.h"

struct edge_config {
    const char *const *listen; /* "127.0.0.1:7400", "[::1]:7400"; port 0: any free one */
    uint32_t listen_count;
    uint16_t shards;                 /* as the node's: how many sockets per address */
    const struct registry *registry; /* with session_op_table in it */
    const struct kind *const *kinds;
    uint32_t kind_count;
    const struct token_key *key; /* node_token_key */
    struct id node;              /* node_id */
    const char *version;
    const char *const *origins; /* exact Origin values of pages that may connect; "*": any */
    uint32_t origin_count;
    const char *const *trusted_proxies; /* networks whose X-Forwarded-For is believed */
    uint32_t trusted_proxy_count;
    int64_t sse_heartbeat_ms;            /* 0: 15,000 */
    struct node *runtime;                /* whose figures /metrics shows; borrowed; NULL: none */
    const char *const *metrics_networks; /* networks that may read /metrics */
    uint32_t metrics_network_count;
    struct session_limits limits; /* session_limits_defaults first */
    struct bytes openapi;         /* the documents; empty: not there; copied */
    struct bytes asyncapi;
    uint32_t connections_max; /* per shard, WebSocket and HTTP together; 0: 200,000 */
    int64_t http_idle_ms, http_head_ms, http_body_ms, http_answer_ms; /* see http.h; 0: default */
};

struct edge;

/**
 * Binds every address (nothing is accepted before the node's shards start). Pointers in the config
 * must outlive the edge. Returns 0, or ERR_INVALID_ARGUMENT (an address, a network or a route),
 * ERR_EXISTS (in use) or ERR_IO, with `message` (message_size bytes) for the operator. Main thread.
 */
int edge_create(const struct edge_config *config, char *message, size_t message_size,
                struct edge **out);
/** After node_close. NULL is fine. */
void edge_destroy(struct edge *edge);

/** The address that was bound, "127.0.0.1:7400", with the real port. Lives as long as the edge. */
const char *edge_address(const struct edge *edge, uint32_t index);

/** What node_start wants; borrowed from the edge. */
const struct node_edge *edge_node_edge(const struct edge *edge);

#endif
