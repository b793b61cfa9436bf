/*
 * Tinode's protocol in JSON over WebSocket, one object to a frame. Each connection makes itself an
 * anonymous account; the first of a couple makes a group topic, which the second joins. {pub} is
 * acknowledged by {ctrl} with code 202 once the message is stored, and the partner gets {data}.
 */
#include <stdio.h>

#include "bench/protocols/text.h"
#include "bench/protocols/websocket.h"
#include "wire/record.h"

#define PATH "/v0/channels?apikey=AQEAAAABAAD_rAp4DJh05a1HAwFT3A6K" /* of the salt in start.sh */
#define ID_DIGITS 10
#define TOPIC_CHARS 14
#define NO_TOPIC "grp00000000000"
#define PUB "{\"pub\":{\"id\":\""
#define TOPIC "\",\"noecho\":true,\"topic\":\""
#define CONTENT "\",\"content\":\""
#define END "\"}}"
#define CTRL "{\"ctrl\":{\"id\":\""
#define CODE "\"code\":"

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

/* Says a request and waits for its {ctrl}, which is left in `*reply` until the next call. */
static int ask(struct ws_client *client, const struct chat_place *place, const char *request,
               struct bytes *reply)
{
    int error = websocket_say(client, place, WS_TEXT, text_of(request));
    while (error == 0) {
        error = websocket_hear(client, place, reply);
        if (error == 0 && text_find(*reply, "{\"ctrl\":") != NULL) {
            bool accepted = text_find(*reply, "\"code\":20") != NULL;
            return accepted ? 0 : websocket_refused(place, *reply);
        }
    }
    return error;
}

/* The first of a couple makes the topic, and notes what the server calls it. */
static int make_topic(struct ws_client *client, const struct chat_place *place, char *topic)
{
    struct bytes reply;
    struct bytes name;
    int error = ask(client, place,
                    "{\"sub\":{\"id\":\"3\",\"topic\":\"new\",\"set\":{\"desc\":{\"defacs\":"
                    "{\"auth\":\"JRW\",\"anon\":\"JRW\"}}}}}",
                    &reply);
    if (error != 0) {
        return error;
    }
    if (text_between(reply, "\"topic\":\"", '"', &name) <= 0 || name.len != TOPIC_CHARS) {
        return join_complain(place, "Tinode", "a topic's name is not as long as it was");
    }
    memcpy(topic, name.data, TOPIC_CHARS);
    return 0;
}

static int enter_topic(struct ws_client *client, const struct chat_place *place)
{
    char request[64];
    struct bytes reply;
    char *topic = topic_of(place->couple);
    if (place->side == 0) {
        return make_topic(client, place, topic);
    }
    snprintf(request, sizeof request, "{\"sub\":{\"id\":\"3\",\"topic\":\"%.*s\"}}", TOPIC_CHARS,
             topic);
    return ask(client, place, request, &reply);
}

static int sign_in(struct ws_client *client, const struct chat_place *place, struct opened *out)
{
    (void)out;
    struct bytes reply;
    int error = ask(client, place, "{\"hi\":{\"id\":\"1\",\"ver\":\"0.25\"}}", &reply);
    error = error != 0 ? error
                       : ask(client, place,
                             "{\"acc\":{\"id\":\"2\",\"user\":\"new\",\"scheme\":\"anonymous\","
                             "\"secret\":\"\",\"login\":true}}",
                             &reply);
    return error != 0 ? error : enter_topic(client, place);
}

static int join(const struct chat_place *place, struct opened *out)
{
    return websocket_join(place, PATH, NULL, sign_in, out);
}

static void template_init(struct chat_template *template, size_t text_bytes, uint64_t run)
{
    (void)run; /* topics are new ones in every run */
    struct buffer *frame = &template->frame;
    text_append(frame, PUB);
    template->id_at = frame->len;
    text_append(frame, "0000000000" TOPIC);
    template->couple_at = frame->len;
    text_append(frame, NO_TOPIC CONTENT);
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
    put_decimal(frame + template->id_at, id, ID_DIGITS);
    if (text->couple < topics_room) {
        memcpy(frame + template->couple_at, topics[text->couple], TOPIC_CHARS);
    }
    chat_text_patch(frame + template->text_at, text);
}

/* {"ctrl":{"id":"N",…,"code":202,…}} */
static int read_ctrl(struct bytes packet, struct chat_incoming *out)
{
    uint64_t id;
    size_t at = sizeof CTRL - 1;
    size_t digits = text_decimal(bytes_of(packet.data + at, packet.len - at), ID_DIGITS, &id);
    const uint8_t *code = text_find(packet, CODE);
    bool has_code = code != NULL && code + sizeof CODE - 1 < packet.data + packet.len;
    at += digits;
    if (digits != ID_DIGITS || at == packet.len || packet.data[at] != '"' || id > UINT32_MAX ||
        !has_code) {
        return ERR_MALFORMED;
    }
    bool accepted = code[sizeof CODE - 1] == '2';
    out->type = accepted ? CHAT_ACKED : CHAT_REFUSED;
    out->id = (uint32_t)id;
    out->error = accepted ? 0 : ERR_BUSY;
    return 1;
}

static int read_data(struct bytes packet, struct chat_incoming *out)
{
    int found = text_between(packet, "\"content\":\"", '"', &out->text);
    out->type = CHAT_MESSAGE;
    return found != 0 ? found : ERR_MALFORMED;
}

static int next(struct chat_channel *channel, struct bytes *message, struct chat_incoming *out)
{
    (void)channel;
    struct bytes packet;
    if (!chat_take_whole(message, &packet, out)) {
        return 0;
    }
    if (text_starts(packet, CTRL)) {
        return read_ctrl(packet, out);
    }
    if (text_starts(packet, "{\"data\":{")) {
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
