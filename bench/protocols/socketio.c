/*
 * Socket.IO 4 over Engine.IO 4's WebSocket transport. An event with an acknowledgement is
 * 42<id>["message","<text>"], its acknowledgement 43<id>[] (with an argument: refused), and what
 * the partner receives 42["message","<text>"]. The server's 2 (ping) is answered with 3.
 */
#include <stdio.h>

#include "bench/protocols/text.h"
#include "bench/protocols/websocket.h"
#include "wire/record.h"

#define PATH "/socket.io/?EIO=4&transport=websocket"
#define ID_DIGITS 10
#define EVENT "[\"message\",\""
#define EVENT_END "\"]"

/* Waits for the packet that begins with `type`, over others. */
static int await_packet(struct ws_client *client, const struct chat_place *place, const char *type)
{
    struct bytes packet;
    int error;
    while ((error = websocket_hear(client, place, &packet)) == 0) {
        if (text_starts(packet, type)) {
            return 0;
        }
        if (text_starts(packet, "44")) {
            return websocket_refused(place, packet);
        }
    }
    return error;
}

/* The room's name is part of what the client signs in with. */
static int sign_in(struct ws_client *client, const struct chat_place *place, struct opened *out)
{
    (void)out;
    char packet[128];
    snprintf(packet, sizeof packet, "40{\"run\":\"%016llx\",\"couple\":%u,\"side\":%u}",
             (unsigned long long)place->run, place->couple, place->side);
    int error = await_packet(client, place, "0{");
    error = error != 0 ? error : websocket_say(client, place, WS_TEXT, text_of(packet));
    return error != 0 ? error : await_packet(client, place, "40");
}

static int join(const struct chat_place *place, struct opened *out)
{
    return websocket_join(place, PATH, NULL, sign_in, out);
}

static void template_init(struct chat_template *template, size_t text_bytes, uint64_t run)
{
    (void)run; /* the server knows a socket's room */
    struct buffer *frame = &template->frame;
    text_append(frame, "42");
    template->id_at = frame->len;
    text_append(frame, "0000000000" EVENT);
    template->text_at = frame->len;
    chat_text_append_blank(frame, text_bytes);
    text_append(frame, EVENT_END);
    websocket_wrap(template, WS_TEXT);
}

static void append(const struct chat_template *template, uint32_t id, uint64_t no,
                   const struct chat_text *text, struct buffer *out)
{
    (void)no;
    uint8_t *frame = chat_template_copy(template, out);
    put_decimal(frame + template->id_at, id, ID_DIGITS);
    chat_text_patch(frame + template->text_at, text);
}

static int scan_acknowledgement(struct bytes packet, struct chat_incoming *out)
{
    uint64_t id;
    size_t digits = text_decimal(bytes_of(packet.data + 2, packet.len - 2), ID_DIGITS, &id);
    size_t at = 2 + digits;
    if (digits == 0 || id > UINT32_MAX || packet.len - at < 2 || packet.data[at] != '[') {
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
    struct bytes packet;
    if (!chat_take_whole(message, &packet, out)) {
        return 0;
    }
    if (text_starts(packet, "43")) {
        return scan_acknowledgement(packet, out);
    }
    if (text_starts(packet, "42")) {
        return scan_event(packet, out);
    }
    if (packet.data[0] == '2') {
        ws_frame_append(channel->out, WS_TEXT, 0, text_of("3"));
    }
    return 1;
}

const struct chat_protocol socketio_protocol = {.name = "socketio",
                                                .summary = "Socket.IO 4: WebSocket, JSON",
                                                .id_mask = UINT32_MAX,
                                                .join = join,
                                                .template_init = template_init,
                                                .append = append,
                                                .next = next};
