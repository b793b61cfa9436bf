/**
 * A simulated device: a person's installation that signs up or in, opens a session, does what it is
 * told, tries again whatever was not answered, and checks everything that it is told.
 *
 *     offline ──connect──▶ connecting ──hello──▶ signing in ──tokens──▶ opening ──▶ ready
 *        ▲                                                                            │
 *        └───────────────────────── closed, cut, crash ◀──────────────────────────────┘
 *
 * Between connections it keeps what a careful client keeps: tokens, cursors, the numbers of its
 * messages, and the tasks that were not answered.
 */
#ifndef TESTS_SIMULATION_DEVICE_H
#define TESTS_SIMULATION_DEVICE_H

#include "tests/simulation/ledger.h"
#include "tests/simulation/machine.h"
#include "tests/simulation/net.h"
#include "wire/frame.h"

struct account {
    char email[48], password[48], nickname[16];
    bool has_nickname;
    bool exists; /* some device was told so */
    struct id user;
};

enum task_kind {
    TASK_INVITE,
    TASK_MATCH,
    TASK_LEAVE,
    TASK_SEND,
    TASK_READ,
    TASK_HISTORY,
    TASK_INFO,
    TASK_TYPING,
    TASK_PING,
    TASK_SIGNOUT,
    TASK_RENAME,
    TASK_KIND_COUNT
};

/** Something the device wants done; it asks until it is answered for good. */
struct task {
    struct task *next;
    enum task_kind kind;
    bool done;
    int error;        /* when done */
    uint32_t request; /* in flight under this id; 0: not */
    int64_t retry_at_ms;
    char key[24];     /* idempotency key, the same for every try */
    struct id couple; /* in which it was meant; of MATCH: the result */
    struct id partner;
    int64_t no, number, limit; /* of SEND; up_to of READ; before or after of HISTORY */
    bool after;
    char text[64]; /* of SEND; the code of INVITE and MATCH; the nickname */
    uint32_t tries;
    uint32_t repeat; /* of SEND: the text so many times over; 0: once */
    bool once;       /* not asked again when the answer is lost */
};

/** What the device has seen of a stream. */
struct view {
    bool known;
    struct id epoch, couple;
    int64_t cursor; /* everything up to here */
    int64_t *own;   /* entries that it made itself, and knows from their answers */
    uint32_t own_count;
};

enum device_phase {
    DEVICE_OFFLINE,
    DEVICE_CONNECTING,
    DEVICE_SIGNING_IN,
    DEVICE_OPENING,
    DEVICE_READY
};

enum { VIEW_USER, VIEW_COUPLE, VIEW_COUNT };

struct device {
    struct machine *machine;
    struct ledger *ledger;
    struct account *account;
    struct sim_random random;
    struct id id;
    char name[16];
    enum device_phase phase;
    bool wants_online, leaves_at_once, signed_out;
    struct connection *connection;
    uint64_t connect_number; /* of the attempt that counts */
    uint32_t next_request, phase_request;
    bool has_tokens;
    char access_token[TOKEN_TEXT_MAX], refresh_token[REFRESH_TOKEN_CHARS + 1];
    int64_t access_expires_ms;
    struct view views[VIEW_COUNT];
    struct id couple;      /* zero: not paired, as far as it knows */
    int64_t opened_at_seq; /* head of the user's stream when the session was opened */
    int64_t next_no;
    struct task *tasks, *last_task;
    struct buffer out;
    uint64_t acked, dups, repeats, drops, closes; /* `closes`: by the node */
};

void device_init(struct device *device, struct machine *machine, struct ledger *ledger,
                 struct account *account, const char *name);
void device_fini(struct device *device);

void device_online(struct device *device);
/** Breaks the connection, if there is one, and stays away. */
void device_offline(struct device *device);
/** Breaks the connection; comes back by itself. */
void device_drop(struct device *device);

/** A task is the device's; it lives as long. */
struct task *device_invite(struct device *device);
struct task *device_match(struct device *device, const char *code);
struct task *device_leave(struct device *device);
struct task *device_say(struct device *device, const char *text);
struct task *device_read(struct device *device, int64_t up_to);
struct task *device_history(struct device *device, bool after, int64_t number, int64_t limit);
struct task *device_do(struct device *device, enum task_kind kind);

/** Another nickname; an empty one clears it. */
struct task *device_rename(struct device *device, const char *nickname);

/** Nothing is left to be answered. */
bool device_is_done(const struct device *device);

/* --- between the device's files --- */

/** Sends what waits, if the session is open. */
void device_pump(struct device *device);
void device_retry_later(struct device *device, int64_t after_ms);
/** tasks.c */
void task_answered(struct device *device, const struct rpc_incoming *answer);
void task_request(struct device *device, struct task *task);
/** views.c */
void view_pushed(struct device *device, int which, struct bytes body);
void view_own(struct device *device, int which, struct id epoch, int64_t seq);
void view_opened(struct device *device, int which, struct id epoch, int64_t head, bool reset);
void device_couple_gone(struct device *device);
/** Decodes a result or data; fails the run when it is not what was declared. */
void device_decode(struct device *device, const struct record_type *type, struct bytes in,
                   struct arena *arena, void *out);

#endif
