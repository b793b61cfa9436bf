#include "edge/session_ops.h"

#include "base/error.h"

static const char *const stream_names[STREAM_COUNT] = {
    [STREAM_USER] = "user",
    [STREAM_COUPLE] = "couple",
};
const struct enum_type stream_name_enum = {
    .name = "stream",
    .names = stream_names,
    .count = STREAM_COUNT,
};

RECORD_DEFINE(stream_cursor, STREAM_CURSOR, "where a client stopped reading a stream");
RECORD_DEFINE(session_open_args, SESSION_OPEN_ARGS, "who opens a session, and where to go on");
RECORD_DEFINE(stream_position, STREAM_POSITION, "a stream that the session follows now");
RECORD_DEFINE(session_open_result, SESSION_OPEN_RESULT, "an open session");
RECORD_DEFINE(session_renew_args, SESSION_RENEW_ARGS, "a newer token for an open session");
RECORD_DEFINE(session_renew_result, SESSION_RENEW_RESULT, "how long the new token lasts");
RECORD_DEFINE(ping_result, PING_RESULT, "the server is there");
RECORD_DEFINE(hello, HELLO, "the first message on every connection");

static const int token_errors[] = {ERR_TOKEN_INVALID, ERR_TOKEN_EXPIRED, ERR_SESSION_REVOKED, 0};
static const int open_errors[] = {ERR_TOKEN_INVALID, ERR_TOKEN_EXPIRED, ERR_SESSION_REVOKED,
                                  ERR_ALREADY_OPEN, 0};

static const struct op session_open_op = {
    .command = {.code = SESSION_OP_OPEN,
                .name = "session.open",
                .args = &session_open_args_type,
                .result = &session_open_result_type},
    .doc =
        "Opens the session of this connection; due within open_within_ms of the hello. With a "
        "cursor, the entries after it are pushed, then what follows; without, only what follows.",
    .needs = OP_NEEDS_NOTHING,
    .errors = open_errors,
};
static const struct op session_renew_op = {
    .command = {.code = SESSION_OP_RENEW,
                .name = "session.renew",
                .args = &session_renew_args_type,
                .result = &session_renew_result_type},
    .doc = "Shows an open session a newer access token of the same sign-in. It takes a fresh one, "
           "which auth.refresh gives; it makes none.",
    .needs = OP_NEEDS_SESSION,
    .errors = token_errors,
};
static const struct op ping_op = {
    .command = {.code = SESSION_OP_PING,
                .name = "ping",
                .args = &empty_type,
                .result = &ping_result_type},
    .doc = "For clients that cannot send WebSocket pings, and to read the server's clock.",
    .needs = OP_NEEDS_NOTHING,
};

static const struct op *const session_ops[] = {&session_open_op, &session_renew_op, &ping_op};
const struct op_table session_op_table = {
    .kind = 0,
    .ops = session_ops,
    .count = sizeof session_ops / sizeof session_ops[0],
};

const struct push_type hello_push = {
    .topic = "hello",
    .doc = "The first message of every connection.",
    .data = &hello_type,
};
const struct push_type *const session_pushes[1] = {&hello_push};
