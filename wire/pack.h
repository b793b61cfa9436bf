/**
 * Writers of MessagePack heads into memory that has room, for the codec's inner loop. Each returns
 * where to go on. Internal to wire/.
 */
#ifndef WIRE_PACK_H
#define WIRE_PACK_H

#include <stdint.h>
#include <string.h>

#define PACK_HEAD_MAX 9 /* bytes of the longest head, or of any scalar */

static inline uint8_t *put_byte(uint8_t *at, unsigned value)
{
    *at = (uint8_t)value;
    return at + 1;
}

static inline uint8_t *put_16(uint8_t *at, unsigned first, uint16_t value)
{
    uint16_t swapped = __builtin_bswap16(value);
    *at = (uint8_t)first;
    memcpy(at + 1, &swapped, sizeof swapped);
    return at + 3;
}

static inline uint8_t *put_32(uint8_t *at, unsigned first, uint32_t value)
{
    uint32_t swapped = __builtin_bswap32(value);
    *at = (uint8_t)first;
    memcpy(at + 1, &swapped, sizeof swapped);
    return at + 5;
}

static inline uint8_t *put_64(uint8_t *at, unsigned first, uint64_t value)
{
    uint64_t swapped = __builtin_bswap64(value);
    *at = (uint8_t)first;
    memcpy(at + 1, &swapped, sizeof swapped);
    return at + 9;
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are swapped on the way out");

static inline uint8_t *put_8(uint8_t *at, unsigned first, unsigned value)
{
    at[0] = (uint8_t)first;
    at[1] = (uint8_t)value;
    return at + 2;
}

static inline uint8_t *put_unsigned(uint8_t *at, uint64_t value)
{
    if (value < 0x80) {
        return put_byte(at, (unsigned)value);
    }
    if (value <= UINT8_MAX) {
        return put_8(at, 0xcc, (unsigned)value);
    }
    if (value <= UINT16_MAX) {
        return put_16(at, 0xcd, (uint16_t)value);
    }
    return value <= UINT32_MAX ? put_32(at, 0xce, (uint32_t)value) : put_64(at, 0xcf, value);
}

static inline uint8_t *put_negative(uint8_t *at, int64_t value)
{
    if (value >= -32) {
        return put_byte(at, (unsigned)value & 0xffu);
    }
    if (value >= INT8_MIN) {
        return put_8(at, 0xd0, (unsigned)value & 0xffu);
    }
    if (value >= INT16_MIN) {
        return put_16(at, 0xd1, (uint16_t)value);
    }
    return value >= INT32_MIN ? put_32(at, 0xd2, (uint32_t)value)
                              : put_64(at, 0xd3, (uint64_t)value);
}

static inline uint8_t *put_int(uint8_t *at, int64_t value)
{
    return value >= 0 ? put_unsigned(at, (uint64_t)value) : put_negative(at, value);
}

static inline uint8_t *put_text_head(uint8_t *at, size_t len)
{
    if (len < 32) {
        return put_byte(at, 0xa0u | (unsigned)len);
    }
    if (len <= UINT8_MAX) {
        return put_8(at, 0xd9, (unsigned)len);
    }
    return len <= UINT16_MAX ? put_16(at, 0xda, (uint16_t)len) : put_32(at, 0xdb, (uint32_t)len);
}

static inline uint8_t *put_bin_head(uint8_t *at, size_t len)
{
    if (len <= UINT8_MAX) {
        return put_8(at, 0xc4, (unsigned)len);
    }
    return len <= UINT16_MAX ? put_16(at, 0xc5, (uint16_t)len) : put_32(at, 0xc6, (uint32_t)len);
}

static inline uint8_t *put_array_head(uint8_t *at, uint32_t count)
{
    if (count < 16) {
        return put_byte(at, 0x90u | count);
    }
    return count <= UINT16_MAX ? put_16(at, 0xdc, (uint16_t)count) : put_32(at, 0xdd, count);
}

static inline uint8_t *put_map_head(uint8_t *at, uint32_t count)
{
    if (count < 16) {
        return put_byte(at, 0x80u | count);
    }
    return count <= UINT16_MAX ? put_16(at, 0xde, (uint16_t)count) : put_32(at, 0xdf, count);
}

static inline uint8_t *put_raw(uint8_t *at, const void *data, size_t len)
{
    if (len != 0) {
        memcpy(at, data, len);
    }
    return at + len;
}

/** As put_raw, without a call for what is as short as names are. */
static inline uint8_t *put_short(uint8_t *at, const char *text, size_t len)
{
    if (len > 16 || len < 4) {
        for (size_t i = 0; i < len; i++) {
            at[i] = (uint8_t)text[i];
        }
    } else if (len >= 8) {
        memcpy(at, text, 8);
        memcpy(at + len - 8, text + len - 8, 8);
    } else {
        memcpy(at, text, 4);
        memcpy(at + len - 4, text + len - 4, 4);
    }
    return at + len;
}

/** A text that stands in the source, as names do. */
#define PUT_NAME(at, name) put_short(put_text_head(at, sizeof name - 1), name, sizeof name - 1)

#endif
