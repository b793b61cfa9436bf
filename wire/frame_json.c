/*
 * The envelope in JSON.
 */
#include <jansson.h>

#include "wire/envelope.h"
#include "wire/json_text.h"

enum { CLOSE_PROTOCOL = 1002, CLOSE_BAD_BYTES = 1007 };

static int stop(struct frame_json_reader *reader, int status, int close_code)
{
    reader->status = status;
    reader->close_code = close_code;
    return status;
}

void frame_json_reader_init(struct frame_json_reader *reader, struct bytes text)
{
    *reader = (struct frame_json_reader){0};
    if (json_parse_bounded(text, &reader->messages) != 0) {
        (void)stop(reader, ERR_MALFORMED, CLOSE_BAD_BYTES);
        return;
    }
    size_t count = json_array_size(reader->messages);
    if (count == 0 || count > FRAME_MESSAGES_MAX) {
        (void)stop(reader, ERR_MALFORMED, CLOSE_PROTOCOL);
    }
}

void frame_json_reader_fini(struct frame_json_reader *reader)
{
    json_decref(reader->messages);
    reader->messages = NULL;
    reader->status = ERR_END;
}

static struct bytes text_view(const json_t *value)
{
    return bytes_of(json_string_value(value), json_string_length(value));
}

static void read_meta(const json_t *meta, struct rpc_request *out)
{
    static const struct {
        const char *name, *path;
    } members[] = {{"key", "meta.key"}, {"lang", "meta.lang"}, {"trace", "meta.trace"}};
    enum { MEMBERS = sizeof members / sizeof members[0] };
    struct bytes texts[MEMBERS] = {0};
    if (meta == NULL || json_is_null(meta)) {
        return;
    }
    if (!json_is_object(meta)) {
        request_refuse(out, "meta", "must be an object");
        return;
    }
    for (size_t i = 0; i < MEMBERS; i++) {
        const json_t *value = json_object_get(meta, members[i].name);
        if (json_is_string(value)) {
            texts[i] = text_view(value);
        } else if (value != NULL && !json_is_null(value)) {
            request_refuse(out, members[i].path, "must be a text");
            return;
        }
    }
    request_take_meta(out, texts[0], texts[0].data != NULL, texts[1], texts[2]);
}

static void read_request(const json_t *message, struct rpc_request *out)
{
    const json_t *op = json_array_get(message, 2);
    if (json_is_string(op)) {
        request_take_op(out, text_view(op));
    } else {
        request_refuse(out, "op", op == NULL ? "is required" : "must be a text");
    }
    json_t *args = json_array_get(message, 3);
    if (json_is_object(args)) {
        out->args_json = args;
    } else {
        request_refuse(out, "args", args == NULL ? "is required" : "must be an object");
    }
    read_meta(json_array_get(message, 4), out);
}

int frame_json_reader_next(struct frame_json_reader *reader, struct rpc_request *out)
{
    if (reader->status != 0) {
        return reader->status;
    }
    if (reader->count == json_array_size(reader->messages)) {
        return stop(reader, ERR_END, 0);
    }
    const json_t *message = json_array_get(reader->messages, reader->count++);
    const json_t *type = json_array_get(message, 0);
    const json_t *id = json_array_get(message, 1);
    json_int_t number = json_integer_value(id);
    if (!json_is_integer(type) || json_integer_value(type) != RPC_REQUEST || !json_is_integer(id) ||
        number < 0 || number > UINT32_MAX) {
        return stop(reader, ERR_MALFORMED, CLOSE_PROTOCOL);
    }
    struct rpc_request request = {.id = (uint32_t)number};
    read_request(message, &request);
    *out = request;
    return 0;
}

/** Closes the array, or takes back what was appended since `before`. */
static int finish(struct buffer *out, size_t before, int status, const char *end)
{
    if (status != 0) {
        out->len = before;
        return status;
    }
    json_text_raw(out, end);
    return 0;
}

int frame_append_result_json(struct buffer *out, uint32_t id, struct bytes result)
{
    size_t before = out->len;
    json_text_raw(out, "[1,");
    json_text_int(out, id);
    json_text_raw(out, result.len == 0 ? ",null,null" : ",null,");
    return finish(out, before, result.len == 0 ? 0 : json_text_transcribe(out, result), "]");
}

int frame_append_error_json(struct buffer *out, uint32_t id, const struct rpc_error *error)
{
    struct buffer message = {0};
    frame_append_error(&message, id, error);
    int status = json_text_transcribe(out, buffer_bytes(&message));
    buffer_fini(&message);
    return status;
}

int frame_append_push_json(struct buffer *out, const char *topic, struct bytes body)
{
    size_t before = out->len;
    json_text_raw(out, "[2,");
    json_text_string(out, text_of(topic));
    json_text_raw(out, ",");
    return finish(out, before, json_text_transcribe(out, body), "]");
}
