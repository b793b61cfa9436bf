/**
 * What a feature is written against: the kind of an actor, and the context it acts through.
 *
 * A kind is one const struct. Its handlers read state and stage events; its apply changes state.
 * One command is one log record: everything a handler staged is appended and applied together when
 * it returns 0, and nothing of it happened when it returns an error. No effect (reply, push, tell,
 * send, job) leaves before the record, and everything the handler saw, is durable.
 *
 * All functions here run on the shard thread that owns the actor, inside a handler or an apply.
 * Pointers given to the ctx are copied; pointers it returns live until the handler returns.
 * Nothing here blocks.
 */
#ifndef RUNTIME_ACTOR_H
#define RUNTIME_ACTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ids.h"
#include "wire/op.h"
#include "wire/record.h"

struct ctx;

/** Collections are ordered tables of one actor. Codes are the kind's own, 1 to 199; ≥ 200 ours. */
typedef uint8_t collection;
#define COLLECTION_KEY_MAX 400

/** The answer to a ctx_send: arrives as an event of its own, exactly once. */
struct outcome {
    struct address to;
    uint16_t code;      /* of the command that was sent */
    int error;          /* 0, or what the receiver refused with */
    const void *result; /* struct of the command's declared result; NULL unless error is 0 and
                           the receiver replied */
    const void *args;   /* struct of the args that were sent */
};

struct kind {
    uint8_t code; /* stable for ever: first byte of the address */
    const char *name;
    uint16_t state_version;

    /** The root: fixed-size fields only (no TEXT, BYTES, LIST, RECORD). All zero at birth. */
    const struct record_type *root;

    const struct op *const *ops; /* commands for clients … */
    uint32_t op_count;
    const struct command_type *commands; /* … and from other actors or jobs */
    uint32_t command_count;
    const struct event_type *const *events;
    uint32_t event_count;
    const struct push_type *const *pushes; /* what it pushes to sessions, for the documents */
    uint32_t push_count;

    /**
     * Changes state (the root struct) by one event. Total and deterministic: the same events give
     * the same state byte for byte; reads only `state`, collections and ctx_now_ms (the time of
     * the record). May use ctx_get, ctx_range, ctx_put, ctx_delete, ctx_clear.
     */
    void (*apply)(struct ctx *ctx, void *state, const struct event_type *type, const void *body);

    /** A ctx_send of this actor was answered. As a handler; the caller is whoever carried on. */
    int (*outcome)(struct ctx *ctx, const void *state, const struct outcome *outcome);

    /** A durable timer fired; firing has removed it. `late`: it was due while the server was down.
     */
    int (*timer)(struct ctx *ctx, const void *state, uint32_t timer_id, bool late);

    /**
     * A durable stream that sessions may follow; NULL topic: none. Entries live in one collection,
     * keyed by ctx_key_u64(seq).
     */
    struct {
        const char *topic;
        /** Head and epoch now; returns false when there is no stream (actor not born). */
        bool (*head)(struct ctx *ctx, const void *state, struct id *epoch, int64_t *head);
        /** Appends the push body ({epoch, seq, type, at, data}) of entry `seq`. 0 or ERR_NOT_FOUND.
         */
        int (*entry)(struct ctx *ctx, const void *state, int64_t seq, struct buffer *body);
        /** May this session follow? Also asked when it attaches. 0 or the refusal. */
        int (*admit)(struct ctx *ctx, const void *state, const struct principal *who);
        /** A session came or went (volatile; may push, and may stage events). NULL: not needed. */
        int (*presence)(struct ctx *ctx, const void *state, const struct principal *who, bool came);
    } stream;
};

/* --- reading ------------------------------------------------------------------------------ */

/** Milliseconds UTC: when the command runs; in apply, when it ran. */
int64_t ctx_now_ms(const struct ctx *ctx);
/** Cryptographic randomness. Not in apply. */
void ctx_random(struct ctx *ctx, void *out, size_t len);
struct id ctx_random_id(struct ctx *ctx);
/** This actor. */
struct address ctx_self(const struct ctx *ctx);
/** Which actor sent this command; kind 0 when it came from an edge, a timer or a job. */
struct address ctx_sender(const struct ctx *ctx);
/** On whose behalf: all zero when not from a session. */
const struct principal *ctx_principal(const struct ctx *ctx);
/** Hash of the caller's idempotency key, for ops that are keyed_by_actor; zero: there is none. */
struct id ctx_request_key(const struct ctx *ctx);
/** Memory of this command. */
struct arena *ctx_arena(struct ctx *ctx);

/** A row's value, or ERR_NOT_FOUND. In apply the view ends when that row is put or deleted. */
int ctx_get(struct ctx *ctx, collection table, struct bytes key, struct bytes *value);
/** A row declared as a record (array shape), into `out` (type->size bytes). ERR_NOT_FOUND. */
int ctx_get_row(struct ctx *ctx, collection table, struct bytes key, const struct record_type *type,
                void *out);
/** Return false to stop. Must not change rows of the actor: collect first, change afterwards. */
typedef bool ctx_visitor(void *context, struct bytes key, struct bytes value);
/**
 * Visits at most `limit` rows with from <= key < to (empty `to`: to the end of the collection),
 * ascending, or descending when `reverse`.
 */
void ctx_range(struct ctx *ctx, collection table, struct bytes from, struct bytes to,
               uint32_t limit, bool reverse, ctx_visitor *visit, void *context);
