#include "wire/pack.h"

#include "base/check.h"
#include "wire/codec.h"

/** Room for `len` bytes; give the end of what was written to `close_room`. */
static inline uint8_t *open_room(struct buffer *out, size_t len)
{
    return buffer_extend(out, len);
}

static inline void close_room(struct buffer *out, const uint8_t *end)
{
    out->len = (size_t)(end - out->data);
}

void pack_nil(struct buffer *out)
{
    buffer_append_u8(out, 0xc0);
}

void pack_bool(struct buffer *out, bool value)
{
    buffer_append_u8(out, value ? 0xc3 : 0xc2);
}

void pack_int(struct buffer *out, int64_t value)
{
    close_room(out, put_int(open_room(out, PACK_HEAD_MAX), value));
}

void pack_float(struct buffer *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    close_room(out, put_64(open_room(out, PACK_HEAD_MAX), 0xcb, bits));
}

void pack_text(struct buffer *out, struct bytes text)
{
    CHECK_DEBUG(text.len <= UINT32_MAX);
    uint8_t *at = put_text_head(open_room(out, PACK_HEAD_MAX + text.len), text.len);
    close_room(out, put_raw(at, text.data, text.len));
}

void pack_bin(struct buffer *out, struct bytes bin)
{
    CHECK_DEBUG(bin.len <= UINT32_MAX);
    uint8_t *at = put_bin_head(open_room(out, PACK_HEAD_MAX + bin.len), bin.len);
    close_room(out, put_raw(at, bin.data, bin.len));
}

void pack_array(struct buffer *out, uint32_t count)
{
    close_room(out, put_array_head(open_room(out, PACK_HEAD_MAX), count));
}

void pack_map(struct buffer *out, uint32_t count)
{
    close_room(out, put_map_head(open_room(out, PACK_HEAD_MAX), count));
}
