#include "runtime/entries.h"

#include "base/error.h"
#include "wire/codec.h"

#define ENTRY_HEADER_BYTES 9

RECORD_DEFINE(entry_send, ENTRY_SEND_FIELDS, "a reliable send");
RECORD_DEFINE(entry_outcome, ENTRY_OUTCOME_FIELDS, "the answer to a reliable send arrived");
RECORD_DEFINE(entry_receipt, ENTRY_RECEIPT_FIELDS, "a reliable send was taken");
RECORD_DEFINE(entry_timer, ENTRY_TIMER_FIELDS, "a durable timer");
RECORD_DEFINE(entry_answer, ENTRY_ANSWER_FIELDS, "the answer kept for an idempotency key");
RECORD_DEFINE(entry_birth, ENTRY_BIRTH_FIELDS, "the first record of an actor");

static const struct record_type *const entry_records[ENTRY_TYPE_END] = {
    [ENTRY_SEND] = &entry_send_type,         [ENTRY_OUTCOME] = &entry_outcome_type,
    [ENTRY_RECEIPT] = &entry_receipt_type,   [ENTRY_TIMER_SET] = &entry_timer_type,
    [ENTRY_TIMER_CLEAR] = &entry_timer_type, [ENTRY_ANSWER] = &entry_answer_type,
    [ENTRY_BIRTH] = &entry_birth_type,
};

void entry_append(struct buffer *payload, enum entry_type type, uint16_t tag, uint16_t version,
                  const struct record_type *record, const void *value)
{
    size_t start = payload->len;
    buffer_extend(payload, ENTRY_HEADER_BYTES);
    record_encode(record, RECORD_AS_ARRAY, value, payload);
    uint8_t *header = payload->data + start;
    header[0] = (uint8_t)type;
    put_u16(header + 1, tag);
    put_u16(header + 3, version);
    put_u32(header + 5, (uint32_t)(payload->len - start - ENTRY_HEADER_BYTES));
}

int entry_next(struct bytes *rest, struct entry *out)
{
    if (rest->len == 0) {
        return ERR_END;
    }
    if (rest->len < ENTRY_HEADER_BYTES) {
        return ERR_CORRUPT;
    }
    const uint8_t *at = rest->data;
    size_t len = get_u32(at + 5);
    if (at[0] == 0 || at[0] >= ENTRY_TYPE_END || len > rest->len - ENTRY_HEADER_BYTES) {
        return ERR_CORRUPT;
    }
    *out = (struct entry){.type = at[0],
                          .tag = get_u16(at + 1),
                          .version = get_u16(at + 3),
                          .body = bytes_of(at + ENTRY_HEADER_BYTES, len)};
    *rest = bytes_of(at + ENTRY_HEADER_BYTES + len, rest->len - ENTRY_HEADER_BYTES - len);
    return 0;
}

const struct record_type *entry_record(enum entry_type type)
{
    return type < ENTRY_TYPE_END ? entry_records[type] : NULL;
}

const struct event_type *entry_event(const struct kind *kind, const struct entry *entry)
{
    for (uint32_t i = 0; i < kind->event_count; i++) {
        const struct event_type *type = kind->events[i];
        if (type->tag == entry->tag && type->version == entry->version) {
            return type;
        }
    }
    return NULL;
}
