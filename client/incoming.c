#include "client/incoming.h"

#include <jansson.h>
#include <stdlib.h>

void item_destroy(struct item *item)
{
    if (item != NULL) {
        json_decref(item->message);
        free(item->copy);
        free(item);
    }
}

void item_queue_push(struct item_queue *queue, struct item *item)
{
    item->next = NULL;
    if (queue->first == NULL) {
        queue->first = item;
    } else {
        queue->last->next = item;
    }
    queue->last = item;
}

static struct item *unlink_after(struct item_queue *queue, struct item *before)
{
    struct item **link = before == NULL ? &queue->first : &before->next;
    struct item *item = *link;
    *link = item->next;
    if (queue->last == item) {
        queue->last = before;
    }
    return item;
}

struct item *item_queue_pop(struct item_queue *queue)
{
    return queue->first == NULL ? NULL : unlink_after(queue, NULL);
}

struct item *item_queue_take(struct item_queue *queue, uint32_t id)
{
    struct item *before = NULL;
    for (struct item *at = queue->first; at != NULL; before = at, at = at->next) {
        if (at->in.id == id) {
            return unlink_after(queue, before);
        }
    }
    return NULL;
}

void item_queue_fini(struct item_queue *queue)
{
    for (struct item *item = item_queue_pop(queue); item != NULL; item = item_queue_pop(queue)) {
        item_destroy(item);
    }
}

static void deliver(struct item *item, struct item_queue *responses, struct item_queue *pushes)
{
    item_queue_push(item->in.type == RPC_PUSH ? pushes : responses, item);
}

static int split_msgpack(struct bytes message, struct item_queue *responses,
                         struct item_queue *pushes)
{
    struct frame_reader reader;
    frame_reader_init(&reader, message);
    for (;;) {
        const uint8_t *start = reader.cursor.at;
        struct rpc_incoming in;
        int error = frame_reader_next_incoming(&reader, &in);
        if (error != 0) {
            return error == ERR_END ? 0 : error;
        }
        /* Parsed again out of the copy, so that the views point there. */
        size_t len = (size_t)(reader.cursor.at - start);
        struct item *item = memory_alloc(sizeof *item);
        item->copy = memory_copy(start, len);
        struct frame_reader again;
        frame_reader_init(&again, bytes_of(item->copy, len));
        (void)frame_reader_next_incoming(&again, &item->in);
        deliver(item, responses, pushes);
    }
}

static struct bytes json_text(const json_t *value)
{
    return bytes_of(json_string_value(value), json_string_length(value));
}

static void read_json_error(const json_t *error, struct rpc_incoming *in)
{
    const json_t *details = json_object_get(error, "details");
    in->error_code = json_text(json_object_get(error, "code"));
    in->error_message = json_text(json_object_get(error, "message"));
    in->error_field = json_text(json_object_get(details, "field"));
    in->error_reason = json_text(json_object_get(details, "reason"));
    in->error_trace = json_text(json_object_get(error, "trace_id"));
    in->retry_ms = json_integer_value(json_object_get(error, "retry_ms"));
    const char *name = json_string_value(json_object_get(error, "code"));
    in->error = error_from_name(name != NULL ? name : "");
}

/* Fills `item` from its message; false if that is neither a response nor a push. */
static bool read_json(struct item *item)
{
    const json_t *message = item->message;
    json_int_t type = json_integer_value(json_array_get(message, 0));
    const json_t *second = json_array_get(message, 1);
    if (type == RPC_RESPONSE && json_array_size(message) >= 4) {
        item->in.type = RPC_RESPONSE;
        item->in.id = (uint32_t)json_integer_value(second);
        item->json = json_array_get(message, 3);
        if (!json_is_null(json_array_get(message, 2))) {
            read_json_error(json_array_get(message, 2), &item->in);
        }
        return json_is_integer(second);
    }
    item->in.type = RPC_PUSH;
    item->in.topic = json_text(second);
    item->json = json_array_get(message, 2);
    return type == RPC_PUSH && json_is_string(second) && json_is_object(item->json);
}

static int split_json(struct bytes text, struct item_queue *responses, struct item_queue *pushes)
{
    json_t *messages = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
    int error = json_is_array(messages) && json_array_size(messages) != 0 ? 0 : ERR_MALFORMED;
    for (size_t i = 0; error == 0 && i < json_array_size(messages); i++) {
        struct item *item = memory_alloc(sizeof *item);
        item->message = json_incref(json_array_get(messages, i));
        if (read_json(item)) {
            deliver(item, responses, pushes);
        } else {
            item_destroy(item);
            error = ERR_MALFORMED;
        }
    }
    json_decref(messages);
    return error;
}

int incoming_split(struct bytes message, bool json, struct item_queue *responses,
                   struct item_queue *pushes)
{
    return json ? split_json(message, responses, pushes)
                : split_msgpack(message, responses, pushes);
}
