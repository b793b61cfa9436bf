#include "client/ws_frame.h"

#include <string.h>

#include "base/error.h"

#define HEAD_BYTES_MIN 2
#define LENGTH_16 126
#define LENGTH_64 127
#define CLOSE_REASON_BYTES_MAX (WS_CONTROL_BYTES_MAX - 2)
#define OPCODE_CONTROL 8 /* this bit is set in the opcodes of control frames */

size_t ws_head_encode(const struct ws_head *head, uint8_t out[WS_HEAD_BYTES_MAX])
{
    uint8_t mask_bit = head->masked ? 0x80 : 0;
    size_t len = HEAD_BYTES_MIN;
    out[0] = (uint8_t)((head->fin ? 0x80 : 0) | (head->reserved & 7) << 4 | (head->opcode & 15));
    if (head->length < LENGTH_16) {
        out[1] = (uint8_t)(mask_bit | head->length);
    } else if (head->length <= UINT16_MAX) {
        out[1] = mask_bit | LENGTH_16;
        put_u16(out + len, (uint16_t)head->length);
        len += 2;
    } else {
        out[1] = mask_bit | LENGTH_64;
        put_u64(out + len, head->length);
        len += 8;
    }
    if (head->masked) {
        put_u32(out + len, head->mask);
        len += 4;
    }
    return len;
}

void ws_mask_apply(uint8_t *data, size_t len, uint32_t mask, size_t offset)
{
    if (mask == 0) {
        return;
    }
    for (size_t i = 0; i < len; i++) {
        data[i] ^= (uint8_t)(mask >> (24 - 8 * ((offset + i) & 3)));
    }
}

void ws_raw_append(struct buffer *out, const struct ws_head *head, struct bytes payload)
{
    uint8_t encoded[WS_HEAD_BYTES_MAX];
    buffer_append(out, encoded, ws_head_encode(head, encoded));
    if (payload.len == 0) {
        return;
    }
    uint8_t *copy = buffer_extend(out, payload.len);
    memcpy(copy, payload.data, payload.len);
    if (head->masked) {
        ws_mask_apply(copy, payload.len, head->mask, 0);
    }
}

void ws_frame_append(struct buffer *out, enum ws_opcode opcode, uint32_t mask, struct bytes payload)
{
    struct ws_head head = {.fin = true,
                           .opcode = (uint8_t)opcode,
                           .masked = true,
                           .mask = mask,
                           .length = payload.len};
    ws_raw_append(out, &head, payload);
}

void ws_close_append(struct buffer *out, uint16_t code, uint32_t mask, const char *reason)
{
    uint8_t payload[WS_CONTROL_BYTES_MAX];
    size_t len = 0;
    if (code != 0) {
        size_t reason_len = strnlen(reason, CLOSE_REASON_BYTES_MAX);
        put_u16(payload, code);
        memcpy(payload + 2, reason, reason_len);
        len = 2 + reason_len;
    }
    ws_frame_append(out, WS_CLOSE, mask, bytes_of(payload, len));
}

void ws_parser_init(struct ws_parser *parser, size_t message_bytes_max)
{
    *parser =
        (struct ws_parser){.message_bytes_max = message_bytes_max, .head_need = HEAD_BYTES_MIN};
}

void ws_parser_fini(struct ws_parser *parser)
{
    buffer_fini(&parser->message);
}

/* Reads the length from a whole head; false if it is not in its shortest form. */
static bool length_decode(const uint8_t *head, uint64_t *length)
{
    uint8_t first = head[1] & 0x7f;
    if (first < LENGTH_16) {
        *length = first;
        return true;
    }
    if (first == LENGTH_16) {
        *length = get_u16(head + 2);
        return *length >= LENGTH_16;
    }
    *length = get_u64(head + 2);
    return *length > UINT16_MAX && *length <= INT64_MAX;
}

static bool opcode_known(uint8_t opcode)
{
    return opcode <= WS_BINARY || (opcode >= WS_CLOSE && opcode <= WS_PONG);
}

