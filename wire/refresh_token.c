#include <sodium.h>

#include "base/error.h"
#include "wire/base64.h"
#include "wire/token.h"

#define REFRESH_BYTES (2 * ID_BYTES + REFRESH_SECRET_BYTES)

void refresh_token_make(const struct refresh_token *token, char out[REFRESH_TOKEN_CHARS + 1])
{
    uint8_t raw[REFRESH_BYTES];
    memcpy(raw, token->user.bytes, ID_BYTES);
    memcpy(raw + ID_BYTES, token->sid.bytes, ID_BYTES);
    memcpy(raw + 2 * ID_BYTES, token->secret, REFRESH_SECRET_BYTES);
    (void)base64_encode(raw, sizeof raw, out, REFRESH_TOKEN_CHARS + 1);
    sodium_memzero(raw, sizeof raw);
}

int refresh_token_parse(const char *text, size_t len, struct refresh_token *out)
{
    uint8_t raw[REFRESH_BYTES];
    size_t size = 0;
    if (len != REFRESH_TOKEN_CHARS || !base64_decode(bytes_of(text, len), raw, sizeof raw, &size) ||
        size != sizeof raw) {
        sodium_memzero(raw, sizeof raw);
        return ERR_TOKEN_INVALID;
    }
    memcpy(out->user.bytes, raw, ID_BYTES);
    memcpy(out->sid.bytes, raw + ID_BYTES, ID_BYTES);
    memcpy(out->secret, raw + 2 * ID_BYTES, REFRESH_SECRET_BYTES);
    sodium_memzero(raw, sizeof raw);
    return 0;
}

void refresh_token_hash(const uint8_t secret[REFRESH_SECRET_BYTES], uint8_t out[REFRESH_HASH_BYTES])
{
    crypto_generichash(out, REFRESH_HASH_BYTES, secret, REFRESH_SECRET_BYTES, NULL, 0);
}

bool refresh_token_matches(const uint8_t secret[REFRESH_SECRET_BYTES],
                           const uint8_t hash[REFRESH_HASH_BYTES])
{
    uint8_t made[REFRESH_HASH_BYTES];
    refresh_token_hash(secret, made);
    return sodium_memcmp(made, hash, sizeof made) == 0;
}
