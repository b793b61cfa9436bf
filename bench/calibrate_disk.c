#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "bench/calibrate.h"
#include "bench/figures.h"
#include "bench/measure.h"

#define SAMPLES_MAX 20000
#define BLOCK_BYTES 4096
#define RECORD_BYTES 200
#define MAP_BYTES ((size_t)4 << 30)

/* Calls `once` until the time or the room for samples is used up. */
static int sample_repeatedly(int (*once)(void *), void *context, int64_t us, double *median_us)
{
    double *durations_us = memory_alloc(SAMPLES_MAX * sizeof *durations_us);
    size_t count = 0;
    int64_t end_us = monotonic_us() + us;
    int64_t before_us = monotonic_us();
    int error;
    do {
        error = once(context);
        int64_t after_us = monotonic_us();
        durations_us[count++] = (double)(after_us - before_us);
        before_us = after_us;
    } while (error == 0 && before_us < end_us && count < SAMPLES_MAX);
    if (error == 0) {
        *median_us = figures_median(durations_us, count);
    }
    free(durations_us);
    return error;
}

static int sync_once(void *context)
{
    static const uint8_t block[BLOCK_BYTES] = {1};
    int fd = *(int *)context;
    return write(fd, block, sizeof block) == BLOCK_BYTES && fdatasync(fd) == 0 ? 0 : ERR_IO;
}

int calibrate_sync(const char *folder, int64_t us, double *median_us)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/sync", folder);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) {
        return ERR_IO;
    }
    int error = ERR_IO;
    /* Written once, so that neither size nor extents change while it is measured. */
    static const uint8_t zeros[BLOCK_BYTES * 16];
    ssize_t wrote = 1;
    for (size_t i = 0; i < SAMPLES_MAX / 16 && wrote > 0; i++) {
        wrote = write(fd, zeros, sizeof zeros);
    }
    if (wrote > 0 && fsync(fd) == 0 && lseek(fd, 0, SEEK_SET) == 0) {
        error = sample_repeatedly(sync_once, &fd, us, median_us);
    }
    close(fd);
    unlink(path);
    return error;
}

struct lmdb_context {
    MDB_env *env;
    MDB_dbi dbi;
    uint32_t records;
    uint64_t next;
};

static int commit_once(void *context)
{
    struct lmdb_context *lmdb = context;
    uint8_t record[RECORD_BYTES] = {1};
    MDB_txn *txn;
    int rc = mdb_txn_begin(lmdb->env, NULL, 0, &txn);
    if (rc != 0) {
        return ERR_IO;
    }
    for (uint32_t i = 0; i < lmdb->records && rc == 0; i++) {
        uint8_t key[8];
        put_u64(key, lmdb->next++);
        rc = mdb_put(txn, lmdb->dbi, &(MDB_val){sizeof key, key}, &(MDB_val){sizeof record, record},
                     MDB_APPEND);
    }
    if (rc != 0) {
        mdb_txn_abort(txn);
        return ERR_IO;
    }
    return mdb_txn_commit(txn) == 0 ? 0 : ERR_IO;
}

static int open_lmdb(const char *path, struct lmdb_context *lmdb)
{
    MDB_txn *txn;
    if (mdb_env_set_mapsize(lmdb->env, MAP_BYTES) != 0 ||
        mdb_env_open(lmdb->env, path, 0, 0600) != 0 ||
        mdb_txn_begin(lmdb->env, NULL, 0, &txn) != 0) {
        return ERR_IO;
    }
    if (mdb_dbi_open(txn, NULL, 0, &lmdb->dbi) != 0) {
        mdb_txn_abort(txn);
        return ERR_IO;
    }
    return mdb_txn_commit(txn) == 0 ? 0 : ERR_IO;
}

int calibrate_lmdb(const char *folder, uint32_t records, int64_t us, double *median_us)
{
    char path[PATH_MAX];
    struct lmdb_context lmdb = {.records = records, .next = 1};
    snprintf(path, sizeof path, "%s/lmdb-%u", folder, (unsigned)records);
    if (mkdir(path, 0700) != 0 || mdb_env_create(&lmdb.env) != 0) {
        return ERR_IO;
    }
    int error = open_lmdb(path, &lmdb);
    if (error == 0) {
        error = sample_repeatedly(commit_once, &lmdb, us, median_us);
    }
    mdb_env_close(lmdb.env);
    return error;
}
