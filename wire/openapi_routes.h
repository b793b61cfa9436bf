/**
 * The routes that are no ops, for /openapi.json. What answers them stands in edge/. Internal to
 * wire/.
 */
#ifndef WIRE_OPENAPI_ROUTES_H
#define WIRE_OPENAPI_ROUTES_H

#include <stdbool.h>
#include <stddef.h>

/** GET, all of them. */
struct fixed_route {
    const char *path;
    const char *id; /* operationId */
    const char *tag;
    const char *doc;
    const char *media;      /* of the answer */
    const char *schema;     /* of the answer, JSON text; NULL: the pushes of durable streams */
    const char *example;    /* JSON text; NULL with the schema */
    const char *parameters; /* JSON text of an array, or NULL */
    const int *errors;      /* ended by 0 */
    const int *unavailable; /* the ones that are all answered 503; NULL: none */
    bool is_private;        /* needs a signed-in session */
};

extern const struct fixed_route fixed_routes[];
extern const size_t fixed_route_count;

#endif
