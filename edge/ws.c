#include "edge/ws.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/error.h"
#include "edge/ws_internal.h"

#define SCAN_SLICES 16
#define SCAN_MIN 64
#define RX_BYTES 1024 /* per connection, and of one recv */

/* --- callbacks of libwebsockets -------------------------------------------------------------- */

static int handle_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                        size_t len, bool json)
{
    struct connection *connection = user;
    if (reason == LWS_CALLBACK_ESTABLISHED) {
        ws_connection_start(lws_context_user(lws_get_context(wsi)), connection, wsi, json);
        return 0;
    }
    if (connection == NULL || connection->ws == NULL) {
        return 0; /* the handshake did not succeed, or it is over */
    }
    switch (reason) {
    case LWS_CALLBACK_RECEIVE:
        ws_connection_receive(connection, bytes_of(in, len));
        return 0;
    case LWS_CALLBACK_RECEIVE_PONG:
        connection->heard_ms = (int64_t)uv_now(connection->ws->config.loop);
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        ws_connection_flush(connection);
        return 0;
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        return connection->close_by_ms != 0 ? -1 : 0; /* the answer to ours: no other one */
    case LWS_CALLBACK_CLOSED:
        ws_connection_end(connection);
        return 0;
    default:
        return 0;
    }
}

static int handle_msgpack(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                          size_t len)
{
    return handle_event(wsi, reason, user, in, len, false);
}

static int handle_json(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                       size_t len)
{
    return handle_event(wsi, reason, user, in, len, true);
}

/** Requests that are not, or not yet, WebSockets. */
static int handle_http(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                       size_t len)
{
    (void)user;
    (void)len;
    switch (reason) {
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE: /* never above 0: see CVE-2025-11677 */
        return ws_upgrade_admit(lws_context_user(lws_get_context(wsi)), wsi, in) ? 0 : -1;
    case LWS_CALLBACK_HTTP:
        ws_upgrade_required(wsi);
        return -1;
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return -1; /* it offered this protocol's name */
    default:
        return 0;
    }
}

static const struct lws_protocols protocols[] = {
    {.name = "http", .callback = handle_http},
    {.name = "duet.v1.msgpack",
     .callback = handle_msgpack,
     .per_session_data_size = sizeof(struct connection),
     .rx_buffer_size = RX_BYTES,
     .tx_packet_size = WS_FLUSH_BYTES_MAX},
    {.name = "duet.v1.json",
     .callback = handle_json,
     .per_session_data_size = sizeof(struct connection),
     .rx_buffer_size = RX_BYTES,
     .tx_packet_size = WS_FLUSH_BYTES_MAX},
    {.name = NULL},
};

/* --- context --------------------------------------------------------------------------------- */

static int create_context(struct ws *ws)
{
    static const lws_retry_bo_t no_keepalive; /* its timers sit in a list searched from the front */
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* creating loads a plugin */
    void *loops[] = {ws->config.loop};
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .foreign_loops = loops,
        .protocols = protocols,
        .gid = -1,
        .uid = -1,
        .count_threads = 1,
        .timeout_secs = (unsigned)(ws->config.handshake_within_ms / 1000),
        .retry_and_idle_policy = &no_keepalive,
        .vhost_name = "duet",
        .user = ws,
    };
    pthread_mutex_lock(&lock);
    lws_set_log_level(0, NULL); /* peers provoke its lines, and all threads share their buffer */
    ws->context = lws_create_context(&info);
    if (ws->context != NULL) {
        ws->vhost = lws_create_vhost(ws->context, &info);
    }
    pthread_mutex_unlock(&lock);
    return ws->vhost == NULL ? ERR_NO_MEMORY : 0;
}

int ws_create(const struct ws_config *config, struct ws **out)
{
    struct ws *ws = memory_alloc(sizeof *ws);
    ws->config = *config;
    int error = create_context(ws);
    if (error != 0) {
        if (ws->context != NULL) {
            lws_context_destroy(ws->context);
        }
        free(ws);
        return error;
    }
    *out = ws;
    return 0;
}

void ws_adopt(struct ws *ws, int fd)
{
    lws_adopt_socket_vhost(ws->vhost, fd); /* closes it when it fails */
}

void ws_turn_end(struct ws *ws)
{
    while (ws->dirty != NULL) { /* flushing unlinks; a session has little to add afterwards */
        ws_connection_flush(ws->dirty);
    }
}

void ws_tick(struct ws *ws)
{
    int64_t now_ms = (int64_t)uv_now(ws->config.loop);
    uint32_t count = ws->count / SCAN_SLICES + SCAN_MIN;
    for (uint32_t i = 0; i < count && i < ws->count; i++) {
        ws->scan_at = ws->scan_at + 1 < ws->count ? ws->scan_at + 1 : 0;
        ws_connection_check(ws->connections[ws->scan_at], now_ms);
    }
}

uint32_t ws_count(const struct ws *ws)
{
    return ws->count;
}

void ws_close(struct ws *ws)
{
    if (ws->context != NULL) {
        lws_context_destroy(ws->context); /* the first of two calls: closes what is on the loop */
    }
}

void ws_destroy(struct ws *ws)
{
    if (ws == NULL) {
        return;
    }
    lws_context_destroy(ws->context); /* the second, after the loop has ended */
    for (uint32_t i = 0; i < ws->spare_count; i++) {
        buffer_fini(&ws->spare[i]);
    }
    free(ws->connections);
    free(ws);
}
