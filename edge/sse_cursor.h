/**
 * A client's place in the streams it follows, as the id of a server-sent event:
 * "user:<epoch>:<seq>,couple:<epoch>:<seq>". Pure.
 */
#ifndef EDGE_SSE_CURSOR_H
#define EDGE_SSE_CURSOR_H

#include "edge/session.h"
#include "edge/session_ops.h"

/** Appends the id; streams without a given cursor are left out. */
void sse_cursors_append(const struct session_cursor cursors[STREAM_COUNT], struct buffer *out);

/** Inverse; false: it is no such id. Empty is no cursor at all. */
bool sse_cursors_parse(struct bytes text, struct session_cursor out[STREAM_COUNT]);

/** The stream of this name, or STREAM_COUNT. */
enum stream_name sse_stream_named(struct bytes name);

#endif
