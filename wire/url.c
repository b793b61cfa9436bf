#include "wire/url.h"

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool needs_decoding(struct bytes text, bool plus)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '%' || (plus && text.data[i] == '+')) {
            return true;
        }
    }
    return false;
}

/** The octet of "%XX" at `at`, or -1. */
static int decode_octet(const uint8_t *at, const uint8_t *end)
{
    int high = end - at >= 3 ? hex_digit(at[1]) : -1;
    int low = high >= 0 ? hex_digit(at[2]) : -1;
    return low < 0 ? -1 : high << 4 | low;
}

bool url_decode(struct bytes text, bool plus, struct arena *arena, struct bytes *out)
{
    if (!needs_decoding(text, plus)) {
        *out = text;
        return true;
    }
    uint8_t *to = arena_take(arena, text.len);
    const uint8_t *end = text.data + text.len;
    size_t len = 0;
    for (const uint8_t *at = text.data; at < end; at++) {
        int octet = plus && *at == '+' ? ' ' : *at;
        if (*at == '%') {
            octet = decode_octet(at, end);
            at += 2;
        }
        if (octet < 0) {
            return false;
        }
        to[len++] = (uint8_t)octet;
    }
    *out = bytes_of(to, len);
    return true;
}

bool url_next_pair(struct bytes *query, struct url_pair *out)
{
    while (query->len != 0 && query->data[0] == '&') {
        query->data++;
        query->len--;
    }
    if (query->len == 0) {
        return false;
    }
    const uint8_t *end = memchr(query->data, '&', query->len);
    size_t len = end == NULL ? query->len : (size_t)(end - query->data);
    const uint8_t *equals = memchr(query->data, '=', len);
    size_t name_len = equals == NULL ? len : (size_t)(equals - query->data);
    size_t value_at = equals == NULL ? len : name_len + 1;
    out->name = bytes_of(query->data, name_len);
    out->value = bytes_of(query->data + value_at, len - value_at);
    query->data += len;
    query->len -= len;
    return true;
}
