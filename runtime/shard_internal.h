/**
 * What the files of the shard share; nobody else includes it.
 *
 * An actor's memory:
 *
 *        put away ──activate──▶ awake, clean ◀──flushed── awake, frozen
 *            ▲                     │      │  ▲                 ▲  │ record
 *            └───────idle──────────┘      │  └── (frozen only) │  ▼
 *                                  record ▼                    │ frozen + dirty
 *                                   awake, dirty ────freeze────┘
 *
 * `dirty` is the FIFO of actors with a current layer, by the age of its first record; at most one
 * flush is under way, so the frozen layers are older than any dirty one.
 */
#ifndef RUNTIME_SHARD_INTERNAL_H
#define RUNTIME_SHARD_INTERNAL_H

#include <sys/queue.h>
#include <uthash.h>

#include "base/check.h"
#include "base/error.h"
#include "base/logger.h"
#include "runtime/address_table.h"
#include "runtime/entries.h"
#include "runtime/message_queue.h"
#include "runtime/overlay.h"
#include "runtime/partition.h"
#include "runtime/shard.h"
#include "wire/frame.h"

#define FETCH_AHEAD 8 /* messages that memory is asked for early: so that it answers in time */
#define TICK_MS 20    /* between ticks while there is something to do at them */

/* Collections of the runtime in every actor; see runtime/apply.c. */
enum {
    COLLECTION_ROOT = 0,
    COLLECTION_TIMERS = 240,      /* u32 id → u64 due */
    COLLECTION_OUTBOX = 241,      /* receiver ∥ u64 seq → u16 code ∥ args */
    COLLECTION_SENT = 242,        /* receiver → u64 last seq */
    COLLECTION_RECEIPTS = 243,    /* sender → last entry_receipt */
    COLLECTION_ANSWERS = 244,     /* key → entry_answer */
    COLLECTION_ANSWER_AGES = 245, /* u64 at ∥ key → empty */
    COLLECTION_TIMER_ROWS = 250   /* u64 due ∥ u32 id: stands for a row of STATE_TIMERS */
};

struct actor {
    struct address address; /* first: see address_table.h */
    uint8_t partition;
    bool in_dirty;
    uint32_t waiting; /* commands in the shard's queue for it: its mailbox */
    const struct kind *kind;
    void *root;              /* in the same block of memory */
    struct overlay *current; /* NULL: clean */
    struct overlay *frozen;
    struct id incarnation;

    uint64_t last_number;        /* of its newest record */
    uint64_t first_dirty_number; /* of the current layer's oldest record */
    struct lsn first_dirty_lsn;  /* 0 until durable */
    uint64_t frozen_number;      /* newest record in the frozen layer */
    struct lsn frozen_lsn;       /* its LSN; 0 until durable */
    struct lsn durable_lsn;      /* of the newest durable record */
    struct buffer frozen_root;   /* root row's value without the LSN */
    int64_t dirty_since_ms, used_ms;

    struct message_list stash; /* waits for the next event */
    TAILQ_ENTRY(actor) lru, dirty;
};
TAILQ_HEAD(actor_list, actor);

/* Effects: they wait for durability, and what they cause is decided when they are released. */
struct effect_push {
    struct message message;
    struct address from;
    const struct push_type *type;
    int64_t seq;
    struct payload *body;
    struct session_ref except_session;
    struct id except_user;
};
struct effect_job {
    struct message message;
    struct job_request *request;
};
struct effect_send {
    struct message message;
    struct address from, to;
    struct id incarnation;
    uint64_t seq;
    uint16_t code;
    struct origin origin;
    struct caller caller;
    bool carried;
    struct buffer args;
};
struct effect_control {
    struct message message;
    struct address from;
    struct id sid, couple;
    enum control_what what;
    int error;
};
/** A due timer on its way to its actor. */
struct effect_timer {
    struct message message;
    struct address to;
    uint32_t id;
    int64_t due_ms;
};

