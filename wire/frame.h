/**
 * The RPC envelope: what one WebSocket message holds, in both subprotocols.
 *
 *   request  [0, id, op, args, meta?]   meta {key, lang, trace}; clients send only these
 *   response [1, id, error, result]     error nil or {code, message, details?, retry_ms?,
 * trace_id?} push     [2, topic, body]           durable topics: body {epoch, seq, type, at, data}
 *
 * A WebSocket message holds 1 to FRAME_MESSAGES_MAX of them: MessagePack values one after another,
 * or one JSON array of messages. Binary values (ids) are base64url text in JSON.
 * Everything here is pure and may run on any thread; views point into the bytes that were read.
 */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/ids.h"
#include "wire/codec.h"

#define FRAME_BYTES_MAX 65536
#define FRAME_MESSAGES_MAX 64
#define FRAME_OP_MAX 64    /* bytes of an op's name */
#define FRAME_KEY_MAX 64   /* bytes of meta.key, at least 1 */
#define FRAME_TRACE_MAX 64 /* bytes of meta.trace */

struct rpc_meta {
    struct bytes key; /* idempotency key; empty: none given */
    enum language lang;
    struct bytes trace; /* empty: none given */
};

/**
 * One request. When its id could be read but the rest is not acceptable, `error` is
 * ERR_INVALID_ARGUMENT and `fault` says why: answer it with that, its neighbours stand.
 */
struct rpc_request {
    uint32_t id;
    struct bytes op;
    struct bytes args;        /* MessagePack, a well-formed map; not set by the JSON reader */
    struct json_t *args_json; /* an object, borrowed from the reader; only by the JSON reader */
    struct rpc_meta meta;
    int error;
    struct field_fault fault;
};

/** Reader over one WebSocket message of MessagePack values. Holds no resources. */
struct frame_reader {
    struct cursor cursor;
    uint32_t count;
    int status;     /* sticky: what the next call returns, once not 0 */
    int close_code; /* after ERR_MALFORMED: 1007 (bad bytes) or 1002 (not a request) */
};
void frame_reader_init(struct frame_reader *reader, struct bytes message);

/**
 * The next request. Returns 0, ERR_END after the last, or ERR_MALFORMED: what came before stands,
 * and the connection is to be closed with reader->close_code. An empty message is malformed.
 */
int frame_reader_next(struct frame_reader *reader, struct rpc_request *out);

/** As frame_reader, over one JSON array. Owns the parsed array until fini. */
struct frame_json_reader {
    struct json_t *messages;
    uint32_t count;
    int status;
    int close_code;
};
void frame_json_reader_init(struct frame_json_reader *reader, struct bytes text);
int frame_json_reader_next(struct frame_json_reader *reader, struct rpc_request *out);
void frame_json_reader_fini(struct frame_json_reader *reader);

/** What an error response says. */
struct rpc_error {
    int code;                        /* negative, out of base/error.h */
    const struct field_fault *fault; /* details; NULL or an empty field and reason: none */
    int64_t retry_ms;                /* 0: none */
    enum language lang;
    struct bytes trace; /* empty: none */
};

/*
 * What stands before a result or a body that was encoded once for everyone: [1, id, nil, and
 * [2, topic, … Writes it and returns its bytes.
 */
#define FRAME_RESULT_HEAD_MAX 8
#define FRAME_PUSH_HEAD_MAX (8 + FRAME_OP_MAX) /* a topic is no longer than an op's name */
size_t frame_put_result_head(uint8_t out[FRAME_RESULT_HEAD_MAX], uint32_t id);
size_t frame_put_push_head(uint8_t out[FRAME_PUSH_HEAD_MAX], const char *topic);

/** Appends [1, id, nil, result]. `result`: one MessagePack value; empty means nil. */
void frame_append_result(struct buffer *out, uint32_t id, struct bytes result);
/** Appends [1, id, error, nil]. */
void frame_append_error(struct buffer *out, uint32_t id, const struct rpc_error *error);
/** Appends [2, topic, body]. `body`: one MessagePack value. */
void frame_append_push(struct buffer *out, const char *topic, struct bytes body);

/** One entry of a durable stream, the body of its push. */
struct stream_body {
    struct id epoch;
    uint64_t seq;
    struct bytes type; /* "chat.message" */
    int64_t at_ms;
    struct bytes data; /* one MessagePack value */
};
/** Appends {epoch, seq, type, at, data}. */
void frame_append_stream_body(struct buffer *out, const struct stream_body *body);
/** Appends the same up to `data`, which the caller appends: one MessagePack value. */
void frame_append_stream_head(struct buffer *out, const struct stream_body *body);
/** Inverse; views into `in`. ERR_MALFORMED if it is not such a body. */
int frame_parse_stream_body(struct bytes in, struct stream_body *out);

/*
 * The same as JSON text of one message; the caller joins messages with ',' between '[' and ']'.
 * They take the MessagePack that was made for everyone and transcribe it. Return 0, or
 * ERR_MALFORMED when that was not MessagePack; then nothing was appended.
 */
int frame_append_result_json(struct buffer *out, uint32_t id, struct bytes result);
int frame_append_error_json(struct buffer *out, uint32_t id, const struct rpc_error *error);
int frame_append_push_json(struct buffer *out, const char *topic, struct bytes body);

/* The client's side: duetctl, bench, tests. */

enum rpc_type { RPC_REQUEST, RPC_RESPONSE, RPC_PUSH };

struct rpc_incoming {
    enum rpc_type type; /* RPC_RESPONSE or RPC_PUSH */
    uint32_t id;        /* of a response */
    int error;          /* 0, or the code for error_code (ERR_INTERNAL if it is unknown here) */
    struct bytes error_code, error_message, error_field, error_reason, error_trace;
    int64_t retry_ms;
    struct bytes result; /* MessagePack, of a response without an error */
    struct bytes topic;  /* of a push */
    struct bytes body;   /* MessagePack */
};

/** Appends [0, id, op, args, {key}]; meta is left out when `key` is empty. */
void frame_append_request(struct buffer *out, uint32_t id, const char *op,
                          const struct record_type *args_type, const void *args, struct bytes key);

/** The next response or push of a server's message. As frame_reader_next. */
int frame_reader_next_incoming(struct frame_reader *reader, struct rpc_incoming *out);

#endif
