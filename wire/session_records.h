/**
 * What the edge asks a user actor when a session opens: is it alive, and which couple is it in?
 */
#ifndef WIRE_SESSION_RECORDS_H
#define WIRE_SESSION_RECORDS_H

#include "wire/record.h"

/** Code of the command at the user actor. */
#define SESSION_ATTACH_CODE 1

#define SESSION_ATTACH_ARGS(F, R)                                                                  \
    F(R, ID, sid, REQUIRED, 0, 0, NULL, BODY, "the signed-in session",                             \
      "\"AAAAAAAAAAAAAAAAAAAAAA\"")                                                                \
    F(R, ID, device, REQUIRED, 0, 0, NULL, BODY, "the installation", "\"AAAAAAAAAAAAAAAAAAAAAA\"")
RECORD_DECLARE(session_attach_args, SESSION_ATTACH_ARGS)

#define SESSION_ATTACH_RESULT(F, R)                                                                \
    F(R, ID, couple, OPTIONAL, 0, 0, NULL, BODY, "the user's couple; absent while not paired",     \
      "\"AAAAAAAAAAAAAAAAAAAAAA\"")                                                                \
    F(R, INSTANT, family_expires_at, REQUIRED, 0, INT_BOUND, NULL, BODY,                           \
      "when the session ends unless it is refreshed", "1767225600000")
RECORD_DECLARE(session_attach_result, SESSION_ATTACH_RESULT)

#endif
