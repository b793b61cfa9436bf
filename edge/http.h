/**
 * HTTP of one shard, by libmicrohttpd on the shard's loop: health, keys, and honest refusals.
 *
 * libmicrohttpd owns its sockets and watches them with an epoll descriptor, which stands under the
 * loop. What its parser lets through and should not, the listener has refused (http_head.h).
 * All functions: the shard's thread.
 */
#ifndef EDGE_HTTP_H
#define EDGE_HTTP_H

#include <stdint.h>
#include <sys/socket.h>

#include "base/bytes.h"

struct uv_loop_s;
struct http;

struct http_config {
    struct uv_loop_s *loop;
    struct bytes jwks;        /* the JSON Web Key Set; copied */
    int64_t request_ms;       /* for the answer to be read */
    uint32_t connections_max; /* more are closed unanswered */
};

/** 0 or ERR_NO_MEMORY. */
int http_create(const struct http_config *config, struct http **out);

/** Takes the socket, non-blocking; nothing was read from it yet, its first head was judged. */
void http_adopt(struct http *http, int fd, const struct sockaddr *address, socklen_t len);

/** Ends requests that take too long. Call about every second. */
void http_tick(struct http *http);

uint32_t http_count(const struct http *http);

/** Closes all connections. The loop has to run until it is empty before http_destroy. */
void http_close(struct http *http);
void http_destroy(struct http *http);

#endif
