/*
 * The envelope as a client writes and reads it, in MessagePack.
 */
#include "wire/envelope.h"
#include "wire/slots.h"

void frame_append_request(struct buffer *out, uint32_t id, const char *op,
                          const struct record_type *args_type, const void *args, struct bytes key)
{
    pack_array(out, key.len > 0 ? 5 : 4);
    pack_int(out, RPC_REQUEST);
    pack_int(out, id);
    pack_text(out, text_of(op));
    record_encode(args_type, RECORD_AS_MAP, args, out);
    if (key.len > 0) {
        pack_map(out, 1);
        frame_pack_member(out, "key", key);
    }
}

static bool read_error(struct cursor *cursor, struct rpc_incoming *out)
{
    struct raw {
        struct bytes code, message, details, trace;
        int64_t retry_ms;
    } raw = {0};
    static const struct slot slots[] = {
        {"code", SLOT_TEXT, offsetof(struct raw, code)},
        {"message", SLOT_TEXT, offsetof(struct raw, message)},
        {"details", SLOT_ANY, offsetof(struct raw, details)},
        {"retry_ms", SLOT_INT, offsetof(struct raw, retry_ms)},
        {"trace_id", SLOT_TEXT, offsetof(struct raw, trace)},
    };
    static const struct slot detail_slots[] = {
        {"field", SLOT_TEXT, offsetof(struct rpc_incoming, error_field)},
        {"reason", SLOT_TEXT, offsetof(struct rpc_incoming, error_reason)},
    };
    const char *culprit = NULL;
    if (slots_read(cursor, slots, sizeof slots / sizeof slots[0], &raw, &culprit) != 0) {
        return false;
    }
    struct cursor details = cursor_of(raw.details);
    if (raw.details.len > 0 && slots_read(&details, detail_slots, 2, out, &culprit) != 0) {
        return false;
    }
    if (raw.code.len == 0 || raw.code.len >= FRAME_OP_MAX) {
        return false;
    }
    char name[FRAME_OP_MAX] = "";
    memcpy(name, raw.code.data, raw.code.len);
    out->error = error_from_name(name);
    out->error_code = raw.code;
    out->error_message = raw.message;
    out->error_trace = raw.trace;
    out->retry_ms = raw.retry_ms;
    return true;
}

/** The rest of a response; false when it is none. */
static bool read_response(struct cursor *cursor, uint32_t items, struct rpc_incoming *out)
{
    if (items < 4 || !frame_read_id(cursor, &out->id)) {
        return false;
    }
    if (frame_next_is(cursor, CURSOR_NIL)) {
        cursor_nil(cursor);
    } else if (!read_error(cursor, out)) {
        return false;
    }
    out->result = cursor_skip(cursor);
    return true;
}

static bool read_push(struct cursor *cursor, uint32_t items, struct rpc_incoming *out)
{
    if (items < 3 || !frame_next_is(cursor, CURSOR_TEXT)) {
        return false;
    }
    out->topic = cursor_text(cursor);
    out->body = cursor_skip(cursor);
    return true;
}

int frame_reader_next_incoming(struct frame_reader *reader, struct rpc_incoming *out)
{
    uint32_t items = 0;
    int64_t type = 0;
    int status = frame_open_message(reader, &items, &type);
    if (status != 0) {
        return status;
    }
    struct rpc_incoming incoming = {.type = (enum rpc_type)type};
    struct cursor *cursor = &reader->cursor;
    bool known = type == RPC_RESPONSE ? read_response(cursor, items, &incoming)
                                      : type == RPC_PUSH && read_push(cursor, items, &incoming);
    uint32_t used = type == RPC_RESPONSE ? 4 : 3;
    for (uint32_t i = used; known && i < items && !cursor->failed; i++) {
        (void)cursor_skip(cursor);
    }
    if (!known || cursor->failed) {
        return frame_stop(reader, ERR_MALFORMED);
    }
    *out = incoming;
    return 0;
}
