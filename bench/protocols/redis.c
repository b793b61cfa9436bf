/*
 * Redis streams (RESP3), in two ways. A message is kept by XADD to the couple's stream, which
 * answers with its place there, and PUBLISH carries the text to the partner, who has subscribed on
 * the one connection that it also writes on.
 *   redis           both commands in one send, two replies: of XADD, then of PUBLISH
 *   redis-function  one call of a function that does both, as one step, and puts the place into
 *                   what is published (bench/peers/redis-function/chat.lua); one reply
 * Replies come in the order of the commands.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "bench/protocols/dial.h"
#include "bench/protocols/text.h"

#define XADD "*5\r\n$4\r\nXADD\r\n$10\r\nc:"
#define COUPLE "00000000"
#define ANY_ID "\r\n$1\r\n*\r\n$1\r\nt\r\n"
#define PUBLISH "*3\r\n$7\r\nPUBLISH\r\n$12\r\nc:"
#define SIDE ":0\r\n"
#define CHANNEL_SIDE_AT (sizeof COUPLE) /* from its couple, with the colon */
#define CALL "*6\r\n$5\r\nFCALL\r\n$4\r\nsend\r\n$1\r\n1\r\n$10\r\nc:"
#define CALL_CHANNEL "\r\n$12\r\nc:"
#define VALUES_MAX 4096 /* of one reply, all levels together */

/* A bulk of a text's length; returns where the text begins. */
static size_t append_blank(struct buffer *frame, size_t text_bytes)
{
    char head[32];
    snprintf(head, sizeof head, "$%zu\r\n", text_bytes);
    text_append(frame, head);
    size_t text_at = frame->len;
    chat_text_append_blank(frame, text_bytes);
    text_append(frame, "\r\n");
    return text_at;
}

/* What both ways end with: the rest of the partner's channel, and the text. */
static void append_partner(struct chat_template *template, size_t text_bytes)
{
    struct buffer *frame = &template->frame;
    template->side_at = frame->len + CHANNEL_SIDE_AT;
    text_append(frame, COUPLE SIDE);
    template->text_at = append_blank(frame, text_bytes);
}

static void template_init(struct chat_template *template, size_t text_bytes, uint64_t run)
{
    (void)run; /* the data directory is a new one */
    text_append(&template->frame, XADD COUPLE ANY_ID);
    template->couple_at = sizeof XADD - 1;
    template->again_at = append_blank(&template->frame, text_bytes);
    text_append(&template->frame, PUBLISH);
    append_partner(template, text_bytes);
}

static void call_template_init(struct chat_template *template, size_t text_bytes, uint64_t run)
{
    (void)run;
    text_append(&template->frame, CALL COUPLE CALL_CHANNEL);
    template->couple_at = sizeof CALL - 1;
    append_partner(template, text_bytes);
}

static void append(const struct chat_template *template, uint32_t id, uint64_t no,
                   const struct chat_text *text, struct buffer *out)
{
    (void)id;
    (void)no;
    uint8_t *frame = chat_template_copy(template, out);
    put_hex(frame + template->couple_at, text->couple, CHAT_COUPLE_DIGITS);
    memcpy(frame + template->side_at - CHANNEL_SIDE_AT, frame + template->couple_at,
           CHAT_COUPLE_DIGITS);
    put_hex(frame + template->side_at, text->side ^ 1, 1);
    chat_text_patch(frame + template->text_at, text);
    if (template->again_at != 0) {
        memcpy(frame + template->again_at, frame + template->text_at, CHAT_TEXT_BYTES_MIN);
    }
}

static int join(const struct chat_place *place, struct opened *out)
{
    struct dial dial;
    char subscribed[64];
    snprintf(subscribed, sizeof subscribed, "$9\r\nsubscribe\r\n$12\r\nc:%08x:%x\r\n:1\r\n",
             place->couple, place->side);
    dial_open(&dial, place);
    dial_say(&dial, "HELLO 3\r\nSUBSCRIBE c:%08x:%x\r\n", place->couple, place->side);
    dial_await(&dial, "subscribing", subscribed, "-ERR");
    return dial_finish(&dial, out);
}

/* Reading RESP: a cursor that goes past `end` has failed. */
struct resp {
    const uint8_t *at, *end;
    bool short_of_bytes;
    bool broken;
};

/* A decimal number and its CRLF. */
static int64_t resp_number(struct resp *resp)
{
    const uint8_t *at = resp->at;
    bool negative = at < resp->end && *at == '-';
    int64_t value = 0;
    at += negative;
    const uint8_t *digits = at;
    while (at < resp->end && *at >= '0' && *at <= '9' && at - digits < 18) {
        value = value * 10 + (*at++ - '0');
    }
    if (resp->end - at < 2) {
        resp->short_of_bytes = true;
        resp->broken = at < resp->end && (*at != '\r' || at == digits);
        return 0;
    }
    resp->broken = at == digits || at[0] != '\r' || at[1] != '\n';
    resp->at = at + 2;
    return negative ? -value : value;
}

static void resp_skip_line(struct resp *resp)
{
    const uint8_t *end = memchr(resp->at, '\n', (size_t)(resp->end - resp->at));
    if (end == NULL) {
        resp->short_of_bytes = true;
    } else {
        resp->at = end + 1;
    }
}

