#include "tools/duetd_admin.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/logger.h"
#include "config/version.h"
#include "runtime/node.h"
#include "tools/admin.h"
#include "tools/duetd_admin_log.h"

#define CLIENTS_MAX 16
#define REQUEST_BYTES_MAX 4096
#define FIGURES_MAX 256

struct client {
    int fd; /* -1: free */
    size_t len;
    char line[REQUEST_BYTES_MAX];
};

struct admin_server {
    char *data;
    struct node *node;
    int64_t started_ms;
    int listener;
    int stop; /* eventfd: readable when the thread is to end */
    pthread_t thread;
    struct client clients[CLIENTS_MAX];
};

static int64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t resident_bytes(void)
{
    long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file != NULL) {
        if (fscanf(file, "%*s %lld", &pages) != 1) {
            pages = 0;
        }
        fclose(file);
    }
    return pages * (int64_t)sysconf(_SC_PAGESIZE);
}

/* --- commands: each returns a new object --- */

static json_t *answer_error(const char *text)
{
    return json_pack("{s:s}", "error", text);
}

static json_t *answer_stats(struct admin_server *server, const json_t *request)
{
    (void)request;
    struct node_figure figures[FIGURES_MAX];
    uint32_t count = node_figures(server->node, figures, FIGURES_MAX);
    json_t *answer =
        json_pack("{s:s, s:I, s:I, s:I}", "version", DUET_VERSION, "pid", (json_int_t)getpid(),
                  "uptime_ms", (json_int_t)(monotonic_ms() - server->started_ms), "rss_bytes",
                  (json_int_t)resident_bytes());
    for (uint32_t i = 0; i < count && i < FIGURES_MAX; i++) {
        json_object_set_new(answer, figures[i].name, json_integer((json_int_t)figures[i].value));
    }
    return answer;
}

static json_t *answer_log_level(struct admin_server *server, const json_t *request)
{
    (void)server;
    const char *name = json_string_value(json_object_get(request, "level"));
    int level = name != NULL ? logger_level_from_name(name) : -1;
    if (level < 0) {
        return answer_error("level must be debug, info, warn, error or off");
    }
    logger_set_level((enum log_level)level);
    return json_pack("{s:s}", "level", name);
}

static json_t *answer_log(struct admin_server *server, const json_t *request)
{
    return admin_log_answer(node_log(server->node), request);
}

static const struct {
    const char *name;
    json_t *(*answer)(struct admin_server *server, const json_t *request);
} commands[] = {{"stats", answer_stats}, {"log-level", answer_log_level}, {"log", answer_log}};

static json_t *answer(struct admin_server *server, const char *line, size_t len)
{
    json_error_t error;
    json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
    const char *name = json_string_value(json_object_get(request, "cmd"));
    json_t *result = NULL;
    for (size_t i = 0; name != NULL && i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            result = commands[i].answer(server, request);
        }
    }
    if (result == NULL) {
        result = answer_error(name != NULL ? "unknown cmd; there are stats, log-level and log"
                                           : "send one line like {\"cmd\":\"stats\"}");
    }
    json_decref(request);
    return result;
}

/* --- connections --- */

static void drop(struct client *client)
{
    close(client->fd);
    client->fd = -1;
    client->len = 0;
}

/** Replies are small next to a socket's buffer: who does not read them is dropped. */
static void reply(struct admin_server *server, struct client *client, const char *line, size_t len)
{
    json_t *object = answer(server, line, len);
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    if (text == NULL) {
        drop(client);
        return;
    }
    size_t size = strlen(text);
    text[size] = '\n'; /* sent without a terminating NUL */
    if (send(client->fd, text, size + 1, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size + 1) {
        drop(client);
    }
    free(text);
}

static void take_lines(struct admin_server *server, struct client *client)
{
    const char *newline;
    while (client->fd >= 0 && (newline = memchr(client->line, '\n', client->len)) != NULL) {
        size_t len = (size_t)(newline - client->line);
        reply(server, client, client->line, len);
        if (client->fd >= 0) {
            client->len -= len + 1;
            memmove(client->line, client->line + len + 1, client->len);
        }
    }
    if (client->len == sizeof client->line) { /* no request is that long */
        drop(client);
    }
}

static void read_client(struct admin_server *server, struct client *client)
{
    ssize_t count = recv(client->fd, client->line + client->len, sizeof client->line - client->len,
                         MSG_DONTWAIT);
    if (count > 0) {
        client->len += (size_t)count;
        take_lines(server, client);
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        drop(client);
    }
}

static void accept_client(struct admin_server *server)
{
    int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    for (size_t i = 0; fd >= 0 && i < CLIENTS_MAX; i++) {
        if (server->clients[i].fd < 0) {
            server->clients[i].fd = fd;
            server->clients[i].len = 0;
            return;
        }
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void *serve(void *argument)
{
    struct admin_server *server = argument;
    struct pollfd fds[CLIENTS_MAX + 2] = {{.fd = server->stop, .events = POLLIN},
                                          {.fd = server->listener, .events = POLLIN}};
    while (true) {
        for (size_t i = 0; i < CLIENTS_MAX; i++) {
            fds[i + 2] = (struct pollfd){.fd = server->clients[i].fd, .events = POLLIN};
        }
        if (poll(fds, CLIENTS_MAX + 2, -1) < 0) {
            continue; /* interrupted */
        }
        if (fds[0].revents != 0) {
            return NULL;
        }
        for (size_t i = 0; i < CLIENTS_MAX; i++) {
            if (fds[i + 2].revents != 0) {
                read_client(server, &server->clients[i]);
            }
        }
        if (fds[1].revents != 0) {
            accept_client(server);
        }
    }
}

int admin_server_start(const char *data, struct node *node, struct admin_server **out)
{
    struct admin_server *server = memory_alloc(sizeof *server);
    *server = (struct admin_server){
        .data = text_copy(data), .node = node, .started_ms = monotonic_ms(), .listener = -1};
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        server->clients[i].fd = -1;
    }
    int error = 0;
    server->stop = eventfd(0, EFD_CLOEXEC);
    if (server->stop < 0) {
        error = error_from_errno(errno);
        goto err_server;
    }
    error = admin_listen(data, &server->listener);
    if (error != 0) {
        goto err_stop;
    }
    if (pthread_create(&server->thread, NULL, serve, server) != 0) {
        error = ERR_NO_MEMORY;
        goto err_listener;
    }
    *out = server;
    return 0;

err_listener:
    close(server->listener);
    admin_unlink(data);
err_stop:
    close(server->stop);
err_server:
    free(server->data);
    free(server);
    return error;
}

void admin_server_stop(struct admin_server *server)
{
    if (server == NULL) {
        return;
    }
    eventfd_write(server->stop, 1);
    pthread_join(server->thread, NULL);
    for (size_t i = 0; i < CLIENTS_MAX; i++) {
        if (server->clients[i].fd >= 0) {
            close(server->clients[i].fd);
        }
    }
    close(server->listener);
    admin_unlink(server->data);
    close(server->stop);
    free(server->data);
    free(server);
}
