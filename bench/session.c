#include "bench/session.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "bench/report.h"
#include "client/ws_client.h"
#include "wire/frame.h"

#define TIMEOUT_MS 20000
#define OPEN_ID 1

static void append_open(struct buffer *out, const struct token *token)
{
    pack_array(out, 4);
    pack_int(out, RPC_REQUEST);
    pack_int(out, OPEN_ID);
    pack_text(out, text_of("session.open"));
    pack_map(out, 2);
    pack_text(out, text_of("access_token"));
    pack_text(out, text_of(token->access_token));
    pack_text(out, text_of("device"));
    pack_bin(out, bytes_of(token->device.bytes, ID_BYTES));
}

/* One entry of `streams`: true and its head if it is the couple's. */
static bool read_stream(struct cursor *cursor, uint64_t *head)
{
    bool of_couple = false;
    uint64_t found = 0;
    uint32_t fields = cursor_map(cursor);
    for (uint32_t i = 0; i < fields && !cursor->failed; i++) {
        struct bytes name = cursor_text(cursor);
        if (bytes_equal(name, text_of("stream"))) {
            of_couple = bytes_equal(cursor_text(cursor), text_of("couple"));
        } else if (bytes_equal(name, text_of("head"))) {
            found = (uint64_t)cursor_int(cursor);
        } else {
            cursor_skip(cursor);
        }
    }
    if (of_couple && !cursor->failed) {
        *head = found;
    }
    return of_couple && !cursor->failed;
}

static int read_result(struct bytes result, uint64_t *head)
{
    bool found = false;
    struct cursor cursor = cursor_of(result);
    uint32_t fields = cursor_map(&cursor);
    for (uint32_t i = 0; i < fields && !cursor.failed; i++) {
        struct bytes name = cursor_text(&cursor);
        if (!bytes_equal(name, text_of("streams"))) {
            cursor_skip(&cursor);
            continue;
        }
        uint32_t streams = cursor_array(&cursor);
        for (uint32_t k = 0; k < streams && !cursor.failed; k++) {
            found = read_stream(&cursor, head) || found;
        }
    }
    return found && !cursor.failed ? 0 : ERR_MALFORMED;
}

/* Reads until the response has come; pushes before it (hello, presence) are of no interest. */
static int await_opened(struct ws_client *client, const struct chat_place *place, uint64_t *head)
{
    for (;;) {
        struct ws_event event;
        int error = ws_client_receive(client, TIMEOUT_MS, &event);
        if (error != 0) {
            return join_complain(place, "waiting for session.open",
                                 error == ERR_END ? "no answer" : ws_client_close_reason(client));
        }
        struct frame_reader reader;
        struct rpc_incoming in;
        frame_reader_init(&reader, event.payload);
        while (frame_reader_next_incoming(&reader, &in) == 0) {
            if (in.type != RPC_RESPONSE || in.id != OPEN_ID) {
                continue;
            }
            if (in.error != 0) {
                return join_complain(place, "session.open", error_name(in.error));
            }
            return read_result(in.result, head) == 0
                       ? 0
                       : join_complain(place, "session.open", "no couple stream in the result");
        }
    }
}

int session_open(const struct chat_place *place, struct opened *out)
{
    struct ws_client_options options = {.host = place->host,
                                        .port = place->port,
                                        .subprotocol = "duet.v1.msgpack",
                                        .source = place->source,
                                        .timeout_ms = TIMEOUT_MS};
    struct ws_client *client;
    struct buffer request = {0};
    uint64_t head = 0;
    int error = ws_client_connect(&options, &client);
    if (error != 0) {
        return join_complain(place, "connecting", error_name(error));
    }
    append_open(&request, place->token);
    error = ws_client_send(client, WS_BINARY, buffer_bytes(&request), TIMEOUT_MS);
    buffer_fini(&request);
    error = error != 0 ? error : await_opened(client, place, &head);
    if (error != 0) {
        ws_client_destroy(client);
        return error;
    }
    *out = (struct opened){.couple_head = head};
    out->fd = ws_client_release(client, &out->pending);
    return 0;
}
