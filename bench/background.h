/**
 * The load behind a disturbance: couples chat at a fixed rate all the time while a crowd of other
 * clients does something, and what that does to the couples is measured phase by phase.
 *
 *   open ─► (begin) ─► enter phase ─► turns ─► enter phase ─► turns ─► … ─► drain ─► close
 *
 * Everything goes on in slices in one thread, so a phase is a loop of turns until its end.
 */
#ifndef BENCH_BACKGROUND_H
#define BENCH_BACKGROUND_H

#include "bench/chat.h"
#include "bench/crowd.h"

#define BACKGROUND_PHASES_MAX 8

struct background {
    /* The owner's, set before background_open. */
    void *owner;
    /** Shows progress; called every second. */
    void (*show)(const void *owner);
    /** Does what is due from time to time; called every 50 ms. NULL: nothing is. */
    void (*look)(void *owner, int64_t now_us);

    struct server server;
    struct chat_run *others;
    struct crowd crowd;
    struct tokens tokens;
    unsigned phase;   /* a number of the owner's, below BACKGROUND_PHASES_MAX */
    int64_t phase_us; /* when it began */
    struct histogram delivery[BACKGROUND_PHASES_MAX]; /* of the others */
    struct sample samples[BACKGROUND_PHASES_MAX];     /* at each phase's beginning */
    int64_t rss_peak;                                 /* 0: not known */
    int64_t sampled_us, looked_us, shown_us;
};

/** The options of the load, for a scenario's table; `chat_` is a struct chat_options. */
#define BACKGROUND_OPTIONS(chat_)                                                                  \
    OPTION_ROW("others", OPTION_INT, &(chat_).server.couples, 1, 100000,                           \
               "couples who chat all the time"),                                                   \
        OPTION_ROW("rate", OPTION_INT, &(chat_).rate, 1, 10000000, "their messages a second"),     \
        OPTION_ROW("bytes", OPTION_INT, &(chat_).bytes, CHAT_TEXT_BYTES_MIN, CHAT_TEXT_BYTES_MAX,  \
                   "length of a text")

/**
 * Starts the server of `options` with `clients` (an even number) users more than the couples need,
 * connects the couples, and makes the crowd. Users may be given a password. `options` outlives the
 * background. 0, or a code after printing why not; background_close either way.
 */
int background_open(struct background *background, const struct chat_options *options,
                    const char *password, size_t clients, const struct crowd_script *script);
void background_close(struct background *background);

/** The user of the crowd's client `index`. */
const struct token *background_token(const struct background *background, size_t index);

/** The couples begin to write; before that turns are for the crowd alone. */
void background_begin(struct background *background);
/** What is measured from now on is of this phase. The same one again begins it anew. */
void background_enter(struct background *background, unsigned phase);
/** One slice of everything; sleeps when nothing is to be done. */
void background_turn(struct background *background);
/** Whether the phase has lasted so long, or was interrupted. */
bool background_times_up(const struct background *background, int64_t us);
/** Turns until then. */
void background_run_for(struct background *background, int64_t us);

/**
 * The couples write no more: turns until all they wrote has arrived, and `is_settled` says the same
 * of the owner (NULL: nothing to ask), or for 20 s. Then what is missing is counted.
 */
void background_drain(struct background *background, bool (*is_settled)(const void *owner));

/** Whether the couples lost nothing, and nothing was doubled or out of order. */
bool background_is_good(const struct background *background);

/** Puts a phase of the couples into the report: <name>_messages, _p50_ms, _p99_ms and _max_ms. */
void background_put_phase(const struct background *background, json_t *report, unsigned phase,
                          const char *name);
/**
 * Puts the server's memory (server_rss_bytes_before, at the beginning of phase `before`; _peak;
 * _after, at the beginning of `after`), and whether the couples' p99 stayed below 100 ms in phase
 * `during`.
 */
void background_put_server(const struct background *background, json_t *report, unsigned before,
                           unsigned after, unsigned during);

#endif
