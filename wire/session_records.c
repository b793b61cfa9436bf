#include "wire/session_records.h"

RECORD_DEFINE(session_attach_args, SESSION_ATTACH_ARGS, "asks whether a session is alive");
RECORD_DEFINE(session_attach_result, SESSION_ATTACH_RESULT, "a session that is alive");