/** Effects that wait for the record with this number; numbers are contiguous in the ring. */
struct pending {
    struct actor *actor;
    size_t bytes;
    struct message_list effects;
};

struct presence_session {
    struct session_ref session;
    struct principal who;
    bool live;
};
struct presence_user {
    struct id user;
    uint32_t sessions;
    int64_t last_seen_ms;
};
struct presence_entry {
    struct address address; /* first: see address_table.h */
    struct presence_session *sessions;
    uint32_t session_count, session_cap;
    struct presence_user *users;
    uint32_t user_count;
};

/** A kind's commands by their code. */
struct command_index {
    const struct command_type **types; /* NULL where there is none */
    uint32_t count;
};

struct outbox_pair;
struct timer_item {
    int64_t due_ms;  /* as in the actor's row */
    int64_t when_ms; /* to fire; later than due after a failure. 0: due_ms */
    struct address address;
    uint32_t id;
};

/** Gathered for another shard, which they reach from memory: each says where a later one is. */
struct outgoing {
    struct message_list list;
    struct message *recent[FETCH_AHEAD]; /* number n of the list at n % FETCH_AHEAD */
};

struct shard {
    struct shard_config config;
    const struct world *world;
    struct shard_edge edge;
    const struct kind *kinds[256];

    struct command_index commands[256]; /* by kind */
    struct address_table actors;
    struct actor_list lru, dirty;
    uint32_t actor_count, dirty_count;
    uint64_t overlay_bytes;
    struct partition_cache *partitions;

    struct message_queue local; /* to be run here */
    struct outgoing *remote;    /* by shard */
    struct buffer batch;
    uint64_t appended_number, next_number, durable_number;
    struct pending *ring; /* number n at (n % ring_cap), durable_number < n < next_number */
    uint64_t ring_cap;
    uint64_t undurable_bytes;
    struct lsn tail; /* of the log, as last told */
    struct lsn reported_low;

    struct flush *flush; /* under way; NULL: none */
    bool flush_submitted;
    uint64_t flush_number; /* wait for this one to be durable */
    int64_t flush_started_ms, low_reported_ms;
    struct lsn flush_started; /* the log's end then */

    struct address_table presence;
    struct outbox_pair *outbox;
    uint32_t outbox_busy; /* pairs that wait for a retry */
    struct timer_item *timers;
    uint32_t timer_count, timer_cap;
    int64_t timers_loaded_to_ms, started_ms;
    bool started, running;
    bool turn_open; /* now_ms is of this turn */
    bool behind;    /* more log to replay than allowed; since the last tick */

    int64_t now_ms; /* of this turn; never goes back */
    struct arena scratch;
    struct buffer payload; /* of the record that is being made */
    struct buffer encoded; /* one row, answer or push, before it goes where it stays */
    struct shard_stats stats;
};

/** What a step returns when the command waits for the actor's next event. */
#define RUN_STASHED 1

struct ctx {
    struct shard *shard;
    struct actor *actor;
    bool applying;
    int64_t now_ms;
    const struct origin *origin; /* never NULL */
    struct caller caller;
    struct address sender;
    struct bytes job_result;
    struct arena *arena;
    struct buffer *payload; /* entries staged so far */
    struct id born;         /* incarnation staged in this record, if it is the first */
    struct message_list effects;
    bool reliable;             /* a send of another actor: the answer goes into the receipt */
    bool replied, caller_gone; /* answered; answered, handed on or carried */
    bool key_taken;            /* by the chain that this is a step of */
    struct address carried_to; /* the send that the caller waits for; kind 0: none */
    uint64_t carried_seq;
    struct buffer result_array; /* of a reliable send */
    struct buffer answer;       /* of a keyed op, map shape */
    int64_t retry_ms;
    struct field_fault fault; /* last: not cleared */
};

