/*
 * Reading the log.
 *
 * A reader copies whole commits into its own buffer, about 256 KiB at a time, in one read
 * transaction that it then lets go: no page of the writer is held back longer. Each record's
 * checksum and each commit's hash are verified before the first record of that commit is handed
 * out. Damage met while filling is kept until the commits before it were handed out.
 *
 *     segment --fill: copy, verify--> run: u32 length ∥ stored form … (commit records included)
 *                                      `-- next: record, record, (commit), record …
 *
 * A reader is used by one thread at a time; several readers may run beside the writer. Only LSNs
 * up to log_tail are read, so what is handed out is durable.
 */
#include <stdlib.h>

#include "base/error.h"
#include "storage/lmdb_error.h"
#include "storage/log_internal.h"

#define FILL_BYTES ((size_t)256 << 10)
#define KEEP_BYTES                                                                                 \
    ((size_t)1 << 20) /* a buffer grown beyond it by one large commit is given back */

struct log_reader {
    struct log *log;
    struct segment *segment; /* NULL until the first fill */
    MDB_txn *txn;            /* reset between fills */
    MDB_cursor *cursor;

    uint64_t from;                    /* records below it are skipped */
    uint64_t load;                    /* first LSN of the next commit to load */
    bool anchored;                    /* is `previous` known? */
    uint8_t previous[LOG_HASH_BYTES]; /* hash of the commit before `load` */

    struct buffer run;
    size_t at;    /* position in run */
    uint64_t lsn; /* of what stands there */

    int error; /* of the last fill; delivered when the run is used up */
    struct lsn fault;
    const char *reason;
    bool passed;
    struct log_commit_info commit;
};

/* --- the LMDB side --- */

static void detach(struct log_reader *reader)
{
    if (reader->segment == NULL) {
        return;
    }
    mdb_cursor_close(reader->cursor);
    mdb_txn_abort(reader->txn);
    log_release(reader->log, reader->segment);
    reader->segment = NULL;
}

static int attach(struct log_reader *reader, struct segment *segment)
{
    int rc = mdb_txn_begin(segment->env, NULL, MDB_RDONLY, &reader->txn);
    if (rc != 0) {
        return lmdb_error(rc);
    }
    rc = mdb_cursor_open(reader->txn, segment->records, &reader->cursor);
    if (rc != 0) {
        mdb_txn_abort(reader->txn);
        return lmdb_error(rc);
    }
    reader->segment = segment;
    return 0;
}

/* Takes a snapshot of the segment that holds `lsn`. Ended by mdb_txn_reset or detach. */
static int snapshot(struct log_reader *reader, struct lsn lsn)
{
    struct segment *segment;
    int error = log_acquire(reader->log, lsn, &segment);
    if (error != 0) {
        return error;
    }
    if (segment == reader->segment) {
        log_release(reader->log, segment); /* it counts this reader already */
        int rc = mdb_txn_renew(reader->txn);
        return lmdb_error(rc == 0 ? mdb_cursor_renew(reader->txn, reader->cursor) : rc);
    }
    detach(reader);
    error = attach(reader, segment);
    if (error != 0) {
        log_release(reader->log, segment);
    }
    return error;
}

/* One step of the cursor. False: nothing there (*rc is MDB_NOTFOUND) or a failure. */
static bool step(struct log_reader *reader, MDB_cursor_op op, uint64_t *lsn, struct bytes *stored,
                 int *rc)
{
    MDB_val key = {.mv_size = sizeof *lsn, .mv_data = lsn};
    MDB_val value;
    *rc = mdb_cursor_get(reader->cursor, &key, &value, op);
    if (*rc != 0) {
        return false;
    }
    if (key.mv_size != sizeof *lsn || value.mv_size > LOG_COMMIT_MAX || value.mv_size == 0) {
        *rc = MDB_CORRUPTED;
        return false;
    }
    memcpy(lsn, key.mv_data, sizeof *lsn);
    *stored = bytes_of(value.mv_data, value.mv_size);
    return true;
}

/* --- filling --- */

static int damaged(struct log_reader *reader, uint64_t lsn, const char *reason)
{
    reader->fault = (struct lsn){lsn};
    reader->reason = reason;
    return ERR_CORRUPT;
}

