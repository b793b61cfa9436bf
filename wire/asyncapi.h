/**
 * /asyncapi.json: the WebSocket edge as AsyncAPI 3.0, made from the declarations that the server
 * runs on.
 */
#ifndef WIRE_ASYNCAPI_H
#define WIRE_ASYNCAPI_H

#include "wire/describe.h"

/**
 * As the server sees it: it receives a request of each op and replies with the result or an error,
 * and sends pushes. Messages are whole WebSocket messages of the JSON subprotocol: arrays of RPC
 * arrays.
 */
describe_format describe_asyncapi;

#endif
