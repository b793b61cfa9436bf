/*
 * Reading the log.
 *
 * A reader walks through the segments with handles of its own, frame by frame. Each record's
 * checksum and the commit's hash are verified before the first record of that commit is handed out.
 *
 *     segment --walk--> frame --verify--> run: u32 length ∥ stored form … commit record
 *                                          `-- next: record, record, (commit)
 *
 * A reader is used by one thread at a time; several readers may run beside the writer. Only LSNs
 * up to log_tail are read, so what is handed out is durable.
 */
#include <stdlib.h>

#include "base/error.h"
#include "storage/log_internal.h"
#include "storage/log_walk.h"

struct log_reader {
    struct log *log;
    struct segment *segment; /* NULL until the first commit is loaded, and between two */
    struct log_walk walk;

    uint64_t from;                    /* records below it are skipped */
    uint64_t load;                    /* first LSN of the next commit */
    bool anchored;                    /* is `previous` known? */
    uint8_t previous[LOG_HASH_BYTES]; /* hash of the commit before `load` */

    struct bytes run; /* of the commit that is being handed out; lives in the walk */
    size_t at;        /* position in run */
    uint64_t lsn;     /* of what stands there */

    int error; /* ERR_CORRUPT stays */
    struct log_fault fault;
    bool passed;
    struct log_commit_info commit;
};

/* --- commits --- */

static int damaged(struct log_reader *reader, uint64_t lsn, const char *reason)
{
    reader->fault = (struct log_fault){lsn, reason};
    return ERR_CORRUPT;
}

/* Stands before the last known frame at or before `lsn`. */
static int enter_segment(struct log_reader *reader, uint64_t lsn)
{
    struct lsn first;
    struct segment_place place;
    log_walk_end(&reader->walk);
    segment_close(reader->segment);
    reader->segment = NULL;
    int error = log_open_segment(reader->log, (struct lsn){lsn}, &reader->segment, &first);
    if (error == 0) {
        error = segment_find(reader->segment, lsn, &place);
    }
    if (error != 0) {
        return error == ERR_CORRUPT || error == ERR_NOT_FOUND
                   ? damaged(reader, lsn, "segment cannot be opened")
                   : error;
    }
    log_walk_begin(&reader->walk, reader->segment, place.offset);
    reader->load = place.lsn == 0 ? first.v : place.lsn;
    return 0;
}

/* The next frame, if need be in the next segment. */
static int next_frame(struct log_reader *reader, uint64_t tail, struct log_frame *frame)
{
    int error = reader->segment == NULL ? ERR_END : log_walk_next(&reader->walk, tail, frame);
    if (error == ERR_END) {
        uint64_t wanted = reader->load;
        error = enter_segment(reader, wanted);
        if (error == 0 && reader->load != wanted && reader->anchored) {
            reader->load = wanted;
            error = ERR_END;
        }
        if (error == 0) {
            error = log_walk_next(&reader->walk, tail, frame);
        }
    }
    if (error == ERR_END) {
        return damaged(reader, reader->load, "a commit is missing");
    }
    if (error == ERR_CORRUPT && reader->fault.reason == NULL) {
        return damaged(reader, reader->load, "head of the commit");
    }
    if (error == 0 && frame->head.first != reader->load) {
        return damaged(reader, reader->load, "a commit is missing");
    }
    return error;
}

/* Takes the hash of a commit that is not wanted, so that the next one is chained to it. */
static void skip_commit(struct log_reader *reader, const struct log_frame *frame)
{
    struct log_commit_record commit;
    struct bytes stored =
        bytes_of(frame->whole.data + frame->whole.len - LOG_COMMIT_BYTES, LOG_COMMIT_BYTES);
    reader->anchored = log_commit_decode(stored, &commit) == 0;
    if (reader->anchored) {
        memcpy(reader->previous, commit.hash, LOG_HASH_BYTES);
    }
    reader->load = log_head_last(&frame->head) + 1;
}

/* Verifies the next commit that holds anything to hand out. ERR_END when nothing new is durable. */
static int load_commit(struct log_reader *reader)
{
    struct log_frame frame;
    struct log_commit_record commit;
    uint64_t tail = log_tail(reader->log).v;
    do {
        if (reader->load > tail) {
            return ERR_END;
        }
        int error = next_frame(reader, tail, &frame);
        if (error != 0) {
            return error;
        }
        if (log_head_last(&frame.head) < reader->from && log_head_last(&frame.head) < tail) {
            skip_commit(reader, &frame);
            frame.body.len = 0;
        }
    } while (frame.body.len == 0);
    int error = log_frame_verify(&frame, reader->anchored ? reader->previous : NULL, &commit,
                                 &reader->fault);
    if (error == 0) {
        memcpy(reader->previous, commit.hash, LOG_HASH_BYTES);
        reader->anchored = true;
        reader->load = log_head_last(&frame.head) + 1;
        reader->run = frame.body;
        reader->at = 0;
        reader->lsn = frame.head.first;
    }
    return error;
}

/* --- public --- */

int log_reader_open(struct log *log, struct lsn from, struct log_reader **out)
{
    struct log_reader *reader = memory_alloc(sizeof *reader);
    uint64_t tail = log_tail(log).v;
    reader->log = log;
    reader->from = from.v;
    int error = 0;
    if (tail == 0) {
        reader->load = 1;
        reader->anchored = true; /* by zeros */
    } else {
        error = enter_segment(reader, from.v < tail ? from.v : tail);
        reader->anchored = reader->load == 1;
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
    log_walk_end(&reader->walk);
    segment_close(reader->segment);
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

/* Stands before what follows in the run, loaded anew where it is used up. Damage stays. */
static int next_stored(struct log_reader *reader, struct bytes *stored)
{
    int error = reader->error;
    while (error == 0 && !log_run_next(reader->run, &reader->at, stored)) {
        reader->run.len = reader->at = 0;
        error = load_commit(reader);
    }
    if (error == ERR_CORRUPT) {
        reader->error = error;
    }
    return error;
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
        reader->run.len = reader->at = 0;
        reader->error = damaged(reader, reader->lsn, "shape of the record");
        return reader->error;
    }
    out->lsn.v = reader->lsn++;
    return 0;
}

struct lsn log_reader_fault(const struct log_reader *reader, const char **reason)
{
    *reason = reader->fault.reason;
    return (struct lsn){reader->fault.lsn};
}

bool log_reader_commit(const struct log_reader *reader, struct log_commit_info *out)
{
    if (reader->passed) {
        *out = reader->commit;
    }
    return reader->passed;
}
