/*
 * MQTT 3.1.1, quality of service 1 both ways: a PUBLISH is acknowledged to its sender by a PUBACK,
 * and the partner's client acknowledges its copy with another. Sessions are persistent (no clean
 * session), so that the broker keeps what a client that is away has not got.
 * Each partner publishes to a topic of its own: chat/<run>/<couple>/<side>.
 */
#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "bench/protocol.h"
#include "bench/protocols/dial.h"

#define CONNECT 0x10
#define CONNACK 0x20
#define PUBLISH 0x30
#define PUBACK 0x40
#define SUBSCRIBE 0x82
#define SUBACK 0x90
#define QOS_1 0x02
#define QOS_BITS 0x06
#define TYPE_BITS 0xf0
#define LENGTH_BYTES_MAX 4
#define PACKET_IDS 0x7fff /* in use at once; an id is never 0 */

#define TOPIC "chat/0000000000000000/00000000/0"
#define TOPIC_BYTES (sizeof TOPIC - 1)
#define TOPIC_RUN_AT 5
#define TOPIC_COUPLE_AT 22
#define TOPIC_SIDE_AT 31

static void append_length(struct buffer *out, size_t length)
{
    do {
        uint8_t low = (uint8_t)(length & 0x7f);
        length >>= 7;
        buffer_append_u8(out, length != 0 ? low | 0x80 : low);
    } while (length != 0);
}

/* Bytes of a packet's fixed header, 0 when more must come; `*length` is of what follows it. */
static size_t read_head(struct bytes input, size_t *length)
{
    size_t value = 0;
    for (size_t i = 0; i < LENGTH_BYTES_MAX && i + 1 < input.len; i++) {
        uint8_t byte = input.data[i + 1];
        value |= (size_t)(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) == 0) {
            *length = value;
            return i + 2;
        }
    }
    return input.len > LENGTH_BYTES_MAX ? LINK_MALFORMED : 0;
}

static size_t split(struct bytes input)
{
    size_t length = 0;
    size_t head = read_head(input, &length);
    return head == 0 || head == LINK_MALFORMED ? head : head + length;
}

static void append_topic(struct buffer *out, uint64_t run, uint32_t couple, uint32_t side)
{
    buffer_append_u16(out, TOPIC_BYTES);
    uint8_t *topic = buffer_extend(out, TOPIC_BYTES);
    memcpy(topic, TOPIC, TOPIC_BYTES);
    put_hex(topic + TOPIC_RUN_AT, run, CHAT_RUN_DIGITS);
    put_hex(topic + TOPIC_COUPLE_AT, couple, CHAT_COUPLE_DIGITS);
    put_hex(topic + TOPIC_SIDE_AT, side, 1);
}

static void append_packet(struct buffer *out, uint8_t type, const struct buffer *body)
{
    buffer_append_u8(out, type);
    append_length(out, body->len);
    buffer_append(out, body->data, body->len);
}

/* CONNECT with a client id of its own and no keep-alive, and SUBSCRIBE to the partner's topic. */
static void append_greeting(struct buffer *out, const struct chat_place *place)
{
    static const uint8_t head[] = {0, 4, 'M', 'Q', 'T', 'T', 4, 0, 0, 0};
    char name[64];
    int len = snprintf(name, sizeof name, "%016llx-%08x-%u", (unsigned long long)place->run,
                       place->couple, place->side);
    struct buffer body = {0};
    buffer_append(&body, head, sizeof head);
    buffer_append_u16(&body, (uint16_t)len);
    buffer_append(&body, name, (size_t)len);
    append_packet(out, CONNECT, &body);
    buffer_clear(&body);
    buffer_append_u16(&body, 1);
    append_topic(&body, place->run, place->couple, place->side ^ 1);
    buffer_append_u8(&body, 1);
    append_packet(out, SUBSCRIBE, &body);
    buffer_fini(&body);
}

