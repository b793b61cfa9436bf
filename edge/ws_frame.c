#include "edge/ws_frame.h"

#include "base/error.h"

enum { CLOSE_PROTOCOL = 1002, CLOSE_TOO_LARGE = 1009 };

enum {
    FIN = 0x80,
    RESERVED = 0x70,
    OPCODE = 0x0f,
    MASKED = 0x80,
    LENGTH = 0x7f,
    LENGTH_16 = 126,
    LENGTH_64 = 127,
    CONTROL_MAX = 125,
    MASK_BYTES = 4
};

static int refuse(const char *why, const char **reason)
{
    *reason = why;
    return CLOSE_PROTOCOL;
}

static bool is_control(uint8_t first)
{
    return (first & WS_CLIENT_CLOSE) != 0;
}

static bool is_known(uint8_t opcode)
{
    return opcode <= WS_CLIENT_BINARY || (opcode >= WS_CLIENT_CLOSE && opcode <= WS_CLIENT_PONG);
}

/** What the first two bytes say; 0: nothing is wrong with them. */
static int judge_start(uint8_t first, uint8_t second, const char **reason)
{
    if ((first & RESERVED) != 0) {
        return refuse("reserved bits are set", reason);
    }
    if (!is_known(first & OPCODE)) {
        return refuse("the opcode is reserved", reason);
    }
    if ((second & MASKED) == 0) {
        return refuse("frames of clients are masked", reason);
    }
    if (is_control(first) && ((first & FIN) == 0 || (second & LENGTH) > CONTROL_MAX)) {
        return refuse("a control frame is whole and short", reason);
    }
    return 0;
}

int ws_frame_head(struct bytes in, size_t length_max, struct ws_frame *out, const char **reason)
{
    if (in.len < 2) {
        return 0;
    }
    uint8_t first = in.data[0], second = in.data[1];
    int code = judge_start(first, second, reason);
    if (code != 0) {
        return code;
    }
    uint64_t length = second & LENGTH;
    size_t at = length == LENGTH_64 ? 10 : length == LENGTH_16 ? 4 : 2;
    if (in.len < at) {
        return 0;
    }
    if (at == 4) {
        length = get_u16(in.data + 2);
    } else if (at == 10) {
        length = get_u64(in.data + 2);
    }
    if ((at == 4 && length < LENGTH_16) || (at == 10 && length <= UINT16_MAX) ||
        length > INT64_MAX) {
        return refuse("a length is in its shortest form", reason);
    }
    if (!is_control(first) && length > length_max) {
        *reason = error_name(ERR_TOO_LARGE);
        return CLOSE_TOO_LARGE;
    }
    if (in.len < at + MASK_BYTES) {
        return 0;
    }
    *out = (struct ws_frame){.opcode = first & OPCODE,
                             .fin = (first & FIN) != 0,
                             .head_bytes = at + MASK_BYTES,
                             .length = (size_t)length};
    memcpy(out->mask, in.data + at, MASK_BYTES);
    return 1;
}

void ws_unmask(uint8_t *data, size_t len, const uint8_t mask[4])
{
    uint32_t once;
    memcpy(&once, mask, sizeof once);
    if (once == 0) {
        return;
    }
    uint64_t twice = (uint64_t)once << 32 | once;
    size_t at = 0;
    for (; len - at >= sizeof twice; at += sizeof twice) {
        uint64_t word;
        memcpy(&word, data + at, sizeof word);
        word ^= twice;
        memcpy(data + at, &word, sizeof word);
    }
    for (; at < len; at++) {
        data[at] ^= mask[at % 4];
    }
}
