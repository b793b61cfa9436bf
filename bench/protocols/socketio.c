/*
 * Socket.IO 4 over Engine.IO 4's WebSocket transport. An event with an acknowledgement is
 * 42<id>["message","<text>"], its acknowledgement 43<id>[] (with an argument: refused), and what
 * the partner receives 42["message","<text>"]. The server's 2 (ping) is answered with 3.
 */
#include <stdio.h>

#include "base/error.h"
#include "bench/protocol.h"
#include "client/ws_client.h"
#include "wire/record.h"

#define TIMEOUT_MS 20000
#define ID_DIGITS 10
#define EVENT "[\"message\",\""
#define EVENT_END "\"]"

/* Waits for the packet that begins with `type`, over others. */
static int await_packet(struct ws_client *client, const struct chat_place *place, const char *type)
{
    for (;;) {
        struct ws_event event;
        int error = ws_client_receive(client, TIMEOUT_MS, &event);
        if (error != 0) {
            return join_complain(place, "waiting for Socket.IO", error_name(error));
        }
        size_t len = strlen(type);
        if (event.payload.len >= len && memcmp(event.payload.data, type, len) == 0) {
            return 0;
        }
        if (event.payload.len >= 2 && memcmp(event.payload.data, "44", 2) == 0) {
            return join_complain(place, "Socket.IO", "the server refuses the connection");
        }
    }
}

/* The room's name is part of what the client signs in with. */
static int sign_in(struct ws_client *client, const struct chat_place *place)
{
    char packet[128];
    int len = snprintf(packet, sizeof packet, "40{\"run\":\"%016llx\",\"couple\":%u,\"side\":%u}",
                       (unsigned long long)place->run, place->couple, place->side);
    int error = await_packet(client, place, "0{");
    if (error == 0) {
        error = ws_client_send(client, WS_TEXT, bytes_of(packet, (size_t)len), TIMEOUT_MS);
    }
    return error != 0 ? error : await_packet(client, place, "40");
}

static int join(const struct chat_place *place, struct opened *out)
{
    struct ws_client_options options = {.host = place->host,
                                        .port = place->port,
                                        .path = "/socket.io/?EIO=4&transport=websocket",
                                        .source = place->source,
                                        .timeout_ms = TIMEOUT_MS};
    struct ws_client *client;
    int error = ws_client_connect(&options, &client);
    if (error != 0) {
        return join_complain(place, "connecting", error_name(error));
    }
    error = sign_in(client, place);
    if (error != 0) {
        ws_client_destroy(client);
        return error;
    }
    *out = (struct opened){0};
    out->fd = ws_client_release(client, &out->pending);
    return 0;
}

static void template_init(struct chat_template *template, size_t text_bytes, uint64_t run)
{
    (void)run; /* the server knows a socket's room */
    struct buffer payload = {0};
    buffer_append(&payload, "420000000000" EVENT, 2 + ID_DIGITS + sizeof EVENT - 1);
    size_t text_at = payload.len;
    chat_text_append_blank(&payload, text_bytes);
    buffer_append(&payload, EVENT_END, sizeof EVENT_END - 1);
    ws_frame_append(&template->frame, WS_TEXT, 0, buffer_bytes(&payload));
    size_t head = template->frame.len - payload.len;
    template->id_at = head + 2;
    template->text_at = head + text_at;
    buffer_fini(&payload);
}

static void append(const struct chat_template *template, uint32_t id, uint64_t no,
                   const struct chat_text *text, struct buffer *out)
{
    (void)no;
    uint8_t *frame = buffer_extend(out, template->frame.len);
    memcpy(frame, template->frame.data, template->frame.len);
    put_decimal(frame + template->id_at, id, ID_DIGITS);
    chat_text_patch(frame + template->text_at, text);
}

static int scan_acknowledgement(struct bytes packet, struct chat_incoming *out)
{
    uint64_t id = 0;
    size_t at = 2;
    while (at < packet.len && at < 2 + ID_DIGITS && packet.data[at] >= '0' &&
           packet.data[at] <= '9') {
        id = id * 10 + (uint64_t)(packet.data[at++] - '0');
    }
    if (at == 2 || id > UINT32_MAX || packet.len - at < 2 || packet.data[at] != '[') {
        return ERR_MALFORMED;
    }
    bool accepted = packet.data[at + 1] == ']';
    *out = (struct chat_incoming){.type = accepted ? CHAT_ACKED : CHAT_REFUSED,
                                  .id = (uint32_t)id,
                                  .error = accepted ? 0 : ERR_BUSY};
    return 1;
}

static int scan_event(struct bytes packet, struct chat_incoming *out)
{
    size_t head = 2 + sizeof EVENT - 1;
    size_t tail = sizeof EVENT_END - 1;
    if (packet.len < head + tail || memcmp(packet.data, "42" EVENT, head) != 0 ||
        memcmp(packet.data + packet.len - tail, EVENT_END, tail) != 0) {
        return ERR_MALFORMED;
    }
    *out = (struct chat_incoming){.type = CHAT_MESSAGE,
                                  .text = bytes_of(packet.data + head, packet.len - head - tail)};
    return 1;
}

static int next(struct chat_channel *channel, struct bytes *message, struct chat_incoming *out)
{
    struct bytes packet = *message;
    if (packet.len == 0) {
        return 0;
    }
    *message = bytes_of(packet.data + packet.len, 0);
    if (packet.len >= 2 && packet.data[0] == '4' && packet.data[1] == '3') {
        return scan_acknowledgement(packet, out);
    }
    if (packet.len >= 2 && packet.data[0] == '4' && packet.data[1] == '2') {
        return scan_event(packet, out);
    }
    if (packet.data[0] == '2') {
        ws_frame_append(channel->out, WS_TEXT, 0, text_of("3"));
    }
    *out = (struct chat_incoming){.type = CHAT_OTHER};
    return 1;
}

const struct chat_protocol socketio_protocol = {.name = "socketio",
                                                .summary = "Socket.IO 4: WebSocket, JSON",
                                                .id_mask = UINT32_MAX,
                                                .join = join,
                                                .template_init = template_init,
                                                .append = append,
                                                .next = next};
