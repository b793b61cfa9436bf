#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "bench/calibrate.h"
#include "bench/measure.h"
#include "client/tcp.h"

/* As they go over the wire in duet-bench chat with texts of 200 bytes, WebSocket heads included. */
#define REQUEST_BYTES 245
#define ACK_BYTES 59
#define PUSH_BYTES 318
#define TEXT_BYTES 200 /* at the end of a request, and copied to the end of its push */
#define EVENTS_MAX 512
#define TICK_MS 20
#define CONNECT_MS 5000
#define WARMUP_PART 8 /* of the time */

/* A message's first byte tells its length. */
enum { KIND_REQUEST = 'R', KIND_ACK = 'A', KIND_PUSH = 'P' };

static size_t length_of(uint8_t kind)
{
    return kind == KIND_REQUEST ? REQUEST_BYTES : kind == KIND_ACK ? ACK_BYTES : PUSH_BYTES;
}

/* One end of a connection; partners stand side by side. */
struct end {
    int fd;
    bool dirty; /* on the list of those to be flushed this turn */
    struct buffer in;
    struct buffer out;
};

struct side {
    int epoll;
    uint32_t count;
    struct end *ends;
    uint32_t *dirty;
    uint32_t dirty_count;
    void (*handle)(struct side *side, uint32_t index, const uint8_t *message);
    uint64_t acked;
    uint64_t delivered;
    atomic_bool stop; /* written by the generator, read by the server; no other data hangs on it */
};

static uint8_t *append(struct side *side, uint32_t index, uint8_t kind)
{
    struct end *end = &side->ends[index];
    size_t len = length_of(kind);
    uint8_t *out = buffer_extend(&end->out, len);
    memset(out, kind, len);
    if (!end->dirty) {
        end->dirty = true;
        side->dirty[side->dirty_count++] = index;
    }
    return out;
}

/* Serving: each message is acknowledged and goes to the partner. */
static void handle_as_server(struct side *side, uint32_t index, const uint8_t *message)
{
    append(side, index, KIND_ACK);
    uint8_t *push = append(side, index ^ 1, KIND_PUSH);
    memcpy(push + PUSH_BYTES - TEXT_BYTES, message + REQUEST_BYTES - TEXT_BYTES, TEXT_BYTES);
}

/* Generating: each acknowledgement lets the next message go. */
static void handle_as_client(struct side *side, uint32_t index, const uint8_t *message)
{
    if (*message == KIND_ACK) {
        side->acked++;
        append(side, index, KIND_REQUEST);
    } else {
        side->delivered++;
    }
}

static int flush(struct end *end)
{
    size_t sent = 0;
    while (sent < end->out.len) {
        ssize_t took = send(end->fd, end->out.data + sent, end->out.len - sent, MSG_NOSIGNAL);
        if (took > 0) {
            sent += (size_t)took;
        } else if (errno != EAGAIN && errno != EINTR) {
            return ERR_IO;
        } else {
            poll(&(struct pollfd){.fd = end->fd, .events = POLLOUT}, 1, TICK_MS);
        }
    }
    buffer_clear(&end->out);
    end->dirty = false;
    return 0;
}

static int receive(struct side *side, uint32_t index)
{
    static _Thread_local uint8_t scratch[65536];
    struct end *end = &side->ends[index];
    ssize_t got = recv(end->fd, scratch, sizeof scratch, 0);
    if (got <= 0) {
        return got < 0 && errno == EAGAIN ? 0 : ERR_IO;
    }
    struct bytes input = bytes_of(scratch, (size_t)got);
    if (end->in.len != 0) {
        buffer_append(&end->in, scratch, (size_t)got);
        input = buffer_bytes(&end->in);
    }
    while (input.len != 0) {
        size_t len = length_of(*input.data);
        if (input.len < len) {
            break;
        }
        side->handle(side, index, input.data);
        input = bytes_of(input.data + len, input.len - len);
    }
    struct buffer rest = {0};
    if (input.len != 0) {
        buffer_append(&rest, input.data, input.len);
    }
    buffer_fini(&end->in);
    end->in = rest;
    return 0;
}

static int take_turn(struct side *side)
{
    struct epoll_event events[EVENTS_MAX];
    int error = 0;
    int ready = epoll_wait(side->epoll, events, EVENTS_MAX, TICK_MS);
    for (int i = 0; i < ready && error == 0; i++) {
        error = receive(side, events[i].data.u32);
    }
    for (uint32_t i = 0; i < side->dirty_count && error == 0; i++) {
        error = flush(&side->ends[side->dirty[i]]);
    }
    side->dirty_count = 0;
    return error;
}

static void *serve(void *argument)
{
    struct side *side = argument;
    while (!atomic_load_explicit(&side->stop, memory_order_relaxed) && take_turn(side) == 0) {
    }
    return NULL;
}

