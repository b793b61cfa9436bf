/**
 * A shard: the actors of its partitions, run by one thread, as a set of step functions.
 *
 * It sees the world only through the seam (runtime/world.h), so it runs unchanged under libuv with
 * LMDB, and in the simulator with fakes. All functions: the shard's thread.
 */
#ifndef RUNTIME_SHARD_H
#define RUNTIME_SHARD_H

#include "base/ids.h"
#include "runtime/actor.h"
#include "runtime/message.h"
#include "runtime/world.h"

struct shard;

/**
 * What a shard tells its edge. Called inside shard_receive; messages are borrowed for the call.
 * The edge ignores session_refs that it no longer knows.
 */
struct shard_edge {
    void *self;
    void (*reply)(void *self, const struct reply *reply);
    void (*attached)(void *self, const struct attached *attached);
    void (*page)(void *self, const struct page_result *page);
    void (*push)(void *self, const struct push *push);
    void (*control)(void *self, const struct control *control);
};

struct shard_config {
    uint16_t index, count;
    const struct kind *const *kinds;
    uint32_t kind_count;
    uint32_t mailbox_max;         /* commands waiting for one actor; default 1,024 */
    uint32_t inbox_max;           /* commands waiting for the shard; default 65,536 */
    uint64_t undurable_bytes_max; /* of records not yet durable; default 32 MiB */
    uint32_t awake_max;           /* actors kept awake beyond need; default 16,384 */
    int64_t idle_ms;              /* an actor unused for this long is put away; default 60,000 */
    int64_t flush_age_ms;         /* state is flushed at the latest after; default 20,000 */
    uint64_t replay_max;          /* records of log to replay; default 1,000,000 */
    uint64_t overlay_bytes_max;   /* that rows not yet flushed hold; default 128 MiB */
};
void shard_config_defaults(struct shard_config *config);

struct shard *shard_create(const struct shard_config *config, const struct world *world);
void shard_destroy(struct shard *shard);
void shard_set_edge(struct shard *shard, const struct shard_edge *edge);

/* --- for the edge --- */

/** Which shard runs this address. */
uint16_t shard_of(const struct shard *shard, struct address address);

/** Hands a command on (locally or to its shard). Its answer comes through edge->reply. */
void shard_submit(struct shard *shard, struct command *command);

/**
 * Follows the stream of `address`: edge->attached answers with epoch and head, or the refusal.
 * With `live`, pushes after that head follow; else read pages with shard_read_stream until one is
 * `live`. A session follows an address at most once.
 */
void shard_attach(struct shard *shard, struct session_ref session, struct address address,
                  const struct principal *who, bool live);
void shard_detach(struct shard *shard, struct session_ref session, struct address address);
/** The next entries after `after`, at most so many and about so many bytes. edge->page answers. */
void shard_read_stream(struct shard *shard, struct session_ref session, struct address address,
                       int64_t after, uint32_t entries_max, uint32_t bytes_max);

/* --- for the world --- */

/** Takes messages in; runs what they cause. */
void shard_receive(struct shard *shard, struct message_list *messages);
/** Runs due timers, flushes, retries and evictions. Call when world->timer's time has come. */
void shard_tick(struct shard *shard);
/** End of a turn: hands the batch to the log, and messages to other shards. */
void shard_turn_end(struct shard *shard);

/* --- start and stop, before the first and after the last message --- */

/** Applies one record of the log. The caller feeds them in LSN order, only this shard's ones. */
int shard_replay(struct shard *shard, const struct log_record *record);
/** After all shards have replayed: due timers, undelivered sends; then messages may come. */
void shard_start(struct shard *shard, struct lsn tail);
/** Takes MESSAGE_FLUSHED in during replay, before shard_start. */
void shard_deliver(struct shard *shard, struct message_list *messages);
/**
 * During replay, now and then: flushes what is dirty when it is more than half of what may be
 * unflushed, or more than replay_max records old, and no flush is under way; replay goes on beside.
 * True: more than all of that is unflushed, so MESSAGE_FLUSHED has to be delivered first.
 */
bool shard_replay_flush(struct shard *shard);
/** Has a flush not come back yet? */
bool shard_flushing(const struct shard *shard);
/** Freezes and hands everything dirty to the state writer. True when nothing is dirty any more. */
bool shard_flush_all(struct shard *shard);
/** Nothing waits to become durable or delivered. */
bool shard_quiet(const struct shard *shard);

struct shard_stats {
    uint64_t commands, records, replies, pushes, busy, stashed, activations, evictions;
    uint64_t dropped;                 /* tells that found a mailbox full */
    uint64_t flushes, flushed_actors; /* how often state was written, and of how many actors */
    uint64_t timers_fired, sends, resends, handler_failures;
    uint64_t actors_awake, actors_dirty, records_undurable, bytes_undurable, attached_sessions;
    uint64_t commands_waiting; /* in all mailboxes */
    uint64_t mailbox_deepest;  /* most that ever waited in one */
};
void shard_stats(const struct shard *shard, struct shard_stats *out);

#endif
