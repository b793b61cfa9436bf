/** What the files of the node share: threads, queues and the production side of the seam. */
#ifndef RUNTIME_NODE_INTERNAL_H
#define RUNTIME_NODE_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

#include "base/check.h"
#include "base/error.h"
#include "base/logger.h"
#include "runtime/buckets.h"
#include "runtime/node.h"
#include "runtime/world.h"
#include "storage/datadir.h"
#include "storage/log.h"
#include "storage/state.h"

/** A shard with its thread and loop. */
struct worker {
    struct node *node;
    uint16_t index;
    struct shard *shard;
    uv_thread_t thread;
    bool thread_started;
    int phase_seen; /* the worker's own */
    uv_loop_t loop;
    uv_async_t wake;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_timer_t tick;
    uv_idle_t again;     /* active: something waits already, do not wait in the poll */
    int64_t tick_due_ms; /* 0: not armed */
    bool tick_due_now;   /* by `again`: a timer of 0 ms would keep libuv from polling */
    struct state_reader *reader;
    bool reader_used;
    void *edge; /* set under lock; read without by its own thread */

    uv_mutex_t lock; /* of what follows, and of stats */
    struct message_list inbox;
    bool polling; /* its thread is at the poll, or on the way: who posts has to wake it */

    atomic_int phase;         /* enum worker_phase; set by node, read by the worker */
    atomic_bool drained;      /* set by the worker */
    struct shard_stats stats; /* under lock; published a few times a second */
    uint64_t stats_ms;
};

enum worker_phase { WORKER_RUNNING, WORKER_DRAINING, WORKER_FLUSHING, WORKER_CLOSING };

/** What one shard handed over since the last commit. */
struct shard_batches {
    struct buffer *buffers;
    uint32_t count, cap;
    uint64_t first, records;
};

/** Where the log ended, and when. */
struct tail_mark {
    uint64_t lsn;
    int64_t at_ms; /* of a clock that never goes back */
};
#define TAIL_MARKS 128 /* one a second at most */

struct log_writer {
    struct node *node;
    uv_thread_t thread;
    uv_mutex_t lock; /* of what follows */
    uv_cond_t wake;
    struct shard_batches *waiting;      /* one per shard */
    struct tail_mark marks[TAIL_MARKS]; /* a ring of the last ones */
    uint32_t mark_count;                /* ever made */
    bool any, stop;
    struct buckets commit_us, commit_records; /* written by the writer */
    _Atomic uint64_t drop_below;              /* set by the state writer; relaxed: only a hint */
    uint64_t tail_told_ms; /* the writer's own, as the next: when all heard of the tail */
    bool tail_told;        /* … and there was no commit since */
};

struct state_writer {
    struct node *node;
    uv_thread_t thread;
    uv_mutex_t lock; /* of what follows */
    uv_cond_t wake;
    struct message_list waiting;
    bool stop, running;
    struct lsn *low;              /* per shard; the writer's own, as the next */
    uint64_t kept_turns, kept_ms; /* of house keeping */
    bool rested;                  /* nothing was flushed since memory was given back */
    _Atomic uint64_t checkpoint;  /* release by the writer; acquire by readers of figures */
};

struct node {
    struct node_config config;
    struct node_edge edge;
    struct datadir *datadir;
    struct log *log;
    struct state *state;
    struct token_key token_key;
    struct worker *workers;
    uint16_t worker_count;
    struct world world;
    struct log_writer log_writer;
    struct state_writer state_writer;
    atomic_int jobs_waiting; /* relaxed: a bound, not a lock */
    bool started;
    struct lanes *lanes; /* while the log is replayed; then they take what was flushed */
    int64_t recovery_ms;
    uint64_t recovered_records;
};

/* log_writer.c */
void log_writer_start(struct log_writer *writer, struct node *node);
void log_writer_stop(struct log_writer *writer); /* after everything is durable; joins */
/** How long ago the oldest record behind `checkpoint` was written, to a second; 0: there is none.
 */
int64_t log_writer_lag_ms(struct log_writer *writer, uint64_t checkpoint);
extern const struct bucket_bounds log_writer_us_bounds, log_writer_record_bounds;
void log_writer_add(struct log_writer *writer, uint16_t shard, struct buffer *records,
                    uint64_t first, uint64_t count);

/* state_writer.c */
void state_writer_init(struct state_writer *writer, struct node *node, struct lsn checkpoint);
void state_writer_start(struct state_writer *writer);
void state_writer_stop(struct state_writer *writer);
void state_writer_fini(struct state_writer *writer);
void state_writer_add(struct state_writer *writer, struct flush *flush);
int state_writer_read_checkpoint(struct node *node, struct lsn *out);

/* state_version.c */
/** Before recovery: drops state that other versions of the kinds wrote. 0, ERR_FORMAT_VERSION, … */
int state_version_check(struct node *node);

/* worker.c */
int worker_init(struct worker *worker, struct node *node, uint16_t index);
int worker_start(struct worker *worker);
void worker_fini(struct worker *worker);
/** Any thread. Takes the list's content. */
void worker_post(struct worker *worker, struct message_list *messages);
void worker_set_phase(struct worker *worker, enum worker_phase phase);

/* world_uv.c */
void world_uv_init(struct world *world, struct node *node);

/* node.c */
uint64_t node_open_sessions(const struct node *node);

/* recovery.c */
int node_recover(struct node *node);

#endif
