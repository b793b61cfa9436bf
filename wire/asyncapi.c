#include "wire/asyncapi.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire/document.h"
#include "wire/example.h"
#include "wire/frame.h"
#include "wire/schema.h"

#define NAME_MAX_BYTES 256

/** The document's parts while it is made; borrowed from its root. */
struct asyncapi {
    json_t *tags, *channel_messages, *operations, *messages, *schemas;
};

static const char about[] =
    "The WebSocket edge of duet, as the server sees it: it receives requests, replies, and sends "
    "pushes. It is made from the declarations that the server runs on; the REST edge is in "
    "`/openapi.json`, and how to resume streams in docs/protocol.md.\n\n"
    "## Connecting\n\n"
    "Open a WebSocket to `/ws` with the subprotocol `duet.v1.json` (text, as here) or "
    "`duet.v1.msgpack` (binary: the same in MessagePack, one value after another, ids and bytes as "
    "bin). The server says `hello`; `session.open` is due soon after. A WebSocket message is at "
    "most 65,536 bytes and holds 1 to 64 RPC messages; requests of several operations may share "
    "one. The server sends one at a time.\n\n"
    "| RPC message | |\n|---|---|\n"
    "| request | `[0, id, op, args, meta?]` |\n"
    "| response | `[1, id, error, result]`, one of the two is null |\n"
    "| push | `[2, topic, body]` |\n\n"
    "`id` is chosen by the client and must not be in flight. `meta` holds `key` (idempotency key), "
    "`lang` and `trace`.";

/* --- pieces of frames --- */

/** A WebSocket message of RPC messages like this one. */
static json_t *frame_schema(int most, json_t *items)
{
    return json_pack("{s:s, s:i, s:i, s:{s:s, s:i, s:i, s:o, s:b}}", "type", "array", "minItems", 1,
                     "maxItems", most, "items", "type", "array", "minItems",
                     (int)json_array_size(items), "maxItems", (int)json_array_size(items), "items",
                     items, "additionalItems", 0);
}

static json_t *const_schema(json_t *value)
{
    return json_pack("{s:o}", "const", value);
}

static json_t *id_schema(void)
{
    return json_pack("{s:s, s:i, s:I, s:s}", "type", "integer", "minimum", 0, "maximum",
                     (json_int_t)UINT32_MAX, "description", "of the request");
}

/** Adds the message to the components and to the channel. */
static void add_message(struct asyncapi *asyncapi, const char *name, const char *title,
                        const char *doc, json_t *payload, json_t *examples)
{
    json_t *message =
        json_pack("{s:s, s:s, s:s, s:s, s:o, s:o}", "name", name, "title", title, "summary", doc,
                  "contentType", "application/json", "payload", payload, "examples", examples);
    (void)json_object_set_new(asyncapi->messages, name, message);
    (void)json_object_set_new(asyncapi->channel_messages, name, schema_ref("messages", name));
}

static json_t *example(const char *name, json_t *rpc)
{
    return json_pack("{s:s, s:[o]}", "name", name, "payload", rpc);
}

static json_t *channel_message(const char *name)
{
    char text[NAME_MAX_BYTES + 64];
    (void)!snprintf(text, sizeof text, "#/channels/ws/messages/%s", name);
    return json_pack("{s:s}", "$ref", text);
}

/* --- ops --- */

static void add_request(struct asyncapi *asyncapi, const struct op *op, const char *name)
{
    const char *op_name = op->command.name;
    json_t *items =
        json_pack("[o, o, o, o, o]", const_schema(json_integer(0)), id_schema(),
                  const_schema(json_string(op_name)),
                  schema_of_record(op->command.args, SCHEMA_FROM_CLIENT, asyncapi->schemas),
                  schema_ref("schemas", op_takes_key(op) ? "meta_keyed" : "meta"));
    json_t *payload = frame_schema(FRAME_MESSAGES_MAX, items);
    (void)json_object_set_new(json_object_get(payload, "items"), "minItems", json_integer(4));
    json_t *rpc = json_pack("[i, i, s, o]", 0, 1, op_name, example_of_record(op->command.args));
    if (op_takes_key(op)) {
        (void)json_array_append_new(rpc, json_pack("{s:s}", "key", "k-1"));
    }
    add_message(asyncapi, name, op_name, op->doc, payload,
                json_pack("[o]", example("request", rpc)));
}

