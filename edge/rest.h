/**
 * REST of one shard: the registry's ops as HTTP requests, without logic of their own.
 *
 * A request becomes the op's args (wire/rest_args.h), goes to the caller's session as a WebSocket
 * request would (edge/rest_callers.h), and its answer becomes JSON (wire/rest_envelope.h). Here
 * stand only the things of HTTP: methods, content types, entity tags, cookies, origins.
 * All functions: the shard's thread.
 */
#ifndef EDGE_REST_H
#define EDGE_REST_H

#include "edge/forwarded.h"
#include "edge/http.h"
#include "edge/rest_callers.h"
#include "wire/rest_route.h"

struct rest;

struct rest_config {
    struct session_table *sessions;
    const struct rest_routes *routes; /* shared by the shards; borrowed */
    const struct token_key *key;      /* borrowed */
    const char *const *origins;       /* exact; "*": any, without cookies */
    uint32_t origin_count;
    const struct forwarded *forwarded; /* proxies that are trusted; borrowed */
    uint32_t callers_max;
    int64_t (*now_ms)(void *clock);
    void *clock;
};

struct rest *rest_create(const struct rest_config *config);
void rest_destroy(struct rest *rest); /* NULL is fine */

/** Whether the path is one of REST's: /api, and all below it. */
bool rest_is_mine(struct bytes path);

/** As in struct http_handler; goes on as an exchange_owner. */
size_t rest_head(struct rest *rest, struct http_exchange *exchange);
/** For any path: what HTTP itself refuses, in REST's form. */
void rest_refusal(struct rest *rest, int status, const char *fault, struct http_response *out);

/* For those who answer other paths in REST's form. */

/** An error. Ends the exchange. */
void rest_refuse(struct rest *rest, struct http_exchange *exchange, const struct rpc_error *error);
/** A method that the path has not: 405, or what OPTIONS asks for. Ends the exchange. */
void rest_refuse_method(struct rest *rest, struct http_exchange *exchange, const char *allow);
/** Who asks, by bearer token or cookie: claims of the verified token. 0 or the refusal. */
int rest_sign_in(struct rest *rest, struct http_exchange *exchange, struct token_claims *out,
                 int64_t *retry_ms);
/** What tells customers apart, for rate limits; a view of `request` or `room`. */
struct bytes rest_customer(const struct rest *rest, const struct http_request *request,
                           uint8_t room[FORWARDED_ADDRESS_BYTES]);
/** Appends the headers that every answer has: security, request id, CORS. */
void rest_common_headers(struct rest *rest, struct http_exchange *exchange, struct buffer *out);

void rest_tick(struct rest *rest);
void rest_turn_end(struct rest *rest);

#endif
