/*
 * The other names under which libc offers what powercut.c interposes: with 64-bit offsets, which
 * are the only ones here, and those that fortified callers use.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

int open64(const char *path, int flags, ...);
int openat64(int at, const char *path, int flags, ...);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int at, const char *path, int flags);
int __openat64_2(int at, const char *path, int flags);
int creat64(const char *path, mode_t mode);
ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset);
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset);
int ftruncate64(int fd, off64_t size);
int fallocate64(int fd, int mode, off64_t offset, off64_t len);
int posix_fallocate64(int fd, off64_t offset, off64_t len);

static unsigned mode_argument(int flags, va_list rest)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(rest, unsigned) : 0;
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    unsigned mode = mode_argument(flags, rest);
    va_end(rest);
    return open(path, flags, mode);
}

int openat64(int at, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    unsigned mode = mode_argument(flags, rest);
    va_end(rest);
    return openat(at, path, flags, mode);
}

int __open_2(const char *path, int flags)
{
    return open(path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
    return open(path, flags, 0);
}

int __openat_2(int at, const char *path, int flags)
{
    return openat(at, path, flags, 0);
}

int __openat64_2(int at, const char *path, int flags)
{
    return openat(at, path, flags, 0);
}

int creat64(const char *path, mode_t mode)
{
    return creat(path, mode);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off64_t offset)
{
    return pwrite(fd, data, len, offset);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset)
{
    return pwritev(fd, parts, count, offset);
}

int ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}

int fallocate64(int fd, int mode, off64_t offset, off64_t len)
{
    return fallocate(fd, mode, offset, len);
}

int posix_fallocate64(int fd, off64_t offset, off64_t len)
{
    return posix_fallocate(fd, offset, len);
}
