/*
 * LD_PRELOAD library that makes a power cut testable; journal.h has the model.
 *
 *     DUET_POWERCUT_DIR      files below it are watched
 *     DUET_POWERCUT_JOURNAL  where the journal goes; outside of that directory, same file system
 *     DUET_POWERCUT_KILL_AT  optional: the process kills itself at its entry of this number, from
 * 1, which visits every moment at which a cut makes a difference
 *
 * Changes are made under one lock, so journal order is the order of changes. Syncs run outside of
 * it: what they cover is what was complete when they began. Not seen: stdio (it does not call
 * through symbols), maps (LMDB writes only its lock file through one, which means nothing after a
 * crash), sync() and syncfs(). A change that cannot be noted down ends the process, since a test
 * that goes on would prove nothing.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/powercut/journal.h"

#define FD_MAX 8192
#define NAMES_MAX (3 * PATH_MAX)
#define FILE_MODES 07777

struct watched {
    bool on;
    bool directory;
    bool sync_writes; /* O_SYNC or O_DSYNC */
    bool append;
    uint64_t file;
    int reader; /* a descriptor to read with: itself, or one of ours if it is write-only */
    char *name; /* of a directory */
};

static struct {
    int (*open)(const char *, int, ...);
    int (*openat)(int, const char *, int, ...);
    int (*close)(int);
    ssize_t (*write)(int, const void *, size_t);
    ssize_t (*writev)(int, const struct iovec *, int);
    ssize_t (*pwrite)(int, const void *, size_t, off_t);
    ssize_t (*pwritev)(int, const struct iovec *, int, off_t);
    int (*ftruncate)(int, off_t);
    int (*fallocate)(int, int, off_t, off_t);
    int (*posix_fallocate)(int, off_t, off_t);
    int (*fsync)(int);
    int (*fdatasync)(int);
    int (*rename)(const char *, const char *);
    int (*unlink)(const char *);
    int (*mkdir)(const char *, mode_t);
} real;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX]; /* empty: nothing is watched */
static char journal_name[PATH_MAX];
static int journal = -1;
static unsigned saved_count;
static unsigned long entry_count;
static unsigned long kill_at; /* 0: never */
static struct watched table[FD_MAX];

/* --- start --- */

static _Noreturn void give_up(const char *what)
{
    static const char intro[] = "powercut: cannot go on: ";
    (void)!real.write(2, intro, sizeof intro - 1);
    (void)!real.write(2, what, strlen(what));
    (void)!real.write(2, "\n", 1);
    _exit(99);
}

static void find_real(void)
{
    static const struct {
        void *slot;
        const char *name;
    } slots[] = {
        {&real.open, "open"},           {&real.openat, "openat"},
        {&real.close, "close"},         {&real.write, "write"},
        {&real.writev, "writev"},       {&real.pwrite, "pwrite"},
        {&real.pwritev, "pwritev"},     {&real.ftruncate, "ftruncate"},
        {&real.fallocate, "fallocate"}, {&real.posix_fallocate, "posix_fallocate"},
        {&real.fsync, "fsync"},         {&real.fdatasync, "fdatasync"},
        {&real.rename, "rename"},       {&real.unlink, "unlink"},
        {&real.mkdir, "mkdir"},
    };
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        void *found = dlsym(RTLD_NEXT, slots[i].name);
        memcpy(slots[i].slot, &found, sizeof found);
    }
}

static uint64_t note(struct journal_entry entry, const void *data, size_t data_len)
{
    entry.magic = JOURNAL_MAGIC;
    entry.data_len = data_len;
    struct iovec parts[2] = {{&entry, sizeof entry}, {(void *)data, data_len}};
    ssize_t whole = (ssize_t)(sizeof entry + data_len);
    if (real.writev(journal, parts, 2) != whole) {
        give_up("the journal cannot be written");
    }
    if (++entry_count == kill_at) {
        (void)kill(getpid(), SIGKILL);
    }
    return (uint64_t)(lseek(journal, 0, SEEK_CUR) - whole); /* others may append too */
}

static void begin(void)
{
    find_real();
    const char *directory = getenv("DUET_POWERCUT_DIR");
    const char *name = getenv("DUET_POWERCUT_JOURNAL");
    const char *number = getenv("DUET_POWERCUT_KILL_AT");
    kill_at = number == NULL ? 0 : strtoul(number, NULL, 10);
    if (directory == NULL || name == NULL || realpath(directory, root) == NULL ||
        strlen(name) >= sizeof journal_name - 32) {
        root[0] = '\0';
        return;
    }
    strcpy(journal_name, name);
    journal = real.open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (journal < 0) {
        give_up(name);
    }
    (void)note((struct journal_entry){.type = JOURNAL_ROOT}, root, strlen(root) + 1);
}

