/**
 * Accepts on one listening socket of a shard, looks at the first request before anybody reads it,
 * and hands the connections on: `GET /ws` when its head is complete and was judged, all others as
 * soon as they are told from it. Bytes that are no HTTP at all are refused here.
 * All functions: the shard's thread, except listener_bind.
 */
#ifndef EDGE_LISTENER_H
#define EDGE_LISTENER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct uv_loop_s;
struct listener;

struct listener_config {
    struct uv_loop_s *loop;
    int fd;                   /* of listener_bind; owned by the listener */
    int64_t head_ms;          /* for the head of the first request; else it is closed */
    uint32_t connections_max; /* then accepting pauses */
    void *self;
    /** Takes the socket. */
    void (*accept_ws)(void *self, int fd);
    void (*accept_http)(void *self, int fd, const struct sockaddr *address, socklen_t len);
    /** Connections that live now. */
    uint32_t (*connections)(void *self);
};

/**
 * "127.0.0.1:7400" or "[::1]:7400" to a bound socket with SO_REUSEPORT, not yet listening; `port`
 * replaces port 0 when not 0 itself, and gets the bound one. ERR_INVALID_ARGUMENT, ERR_EXISTS when
 * another process listens there, ERR_IO. Any thread.
 */
int listener_bind(const char *address, uint16_t *port, int *fd);

/** Starts to listen. 0 or ERR_IO; the socket is owned in any case. */
int listener_create(const struct listener_config *config, struct listener **out);

/** About once a second: resumes after a shortage, closes those that say nothing. */
void listener_tick(struct listener *listener);

/** Stops accepting; connections that were not handed on are closed. May be repeated. */
void listener_close(struct listener *listener);
/** After the loop has ended. NULL is fine. */
void listener_destroy(struct listener *listener);

#endif
