#include "storage/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define MODE_DIRECTORY 0700
#define MODE_FILE 0600

char *path_join(const char *directory, const char *name)
{
    size_t size = strlen(directory) + 1 + strlen(name) + 1;
    char *path = memory_alloc(size);
    (void)snprintf(path, size, "%s/%s", directory, name);
    return path;
}

int directory_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return error_from_errno(errno);
    }
    int error = fsync(fd) == 0 ? 0 : error_from_errno(errno);
    (void)close(fd);
    return error;
}

int directory_sync_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return directory_sync(".");
    }
    if (slash == path) {
        return directory_sync("/");
    }
    char *parent = memory_copy(path, (size_t)(slash - path) + 1);
    parent[slash - path] = '\0';
    int error = directory_sync(parent);
    free(parent);
    return error;
}

int directory_make(const char *path)
{
    if (mkdir(path, MODE_DIRECTORY) == 0) {
        return directory_sync_parent(path);
    }
    if (errno != EEXIST) {
        return error_from_errno(errno);
    }
    struct stat found;
    if (lstat(path, &found) != 0) {
        return error_from_errno(errno);
    }
    return S_ISDIR(found.st_mode) ? 0 : ERR_IO;
}

static int write_all(int fd, struct bytes content)
{
    size_t done = 0;
    while (done < content.len) {
        ssize_t wrote = write(fd, content.data + done, content.len - done);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return wrote < 0 ? error_from_errno(errno) : ERR_IO;
        }
        done += (size_t)wrote;
    }
    return fsync(fd) == 0 ? 0 : error_from_errno(errno);
}

int file_replace(const char *path, struct bytes content)
{
    size_t size = strlen(path) + sizeof ".new";
    char *fresh = memory_alloc(size);
    (void)snprintf(fresh, size, "%s.new", path);
    (void)unlink(fresh); /* left by a crash; a link planted there must not be followed either */
    int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE_FILE);
    int error = fd < 0 ? error_from_errno(errno) : write_all(fd, content);
    if (fd >= 0) {
        (void)close(fd);
    }
    if (error == 0 && rename(fresh, path) != 0) {
        error = error_from_errno(errno);
    }
    if (error == 0) {
        error = directory_sync_parent(path);
    } else {
        (void)unlink(fresh);
    }
    free(fresh);
    return error;
}

int file_read(const char *path, size_t limit, struct buffer *out)
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? ERR_NOT_FOUND : error_from_errno(errno);
    }
    int error = 0;
    size_t got = 0;
    for (;;) {
        uint8_t chunk[512];
        ssize_t part = read(fd, chunk, sizeof chunk);
        if (part < 0 && errno == EINTR) {
            continue;
        }
        if (part <= 0) {
            error = part == 0 ? 0 : error_from_errno(errno);
            break;
        }
        got += (size_t)part;
        if (got > limit) {
            error = ERR_TOO_LARGE;
            break;
        }
        buffer_append(out, chunk, (size_t)part);
    }
    (void)close(fd);
    return error;
}
