/**
 * The `storm` scenario: everyone is cut off at once, and everyone comes back at once.
 *
 *   join ──► BEFORE ──► cut ─► OUTAGE ──► STORM: all reconnect and resume ──► AFTER ──► drain
 *
 * Three kinds of couples, and every message of them all is checked:
 *   others     not cut; they chat all the time at a fixed rate, and it is their delay that counts
 *   half cut   one partner stays and writes during the outage: something to replay
 *   whole cut  both write in the moment before the cut, and send again afterwards what was not
 *              answered: it must be there once, neither lost nor doubled
 */
#ifndef BENCH_STORM_H
#define BENCH_STORM_H

#include "bench/background.h"
#include "bench/session_ask.h"

struct storm_options {
    struct chat_options others;    /* with the server; couples: of the others */
    int64_t clients;               /* to be cut */
    int64_t halves;                /* couples of which one partner stays */
    int64_t missed;                /* messages that each who stays writes during the outage */
    int64_t before, outage, after; /* seconds */
    int64_t limit;                 /* seconds after which who has not come back is lost */
};

enum storm_phase { STORM_JOIN, STORM_BEFORE, STORM_OUTAGE, STORM_STORM, STORM_AFTER, STORM_DRAIN };

struct storm_run;
struct storm_client {
    struct member member; /* first, so that a member is its client */
    struct storm_run *run;
    struct storm_client *partner;
    const struct token *token;
    struct ledger ledger; /* of what it sends */
    struct view view;
    struct session_places places;
    uint64_t head; /* of the couple's stream when the session was opened */
    uint32_t couple, side;
    bool stays;
    bool was_in;      /* it resumes, and does not begin */
    bool live;        /* has everything up to `head` */
    int64_t again_us; /* when to send what was refused; 0: nothing */
};

struct storm_run {
    const struct storm_options *options;
    struct background background; /* its phases are of enum storm_phase */
    struct chat_template template;
    json_t *report;
    struct storm_client *clients;
    size_t client_count; /* those who are cut and those who stay */
    size_t cut_count;
    size_t live_count; /* of those who are cut */
    uint64_t no_base;
    uint64_t missed_sent;
    struct tally tally;
    uint64_t malformed, resets;
    uint64_t sent_again, repetitions; /* sent a second time; of these, there already */
    uint64_t replayed;                /* entries that came in a replay */
    uint64_t thrown_out;              /* connections lost that nobody cut */
    struct crowd_figures figures;     /* of the storm */
    struct histogram resumed;         /* µs from the storm's beginning */
    int64_t resumed_all_us;           /* 0: not all */
    char limit_note[160]; /* why there are fewer clients than asked for; "": there are not */
};

extern const struct crowd_script storm_script;

/** Appends one more message to the client's link; flush it. */
void storm_client_write(struct storm_client *client);
/** Sends again what was refused, if it is time. */
void storm_client_retry(struct storm_client *client, int64_t now_us);

/** Whether nothing was lost, doubled or out of order, and everyone came back. */
bool storm_is_good(const struct storm_run *run);
void storm_report(const struct storm_run *run);

int storm_main(int argc, char **argv);

#endif
