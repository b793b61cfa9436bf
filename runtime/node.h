/**
 * A running node: data directory, log, state, writers and shards, on threads with libuv loops.
 * The production side of the seam. Start-up replays the log before anything listens.
 */
#ifndef RUNTIME_NODE_H
#define RUNTIME_NODE_H

#include <stdint.h>

#include "base/ids.h"
#include "runtime/actor.h"
#include "runtime/buckets.h"
#include "runtime/shard.h"
#include "wire/token.h"

struct node;
struct log;
struct uv_loop_s;

/**
 * What stands on each shard beside the actors; called on the shard's thread. drain, turn_end,
 * destroy and sessions may be NULL: nothing to do, and no sessions.
 */
struct node_edge {
    void *self;
    /** The loop is not running yet. `*edge` is handed back to the others. 0 or an error. */
    int (*start)(void *self, uint16_t shard_index, struct uv_loop_s *loop, struct shard *shard,
                 void **edge);
    /** Stop accepting; say goodbye to clients. Connections may take up to drain_ms to go. */
    void (*drain)(void *edge);
    /** Flushes what was gathered for clients in this turn; end of each loop turn. */
    void (*turn_end)(void *edge);
    /** Close everything on the loop. Afterwards the loop runs until it is empty. */
    void (*close)(void *edge);
    /** Free; the loop has ended. */
    void (*destroy)(void *edge);
    /** Open sessions, for stats. Any thread. */
    uint64_t (*sessions)(void *edge);
};

struct node_config {
    const char *data; /* directory */
    uint16_t shards;  /* 0: one per core, less one */
    const struct kind *const *kinds;
    uint32_t kind_count;
    uint64_t log_segment_bytes; /* 0: default */
    uint64_t log_reserve_bytes;
    bool log_keep;                 /* keep segments that state no longer needs (default) */
    bool test_log_nosync;          /* test-only */
    uint64_t replay_max;           /* bound of records to replay; 0: default 1,000,000 */
    uint32_t mailbox_max;          /* commands waiting for one actor; 0: default */
    int64_t flush_age_ms;          /* 0: default */
    uint64_t unflushed_max;        /* bytes of changes not yet in the state; 0: default */
    int64_t actor_idle_ms;         /* 0: default */
    int64_t access_ms, refresh_ms; /* life of tokens; 0: 30 minutes, 7 days */
    int64_t drain_ms;              /* 0: 5 s */
};

/** Shards where nothing else is said: one per core, less one for log, state and kernel. */
uint16_t node_default_shards(void);

/** Opens, verifies, replays, flushes. Says on the logger how long it took. Blocks. */
int node_open(const struct node_config *config, struct node **out);
/** Starts threads and edges. */
int node_start(struct node *node, const struct node_edge *edge);
/** Drains, flushes all state, joins threads, frees. Blocks; NULL is fine. */
void node_close(struct node *node);

struct id node_id(const struct node *node);
const struct token_key *node_token_key(const struct node *node);

/** The log, for readers (storage/log.h). Lives as long as the node. */
struct log *node_log(const struct node *node);

/** Figures for operators, as name and number. Any thread. */
struct node_figure {
    const char *name;
    int64_t value;
};
#define NODE_FIGURES_MAX 64
/** Fills at most `max`, returns how many there are. */
uint32_t node_figures(struct node *node, struct node_figure *out, uint32_t max);

/** How long commits of the log took, in microseconds, and how many records were in each. Adds to
 * what is in `out`. Any thread. */
const struct bucket_bounds *node_commit_us(const struct node *node, struct bucket_counts *out);
const struct bucket_bounds *node_commit_records(const struct node *node, struct bucket_counts *out);

/** Whether writes are admitted: is there room for the log? Any thread. */
bool node_has_room(const struct node *node);

#endif
