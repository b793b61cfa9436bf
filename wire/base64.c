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

size_t base64_encode(const void *data, size_t len, char *out, size_t room)
{
    CHECK_ALWAYS(room > BASE64_CHARS(len));
    sodium_bin2base64(out, room, data, len, VARIANT);
    return BASE64_CHARS(len);
}