__attribute__((constructor)) static void start(void)
{
    (void)pthread_once(&once, begin);
}

/* Every interposed function enters here: others' constructors may call before ours ran. */
static void enter(void)
{
    start();
    (void)pthread_mutex_lock(&lock);
}

static void leave(void)
{
    int keep = errno;
    (void)pthread_mutex_unlock(&lock);
    errno = keep;
}

/* --- names --- */

/* The name relative to the root, "." for itself. False if it lies elsewhere. */
static bool resolve(int at, const char *path, char out[PATH_MAX])
{
    char full[2 * PATH_MAX];
    char parent[PATH_MAX];
    char base[PATH_MAX];
    if (root[0] == '\0' || strlen(path) >= PATH_MAX) {
        return false;
    }
    if (path[0] == '/' || at == AT_FDCWD) {
        (void)snprintf(full, sizeof full, "%s", path);
    } else {
        (void)snprintf(full, sizeof full, "/proc/self/fd/%d/%s", at, path);
    }
    char *slash = strrchr(full, '/');
    (void)snprintf(base, sizeof base, "%.*s", PATH_MAX - 1, slash == NULL ? full : slash + 1);
    if (slash == NULL) {
        strcpy(full, ".");
    } else {
        slash[slash == full] = '\0';
    }
    if (realpath(full, parent) == NULL) {
        return false;
    }
    (void)snprintf(full, sizeof full, "%s/%s", parent, base);
    size_t len = strlen(root);
    if (strncmp(full, root, len) != 0 || (full[len] != '/' && full[len] != '\0')) {
        return false;
    }
    (void)snprintf(out, PATH_MAX, "%.*s", PATH_MAX - 1, full[len] == '\0' ? "." : full + len + 1);
    return true;
}

static uint64_t size_of(int fd)
{
    struct stat info;
    if (fstat(fd, &info) != 0) {
        give_up("a file has no size");
    }
    return (uint64_t)info.st_size;
}

/* --- descriptors --- */

static struct watched *find(int fd)
{
    return fd >= 0 && fd < FD_MAX && table[fd].on ? &table[fd] : NULL;
}

static void forget(int fd)
{
    struct watched *watched = find(fd);
    if (watched == NULL) {
        return;
    }
    if (watched->reader != fd && watched->reader >= 0) {
        (void)real.close(watched->reader);
    }
    free(watched->name);
    *watched = (struct watched){0};
}

static int make_reader(int fd, int flags)
{
    if ((flags & O_ACCMODE) != O_WRONLY) {
        return fd;
    }
    char self[64];
    (void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    return real.open(self, O_RDONLY | O_CLOEXEC);
}

static void watch(int fd, int flags, const char *name, bool created)
{
    struct stat info;
    if (fd >= FD_MAX || fstat(fd, &info) != 0) {
        give_up("too many descriptors");
    }
    forget(fd);
    bool directory = S_ISDIR(info.st_mode);
    table[fd] = (struct watched){
        .on = true,
        .directory = directory,
        .sync_writes = (flags & (O_SYNC | O_DSYNC)) != 0,
        .append = (flags & O_APPEND) != 0,
        .file = (uint64_t)info.st_ino,
        .reader = directory ? fd : make_reader(fd, flags),
        .name = directory ? strdup(name) : NULL,
    };
    if (!directory) {
        (void)note((struct journal_entry){.type = created ? JOURNAL_CREATED : JOURNAL_OPENED,
                                          .file = (uint64_t)info.st_ino},
                   name, strlen(name) + 1);
    }
}

/* Notes what an O_TRUNC is about to cut off. */
static void note_truncating_open(const char *path)
{
    int fd = real.open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return;
    }
    char *content = malloc((size_t)info.st_size + 1);
    ssize_t len = content == NULL ? -1 : pread(fd, content, (size_t)info.st_size, 0);
    if (len != info.st_size) {
        give_up("a file to be truncated cannot be read");
    }
    (void)note((struct journal_entry){.type = JOURNAL_SIZED,
                                      .file = (uint64_t)info.st_ino,
                                      .old_size = (uint64_t)info.st_size},
               content, (size_t)len);
    free(content);
    (void)real.close(fd);
}

