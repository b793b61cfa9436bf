#include "edge/edge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include "base/error.h"
#include "edge/forwarded.h"
#include "edge/http.h"
#include "edge/listener.h"
#include "edge/metrics.h"
#include "edge/pages.h"
#include "edge/site.h"
#include "edge/ws.h"
#include "wire/frame.h"
#include "wire/rest_route.h"

#define TICK_MS 250
#define PONG_WITHIN_MS 30000
#define HANDSHAKE_WITHIN_MS 5000
#define CONNECTIONS_DEFAULT 200000
#define ADDRESS_TEXT_MAX 64
#define DESCRIPTORS_MAX (1 << 20) /* the loops have tables as long as the highest one */

/** What stands on one shard. */
struct edge_shard {
    struct edge *edge;
    struct metrics_shard *counted;
    struct session_table *sessions;
    struct ws *ws;
    struct site *site;
    struct http *http;
    uint32_t listener_count;
    struct listener **listeners;
    uv_timer_t timer;
};

struct edge {
    struct edge_config config;
    struct rest_routes *routes;
    struct forwarded *forwarded, *metrics_readers;
    struct metrics *metrics;
    struct pages *pages;
    struct node_edge node_edge;
    char (*addresses)[ADDRESS_TEXT_MAX];
    int *sockets; /* shard by shard, one of each address; -1: handed to a listener */
};

/* --- on a shard ------------------------------------------------------------------------------ */

