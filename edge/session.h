/**
 * The session protocol: what a signed-in device says over one connection, whatever carries it.
 *
 * A table holds the sessions of one shard. It decodes requests by the declared ops, hands them to
 * actors as commands, and turns replies, pushes and stream pages back into messages. It knows
 * neither sockets nor loops: ws.c carries it in production, the simulator carries it in memory.
 * All functions: the shard's thread. Nothing blocks.
 *
 *     connected ──session.open──▶ opening ──streams answered──▶ open
 *         │ ▲───────refused──────────┘                           │
 *         └──────────── close, in any state ──▶ closing ◀────────┘
 *                                                  └──session_disconnected──▶ gone
 */
#ifndef EDGE_SESSION_H
#define EDGE_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ids.h"
#include "runtime/actor.h"
#include "runtime/shard.h"
#include "wire/frame.h"
#include "wire/registry.h"
#include "wire/token.h"

/**
 * What carries a session. Its functions never call back into the session. It need not bound what
 * it takes: the session closes with SLOW_READER when more than the bound is pending.
 */
struct transport {
    void *self;
    /**
     * Takes one whole message, given as two runs of bytes of which `rest` may be empty (copies
     * them); it leaves no later than the end of the loop's turn.
     */
    void (*send)(void *self, struct bytes head, struct bytes rest);
    /** Bytes taken by send and not yet handed to the network. */
    size_t (*pending)(void *self);
    /**
     * Sends what is pending, then a close frame, and ends the connection. Called at most once;
     * session_disconnected follows in any case, later.
     */
    void (*close)(void *self, int code, const char *reason);
    /*
     * Instead of `send` for SUBPROTOCOL_VALUES, where the carrier has a form of its own for what a
     * session says. Values are one MessagePack value each, or empty for none; borrowed. `id` is
     * that of session_request or session_start. `push` may be NULL where nothing is followed.
     */
    void (*result)(void *self, uint32_t id, struct bytes result);
    void (*error)(void *self, uint32_t id, const struct rpc_error *error);
    void (*push)(void *self, const char *topic, struct bytes body);
};

/** VALUES: no messages either way; see session_start and session_request. */
enum subprotocol { SUBPROTOCOL_MSGPACK, SUBPROTOCOL_JSON, SUBPROTOCOL_VALUES };

struct session_limits {
    uint32_t requests_max;      /* in flight per session; default 1,024 */
    uint32_t sessions_max;      /* per shard; default 262,144 */
    int64_t open_within_ms;     /* default 5,000 */
    int64_t heartbeat_ms;       /* as told in hello; default 60,000 */
    size_t pending_bytes_max;   /* of transport->pending; beyond, SLOW_READER; default 1 MiB */
    uint32_t page_entries_max;  /* of one page of a stream; default 128 */
    uint32_t page_bytes_max;    /* default 32 KiB */
    uint32_t costly_per_minute; /* COSTLY ops per connection; default 60, burst the same */
    uint32_t costly_per_minute_address; /* … per remote address; default 600, burst the same */
};
void session_limits_defaults(struct session_limits *limits);

struct session_config {
    struct shard *shard;
    uint16_t shard_index;
    const struct registry *registry; /* with session_op_table (edge/session_ops.h) in it */
    const struct kind *const *kinds; /* as the shard's: user and couple are looked up in it */
    uint32_t kind_count;
    const struct token_key *key;    /* borrowed */
    struct id node;                 /* told in hello */
    const char *version;            /* told in hello; borrowed */
    int64_t (*now_ms)(void *clock); /* milliseconds UTC */
    void *clock;
    struct session_limits limits;
};

struct session_table;
struct session;

/** Becomes the shard's edge (shard_set_edge). Copies the config. */
struct session_table *session_table_create(const struct session_config *config);
/** All sessions must be disconnected, or are dropped without a word to their transports. */
void session_table_destroy(struct session_table *table);

/**
 * Deadlines: closes sessions that were not opened in time, and those whose sign-in ended. Call
 * about every 100 ms; bounded work.
 */
void session_table_tick(struct session_table *table);

/** Closes all sessions with this error's close code. */
void session_table_close_all(struct session_table *table, int error);

/** Connections in the table. Any thread. */
uint64_t session_table_count(const struct session_table *table);

/**
 * A connection came: sends hello. `remote` (any bytes, may be empty) tells peers apart for rate
 * limits. NULL when sessions_max is reached: the carrier closes with BUSY.
 */
struct session *session_connect(struct session_table *table, enum subprotocol subprotocol,
                                struct bytes remote, const struct transport *transport);

/** Where a session goes on in a stream. */
struct session_cursor {
    bool given; /* else at the head */
    struct id epoch;
    int64_t after;
};

/**
 * Opens a session of SUBPROTOCOL_VALUES for whom a verified token names. `follows`: bits 1 <<
 * enum stream_name of the streams that are pushed; `cursors`: STREAM_COUNT of them, or NULL.
 * Revocation and the couple reach it in any case. The answer is session.open's, as result or error
 * of `id`. Once per session.
 */
void session_start(struct session *session, uint32_t id, const struct token_claims *claims,
                   unsigned follows, const struct session_cursor *cursors);

/**
 * One request to a session of SUBPROTOCOL_VALUES; `op` is request->op's. The answer comes as
 * result or error of request->id, perhaps before this returns.
 */
void session_request(struct session *session, const struct op *op,
                     const struct rpc_request *request);

/** One whole message came. May send and close; the session stays until session_disconnected. */
void session_receive(struct session *session, struct bytes message);

/**
 * Bytes left the transport: call after a flush that ended with nothing pending, and whenever a
 * backed-up transport wrote some. Cheap when the session waits for nothing. May send.
 */
void session_writable(struct session *session);

/** The connection is gone; so is the session. */
void session_disconnected(struct session *session);

/** How the shard knows it. */
struct session_ref session_ref(const struct session *session);

#endif
