/**
 * REST as a client in good order speaks it, over libcurl: one kept connection, one request at a
 * time. What is no well-formed HTTP is another test's business.
 */
#ifndef TESTS_INTEGRATION_DECLARED_OPS_REST_H
#define TESTS_INTEGRATION_DECLARED_OPS_REST_H

#include "tests/integration/declared_ops/ask.h"

#define REST_PREFIX "/api/v1"

/** A kept connection; zero-initialised is none. */
struct rest {
    void *easy;
};
void rest_fini(struct rest *rest);

struct rest_call {
    const char *method;
    const char *target;     /* path and query, as they are sent */
    const char *headers[8]; /* "name: value" */
    struct bytes body;
    bool has_body; /* false: neither body nor content-length */
};
struct rest_reply {
    int status;
    json_t *headers; /* owned: name in lower case to value */
    struct buffer body;
};
/** Waits for the reply. Fails the test when there is none. */
void rest_exchange(struct rest *rest, uint16_t port, const struct rest_call *call,
                   struct rest_reply *out);
void rest_reply_fini(struct rest_reply *reply);
/** A header's value, or NULL. */
const char *rest_header(const struct rest_reply *reply, const char *name);
/** The answer in a reply; complains unless the reply is in the form that every reply has. */
void rest_read(const struct rest_reply *reply, const struct op *op, struct answer *out);

/** Target and body of an op's request: each field of the args where its declaration says. */
struct rest_form {
    struct buffer target, body;
};
void rest_form_init(struct rest_form *form, const char *prefix, const struct request *request);
void rest_form_fini(struct rest_form *form);

/** Whether the op has any field that stands in a body. */
bool rest_takes_body(const struct op *op);

/** Asks and judges. `token`: bearer, or NULL. */
void rest_ask(struct rest *rest, uint16_t port, const char *token, const struct request *request,
              struct answer *out);

#endif
