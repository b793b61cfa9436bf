/**
 * What the files of REST share: rest.c (requests), rest_answer.c (answers).
 */
#ifndef EDGE_REST_INTERNAL_H
#define EDGE_REST_INTERNAL_H

#include "edge/rest.h"
#include "edge/rest_headers.h"
#include "edge/site.h"

#define REST_BODY_MAX FRAME_BYTES_MAX
#define REST_TRACE_MAX 64
#define REST_ACCESS_COOKIE "__Host-duet_access"
#define REST_REFRESH_COOKIE "__Host-duet_refresh"

struct json_t;

/** One request, from its head to its answer. */
struct rest_call {
    const struct exchange_owner *owner; /* first */
    struct rest_request_ref ref;
    struct rest *rest;
    struct http_exchange *exchange; /* NULL: its client has gone */
    struct rest_match match;
    const struct rest_route_op *route_op; /* NULL: refused */
    const char *allow;                    /* methods of the path; NULL: not known */
    struct json_t *args;                  /* while it waits for its caller */
    struct bytes token, refresh_cookie;   /* views into the request; empty: none */
    struct bytes origin;                  /* one that may read the answer; empty: none */
    int refusal;                          /* told when the body has come; 0: none */
    enum language lang;
    bool any_origin;     /* the origin may read, but gets no cookies */
    bool cookies_wanted; /* tokens of the answer go into cookies */
    uint8_t trace_len;
    char trace[REST_TRACE_MAX];
    struct rest_call *next_free;
};

struct rest {
    struct rest_config config;
    struct rest_callers *callers;
    struct buffer headers, body; /* of one answer */
    struct rest_call *free_calls;
    uint64_t trace_prefix, trace_count;
    uint8_t trace_key[16];
};

struct rest_call *rest_call_take(struct rest *rest);
/** With what it holds. */
void rest_call_give(struct rest_call *call);

/** Who asks, from its headers: id, language, origin. */
struct rest_call *rest_call_begin(struct rest *rest, struct http_exchange *exchange);
/** A token, from the header or a cookie. 0 or the refusal. */
int rest_call_take_token(struct rest_call *call, const struct http_request *request,
                         bool *by_cookie);

/** A new request id and a NUL. */
void rest_make_id(struct rest *rest, char out[ID_TEXT_CHARS + 1]);

/* rest_answer.c; each ends the exchange and gives the call back */
void rest_answer_ok(struct rest_call *call, struct bytes result);
void rest_answer_error(struct rest_call *call, const struct rpc_error *error);
/** 204, to OPTIONS. */
void rest_answer_options(struct rest_call *call);

/** Begins the headers that every answer has. */
struct buffer *rest_headers_begin(struct rest_call *call);

#endif