static void append(struct buffer *run, struct bytes stored)
{
    uint8_t *at = buffer_extend(run, LOG_RUN_PREFIX + stored.len);
    put_u32(at, (uint32_t)stored.len);
    memcpy(at + LOG_RUN_PREFIX, stored.data, stored.len);
}

static int end_commit(struct log_reader *reader, struct log_chain *chain, uint64_t lsn,
                      struct bytes stored)
{
    struct log_commit_record commit;
    uint8_t hash[LOG_HASH_BYTES];
    if (log_commit_decode(stored, &commit) != 0) {
        return damaged(reader, lsn, "commit record");
    }
    if (memcmp(commit.previous, reader->previous, LOG_HASH_BYTES) != 0) {
        return damaged(reader, lsn, "chain of commits");
    }
    log_chain_end(chain, commit.count, commit.at_ms, hash);
    if (commit.count != lsn - reader->load || memcmp(hash, commit.hash, LOG_HASH_BYTES) != 0) {
        return damaged(reader, lsn, "hash of the commit");
    }
    memcpy(reader->previous, commit.hash, LOG_HASH_BYTES);
    append(&reader->run, stored);
    reader->load = lsn + 1;
    return 0;
}

/* Copies and verifies the commit at `load`, at which the cursor stands. */
static int load_commit(struct log_reader *reader, uint64_t *lsn, struct bytes *stored)
{
    struct log_chain chain;
    int rc;
    log_chain_begin(&chain, reader->previous, (struct lsn){reader->load});
    for (uint64_t expected = reader->load;; expected++) {
        if (*lsn != expected) {
            return damaged(reader, expected, "a record is missing");
        }
        if (stored->data[0] == LOG_FORM_COMMIT) {
            return end_commit(reader, &chain, expected, *stored);
        }
        if (!log_record_is_sound(*stored)) {
            return damaged(reader, expected, "checksum of the record");
        }
        log_chain_add(&chain, *stored);
        append(&reader->run, *stored);
        if (!step(reader, MDB_NEXT, lsn, stored, &rc)) {
            return rc == MDB_NOTFOUND || rc == MDB_CORRUPTED
                       ? damaged(reader, expected + 1, "a record is missing")
                       : lmdb_error(rc);
        }
    }
}

/* The previous hash of the first commit read here is what that commit claims, if unknown. */
static int anchor(struct log_reader *reader)
{
    uint64_t lsn = reader->load;
    struct bytes stored;
    struct log_commit_record commit;
    int rc;
    reader->anchored = true;
    if (lsn == 1) {
        return 0; /* zeros */
    }
    lsn--;
    if (step(reader, MDB_SET_KEY, &lsn, &stored, &rc)) {
        if (log_commit_decode(stored, &commit) != 0) {
            return damaged(reader, lsn, "commit record");
        }
        memcpy(reader->previous, commit.hash, LOG_HASH_BYTES);
        return 0;
    }
    bool found = step(reader, MDB_SET_RANGE, &(uint64_t){reader->load}, &stored, &rc);
    while (found && stored.data[0] != LOG_FORM_COMMIT) {
        found = step(reader, MDB_NEXT, &lsn, &stored, &rc);
    }
    if (!found || log_commit_decode(stored, &commit) != 0) {
        return damaged(reader, reader->load, "commit record");
    }
    memcpy(reader->previous, commit.previous, LOG_HASH_BYTES);
    return 0;
}

static int fill_from_snapshot(struct log_reader *reader, uint64_t tail)
{
    int error = reader->anchored ? 0 : anchor(reader);
    uint64_t lsn = reader->load;
    struct bytes stored;
    int rc = 0;
    bool there = error == 0 && step(reader, MDB_SET_KEY, &lsn, &stored, &rc);
    if (error == 0 && !there) {
        return rc == MDB_NOTFOUND || rc == MDB_CORRUPTED
                   ? damaged(reader, reader->load, "a record is missing")
                   : lmdb_error(rc);
    }
    while (error == 0 && there && reader->load <= tail && reader->run.len < FILL_BYTES) {
        size_t sound = reader->run.len;
        error = load_commit(reader, &lsn, &stored);
        if (error != 0) {
            reader->run.len = sound;
            break;
        }
        there =
            step(reader, MDB_NEXT, &lsn, &stored, &rc); /* else: segment's end, seen next time */
    }
    return error;
}

