/**
 * The event log: segments, one record per command, group commit, hash-chained commits.
 *
 * A segment is one file `log/<first lsn, 20 digits>.log` of fixed size, reserved on disk in
 * advance; the next one is prepared before it is needed. Each log_commit appends one frame to it
 * and syncs once: its records get the next LSNs, and after them stands one commit record (an LSN of
 * its own) with count, time and a BLAKE2b over the previous commit's hash and the length and
 * checksum of each record; the checksums, XXH3-64, cover the bytes (docs/decisions/log-format.md
 * says why). A commit never spans segments.
 *
 * Failure: a commit that fails leaves its outcome unknown, so log_commit then ends the process
 * (abort after logging). It never returns an error.
 */
#ifndef STORAGE_LOG_H
#define STORAGE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ids.h"

struct log;

struct log_config {
    const char *directory;  /* "<data>/log"; made when missing */
    uint64_t segment_bytes; /* the largest, 0: 1 GiB; at least 4 MiB. The first one has 64 MiB */
    uint64_t reserve_bytes; /* free disk space below which log_has_room says no; 0: 256 MiB */
    bool test_nosync;       /* test-only: never syncs a commit, to show that tests notice */
};

/** What one record is; the payload is opaque here. Sizes: header 39 to 79 bytes. */
struct log_record {
    struct lsn lsn; /* set when read; ignored when appended */
    struct address address;
    int64_t at_ms;         /* when the command ran */
    uint32_t key_id;       /* 0: payload is plain. Else sealed under that key */
    uint8_t nonce[24];     /* stored only when key_id is not 0 */
    struct id request_key; /* hash of an idempotency key; stored only when not zero */
    struct bytes payload;
};

/**
 * Appends `u32 length ∥ stored form` of the record to `out`, as log_commit wants it. Pure. The
 * payload is below 16 MiB; the caller has checked it long before.
 */
void log_record_encode(const struct log_record *record, struct buffer *out);
/** Inverse on one stored form (without length). ERR_CORRUPT on a bad checksum or shape. Pure. */
int log_record_decode(struct bytes stored, struct log_record *out);

/**
 * Opens or creates. Verifies what was last committed, that files are as long as they claim and
 * that none is missing; takes back a commit that a crash left unfinished;
 * 0, ERR_CORRUPT, ERR_IO, ERR_STORAGE_FULL (creation impossible), ERR_NO_MEMORY.
 */
int log_open(const struct log_config *config, struct log **out);
/** NULL is fine; no reader may be open. Not beside the writer. */
void log_close(struct log *log);

/** LSN of the last durable commit record; {0} when empty. Any thread. */
struct lsn log_tail(const struct log *log);

/** Are reserve and next segment there? Cheap (cached, refreshed each second). Any thread. */
bool log_has_room(const struct log *log);

/**
 * One durable commit of `batch_count` buffers, each a run of encoded records, in order.
 * Returns the LSN of the first record; the following ones count up by one each through all
 * batches; *tail is the commit record's. Writer thread only. At most 16 MiB in sum. Without any
 * record nothing is written and *tail is log_tail.
 */
struct lsn log_commit(struct log *log, const struct bytes *batches, uint32_t batch_count,
                      struct lsn *tail);

/**
 * Has the next segment made ready by a thread of the log's own, unless that would cut into the
 * reserve; and notes where the log ends, when it has come to rest (one sync). To be called by the
 * writer, when idle and every few commits. Writer thread only.
 */
void log_prepare(struct log *log);

/** Drops whole segments whose every LSN is below `lsn`; readers in them go on. Writer thread. 0,
 * ERR_IO. */
int log_drop_below(struct log *log, struct lsn lsn);

/* --- reading: any thread, several readers; verifies checksums and the chain as it goes --- */
struct log_reader;
/** First record returned is the first with lsn >= from. */
int log_reader_open(struct log *log, struct lsn from, struct log_reader **out);
/**
 * The next record (commit records are checked and skipped). `out->payload` lives until the next
 * call. ERR_END at the durable end (may be called again later), ERR_CORRUPT with the place in
 * log_reader_fault (it stays); ERR_IO. What is returned belongs to a commit verified as a whole.
 */
int log_reader_next(struct log_reader *reader, struct log_record *out);
/** Of the last ERR_CORRUPT: the LSN and a static reason. */
struct lsn log_reader_fault(const struct log_reader *reader, const char **reason);
/** LSN, count of records, time and hash (32 bytes) of the last commit record passed, for `verify`.
 */
struct log_commit_info {
    struct lsn lsn;
    uint32_t records;
    int64_t at_ms;
    uint8_t hash[32];
};
bool log_reader_commit(const struct log_reader *reader, struct log_commit_info *out);
void log_reader_close(struct log_reader *reader);

/** Counters since open, for metrics. Any thread. */
struct log_stats {
    uint64_t commits, records, bytes, segments, commit_us_total, commit_us_max;
};
void log_stats(const struct log *log, struct log_stats *out);

#endif
