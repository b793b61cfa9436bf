/**
 * The push body of a stored stream entry: what ctx_push_entry sends live, made again for a replay.
 */
#ifndef ACTORS_STREAM_ENTRY_H
#define ACTORS_STREAM_ENTRY_H

#include "base/bytes.h"
#include "wire/op.h"

struct stream_entry {
    const struct push_type *type;
    struct id epoch;
    int64_t seq;
    int64_t at_ms;
    const void *data; /* struct of type->data */
};

/** Appends {epoch, seq, type, at, data}. */
void stream_entry_append(const struct stream_entry *entry, struct buffer *body);

#endif
