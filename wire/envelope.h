/**
 * What the readers of the envelope share. Internal to wire/.
 */
#ifndef WIRE_ENVELOPE_H
#define WIRE_ENVELOPE_H

#include "wire/frame.h"

/** Refuses the request because of a field of the envelope, unless it was refused before. */
void request_refuse(struct rpc_request *request, const char *field, const char *reason);

/** Takes meta's texts, any of them empty when absent, or refuses the request. */
void request_take_meta(struct rpc_request *request, struct bytes key, bool has_key,
                       struct bytes lang, struct bytes trace);

/** Takes the op's name or refuses the request. */
void request_take_op(struct rpc_request *request, struct bytes op);

/** Ends the reading: `status` is sticky, and the close code follows from the cursor's failure. */
int frame_stop(struct frame_reader *reader, int status);

/** Enters the array of the next message and reads its type; or the sticky status. */
int frame_open_message(struct frame_reader *reader, uint32_t *items, int64_t *type);

/** Whether a value of this type comes next. Bytes that start no value fail the cursor. */
bool frame_next_is(struct cursor *cursor, enum cursor_type type);

/** Reads an id of a request, 32 bits without sign; false if there is none. */
bool frame_read_id(struct cursor *cursor, uint32_t *out);

/** Appends a key and its text. */
void frame_pack_member(struct buffer *out, const char *name, struct bytes text);

#endif
