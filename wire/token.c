#include "wire/token.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>

#include "base/check.h"
#include "base/error.h"
#include "wire/base64.h"
#include "wire/codec.h"

#define TOKEN_ISSUER "duet"
#define TOKEN_AUDIENCE "duet"
#define TOKEN_TYPE "at+jwt"
#define TOKEN_SECONDS_MAX 253402300799LL /* the end of the year 9999 */
#define HEADER_MEMBERS 3
#define CLAIM_MEMBERS 9
#define PART_BYTES_MAX 512

void token_key_init(struct token_key *key, const uint8_t seed[TOKEN_SEED_BYTES])
{
    _Static_assert(sizeof key->secret == crypto_sign_SECRETKEYBYTES, "Ed25519");
    _Static_assert(sizeof key->public == crypto_sign_PUBLICKEYBYTES, "Ed25519");
    crypto_sign_seed_keypair(key->public, key->secret, seed);
    uint8_t hash[32];
    crypto_generichash(hash, sizeof hash, key->public, sizeof key->public, NULL, 0);
    (void)base64_encode(hash, 8, key->kid, sizeof key->kid);
}

void token_key_fini(struct token_key *key)
{
    sodium_memzero(key, sizeof *key);
}

static int64_t seconds_of(int64_t ms)
{
    return ms / 1000 - (ms % 1000 < 0);
}

static int format_claims(const struct token_claims *claims, char *out, size_t room)
{
    char user[ID_TEXT_CHARS + 1], sid[ID_TEXT_CHARS + 1];
    char device[ID_TEXT_CHARS + 1], jti[ID_TEXT_CHARS + 1];
    id_to_text(claims->user, user);
    id_to_text(claims->sid, sid);
    id_to_text(claims->device, device);
    id_to_text(claims->jti, jti);
    return snprintf(out, room,
                    "{\"iss\":\"" TOKEN_ISSUER "\",\"aud\":\"" TOKEN_AUDIENCE
                    "\",\"sub\":\"%s\",\"sid\":\"%s\",\"dev\":\"%s\","
                    "\"iat\":%lld,\"nbf\":%lld,\"exp\":%lld,\"jti\":\"%s\"}",
                    user, sid, device, (long long)seconds_of(claims->iat_ms),
                    (long long)seconds_of(claims->nbf_ms), (long long)seconds_of(claims->exp_ms),
                    jti);
}

void token_sign(const struct token_key *key, const struct token_claims *claims,
                char out[TOKEN_TEXT_MAX])
{
    char json[PART_BYTES_MAX];
    int len = snprintf(json, sizeof json,
                       "{\"alg\":\"EdDSA\",\"typ\":\"" TOKEN_TYPE "\",\"kid\":\"%s\"}", key->kid);
    CHECK_ALWAYS(len > 0 && (size_t)len < sizeof json);
    size_t at = base64_encode(json, (size_t)len, out, TOKEN_TEXT_MAX);
    out[at++] = '.';
    len = format_claims(claims, json, sizeof json);
    CHECK_ALWAYS(len > 0 && (size_t)len < sizeof json);
    at += base64_encode(json, (size_t)len, out + at, TOKEN_TEXT_MAX - at);
    uint8_t signature[crypto_sign_BYTES];
    crypto_sign_detached(signature, NULL, (const uint8_t *)out, at, key->secret);
    out[at++] = '.';
    (void)base64_encode(signature, sizeof signature, out + at, TOKEN_TEXT_MAX - at);
}

/** The three parts of a compact token, still base64url. */
struct parts {
    struct bytes header, claims, signature;
    struct bytes signed_text; /* header.claims */
};

static bool split(const char *text, size_t len, struct parts *out)
{
    const char *first = memchr(text, '.', len);
    if (first == NULL) {
        return false;
    }
    size_t rest = len - (size_t)(first + 1 - text);
    const char *second = memchr(first + 1, '.', rest);
    if (second == NULL) {
        return false;
    }
    size_t last = len - (size_t)(second + 1 - text);
    *out = (struct parts){.header = bytes_of(text, (size_t)(first - text)),
                          .claims = bytes_of(first + 1, (size_t)(second - first - 1)),
                          .signature = bytes_of(second + 1, last),
                          .signed_text = bytes_of(text, (size_t)(second - text))};
    return true; /* a third dot is no base64url, so the signature will not decode */
}

