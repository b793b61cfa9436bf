/**
 * /openapi.json: the REST edge as OpenAPI 3.1, made from the declarations that the server runs on.
 */
#ifndef WIRE_OPENAPI_H
#define WIRE_OPENAPI_H

#include "wire/describe.h"

/**
 * An operation for every op with a REST route, with its parameters, body, answer and errors, all
 * with examples; and the routes that are no ops (openapi_routes.h). The pushes are what the stream
 * of notifications holds.
 */
describe_format describe_openapi;

#endif
