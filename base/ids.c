#include "base/ids.h"

#include <sodium.h>

#include "base/error.h"

void address_encode(struct address address, uint8_t out[ADDRESS_BYTES])
{
    out[0] = address.kind;
    memcpy(out + 1, address.id.bytes, ID_BYTES);
}

struct address address_decode(const uint8_t in[ADDRESS_BYTES])
{
    struct address address = {.kind = in[0]};
    memcpy(address.id.bytes, in + 1, ID_BYTES);
    return address;
}

struct id id_from_hash(const void *data, size_t len)
{
    struct id id;
    crypto_generichash(id.bytes, sizeof id.bytes, data, len, NULL, 0);
    return id;
}

uint8_t address_partition(struct address address)
{
    uint8_t encoded[ADDRESS_BYTES];
    address_encode(address, encoded);
    return id_from_hash(encoded, sizeof encoded).bytes[0];
}

void id_to_text(struct id id, char out[ID_TEXT_CHARS + 1])
{
    sodium_bin2base64(out, ID_TEXT_CHARS + 1, id.bytes, ID_BYTES,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/** libsodium lets bytes beyond ASCII pass as characters; then two texts would be one id. */
static bool is_base64url(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_')) {
            return false;
        }
    }
    return true;
}

int id_from_text(const char *text, size_t len, struct id *out)
{
    struct id id;
    size_t size = 0;
    if (len != ID_TEXT_CHARS || !is_base64url(text, len) ||
        sodium_base642bin(id.bytes, sizeof id.bytes, text, len, NULL, &size, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        size != ID_BYTES) {
        return ERR_INVALID_ARGUMENT;
    }
    *out = id;
    return 0;
}
