/*
 * State: four LMDB tables in one environment.
 *
 * One writer thread; a batch is one transaction, durable when state_commit returns. Readers hold a
 * snapshot from their first read until state_reader_refresh: as long as it is held, no page it
 * sees is used again, so a reader that never refreshes makes the file grow.
 *
 * No DUPSORT (this LMDB has bugs there) and no write map (a stray pointer would reach the disk).
 * The map is address space only. Under a limit on it (containers, sanitizers), the default is
 * halved until it fits; a map that was asked for is taken or refused.
 */
#include "storage/state.h"

#include <errno.h>
#include <lmdb.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/error.h"
#include "base/logger.h"
#include "storage/directory.h"
#include "storage/lmdb_error.h"
#include "storage/lmdb_trim.h"

#define FILE_MODE 0600
#define MAP_BYTES_DEFAULT ((uint64_t)1 << 40)
#define MAP_BYTES_LEAST ((uint64_t)16 << 30)
#define READERS_DEFAULT 64

static const char *const table_names[STATE_TABLE_COUNT] = {
    [STATE_ROWS] = "rows",
    [STATE_TIMERS] = "timers",
    [STATE_OUTBOX] = "outbox",
    [STATE_META] = "meta",
};

struct state {
    MDB_env *env;
    MDB_dbi tables[STATE_TABLE_COUNT];
    /* Counters: one writer, any reader, relaxed. */
    _Atomic uint64_t commits, changes, bytes;
};

struct state_reader {
    struct state *state;
    MDB_txn *txn;
    bool active; /* else the transaction is reset */
};

/* --- opening --- */

static int open_env(const char *path, uint64_t map_bytes, uint32_t readers, MDB_env **out)
{
    MDB_env *env;
    int rc = mdb_env_create(&env);
    if (rc != 0) {
        return rc;
    }
    (void)mdb_env_set_mapsize(env, (size_t)map_bytes);
    (void)mdb_env_set_maxreaders(env, readers);
    (void)mdb_env_set_maxdbs(env, STATE_TABLE_COUNT);
    rc = mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD, FILE_MODE);
    if (rc != 0) {
        mdb_env_close(env);
        return rc;
    }
    *out = env;
    return 0;
}

static int open_sized(const struct state_config *config, const char *path, MDB_env **out)
{
    uint32_t readers = config->readers_max == 0 ? READERS_DEFAULT : config->readers_max;
    if (config->map_bytes != 0) {
        return lmdb_error(open_env(path, config->map_bytes, readers, out));
    }
    int rc = ENOMEM;
    /* EINVAL is what some kernels and tools say of a range that they cannot give. */
    for (uint64_t size = MAP_BYTES_DEFAULT;
         (rc == ENOMEM || rc == EINVAL) && size >= MAP_BYTES_LEAST; size /= 2) {
        rc = open_env(path, size, readers, out);
    }
    return lmdb_error(rc);
}

static int open_tables(struct state *state)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(state->env, NULL, 0, &txn);
    if (rc != 0) {
        return lmdb_error(rc);
    }
    for (size_t i = 0; rc == 0 && i < STATE_TABLE_COUNT; i++) {
        rc = mdb_dbi_open(txn, table_names[i], MDB_CREATE, &state->tables[i]);
    }
    if (rc != 0) {
        mdb_txn_abort(txn);
        return lmdb_error(rc);
    }
    return lmdb_error(mdb_txn_commit(txn));
}

/* An empty file is not ours: LMDB would take it for a new environment and forget all there was. */
static int check_file(const char *path)
{
    struct stat file;
    if (lstat(path, &file) != 0) {
        return errno == ENOENT ? 0 : error_from_errno(errno);
    }
    return S_ISREG(file.st_mode) && file.st_size != 0 ? 0 : ERR_CORRUPT;
}

static int open_parts(struct state *state, const struct state_config *config, const char *path)
{
    int error = directory_make(config->directory);
    if (error == 0) {
        error = check_file(path);
    }
    if (error == 0) {
        error = open_sized(config, path, &state->env);
    }
    if (error == 0) {
        error = lmdb_check_length(state->env);
    }
    if (error == 0) {
        error = open_tables(state);
    }
    if (error == 0) {
        error = directory_sync(config->directory);
    }
    return error;
}