/** Big-endian key of a number, in the command's memory: order of keys is order of numbers. */
struct bytes ctx_key_u64(struct ctx *ctx, uint64_t number);
/** Decodes a row value in a visitor, as ctx_get_row does. 0 or ERR_CORRUPT. */
int ctx_decode_row(struct ctx *ctx, struct bytes value, const struct record_type *type, void *out);

/* --- volatile facts, from the presence table ----------------------------------------------- */

struct presence {
    uint32_t sessions;    /* of this user, subscribed to this actor */
    int64_t last_seen_ms; /* when the last one went; 0: not since the server started */
};
struct presence ctx_presence(struct ctx *ctx, struct id user);

/* --- deciding (handlers, outcome, timer; not in apply) ---------------------------------------- */

/** Stages an event. Applied, in order, when the handler has returned 0. */
void ctx_emit(struct ctx *ctx, const struct event_type *type, const void *body);

/** Answers the caller. `type` must be the command's declared result. At most once. */
void ctx_reply(struct ctx *ctx, const struct record_type *type, const void *result);
/** Answers the carried caller (see ctx_send, ctx_job) with an error from an outcome or job. */
void ctx_reply_error(struct ctx *ctx, int error);
/** Adds the field's name to the error that the handler is about to return. Returns `error`. */
int ctx_refuse_field(struct ctx *ctx, int error, const char *field, const char *reason);
/** … or a hint when to come back. Returns `error`. */
int ctx_refuse_retry(struct ctx *ctx, int error, int64_t retry_ms);

/** Best effort: lost in a crash, refused when the mailbox is full. */
void ctx_tell(struct ctx *ctx, struct address to, uint16_t code, const struct record_type *type,
              const void *args);
/** As ctx_tell, and hands the caller over: the receiver answers it. */
void ctx_forward(struct ctx *ctx, struct address to, uint16_t code, const struct record_type *type,
                 const void *args);

/**
 * Reliable: part of this command's record, delivered exactly once and in order per receiver,
 * through crashes of either side, and answered by kind->outcome. With `carry_caller` the caller
 * waits: it is the caller again when the outcome arrives (unless it is gone by then).
 */
void ctx_send(struct ctx *ctx, struct address to, uint16_t code, const struct record_type *type,
              const void *args, bool carry_caller);

/** Durable: at `due_ms` kind->timer runs. Setting an id again moves it. */
void ctx_timer_set(struct ctx *ctx, uint32_t timer_id, int64_t due_ms);
void ctx_timer_clear(struct ctx *ctx, uint32_t timer_id);

/**
 * Work too long for a loop, on another thread; volatile. When it is done, command `then` of this
 * actor runs with `args` and ctx_job_result, and with the caller carried along.
 * When too many wait, the caller gets RATE_LIMITED and `then` never runs.
 */
enum job {
    JOB_HASH_PASSWORD, /* input: the password → Argon2id string (text) */
    JOB_VERIFY_PASSWORD /* input: u32 length ∥ Argon2id string ∥ password → 1 byte, 1 if right, and
                           a second one, 1 if the parameters are out of date; then, if both, a
                           fresh Argon2id string. An empty string verifies against a dummy, to
                           cost the same time */
};
void ctx_job(struct ctx *ctx, enum job job, struct bytes input, uint16_t then,
             const struct record_type *type, const void *args);
/** In `then`: what the job produced. */
struct bytes ctx_job_result(const struct ctx *ctx);

/**
 * Puts this command back until the actor's next event, and returns what the handler must return.
 * For a command that cannot be decided while another chain is under way.
 */
int ctx_stash(struct ctx *ctx);

/** Pushes a durable entry: `seq` was just staged into the stream. Not to the caller's session. */
void ctx_push_entry(struct ctx *ctx, const struct push_type *type, struct id epoch, int64_t seq,
                    const void *data);
/** … to the caller's session too: for an entry whose place the answer does not tell. */
void ctx_push_entry_to_all(struct ctx *ctx, const struct push_type *type, struct id epoch,
                           int64_t seq, const void *data);
/** Pushes a volatile body to sessions subscribed here, except those of user `except` (or zero). */
void ctx_push_volatile(struct ctx *ctx, const struct push_type *type, const void *data,
                       struct id except);

/** Sessions subscribed here are told that their user's couple is now this (or none: zero id). */
void ctx_set_couple(struct ctx *ctx, struct id couple);
/** Ends sessions subscribed here: the one with this sid, or all when zero. */
void ctx_close_sessions(struct ctx *ctx, struct id sid, int error);

/** How long a session lives after its last refresh. Configuration: put what follows into events. */
int64_t ctx_refresh_life_ms(const struct ctx *ctx);
/** Signs an access token for a session; `out` has room for TOKEN_TEXT_MAX. Returns its expiry. */
int64_t ctx_sign_access(struct ctx *ctx, struct id user, struct id sid, struct id device,
                        char *out);

/* --- changing (apply only) ------------------------------------------------------------------- */

void ctx_put(struct ctx *ctx, collection table, struct bytes key, struct bytes value);
void ctx_put_row(struct ctx *ctx, collection table, struct bytes key,
                 const struct record_type *type, const void *row);
void ctx_delete(struct ctx *ctx, collection table, struct bytes key);
/** Removes every row of a collection. */
void ctx_clear(struct ctx *ctx, collection table);

#endif
