/**
 * The args of an op from a REST request: each field from where its declaration says it stands.
 *
 * Unknown members of the body and unknown names of the query are ignored; a field that stands
 * elsewhere is unknown. Pure.
 */
#ifndef WIRE_REST_ARGS_H
#define WIRE_REST_ARGS_H

#include "wire/codec.h"
#include "wire/rest_route.h"

struct rest_request {
    const struct rest_route_op *route_op;
    const struct rest_match *match;
    struct bytes query;  /* without '?' */
    struct bytes body;   /* JSON, or empty for none */
    struct bytes cookie; /* for the op's cookie_field, if the body has none; empty: none */
};

/**
 * One JSON object for record_decode_json, owned by the caller. Returns 0, ERR_MALFORMED (body is
 * not JSON, a '%' is wrong) or ERR_INVALID_ARGUMENT (not an object, a query field given twice or
 * not of its kind), with `fault`. Bounds are the decoder's business.
 */
int rest_args_read(const struct rest_request *request, struct json_t **out,
                   struct field_fault *fault);

/** Whether the op takes anything from a body. */
bool rest_args_has_body(const struct op *op);

#endif
