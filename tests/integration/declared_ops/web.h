/**
 * A request over REST that can be changed before it is sent, header by header.
 */
#ifndef TESTS_INTEGRATION_DECLARED_OPS_WEB_H
#define TESTS_INTEGRATION_DECLARED_OPS_WEB_H

#include "tests/integration/declared_ops/cases.h"

#define WEB_LINE_MAX 1100

enum { WEB_SIGN_IN, WEB_TYPE, WEB_OTHER, WEB_LAST }; /* lines of call.headers; more may be used */

struct web {
    const struct op *op;
    struct caller *caller;
    json_t *args;
    struct rest_form form;
    char bearer[WEB_LINE_MAX];
    struct rest_call call; /* a good one, to be changed as wanted */
    struct rest_reply reply;
    struct answer answer; /* when the reply has a body */
};

/** Makes a request of the one whom the op is for. Nothing is sent. */
void web_begin(struct web *web, const struct op *op);
/** Sends it, also again; the last reply is forgotten. */
void web_ask(struct web *web);
void web_forget(struct web *web);
void web_end(struct web *web);

/** Complains unless it is this status. */
void expect_status(const struct web *web, int status);
/** As every_op, with those that are on REST. */
void every_web_op(void (*try)(const struct op *op));

#endif