/* What follows a '$'. Also a text that is absent ($-1), as an empty one. */
static struct bytes resp_bulk(struct resp *resp)
{
    int64_t len = resp_number(resp);
    if (resp->broken || resp->short_of_bytes || len < 0) {
        return bytes_of(resp->at, 0);
    }
    if (resp->end - resp->at < len + 2) {
        resp->short_of_bytes = true;
        return bytes_of(resp->at, 0);
    }
    struct bytes bulk = bytes_of(resp->at, (size_t)len);
    resp->broken = resp->at[len] != '\r' || resp->at[len + 1] != '\n';
    resp->at += len + 2;
    return bulk;
}

/* Skips one value without those inside it; returns how many these are. */
static int64_t resp_skip_head(struct resp *resp)
{
    int64_t inside = 0;
    switch (*resp->at++) {
    case '$':
    case '=':
    case '!':
        resp_bulk(resp);
        break;
    case '*':
    case '>':
    case '~':
        inside = resp_number(resp);
        break;
    case '%':
        inside = resp_number(resp) * 2;
        break;
    case '+':
    case '-':
    case ':':
    case ',':
    case '#':
    case '_':
    case '(':
        resp_skip_line(resp);
        break;
    default:
        resp->broken = true;
    }
    return inside > 0 ? inside : 0;
}

static size_t split(struct bytes input)
{
    struct resp resp = {.at = input.data, .end = input.data + input.len};
    int64_t open = 1;
    for (int values = 0; open > 0; values++, open--) {
        if (resp.at == resp.end) {
            return 0;
        }
        int64_t inside = resp_skip_head(&resp);
        if (resp.broken || inside > VALUES_MAX || values > VALUES_MAX) {
            return LINK_MALFORMED;
        }
        if (resp.short_of_bytes) {
            return 0;
        }
        open += inside;
    }
    return (size_t)(resp.at - input.data);
}

/* ">3 message channel text"; other pushes are of no interest. */
static int read_push(struct resp *resp, struct chat_incoming *out)
{
    struct bytes parts[3];
    out->type = CHAT_OTHER;
    if (resp_number(resp) != 3) {
        return resp->broken ? ERR_MALFORMED : 1;
    }
    for (int i = 0; i < 3; i++) {
        if (resp->at == resp->end || *resp->at++ != '$') {
            return 1;
        }
        parts[i] = resp_bulk(resp);
    }
    if (resp->broken || resp->short_of_bytes) {
        return ERR_MALFORMED;
    }
    if (parts[0].len == 7 && memcmp(parts[0].data, "message", 7) == 0) {
        out->type = CHAT_MESSAGE;
        out->text = parts[2];
    }
    return 1;
}

/* XADD's reply is a text ('$') and acknowledges, PUBLISH's a number (':'). */
static int read_reply(uint8_t type, uint8_t wanted, struct chat_incoming *out)
{
    bool of_xadd = wanted == '$';
    if (type == '-') {
        out->type = of_xadd ? CHAT_REFUSED : CHAT_OTHER;
        out->error = ERR_INTERNAL;
        return 1;
    }
    out->type = of_xadd ? CHAT_ACKED : CHAT_OTHER;
    return type == wanted ? 1 : ERR_MALFORMED;
}

/* Takes the next value, as it was split; its first byte is the type, 0 when there is none. */
static uint8_t take_value(struct bytes *message, struct resp *resp, struct chat_incoming *out)
{
    struct bytes value;
    if (!chat_take_whole(message, &value, out)) {
        return 0;
    }
    *resp = (struct resp){.at = value.data + 1, .end = value.data + value.len};
    return value.data[0];
}

static int next(struct chat_channel *channel, struct bytes *message, struct chat_incoming *out)
{
    struct resp resp;
    uint8_t type = take_value(message, &resp, out);
    if (type == 0) {
        return 0;
    }
    if (type == '>') {
        return read_push(&resp, out);
    }
    bool of_xadd = (channel->answered & 1) == 0;
    out->id = channel->answered++ >> 1;
    return read_reply(type, of_xadd ? '$' : ':', out);
}

/* The place in the stream and a space stand before the text. */
static int call_next(struct chat_channel *channel, struct bytes *message, struct chat_incoming *out)
{
    struct resp resp;
    uint8_t type = take_value(message, &resp, out);
    if (type == 0) {
        return 0;
    }
    if (type != '>') {
        out->id = channel->answered++;
        return read_reply(type, '$', out);
    }
    int status = read_push(&resp, out);
    if (status > 0 && out->type == CHAT_MESSAGE) {
        const uint8_t *space = memchr(out->text.data, ' ', out->text.len);
        if (space == NULL) {
            return ERR_MALFORMED;
        }
        out->text.len -= (size_t)(space + 1 - out->text.data);
        out->text.data = space + 1;
    }
    return status;
}

const struct chat_protocol redis_protocol = {
    .name = "redis",
    .summary = "Redis streams: XADD, and PUBLISH to the partner (RESP3)",
    .id_mask = UINT32_MAX >> 1,
    .split = split,
    .join = join,
    .template_init = template_init,
    .append = append,
    .next = next,
};

const struct chat_protocol redis_function_protocol = {
    .name = "redis-function",
    .summary = "Redis streams: a function adds and publishes with the place in the stream (RESP3)",
    .id_mask = UINT32_MAX,
    .split = split,
    .join = join,
    .template_init = call_template_init,
    .append = append,
    .next = call_next,
};