/* actor.c */
struct actor *actor_get(struct shard *shard, struct address address);
void actor_put_away_idle(struct shard *shard);
/** Is there one to put away, or at least to look at? */
bool actor_some_idle(const struct shard *shard);
void actor_destroy(struct shard *shard, struct actor *actor);
const struct command_type *kind_command(const struct kind *kind, uint16_t code);
void actor_read_root(struct actor *actor, struct bytes value);
void actor_mark_dirty(struct shard *shard, struct actor *actor, uint64_t number, struct lsn lsn);

/* dispatch.c */
/** NULL when there is no such kind or command. */
static inline const struct command_type *shard_command_type(const struct shard *shard, uint8_t kind,
                                                            uint16_t code)
{
    const struct command_index *index = &shard->commands[kind];
    return code < index->count ? index->types[code] : NULL;
}
void shard_dispatch(struct shard *shard, struct message *message);
/** Puts it into this shard's queue; a command that finds its mailbox full is refused. */
void shard_enqueue(struct shard *shard, struct message *message);
void shard_send_message(struct shard *shard, uint16_t to, struct message *message);

/* run.c */
typedef int run_step(struct ctx *ctx, const void *argument);
/** Runs one step of an actor to its record and effects. 0, or why nothing happened. */
int run_actor(struct shard *shard, struct ctx *ctx, run_step *step, const void *argument);
/** `origin` outlives the ctx; NULL: of no request. Caller, sender and so on are none yet. */
void ctx_begin(struct ctx *ctx, struct shard *shard, struct actor *actor,
               const struct origin *origin);
void ctx_end(struct ctx *ctx);
void effects_after(struct shard *shard, uint64_t number, struct message_list *effects);
void effects_release(struct shard *shard, struct message_list *effects);
void shard_durable(struct shard *shard, const struct durable *durable);

/* apply.c */
/** Applies the entries of one record; a failure means that log and code do not fit: fatal. */
void apply_payload(struct ctx *ctx, struct bytes payload);

/* ctx.c */
/** Stages an entry of the runtime's own. */
void ctx_stage(struct ctx *ctx, enum entry_type type, const struct record_type *record,
               const void *value);

/* range.c: rows through the layers */
int actor_row_get(struct shard *shard, struct actor *actor, uint8_t collection, struct bytes key,
                  struct bytes *value);
void actor_row_set(struct shard *shard, struct actor *actor, uint8_t collection, struct bytes key,
                   const struct bytes *value);
void actor_range(struct shard *shard, struct actor *actor, uint8_t collection, struct bytes from,
                 struct bytes to, uint32_t limit, bool reverse, ctx_visitor *visit, void *context);

/* presence.c */
void presence_attach(struct shard *shard, struct attach *attach);
void presence_detach(struct shard *shard, struct detach *detach);
void presence_read(struct shard *shard, struct page *page);
void presence_go_live(struct shard *shard, struct address address, struct session_ref session);
/** Takes the push's body. */
void presence_push(struct shard *shard, struct effect_push *push);
void presence_control(struct shard *shard, const struct effect_control *control);
void presence_fini(struct shard *shard);

/* outbox.c */
void outbox_add(struct shard *shard, struct effect_send *send); /* takes it */
void outbox_ack(struct shard *shard, struct ack *ack);
void outbox_retry(struct shard *shard);
void outbox_load(struct shard *shard);
void outbox_fini(struct shard *shard);
void outbox_answer(struct shard *shard, const struct command *command, int error, bool busy,
                   struct bytes result, bool has_result, uint64_t after_number);
/** Is this reliable command the next one? Else it has been dealt with here. */
bool outbox_is_next(struct shard *shard, struct actor *actor, const struct command *command);
bool outbox_idle(const struct shard *shard);

/* timers.c */
void timers_add(struct shard *shard, struct timer_item item);
void timers_fire(struct shard *shard);
void timers_load(struct shard *shard);
void timers_dispatch(struct shard *shard, const struct effect_timer *due);
int64_t timers_next_ms(const struct shard *shard);

/* flush.c */
void flush_consider(struct shard *shard);
void flush_durable(struct shard *shard);
void flush_done(struct shard *shard, struct flush *flush);
bool flush_all(struct shard *shard);

#endif
