/*
 * The envelope in MessagePack. The JSON side is frame_json.c, the client's side frame_client.c.
 */
#include <stdio.h>

#include "base/check.h"
#include "wire/envelope.h"
#include "wire/pack.h"
#include "wire/slots.h"

enum { CLOSE_PROTOCOL = 1002, CLOSE_BAD_BYTES = 1007 };

void frame_reader_init(struct frame_reader *reader, struct bytes message)
{
    *reader = (struct frame_reader){.cursor = cursor_of(message)};
}

int frame_stop(struct frame_reader *reader, int status)
{
    if (status == ERR_MALFORMED) {
        reader->close_code = reader->cursor.failed ? CLOSE_BAD_BYTES : CLOSE_PROTOCOL;
    }
    reader->status = status;
    return status;
}

bool frame_next_is(struct cursor *cursor, enum cursor_type type)
{
    enum cursor_type given = cursor_peek(cursor);
    cursor->failed = given == CURSOR_BAD;
    return given == type;
}

int frame_open_message(struct frame_reader *reader, uint32_t *items, int64_t *type)
{
    struct cursor *cursor = &reader->cursor;
    if (reader->status != 0) {
        return reader->status;
    }
    if (cursor->at == cursor->end && reader->count > 0) {
        return frame_stop(reader, ERR_END);
    }
    if (reader->count == FRAME_MESSAGES_MAX || !frame_next_is(cursor, CURSOR_ARRAY)) {
        return frame_stop(reader, ERR_MALFORMED);
    }
    reader->count++;
    uint32_t count = cursor_array(cursor);
    if (cursor->failed || count < 2 || !frame_next_is(cursor, CURSOR_INT)) {
        return frame_stop(reader, ERR_MALFORMED);
    }
    *items = count;
    *type = cursor_int(cursor);
    return 0;
}

bool frame_read_id(struct cursor *cursor, uint32_t *out)
{
    if (!frame_next_is(cursor, CURSOR_INT)) {
        return false;
    }
    int64_t id = cursor_int(cursor);
    *out = (uint32_t)id;
    return id >= 0 && id <= UINT32_MAX;
}

static void read_op(struct cursor *cursor, struct rpc_request *out)
{
    if (cursor_peek(cursor) != CURSOR_TEXT) {
        (void)cursor_skip(cursor);
        request_refuse(out, "op", "must be a text");
        return;
    }
    request_take_op(out, cursor_text(cursor));
}

static void read_args(struct cursor *cursor, struct rpc_request *out)
{
    bool is_map = cursor_peek(cursor) == CURSOR_MAP;
    out->args = cursor_skip(cursor);
    if (!is_map) {
        request_refuse(out, "args", "must be an object");
    }
}

static void read_meta(struct cursor *cursor, struct rpc_request *out)
{
    struct texts {
        struct bytes key, lang, trace;
    } texts = {0};
    static const struct slot slots[] = {
        {"key", SLOT_TEXT, offsetof(struct texts, key)},
        {"lang", SLOT_TEXT, offsetof(struct texts, lang)},
        {"trace", SLOT_TEXT, offsetof(struct texts, trace)},
    };
    if (cursor_peek(cursor) == CURSOR_NIL) {
        cursor_nil(cursor);
        return;
    }
    const char *culprit = NULL;
    int status = slots_read(cursor, slots, sizeof slots / sizeof slots[0], &texts, &culprit);
    if (status == ERR_MALFORMED) {
        cursor->failed = true;
        return;
    }
    if (status != 0) {
        char path[32];
        (void)!snprintf(path, sizeof path, "meta%s%s", culprit[0] != '\0' ? "." : "", culprit);
        request_refuse(out, path, culprit[0] != '\0' ? "must be a text" : "must be an object");
        return;
    }
    request_take_meta(out, texts.key, texts.key.data != NULL, texts.lang, texts.trace);
}

int frame_reader_next(struct frame_reader *reader, struct rpc_request *out)
{
    static void (*const readers[])(struct cursor *, struct rpc_request *) = {read_op, read_args,
                                                                             read_meta};
    enum { ITEMS_BEFORE = 2, ITEMS_LEAST = 4, READERS = sizeof readers / sizeof readers[0] };
    uint32_t items = 0;
    int64_t type = 0;
    int status = frame_open_message(reader, &items, &type);
    if (status != 0) {
        return status;
    }
    struct rpc_request request = {0};
    if (type != RPC_REQUEST || !frame_read_id(&reader->cursor, &request.id)) {
        return frame_stop(reader, ERR_MALFORMED);
    }
    for (uint32_t i = 0; i + ITEMS_BEFORE < items && !reader->cursor.failed; i++) {
        if (i < READERS) {
            readers[i](&reader->cursor, &request);
        } else {
            (void)cursor_skip(&reader->cursor);
        }
    }
    if (reader->cursor.failed) {
        return frame_stop(reader, ERR_MALFORMED);
    }
    if (items < ITEMS_LEAST) {
        request_refuse(&request, items <= ITEMS_BEFORE ? "op" : "args", "is required");
    }
    *out = request;
    return 0;
}

