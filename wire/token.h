/**
 * Access tokens (JWT, RFC 7519, signed with EdDSA over Ed25519, RFC 8037) and refresh tokens.
 *
 * The algorithm is the server's choice, not the token's: exactly one header is accepted,
 * {"alg":"EdDSA","typ":"at+jwt","kid":<ours>}, and any other member of it is refused (crit, jku,
 * b64, …). Any thread, after sodium_init().
 */
#ifndef WIRE_TOKEN_H
#define WIRE_TOKEN_H

#include "base/bytes.h"
#include "base/ids.h"

#define TOKEN_TEXT_MAX 1024 /* with the NUL */
#define TOKEN_SEED_BYTES 32
#define TOKEN_KID_CHARS 11 /* base64url of 8 bytes */
#define TOKEN_NBF_LEEWAY_MS 30000
#define REFRESH_SECRET_BYTES 32
#define REFRESH_HASH_BYTES 32
#define REFRESH_TOKEN_CHARS 86 /* base64url of 16 + 16 + 32 bytes */

struct token_key {
    uint8_t secret[64];
    uint8_t public[32];
    char kid[TOKEN_KID_CHARS + 1]; /* base64url of the first 8 bytes of BLAKE2b-256(public) */
};

/** Derives the pair from a seed, which the caller keeps secret and wipes. */
void token_key_init(struct token_key *key, const uint8_t seed[TOKEN_SEED_BYTES]);
/** Wipes it. */
void token_key_fini(struct token_key *key);

struct token_claims {
    struct id user;   /* sub */
    struct id sid;    /* sid, the signed-in session */
    struct id device; /* dev */
    struct id jti;
    int64_t iat_ms, nbf_ms, exp_ms; /* whole seconds in the token: rounded down */
};

/** Writes the token and a NUL. */
void token_sign(const struct token_key *key, const struct token_claims *claims,
                char out[TOKEN_TEXT_MAX]);

/**
 * Checks the signature and every claim. Returns 0, ERR_TOKEN_EXPIRED (genuine, but exp has passed)
 * or ERR_TOKEN_INVALID; `out` is set on 0 only. About 60 µs: cache by text.
 */
int token_verify(const struct token_key *key, const char *text, size_t len, int64_t now_ms,
                 struct token_claims *out);

/** Appends the JSON Web Key Set with the public key, for /.well-known/jwks.json. */
void token_jwks(const struct token_key *key, struct buffer *out);

struct refresh_token {
    struct id user;
    struct id sid;
    uint8_t secret[REFRESH_SECRET_BYTES];
};

/** base64url(user ∥ sid ∥ secret) and a NUL. */
void refresh_token_make(const struct refresh_token *token, char out[REFRESH_TOKEN_CHARS + 1]);
/** Inverse. ERR_TOKEN_INVALID unless it is exactly such a text. */
int refresh_token_parse(const char *text, size_t len, struct refresh_token *out);
/** BLAKE2b-256 of the secret: what is stored. */
void refresh_token_hash(const uint8_t secret[REFRESH_SECRET_BYTES],
                        uint8_t out[REFRESH_HASH_BYTES]);
/** Whether the secret has this hash; in constant time. */
bool refresh_token_matches(const uint8_t secret[REFRESH_SECRET_BYTES],
                           const uint8_t hash[REFRESH_HASH_BYTES]);

#endif