int state_open(const struct state_config *config, struct state **out)
{
    struct state *state = memory_alloc(sizeof *state);
    char *path = path_join(config->directory, "state.mdb");
    int error = open_parts(state, config, path);
    free(path);
    if (error != 0) {
        LOG(ERROR, "state refused", LOG_PAIR("error", LOG_TEXT(error_name(error))));
        state_close(state);
        return error;
    }
    state_check_readers(state);
    *out = state;
    return 0;
}

void state_close(struct state *state)
{
    if (state == NULL) {
        return;
    }
    if (state->env != NULL) {
        mdb_env_close(state->env);
    }
    free(state);
}

/* --- writing --- */

static bool has_prefix(const MDB_val *key, struct bytes prefix)
{
    return key->mv_size >= prefix.len && memcmp(key->mv_data, prefix.data, prefix.len) == 0;
}

static MDB_val val_of(struct bytes bytes)
{
    return (MDB_val){.mv_size = bytes.len, .mv_data = (void *)bytes.data};
}

/* Seeks anew after each deletion: where a cursor stands then is LMDB's least certain ground. */
static int delete_prefix(MDB_txn *txn, MDB_dbi table, struct bytes prefix)
{
    if (prefix.len == 0) {
        return mdb_drop(txn, table, 0);
    }
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(txn, table, &cursor);
    while (rc == 0) {
        MDB_val key = val_of(prefix);
        MDB_val value;
        rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
        if (rc == 0 && !has_prefix(&key, prefix)) {
            rc = MDB_NOTFOUND;
        }
        if (rc == 0) {
            rc = mdb_cursor_del(cursor, 0);
        }
    }
    mdb_cursor_close(cursor);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/** One transaction and a cursor per table: neighbouring keys are found where the last one was. */
struct writing {
    const struct state *state;
    MDB_txn *txn;
    MDB_cursor *cursors[STATE_TABLE_COUNT]; /* NULL: none now */
};

static void close_cursor(struct writing *writing, enum state_table table)
{
    if (writing->cursors[table] != NULL) {
        mdb_cursor_close(writing->cursors[table]);
        writing->cursors[table] = NULL;
    }
}

static int put(struct writing *writing, enum state_table table, MDB_val *key, MDB_val *value)
{
    MDB_cursor **cursor = &writing->cursors[table];
    int rc = 0;
    if (*cursor == NULL) {
        rc = mdb_cursor_open(writing->txn, writing->state->tables[table], cursor);
    }
    return rc != 0 ? rc : mdb_cursor_put(*cursor, key, value, 0);
}

static int apply(struct writing *writing, const struct state_change *change)
{
    CHECK_ALWAYS(change->table < STATE_TABLE_COUNT && change->key.len <= STATE_KEY_MAX);
    CHECK_ALWAYS(change->key.len != 0 || change->action == STATE_DELETE_PREFIX);
    MDB_dbi table = writing->state->tables[change->table];
    MDB_val key = val_of(change->key);
    MDB_val value = val_of(change->value);
    if (change->action == STATE_PUT) {
        return put(writing, change->table, &key, &value);
    }
    close_cursor(writing, change->table); /* none stands where rows go */
    if (change->action == STATE_DELETE) {
        int rc = mdb_del(writing->txn, table, &key, NULL);
        return rc == MDB_NOTFOUND ? 0 : rc;
    }
    return delete_prefix(writing->txn, table, change->key);
}

static void must(int rc)
{
    if (rc != 0) {
        lmdb_fatal("state commit", rc);
    }
}

void state_commit(struct state *state, const struct state_change *changes, size_t count)
{
    if (count == 0) {
        return;
    }
    uint64_t bytes = 0;
    struct writing writing = {.state = state};
    must(mdb_txn_begin(state->env, NULL, 0, &writing.txn));
    for (size_t i = 0; i < count; i++) {
        must(apply(&writing, &changes[i]));
        bytes += changes[i].key.len + changes[i].value.len;
    }
    for (unsigned table = 0; table < STATE_TABLE_COUNT; table++) {
        close_cursor(&writing, table);
    }
    must(mdb_txn_commit(writing.txn));
    atomic_fetch_add_explicit(&state->commits, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&state->changes, count, memory_order_relaxed);
    atomic_fetch_add_explicit(&state->bytes, bytes, memory_order_relaxed);
}

/* --- reading --- */

int state_reader_open(struct state *state, struct state_reader **out)
{
    MDB_txn *txn;
    int rc = mdb_txn_begin(state->env, NULL, MDB_RDONLY, &txn);
    if (rc != 0) {
        return lmdb_error(rc);
    }
    struct state_reader *reader = memory_alloc(sizeof *reader);
    *reader = (struct state_reader){.state = state, .txn = txn};
    mdb_txn_reset(txn); /* keeps its slot, holds no snapshot */
    *out = reader;
    return 0;
}

void state_reader_close(struct state_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    mdb_txn_abort(reader->txn);
    free(reader);
}

void state_reader_refresh(struct state_reader *reader)
{
    if (reader->active) {
        mdb_txn_reset(reader->txn);
        reader->active = false;
    }
}

static int activate(struct state_reader *reader)
{
    if (reader->active) {
        return 0;
    }
    int rc = mdb_txn_renew(reader->txn);
    reader->active = rc == 0;
    return lmdb_error(rc);
}

int state_get(struct state_reader *reader, enum state_table table, struct bytes key,
              struct bytes *value)
{
    if (key.len == 0 || key.len > STATE_KEY_MAX) {
        return ERR_NOT_FOUND; /* no such key can have been put */
    }
    int error = activate(reader);
    if (error != 0) {
        return error;
    }
    MDB_val sought = val_of(key);
    MDB_val found;
    int rc = mdb_get(reader->txn, reader->state->tables[table], &sought, &found);
    if (rc != 0) {
        return lmdb_error(rc);
    }
    *value = bytes_of(found.mv_data, found.mv_size);
    return 0;
}

/* Puts the cursor on the first key of the scan, whichever way it runs. MDB_NOTFOUND if none. */
static int scan_begin(MDB_cursor *cursor, struct bytes bound, bool reverse, MDB_val *key,
                      MDB_val *value)
{
    if (bound.len == 0) {
        return mdb_cursor_get(cursor, key, value, reverse ? MDB_LAST : MDB_FIRST);
    }
    *key = val_of(bound);
    int rc = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
    if (!reverse) {
        return rc;
    }
    /* On the first key not below the upper end: the scan begins before it. */
    MDB_cursor_op op = rc == MDB_NOTFOUND ? MDB_LAST : MDB_PREV;
    return rc == 0 || rc == MDB_NOTFOUND ? mdb_cursor_get(cursor, key, value, op) : rc;
}

static int scan(MDB_cursor *cursor, struct bytes from, struct bytes to, bool reverse,
                state_visitor *visit, void *context)
{
    MDB_val key;
    MDB_val value;
    int rc = scan_begin(cursor, reverse ? to : from, reverse, &key, &value);
    while (rc == 0) {
        struct bytes at = bytes_of(key.mv_data, key.mv_size);
        bool inside =
            reverse ? bytes_compare(at, from) >= 0 : to.len == 0 || bytes_compare(at, to) < 0;
        if (!inside || !visit(context, at, bytes_of(value.mv_data, value.mv_size))) {
            return 0;
        }
        rc = mdb_cursor_get(cursor, &key, &value, reverse ? MDB_PREV : MDB_NEXT);
    }
    return rc == MDB_NOTFOUND ? 0 : lmdb_error(rc);
}

int state_scan(struct state_reader *reader, enum state_table table, struct bytes from,
               struct bytes to, bool reverse, state_visitor *visit, void *context)
{
    CHECK_ALWAYS(from.len <= STATE_KEY_MAX && to.len <= STATE_KEY_MAX);
    int error = activate(reader);
    if (error != 0) {
        return error;
    }
    MDB_cursor *cursor;
    int rc = mdb_cursor_open(reader->txn, reader->state->tables[table], &cursor);
    if (rc != 0) {
        return lmdb_error(rc);
    }
    error = scan(cursor, from, to, reverse, visit, context);
    mdb_cursor_close(cursor);
    return error;
}

/* --- upkeep --- */

void state_check_readers(struct state *state)
{
    int dead = 0;
    if (mdb_reader_check(state->env, &dead) == 0 && dead > 0) {
        LOG(WARN, "freed slots of dead readers", LOG_PAIR("slots", LOG_INT(dead)));
    }
}

void state_trim(struct state *state)
{
    lmdb_trim(state->env);
}

void state_stats(const struct state *state, struct state_stats *out)
{
    struct stat file;
    int fd;
    bool known = mdb_env_get_fd(state->env, &fd) == 0 && fstat(fd, &file) == 0;
    out->commits = atomic_load_explicit(&state->commits, memory_order_relaxed);
    out->changes = atomic_load_explicit(&state->changes, memory_order_relaxed);
    out->bytes = atomic_load_explicit(&state->bytes, memory_order_relaxed);
    out->file_bytes = known ? (uint64_t)file.st_size : 0;
}
