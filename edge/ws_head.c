#include "edge/ws_head.h"

#define FIN 0x80
#define LEN_16 126
#define LEN_64 127

size_t ws_head_put(uint8_t out[WS_HEAD_SERVER_MAX], enum ws_server_opcode opcode, size_t len)
{
    out[0] = (uint8_t)(FIN | opcode);
    if (len < LEN_16) {
        out[1] = (uint8_t)len;
        return 2;
    }
    if (len <= UINT16_MAX) {
        out[1] = LEN_16;
        put_u16(out + 2, (uint16_t)len);
        return 4;
    }
    out[1] = LEN_64;
    put_u64(out + 2, len);
    return 10;
}

void ws_append_frame(struct buffer *out, enum ws_server_opcode opcode, struct bytes payload)
{
    ws_append_frame_of(out, opcode, payload, (struct bytes){0});
}

void ws_append_frame_of(struct buffer *out, enum ws_server_opcode opcode, struct bytes head,
                        struct bytes rest)
{
    size_t start = out->len, len = head.len + rest.len;
    uint8_t *at = buffer_extend(out, WS_HEAD_SERVER_MAX + len);
    size_t used = ws_head_put(at, opcode, len);
    if (head.len != 0) {
        memcpy(at + used, head.data, head.len);
    }
    if (rest.len != 0) {
        memcpy(at + used + head.len, rest.data, rest.len);
    }
    out->len = start + used + len;
}

void ws_append_close(struct buffer *out, int code, const char *reason)
{
    uint8_t payload[WS_CONTROL_MAX];
    size_t len = strlen(reason);
    if (len > sizeof payload - 2) {
        len = sizeof payload - 2;
    }
    put_u16(payload, (uint16_t)code);
    memcpy(payload + 2, reason, len);
    ws_append_frame(out, WS_SERVER_CLOSE, bytes_of(payload, len + 2));
}