/* A whole head has come: checks it and makes ready for its payload. */
static int head_accept(struct ws_parser *parser)
{
    const uint8_t *head = parser->head;
    uint8_t opcode = head[0] & 15;
    uint64_t length;
    bool sane = (head[0] & 0x70) == 0 && opcode_known(opcode) && (head[1] & 0x80) == 0 &&
                length_decode(head, &length);
    if (!sane) {
        return ERR_MALFORMED;
    }
    parser->fin = (head[0] & 0x80) != 0;
    if (opcode & OPCODE_CONTROL) {
        if (!parser->fin || length > WS_CONTROL_BYTES_MAX) {
            return ERR_MALFORMED;
        }
        parser->control_len = 0;
    } else {
        if ((opcode == WS_CONTINUATION) != (parser->message_opcode != 0)) {
            return ERR_MALFORMED;
        }
        if (length > parser->message_bytes_max - parser->message.len) {
            return ERR_TOO_LARGE;
        }
        if (opcode != WS_CONTINUATION) {
            parser->message_opcode = opcode;
        }
    }
    parser->opcode = opcode;
    parser->remaining = length;
    parser->in_payload = true;
    return 0;
}

/* Takes head bytes from the input. Returns 1 when the payload follows, 0 when more is needed. */
static int head_read(struct ws_parser *parser, struct bytes *input)
{
    while (parser->head_len < parser->head_need) {
        if (input->len == 0) {
            return 0;
        }
        parser->head[parser->head_len++] = *input->data++;
        input->len--;
        if (parser->head_len == HEAD_BYTES_MIN) {
            uint8_t first = parser->head[1] & 0x7f;
            unsigned extra = first == LENGTH_64 ? 8 : first == LENGTH_16 ? 2 : 0;
            parser->head_need = (uint8_t)(HEAD_BYTES_MIN + extra);
        }
    }
    parser->head_len = 0;
    parser->head_need = HEAD_BYTES_MIN;
    int error = head_accept(parser);
    return error != 0 ? error : 1;
}

static int close_event(struct bytes payload, struct ws_event *event)
{
    if (payload.len == 1) {
        return ERR_MALFORMED;
    }
    *event = (struct ws_event){.opcode = WS_CLOSE, .close_code = WS_CLOSE_NONE};
    if (payload.len >= 2) {
        event->close_code = get_u16(payload.data);
        event->payload = bytes_of(payload.data + 2, payload.len - 2);
    }
    return 1;
}

static int control_read(struct ws_parser *parser, struct bytes chunk, struct ws_event *event)
{
    if (chunk.len != 0) {
        memcpy(parser->control + parser->control_len, chunk.data, chunk.len);
        parser->control_len = (uint8_t)(parser->control_len + chunk.len);
    }
    if (parser->remaining != 0) {
        return 0;
    }
    parser->in_payload = false;
    struct bytes payload = bytes_of(parser->control, parser->control_len);
    if (parser->opcode == WS_CLOSE) {
        return close_event(payload, event);
    }
    *event = (struct ws_event){.opcode = (enum ws_opcode)parser->opcode, .payload = payload};
    return 1;
}

static int data_read(struct ws_parser *parser, struct bytes chunk, struct ws_event *event)
{
    bool frame_done = parser->remaining == 0;
    bool message_done = frame_done && parser->fin;
    if (frame_done) {
        parser->in_payload = false;
    }
    struct bytes payload = chunk;
    if (!message_done || parser->message.len != 0) {
        buffer_append(&parser->message, chunk.data, chunk.len);
        payload = buffer_bytes(&parser->message);
    }
    if (!message_done) {
        return 0;
    }
    *event =
        (struct ws_event){.opcode = (enum ws_opcode)parser->message_opcode, .payload = payload};
    parser->message_opcode = 0;
    return 1;
}

int ws_parser_next(struct ws_parser *parser, struct bytes *input, struct ws_event *event)
{
    if (parser->message_opcode == 0) {
        buffer_clear(&parser->message); /* what the last event pointed to */
    }
    for (;;) {
        if (!parser->in_payload) {
            int status = head_read(parser, input);
            if (status <= 0) {
                return status;
            }
        } else if (input->len == 0) {
            return 0;
        }
        size_t take = parser->remaining < input->len ? (size_t)parser->remaining : input->len;
        struct bytes chunk = bytes_of(input->data, take);
        input->data += take;
        input->len -= take;
        parser->remaining -= take;
        int status = parser->opcode & OPCODE_CONTROL ? control_read(parser, chunk, event)
                                                     : data_read(parser, chunk, event);
        if (status != 0) {
            return status;
        }
    }
}
