#include "client/duet_client.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "client/incoming.h"
#include "client/tcp.h"
#include "client/ws_client.h"

struct duet_client {
    struct ws_client *socket;
    bool json;
    uint32_t next_id;
    struct item_queue responses; /* arrived while waiting for something else */
    struct item_queue pushes;
    struct item *current; /* what the last duet_push points into */
    struct item *hello_item;
    struct duet_push hello;
    struct duet_failure failure;
};

static int remaining(int64_t deadline_ms)
{
    int64_t left = deadline_ms - tcp_now_ms();
    return left > 0 ? (int)left : 0;
}

/* Notes a failure that happened here, and returns its code. */
static int local_failure(struct duet_client *client, int code, const char *field)
{
    struct duet_failure *failure = &client->failure;
    *failure = (struct duet_failure){.code = code};
    snprintf(failure->name, sizeof failure->name, "%s", error_name(code));
    snprintf(failure->message, sizeof failure->message, "%s", error_text(code, LANGUAGE_EN));
    snprintf(failure->field, sizeof failure->field, "%s", field);
    return code;
}

static void copy_text(char *out, size_t size, struct bytes text)
{
    snprintf(out, size, "%.*s", (int)text.len, text.len == 0 ? "" : (const char *)text.data);
}

/* Notes an error response, and returns its code. */
static int server_failure(struct duet_client *client, const struct rpc_incoming *in)
{
    struct duet_failure *failure = &client->failure;
    *failure =
        (struct duet_failure){.code = in->error, .from_server = true, .retry_ms = in->retry_ms};
    copy_text(failure->name, sizeof failure->name, in->error_code);
    copy_text(failure->message, sizeof failure->message, in->error_message);
    copy_text(failure->field, sizeof failure->field, in->error_field);
    copy_text(failure->reason, sizeof failure->reason, in->error_reason);
    copy_text(failure->trace_id, sizeof failure->trace_id, in->error_trace);
    return in->error;
}

/* Waits for one WebSocket message and sorts what it holds. */
static int receive(struct duet_client *client, int timeout_ms)
{
    struct ws_event event;
    int error = ws_client_receive(client->socket, timeout_ms, &event);
    if (error != 0 || event.opcode == WS_PONG) {
        return error;
    }
    if ((event.opcode == WS_TEXT) != client->json) {
        return ERR_MALFORMED;
    }
    return incoming_split(event.payload, client->json, &client->responses, &client->pushes);
}

static int read_id(const json_t *value, struct id *out)
{
    return json_is_string(value)
               ? id_from_text(json_string_value(value), json_string_length(value), out)
               : ERR_MALFORMED;
}

static void read_push_json(const struct item *item, struct duet_push *push)
{
    const json_t *data = json_object_get(item->json, "data");
    const json_t *seq = json_object_get(item->json, "seq");
    const json_t *type = json_object_get(item->json, "type");
    push->json = item->json;
    if (json_is_object(data) && json_is_integer(seq) && json_is_string(type) &&
        read_id(json_object_get(item->json, "epoch"), &push->epoch) == 0) {
        push->durable = true;
        push->json = data;
        push->seq = json_integer_value(seq);
        push->type = bytes_of(json_string_value(type), json_string_length(type));
        push->at = json_integer_value(json_object_get(item->json, "at"));
    }
}

static void read_push(const struct item *item, struct duet_push *push)
{
    *push = (struct duet_push){.topic = item->in.topic, .data = item->in.body};
    if (item->json != NULL) {
        read_push_json(item, push);
        return;
    }
    struct stream_body body;
    if (frame_parse_stream_body(item->in.body, &body) == 0) {
        push->durable = true;
        push->epoch = body.epoch;
        push->seq = (int64_t)body.seq;
        push->type = body.type;
        push->at = body.at_ms;
        push->data = body.data;
    }
}

static int await_hello(struct duet_client *client, int64_t deadline_ms)
{
    while (client->pushes.first == NULL) {
        int error = receive(client, remaining(deadline_ms));
        if (error != 0) {
            return error;
        }
    }
    client->hello_item = item_queue_pop(&client->pushes);
    read_push(client->hello_item, &client->hello);
    return bytes_equal(client->hello.topic, text_of("hello")) ? 0 : ERR_MALFORMED;
}

int duet_client_attach(struct ws_client *socket, const char *subprotocol, int timeout_ms,
                       struct duet_client **out)
{
    struct duet_client *client = memory_alloc(sizeof *client);
    client->socket = socket;
    client->json = strcmp(subprotocol, DUET_SUBPROTOCOL_JSON) == 0;
    int error = await_hello(client, tcp_now_ms() + timeout_ms);
    if (error != 0) {
        duet_client_destroy(client);
        return error;
    }
    *out = client;
    return 0;
}

int duet_client_connect(const char *host, uint16_t port, const char *subprotocol, int timeout_ms,
                        struct duet_client **out)
{
    int64_t deadline_ms = tcp_now_ms() + timeout_ms;
    struct ws_client_options options = {
        .host = host, .port = port, .subprotocol = subprotocol, .timeout_ms = timeout_ms};
    struct ws_client *socket;
    int error = ws_client_connect(&options, &socket);
    if (error != 0) {
        return error;
    }
    return duet_client_attach(socket, subprotocol, remaining(deadline_ms), out);
}

