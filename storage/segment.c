/*
 * Segment files.
 *
 * Creation: mdb_env_open on an empty file writes two meta pages; on a file of zeros it would
 * refuse, so space is reserved only after the environment was made. A first transaction stores
 * the table's flags. Then file and directory are synced, and the segment counts as prepared.
 *
 * LMDB grows a file only by writing pages; as the space is reserved, that never meets a full disk.
 * The map is as large as the file, so LMDB itself refuses to write beyond it. segment_room is
 * counted in pages never used; the pages LMDB frees and uses again are a bonus.
 */
#include "storage/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "storage/directory.h"
#include "storage/lmdb_error.h"

#define FILE_MODE 0600
#define READERS_MAX 256
#define FILL_BYTES ((size_t)256 << 10)
#define PAGES_SPARE 64                /* branches, free list, and what one commit replaces */
#define ENTRY_BYTES 32                /* what LMDB adds to a value, generously */
#define FILL_SKIP ((uint64_t)1 << 16) /* meta pages and the first transaction */

struct segment *segment_new(const char *path, struct lsn first)
{
    struct segment *segment = memory_alloc(sizeof *segment);
    segment->path = text_copy(path);
    segment->first = first;
    return segment;
}

void segment_free(struct segment *segment)
{
    if (segment == NULL) {
        return;
    }
    segment_close(segment);
    free(segment->path);
    free(segment);
}

void segment_close(struct segment *segment)
{
    if (segment->env != NULL) {
        mdb_env_close(segment->env);
        segment->env = NULL;
    }
}

static int open_env(struct segment *segment, uint64_t map_bytes, unsigned flags)
{
    MDB_env *env;
    int rc = mdb_env_create(&env);
    if (rc != 0) {
        return lmdb_error(rc);
    }
    (void)mdb_env_set_mapsize(env, (size_t)map_bytes);
    (void)mdb_env_set_maxreaders(env, READERS_MAX);
    rc = mdb_env_open(env, segment->path, MDB_NOSUBDIR | MDB_NOTLS | flags, FILE_MODE);
    if (rc != 0) {
        mdb_env_close(env);
        return lmdb_error(rc);
    }
    segment->env = env;
    return 0;
}

/* Makes the handle of the one table, and stores its flags in a new file. */
static int open_table(struct segment *segment, bool create)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(segment->env, NULL, create ? 0 : MDB_RDONLY, &txn);
    if (rc != 0) {
        return lmdb_error(rc);
    }
    unsigned flags = 0;
    rc = mdb_dbi_open(txn, NULL, create ? MDB_INTEGERKEY : 0, &segment->records);
    if (rc == 0) {
        rc = mdb_dbi_flags(txn, segment->records, &flags);
    }
    if (rc == 0 && flags != MDB_INTEGERKEY) {
        rc = MDB_INCOMPATIBLE;
    }
    if (rc != 0) {
        mdb_txn_abort(txn);
        return lmdb_error(rc);
    }
    return lmdb_error(mdb_txn_commit(txn));
}

static int learn_sizes(struct segment *segment)
{
    MDB_envinfo info;
    MDB_stat stat;
    struct stat file;
    int fd;
    if (mdb_env_info(segment->env, &info) != 0 || mdb_env_stat(segment->env, &stat) != 0 ||
        mdb_env_get_fd(segment->env, &fd) != 0 || fstat(fd, &file) != 0) {
        return ERR_IO;
    }
    uint64_t length = (uint64_t)file.st_size;
    segment->file_bytes = info.me_mapsize < length ? info.me_mapsize : length;
    segment->page_bytes = stat.ms_psize;
    return 0;
}

int segment_open(struct segment *segment, bool nosync)
{
    struct stat file;
    if (lstat(segment->path, &file) != 0) {
        return error_from_errno(errno);
    }
    if (!S_ISREG(file.st_mode) || file.st_size == 0) {
        return ERR_CORRUPT; /* LMDB would make a new environment out of an empty file */
    }
    int error = open_env(segment, (uint64_t)file.st_size, nosync ? MDB_NOSYNC : 0);
    if (error != 0) {
        return error;
    }
    error = lmdb_check_length(segment->env);
    if (error == 0) {
        error = open_table(segment, false);
    }
    if (error == 0) {
        error = learn_sizes(segment);
    }
    segment->filled_bytes = segment->file_bytes;
    if (error != 0) {
        segment_close(segment);
    }
    return error;
}

