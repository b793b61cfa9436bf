/**
 * The operations that the edge answers itself: session.open, session.renew, ping; and the hello.
 */
#ifndef EDGE_SESSION_OPS_H
#define EDGE_SESSION_OPS_H

#include "wire/record.h"
#include "wire/registry.h"

#define SESSION_CURSORS_MAX 8

/** The streams a session can follow. */
enum stream_name { STREAM_USER, STREAM_COUPLE, STREAM_COUNT };
extern const struct enum_type stream_name_enum;

#define STREAM_CURSOR(F, R)                                                                        \
    F(R, ENUM, stream, REQUIRED, 0, 0, &stream_name_enum, BODY, "which stream", "\"couple\"")      \
    F(R, ID, epoch, REQUIRED, 0, 0, NULL, BODY, "as the server gave it",                           \
      "\"AAAAAAAAAAAAAAAAAAAAAQ\"")                                                                \
    F(R, INT, after, REQUIRED, 0, INT_BOUND, NULL, BODY, "seq of the last entry seen", "41")
RECORD_DECLARE(stream_cursor, STREAM_CURSOR)

#define SESSION_OPEN_ARGS(F, R)                                                                    \
    F(R, TEXT, access_token, REQUIRED, 1, 1023, NULL, BODY, "of auth.login or auth.refresh",       \
      "\"eyJ…\"")                                                                                  \
    F(R, ID, device, REQUIRED, 0, 0, NULL, BODY, "this installation, as given at sign-in",         \
      "\"AAAAAAAAAAAAAAAAAAAAAg\"")                                                                \
    F(R, LIST, cursors, OPTIONAL, 0, SESSION_CURSORS_MAX, &stream_cursor_type, BODY,               \
      "where to go on in the streams; without one, a stream is followed from its head", "[]")
RECORD_DECLARE(session_open_args, SESSION_OPEN_ARGS)

#define STREAM_POSITION(F, R)                                                                      \
    F(R, ENUM, stream, REQUIRED, 0, 0, &stream_name_enum, BODY, "which stream", "\"couple\"")      \
    F(R, ID, epoch, REQUIRED, 0, 0, NULL, BODY, "changes when the stream begins anew",             \
      "\"AAAAAAAAAAAAAAAAAAAAAQ\"")                                                                \
    F(R, INT, head, REQUIRED, 0, INT_BOUND, NULL, BODY, "seq of the newest entry", "42")           \
    F(R, BOOL, reset, REQUIRED, 0, 0, NULL, BODY,                                                  \
      "the cursor was of another epoch or beyond the head: nothing is replayed", "false")
RECORD_DECLARE(stream_position, STREAM_POSITION)

#define SESSION_OPEN_RESULT(F, R)                                                                  \
    F(R, ID, user, REQUIRED, 0, 0, NULL, BODY, "who is signed in", "\"AAAAAAAAAAAAAAAAAAAAAw\"")   \
    F(R, ID, sid, REQUIRED, 0, 0, NULL, BODY, "the sign-in", "\"AAAAAAAAAAAAAAAAAAAABA\"")         \
    F(R, ID, couple, OPTIONAL, 0, 0, NULL, BODY, "absent while not paired",                        \
      "\"AAAAAAAAAAAAAAAAAAAABQ\"")                                                                \
    F(R, LIST, streams, REQUIRED, 0, STREAM_COUNT, &stream_position_type, BODY,                    \
      "the streams that are followed now", "[]")
RECORD_DECLARE(session_open_result, SESSION_OPEN_RESULT)

#define SESSION_RENEW_ARGS(F, R)                                                                   \
    F(R, TEXT, access_token, REQUIRED, 1, 1023, NULL, BODY, "a newer one of the same sign-in",     \
      "\"eyJ…\"")
RECORD_DECLARE(session_renew_args, SESSION_RENEW_ARGS)

#define SESSION_RENEW_RESULT(F, R)                                                                 \
    F(R, INSTANT, access_expires_at, REQUIRED, 0, 0, NULL, BODY, "when the new token expires",     \
      "1767225600000")
RECORD_DECLARE(session_renew_result, SESSION_RENEW_RESULT)

#define PING_RESULT(F, R)                                                                          \
    F(R, INSTANT, now_ms, REQUIRED, 0, 0, NULL, BODY, "the server's clock", "1767225600000")
RECORD_DECLARE(ping_result, PING_RESULT)

#define HELLO(F, R)                                                                                \
    F(R, TEXT, server, REQUIRED, 1, 32, NULL, BODY, "\"duet\"", "\"duet\"")                        \
    F(R, TEXT, version, REQUIRED, 1, 64, NULL, BODY, "of the server", "\"0.1.0\"")                 \
    F(R, ID, node, REQUIRED, 0, 0, NULL, BODY, "which server", "\"AAAAAAAAAAAAAAAAAAAABg\"")       \
    F(R, INSTANT, now_ms, REQUIRED, 0, 0, NULL, BODY, "its clock", "1767225600000")                \
    F(R, INT, heartbeat_ms, REQUIRED, 0, INT_BOUND, NULL, BODY,                                    \
      "after so long without traffic the server pings", "60000")                                   \
    F(R, INT, open_within_ms, REQUIRED, 0, INT_BOUND, NULL, BODY,                                  \
      "session.open is due within this time", "5000")                                              \
    F(R, INT, message_bytes_max, REQUIRED, 0, INT_BOUND, NULL, BODY, "of one WebSocket message",   \
      "65536")                                                                                     \
    F(R, INT, messages_per_frame_max, REQUIRED, 0, INT_BOUND, NULL, BODY,                          \
      "RPC messages in one WebSocket message", "64")                                               \
    F(R, TEXT, resume, REQUIRED, 1, 32, NULL, BODY,                                                \
      "how far back cursors reach: complete, the whole stream", "\"complete\"")
RECORD_DECLARE(hello, HELLO)

enum session_op_code { SESSION_OP_OPEN = 1, SESSION_OP_RENEW, SESSION_OP_PING };

/** For registry_create: the edge's own table, kind 0. */
extern const struct op_table session_op_table;

/** The hello, for the documents. Topic "hello", no type. */
extern const struct push_type hello_push;
extern const struct push_type *const session_pushes[1];

#endif