static int side_init(struct side *side, uint32_t count,
                     void (*handle)(struct side *, uint32_t, const uint8_t *))
{
    *side = (struct side){.count = count, .handle = handle};
    side->epoll = epoll_create1(EPOLL_CLOEXEC);
    side->ends = memory_alloc(count * sizeof *side->ends);
    side->dirty = memory_alloc(count * sizeof *side->dirty);
    for (uint32_t i = 0; i < count; i++) {
        side->ends[i].fd = -1;
    }
    return side->epoll >= 0 ? 0 : ERR_IO;
}

static void side_fini(struct side *side)
{
    for (uint32_t i = 0; i < side->count; i++) {
        struct end *end = &side->ends[i];
        if (end->fd >= 0) {
            close(end->fd);
        }
        buffer_fini(&end->in);
        buffer_fini(&end->out);
    }
    free(side->ends);
    free(side->dirty);
    close(side->epoll);
}

static int side_add(struct side *side, uint32_t index, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
    side->ends[index].fd = fd;
    return epoll_ctl(side->epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : ERR_IO;
}

static int connect_one(int listener, uint16_t port, struct side *server, struct side *client,
                       uint32_t index)
{
    int fd;
    int on = 1;
    int error = tcp_connect("127.0.0.1", port, NULL, tcp_now_ms() + CONNECT_MS, &fd);
    if (error != 0) {
        return error;
    }
    error = side_add(client, index, fd);
    int accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (error != 0 || accepted < 0) {
        return ERR_IO;
    }
    setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return side_add(server, index, accepted);
}

static int connect_all(struct side *server, struct side *client)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0) {
        return ERR_IO;
    }
    int error = bind(listener, (struct sockaddr *)&address, len) == 0 &&
                        listen(listener, 16) == 0 &&
                        getsockname(listener, (struct sockaddr *)&address, &len) == 0
                    ? 0
                    : ERR_IO;
    for (uint32_t i = 0; i < server->count && error == 0; i++) {
        error = connect_one(listener, ntohs(address.sin_port), server, client, i);
    }
    close(listener);
    return error;
}

/* What has been done by a moment, and what CPU the serving thread has used by then. */
struct mark {
    int64_t at_us;
    int64_t server_cpu_us;
    uint64_t messages; /* acknowledged and delivered */
};

static struct mark mark_now(const struct side *client, clockid_t server_clock)
{
    struct timespec cpu = {0};
    clock_gettime(server_clock, &cpu);
    return (struct mark){.at_us = monotonic_us(),
                         .server_cpu_us = (int64_t)cpu.tv_sec * 1000000 + cpu.tv_nsec / 1000,
                         .messages =
                             client->acked < client->delivered ? client->acked : client->delivered};
}

/* Generates for `us`, counting what came after a first part. */
static int generate(struct side *client, uint32_t window, int64_t us, clockid_t server_clock,
                    struct echo_figures *out)
{
    int error = 0;
    for (uint32_t i = 0; i < client->count; i++) {
        for (uint32_t k = 0; k < window; k++) {
            append(client, i, KIND_REQUEST);
        }
    }
    int64_t start_us = monotonic_us();
    struct mark from = {0};
    while (monotonic_us() < start_us + us && error == 0) {
        error = take_turn(client);
        if (from.at_us == 0 && monotonic_us() >= start_us + us / WARMUP_PART) {
            from = mark_now(client, server_clock);
        }
    }
    struct mark to = mark_now(client, server_clock);
    if (error == 0 && (from.at_us == 0 || to.messages == from.messages)) {
        error = ERR_IO; /* nothing came */
    }
    if (error == 0) {
        double messages = (double)(to.messages - from.messages);
        out->per_s = messages * 1e6 / (double)(to.at_us - from.at_us);
        out->server_cpu_us = (double)(to.server_cpu_us - from.server_cpu_us) / messages;
    }
    return error;
}

int calibrate_echo(uint32_t couples, uint32_t window, int64_t us, struct echo_figures *out)
{
    struct side server;
    struct side client;
    pthread_t thread;
    clockid_t server_clock;
    int error = side_init(&server, couples * 2, handle_as_server);
    int client_error = side_init(&client, couples * 2, handle_as_client);
    error = error != 0 ? error : client_error;
    error = error != 0 ? error : raise_file_limit((uint64_t)couples * 4 + 64);
    error = error != 0 ? error : connect_all(&server, &client);
    if (error == 0 && pthread_create(&thread, NULL, serve, &server) != 0) {
        error = ERR_IO;
    } else if (error == 0) {
        error = pthread_getcpuclockid(thread, &server_clock) == 0
                    ? generate(&client, window, us, server_clock, out)
                    : ERR_IO;
        atomic_store_explicit(&server.stop, true, memory_order_relaxed);
        pthread_join(thread, NULL);
    }
    side_fini(&client);
    side_fini(&server);
    return error;
}
