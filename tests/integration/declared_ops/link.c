#include "tests/integration/declared_ops/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "client/duet_client.h"
#include "client/ws_client.h"
#include "wire/json_text.h"

#define WAIT_MS 60000

static const char *const subprotocols[LINK_WAY_COUNT] = {
    [WAY_JSON] = DUET_SUBPROTOCOL_JSON, [WAY_MSGPACK] = DUET_SUBPROTOCOL_MSGPACK};

static int receive(struct link *link, int timeout_ms)
{
    struct ws_event event;
    int error = ws_client_receive(link->socket, timeout_ms, &event);
    if (error != 0 || event.opcode == WS_PONG) {
        return error;
    }
    error = incoming_split(event.payload, link->way == WAY_JSON, &link->responses, &link->pushes);
    if (error != 0) {
        complain("the server's message is none of %s: %.*s", subprotocols[link->way],
                 (int)event.payload.len, (const char *)event.payload.data);
    }
    return error;
}

static bool is_alive(struct link *link)
{
    int error = 0;
    while (error == 0 && link->socket != NULL) {
        error = receive(link, 0);
    }
    return link->socket != NULL && error == ERR_END;
}

bool link_ensure(struct link *link, uint16_t port)
{
    if (is_alive(link)) {
        return false;
    }
    link_close(link);
    const struct ws_client_options options = {.host = "127.0.0.1",
                                              .port = port,
                                              .subprotocol = subprotocols[link->way],
                                              .timeout_ms = WAIT_MS};
    assert_int_equal(ws_client_connect(&options, &link->socket), 0);
    while (link->pushes.first == NULL) {
        assert_int_equal(receive(link, WAIT_MS), 0);
    }
    assert_string_equal(link_next_push(link), "hello");
    return true;
}

void link_close(struct link *link)
{
    ws_client_destroy(link->socket);
    link->socket = NULL;
    item_queue_fini(&link->responses);
    item_queue_fini(&link->pushes);
}

uint32_t link_send(struct link *link, const struct request *request)
{
    struct buffer out = {0};
    uint32_t id = link->next_id++;
    request_encode(link->way, id, request, &out);
    /* The server may have closed: then link_take says so. */
    (void)ws_client_send(link->socket, link->way == WAY_JSON ? WS_TEXT : WS_BINARY,
                         buffer_bytes(&out), WAIT_MS);
    buffer_fini(&out);
    return id;
}

static json_t *json_of(const struct item *item)
{
    if (item->json != NULL) {
        return json_incref((json_t *)(uintptr_t)item->json);
    }
    struct buffer text = {0};
    json_t *value = NULL;
    if (json_text_transcribe(&text, item->in.result) == 0) {
        value = json_loadb((const char *)text.data, text.len, JSON_DECODE_ANY, NULL);
    }
    buffer_fini(&text);
    return value;
}

static void copy_text(char *out, size_t size, struct bytes text)
{
    (void)!snprintf(out, size, "%.*s", (int)text.len, text.len == 0 ? "" : (const char *)text.data);
}

static void read_response(const struct item *item, struct answer *out)
{
    *out = (struct answer){.error = item->in.error, .retry_ms = item->in.retry_ms};
    copy_text(out->message, sizeof out->message, item->in.error_message);
    copy_text(out->field, sizeof out->field, item->in.error_field);
    copy_text(out->reason, sizeof out->reason, item->in.error_reason);
    copy_text(out->trace, sizeof out->trace, item->in.error_trace);
    if (out->error == 0) {
        out->result = json_of(item);
    }
}

void link_take(struct link *link, const struct op *op, uint32_t id, struct answer *out)
{
    struct item *item = item_queue_take(&link->responses, id);
    while (item == NULL) {
        int error = receive(link, WAIT_MS);
        item = item_queue_take(&link->responses, id);
        if (item == NULL && error == ERR_IO) {
            *out = (struct answer){.ended = true, .close_code = ws_client_close_code(link->socket)};
            link_close(link);
            return;
        }
        if (item == NULL && error != 0) {
            fail_msg("%s: no answer: %s", op->command.name, error_name(error));
        }
    }
    read_response(item, out);
    answer_judge(link->way, op, out, item->in.result);
    item_destroy(item);
}

void link_drain_pushes(struct link *link)
{
    (void)is_alive(link);
    item_queue_fini(&link->pushes);
}

const char *link_next_push(struct link *link)
{
    static char topic[64];
    struct item *item = item_queue_pop(&link->pushes);
    if (item == NULL) {
        return NULL;
    }
    copy_text(topic, sizeof topic, item->in.topic);
    item_destroy(item);
    return topic;
}