static int64_t clock_now_ms(void *self)
{
    struct timespec now;
    (void)self;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void accept_ws(void *self, int fd)
{
    struct edge_shard *shard = self;
    ws_adopt(shard->ws, fd);
}

static void accept_http(void *self, int fd, const struct sockaddr *address, socklen_t len)
{
    struct edge_shard *shard = self;
    http_adopt(shard->http, fd, address, len);
}

static uint32_t count_connections(void *self)
{
    const struct edge_shard *shard = self;
    return ws_count(shard->ws) + http_count(shard->http);
}

static void handle_tick(uv_timer_t *timer)
{
    struct edge_shard *shard = timer->data;
    session_table_tick(shard->sessions);
    ws_tick(shard->ws);
    http_tick(shard->http);
    site_tick(shard->site);
    metrics_set(shard->counted, METRICS_HTTP_CONNECTIONS, http_count(shard->http));
    metrics_set(shard->counted, METRICS_WS_CONNECTIONS, ws_count(shard->ws));
    for (uint32_t i = 0; i < shard->listener_count; i++) {
        listener_tick(shard->listeners[i]);
    }
}

static struct session_table *make_sessions(const struct edge_config *config, uint16_t index,
                                           struct shard *shard)
{
    return session_table_create(&(struct session_config){.shard = shard,
                                                         .shard_index = index,
                                                         .registry = config->registry,
                                                         .kinds = config->kinds,
                                                         .kind_count = config->kind_count,
                                                         .key = config->key,
                                                         .node = config->node,
                                                         .version = config->version,
                                                         .now_ms = clock_now_ms,
                                                         .limits = config->limits});
}

static int make_ws(struct edge_shard *shard, struct uv_loop_s *loop)
{
    const struct edge_config *config = &shard->edge->config;
    return ws_create(&(struct ws_config){.loop = loop,
                                         .sessions = shard->sessions,
                                         .message_bytes_max = FRAME_BYTES_MAX,
                                         .heartbeat_ms = config->limits.heartbeat_ms,
                                         .pong_within_ms = PONG_WITHIN_MS,
                                         .origins = config->origins,
                                         .origin_count = config->origin_count,
                                         .forwarded = shard->edge->forwarded},
                     &shard->ws);
}

static int make_http(struct edge_shard *shard, uint16_t index, struct uv_loop_s *loop)
{
    const struct edge_config *config = &shard->edge->config;
    shard->site = site_create(&(struct site_config){.metrics = shard->edge->metrics,
                                                    .shard = index,
                                                    .node = config->runtime,
                                                    .metrics_readers = shard->edge->metrics_readers,
                                                    .sessions = shard->sessions,
                                                    .routes = shard->edge->routes,
                                                    .key = config->key,
                                                    .pages = shard->edge->pages,
                                                    .origins = config->origins,
                                                    .origin_count = config->origin_count,
                                                    .forwarded = shard->edge->forwarded,
                                                    .sse_heartbeat_ms = config->sse_heartbeat_ms,
                                                    .now_ms = clock_now_ms});
    return http_create(
        &(struct http_config){.loop = loop,
                              .handler = site_handler(shard->site),
                              .stream_bytes_max = 2 * config->limits.pending_bytes_max,
                              .connections_max = config->connections_max,
                              .idle_ms = config->http_idle_ms,
                              .head_ms = config->http_head_ms,
                              .body_ms = config->http_body_ms,
                              .answer_ms = config->http_answer_ms},
        &shard->http);
}

static int make_listeners(struct edge_shard *shard, uint16_t index, struct uv_loop_s *loop)
{
    const struct edge_config *config = &shard->edge->config;
    shard->listeners = memory_alloc(config->listen_count * sizeof(struct listener *));
    for (uint32_t i = 0; i < config->listen_count; i++) {
        int *fd = &shard->edge->sockets[index * config->listen_count + i];
        int error =
            listener_create(&(struct listener_config){.loop = loop,
                                                      .fd = *fd,
                                                      .head_ms = HANDSHAKE_WITHIN_MS,
                                                      .connections_max = config->connections_max,
                                                      .self = shard,
                                                      .accept_ws = accept_ws,
                                                      .accept_http = accept_http,
                                                      .connections = count_connections},
                            &shard->listeners[i]);
        *fd = -1;
        if (error != 0) {
            return error;
        }
        shard->listener_count++;
    }
    return 0;
}

static void edge_shard_drain(void *self)
{
    struct edge_shard *shard = self;
    for (uint32_t i = 0; i < shard->listener_count; i++) {
        listener_close(shard->listeners[i]);
    }
    session_table_close_all(shard->sessions, ERR_SHUTTING_DOWN);
    ws_turn_end(shard->ws);
    site_drain(shard->site);
    http_drain(shard->http);
}

static void edge_shard_turn_end(void *self)
{
    struct edge_shard *shard = self;
    ws_turn_end(shard->ws);
    site_turn_end(shard->site);
    http_turn_end(shard->http);
}

static void edge_shard_close(void *self)
{
    struct edge_shard *shard = self;
    for (uint32_t i = 0; i < shard->listener_count; i++) {
        listener_close(shard->listeners[i]);
    }
    if (shard->http != NULL) {
        http_close(shard->http);
    }
    if (shard->ws != NULL) {
        ws_close(shard->ws);
    }
    uv_close((uv_handle_t *)&shard->timer, NULL);
}

static void edge_shard_destroy(void *self)
{
    struct edge_shard *shard = self;
    for (uint32_t i = 0; i < shard->listener_count; i++) {
        listener_destroy(shard->listeners[i]);
    }
    free(shard->listeners);
    http_destroy(shard->http);
    site_destroy(shard->site);
    ws_destroy(shard->ws);
    session_table_destroy(shard->sessions);
    free(shard);
}

static uint64_t edge_shard_sessions(void *self)
{
    const struct edge_shard *shard = self;
    return session_table_count(shard->sessions);
}

static int edge_shard_start(void *self, uint16_t index, struct uv_loop_s *loop,
                            struct shard *runtime_shard, void **out)
{
    struct edge *edge = self;
    struct edge_shard *shard = memory_alloc(sizeof *shard);
    shard->edge = edge;
    shard->counted = metrics_of_shard(edge->metrics, index);
    shard->sessions = make_sessions(&edge->config, index, runtime_shard);
    uv_timer_init(loop, &shard->timer);
    shard->timer.data = shard;
    int error = make_ws(shard, loop);
    if (error == 0) {
        error = make_http(shard, index, loop);
    }
    if (error == 0) {
        error = make_listeners(shard, index, loop);
    }
    if (error != 0) {
        edge_shard_close(shard);
        uv_run(loop, UV_RUN_NOWAIT);
        edge_shard_destroy(shard);
        return error;
    }
    uv_timer_start(&shard->timer, handle_tick, TICK_MS, TICK_MS);
    *out = shard;
    return 0;
}

/* --- for the node ---------------------------------------------------------------------------- */

/** As many descriptors as allowed; not so many that tables of that length hurt. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max : DESCRIPTORS_MAX;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int bind_address(struct edge *edge, uint32_t index, char *message, size_t message_size)
{
    const struct edge_config *config = &edge->config;
    const char *text = config->listen[index];
    uint16_t port = 0;
    for (uint16_t shard = 0; shard < config->shards; shard++) {
        int error =
            listener_bind(text, &port, &edge->sockets[shard * config->listen_count + index]);
        if (error != 0) {
            snprintf(message, message_size, "cannot listen on %s: %s", text,
                     error == ERR_INVALID_ARGUMENT
                         ? "not an address like 127.0.0.1:7400; --listen takes address:port"
                     : error == ERR_EXISTS
                         ? "already in use; stop the other server, or take another port: "
                           "--listen 127.0.0.1:PORT (0: any free one)"
                         : "cannot be bound; --listen takes address:port of this machine");
            return error;
        }
    }
    const char *colon = strrchr(text, ':');
    snprintf(edge->addresses[index], ADDRESS_TEXT_MAX, "%.*s:%u", (int)(colon - text), text,
             (unsigned)port);
    return 0;
}

static struct pages *make_pages(const struct edge_config *config)
{
    struct buffer jwks = {0};
    token_jwks(config->key, &jwks);
    struct pages *pages = pages_create(&(struct pages_config){
        .openapi = config->openapi, .asyncapi = config->asyncapi, .jwks = buffer_bytes(&jwks)});
    buffer_fini(&jwks);
    return pages;
}

static int make_networks(struct edge *edge, char *message, size_t message_size)
{
    const struct edge_config *config = &edge->config;
    int error = forwarded_create(config->trusted_proxies, config->trusted_proxy_count, message,
                                 message_size, &edge->forwarded);
    return error != 0 ? error
                      : forwarded_create(config->metrics_networks, config->metrics_network_count,
                                         message, message_size, &edge->metrics_readers);
}

int edge_create(const struct edge_config *config, char *message, size_t message_size,
                struct edge **out)
{
    struct edge *edge = memory_alloc(sizeof *edge);
    uint32_t sockets = config->listen_count * config->shards;
    int error = 0;
    edge->config = *config;
    if (config->connections_max == 0) {
        edge->config.connections_max = CONNECTIONS_DEFAULT;
    }
    edge->addresses = memory_alloc(config->listen_count * sizeof *edge->addresses);
    edge->sockets = memory_alloc(sockets * sizeof *edge->sockets);
    memset(edge->sockets, 0xff, sockets * sizeof *edge->sockets);
    edge->node_edge = (struct node_edge){.self = edge,
                                         .start = edge_shard_start,
                                         .drain = edge_shard_drain,
                                         .turn_end = edge_shard_turn_end,
                                         .close = edge_shard_close,
                                         .destroy = edge_shard_destroy,
                                         .sessions = edge_shard_sessions};
    raise_descriptor_limit();
    edge->pages = make_pages(config);
    error = rest_routes_create(config->registry, message, message_size, &edge->routes);
    if (error == 0) {
        error = make_networks(edge, message, message_size);
    }
    if (error == 0) {
        edge->metrics = metrics_create(&(struct metrics_config){.shards = config->shards,
                                                                .node = config->runtime,
                                                                .version = config->version,
                                                                .routes = edge->routes});
    }
    for (uint32_t i = 0; i < config->listen_count && error == 0; i++) {
        error = bind_address(edge, i, message, message_size);
    }
    if (error != 0) {
        edge_destroy(edge);
        return error;
    }
    *out = edge;
    return 0;
}

void edge_destroy(struct edge *edge)
{
    if (edge == NULL) {
        return;
    }
    for (uint32_t i = 0; i < edge->config.listen_count * edge->config.shards; i++) {
        if (edge->sockets[i] >= 0) {
            close(edge->sockets[i]);
        }
    }
    rest_routes_destroy(edge->routes);
    metrics_destroy(edge->metrics);
    forwarded_destroy(edge->metrics_readers);
    forwarded_destroy(edge->forwarded);
    pages_destroy(edge->pages);
    free(edge->sockets);
    free(edge->addresses);
    free(edge);
}

const char *edge_address(const struct edge *edge, uint32_t index)
{
    return edge->addresses[index];
}

const struct node_edge *edge_node_edge(const struct edge *edge)
{
    return &edge->node_edge;
}
