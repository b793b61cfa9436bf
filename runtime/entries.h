/**
 * The payload of a log record: what one command did to one actor, as a run of entries.
 *
 * An entry is  u8 type ∥ u16 tag ∥ u16 version ∥ u32 length ∥ body  (big endian; tag and version
 * are 0 but for events). Bodies are declared records in array shape. Unknown types and events
 * refuse to start: a log from a newer version must not be half understood.
 */
#ifndef RUNTIME_ENTRIES_H
#define RUNTIME_ENTRIES_H

#include "base/bytes.h"
#include "runtime/actor.h"
#include "wire/record.h"

enum entry_type {
    ENTRY_EVENT = 1,   /* of the kind: tag, version, body as declared */
    ENTRY_SEND,        /* entry_send: a reliable send was made */
    ENTRY_OUTCOME,     /* entry_outcome: it was answered */
    ENTRY_RECEIPT,     /* entry_receipt: a reliable send of another was taken, with its outcome */
    ENTRY_TIMER_SET,   /* entry_timer */
    ENTRY_TIMER_CLEAR, /* entry_timer: cleared or fired */
    ENTRY_ANSWER,      /* entry_answer: what an idempotency key stands for */
    ENTRY_BIRTH,       /* entry_birth: first record of an actor's incarnation */
    ENTRY_TYPE_END
};

#define ENTRY_SEND_FIELDS(F, R)                                                                    \
    F(R, INT, to_kind, REQUIRED, 1, 255, NULL, BODY, "receiver's kind", "2")                       \
    F(R, ID, to_id, REQUIRED, 0, 0, NULL, BODY, "receiver's id", "\"AAAAAAAAAAAAAAAAAAAAAA\"")     \
    F(R, INT, seq, REQUIRED, 1, INT_BOUND, NULL, BODY, "per receiver", "1")                        \
    F(R, INT, code, REQUIRED, 1, 65535, NULL, BODY, "the command", "1")                            \
    F(R, BYTES, args, REQUIRED, 0, 1 << 20, NULL, BODY, "its args, array shape", "\"\"")
RECORD_DECLARE(entry_send, ENTRY_SEND_FIELDS)

#define ENTRY_OUTCOME_FIELDS(F, R)                                                                 \
    F(R, INT, to_kind, REQUIRED, 1, 255, NULL, BODY, "receiver's kind", "2")                       \
    F(R, ID, to_id, REQUIRED, 0, 0, NULL, BODY, "receiver's id", "\"AAAAAAAAAAAAAAAAAAAAAA\"")     \
    F(R, INT, seq, REQUIRED, 1, INT_BOUND, NULL, BODY, "per receiver", "1")
RECORD_DECLARE(entry_outcome, ENTRY_OUTCOME_FIELDS)

#define ENTRY_RECEIPT_FIELDS(F, R)                                                                 \
    F(R, INT, from_kind, REQUIRED, 1, 255, NULL, BODY, "sender's kind", "4")                       \
    F(R, ID, from_id, REQUIRED, 0, 0, NULL, BODY, "sender's id", "\"AAAAAAAAAAAAAAAAAAAAAA\"")     \
    F(R, ID, incarnation, REQUIRED, 0, 0, NULL, BODY, "sender's life",                             \
      "\"AAAAAAAAAAAAAAAAAAAAAA\"")                                                                \
    F(R, INT, seq, REQUIRED, 1, INT_BOUND, NULL, BODY, "of the send", "1")                         \
    F(R, TEXT, error, OPTIONAL, 1, 64, NULL, BODY, "name of the refusal", "\"BUSY\"")              \
    F(R, BYTES, result, OPTIONAL, 0, 1 << 20, NULL, BODY, "array shape", "\"\"")
RECORD_DECLARE(entry_receipt, ENTRY_RECEIPT_FIELDS)

#define ENTRY_TIMER_FIELDS(F, R)                                                                   \
    F(R, INT, timer, REQUIRED, 0, 4294967295, NULL, BODY, "its id in the actor", "1")              \
    F(R, INSTANT, due_at, OPTIONAL, 0, INT_BOUND, NULL, BODY, "when set", "1790000000000")
RECORD_DECLARE(entry_timer, ENTRY_TIMER_FIELDS)

/**
 * With a result: answered. With a send, but no result: taken; whoever asked waits for the outcome
 * of that send. With neither: free again, as the chain ended in a refusal.
 */
#define ENTRY_ANSWER_FIELDS(F, R)                                                                  \
    F(R, ID, key, REQUIRED, 0, 0, NULL, BODY, "hash of caller and key",                            \
      "\"AAAAAAAAAAAAAAAAAAAAAA\"")                                                                \
    F(R, ID, content, REQUIRED, 0, 0, NULL, BODY, "hash of op and args",                           \
      "\"AAAAAAAAAAAAAAAAAAAAAA\"")                                                                \
    F(R, BYTES, result, OPTIONAL, 0, 1 << 20, NULL, BODY, "the answer, map shape", "\"\"")         \
    F(R, INT, to_kind, OPTIONAL, 1, 255, NULL, BODY, "of the send that is waited for", "2")        \
    F(R, ID, to_id, OPTIONAL, 0, 0, NULL, BODY, "its receiver", "\"AAAAAAAAAAAAAAAAAAAAAA\"")      \
    F(R, INT, seq, OPTIONAL, 1, INT_BOUND, NULL, BODY, "its number", "1")                          \
    F(R, INSTANT, at, OPTIONAL, 0, INT_BOUND, NULL, BODY, "when", "1790000000000")
RECORD_DECLARE(entry_answer, ENTRY_ANSWER_FIELDS)

#define ENTRY_BIRTH_FIELDS(F, R)                                                                   \
    F(R, ID, incarnation, REQUIRED, 0, 0, NULL, BODY, "random", "\"AAAAAAAAAAAAAAAAAAAAAA\"")
RECORD_DECLARE(entry_birth, ENTRY_BIRTH_FIELDS)

struct entry {
    enum entry_type type;
    uint16_t tag, version;
    struct bytes body;
};

/** Appends one entry whose body is `value` in array shape. */
void entry_append(struct buffer *payload, enum entry_type type, uint16_t tag, uint16_t version,
                  const struct record_type *record, const void *value);

/** Takes the first entry off `rest`. 0, ERR_END when empty, ERR_CORRUPT. */
int entry_next(struct bytes *rest, struct entry *out);

/** Table of a runtime entry's body; NULL for events. Static. */
const struct record_type *entry_record(enum entry_type type);

/** The kind's event with this tag and version, or NULL. */
const struct event_type *entry_event(const struct kind *kind, const struct entry *entry);

#endif
