/*
 * Centrifugo's bidirectional protocol in JSON over WebSocket: commands and replies are objects, one
 * a line, several to a frame. Each partner has a channel of its own that the other publishes into,
 * so that nobody hears what it said itself; the reply to `publish` acknowledges. An empty object
 * from the server is a ping.
 */
#include <stdio.h>

#include "bench/protocols/text.h"
#include "bench/protocols/websocket.h"
#include "wire/record.h"

#define PATH "/connection/websocket"
#define ID_DIGITS 10
#define ID_BASE 1000000000u /* so that ids have the same digits, and none is a leading zero */
#define ID_MASK ((1u << 29) - 1)
#define COUPLE "00000000"
#define ID "{\"id\":"
#define PUBLISH ",\"publish\":{\"channel\":\"c"
#define DATA "-0\",\"data\":\""
#define END "\"}}"

/* Says a command and waits for its reply, over others. `id` is how it is there. */
static int ask(struct ws_client *client, const struct chat_place *place, const char *command,
               const char *id)
{
    struct bytes reply;
    int error = websocket_say(client, place, WS_TEXT, text_of(command));
    while (error == 0) {
        error = websocket_hear(client, place, &reply);
        if (error == 0 && text_find(reply, "\"error\"") != NULL) {
            error = websocket_refused(place, reply);
        } else if (error == 0 && text_find(reply, id) != NULL) {
            return 0;
        }
    }
    return error;
}

static int sign_in(struct ws_client *client, const struct chat_place *place, struct opened *out)
{
    (void)out;
    char subscribe[96];
    snprintf(subscribe, sizeof subscribe, "{\"id\":2,\"subscribe\":{\"channel\":\"c%08x-%x\"}}",
             place->couple, place->side);
    int error = ask(client, place, "{\"id\":1,\"connect\":{}}", "\"id\":1,");
    return error != 0 ? error : ask(client, place, subscribe, "\"id\":2,");
}

static int join(const struct chat_place *place, struct opened *out)
{
    return websocket_join(place, PATH, NULL, sign_in, out);
}

static void template_init(struct chat_template *template, size_t text_bytes, uint64_t run)
{
    (void)run; /* history is kept by no one longer than the server lives */
    struct buffer *frame = &template->frame;
    text_append(frame, ID);
    template->id_at = frame->len;
    text_append(frame, "0000000000" PUBLISH);
    template->couple_at = frame->len;
    template->side_at = frame->len + sizeof COUPLE;
    text_append(frame, COUPLE DATA);
    template->text_at = frame->len;
    chat_text_append_blank(frame, text_bytes);
    text_append(frame, END);
    websocket_wrap(template, WS_TEXT);
}

static void append(const struct chat_template *template, uint32_t id, uint64_t no,
                   const struct chat_text *text, struct buffer *out)
{
    (void)no;
    uint8_t *frame = chat_template_copy(template, out);
    put_decimal(frame + template->id_at, ID_BASE + (id & ID_MASK), ID_DIGITS);
    put_hex(frame + template->couple_at, text->couple, CHAT_COUPLE_DIGITS);
    put_hex(frame + template->side_at, text->side ^ 1, 1);
    chat_text_patch(frame + template->text_at, text);
}

/* {"id":N,"publish":{}} or {"id":N,"error":{…}} */
static int read_reply(struct bytes line, struct chat_incoming *out)
{
    uint64_t id;
    struct bytes rest = bytes_of(line.data + sizeof ID - 1, line.len - (sizeof ID - 1));
    size_t digits = text_decimal(rest, ID_DIGITS, &id);
    rest = bytes_of(rest.data + digits, rest.len - digits);
    if (id < ID_BASE || id > ID_BASE + ID_MASK) {
        return ERR_MALFORMED;
    }
    out->id = (uint32_t)id - ID_BASE;
    if (text_starts(rest, ",\"publish\":{")) {
        out->type = CHAT_ACKED;
        return 1;
    }
    out->type = CHAT_REFUSED;
    out->error = ERR_BUSY;
    return text_starts(rest, ",\"error\":{") ? 1 : ERR_MALFORMED;
}

/* {"push":{"channel":"…","pub":{"data":"<text>",…}}}; other pushes are of no interest. */
static int read_push(struct bytes line, struct chat_incoming *out)
{
    int found = text_between(line, "\",\"pub\":{\"data\":\"", '"', &out->text);
    out->type = found > 0 ? CHAT_MESSAGE : CHAT_OTHER;
    return found < 0 ? found : 1;
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
    if (text_starts(line, ID)) {
        return read_reply(line, out);
    }
    if (text_starts(line, "{\"push\":{")) {
        return read_push(line, out);
    }
    if (line.len == 2 && text_starts(line, "{}")) {
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
