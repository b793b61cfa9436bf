/**
 * Immutable, reference-counted bytes, shared by fan-out across threads.
 * The count is atomic; the bytes never change after payload_create.
 */
#ifndef RUNTIME_PAYLOAD_H
#define RUNTIME_PAYLOAD_H

#include "base/bytes.h"

struct payload;
struct payload *payload_create(struct bytes bytes); /* count 1, copies */
struct payload *payload_ref(struct payload *payload);
void payload_unref(struct payload *payload); /* NULL is fine; frees at 0 */
struct bytes payload_bytes(const struct payload *payload);

#endif