void duet_client_destroy(struct duet_client *client)
{
    if (client == NULL) {
        return;
    }
    item_queue_fini(&client->responses);
    item_queue_fini(&client->pushes);
    item_destroy(client->current);
    item_destroy(client->hello_item);
    ws_client_destroy(client->socket);
    free(client);
}

/* Appends the text [[0, id, op, args, {key}]]. */
static int append_request_json(struct buffer *out, uint32_t id, const char *op,
                               const struct record_type *args_type, const void *args,
                               const char *key)
{
    json_t *encoded = args_type != NULL ? record_encode_json(args_type, args) : json_object();
    json_t *request = json_pack("[i, I, s, o]", RPC_REQUEST, (json_int_t)id, op, encoded);
    if (key != NULL) {
        json_array_append_new(request, json_pack("{s: s}", "key", key));
    }
    json_t *messages = json_pack("[o]", request);
    char *text = json_dumps(messages, JSON_COMPACT);
    json_decref(messages);
    if (text == NULL) {
        return ERR_NO_MEMORY;
    }
    buffer_append(out, text, strlen(text));
    free(text);
    return 0;
}

int duet_client_start(struct duet_client *client, const char *op,
                      const struct record_type *args_type, const void *args, const char *key,
                      int timeout_ms, uint32_t *id)
{
    struct buffer out = {0};
    uint32_t used = client->next_id++;
    int error = 0;
    if (client->json) {
        error = append_request_json(&out, used, op, args_type, args, key);
    } else {
        struct empty none = {0};
        frame_append_request(&out, used, op, args_type != NULL ? args_type : &empty_type,
                             args_type != NULL ? args : &none,
                             key != NULL ? text_of(key) : (struct bytes){0});
    }
    if (error == 0) {
        error = ws_client_send(client->socket, client->json ? WS_TEXT : WS_BINARY,
                               buffer_bytes(&out), timeout_ms);
    }
    buffer_fini(&out);
    if (error != 0) {
        return local_failure(client, error, "");
    }
    *id = used;
    return 0;
}

/* Decodes into `out` what came as MessagePack or as JSON, with copies of all texts. */
static int decode(struct bytes in, const json_t *json, const struct record_type *type,
                  struct arena *arena, void *out, struct field_fault *fault)
{
    void *staged = arena_alloc(arena, type->size);
    int error;
    if (json != NULL) {
        error = record_decode_json(type, json, arena, staged, fault);
    } else {
        struct bytes copy = bytes_of(arena_copy(arena, in.data, in.len), in.len);
        error = record_decode(type, RECORD_AS_MAP, copy, arena, staged, fault);
    }
    if (error != 0) {
        return ERR_MALFORMED;
    }
    memcpy(out, staged, type->size);
    return 0;
}

int duet_client_finish(struct duet_client *client, uint32_t id,
                       const struct record_type *result_type, struct arena *arena, void *result,
                       int timeout_ms)
{
    int64_t deadline_ms = tcp_now_ms() + timeout_ms;
    struct item *item = item_queue_take(&client->responses, id);
    while (item == NULL) {
        int error = receive(client, remaining(deadline_ms));
        item = item_queue_take(&client->responses, id); /* it may stand before what was bad */
        if (item == NULL && error != 0) {
            return local_failure(client, error, "");
        }
    }
    int error = 0;
    struct field_fault fault = {0};
    if (item->in.error != 0) {
        error = server_failure(client, &item->in);
    } else if (result_type != NULL) {
        error = decode(item->in.result, item->json, result_type, arena, result, &fault);
        error = error == 0 ? 0 : local_failure(client, error, fault.field);
    }
    item_destroy(item);
    return error;
}

int duet_client_call(struct duet_client *client, const char *op,
                     const struct record_type *args_type, const void *args,
                     const struct record_type *result_type, struct arena *arena, void *result,
                     int timeout_ms)
{
    int64_t deadline_ms = tcp_now_ms() + timeout_ms;
    uint32_t id;
    int error = duet_client_start(client, op, args_type, args, NULL, timeout_ms, &id);
    return error != 0
               ? error
               : duet_client_finish(client, id, result_type, arena, result, remaining(deadline_ms));
}

int duet_client_next_push(struct duet_client *client, int timeout_ms, struct duet_push *push)
{
    int64_t deadline_ms = tcp_now_ms() + timeout_ms;
    while (client->pushes.first == NULL) {
        int error = receive(client, remaining(deadline_ms));
        if (error != 0 && client->pushes.first == NULL) {
            return local_failure(client, error, "");
        }
    }
    item_destroy(client->current);
    client->current = item_queue_pop(&client->pushes);
    read_push(client->current, push);
    return 0;
}

int duet_push_decode(const struct duet_push *push, const struct record_type *type,
                     struct arena *arena, void *out, struct field_fault *fault)
{
    return decode(push->data, push->json, type, arena, out, fault);
}

const struct duet_push *duet_client_hello(const struct duet_client *client)
{
    return &client->hello;
}

const struct duet_failure *duet_client_failure(const struct duet_client *client)
{
    return &client->failure;
}

uint16_t duet_client_close_code(const struct duet_client *client)
{
    return ws_client_close_code(client->socket);
}

const char *duet_client_close_reason(const struct duet_client *client)
{
    return ws_client_close_reason(client->socket);
}

struct ws_client *duet_client_socket(struct duet_client *client)
{
    return client->socket;
}
