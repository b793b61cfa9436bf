/**
 * The seam: all that a shard may know of the world outside its own memory.
 *
 * Production fills it with libuv, the log and LMDB state (world_uv.c); the simulator, in one
 * thread, with fakes that obey a seed. Functions are called on the shard's thread and never block.
 */
#ifndef RUNTIME_WORLD_H
#define RUNTIME_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ids.h"
#include "runtime/actor.h"
#include "runtime/message.h"
#include "storage/log.h"
#include "storage/state.h"

/** A job's work is done off the thread; `done` is called on it, once, in a later turn. */
struct job_request {
    enum job job;
    struct buffer input;
    struct buffer result; /* filled by the worker */
    int error;            /* by the worker */
    struct command *then; /* submitted by the shard afterwards */
};
/** The work itself: pure, any thread. Fills result and error. */
void job_run(struct job_request *request);

/** State changes of frozen actors; committed whole. Owned by the state writer until FLUSHED. */
struct flush {
    struct message message; /* MESSAGE_FLUSHED on the way back */
    struct state_change *changes;
    size_t change_count;
    struct arena arena; /* what the changes point into */
    struct lsn low;     /* once this is committed, the shard needs no record at or below it */
    uint32_t actor_count;
    struct actor **actors; /* for the shard */
};

struct world {
    void *self;

    /** Milliseconds UTC. May jump; the shard never goes back. */
    int64_t (*now_ms)(void *self);
    void (*random)(void *self, void *out, size_t len);

    /** Messages for another shard; in order per pair of shards. Takes the list's content. */
    void (*post)(void *self, uint16_t from, uint16_t to, struct message_list *messages);
    /** shard_tick is wanted at `due_ms`, or earlier. */
    void (*tick_at)(void *self, uint16_t shard, int64_t due_ms);

    /** False: too many wait. Else the job's `then` comes back through shard_job_done. */
    bool (*job)(void *self, uint16_t shard, struct job_request *request);

    /**
     * Appends `count` encoded records, numbered from `first` on by the shard; takes the buffer's
     * memory. They end durable (a MESSAGE_DURABLE arrives) or the process ends.
     */
    void (*append)(void *self, uint16_t shard, struct buffer *records, uint64_t first,
                   uint64_t count);
    bool (*has_room)(void *self);
    /** Records between the checkpoint and the end of the log. */
    uint64_t (*log_to_replay)(void *self);

    int (*state_get)(void *self, uint16_t shard, enum state_table table, struct bytes key,
                     struct bytes *value);
    int (*state_scan)(void *self, uint16_t shard, enum state_table table, struct bytes from,
                      struct bytes to, bool reverse, state_visitor *visit, void *context);
    /** The next reads see what was committed by now. */
    void (*state_refresh)(void *self, uint16_t shard);
    /** Commits in order given per shard; comes back as MESSAGE_FLUSHED. */
    void (*flush)(void *self, uint16_t shard, struct flush *flush);

    /** See ctx_refresh_life_ms; 0: 7 days. */
    int64_t refresh_life_ms;

    /** See ctx_sign_access. */
    int64_t (*sign_access)(void *self, struct id user, struct id sid, struct id device, char *out);
};

/** A job came back. */
struct shard;
void shard_job_done(struct shard *shard, struct job_request *request);

#endif