static void add_result(struct asyncapi *asyncapi, const struct op *op, const char *name)
{
    char title[NAME_MAX_BYTES];
    (void)!snprintf(title, sizeof title, "%s: result", op->command.name);
    json_t *items = json_pack(
        "[o, o, o, o]", const_schema(json_integer(1)), id_schema(), const_schema(json_null()),
        schema_of_record(op->command.result, SCHEMA_FROM_SERVER, asyncapi->schemas));
    json_t *rpc = json_pack("[i, i, n, o]", 1, 1, example_of_record(op->command.result));
    add_message(asyncapi, name, title, op->command.result->doc, frame_schema(1, items),
                json_pack("[o]", example("result", rpc)));
}

/** With all errors that the op can have, and an example of each in both languages. */
static void add_error(struct asyncapi *asyncapi, const struct op *op, const char *name)
{
    char title[NAME_MAX_BYTES], ko[NAME_MAX_BYTES];
    struct error_set errors = {0};
    json_t *codes = json_array(), *examples = json_array();
    document_op_errors(op, DOCUMENT_WEBSOCKET, &errors);
    for (int i = 0; i < DUET_ERROR_COUNT; i++) {
        int error = -1 - i;
        if (errors.has[i]) {
            (void)!snprintf(ko, sizeof ko, "%s.ko", error_name(error));
            (void)json_array_append_new(codes, json_string(error_name(error)));
            (void)json_array_append_new(
                examples,
                example(error_name(error), json_pack("[i, i, o, n]", 1, 1,
                                                     document_error_example(error, LANGUAGE_EN))));
            (void)json_array_append_new(
                examples, example(ko, json_pack("[i, i, o, n]", 1, 1,
                                                document_error_example(error, LANGUAGE_KO))));
        }
    }
    (void)!snprintf(title, sizeof title, "%s: error", op->command.name);
    json_t *error = json_pack("{s:[o, {s:{s:{s:o}}}]}", "allOf", schema_ref("schemas", "error"),
                              "properties", "code", "enum", codes);
    json_t *items = json_pack("[o, o, o, o]", const_schema(json_integer(1)), id_schema(), error,
                              const_schema(json_null()));
    add_message(asyncapi, name, title, "the request had no effect", frame_schema(1, items),
                examples);
}

static json_t *op_operation(const struct op *op, const char *request, const char *result,
                            const char *error)
{
    static const char *const needs[] = {
        [OP_NEEDS_NOTHING] = "Needs no session.",
        [OP_NEEDS_SESSION] = "Needs a signed-in session.",
        [OP_NEEDS_PAIRED] = "Needs a signed-in session of a couple.",
    };
    char text[4096], tag[NAME_MAX_BYTES];
    document_tag(op->command.name, tag, sizeof tag);
    (void)!snprintf(text, sizeof text, "%s\n\n%s%s%s", op->doc, needs[op->needs],
                    op_takes_key(op) ? " Takes `meta.key`." : "",
                    op->rate == OP_RATE_COSTLY ? " Limited more tightly than others." : "");
    return json_pack("{s:s, s:{s:s}, s:s, s:o, s:s, s:[{s:s}], s:[o], s:{s:{s:s}, s:[o, o]}}",
                     "action", "receive", "channel", "$ref", "#/channels/ws", "title",
                     op->command.name, "summary", document_summary(op->doc), "description", text,
                     "tags", "name", tag, "messages", channel_message(request), "reply", "channel",
                     "$ref", "#/channels/ws", "messages", channel_message(result),
                     channel_message(error));
}