static int open_watched(int at, const char *path, int flags, mode_t mode)
{
    char name[PATH_MAX];
    struct stat before;
    enter();
    if (!resolve(at, path, name)) {
        leave(); /* before the call: to open a pipe may block */
        return real.openat(at, path, flags, mode);
    }
    bool created = (flags & O_CREAT) != 0 && fstatat(at, path, &before, AT_SYMLINK_NOFOLLOW) != 0;
    if ((flags & O_TRUNC) != 0 && !created) {
        note_truncating_open(path);
    }
    int fd = real.openat(at, path, flags, mode);
    int keep = errno;
    if (fd >= 0) {
        watch(fd, flags, name, created);
    }
    errno = keep;
    leave();
    return fd;
}

static mode_t mode_of(int flags, va_list rest)
{
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? (mode_t)(va_arg(rest, unsigned) & FILE_MODES) : 0;
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_watched(AT_FDCWD, path, flags, mode);
}

int openat(int at, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_watched(at, path, flags, mode);
}

int creat(const char *path, mode_t mode)
{
    return open_watched(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

int close(int fd)
{
    enter();
    forget(fd);
    int rc = real.close(fd);
    leave();
    return rc;
}

/* --- writes --- */

/* The number of the entry; to be called before the write is made. */
static uint64_t note_write(int fd, const struct watched *watched, uint64_t offset, uint64_t length)
{
    uint64_t size = size_of(fd);
    uint64_t there = offset >= size ? 0 : size - offset < length ? size - offset : length;
    void *before = malloc((size_t)there + 1);
    if (before == NULL || watched->reader < 0 ||
        pread(watched->reader, before, (size_t)there, (off_t)offset) != (ssize_t)there) {
        give_up("what is overwritten cannot be read");
    }
    uint64_t number = note((struct journal_entry){.type = JOURNAL_WROTE,
                                                  .file = watched->file,
                                                  .offset = offset,
                                                  .length = length,
                                                  .old_size = size},
                           before, (size_t)there);
    free(before);
    return number;
}

static void note_write_done(const struct watched *watched, uint64_t number)
{
    if (watched->sync_writes) {
        (void)note((struct journal_entry){.type = JOURNAL_WRITE_DONE,
                                          .file = watched->file,
                                          .covers = number},
                   NULL, 0);
    }
}

/* `offset` < 0: where the descriptor stands. */
static ssize_t write_watched(int fd, const struct iovec *parts, int count, off_t offset)
{
    enter();
    const struct watched *watched = find(fd);
    uint64_t number = 0;
    if (watched != NULL) {
        uint64_t length = 0;
        for (int i = 0; i < count; i++) {
            length += parts[i].iov_len;
        }
        uint64_t at = (uint64_t)(offset >= 0 ? offset : lseek(fd, 0, SEEK_CUR));
        number = note_write(fd, watched, watched->append ? size_of(fd) : at, length);
    }
    ssize_t wrote =
        offset >= 0 ? real.pwritev(fd, parts, count, offset) : real.writev(fd, parts, count);
    int keep = errno;
    if (watched != NULL && wrote >= 0) {
        note_write_done(watched, number);
    }
    errno = keep;
    leave();
    return wrote;
}

/* Not ours: no lock, so that a write that blocks (a pipe) blocks nobody else. */
static bool is_watched(int fd)
{
    enter();
    bool watched = find(fd) != NULL;
    leave();
    return watched;
}

ssize_t write(int fd, const void *data, size_t len)
{
    struct iovec part = {(void *)data, len};
    return is_watched(fd) ? write_watched(fd, &part, 1, -1) : real.write(fd, data, len);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
    return is_watched(fd) ? write_watched(fd, parts, count, -1) : real.writev(fd, parts, count);
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t offset)
{
    struct iovec part = {(void *)data, len};
    return is_watched(fd) ? write_watched(fd, &part, 1, offset)
                          : real.pwrite(fd, data, len, offset);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
    return is_watched(fd) ? write_watched(fd, parts, count, offset)
                          : real.pwritev(fd, parts, count, offset);
}

/* --- sizes --- */

static void note_size(int fd, const struct watched *watched, uint64_t size)
{
    uint64_t old = size_of(fd);
    uint64_t cut = old > size ? old - size : 0;
    void *before = malloc((size_t)cut + 1);
    if (before == NULL ||
        (cut > 0 && pread(watched->reader, before, (size_t)cut, (off_t)size) != (ssize_t)cut)) {
        give_up("what is cut off cannot be read");
    }
    (void)note(
        (struct journal_entry){
            .type = JOURNAL_SIZED, .file = watched->file, .old_size = old, .new_size = size},
        before, (size_t)cut);
    free(before);
}

static void note_growth(int fd, off_t end)
{
    const struct watched *watched = find(fd);
    if (watched != NULL && (uint64_t)end > size_of(fd)) {
        note_size(fd, watched, (uint64_t)end);
    }
}

int ftruncate(int fd, off_t size)
{
    enter();
    const struct watched *watched = find(fd);
    if (watched != NULL) {
        note_size(fd, watched, (uint64_t)size);
    }
    int rc = real.ftruncate(fd, size);
    leave();
    return rc;
}

int fallocate(int fd, int mode, off_t offset, off_t len)
{
    enter();
    if (mode != 0 && find(fd) != NULL) {
        give_up("fallocate with a mode is not understood");
    }
    note_growth(fd, offset + len);
    int rc = real.fallocate(fd, mode, offset, len);
    leave();
    return rc;
}

int posix_fallocate(int fd, off_t offset, off_t len)
{
    enter();
    note_growth(fd, offset + len);
    int rc = real.posix_fallocate(fd, offset, len);
    leave();
    return rc;
}

/* --- syncs --- */

static int sync_watched(int fd, int (*sync)(int))
{
    enter();
    const struct watched *watched = find(fd);
    bool on = watched != NULL;
    struct journal_entry entry = {0};
    char name[PATH_MAX] = "";
    if (on) {
        entry.covers = size_of(journal);
        entry.type = watched->directory ? JOURNAL_DIR_SYNCED : JOURNAL_SYNCED;
        entry.file = watched->file;
        (void)snprintf(name, sizeof name, "%s", watched->directory ? watched->name : "");
    }
    leave();
    int rc = sync(fd);
    if (on && rc == 0) {
        enter();
        (void)note(entry, name, name[0] == '\0' ? 0 : strlen(name) + 1);
        leave();
    }
    return rc;
}

int fsync(int fd)
{
    start();
    return sync_watched(fd, real.fsync);
}

int fdatasync(int fd)
{
    start();
    return sync_watched(fd, real.fdatasync);
}

/* --- changes of names --- */

static size_t add_name(char *names, size_t at, const char *name)
{
    size_t len = strlen(name) + 1;
    memcpy(names + at, name, len);
    return at + len;
}

/* Keeps the file under a second name, which is "" if there is none. */
static void save_file(const char *path, char saved[PATH_MAX])
{
    (void)snprintf(saved, PATH_MAX, "%.*s.saved.%d.%u", PATH_MAX - 32, journal_name, (int)getpid(),
                   saved_count++);
    if (link(path, saved) != 0) {
        saved[0] = '\0';
    }
}

int rename(const char *from, const char *to)
{
    char names[NAMES_MAX];
    char name[2][PATH_MAX];
    char saved[PATH_MAX];
    enter();
    if (resolve(AT_FDCWD, from, name[0]) && resolve(AT_FDCWD, to, name[1]) &&
        access(from, F_OK) == 0) {
        save_file(to, saved);
        size_t len = add_name(names, 0, name[0]);
        len = add_name(names, len, name[1]);
        len = add_name(names, len, saved);
        (void)note((struct journal_entry){.type = JOURNAL_RENAMED}, names, len);
    }
    int rc = real.rename(from, to);
    leave();
    return rc;
}

int unlink(const char *path)
{
    char names[NAMES_MAX];
    char name[PATH_MAX];
    char saved[PATH_MAX];
    struct stat info;
    enter();
    if (resolve(AT_FDCWD, path, name)) {
        save_file(path, saved);
        if (saved[0] != '\0' && lstat(path, &info) == 0) {
            size_t len = add_name(names, 0, name);
            len = add_name(names, len, saved);
            (void)note((struct journal_entry){.type = JOURNAL_UNLINKED, .file = info.st_ino}, names,
                       len);
        }
    }
    int rc = real.unlink(path);
    leave();
    return rc;
}

int mkdir(const char *path, mode_t mode)
{
    char name[PATH_MAX];
    enter();
    int rc = real.mkdir(path, mode);
    if (rc == 0 && resolve(AT_FDCWD, path, name)) {
        (void)note((struct journal_entry){.type = JOURNAL_MADE_DIR}, name, strlen(name) + 1);
    }
    leave();
    return rc;
}
