/**
 * One question to the server under test and its answer, the same on every way that leads in.
 *
 * Args and results are JSON here. On the way in, ids and bytes become bin in MessagePack as the
 * op's table says, and what does not fit the table goes as it is, so that wrong values can be asked
 * with. Every answer is judged: a result has to be what the op declares, an error one of those that
 * it declares or that are common to all ops.
 */
#ifndef TESTS_INTEGRATION_DECLARED_OPS_ASK_H
#define TESTS_INTEGRATION_DECLARED_OPS_ASK_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/bytes.h"
#include "wire/op.h"

enum way { WAY_JSON, WAY_MSGPACK, WAY_REST, WAY_COUNT };
#define LINK_WAY_COUNT WAY_REST /* those before it are WebSocket connections */
extern const char *const way_names[WAY_COUNT];

bool way_leads_to(enum way way, const struct op *op);
/** The next of the ways that lead to an op, after WAY_JSON, which always does; or WAY_COUNT. */
enum way way_next(const struct op *op, enum way way);

struct request {
    const struct op *op;
    json_t *args;      /* an object; borrowed */
    const char *key;   /* of idempotency, or NULL */
    const char *lang;  /* or NULL */
    const char *trace; /* or NULL */
    const char *token; /* on REST, instead of the caller's own; NULL: that one */
    /* Once encoded, the last `mark` becomes `instead`: for bytes that no JSON value has. */
    struct bytes mark, instead;
};

struct answer {
    bool ended;     /* the connection, instead of an answer */
    int close_code; /* … with this code */
    int error;      /* 0, or the code of base/error.h */
    char message[256], field[96], reason[96], trace[80];
    int64_t retry_ms;
    json_t *result; /* owned; NULL when there is none */
};
void answer_fini(struct answer *answer);

/** Appends a WebSocket message: one request, with what it asks to be replaced in place. */
void request_encode(enum way way, uint32_t id, const struct request *request, struct buffer *out);

/** Replaces the last `mark`, which has to be there. */
void bytes_replace(struct buffer *text, struct bytes mark, struct bytes instead);

/** Complains unless the answer is one that the op declares. `pack`: of a result in MessagePack. */
void answer_judge(enum way way, const struct op *op, const struct answer *answer,
                  struct bytes pack);

/* --- complaints: all of them are printed, and the test fails at its end ---------------------- */

/** What is being tried now: stands before each complaint. */
__attribute__((format(printf, 1, 2))) void trying(const char *format, ...);
__attribute__((format(printf, 1, 2))) void complain(const char *format, ...);
/** Fails the running test if there were complaints since the last call. */
void no_complaints(void);

/** Text of an answer for complaints. Static until the next call. */
const char *answer_text(const struct answer *answer);

#endif
