/**
 * A blocking client of duet's RPC over WebSocket, in either subprotocol, for tests and tools.
 *
 *     struct duet_client *client;
 *     duet_client_connect("127.0.0.1", 7400, DUET_SUBPROTOCOL_MSGPACK, 5000, &client);
 *     struct chat_send_args args = {.no = 1, .text = text_of("hi")};
 *     int error = duet_client_call(client, "chat.send", &chat_send_args_type, &args,
 *                                  &chat_send_result_type, &arena, &result, 5000);
 *     while (duet_client_next_push(client, 0, &push) == 0) { … }
 *
 * `error` is 0 or a code of base/error.h. What the server answered and what happened here are told
 * apart by duet_client_failure: its `from_server` is set for an error in a response. Local errors:
 * ERR_END the timeout passed · ERR_IO the connection is gone, see duet_client_close_code ·
 * ERR_MALFORMED the server sent what the protocol does not allow, or a result or push that does
 * not fit the type given · ERR_TOO_LARGE.
 * Pushes and responses to other requests that arrive during a wait are kept, in order, unbounded.
 * The hello push is taken by duet_client_connect. One thread per client.
 */
#ifndef CLIENT_DUET_CLIENT_H
#define CLIENT_DUET_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ids.h"
#include "wire/codec.h"
#include "wire/record.h"

#define DUET_SUBPROTOCOL_MSGPACK "duet.v1.msgpack"
#define DUET_SUBPROTOCOL_JSON "duet.v1.json"

struct duet_client;
struct ws_client;
struct json_t;

/** The last failure of a call. Texts live until the next call on the same client. */
struct duet_failure {
    int code;
    bool from_server;
    int64_t retry_ms; /* 0: none given */
    char name[48];    /* as the server sent it: "BUSY" */
    char message[256];
    char field[96];  /* details.field of INVALID_ARGUMENT, or which field of a result was bad */
    char reason[96]; /* details.reason: "is too short" */
    char trace_id[64];
};

/** One push. Everything borrowed: valid until the next duet_client_next_push or destroy. */
struct duet_push {
    struct bytes topic; /* "couple", "user", "typing", "presence", "hello" */
    bool durable;       /* has a place in a stream: the next four are set */
    struct id epoch;
    int64_t seq;
    struct bytes type; /* "chat.message" */
    int64_t at;
    struct bytes data;         /* MessagePack of `data` (durable) or of the body; empty with JSON */
    const struct json_t *json; /* the same with the JSON subprotocol, else NULL */
};

/**
 * Connects, shakes hands and waits for the hello push, all within `timeout_ms`.
 * ERR_UNKNOWN_OP: the handshake was refused. On success the caller owns `*out`.
 */
int duet_client_connect(const char *host, uint16_t port, const char *subprotocol, int timeout_ms,
                        struct duet_client **out);

/** As above over a connection made by the caller, which becomes the client's in any case. */
int duet_client_attach(struct ws_client *socket, const char *subprotocol, int timeout_ms,
                       struct duet_client **out);

/** Closes at once, without a close frame. NULL is fine. */
void duet_client_destroy(struct duet_client *client);

/** The hello push that the server began with. Lives as long as the client. */
const struct duet_push *duet_client_hello(const struct duet_client *client);

/**
 * One request and its response. `args_type` may be NULL for no arguments. `result_type` NULL: the
 * result is not looked at; else `result` is filled as by record_decode, its texts and lists in
 * `arena`. Untouched on failure.
 */
int duet_client_call(struct duet_client *client, const char *op,
                     const struct record_type *args_type, const void *args,
                     const struct record_type *result_type, struct arena *arena, void *result,
                     int timeout_ms);

/**
 * The two halves of a call, for several requests in flight. `key` is meta.key (idempotency) or
 * NULL. `*id` names the request for duet_client_finish, which may be called in any order, and
 * again after ERR_END.
 */
int duet_client_start(struct duet_client *client, const char *op,
                      const struct record_type *args_type, const void *args, const char *key,
                      int timeout_ms, uint32_t *id);
int duet_client_finish(struct duet_client *client, uint32_t id,
                       const struct record_type *result_type, struct arena *arena, void *result,
                       int timeout_ms);

/** The next push in order of arrival. timeout_ms 0: only what is there already. 0 or ERR_…. */
int duet_client_next_push(struct duet_client *client, int timeout_ms, struct duet_push *push);

/** Decodes a push's data as `type`; texts into `arena`. ERR_MALFORMED with `fault` filled. */
int duet_push_decode(const struct duet_push *push, const struct record_type *type,
                     struct arena *arena, void *out, struct field_fault *fault);

/** Details of the last call that did not return 0. Lives as long as the client. */
const struct duet_failure *duet_client_failure(const struct duet_client *client);

/** 0 while open; else the close code received or 1005 / 1006 (client/ws_frame.h). */
uint16_t duet_client_close_code(const struct duet_client *client);
const char *duet_client_close_reason(const struct duet_client *client);

/** The connection below, for frames of one's own making and for poll(). Owned by the client. */
struct ws_client *duet_client_socket(struct duet_client *client);

#endif