/* A packet of this type and length whose last byte, what the broker granted, is `granted`. */
static void await_packet(struct dial *dial, const char *step, uint8_t type, size_t len,
                         uint8_t granted)
{
    struct buffer packet = {0};
    dial_take(dial, step, split, &packet);
    bool good = packet.len == len && packet.data[0] == type && packet.data[len - 1] == granted;
    if (!good) {
        dial_fail(dial, step, "refused", &packet);
    }
    buffer_fini(&packet);
}

static int join(const struct chat_place *place, struct opened *out)
{
    struct dial dial;
    struct buffer greeting = {0};
    append_greeting(&greeting, place);
    dial_open(&dial, place);
    dial_send(&dial, buffer_bytes(&greeting));
    await_packet(&dial, "MQTT CONNECT", CONNACK, 4, 0);
    await_packet(&dial, "MQTT SUBSCRIBE", SUBACK, 5, 1);
    buffer_fini(&greeting);
    return dial_finish(&dial, out);
}

static void template_init(struct chat_template *template, size_t text_bytes, uint64_t run)
{
    struct buffer body = {0};
    append_topic(&body, run, 0, 0);
    buffer_append_u16(&body, 0);
    size_t text_at = body.len;
    chat_text_append_blank(&body, text_bytes);
    append_packet(&template->frame, PUBLISH | QOS_1, &body);
    size_t head = template->frame.len - body.len;
    template->couple_at = head + 2 + TOPIC_COUPLE_AT;
    template->side_at = head + 2 + TOPIC_SIDE_AT;
    template->id_at = head + text_at - 2;
    template->text_at = head + text_at;
    buffer_fini(&body);
}

static void append(const struct chat_template *template, uint32_t id, uint64_t no,
                   const struct chat_text *text, struct buffer *out)
{
    (void)no;
    uint8_t *frame = chat_template_copy(template, out);
    put_hex(frame + template->couple_at, text->couple, CHAT_COUPLE_DIGITS);
    put_hex(frame + template->side_at, text->side, 1);
    put_u16(frame + template->id_at, (uint16_t)((id & PACKET_IDS) + 1));
    chat_text_patch(frame + template->text_at, text);
}

static int scan_puback(struct bytes body, struct chat_incoming *out)
{
    if (body.len != 2 || get_u16(body.data) == 0) {
        return ERR_MALFORMED;
    }
    *out = (struct chat_incoming){.type = CHAT_ACKED, .id = get_u16(body.data) - 1u};
    return 1;
}

static int scan_publish(struct chat_channel *channel, uint8_t first, struct bytes body,
                        struct chat_incoming *out)
{
    if (body.len < 2) {
        return ERR_MALFORMED;
    }
    size_t text_at = 2 + get_u16(body.data);
    if ((first & QOS_BITS) != QOS_1 || text_at + 2 > body.len) {
        return ERR_MALFORMED;
    }
    const uint8_t answer[] = {PUBACK, 2, body.data[text_at], body.data[text_at + 1]};
    buffer_append(channel->out, answer, sizeof answer);
    text_at += 2;
    *out = (struct chat_incoming){.type = CHAT_MESSAGE,
                                  .text = bytes_of(body.data + text_at, body.len - text_at)};
    return 1;
}

static int next(struct chat_channel *channel, struct bytes *message, struct chat_incoming *out)
{
    struct bytes packet;
    size_t length = 0;
    if (!chat_take_whole(message, &packet, out)) {
        return 0;
    }
    size_t head = read_head(packet, &length);
    if (head == 0 || head == LINK_MALFORMED || length != packet.len - head) {
        return ERR_MALFORMED;
    }
    struct bytes body = bytes_of(packet.data + head, length);
    uint8_t type = packet.data[0] & TYPE_BITS;
    if (type == PUBACK) {
        return scan_puback(body, out);
    }
    if (type == PUBLISH) {
        return scan_publish(channel, packet.data[0], body, out);
    }
    return 1;
}

const struct chat_protocol mqtt_protocol = {.name = "mqtt",
                                            .summary = "MQTT 3.1.1, quality of service 1",
                                            .id_mask = PACKET_IDS,
                                            .split = split,
                                            .join = join,
                                            .template_init = template_init,
                                            .append = append,
                                            .next = next};