size_t frame_put_result_head(uint8_t out[FRAME_RESULT_HEAD_MAX], uint32_t id)
{
    uint8_t *at = put_unsigned(put_byte(put_array_head(out, 4), RPC_RESPONSE), id);
    return (size_t)(put_byte(at, 0xc0) - out);
}

size_t frame_put_push_head(uint8_t out[FRAME_PUSH_HEAD_MAX], const char *topic)
{
    size_t len = strlen(topic);
    CHECK_ALWAYS(len <= FRAME_OP_MAX);
    uint8_t *at = put_text_head(put_byte(put_array_head(out, 3), RPC_PUSH), len);
    return (size_t)(put_short(at, topic, len) - out);
}

void frame_append_result(struct buffer *out, uint32_t id, struct bytes result)
{
    uint8_t head[FRAME_RESULT_HEAD_MAX];
    buffer_append(out, head, frame_put_result_head(head, id));
    if (result.len == 0) {
        pack_nil(out);
    } else {
        buffer_append(out, result.data, result.len);
    }
}

void frame_pack_member(struct buffer *out, const char *name, struct bytes text)
{
    pack_text(out, text_of(name));
    pack_text(out, text);
}

static void append_details(struct buffer *out, const struct field_fault *fault)
{
    pack_text(out, text_of("details"));
    pack_map(out, 2);
    frame_pack_member(out, "field", text_of(fault->field));
    frame_pack_member(out, "reason", text_of(fault->reason));
}

void frame_append_error(struct buffer *out, uint32_t id, const struct rpc_error *error)
{
    bool has_details = error->fault != NULL && error->fault->reason != NULL;
    bool has_retry = error->retry_ms > 0;
    bool has_trace = error->trace.len > 0;
    pack_array(out, 4);
    pack_int(out, RPC_RESPONSE);
    pack_int(out, id);
    pack_map(out, 2u + has_details + has_retry + has_trace);
    frame_pack_member(out, "code", text_of(error_name(error->code)));
    frame_pack_member(out, "message", text_of(error_text(error->code, error->lang)));
    if (has_details) {
        append_details(out, error->fault);
    }
    if (has_retry) {
        pack_text(out, text_of("retry_ms"));
        pack_int(out, error->retry_ms);
    }
    if (has_trace) {
        frame_pack_member(out, "trace_id", error->trace);
    }
    pack_nil(out);
}

void frame_append_push(struct buffer *out, const char *topic, struct bytes body)
{
    uint8_t head[FRAME_PUSH_HEAD_MAX];
    buffer_append(out, head, frame_put_push_head(head, topic));
    buffer_append(out, body.data, body.len);
}

void frame_append_stream_head(struct buffer *out, const struct stream_body *body)
{
    enum { HEADS = 10, NAMES = sizeof "epochseqtypeatdata" };
    size_t most = HEADS * PACK_HEAD_MAX + NAMES + ID_BYTES + body->type.len;
    uint8_t *at = put_map_head(buffer_extend(out, most), 5);
    at = put_raw(put_bin_head(PUT_NAME(at, "epoch"), ID_BYTES), body->epoch.bytes, ID_BYTES);
    at = put_int(PUT_NAME(at, "seq"), (int64_t)body->seq);
    at = put_text_head(PUT_NAME(at, "type"), body->type.len);
    at = put_raw(at, body->type.data, body->type.len);
    at = put_int(PUT_NAME(at, "at"), body->at_ms);
    at = PUT_NAME(at, "data");
    out->len = (size_t)(at - out->data);
}

void frame_append_stream_body(struct buffer *out, const struct stream_body *body)
{
    frame_append_stream_head(out, body);
    buffer_append(out, body->data.data, body->data.len);
}

int frame_parse_stream_body(struct bytes in, struct stream_body *out)
{
    struct raw {
        struct bytes epoch, type, data;
        int64_t seq, at_ms;
    } raw = {.seq = -1};
    static const struct slot slots[] = {
        {"epoch", SLOT_BIN, offsetof(struct raw, epoch)},
        {"seq", SLOT_INT, offsetof(struct raw, seq)},
        {"type", SLOT_TEXT, offsetof(struct raw, type)},
        {"at", SLOT_INT, offsetof(struct raw, at_ms)},
        {"data", SLOT_ANY, offsetof(struct raw, data)},
    };
    struct cursor cursor = cursor_of(in);
    const char *culprit = NULL;
    int status = slots_read(&cursor, slots, sizeof slots / sizeof slots[0], &raw, &culprit);
    if (status != 0 || cursor.at != cursor.end || raw.epoch.len != ID_BYTES || raw.seq < 0 ||
        raw.type.len == 0 || raw.data.len == 0) {
        return ERR_MALFORMED;
    }
    *out = (struct stream_body){
        .seq = (uint64_t)raw.seq, .type = raw.type, .at_ms = raw.at_ms, .data = raw.data};
    memcpy(out->epoch.bytes, raw.epoch.data, ID_BYTES);
    return 0;
}
