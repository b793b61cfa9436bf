#include "storage/log_walk.h"

#include "base/error.h"

#define WINDOW_BYTES ((size_t)256 << 10)
#define KEEP_BYTES ((size_t)1 << 20) /* a window grown beyond it by one commit is given back */

void log_walk_begin(struct log_walk *walk, const struct segment *segment, uint64_t offset)
{
    walk->segment = segment;
    walk->offset = offset;
    buffer_clear(&walk->window);
    walk->at = 0;
    walk->seen = 0;
}

void log_walk_end(struct log_walk *walk)
{
    buffer_fini(&walk->window);
    *walk = (struct log_walk){0};
}

/* Fills the window from `offset` on, with at least `len` bytes if the file has them. */
static int load(struct log_walk *walk, size_t len, uint64_t tail)
{
    size_t wanted = len < WINDOW_BYTES ? WINDOW_BYTES : len;
    if (walk->window.cap > KEEP_BYTES && wanted <= KEEP_BYTES) {
        buffer_fini(&walk->window);
    }
    buffer_clear(&walk->window);
    buffer_grow(&walk->window, wanted);
    walk->at = 0;
    walk->seen = tail;
    return segment_read(walk->segment, walk->offset, walk->window.data, wanted, &walk->window.len);
}

/* What the window shows. 0, ERR_END, ERR_CORRUPT; ERR_BUSY: it takes `*need` bytes to say. */
static int look(const struct log_walk *walk, struct log_frame *out, size_t *need)
{
    size_t have = walk->window.len - walk->at;
    if (walk->segment->file_bytes - walk->offset < LOG_FRAME_FRONT) {
        return ERR_END;
    }
    *need = LOG_FRAME_FRONT;
    if (have < *need) {
        return ERR_BUSY;
    }
    const uint8_t *at = walk->window.data + walk->at;
    if (get_u32(at) == 0) {
        return ERR_END;
    }
    if (log_head_decode(at, walk->segment->salt, &out->head) != 0) {
        return ERR_CORRUPT;
    }
    *need += out->head.bytes;
    if (*need > walk->segment->file_bytes - walk->offset) {
        return ERR_CORRUPT;
    }
    out->offset = walk->offset;
    out->whole = bytes_of(at, *need);
    out->body = bytes_of(at + LOG_FRAME_FRONT, out->head.bytes);
    return have < *need ? ERR_BUSY : 0;
}

int log_walk_next(struct log_walk *walk, uint64_t tail, struct log_frame *out)
{
    bool fresh = false;
    for (;;) {
        size_t need = 0;
        int error = look(walk, out, &need);
        if (error == 0 && log_head_last(&out->head) <= walk->seen) {
            walk->at += need;
            walk->offset += need;
            return 0;
        }
        if (fresh && error != ERR_BUSY) {
            return error == 0 ? ERR_END : error;
        }
        size_t had = walk->window.len;
        error = load(walk, need, tail);
        if (error != 0) {
            return error;
        }
        if (fresh && walk->window.len <= had) {
            return ERR_CORRUPT; /* the file is shorter than it was */
        }
        fresh = true;
    }
}

static int fail(struct log_fault *fault, uint64_t lsn, const char *reason)
{
    *fault = (struct log_fault){.lsn = lsn, .reason = reason};
    return ERR_CORRUPT;
}

/* The commit record stands at the end, wherever the records before it end. */
static int take_commit(const struct log_frame *frame, struct log_commit_record *commit)
{
    struct bytes body = frame->body;
    size_t at = body.len - LOG_FRAME_BACK;
    struct bytes stored;
    return log_run_next(body, &at, &stored) && at == body.len ? log_commit_decode(stored, commit)
                                                              : ERR_CORRUPT;
}

int log_frame_verify(const struct log_frame *frame, const uint8_t *previous,
                     struct log_commit_record *commit, struct log_fault *fault)
{
    uint64_t last = log_head_last(&frame->head);
    struct bytes records = bytes_of(frame->body.data, frame->body.len - LOG_FRAME_BACK);
    bool there = take_commit(frame, commit) == 0;
    struct log_chain chain;
    uint8_t hash[LOG_HASH_BYTES];
    size_t at = 0;
    struct bytes stored;
    if (previous == NULL) {
        previous = commit->previous;
    }
    if (there) {
        log_chain_begin(&chain, previous, (struct lsn){frame->head.first});
    }
    for (uint64_t lsn = frame->head.first; lsn < last; lsn++) {
        if (!log_run_next(records, &at, &stored)) {
            return fail(fault, lsn, "length of the record");
        }
        if (!log_record_is_sound(stored)) {
            return fail(fault, lsn, "checksum of the record");
        }
        if (there) {
            log_chain_add(&chain, stored);
        }
    }
    if (!there || at != records.len || commit->count != frame->head.count) {
        return fail(fault, last, "commit record");
    }
    if (memcmp(commit->previous, previous, LOG_HASH_BYTES) != 0) {
        return fail(fault, last, "chain of commits");
    }
    log_chain_end(&chain, commit->count, commit->at_ms, hash);
    return memcmp(commit->hash, hash, LOG_HASH_BYTES) == 0
               ? 0
               : fail(fault, last, "hash of the commit");
}
