/**
 * What the files of the session protocol share: session.c (table, life), session_request.c (what
 * clients ask), session_open.c (opening, renewing), session_stream.c (streams and pushes).
 */
#ifndef EDGE_SESSION_INTERNAL_H
#define EDGE_SESSION_INTERNAL_H

#include <stdatomic.h>

#include "edge/bucket.h"
#include "edge/requests.h"
#include "edge/session.h"
#include "edge/session_ops.h"
#include "wire/frame.h"
#include "wire/session_records.h"

#define HELD_MAX 8                       /* volatile pushes kept for a backed-up transport */
#define OPEN_FAILURES_MAX 5              /* then the connection is closed */
#define PAGE_PENDING_BYTES_MAX (1 << 16) /* above, the next page waits for the transport */
#define RETRY_BUSY_MS 100
#define RETRY_CLOSE_MS 1000
#define RECHECK_EVERY_MS 10000 /* how soon to ask again after a family's end was not settled */

enum session_state { SESSION_CONNECTED, SESSION_OPENING, SESSION_OPEN, SESSION_CLOSING };

/*
 *     off ──attach──▶ attaching ──attached──▶ attached ──read──▶ paging ──live page──▶ live
 *      ▲                  │                                       │  ▲
 *      └──────refused─────┘                          transport full  drained
 *                                                                 ▼  │
 *                                                                paused
 */
enum stream_state {
    STREAM_OFF,
    STREAM_ATTACHING,
    STREAM_ATTACHED,
    STREAM_PAGING,
    STREAM_PAUSED,
    STREAM_LIVE
};

/** A stream that the session follows. Pushes are sent only when live; pages bring it there. */
struct session_stream {
    enum stream_state state;
    struct address address;
    int64_t after; /* seq of the last entry sent */
};

/** What is known while session.open is under way. */
struct session_opening {
    uint32_t request;
    struct principal who;
    int error; /* the first that came */
    int64_t retry_ms;
    bool alive; /* session_attach was answered */
    int64_t family_ends_ms;
    struct session_cursor cursors[STREAM_COUNT];
    struct stream_position positions[STREAM_COUNT];
};

struct held_push {
    const struct push_type *type;
    struct address from;
    struct payload *body;
};
struct held_pushes {
    uint32_t count;
    struct held_push items[HELD_MAX];
};

struct session {
    struct session_table *table;
    struct session_ref ref;
    struct transport transport;
    enum subprotocol subprotocol;
    enum session_state state;
    struct principal principal;
    struct session_stream streams[STREAM_COUNT];
    unsigned follows; /* bits of the streams that are pushed */
    struct requests requests;
    struct session_opening *opening; /* while opening */
    struct held_pushes *held;        /* while the transport is backed up */
    struct bucket costly;
    struct bucket *costly_address;
    int64_t deadline_ms; /* connected: to open; open: end of the sign-in's family */
    struct session *previous_waiting, *next_waiting; /* not yet open, oldest first */
    uint8_t open_failures;
    bool rechecking;
    bool couple_changed; /* while opening: principal.couple is to become next_couple */
    struct id next_couple;
};

struct session_slot {
    struct session *session; /* NULL: free */
    uint32_t generation;     /* of the session, or of the next one */
    uint32_t next_free;
};

struct session_table {
    struct session_config config;
    const struct kind *stream_kinds[STREAM_COUNT];
    const struct command_type *attach_command;
    struct session_slot *slots;
    uint32_t slot_count;
    uint32_t free_head; /* UINT32_MAX: none */
    uint32_t scan_at;
    struct session *oldest_waiting, *newest_waiting;
    struct buffer scratch; /* of one outgoing message */
    struct buffer body;    /* of one outgoing body */
    struct bucket_table addresses;
    atomic_uint_fast64_t count; /* relaxed: a figure for operators */
};

/* session.c */
int64_t session_now_ms(const struct session_table *table);
/** NULL when it is gone or closing. */
struct session *session_find(struct session_table *table, struct session_ref ref);
void session_send_result(struct session *session, uint32_t id, struct bytes result);
void session_send_record(struct session *session, uint32_t id, const struct record_type *type,
                         const void *result);
void session_send_error(struct session *session, uint32_t id, const struct rpc_error *error);
void session_send_push(struct session *session, const char *topic, struct bytes body);
/** Lets go of everything and closes with the error's close code; repeated calls do nothing. */
void session_close(struct session *session, int error);
void session_close_code(struct session *session, int code, const char *reason);
/** Leaves the list of those that have to open. */
void session_stop_waiting(struct session *session);

/* session_open.c */
void session_open(struct session *session, const struct rpc_request *request,
                  const struct session_open_args *args);
void session_renew(struct session *session, const struct rpc_request *request,
                   const struct session_renew_args *args);
/** Does the session want what is said in this stream, and not only to be told of its changes? */
static inline bool session_follows(const struct session *session, enum stream_name name)
{
    return (session->follows & (1u << name)) != 0;
}
/** Asks the user actor whether the sign-in lives on, now that its family's end has come. */
void session_recheck(struct session *session);
/** session_attach was answered: the one of session.open, or of a recheck. */
void session_open_attach_done(struct session *session, const struct reply *reply);
void session_recheck_done(struct session *session, const struct reply *reply);
/** Keeps the first error. */
void session_open_note(struct session_opening *opening, int error, int64_t retry_ms);
/** A stream was answered, or the attach: goes on when nothing is outstanding. */
void session_open_continue(struct session *session);
void session_opening_free(struct session *session);

/* session_stream.c */
void session_stream_attach(struct session *session, enum stream_name name, struct id id,
                           const struct principal *who);
void session_stream_detach(struct session *session, enum stream_name name);
/** Reads on after stream->after, now or when the transport has drained. */
void session_stream_read(struct session *session, struct session_stream *stream);
void session_set_couple(struct session *session, struct id couple);
void session_held_free(struct session *session);
void session_attached(struct session_table *table, const struct attached *attached);
void session_page(struct session_table *table, const struct page_result *page);
void session_push(struct session_table *table, const struct push *push);
void session_control(struct session_table *table, const struct control *control);

#endif
