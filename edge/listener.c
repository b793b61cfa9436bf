/*
 * Accepting. A connection is held until its first bytes say whose it is, which for all but those
 * that begin as "GET /ws" does is at once: most have sent them by the time they are accepted or
 * soon after. They are only peeked at, so the library that gets the
 * socket reads the whole request itself. While a beginning of "GET /ws" is all there is,
 * SO_RCVLOWAT keeps the socket from being reported readable again and again.
 *
 * When everybody comes back at once, handing on (and what follows from it: the upgrade, a token's
 * signature, an actor woken) is rationed by the turn, so that those who are connected do not wait
 * behind all who are not yet. Accepting goes on, since the kernel makes who finds its backlog full
 * wait for a second or more.
 *
 * When descriptors run out, accept cannot even refuse: the waiting connection would be reported for
 * ever. A spare descriptor is given up to accept and close it, and accepting pauses until the tick.
 */
#include "edge/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "base/error.h"
#include "base/logger.h"
#include "edge/http_head.h"

#define ACCEPTS_PER_EVENT 64
#define HANDED_PER_TURN 16 /* some milliseconds' work, with all that follows */
#define WAITING_MAX 8192
#define BACKLOG 4096
#define RECEIVE_BUFFER_BYTES 65536 /* what a peer may push while it is not read */
#define SEND_BUFFER_BYTES 131072   /* what the kernel holds for one that does not read */

struct waiting {
    uv_poll_t poll;
    struct listener *listener;
    struct waiting *previous, *next;
    int fd; /* -1: handed on */
    int64_t deadline_ms;
};

struct listener {
    struct listener_config config;
    uv_poll_t poll;
    struct waiting *oldest, *newest;
    uint32_t waiting_count;
    uv_check_t turn;
    uv_idle_t go_on;        /* active while some are ready: the loop does not sleep */
    int ready[WAITING_MAX]; /* a ring of sockets that have said enough, for later turns */
    uint32_t ready_first, ready_count;
    uint32_t handed; /* in this turn */
    int spare;
    bool paused;
    bool closed;
};

static void go_on(uv_idle_t *idle)
{
    (void)idle; /* handle_turn does the work */
}

static void set_option(int fd, int level, int name, int value)
{
    setsockopt(fd, level, name, &value, sizeof value);
}

/** A refused head goes the way of all HTTP: it is judged alike there, and answered. */
static void hand_on(struct listener *listener, int fd, const struct http_head *head)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    if (head->verdict == HTTP_HEAD_WS) {
        listener->config.accept_ws(listener->config.self, fd);
    } else if (getpeername(fd, (struct sockaddr *)&address, &len) == 0) {
        listener->config.accept_http(listener->config.self, fd, (struct sockaddr *)&address, len);
    } else {
        close(fd);
    }
}

/** Now, or in one of the next turns. */
static void pass(struct listener *listener, int fd, const struct http_head *head)
{
    if (listener->handed < HANDED_PER_TURN && listener->ready_count == 0) {
        listener->handed++;
        hand_on(listener, fd, head);
        return;
    }
    uint32_t at = (listener->ready_first + listener->ready_count++) % WAITING_MAX;
    listener->ready[at] = fd;
    uv_idle_start(&listener->go_on, go_on);
}

/* --- those that have not said enough
 * --------------------------------------------------------------- */

static void waiting_closed(uv_handle_t *handle)
{
    free(handle->data);
}

/** Ends the wait; the socket is the caller's now. */
static int waiting_end(struct waiting *waiting)
{
    struct listener *listener = waiting->listener;
    struct waiting *previous = waiting->previous, *next = waiting->next;
    int fd = waiting->fd;
    *(previous != NULL ? &previous->next : &listener->oldest) = next;
    *(next != NULL ? &next->previous : &listener->newest) = previous;
    listener->waiting_count--;
    uv_poll_stop(&waiting->poll);
    uv_close((uv_handle_t *)&waiting->poll, waiting_closed);
    return fd;
}

/** What has come so far; `ended`: nothing else will. */
static struct http_head look(int fd, size_t *got, bool *ended)
{
    uint8_t first[HTTP_HEAD_BYTES_MAX];
    ssize_t len = recv(fd, first, sizeof first, MSG_PEEK | MSG_DONTWAIT);
    *ended = len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR);
    *got = len > 0 ? (size_t)len : 0;
    return http_head_first(bytes_of(first, *got));
}

static void handle_first_bytes(uv_poll_t *poll, int status, int events)
{
    struct waiting *waiting = poll->data;
    struct listener *listener = waiting->listener;
    bool ended;
    size_t got;
    struct http_head head = look(waiting->fd, &got, &ended);
    if (head.verdict == HTTP_HEAD_MORE && !ended && status == 0 && !(events & UV_DISCONNECT)) {
        set_option(waiting->fd, SOL_SOCKET, SO_RCVLOWAT, (int)got + 1);
        return;
    }
    int fd = waiting_end(waiting);
    if (head.verdict == HTTP_HEAD_MORE) {
        close(fd);
        return;
    }
    set_option(fd, SOL_SOCKET, SO_RCVLOWAT, 1);
    pass(listener, fd, &head);
}

