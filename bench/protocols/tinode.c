/*
 * Tinode's protocol in JSON over WebSocket, one object to a frame. Each connection makes itself an
 * anonymous account; the first of a couple makes a group topic, which the second joins. {pub} is
 * acknowledged by {ctrl} with code 202 once the message is stored, and the partner gets {data}.
 */
#include <stdio.h>

#include "base/error.h"
#include "bench/protocol.h"
#include "client/ws_client.h"
#include "wire/record.h"

#define TIMEOUT_MS 20000
#define PATH "/v0/channels?apikey=AQEAAAABAAD_rAp4DJh05a1HAwFT3A6K" /* of the salt in start.sh */
#define ID_DIGITS 10
#define TOPIC_CHARS 14
#define NO_TOPIC "grp00000000000"
#define PUB "{\"pub\":{\"id\":\""
#define TOPIC "\",\"noecho\":true,\"topic\":\""
#define CONTENT "\",\"content\":\""
#define END "\"}}"
#define CTRL "{\"ctrl\":{\"id\":\""

/* Of each couple, as the server named it. Couples are joined in order, before anything is sent. */
static char (*topics)[TOPIC_CHARS];
static size_t topics_room;

static char *topic_of(uint32_t couple)
{
    if (couple >= topics_room) {
        topics_room = ((size_t)couple + 1) * 2;
        topics = memory_resize(topics, topics_room * sizeof *topics);
    }
    return topics[couple];
}

/* Sends a request and waits for its {ctrl}, which is left in `*reply` until the next call. */
static int ask(struct ws_client *client, const struct chat_place *place, const char *request,
               int len, struct bytes *reply)
{
    int error = ws_client_send(client, WS_TEXT, bytes_of(request, (size_t)len), TIMEOUT_MS);
    while (error == 0) {
        struct ws_event event;
        error = ws_client_receive(client, TIMEOUT_MS, &event);
        *reply = event.payload;
        if (error == 0 && memmem(reply->data, reply->len, "{\"ctrl\":", 8) != NULL) {
            if (memmem(reply->data, reply->len, "\"code\":20", 9) != NULL) {
                return 0;
            }
            char text[200];
            snprintf(text, sizeof text, "%.*s", (int)reply->len, (const char *)reply->data);
            return join_complain(place, "Tinode refuses", text);
        }
    }
    return join_complain(place, "waiting for Tinode", error_name(error));
}

static int enter_topic(struct ws_client *client, const struct chat_place *place)
{
    static const char named[] = "\"topic\":\"";
    char request[256];
    struct bytes reply;
    char *topic = topic_of(place->couple);
    int len =
        place->side == 0
            ? snprintf(request, sizeof request,
                       "{\"sub\":{\"id\":\"3\",\"topic\":\"new\",\"set\":{\"desc\":{\"defacs\":"
                       "{\"auth\":\"JRW\",\"anon\":\"JRW\"}}}}}")
            : snprintf(request, sizeof request, "{\"sub\":{\"id\":\"3\",\"topic\":\"%.*s\"}}",
                       TOPIC_CHARS, topic);
    int error = ask(client, place, request, len, &reply);
    if (error != 0 || place->side != 0) {
        return error;
    }
    const uint8_t *at = memmem(reply.data, reply.len, named, sizeof named - 1);
    size_t left = at == NULL ? 0 : (size_t)(reply.data + reply.len - at) - (sizeof named - 1);
    if (left <= TOPIC_CHARS || at[sizeof named - 1 + TOPIC_CHARS] != '"') {
        return join_complain(place, "Tinode", "a topic's name is not as long as it was");
    }
    memcpy(topic, at + sizeof named - 1, TOPIC_CHARS);
    return 0;
}

static int sign_in(struct ws_client *client, const struct chat_place *place)
{
    static const char hi[] = "{\"hi\":{\"id\":\"1\",\"ver\":\"0.25\"}}";
    static const char account[] =
        "{\"acc\":{\"id\":\"2\",\"user\":\"new\",\"scheme\":\"anonymous\","
        "\"secret\":\"\",\"login\":true}}";
    struct bytes reply;
    int error = ask(client, place, hi, sizeof hi - 1, &reply);
    error = error != 0 ? error : ask(client, place, account, sizeof account - 1, &reply);
    return error != 0 ? error : enter_topic(client, place);
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
    (void)run; /* topics are new ones in every run */
    struct buffer payload = {0};
    append_literal(&payload, PUB "0000000000" TOPIC NO_TOPIC CONTENT);
    size_t text_at = payload.len;
    chat_text_append_blank(&payload, text_bytes);
    append_literal(&payload, END);
    ws_frame_append(&template->frame, WS_TEXT, 0, buffer_bytes(&payload));
    size_t head = template->frame.len - payload.len;
    template->id_at = head + sizeof PUB - 1;
    template->couple_at = head + sizeof PUB - 1 + ID_DIGITS + sizeof TOPIC - 1;
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
    if (text->couple < topics_room) {
        memcpy(frame + template->couple_at, topics[text->couple], TOPIC_CHARS);
    }
    chat_text_patch(frame + template->text_at, text);
}

static bool starts_with(struct bytes text, const char *start)
{
    size_t len = strlen(start);
    return text.len >= len && memcmp(text.data, start, len) == 0;
}

/* {"ctrl":{"id":"N",…,"code":202,…}} */
static int read_ctrl(struct bytes packet, struct chat_incoming *out)
{
    static const char code[] = "\"code\":";
    size_t at = sizeof CTRL - 1;
    size_t end = at + ID_DIGITS;
    uint64_t id = 0;
    while (at < packet.len && at < end && packet.data[at] >= '0' && packet.data[at] <= '9') {
        id = id * 10 + (uint64_t)(packet.data[at++] - '0');
    }
    const uint8_t *found = memmem(packet.data, packet.len, code, sizeof code - 1);
    bool has_code = found != NULL && found + sizeof code - 1 < packet.data + packet.len;
    if (at != end || at == packet.len || packet.data[at] != '"' || id > UINT32_MAX || !has_code) {
        return ERR_MALFORMED;
    }
    bool accepted = found[sizeof code - 1] == '2';
    out->type = accepted ? CHAT_ACKED : CHAT_REFUSED;
    out->id = (uint32_t)id;
    out->error = accepted ? 0 : ERR_BUSY;
    return 1;
}

static int read_data(struct bytes packet, struct chat_incoming *out)
{
    static const char content[] = "\"content\":\"";
    const uint8_t *end = packet.data + packet.len;
    const uint8_t *text = memmem(packet.data, packet.len, content, sizeof content - 1);
    if (text == NULL) {
        return ERR_MALFORMED;
    }
    text += sizeof content - 1;
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
    (void)channel;
    struct bytes packet = *message;
    if (packet.len == 0) {
        return 0;
    }
    *message = bytes_of(packet.data + packet.len, 0);
    *out = (struct chat_incoming){.type = CHAT_OTHER};
    if (starts_with(packet, CTRL)) {
        return read_ctrl(packet, out);
    }
    if (starts_with(packet, "{\"data\":{")) {
        return read_data(packet, out);
    }
    return packet.data[0] == '{' ? 1 : ERR_MALFORMED; /* presence and the like */
}

const struct chat_protocol tinode_protocol = {.name = "tinode",
                                              .summary = "Tinode: WebSocket, JSON, a group topic",
                                              .id_mask = UINT32_MAX,
                                              .join = join,
                                              .template_init = template_init,
                                              .append = append,
                                              .next = next};