/** Decodes into `out`, with room for `room` bytes; returns the length, or 0. */
static size_t decode_base64(struct bytes text, uint8_t *out, size_t room)
{
    size_t len = 0;
    return base64_decode(text, out, room, &len) ? len : 0;
}

/** The JSON object in a part: new reference, or NULL. */
static json_t *decode_object(struct bytes text)
{
    uint8_t json[PART_BYTES_MAX];
    size_t len = decode_base64(text, json, sizeof json);
    json_t *object = NULL;
    if (len == 0 || json_parse_bounded(bytes_of(json, len), &object) != 0) {
        return NULL;
    }
    if (!json_is_object(object)) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static bool member_is(const json_t *object, const char *name, const char *expected)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value != NULL && strcmp(value, expected) == 0;
}

/** Exactly our header: whatever else a header may hold is refused by the count of members. */
static bool header_accepted(const struct token_key *key, struct bytes text)
{
    json_t *header = decode_object(text);
    bool accepted = json_object_size(header) == HEADER_MEMBERS &&
                    member_is(header, "alg", "EdDSA") && member_is(header, "typ", TOKEN_TYPE) &&
                    member_is(header, "kid", key->kid);
    json_decref(header);
    return accepted;
}

static bool signature_holds(const struct token_key *key, const struct parts *parts)
{
    uint8_t signature[crypto_sign_BYTES];
    return decode_base64(parts->signature, signature, sizeof signature) == sizeof signature &&
           crypto_sign_verify_detached(signature, parts->signed_text.data, parts->signed_text.len,
                                       key->public) == 0;
}

static bool read_id(const json_t *claims, const char *name, struct id *out)
{
    const json_t *value = json_object_get(claims, name);
    return json_is_string(value) &&
           base64_decode_id(bytes_of(json_string_value(value), json_string_length(value)), out);
}

static bool read_seconds(const json_t *claims, const char *name, int64_t *ms_out)
{
    const json_t *value = json_object_get(claims, name);
    int64_t seconds = json_integer_value(value);
    if (!json_is_integer(value) || seconds < 0 || seconds > TOKEN_SECONDS_MAX) {
        return false;
    }
    *ms_out = seconds * 1000;
    return true;
}

static bool read_claims(struct bytes text, struct token_claims *out)
{
    json_t *claims = decode_object(text);
    bool complete =
        json_object_size(claims) == CLAIM_MEMBERS && member_is(claims, "iss", TOKEN_ISSUER) &&
        member_is(claims, "aud", TOKEN_AUDIENCE) && read_id(claims, "sub", &out->user) &&
        read_id(claims, "sid", &out->sid) && read_id(claims, "dev", &out->device) &&
        read_id(claims, "jti", &out->jti) && read_seconds(claims, "iat", &out->iat_ms) &&
        read_seconds(claims, "nbf", &out->nbf_ms) && read_seconds(claims, "exp", &out->exp_ms);
    json_decref(claims);
    return complete;
}

int token_verify(const struct token_key *key, const char *text, size_t len, int64_t now_ms,
                 struct token_claims *out)
{
    struct parts parts;
    struct token_claims claims = {0};
    if (len >= TOKEN_TEXT_MAX || !split(text, len, &parts) || !header_accepted(key, parts.header) ||
        !signature_holds(key, &parts) || !read_claims(parts.claims, &claims)) {
        return ERR_TOKEN_INVALID;
    }
    if (claims.exp_ms <= claims.nbf_ms || claims.nbf_ms > now_ms + TOKEN_NBF_LEEWAY_MS) {
        return ERR_TOKEN_INVALID;
    }
    if (claims.exp_ms <= now_ms) {
        return ERR_TOKEN_EXPIRED;
    }
    *out = claims;
    return 0;
}

void token_jwks(const struct token_key *key, struct buffer *out)
{
    char x[BASE64_CHARS(sizeof key->public) + 1];
    (void)base64_encode(key->public, sizeof key->public, x, sizeof x);
    char json[PART_BYTES_MAX];
    int len = snprintf(json, sizeof json,
                       "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"use\":\"sig\","
                       "\"alg\":\"EdDSA\",\"kid\":\"%s\",\"x\":\"%s\"}]}",
                       key->kid, x);
    CHECK_ALWAYS(len > 0 && (size_t)len < sizeof json);
    buffer_append(out, json, (size_t)len);
}
