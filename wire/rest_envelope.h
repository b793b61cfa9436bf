/**
 * What every REST answer is wrapped in:
 *
 *     {"status":"ok","data":…}
 *     {"status":"error","error":{"code","message","details":{"field","reason"},"retry_ms","trace_id"}}
 *
 * details and retry_ms only where there are any. Pure.
 */
#ifndef WIRE_REST_ENVELOPE_H
#define WIRE_REST_ENVELOPE_H

#include "wire/frame.h"

/**
 * Appends the answer of an op: `result` is one MessagePack value, or empty for null. 0, or
 * ERR_MALFORMED when it is none; then nothing was appended.
 */
int rest_append_ok(struct buffer *out, struct bytes result);

/** Appends an error. */
void rest_append_error(struct buffer *out, const struct rpc_error *error);

#endif
