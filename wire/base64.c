#include "wire/base64.h"

#include <sodium.h>

#include "base/check.h"

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

/* libsodium 1.0.18 takes bytes from 0x80 on for characters where char is signed: look first. */
static bool in_alphabet(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!letter && (c < '0' || c > '9') && c != '-' && c != '_') {
            return false;
        }
    }
    return true;
}

bool base64_decode(struct bytes text, uint8_t *out, size_t room, size_t *len_out)
{
    size_t len = 0;
    if (!in_alphabet(text) || sodium_base642bin(out, room, (const char *)text.data, text.len, NULL,
                                                &len, NULL, VARIANT) != 0) {
        return false;
    }
    *len_out = len;
    return true;
}

bool base64_decode_id(struct bytes text, struct id *out)
{
    struct id id;
    size_t len = 0;
    if (text.len != ID_TEXT_CHARS || !base64_decode(text, id.bytes, sizeof id.bytes, &len) ||
        len != sizeof id.bytes) {
        return false;
    }
    *out = id;
    return true;
}

/** As the alphabet lies in one line of the cache, which character was read cannot be told by time.
 */
size_t base64_encode(const void *data, size_t len, char *out, size_t room)
{
    static const _Alignas(64) char alphabet[64 + 1] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const uint8_t *in = data;
    char *to = out;
    CHECK_ALWAYS(room > BASE64_CHARS(len));
    for (; len >= 3; len -= 3, in += 3, to += 4) {
        to[0] = alphabet[in[0] >> 2];
        to[1] = alphabet[(in[0] << 4 | in[1] >> 4) & 63];
        to[2] = alphabet[(in[1] << 2 | in[2] >> 6) & 63];
        to[3] = alphabet[in[2] & 63];
    }
    if (len != 0) {
        unsigned second = len == 2 ? in[1] : 0;
        *to++ = alphabet[in[0] >> 2];
        *to++ = alphabet[((unsigned)in[0] << 4 | second >> 4) & 63];
        if (len == 2) {
            *to++ = alphabet[second << 2 & 63];
        }
    }
    *to = '\0';
    return (size_t)(to - out);
}
