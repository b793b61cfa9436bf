#include "actors/stream_entry.h"

#include "wire/codec.h"
#include "wire/frame.h"

void stream_entry_append(const struct stream_entry *entry, struct buffer *body)
{
    struct buffer data = {0};
    record_encode(entry->type->data, RECORD_AS_MAP, entry->data, &data);
    frame_append_stream_body(body, &(struct stream_body){.epoch = entry->epoch,
                                                         .seq = (uint64_t)entry->seq,
                                                         .type = text_of(entry->type->type),
                                                         .at_ms = entry->at_ms,
                                                         .data = buffer_bytes(&data)});
    buffer_fini(&data);
}
