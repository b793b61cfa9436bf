/**
 * The daemon under test and the people who ask it: two couples, two singles, and a visitor who has
 * an account and no open session. They are made once; `mend` brings them back after an op that may
 * have signed somebody out, parted a couple or made one.
 */
#ifndef TESTS_INTEGRATION_DECLARED_OPS_CAST_H
#define TESTS_INTEGRATION_DECLARED_OPS_CAST_H

#include "tests/integration/declared_ops/link.h"
#include "tests/integration/declared_ops/rest.h"
#include "tests/integration/support_daemon.h"
#include "wire/registry.h"
#include "wire/token.h"

enum who { ANNA, BERT, CARL, FINN, DORA, EMIL, GINA, CAST_COUNT };

struct caller {
    const char *name;
    bool opens;    /* its connections are sessions; Gina's are not */
    json_t *facts; /* what it knows of itself, by the names of fields */
    struct link links[LINK_WAY_COUNT];
    struct rest rest;
};

struct world {
    struct daemon daemon;
    struct registry *registry;
    struct caller cast[CAST_COUNT];
    json_t *expired, *revoked; /* access tokens that are no good, strings */
};
extern struct world world;

/** Starts the daemon and makes everybody. For cmocka's group. */
int world_set_up(void **state);
int world_tear_down(void **state);

const struct op *op_named(const char *name);
/** One that fulfils what the op needs, and with whom it should succeed. */
struct caller *caller_for(const struct op *op);
/** Whether it has to succeed: its entry says so. An op without one may answer with its errors. */
bool must_succeed(const struct op *op);
/** Args with which the op should succeed for this caller: new ones each time. Owned. */
json_t *args_for(const struct op *op, struct caller *caller);

/** Asks and waits for the answer, which is judged. `request->args` NULL: none. */
void ask(enum way way, struct caller *caller, const struct request *request, struct answer *out);
/** … with these args, which are taken over. */
void ask_op(enum way way, struct caller *caller, const struct op *op, json_t *args,
            struct answer *out);

/** The caller's couple as it is seen this way, or NULL. Owned. */
json_t *couple_of(enum way way, struct caller *caller);
/** Everybody is signed in, and with whom they belong, and nobody else. */
void mend(void);
/** The daemon ends in good order and comes back with another value of an option that it had. */
void restart(const char *option, const char *value);
/** The daemon dies without notice and comes back; so do the sessions. */
void crash(void);

/** What these two can read, without what changes by itself. Owned. */
json_t *snapshot(enum who first, enum who second);
/** Where each of their streams ends, by its epoch. Owned. */
json_t *stream_heads(enum who first, enum who second);

/** Takes out what changes by itself or differs from way to way. */
void strip_volatile(json_t *value);

#endif
