/**
 * What travels between shards, the edge, the writers and actors. A message has one owner at a
 * time; handing it over transfers ownership.
 */
#ifndef RUNTIME_MESSAGE_H
#define RUNTIME_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ids.h"
#include "runtime/payload.h"
#include "wire/codec.h"
#include "wire/op.h"

/** A session on some shard's edge. generation 0: none. Stale ones are recognised and ignored. */
struct session_ref {
    uint16_t shard;
    uint32_t slot;
    uint32_t generation;
};

static inline bool session_ref_equal(struct session_ref a, struct session_ref b)
{
    return a.shard == b.shard && a.slot == b.slot && a.generation == b.generation;
}

/** Who waits for an answer; `session.generation` 0: nobody. */
struct caller {
    struct session_ref session;
    uint32_t request; /* the client's id */
};

enum message_type {
    /* to the shard that owns an actor */
    MESSAGE_COMMAND,
    MESSAGE_ACK,    /* answer to a reliable send */
    MESSAGE_ATTACH, /* a session follows an actor's stream */
    MESSAGE_DETACH,
    MESSAGE_PAGE, /* a session reads on in a stream */
    /* to the shard that owns a session */
    MESSAGE_REPLY,
    MESSAGE_ATTACHED,
    MESSAGE_PAGE_RESULT,
    MESSAGE_PUSH,
    MESSAGE_CONTROL,
    /* to a shard, from the world */
    MESSAGE_DURABLE,
    MESSAGE_FLUSHED,
    /* effects that never leave their shard as they are; see shard_internal.h */
    EFFECT_PUSH,
    EFFECT_JOB,
    EFFECT_SEND,
    EFFECT_CONTROL,
    EFFECT_TIMER,
    MESSAGE_TYPE_COUNT
};

struct message {
    struct message *next;
    struct message *ahead; /* some places behind this one, or NULL: only to be fetched */
    enum message_type type;
    uint16_t to_shard;
    uint16_t pool_bytes; /* of a block of base/pool.h; 0: free() takes it */
};

/** A message of `size` bytes, zeroed, followed by `tail` bytes that are not. */
void *message_create(enum message_type type, size_t size, size_t tail);

/** FIFO of messages. */
struct message_list {
    struct message *head;
    struct message *tail;
    uint32_t count;
};
static inline void message_list_push(struct message_list *list, struct message *message)
{
    message->next = NULL;
    if (list->tail == NULL) {
        list->head = message;
    } else {
        list->tail->next = message;
    }
    list->tail = message;
    list->count++;
}

/** NULL when empty. */
static inline struct message *message_list_pop(struct message_list *list)
{
    struct message *message = list->head;
    if (message != NULL) {
        list->head = message->next;
        if (list->head == NULL) {
            list->tail = NULL;
        }
        list->count--;
        message->next = NULL;
    }
    return message;
}

void message_list_splice(struct message_list *to, struct message_list *from); /* empties `from` */

/** Frees any message and what it owns. */
void message_destroy(struct message *message);

/** Whose request a command is, or is made for: handed on with what it causes. */
struct origin {
    struct principal who;
    struct id request_key;  /* hash of caller and idempotency key; zero: none */
    struct id request_hash; /* of op and args, to tell a conflict */
    bool keyed;             /* the op stores its answer under request_key */
};
extern const struct origin origin_none;

struct actor; /* runtime/shard_internal.h */
struct command {
    struct message message;
    const struct command_type *type;
    struct address to;
    struct address from;   /* kind 0: not from an actor */
    void *args;            /* struct of type->args, in `arena` */
    struct actor *actor;   /* its shard's: counted in this one's mailbox; NULL: in none */
    struct origin *origin; /* in `arena`; NULL: of no request */
    struct arena arena;    /* begins in the same block */
    struct caller caller;
    uint64_t seq;            /* of a reliable send; 0: not one */
    struct id incarnation;   /* of the sender, for reliable ones */
    struct bytes job_result; /* in `arena` */
};
/** A new command for one of `type`; args zeroed in its arena. */
struct command *command_create(const struct command_type *type, struct address to);
/** The same with a copy of `args` and what they point to. */
struct command *command_create_of(const struct command_type *type, struct address to,
                                  const void *args);

/** Its origin, to be written; at first zero. */
struct origin *command_origin(struct command *command);
static inline const struct origin *command_origin_of(const struct command *command)
{
    return command->origin != NULL ? command->origin : &origin_none;
}

struct ack {
    struct message message;
    struct address to;   /* the sender of the send */
    struct address from; /* its receiver */
    struct id incarnation;
    uint64_t seq;
    bool busy; /* not accepted now: try again later */
    int error;
    bool has_result;
    struct buffer result; /* array shape */
};

struct attach {
    struct message message;
    struct address to;
    struct session_ref session;
    struct principal who;
    bool live; /* push from the head on; else the session reads pages first */
};

struct detach {
    struct message message;
    struct address to;
    struct session_ref session;
};

struct page {
    struct message message;
    struct address to;
    struct session_ref session;
    int64_t after;
    uint32_t entries_max;
    uint32_t bytes_max;
};

struct reply {
    struct message message;
    struct caller caller;
    int error;
    struct field_fault fault; /* details of an error; empty field: none */
    int64_t retry_ms;         /* 0: no hint */
    const struct record_type *type;
    struct bytes result; /* map shape; empty for an error. Behind the struct, but for tests */
};
/** An answer for `caller`; copies the result. */
struct reply *reply_create(struct caller caller, struct bytes result);

struct attached {
    struct message message;
    struct session_ref session;
    struct address from;
    int error;
    struct id epoch;
    int64_t head;
    bool live; /* as asked for: pushes after `head` follow */
};

struct page_result {
    struct message message;
    struct session_ref session;
    struct address from;
    int error;
    int64_t last;         /* seq of the last entry here, or `after` when empty */
    bool live;            /* the head was reached: from here on pushes follow by themselves */
    struct buffer bodies; /* u32 length ∥ push body (map shape), one after another */
    uint32_t count;
};

/** One body for many sessions of one shard. */
struct push {
    struct message message;
    struct address from;
    const struct push_type *type;
    int64_t seq;          /* 0: volatile */
    struct payload *body; /* map shape: the whole push body */
    uint32_t session_count;
    struct session_ref *sessions; /* `room`, but for tests */
    struct session_ref room[];
};

enum control_what { CONTROL_CLOSE, CONTROL_COUPLE };

struct control {
    struct message message;
    struct session_ref session;
    enum control_what what;
    int error;        /* CLOSE: why */
    struct id couple; /* COUPLE: zero for none */
};

/** Records first..last of this shard are durable, with LSNs from `lsn` on, counting up by one. */
struct durable {
    struct message message;
    uint64_t first, last; /* first > last: none of this shard; only the tail moved */
    struct lsn lsn;
    struct lsn tail; /* of the log now */
};

#endif