static void add_op(struct asyncapi *asyncapi, const struct op *op)
{
    char id[128], tag[NAME_MAX_BYTES];
    char request[NAME_MAX_BYTES], result[NAME_MAX_BYTES], error[NAME_MAX_BYTES];
    document_id(op->command.name, id, sizeof id);
    document_tag(op->command.name, tag, sizeof tag);
    document_add_tag(asyncapi->tags, tag);
    (void)!snprintf(request, sizeof request, "%s_request", id);
    (void)!snprintf(result, sizeof result, "%s_result", id);
    (void)!snprintf(error, sizeof error, "%s_error", id);
    add_request(asyncapi, op, request);
    add_result(asyncapi, op, result);
    add_error(asyncapi, op, error);
    (void)json_object_set_new(asyncapi->operations, id, op_operation(op, request, result, error));
}

/* --- pushes --- */

static void add_push(struct asyncapi *asyncapi, const struct push_type *push)
{
    bool durable = push->type != NULL;
    char title[NAME_MAX_BYTES], id[NAME_MAX_BYTES], name[NAME_MAX_BYTES + 8];
    (void)!snprintf(title, sizeof title, "%s%s%s", push->topic, durable ? "." : "",
                    durable ? push->type : "");
    document_id(title, id, sizeof id);
    (void)!snprintf(name, sizeof name, "push_%s", id);
    json_t *body = durable ? document_stream_schema(push, asyncapi->schemas)
                           : schema_of_record(push->data, SCHEMA_FROM_SERVER, asyncapi->schemas);
    json_t *rpc =
        json_pack("[i, s, o]", 2, push->topic,
                  durable ? document_stream_example(push) : example_of_record(push->data));
    json_t *items = json_pack("[o, o, o]", const_schema(json_integer(2)),
                              const_schema(json_string(push->topic)), body);
    add_message(asyncapi, name, title, push->doc, frame_schema(1, items),
                json_pack("[o]", example("push", rpc)));
    json_t *operation = json_pack(
        "{s:s, s:{s:s}, s:s, s:s, s:s, s:[{s:s}], s:[o]}", "action", "send", "channel", "$ref",
        "#/channels/ws", "title", title, "summary", push->doc, "description",
        durable ? "Durable: an entry of a stream, pushed again to whoever resumes before it."
                : "Volatile: without a place in a stream, never replayed.",
        "tags", "name", durable ? "durable pushes" : "volatile pushes", "messages",
        channel_message(name));
    document_add_tag(asyncapi->tags, durable ? "durable pushes" : "volatile pushes");
    (void)json_object_set_new(asyncapi->operations, name, operation);
}

/* --- the whole --- */

static void append(struct buffer *out, const char *text)
{
    buffer_append(out, text, strlen(text));
}

/** What the channel is, and how it ends: the errors with a close code. */
static json_t *channel_description(void)
{
    struct buffer text = {0};
    append(&text,
           "One connection of one client.\n\n## Closing\n\nThe reason begins with the error's "
           "code, followed by `retry_ms=N` where it is known when to come back. 4000 to 4499 "
           "come back, 4500 to 4999 do not.\n\n| code | error | |\n|---|---|---|\n");
    for (int i = 0; i < DUET_ERROR_COUNT; i++) {
        int error = -1 - i;
        char row[512];
        if (error_close_code(error) != 0) {
            (void)!snprintf(row, sizeof row, "| %d | `%s` | %s |\n", error_close_code(error),
                            error_name(error), error_text(error, LANGUAGE_EN));
            append(&text, row);
        }
    }
    append(&text, "| 1002 | | What came is not a request. |\n"
                  "| 1003 | | A text frame where binary is due, or the other way round. |\n");
    json_t *out = json_stringn((const char *)text.data, text.len);
    buffer_fini(&text);
    return out;
}

