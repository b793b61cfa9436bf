/**
 * A simulated node: all shards, log writer, state writer, timers, jobs and sessions as steps of one
 * thread, under virtual time, driven by one seed.
 *
 * It fills the seam (runtime/world.h) with fakes that promise exactly what the real ones promise:
 * messages are in order per pair of shards and otherwise late at will; a batch is durable when its
 * commit happens, not before; a read sees the state as of the shard's last refresh. crash() drops
 * everything else at any step; the restart recovers like the real node does.
 */
#ifndef TESTS_SIMULATION_MACHINE_H
#define TESTS_SIMULATION_MACHINE_H

#include "edge/session.h"
#include "runtime/shard.h"
#include "runtime/world.h"
#include "tests/simulation/random.h"
#include "tests/simulation/store.h"

#define SHARDS_MAX 4
/* Who posts to a shard: another shard, the log writer or the state writer. */
#define FROM_LOG_WRITER SHARDS_MAX
#define FROM_STATE_WRITER (SHARDS_MAX + 1)
#define SENDERS (SHARDS_MAX + 2)

struct machine;
typedef void event_handler(struct machine *machine, void *subject, uint64_t number);

struct event {
    int64_t at_us;
    uint64_t order; /* of equal times: as scheduled */
    uint64_t life;  /* of the node; 0: outlives it */
    event_handler *handle;
    void *subject;
    uint64_t number;
};

/** How rough the world is. */
struct weather {
    uint16_t shards;                            /* at most; a restart may choose fewer */
    int64_t post_us, commit_us, job_us, net_us; /* longest delays */
    uint32_t mailbox_max, inbox_max, awake_max, jobs_max;
    int64_t idle_ms, flush_age_ms, access_ms;
    uint64_t replay_max, undurable_bytes_max, overlay_bytes_max;
    struct session_limits limits;
    bool steady; /* turns end at once, jobs succeed, recovery does not flush: for counting */
};

struct posted; /* one world->post on its way */
struct channel {
    struct posted *head, *tail;
    int64_t last_us;
};

struct batches {
    struct buffer *buffers;
    uint32_t count;
    uint64_t first, records;
};

struct lane {
    struct shard *shard;
    struct session_table *sessions;
    uint64_t snapshot; /* version that reads see; UINT64_MAX: none held, the next read takes one */
    int64_t tick_due_ms;  /* 0: not armed */
    uint64_t tick_number; /* of the tick that counts; others are void */
    bool turn_open;
    struct channel channels[SENDERS];
    struct batches waiting, taken;
    struct lsn low;
    struct message_list recovered; /* flushes that were committed during recovery */
};

struct machine {
    struct sim_random random;
    struct weather weather;
    int64_t now_us;
    int64_t clock_error_ms; /* what the node's clock is ahead by; it may be set, also back */
    struct store *store;
    struct world world;
    uint16_t shard_count;
    struct lane lanes[SHARDS_MAX];
    bool up, recovering;
    bool rebuilding; /* from another machine's log */
    uint64_t life;

    struct event *events; /* heap by time, then order */
    uint32_t event_count, event_cap;
    uint64_t next_order;

    bool log_busy, state_busy;
    int64_t tail_told_us;
    uint64_t commits_told; /* log commits so far; tells whether there was one since */
    struct message_list flushes, flushing;
    struct lsn checkpoint;
    struct job_request **jobs;
    uint32_t job_count;

    bool full; /* no room for writes */
    struct registry *registry;
    struct token_key key;
    struct connection *connections; /* all of the run, newest first; see net.h */

    /* the crash to come */
    bool armed, crash_after, crash_due;
    uint64_t crash_commit; /* which commit from now on, of log or state; UINT64_MAX: none */
    uint64_t crash_step;   /* which step from now on; UINT64_MAX: none */
    int64_t restart_after_us;
    uint32_t crash_again_one_in; /* a restart plans another crash once in so many; 0: never */
    uint32_t lose_state_one_in;  /* … finds the state deleted */

    uint64_t commits, crashes, steps, armed_commits, armed_steps;
    uint64_t timers_fired, evictions, busy, resends, replayed, lost_records;
};

/** Mild weather, 2 shards. */
void weather_defaults(struct weather *weather);

void machine_init(struct machine *machine, uint64_t seed, const struct weather *weather);
void machine_fini(struct machine *machine);

/** Recovers and starts with so many shards. The node is down. */
void machine_start(struct machine *machine, uint16_t shards);
/** Everything volatile is gone at once. Connections break. */
void machine_crash(struct machine *machine);
/** Runs the next step. False: nothing is scheduled. A crash that is due happens after it. */
bool machine_step(struct machine *machine);
/** From here on, commits and steps are counted for the crash to come. */
void machine_arm(struct machine *machine, uint64_t commit, bool after, uint64_t step);

/** `after_us` from now. `life` events are void after a crash. */
void machine_schedule(struct machine *machine, int64_t after_us, event_handler *handle,
                      void *subject, uint64_t number);
void machine_schedule_life(struct machine *machine, int64_t after_us, event_handler *handle,
                           void *subject, uint64_t number);

int64_t machine_now_ms(const struct machine *machine);
/** … as the node's clock says. */
int64_t machine_clock_ms(const struct machine *machine);
/** Everything is durable, delivered and answered inside the node. */
bool machine_is_quiet(const struct machine *machine);
/** Runs until all state is flushed; the node must be up. False: it could not be. */
bool machine_flush(struct machine *machine);
/** Rebuilds the state from the whole log into a new store, with so many shards. */
struct store *machine_rebuild(struct machine *machine, uint16_t shards);

/* --- between the files of the machine --- */

/** After anything ran on a shard: its turn ends, now or a little later. */
void lane_ran(struct machine *machine, uint16_t lane);
void machine_post(struct machine *machine, uint16_t from, uint16_t to,
                  struct message_list *messages);
void world_fill(struct machine *machine);
void world_drop(struct machine *machine);
/* writers.c */
void writers_append(struct machine *machine, uint16_t lane, struct buffer *records, uint64_t first,
                    uint64_t count);
void writers_flush(struct machine *machine, struct flush *flush);
void writers_drop(struct machine *machine);
bool writers_idle(const struct machine *machine);
void writers_read_checkpoint(struct machine *machine);
/* recovery.c */
void recovery_run(struct machine *machine);
/* net.c */
void net_break_all(struct machine *machine);
void net_fini(struct machine *machine);

#endif
