#include "wire/openapi_routes.h"

#include "base/error.h"

/* Of every request: what HTTP refuses before anything is known of it. */
#define HTTP_ERRORS                                                                                \
    ERR_MALFORMED, ERR_REQUEST_TIMEOUT, ERR_EXPECTATION_FAILED, ERR_HEADERS_TOO_LARGE

static const int page_errors[] = {HTTP_ERRORS, 0};
static const int metrics_errors[] = {HTTP_ERRORS, ERR_FORBIDDEN, 0};
static const int unready[] = {ERR_SHUTTING_DOWN, ERR_STORAGE_FULL, 0};
static const int stream_errors[] = {HTTP_ERRORS,
                                    ERR_INVALID_ARGUMENT,
                                    ERR_UNAUTHENTICATED,
                                    ERR_TOKEN_INVALID,
                                    ERR_TOKEN_EXPIRED,
                                    ERR_SESSION_REVOKED,
                                    ERR_RATE_LIMITED,
                                    ERR_BUSY,
                                    ERR_SHUTTING_DOWN,
                                    ERR_INTERNAL,
                                    0};

#define STATUS_SCHEMA                                                                              \
    "{\"type\":\"object\",\"required\":[\"status\"],"                                              \
    "\"properties\":{\"status\":{\"type\":\"string\",\"const\":\"ok\"}}}"
#define POSITION_DOC                                                                               \
    "where to go on: the id of the last event received; what came after it follows first, "        \
    "without a hole or a double"

const struct fixed_route fixed_routes[] = {
    {.path = "/healthz",
     .id = "healthz",
     .tag = "server",
     .doc = "Whether the process runs.",
     .media = "application/json",
     .schema = STATUS_SCHEMA,
     .example = "{\"status\":\"ok\"}",
     .errors = page_errors},
    {.path = "/readyz",
     .id = "readyz",
     .tag = "server",
     .doc = "Whether the server takes requests: not while it drains, nor without room for writes.",
     .media = "application/json",
     .schema = STATUS_SCHEMA,
     .example = "{\"status\":\"ok\"}",
     .errors = page_errors,
     .unavailable = unready},
    {.path = "/metrics",
     .id = "metrics",
     .tag = "server",
     .doc =
         "Counters, gauges and histograms in the text format of Prometheus, for networks that the "
         "configuration lists.",
     .media = "text/plain",
     .schema = "{\"type\":\"string\"}",
     .example = "\"# TYPE duet_sessions gauge\\nduet_sessions 2\\n\"",
     .errors = metrics_errors},
    {.path = "/.well-known/jwks.json",
     .id = "jwks",
     .tag = "server",
     .doc = "The public key that signs access tokens, as a JSON Web Key Set (RFC 7517).",
     .media = "application/json",
     .schema = "{\"type\":\"object\",\"required\":[\"keys\"],\"properties\":{\"keys\":"
               "{\"type\":\"array\",\"items\":{\"type\":\"object\"}}}}",
     .example = "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"alg\":\"EdDSA\",\"use\":\"sig\","
                "\"kid\":\"k1\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}",
     .errors = page_errors},
    {.path = "/openapi.json",
     .id = "openapi",
     .tag = "server",
     .doc = "This document.",
     .media = "application/json",
     .schema = "{\"type\":\"object\"}",
     .example = "{\"openapi\":\"3.1.0\"}",
     .errors = page_errors},
    {.path = "/asyncapi.json",
     .id = "asyncapi",
     .tag = "server",
     .doc = "The WebSocket edge, as AsyncAPI 3.0.",
     .media = "application/json",
     .schema = "{\"type\":\"object\"}",
     .example = "{\"asyncapi\":\"3.0.0\"}",
     .errors = page_errors},
    {.path = "/api/v1/notifications/stream",
     .id = "notifications_stream",
     .tag = "notifications",
     .doc = "What a WebSocket client is pushed, as Server-Sent Events, one stream per client for "
            "all topics. First comes `open` with the heads of the streams. An entry of a durable "
            "stream is an event of its type, with the client's place in all streams as `id`; "
            "volatile ones have no id. `end` says with an error's code why the stream ended. "
            "Comments keep the connection alive. Who reads too slowly is cut off, and resumes.",
     .media = "text/event-stream",
     .parameters =
         "[{\"name\":\"topics\",\"in\":\"query\",\"description\":\"which topics, with commas\","
         "\"style\":\"form\",\"explode\":false,\"schema\":{\"type\":\"array\",\"minItems\":1,"
         "\"items\":{\"type\":\"string\",\"enum\":[\"user\",\"couple\"]},\"default\":[\"user\"]},"
         "\"example\":[\"user\",\"couple\"]},"
         "{\"name\":\"Last-Event-ID\",\"in\":\"header\",\"description\":\"" POSITION_DOC "\","
         "\"schema\":{\"type\":\"string\"},\"example\":\"user:AAECAwQFBgcICQoLDA0ODw:42\"},"
         "{\"name\":\"last_event_id\",\"in\":\"query\",\"description\":\"the same, for clients "
         "that "
         "cannot set the header\",\"schema\":{\"type\":\"string\"},"
         "\"example\":\"user:AAECAwQFBgcICQoLDA0ODw:42\"}]",
     .errors = stream_errors,
     .is_private = true},
};
const size_t fixed_route_count = sizeof fixed_routes / sizeof fixed_routes[0];