static int reserve(const struct segment *segment, uint64_t bytes)
{
    int fd;
    struct statvfs disk;
    int rc = mdb_env_get_fd(segment->env, &fd);
    if (rc != 0) {
        return lmdb_error(rc);
    }
    /* Asked first: an allocation that fails takes all the space there is before it gives up. */
    if (fstatvfs(fd, &disk) == 0 && disk.f_bavail < bytes / disk.f_frsize) {
        return ERR_STORAGE_FULL;
    }
    rc = posix_fallocate(fd, 0, (off_t)bytes); /* returns the error, sets no errno */
    if (rc != 0) {
        return error_from_errno(rc);
    }
    return fsync(fd) == 0 ? 0 : error_from_errno(errno);
}

static int create_file(struct segment *segment, uint64_t bytes, bool nosync)
{
    int error = open_env(segment, bytes, nosync ? MDB_NOSYNC : 0);
    if (error == 0) {
        error = open_table(segment, true);
    }
    if (error == 0) {
        error = reserve(segment, bytes);
    }
    if (error == 0) {
        error = directory_sync_parent(segment->path);
    }
    return error == 0 ? learn_sizes(segment) : error;
}

int segment_create(struct segment *segment, uint64_t bytes, bool nosync)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    bytes = (bytes + page - 1) / page * page;
    int error = create_file(segment, bytes, nosync);
    segment->filled_bytes = FILL_SKIP;
    if (error != 0) {
        segment_close(segment);
        (void)segment_unlink(segment);
    }
    return error;
}

static char *lock_path(const char *path)
{
    size_t size = strlen(path) + sizeof "-lock";
    char *lock = memory_alloc(size);
    (void)snprintf(lock, size, "%s-lock", path);
    return lock;
}

int segment_unlink(struct segment *segment)
{
    char *lock = lock_path(segment->path);
    int error = unlink(segment->path) == 0 || errno == ENOENT ? 0 : error_from_errno(errno);
    (void)unlink(lock);
    free(lock);
    return error == 0 ? directory_sync_parent(segment->path) : error;
}

int segment_rename(struct segment *segment, const char *path, struct lsn first)
{
    char *old_lock = lock_path(segment->path);
    char *new_lock = lock_path(path);
    (void)rename(old_lock, new_lock); /* holds nothing that outlives the process */
    free(old_lock);
    free(new_lock);
    if (rename(segment->path, path) != 0) {
        return error_from_errno(errno);
    }
    free(segment->path);
    segment->path = text_copy(path);
    segment->first = first;
    return directory_sync_parent(path);
}

int segment_last(struct segment *segment, struct lsn *last)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(segment->env, NULL, MDB_RDONLY, &txn);
    if (rc != 0) {
        return lmdb_error(rc);
    }
    MDB_cursor *cursor = NULL;
    MDB_val key = {0};
    MDB_val value;
    uint64_t found = 0;
    rc = mdb_cursor_open(txn, segment->records, &cursor);
    if (rc == 0) {
        rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
    }
    if (rc == 0 && key.mv_size == sizeof found) {
        memcpy(&found, key.mv_data, sizeof found);
    } else if (rc == 0) {
        rc = MDB_CORRUPTED;
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    if (rc != 0 && rc != MDB_NOTFOUND) {
        return lmdb_error(rc);
    }
    last->v = found;
    return 0;
}

uint64_t segment_room(const struct segment *segment)
{
    MDB_envinfo info;
    if (mdb_env_info(segment->env, &info) != 0) {
        return 0;
    }
    uint64_t pages = segment->file_bytes / segment->page_bytes;
    uint64_t used = info.me_last_pgno + 1;
    return pages > used ? (pages - used) * segment->page_bytes : 0;
}

/*
 * Appending fills a leaf until the next record does not fit, and a record of more than half a page
 * takes whole pages: at worst a little more than half of each page is lost. Three times is safe.
 */
uint64_t segment_cost(uint64_t bytes, uint64_t records)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    return 3 * (bytes + records * ENTRY_BYTES) + PAGES_SPARE * page;
}

bool segment_fill_ahead(struct segment *segment)
{
    static const uint8_t zeros[FILL_BYTES];
    int fd;
    uint64_t left = segment->file_bytes - segment->filled_bytes;
    if (left == 0 || mdb_env_get_fd(segment->env, &fd) != 0) {
        return false;
    }
    size_t len = left < sizeof zeros ? (size_t)left : sizeof zeros;
    ssize_t wrote = pwrite(fd, zeros, len, (off_t)segment->filled_bytes);
    if (wrote <= 0 || fdatasync(fd) != 0) {
        return false;
    }
    segment->filled_bytes += (uint64_t)wrote;
    return true;
}
