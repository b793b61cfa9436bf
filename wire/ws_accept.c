#include "wire/ws_accept.h"

#include <sodium.h>

#include "base/bytes.h"

#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define SHA1_BYTES 20
#define SHA1_BLOCK_BYTES 64
#define INPUT_BYTES (WS_KEY_CHARS + sizeof GUID - 1) /* 60: with its padding, two blocks */

static uint32_t rotate_left(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32 - bits);
}

/* One block of SHA-1 (FIPS 180-4, 6.1.2). */
static void sha1_block(uint32_t state[5], const uint8_t block[SHA1_BLOCK_BYTES])
{
    static const uint32_t constants[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
    uint32_t w[80];
    for (unsigned t = 0; t < 16; t++) {
        w[t] = get_u32(block + (size_t)4 * t);
    }
    for (unsigned t = 16; t < 80; t++) {
        w[t] = rotate_left(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (unsigned t = 0; t < 80; t++) {
        uint32_t choose = (b & c) | (~b & d);
        uint32_t parity = b ^ c ^ d;
        uint32_t majority = (b & c) | (b & d) | (c & d);
        uint32_t mixed[4] = {choose, parity, majority, parity};
        uint32_t next = rotate_left(a, 5) + mixed[t / 20] + e + w[t] + constants[t / 20];
        e = d;
        d = c;
        c = rotate_left(b, 30);
        b = a;
        a = next;
    }
    const uint32_t sums[5] = {a, b, c, d, e};
    for (unsigned i = 0; i < 5; i++) {
        state[i] += sums[i];
    }
}

void ws_accept_of(const char key[WS_KEY_CHARS + 1], char out[WS_ACCEPT_CHARS + 1])
{
    uint8_t padded[2 * SHA1_BLOCK_BYTES] = {0};
    memcpy(padded, key, WS_KEY_CHARS);
    memcpy(padded + WS_KEY_CHARS, GUID, sizeof GUID - 1);
    padded[INPUT_BYTES] = 0x80;
    put_u64(padded + sizeof padded - 8, 8 * (uint64_t)INPUT_BYTES);

    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    sha1_block(state, padded);
    sha1_block(state, padded + SHA1_BLOCK_BYTES);
    uint8_t hash[SHA1_BYTES];
    for (unsigned i = 0; i < 5; i++) {
        put_u32(hash + (size_t)4 * i, state[i]);
    }
    sodium_bin2base64(out, WS_ACCEPT_CHARS + 1, hash, sizeof hash, sodium_base64_VARIANT_ORIGINAL);
}
