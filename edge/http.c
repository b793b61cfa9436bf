/*
 * One request per connection. The listener has judged its head as raw bytes, because what
 * libmicrohttpd 0.9.75 hands over does not show folded lines, bare LF and NUL any more; a second
 * request on the same connection would not have been judged, so every answer closes.
 * Requests are answered when their head has come; no route here takes a body, and none is waited
 * for. The deadline works by shutting the socket down, which libmicrohttpd sees as an end of input.
 */
#include "edge/http.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/error.h"
#include "edge/http_error.h"

#define CONNECTION_BYTES 16384 /* head and answer of one request */
#define RUNS_PER_EVENT 16

struct http_connection {
    struct http *http;
    struct http_connection *previous, *next;
    int fd;
    int64_t deadline_ms;
};

struct http {
    struct http_config config;
    struct MHD_Daemon *daemon;
    struct MHD_Response *healthz, *jwks;
    struct http_connection *connections;
    uint32_t count;
    uv_poll_t poll;
    uv_timer_t timer;
};

/* --- answering ------------------------------------------------------------------------------- */

static struct MHD_Response *response_create(const void *body, size_t len)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    if (response != NULL) {
        MHD_add_response_header(response, "content-type", "application/json");
        MHD_add_response_header(response, "x-content-type-options", "nosniff");
        MHD_add_response_header(response, "cache-control", "no-store");
        MHD_add_response_header(response, "connection", "close");
    }
    return response;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, int status, const char *message,
                              const char *name, const char *value)
{
    char body[256];
    int len = http_error_body(status, message, body, sizeof body);
    struct MHD_Response *response = response_create(body, (size_t)len);
    if (response == NULL) {
        return MHD_NO;
    }
    if (name != NULL) {
        MHD_add_response_header(response, name, value);
    }
    enum MHD_Result result = MHD_queue_response(connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer(struct http *http, struct MHD_Connection *connection, const char *url,
                              const char *method)
{
    struct MHD_Response *response = NULL;
    if (strcmp(url, "/healthz") == 0) {
        response = http->healthz;
    } else if (strcmp(url, "/.well-known/jwks.json") == 0) {
        response = http->jwks;
    }
    if (response == NULL) {
        return refuse(connection, 404, "There is no such resource.", NULL, NULL);
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        return refuse(connection, 405, "This resource can be read only.", "allow", "GET, HEAD");
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, response);
}

static enum MHD_Result handle_request(void *self, struct MHD_Connection *connection,
                                      const char *url, const char *method, const char *version,
                                      const char *upload, size_t *upload_size, void **request)
{
    (void)version;
    (void)upload;
    (void)upload_size;
    (void)request;
    return answer(self, connection, url, method);
}

/* --- connections ----------------------------------------------------------------------------- */

static void connection_start(struct http *http, struct MHD_Connection *mhd, void **context)
{
    struct http_connection *connection = memory_alloc(sizeof *connection);
    connection->http = http;
    connection->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    connection->next = http->connections;
    if (http->connections != NULL) {
        http->connections->previous = connection;
    }
    http->connections = connection;
    http->count++;
    connection->deadline_ms = (int64_t)uv_now(http->config.loop) + http->config.request_ms;
    *context = connection;
}

static void connection_end(struct http_connection *connection)
{
    struct http *http = connection->http;
    struct http_connection *previous = connection->previous, *next = connection->next;
    *(previous != NULL ? &previous->next : &http->connections) = next;
    if (next != NULL) {
        next->previous = previous;
    }
    http->count--;
    free(connection);
}

static void handle_connection(void *self, struct MHD_Connection *connection, void **context,
                              enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        connection_start(self, connection, context);
    } else if (*context != NULL) {
        connection_end(*context);
        *context = NULL;
    }
}

/* --- on the loop ----------------------------------------------------------------------------- */

static void run(struct http *http);

static void handle_timer(uv_timer_t *timer)
{
    run(timer->data);
}

static void handle_ready(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run(poll->data);
}

/** Until it has nothing to do at once, or others should have a turn. */
static void run(struct http *http)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    bool waits = true;
    for (int i = 0; i < RUNS_PER_EVENT && waits && wait_ms == 0; i++) {
        MHD_run(http->daemon);
        waits = MHD_get_timeout(http->daemon, &wait_ms) == MHD_YES;
    }
    if (waits) {
        uv_timer_start(&http->timer, handle_timer, wait_ms, 0);
    } else {
        uv_timer_stop(&http->timer);
    }
}

void http_adopt(struct http *http, int fd, const struct sockaddr *address, socklen_t len)
{
    if (http->count >= http->config.connections_max) {
        close(fd);
        return;
    }
    MHD_add_connection(http->daemon, fd, address, len); /* closes it when it fails */
    run(http);
}

void http_tick(struct http *http)
{
    int64_t now_ms = (int64_t)uv_now(http->config.loop);
    for (struct http_connection *at = http->connections; at != NULL; at = at->next) {
        if (now_ms >= at->deadline_ms) {
            shutdown(at->fd, SHUT_RDWR);
        }
    }
}

uint32_t http_count(const struct http *http)
{
    return http->count;
}

/* --- life ------------------------------------------------------------------------------------ */

static void free_daemon(struct http *http)
{
    if (http->daemon != NULL) {
        MHD_stop_daemon(http->daemon);
    }
    if (http->healthz != NULL) {
        MHD_destroy_response(http->healthz);
    }
    if (http->jwks != NULL) {
        MHD_destroy_response(http->jwks);
    }
}

static void start_daemon(struct http *http)
{
    static const char healthy[] = "{\"status\":\"ok\"}";
    http->healthz = response_create(healthy, sizeof healthy - 1);
    http->jwks = response_create(http->config.jwks.data, http->config.jwks.len);
    http->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        handle_request, http, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
        MHD_OPTION_CONNECTION_LIMIT, http->config.connections_max, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_NOTIFY_CONNECTION, handle_connection, http, MHD_OPTION_END);
}

int http_create(const struct http_config *config, struct http **out)
{
    struct http *http = memory_alloc(sizeof *http);
    http->config = *config;
    start_daemon(http);
    const union MHD_DaemonInfo *info =
        http->daemon == NULL ? NULL : MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || http->healthz == NULL || http->jwks == NULL ||
        uv_poll_init(config->loop, &http->poll, info->epoll_fd) != 0) {
        free_daemon(http);
        free(http);
        return ERR_NO_MEMORY;
    }
    uv_timer_init(config->loop, &http->timer);
    http->poll.data = http;
    http->timer.data = http;
    uv_poll_start(&http->poll, UV_READABLE, handle_ready);
    http->config.jwks = (struct bytes){0}; /* the response has its own */
    *out = http;
    return 0;
}

void http_close(struct http *http)
{
    uv_poll_stop(&http->poll);
    uv_close((uv_handle_t *)&http->poll, NULL);
    uv_close((uv_handle_t *)&http->timer, NULL);
    free_daemon(http);
    http->daemon = NULL;
}

void http_destroy(struct http *http)
{
    free(http);
}
