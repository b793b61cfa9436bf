/**
 * What actors have become: ordered tables in one LMDB environment, written behind the log.
 *
 * Keys and values are bytes; what they mean is the runtime's business. One writer thread; readers
 * are per thread and cheap to refresh. Map reserved large at start (sparse).
 */
#ifndef STORAGE_STATE_H
#define STORAGE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ids.h"

enum state_table {
    STATE_ROWS,   /* address ∥ collection ∥ key → value; also the actors' roots */
    STATE_TIMERS, /* partition ∥ due ∥ address ∥ timer id → empty */
    STATE_OUTBOX, /* partition ∥ sender ∥ receiver ∥ seq → empty */
    STATE_META,   /* the checkpoint and the like */
    STATE_TABLE_COUNT
};

#define STATE_KEY_MAX 511

struct state;

struct state_config {
    const char *directory; /* "<data>/state"; made when missing */
    uint64_t map_bytes;    /* default 1 TiB, sparse */
    uint32_t readers_max;  /* default 64 */
};

/** 0, ERR_IO, ERR_CORRUPT (also a file shorter than its meta page claims), ERR_NO_MEMORY. */
int state_open(const struct state_config *config, struct state **out);
void state_close(struct state *state); /* no reader may be open */

/** One change in a batch. */
struct state_change {
    enum state_table table;
    enum {
        STATE_PUT,
        STATE_DELETE,       /* absent is fine */
        STATE_DELETE_PREFIX /* every key that begins with `key` */
    } action;
    struct bytes key;
    struct bytes value;
};

/**
 * All or nothing, durable on return. Writer thread only. A failed commit ends the process.
 * Changes are applied in the order given.
 */
void state_commit(struct state *state, const struct state_change *changes, size_t count);

/* --- reading --- */
struct state_reader;
int state_reader_open(struct state *state, struct state_reader **out);
void state_reader_close(struct state_reader *reader);
/** Lets go of the snapshot: the next read sees all that is committed by then. Call once a turn. */
void state_reader_refresh(struct state_reader *reader);

/** 0, ERR_NOT_FOUND. `value` lives until the reader's refresh or close. */
int state_get(struct state_reader *reader, enum state_table table, struct bytes key,
              struct bytes *value);

/** Return false to stop. Key and value live until the reader's refresh or close. */
typedef bool state_visitor(void *context, struct bytes key, struct bytes value);
/** Visits keys in [from, to) ascending, or descending when `reverse`. Empty `to`: no upper end. */
int state_scan(struct state_reader *reader, enum state_table table, struct bytes from,
               struct bytes to, bool reverse, state_visitor *visit, void *context);

/**
 * Lets the kernel unmap pages that reads brought in (they stay in its cache): an idle server's
 * memory is then what it needs. Reading goes on, at the price of a soft fault per page. Any thread.
 */
void state_trim(struct state *state);

/** Kills slots of dead readers; once a minute. */
void state_check_readers(struct state *state);

struct state_stats {
    uint64_t commits, changes, bytes, file_bytes;
};
void state_stats(const struct state *state, struct state_stats *out);

#endif
