/**
 * Many clients that come at once, each by itself: it connects, asks one question (session.open, a
 * sign-in, …), and is in when that is answered. Who is refused comes back as a good client does:
 * after what the server's hint says, or else with growing pauses, both with jitter.
 *
 *   AWAY ──crowd_call──► WAITING ──due──► DIALLING ──101──► ASKING ──answer──► IN
 *    ▲                    ▲   ▲              │               │  ▲              │
 *    │                    │   └── refused ───┘               ▼  │ due          │ lost, or
 *    │                    └───────────── closed ────────── PAUSING             │ member_leave
 *    └─────────────────────────────────────────────────────────────────────────┘
 *   GAVE_UP: the server said that coming back is of no use
 *
 * Work is done in small slices, so that a caller can measure something else beside it in the same
 * thread. One thread.
 */
#ifndef BENCH_CROWD_H
#define BENCH_CROWD_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "bench/ws_dial.h"

#define CROWD_ASK_ID 1 /* of the question's request */

enum member_state {
    MEMBER_AWAY,
    MEMBER_WAITING,
    MEMBER_DIALLING,
    MEMBER_ASKING,
    MEMBER_PAUSING,
    MEMBER_IN,
    MEMBER_GAVE_UP
};

struct crowd;
struct member {
    struct ws_dial dial;
    enum member_state state;
    uint32_t source; /* see ws_dial_start */
    uint32_t tries;  /* since it was called */
    int64_t called_us, due_us;
    struct crowd *crowd;
    struct member *next; /* in one of the crowd's lists */
};

/** What the crowd's members do; each may append to member->dial.link.out. */
struct crowd_script {
    /** Appends the question, with request id CROWD_ASK_ID, as one masked frame. */
    void (*ask)(struct member *member);
    /** The answer: MessagePack. False: it has what it came for, and leaves (AWAY). */
    bool (*answered)(struct member *member, struct bytes result);
    /** A message while it is in. */
    void (*message)(struct member *member, struct bytes message);
    /** It was in, and its connection is gone; it is AWAY. */
    void (*lost)(struct member *member);
};

struct crowd_figures {
    uint64_t dials;
    uint64_t refused;   /* connections refused, reset, or not upgraded */
    uint64_t told_wait; /* answers that say to come back: BUSY, RATE_LIMITED, … */
    uint64_t closed;    /* connections closed before the answer */
    uint64_t gave_up;
    int first_error;           /* of an answer */
    uint16_t first_close_code; /* of `closed` */
};

struct member_list {
    struct member *first, **end;
};

struct crowd {
    struct tcp_target target;
    const struct crowd_script *script;
    uint32_t busy_max; /* dialling or asking at a time; 0: no bound */
    uint32_t busy;
    uint32_t in;
    int64_t now_us;   /* when the current event was received */
    int64_t woken_us; /* when who waits was last looked at */
    uint64_t random;
    struct member_list ready, waiting;
    struct crowd_figures figures;
};

/** Puts them into a report: connects, connects_refused, closed_before_answer, told_to_wait, … */
void crowd_put_figures(json_t *report, const struct crowd_figures *figures);

/** An empty crowd with an epoll of its own. 0, or a code after printing why not. */
int crowd_init(struct crowd *crowd, const char *host, uint16_t port,
               const struct crowd_script *script);
void crowd_fini(struct crowd *crowd);

/** Zeroed memory becomes a member that is away. */
void member_init(struct member *member, struct crowd *crowd, uint32_t source);
void member_fini(struct member *member);

/** It comes, as soon as the crowd's turns allow. Of one that is AWAY. */
void crowd_call(struct member *member);
/** Closes its connection at once, without a close frame, whatever it does. */
void member_leave(struct member *member);
/** Sends what was appended to its link. */
void member_flush(struct member *member);

/** One slice: some come, some events are handled; never waits. Whether there was anything. */
bool crowd_turn(struct crowd *crowd);

/** Waits until a descriptor of `others` (-1: none) or of the crowd has something, at most `us`. */
void crowd_sleep(const struct crowd *crowd, int others, int64_t us);

#endif