static void add_shared(struct asyncapi *asyncapi)
{
    static const char meta[] =
        "{\"type\":[\"object\",\"null\"],\"description\":\"about the request\",\"properties\":{"
        "\"lang\":{\"type\":[\"string\",\"null\"],\"description\":\"of error messages: en or ko\"},"
        "\"trace\":{\"type\":[\"string\",\"null\"],\"maxLength\":64,\"pattern\":\"^[!-~]*$\","
        "\"description\":\"comes back in errors as trace_id\"}}}";
    static const char keyed[] =
        "{\"allOf\":[{\"$ref\":\"#/components/schemas/meta\"},{\"properties\":{"
        "\"key\":{\"type\":[\"string\",\"null\"],\"minLength\":1,\"maxLength\":64,"
        "\"pattern\":\"^[!-~]+$\",\"description\":\"idempotency key: the same again has no second "
        "effect\"}}}]}";
    document_add_error_schema(asyncapi->schemas);
    (void)json_object_set_new(asyncapi->schemas, "meta", json_loads(meta, 0, NULL));
    (void)json_object_set_new(asyncapi->schemas, "meta_keyed", json_loads(keyed, 0, NULL));
}

static json_t *servers(void)
{
    static const char text[] =
        "{\"plain\":{\"host\":\"{host}\",\"protocol\":\"ws\",\"description\":\"this server\","
        "\"variables\":{\"host\":{\"default\":\"127.0.0.1:7400\","
        "\"description\":\"where it listens\"}}},"
        "\"tls\":{\"host\":\"{host}\",\"protocol\":\"wss\","
        "\"description\":\"behind a proxy that ends TLS\","
        "\"variables\":{\"host\":{\"default\":\"localhost\","
        "\"description\":\"where the proxy listens\"}}}}";
    return json_loads(text, 0, NULL);
}

static json_t *start(struct asyncapi *asyncapi)
{
    static const char binding[] =
        "{\"ws\":{\"method\":\"GET\",\"bindingVersion\":\"0.1.0\",\"headers\":{\"type\":\"object\","
        "\"required\":[\"Sec-WebSocket-Protocol\"],\"properties\":{\"Sec-WebSocket-Protocol\":"
        "{\"type\":\"string\",\"enum\":[\"duet.v1.json\",\"duet.v1.msgpack\"]}}}}}";
    json_t *info = document_info("duet", about);
    asyncapi->tags = json_array();
    (void)json_object_set_new(info, "tags", asyncapi->tags);
    json_t *root =
        json_pack("{s:s, s:o, s:s, s:o, s:{s:{s:s, s:s, s:o, s:{}, s:o}}, s:{}, s:{s:{}, s:{}}}",
                  "asyncapi", "3.0.0", "info", info, "defaultContentType", "application/json",
                  "servers", servers(), "channels", "ws", "address", "/ws", "title",
                  "the connection", "description", channel_description(), "messages", "bindings",
                  json_loads(binding, 0, NULL), "operations", "components", "schemas", "messages");
    json_t *channel = json_object_get(json_object_get(root, "channels"), "ws");
    json_t *parts = json_object_get(root, "components");
    asyncapi->channel_messages = json_object_get(channel, "messages");
    asyncapi->operations = json_object_get(root, "operations");
    asyncapi->schemas = json_object_get(parts, "schemas");
    asyncapi->messages = json_object_get(parts, "messages");
    return root;
}

void describe_asyncapi(const struct registry *registry, const struct push_table *pushes,
                       size_t count, struct buffer *out)
{
    struct asyncapi asyncapi = {0};
    json_t *root = start(&asyncapi);
    add_shared(&asyncapi);
    for (size_t i = 0; i < registry_count(registry); i++) {
        add_op(&asyncapi, registry_at(registry, i));
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < pushes[i].count; j++) {
            add_push(&asyncapi, pushes[i].pushes[j]);
        }
    }
    document_write(root, out);
}