/* Reads ahead. ERR_END when nothing new is durable. */
static int fill(struct log_reader *reader)
{
    uint64_t tail = log_tail(reader->log).v;
    if (reader->run.cap > KEEP_BYTES) {
        buffer_fini(&reader->run);
    }
    buffer_clear(&reader->run);
    reader->at = 0;
    reader->lsn = reader->load;
    if (reader->load > tail) {
        return ERR_END;
    }
    int error = snapshot(reader, (struct lsn){reader->load});
    if (error != 0) {
        return error;
    }
    error = fill_from_snapshot(reader, tail);
    mdb_txn_reset(reader->txn);
    return error;
}

/* --- public --- */

/* Finds the start of the commit that holds `target`; the segment's first LSN if it is the first. */
static int seek_commit(struct log_reader *reader, uint64_t target)
{
    int error = snapshot(reader, (struct lsn){target});
    if (error != 0) {
        return error;
    }
    uint64_t lsn = target;
    uint64_t start = reader->segment->first.v;
    struct bytes stored;
    int rc;
    bool found = target > start && step(reader, MDB_SET_RANGE, &lsn, &stored, &rc);
    while (found && step(reader, MDB_PREV, &lsn, &stored, &rc)) {
        if (stored.data[0] == LOG_FORM_COMMIT) {
            start = lsn + 1;
            break;
        }
    }
    mdb_txn_reset(reader->txn);
    reader->load = start;
    return 0;
}

int log_reader_open(struct log *log, struct lsn from, struct log_reader **out)
{
    struct log_reader *reader = memory_alloc(sizeof *reader);
    reader->log = log;
    reader->from = from.v;
    uint64_t tail = log_tail(log).v;
    int error = 0;
    if (tail == 0) {
        reader->load = 1;
    } else {
        error = seek_commit(reader, from.v < tail ? from.v : tail);
    }
    if (error != 0) {
        log_reader_close(reader);
        return error;
    }
    *out = reader;
    return 0;
}

void log_reader_close(struct log_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    detach(reader);
    buffer_fini(&reader->run);
    free(reader);
}

static void pass_commit(struct log_reader *reader, struct bytes stored)
{
    struct log_commit_record commit;
    if (log_commit_decode(stored, &commit) == 0) {
        reader->passed = true;
        reader->commit = (struct log_commit_info){
            .lsn = {reader->lsn}, .records = commit.count, .at_ms = commit.at_ms};
        memcpy(reader->commit.hash, commit.hash, LOG_HASH_BYTES);
    }
}

/* Damage stays; the end and passing failures may be asked again. */
static int take_error(struct log_reader *reader)
{
    int error = reader->error;
    if (error != ERR_CORRUPT) {
        reader->error = 0;
    }
    return error;
}

/* Stands before what follows in the run, filled again where it is used up. */
static int next_stored(struct log_reader *reader, struct bytes *stored)
{
    while (!log_run_next(buffer_bytes(&reader->run), &reader->at, stored)) {
        if (reader->error == 0) {
            reader->error = fill(reader);
        } else {
            buffer_clear(&reader->run);
            reader->at = 0;
        }
        if (reader->run.len == 0) {
            return take_error(reader);
        }
    }
    return 0;
}

int log_reader_next(struct log_reader *reader, struct log_record *out)
{
    struct bytes stored;
    for (;; reader->lsn++) {
        int error = next_stored(reader, &stored);
        if (error != 0) {
            return error;
        }
        if (stored.data[0] == LOG_FORM_COMMIT) {
            pass_commit(reader, stored);
        } else if (reader->lsn >= reader->from) {
            break;
        }
    }
    if (log_record_parse(stored, out) != 0) {
        buffer_clear(&reader->run);
        reader->at = 0;
        reader->error = damaged(reader, reader->lsn, "shape of the record");
        return reader->error;
    }
    out->lsn.v = reader->lsn++;
    return 0;
}

struct lsn log_reader_fault(const struct log_reader *reader, const char **reason)
{
    *reason = reader->reason;
    return reader->fault;
}

bool log_reader_commit(const struct log_reader *reader, struct log_commit_info *out)
{
    if (reader->passed) {
        *out = reader->commit;
    }
    return reader->passed;
}
