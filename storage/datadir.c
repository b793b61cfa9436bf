/*
 * The data directory.
 *
 * The lock is an flock on LOCK: the kernel lets go of it with the process, however that ends, so a
 * pid left in the file never blocks a start. The file is never removed: a process that waits for
 * a removed one would hold a lock nobody sees.
 *
 * The directory itself may be reached through a symbolic link, which is an operator's choice; what
 * lies in it may not, so that nobody who can write there once has us write or read elsewhere.
 */
#include "storage/datadir.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "storage/directory.h"

#define FORMAT_TEXT "duet 2\n"
#define SIGNING_KEY_BYTES 64
#define PID_TEXT_MAX 32

_Static_assert(SIGNING_KEY_BYTES == crypto_sign_SECRETKEYBYTES, "Ed25519 secret key");

struct datadir {
    char *log;
    char *state;
    char *keys;
    int lock_fd;
    struct id node;
};

/* --- keys --- */

static void make_random(uint8_t *out, size_t len)
{
    randombytes_buf(out, len);
}

static void make_signing_key(uint8_t *out, size_t len)
{
    (void)len;
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
    (void)crypto_sign_keypair(public_key, out);
}

/* Reads a file of exactly `len` bytes, or makes it with `make`. ERR_CORRUPT if it has others. */
static int load_or_make(const char *directory, const char *name, uint8_t *out, size_t len,
                        void (*make)(uint8_t *out, size_t len))
{
    char *path = path_join(directory, name);
    struct buffer content = {0};
    int error = file_read(path, len, &content);
    if (error == ERR_NOT_FOUND) {
        uint8_t fresh[SIGNING_KEY_BYTES];
        make(fresh, len);
        error = file_replace(path, bytes_of(fresh, len));
        if (error == 0) {
            memcpy(out, fresh, len);
        }
        sodium_memzero(fresh, sizeof fresh);
    } else if (error == ERR_TOO_LARGE || (error == 0 && content.len != len)) {
        error = ERR_CORRUPT;
    } else if (error == 0) {
        memcpy(out, content.data, len);
    }
    if (content.data != NULL) {
        sodium_memzero(content.data, content.cap);
    }
    buffer_fini(&content);
    free(path);
    return error;
}

int datadir_signing_key(struct datadir *datadir, uint8_t out[64])
{
    return load_or_make(datadir->keys, "signing.ed25519", out, SIGNING_KEY_BYTES, make_signing_key);
}

/* --- lock and format --- */

static int read_pid(int fd)
{
    char text[PID_TEXT_MAX] = {0};
    ssize_t len = pread(fd, text, sizeof text - 1, 0);
    long pid = len > 0 ? strtol(text, NULL, 10) : 0;
    return pid > 0 && pid <= INT32_MAX ? (int)pid : 0;
}

static int write_pid(int fd)
{
    char text[PID_TEXT_MAX];
    int len = snprintf(text, sizeof text, "%d\n", (int)getpid());
    bool wrote = ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)len, 0) == len;
    return wrote ? 0 : error_from_errno(errno);
}

static int take_lock(const char *root, int *fd, int *pid)
{
    char *path = path_join(root, "LOCK");
    int lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    free(path);
    if (lock < 0) {
        return error_from_errno(errno);
    }
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        bool taken = errno == EWOULDBLOCK;
        *pid = taken ? read_pid(lock) : 0;
        (void)close(lock);
        return taken ? ERR_LOCKED : ERR_IO;
    }
    *fd = lock;
    return write_pid(lock);
}

static bool exists(const char *path)
{
    struct stat found;
    return lstat(path, &found) == 0 || errno != ENOENT;
}

/* A directory without FORMAT is new; but not if it holds a log, which must not be taken for ours.
 */
static int check_format(const struct datadir *datadir, const char *root)
{
    char *path = path_join(root, "FORMAT");
    struct buffer content = {0};
    struct bytes wanted = bytes_of(FORMAT_TEXT, sizeof FORMAT_TEXT - 1);
    int error = file_read(path, 64, &content);
    if (error == ERR_NOT_FOUND) {
        bool used = exists(datadir->log) || exists(datadir->state);
        error = used ? ERR_FORMAT_VERSION : file_replace(path, wanted);
    } else if (error == ERR_TOO_LARGE) {
        error = ERR_FORMAT_VERSION;
    } else if (error == 0 && !bytes_equal(buffer_bytes(&content), wanted)) {
        error = ERR_FORMAT_VERSION;
    }
    buffer_fini(&content);
    free(path);
    return error;
}

/* --- opening --- */

static int open_parts(struct datadir *datadir, const char *root, int *pid)
{
    int error = take_lock(root, &datadir->lock_fd, pid);
    if (error == 0) {
        error = check_format(datadir, root);
    }
    const char *const parts[] = {datadir->log, datadir->state, datadir->keys};
    for (size_t i = 0; error == 0 && i < sizeof parts / sizeof parts[0]; i++) {
        error = directory_make(parts[i]);
    }
    if (error == 0) {
        error = load_or_make(datadir->keys, "node.id", datadir->node.bytes, ID_BYTES, make_random);
    }
    return error;
}

/* The directory's real name, made when missing. Owned by the caller. */
static int resolve(const char *path, char **root)
{
    char *trimmed = text_copy(path);
    for (size_t len = strlen(trimmed); len > 1 && trimmed[len - 1] == '/'; len--) {
        trimmed[len - 1] = '\0';
    }
    char *real = realpath(trimmed, NULL);
    int error = 0;
    if (real == NULL && errno == ENOENT) {
        error = directory_make(trimmed);
        real = error == 0 ? realpath(trimmed, NULL) : NULL;
    }
    free(trimmed);
    if (real == NULL) {
        return error != 0 ? error : ERR_IO;
    }
    *root = real;
    return 0;
}

int datadir_open(const char *path, struct datadir **out, int *pid)
{
    *pid = 0;
    if (sodium_init() < 0) {
        return ERR_INTERNAL;
    }
    char *root;
    int error = resolve(path, &root);
    if (error != 0) {
        return error;
    }
    struct datadir *datadir = memory_alloc(sizeof *datadir);
    datadir->lock_fd = -1;
    datadir->log = path_join(root, "log");
    datadir->state = path_join(root, "state");
    datadir->keys = path_join(root, "keys");
    error = open_parts(datadir, root, pid);
    free(root);
    if (error != 0) {
        datadir_close(datadir);
        return error;
    }
    *out = datadir;
    return 0;
}

void datadir_close(struct datadir *datadir)
{
    if (datadir == NULL) {
        return;
    }
    if (datadir->lock_fd >= 0) {
        (void)close(datadir->lock_fd);
    }
    free(datadir->log);
    free(datadir->state);
    free(datadir->keys);
    free(datadir);
}

const char *datadir_log(const struct datadir *datadir)
{
    return datadir->log;
}

const char *datadir_state(const struct datadir *datadir)
{
    return datadir->state;
}

struct id datadir_node(const struct datadir *datadir)
{
    return datadir->node;
}
