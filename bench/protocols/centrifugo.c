/*
 * Centrifugo's bidirectional protocol in JSON over WebSocket: commands and replies are objects, one
 * a line, several to a frame. Each partner has a channel of its own that the other publishes into,
 * so that nobody hears what it said itself; the reply to `publish` acknowledges. An empty object
 * from the server is a ping.
 */
#include <stdio.h>

#include "base/error.h"
#include "bench/protocol.h"
#include "client/ws_client.h"
#include "wire/record.h"

#define TIMEOUT_MS 20000
#define PATH "/connection/websocket"
#define ID_DIGITS 10
#define ID_BASE 1000000000u /* so that ids have the same digits, and none is a leading zero */
#define ID_MASK ((1u << 29) - 1)
#define COUPLE "00000000"
#define ID "{\"id\":"
#define PUBLISH ",\"publish\":{\"channel\":\"c"
#define DATA "-0\",\"data\":\""
#define END "\"}}"

/* Waits for the reply to command `id`, over others. */
static int await_reply(struct ws_client *client, const struct chat_place *place, const char *id)
{
    for (;;) {
        struct ws_event event;
        int error = ws_client_receive(client, TIMEOUT_MS, &event);
        if (error != 0) {
            return join_complain(place, "waiting for Centrifugo",
                                 error == ERR_END ? "no answer" : ws_client_close_reason(client));
        }
        if (memmem(event.payload.data, event.payload.len, "\"error\"", 7) != NULL) {
            char text[160];
            snprintf(text, sizeof text, "%.*s", (int)event.payload.len,
                     (const char *)event.payload.data);
            return join_complain(place, "Centrifugo refuses", text);
        }
        if (memmem(event.payload.data, event.payload.len, id, strlen(id)) != NULL) {
            return 0;
        }
    }
}

static int sign_in(struct ws_client *client, const struct chat_place *place)
{
    char subscribe[96];
    int len =
        snprintf(subscribe, sizeof subscribe, "{\"id\":2,\"subscribe\":{\"channel\":\"c%08x-%x\"}}",
                 place->couple, place->side);
    int error = ws_client_send(client, WS_TEXT, text_of("{\"id\":1,\"connect\":{}}"), TIMEOUT_MS);
    error = error != 0 ? error : await_reply(client, place, "\"id\":1,");
    if (error == 0) {
        error = ws_client_send(client, WS_TEXT, bytes_of(subscribe, (size_t)len), TIMEOUT_MS);
    }
    return error != 0 ? error : await_reply(client, place, "\"id\":2,");
}

static int join(const struct chat_place *place, struct opened *out)
{
    struct ws_client_options options = {.host = place->host,
                                        .port = place->port,
                                        .path = PATH,
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

static void append_literal(struct buffer *out, const char *text)
{
    buffer_append(out, text, strlen(text));
}

static void template_init(struct chat_template *template, size_t text_bytes, uint64_t run)
{
    (void)run; /* history is kept by no one longer than the server lives */
    struct buffer payload = {0};
    append_literal(&payload, ID);
    template->id_at = payload.len;
    append_literal(&payload, "0000000000" PUBLISH);
    template->couple_at = payload.len;
    template->side_at = payload.len + sizeof COUPLE;
    append_literal(&payload, COUPLE DATA);
    template->text_at = payload.len;
    chat_text_append_blank(&payload, text_bytes);
    append_literal(&payload, END);
    ws_frame_append(&template->frame, WS_TEXT, 0, buffer_bytes(&payload));
    size_t head = template->frame.len - payload.len;
    template->id_at += head;
    template->couple_at += head;
    template->side_at += head;
    template->text_at += head;
    buffer_fini(&payload);
}

static void append(const struct chat_template *template, uint32_t id, uint64_t no,
                   const struct chat_text *text, struct buffer *out)
{
    (void)no;
    uint8_t *frame = buffer_extend(out, template->frame.len);
    memcpy(frame, template->frame.data, template->frame.len);
    put_decimal(frame + template->id_at, ID_BASE + (id & ID_MASK), ID_DIGITS);
    put_hex(frame + template->couple_at, text->couple, CHAT_COUPLE_DIGITS);
    put_hex(frame + template->side_at, text->side ^ 1, 1);
    chat_text_patch(frame + template->text_at, text);
}

static bool starts_with(struct bytes line, const char *text)
{
    size_t len = strlen(text);
    return line.len >= len && memcmp(line.data, text, len) == 0;
}

/* {"id":N,"publish":{}} or {"id":N,"error":{…}} */
static int read_reply(struct bytes line, struct chat_incoming *out)
{
    size_t at = sizeof ID - 1;
    uint64_t id = 0;
    while (at < line.len && at < sizeof ID - 1 + ID_DIGITS && line.data[at] >= '0' &&
           line.data[at] <= '9') {
        id = id * 10 + (uint64_t)(line.data[at++] - '0');
    }
    struct bytes rest = bytes_of(line.data + at, line.len - at);
    if (id < ID_BASE || id > ID_BASE + ID_MASK) {
        return ERR_MALFORMED;
    }
    out->id = (uint32_t)id - ID_BASE;
    if (starts_with(rest, ",\"publish\":{")) {
        out->type = CHAT_ACKED;
        return 1;
    }
    out->type = CHAT_REFUSED;
    out->error = ERR_BUSY;
    return starts_with(rest, ",\"error\":{") ? 1 : ERR_MALFORMED;
}

/* {"push":{"channel":"…","pub":{"data":"<text>",…}}}; other pushes are of no interest. */
static int read_push(struct bytes line, struct chat_incoming *out)
{
    static const char pub[] = "\",\"pub\":{\"data\":\"";
    const uint8_t *end = line.data + line.len;
    const uint8_t *text = memmem(line.data, line.len, pub, sizeof pub - 1);
    if (text == NULL) {
        return 1;
    }
    text += sizeof pub - 1;
    const uint8_t *text_end = memchr(text, '"', (size_t)(end - text));
    if (text_end == NULL) {
        return ERR_MALFORMED;
    }
    out->type = CHAT_MESSAGE;
    out->text = bytes_of(text, (size_t)(text_end - text));
    return 1;
}

static int next(struct chat_channel *channel, struct bytes *message, struct chat_incoming *out)
{
    if (message->len == 0) {
        return 0;
    }
    const uint8_t *line_end = memchr(message->data, '\n', message->len);
    size_t len = line_end != NULL ? (size_t)(line_end - message->data) : message->len;
    struct bytes line = bytes_of(message->data, len);
    size_t taken = len + (line_end != NULL);
    *message = bytes_of(message->data + taken, message->len - taken);
    *out = (struct chat_incoming){.type = CHAT_OTHER};
    if (starts_with(line, ID)) {
        return read_reply(line, out);
    }
    if (starts_with(line, "{\"push\":{")) {
        return read_push(line, out);
    }
    if (line.len == 2 && starts_with(line, "{}")) {
        ws_frame_append(channel->out, WS_TEXT, 0, line);
        return 1;
    }
    return line.len == 0 ? 1 : ERR_MALFORMED;
}

const struct chat_protocol centrifugo_protocol = {.name = "centrifugo",
                                                  .summary = "Centrifugo: WebSocket, JSON",
                                                  .id_mask = ID_MASK,
                                                  .join = join,
                                                  .template_init = template_init,
                                                  .append = append,
                                                  .next = next};