static void waiting_start(struct listener *listener, int fd)
{
    struct waiting *waiting = memory_alloc(sizeof *waiting);
    if (uv_poll_init(listener->config.loop, &waiting->poll, fd) != 0) {
        free(waiting);
        close(fd);
        return;
    }
    waiting->poll.data = waiting;
    waiting->listener = listener;
    waiting->fd = fd;
    waiting->deadline_ms = (int64_t)uv_now(listener->config.loop) + listener->config.head_ms;
    waiting->previous = listener->newest;
    *(listener->newest != NULL ? &listener->newest->next : &listener->oldest) = waiting;
    listener->newest = waiting;
    listener->waiting_count++;
    uv_poll_start(&waiting->poll, UV_READABLE | UV_DISCONNECT, handle_first_bytes);
}

/** The first of the ready. */
static int ready_take(struct listener *listener)
{
    int fd = listener->ready[listener->ready_first];
    listener->ready_first = (listener->ready_first + 1) % WAITING_MAX;
    listener->ready_count--;
    return fd;
}

static void handle_turn(uv_check_t *turn)
{
    struct listener *listener = turn->data;
    bool ended;
    size_t got;
    while (listener->ready_count > 0 && listener->handed < HANDED_PER_TURN) {
        int fd = ready_take(listener);
        struct http_head head = look(fd, &got, &ended);
        listener->handed++;
        hand_on(listener, fd, &head);
    }
    listener->handed = 0;
    if (listener->ready_count == 0) {
        uv_idle_stop(&listener->go_on);
    }
}

/* --- accepting
 * ------------------------------------------------------------------------------------- */

static void pause_accepting(struct listener *listener)
{
    listener->paused = true;
    uv_poll_stop(&listener->poll);
}

/** Makes room for one accept by giving up the spare descriptor. */
static void shed_one(struct listener *listener)
{
    close(listener->spare);
    int fd = accept4(listener->config.fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        close(fd);
    }
    listener->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    LOG(WARN, "out of descriptors; accepting pauses");
    pause_accepting(listener);
}

static bool at_capacity(const struct listener *listener)
{
    uint32_t waiting = listener->waiting_count + listener->ready_count;
    return waiting >= WAITING_MAX ||
           listener->config.connections(listener->config.self) + waiting >=
               listener->config.connections_max;
}

static void accepted(struct listener *listener, int fd)
{
    bool ended;
    size_t got;
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    struct http_head head = look(fd, &got, &ended);
    if (head.verdict != HTTP_HEAD_MORE) {
        pass(listener, fd, &head);
    } else if (ended) {
        close(fd);
    } else {
        set_option(fd, SOL_SOCKET, SO_RCVLOWAT, (int)got + 1);
        waiting_start(listener, fd);
    }
}

static void handle_connections(uv_poll_t *poll, int status, int events)
{
    struct listener *listener = poll->data;
    (void)events;
    for (int i = 0; status == 0 && i < ACCEPTS_PER_EVENT && !listener->paused; i++) {
        if (at_capacity(listener)) {
            pause_accepting(listener);
            return;
        }
        int fd = accept4(listener->config.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            accepted(listener, fd);
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            shed_one(listener);
        } else if (errno != ECONNABORTED && errno != EINTR) {
            return;
        }
    }
}

int listener_create(const struct listener_config *config, struct listener **out)
{
    struct listener *listener = memory_alloc(sizeof *listener);
    listener->config = *config;
    /* Inherited by what is accepted; set before listen, so that the window fits it. */
    set_option(config->fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
    set_option(config->fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES);
    listener->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (listen(config->fd, BACKLOG) != 0 ||
        uv_poll_init(config->loop, &listener->poll, config->fd) != 0) {
        close(config->fd);
        close(listener->spare);
        free(listener);
        return ERR_IO;
    }
    listener->poll.data = listener;
    listener->turn.data = listener;
    uv_check_init(config->loop, &listener->turn);
    uv_check_start(&listener->turn, handle_turn);
    uv_idle_init(config->loop, &listener->go_on);
    uv_poll_start(&listener->poll, UV_READABLE, handle_connections);
    *out = listener;
    return 0;
}

void listener_tick(struct listener *listener)
{
    int64_t now_ms = (int64_t)uv_now(listener->config.loop);
    while (listener->oldest != NULL && now_ms >= listener->oldest->deadline_ms) {
        close(waiting_end(listener->oldest));
    }
    if (listener->paused && !listener->closed && !at_capacity(listener)) {
        if (listener->spare < 0) {
            listener->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
        }
        listener->paused = listener->spare < 0; /* still none to spare: not yet */
        if (!listener->paused) {
            uv_poll_start(&listener->poll, UV_READABLE, handle_connections);
        }
    }
}

void listener_close(struct listener *listener)
{
    if (listener->closed) {
        return;
    }
    listener->closed = true;
    while (listener->oldest != NULL) {
        close(waiting_end(listener->oldest));
    }
    while (listener->ready_count > 0) {
        close(ready_take(listener));
    }
    uv_poll_stop(&listener->poll);
    uv_close((uv_handle_t *)&listener->poll, NULL);
    uv_close((uv_handle_t *)&listener->turn, NULL);
    uv_close((uv_handle_t *)&listener->go_on, NULL);
    close(listener->config.fd);
    close(listener->spare);
}

void listener_destroy(struct listener *listener)
{
    free(listener);
}
