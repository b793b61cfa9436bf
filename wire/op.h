/**
 * Commands, ops, events and pushes as an actor kind declares them: const tables, no code.
 *
 * An op is a command that clients may call. The edge knows only these tables.
 */
#ifndef WIRE_OP_H
#define WIRE_OP_H

#include "wire/record.h"

struct ctx; /* runtime/actor.h */

/** Who is calling: set by the edge from the session, zero for calls between actors. */
struct principal {
    struct id user;
    struct id sid;    /* the signed-in session */
    struct id device; /* the installation */
    struct id couple; /* zero while not paired */
    bool signed_in;
};

enum op_needs {
    OP_NEEDS_NOTHING,
    OP_NEEDS_SESSION, /* a signed-in session */
    OP_NEEDS_PAIRED   /* … whose user is part of a couple */
};

/** Token bucket per connection and class; NORMAL is generous, COSTLY is for Argon2id and codes. */
enum op_rate { OP_RATE_NORMAL, OP_RATE_COSTLY };

/** How a list is read in parts; see wire/paging.h for the fields that go with it. */
enum op_paging {
    OP_PAGING_NONE,
    OP_PAGING_CURSOR, /* by cursor */
    OP_PAGING_BOTH    /* by cursor, or by page and size */
};

/** What may be kept of an answer to GET; of no other is anything kept. */
enum op_cache {
    OP_CACHE_REVALIDATE, /* by the caller, who asks with its entity tag whether it still holds */
    OP_CACHE_NEVER
};

/** What the answer does to a browser that asked to be signed in by cookies. */
enum op_tokens {
    OP_TOKENS_NONE,
    OP_TOKENS_GIVEN, /* access_token and refresh_token of the result become cookies */
    OP_TOKENS_ENDED  /* the cookies go */
};

struct op_rest {
    const char *method; /* "POST"; NULL: not on REST */
    const char *path;   /* "/chat/messages", below /api/v1 */
    int status;         /* on success */
    enum op_paging paging;
    enum op_tokens tokens;
    enum op_cache cache;
    const char *cookie_field; /* of the args: may come from the refresh cookie; NULL: none */
};

/**
 * One command of a kind. The handler reads `state` and decides; see runtime/actor.h for what it
 * may do. Shard thread. Returns 0, or a negative error: then nothing of it happened.
 */
typedef int command_handler(struct ctx *ctx, const void *state, const void *args);

struct command_type {
    uint16_t code; /* stable within the kind: it stands in the log as the code of sends */
    const char *name;
    const struct record_type *args;
    const struct record_type *result; /* of ctx_reply */
    command_handler *handle;
};

/** A command on the edges. `command.name` is the op's name. */
struct op {
    struct command_type command;
    const char *doc;
    enum op_needs needs;
    enum op_rate rate;
    bool writes;
    bool keyed; /* takes meta.key (idempotency); false for reads and for chat.send */
    /**
     * Takes meta.key as well, but the answer is a secret, which is never stored: the handler knows
     * a request that it has seen by ctx_request_key, and answers it anew. Whoever asks is nobody
     * yet, so the key belongs to the address that it goes to.
     */
    bool keyed_by_actor;
    /**
     * The address that handles it. NULL: handled by the edge itself (session.open, ping).
     * Returns 0 or an error for the caller. Pure; the edge's shard thread.
     */
    int (*route)(const struct principal *caller, const void *args, struct address *out);
    const int *errors; /* the ones of its own, ended by 0; common ones are added by the edge */
    struct op_rest rest;
};

static inline bool op_takes_key(const struct op *op)
{
    return op->keyed || op->keyed_by_actor;
}

/** A fact. Tag and version are stable for ever; a changed meaning is a new version. */
struct event_type {
    uint16_t tag;
    uint16_t version;
    const char *name;
    const struct record_type *body;
};

/** What is pushed to sessions: durable ones stand in a stream, volatile ones do not. */
struct push_type {
    const char *topic; /* "couple", "user" (durable) or "typing", "presence" (volatile) */
    const char *type;  /* "chat.message"; NULL for volatile topics */
    const char *doc;
    const struct record_type *data;
};

/** Whether answers over REST carry an entity tag. */
static inline bool op_is_tagged(const struct op *op)
{
    return op->rest.method != NULL && strcmp(op->rest.method, "GET") == 0 &&
           op->rest.cache == OP_CACHE_REVALIDATE;
}

#endif
