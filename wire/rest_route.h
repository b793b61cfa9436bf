/**
 * Routes of REST, built once at start from the ops' declarations, then read-only: any thread.
 *
 * Paths are matched segment by segment as they came. A literal segment must be the same bytes, so
 * no other spelling of it (%63hat, //, /./) is a second name; only {parameters} are decoded.
 */
#ifndef WIRE_REST_ROUTE_H
#define WIRE_REST_ROUTE_H

#include "wire/registry.h"

#define REST_PARAMS_MAX 4
#define REST_METHODS_MAX 8

struct rest_routes;

/** One path with the ops that it has, by method. */
struct rest_route {
    const char *path; /* as declared, "/chat/messages" */
    struct rest_route_op {
        const char *method;
        const struct op *op;
        const struct field *params[REST_PARAMS_MAX]; /* in the order of the path */
    } ops[REST_METHODS_MAX];
    uint32_t op_count;
    uint32_t index; /* 0 … rest_routes_count - 1 */
    char allow[64]; /* "GET, HEAD, OPTIONS" */
};

struct rest_match {
    const struct rest_route *route;       /* NULL: there is no such path */
    struct bytes params[REST_PARAMS_MAX]; /* as they came; views into the path */
    uint32_t param_count;
};

/**
 * 0, or ERR_INVALID_ARGUMENT with `message` naming a declaration that cannot be routed: too many
 * parameters or methods, a path that does not begin with '/' or has an empty segment.
 * The registry must outlive the routes.
 */
int rest_routes_create(const struct registry *registry, char *message, size_t message_size,
                       struct rest_routes **out);
void rest_routes_destroy(struct rest_routes *routes); /* NULL is fine */

/** `path` below /api/v1, "/chat/messages". A literal goes before a parameter. */
struct rest_match rest_routes_find(const struct rest_routes *routes, struct bytes path);

/** The op of a method ("GET"; HEAD finds GET), or NULL. */
const struct rest_route_op *rest_route_op(const struct rest_route *route, struct bytes method);

/** For walking, in no particular order. */
uint32_t rest_routes_count(const struct rest_routes *routes);
const struct rest_route *rest_routes_at(const struct rest_routes *routes, uint32_t index);

#endif
