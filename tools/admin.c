#include "tools/admin.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/error.h"

#define ANSWER_WITHIN_S 10

/**
 * Opens the directory and writes an address through it: a path to a deep directory would not fit
 * into a sockaddr_un.
 */
static int address_of(const char *data, struct sockaddr_un *address, int *directory)
{
    *directory = open(data, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (*directory < 0) {
        return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : error_from_errno(errno);
    }
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/" ADMIN_SOCKET_NAME,
             *directory);
    return 0;
}

int admin_listen(const char *data, int *fd)
{
    struct sockaddr_un address;
    int directory = -1;
    int error = address_of(data, &address, &directory);
    if (error != 0) {
        return error;
    }
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlinkat(directory, ADMIN_SOCKET_NAME, 0);
    if (made < 0 || bind(made, (struct sockaddr *)&address, sizeof address) != 0 ||
        fchmodat(directory, ADMIN_SOCKET_NAME, 0600, 0) != 0 || listen(made, 8) != 0) {
        error = error_from_errno(errno);
        if (made >= 0) {
            close(made);
        }
    } else {
        *fd = made;
    }
    close(directory);
    return error;
}

void admin_unlink(const char *data)
{
    int directory = open(data, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory >= 0) {
        unlinkat(directory, ADMIN_SOCKET_NAME, 0);
        close(directory);
    }
}

static int connect_to(const char *data, int *fd)
{
    struct sockaddr_un address;
    int directory = -1;
    int error = address_of(data, &address, &directory);
    if (error != 0) {
        return error;
    }
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made < 0 || connect(made, (struct sockaddr *)&address, sizeof address) != 0) {
        error = errno == ENOENT || errno == ECONNREFUSED ? ERR_NOT_FOUND : error_from_errno(errno);
        if (made >= 0) {
            close(made);
        }
    } else {
        struct timeval limit = {.tv_sec = ANSWER_WITHIN_S};
        setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        *fd = made;
    }
    close(directory);
    return error;
}

static int send_line(int fd, const char *request)
{
    struct buffer line = {0};
    buffer_append(&line, request, strlen(request));
    buffer_append_u8(&line, '\n');
    int error = 0;
    for (size_t sent = 0; error == 0 && sent < line.len;) {
        ssize_t count = send(fd, line.data + sent, line.len - sent, MSG_NOSIGNAL);
        if (count <= 0) {
            error = ERR_IO;
        } else {
            sent += (size_t)count;
        }
    }
    buffer_fini(&line);
    return error;
}

static int receive_line(int fd, struct buffer *reply)
{
    size_t before = reply->len;
    while (reply->len - before < ADMIN_LINE_MAX) {
        char chunk[4096];
        ssize_t count = recv(fd, chunk, sizeof chunk, 0);
        if (count <= 0) {
            break;
        }
        const char *newline = memchr(chunk, '\n', (size_t)count);
        buffer_append(reply, chunk, newline != NULL ? (size_t)(newline - chunk) : (size_t)count);
        if (newline != NULL) {
            return 0;
        }
    }
    reply->len = before;
    return ERR_IO;
}

int admin_ask(const char *data, const char *request, struct buffer *reply)
{
    int fd = -1;
    int error = connect_to(data, &fd);
    if (error != 0) {
        return error;
    }
    error = send_line(fd, request);
    if (error == 0) {
        error = receive_line(fd, reply);
    }
    close(fd);
    return error;
}
