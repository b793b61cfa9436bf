#include "tests/unit/wire/test.h"

#include <sodium.h>

#include "wire/token.h"

#define NOW_MS 1750000000000LL
#define BASE64_VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

static struct token_key key;

static struct token_claims claims_of(int64_t nbf_ms, int64_t exp_ms)
{
    return (struct token_claims){.user = {{1}},
                                 .sid = {{2}},
                                 .device = {{3}},
                                 .jti = {{4}},
                                 .iat_ms = nbf_ms,
                                 .nbf_ms = nbf_ms,
                                 .exp_ms = exp_ms};
}

static int verify(const char *text, int64_t now_ms)
{
    struct bytes copy = tight_copy(bytes_of(text, strlen(text)));
    struct token_claims claims;
    int status = token_verify(&key, (const char *)copy.data, copy.len, now_ms, &claims);
    tight_free(copy);
    return status;
}

static void append_base64(char *out, const void *data, size_t len)
{
    size_t used = strlen(out);
    sodium_bin2base64(out + used, TOKEN_TEXT_MAX * 2 - used, data, len, BASE64_VARIANT);
}

/** A token of any header and claims, properly signed with our own key. */
static int verify_signed(const char *header, const char *claims)
{
    char text[TOKEN_TEXT_MAX * 2] = "";
    append_base64(text, header, strlen(header));
    strcat(text, ".");
    append_base64(text, claims, strlen(claims));
    uint8_t signature[crypto_sign_BYTES];
    crypto_sign_detached(signature, NULL, (const uint8_t *)text, strlen(text), key.secret);
    strcat(text, ".");
    append_base64(text, signature, sizeof signature);
    return verify(text, NOW_MS);
}

#define HEADER "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"%s\"%s}"
#define IDS                                                                                        \
    "\"sub\":\"AQAAAAAAAAAAAAAAAAAAAA\",\"sid\":\"AgAAAAAAAAAAAAAAAAAAAA\","                       \
    "\"dev\":\"AwAAAAAAAAAAAAAAAAAAAA\",\"jti\":\"BAAAAAAAAAAAAAAAAAAAAA\""
#define TIMES "\"iat\":1750000000,\"nbf\":1750000000,\"exp\":1750000900"
#define WHO "\"iss\":\"duet\",\"aud\":\"duet\""

static const char *good_header(void)
{
    static char header[256];
    (void)!snprintf(header, sizeof header, HEADER, key.kid, "");
    return header;
}

static void a_signed_token_is_accepted(void **state)
{
    (void)state;
    struct token_claims claims = claims_of(NOW_MS, NOW_MS + 900000), back;
    char text[TOKEN_TEXT_MAX];
    token_sign(&key, &claims, text);
    assert_int_equal(token_verify(&key, text, strlen(text), NOW_MS, &back), 0);
    assert_memory_equal(&back, &claims, sizeof back);
    assert_int_equal(verify_signed(good_header(), "{" WHO "," IDS "," TIMES "}"), 0);
}

static void every_changed_byte_is_noticed(void **state)
{
    (void)state;
    struct token_claims claims = claims_of(NOW_MS, NOW_MS + 900000);
    char text[TOKEN_TEXT_MAX];
    token_sign(&key, &claims, text);
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        static const char replacements[] = {'A', 'B', '.', '=', '-', '\n', ' ', (char)0xff};
        for (size_t j = 0; j < sizeof replacements; j++) {
            char kept = text[i];
            if (replacements[j] != kept) {
                text[i] = replacements[j];
                assert_int_equal(verify(text, NOW_MS), ERR_TOKEN_INVALID);
                text[i] = kept;
            }
        }
        for (unsigned bit = 0; bit < 7; bit++) {
            text[i] = (char)(text[i] ^ 1 << bit);
            assert_int_equal(token_verify(&key, text, len, NOW_MS, &claims), ERR_TOKEN_INVALID);
            text[i] = (char)(text[i] ^ 1 << bit);
        }
    }
}

static void every_truncation_and_addition_is_noticed(void **state)
{
    (void)state;
    struct token_claims claims = claims_of(NOW_MS, NOW_MS + 900000);
    char text[TOKEN_TEXT_MAX + 8];
    token_sign(&key, &claims, text);
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(token_verify(&key, text, i, NOW_MS, &claims), ERR_TOKEN_INVALID);
    }
    static const char *const added[] = {"A", "=", ".", ".x", " ", "\n", "=="};
    for (size_t i = 0; i < COUNT_OF(added); i++) {
        strcpy(text + len, added[i]);
        assert_int_equal(verify(text, NOW_MS), ERR_TOKEN_INVALID);
    }
}

static void other_headers_are_refused(void **state)
{
    (void)state;
    static const char *const formats[] = {
        "{\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
        "{\"alg\":\"None\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
        "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
        "{\"alg\":\"RS256\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
        "{\"alg\":\"eddsa\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
        "{\"alg\":[\"EdDSA\"],\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"%s\"}",
        "{\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"AAAAAAAAAAA\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"%sx\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"%s\",\"crit\":[\"exp\"]}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"%s\",\"jku\":\"https://x\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"%s\",\"jwk\":{}}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"%s\",\"x5u\":\"https://x\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"%s\",\"b64\":false}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"b64\":false}",
        "{\"alg\":\"none\",\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
        "{\"alg\":\"EdDSA\",\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
        "[\"EdDSA\"]",
        "\"EdDSA\"",
        "null",
        "",
    };
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        char header[256];
        const char *mark = strstr(formats[i], "%s");
        size_t before = mark != NULL ? (size_t)(mark - formats[i]) : strlen(formats[i]);
        (void)!snprintf(header, sizeof header, "%.*s%s%s", (int)before, formats[i],
                        mark != NULL ? key.kid : "", mark != NULL ? mark + 2 : "");
        assert_int_equal(verify_signed(header, "{" WHO "," IDS "," TIMES "}"), ERR_TOKEN_INVALID);
    }
}

static void a_mac_made_with_the_public_key_is_refused(void **state)
{
    (void)state;
    char text[TOKEN_TEXT_MAX * 2] = "";
    static const char *const algorithms[] = {"HS256", "EdDSA"};
    for (size_t i = 0; i < COUNT_OF(algorithms); i++) {
        char header[256];
        (void)!snprintf(header, sizeof header, "{\"alg\":\"%s\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}",
                        algorithms[i], key.kid);
        static const char claims[] = "{" WHO "," IDS "," TIMES "}";
        text[0] = '\0';
        append_base64(text, header, strlen(header));
        strcat(text, ".");
        append_base64(text, claims, strlen(claims));
        uint8_t mac[crypto_auth_hmacsha256_BYTES];
        crypto_auth_hmacsha256(mac, (const uint8_t *)text, strlen(text), key.public);
        strcat(text, ".");
        append_base64(text, mac, sizeof mac);
        assert_int_equal(verify(text, NOW_MS), ERR_TOKEN_INVALID);
        *(strrchr(text, '.') + 1) = '\0'; /* no signature at all */
        assert_int_equal(verify(text, NOW_MS), ERR_TOKEN_INVALID);
    }
}

static void another_key_is_refused(void **state)
{
    (void)state;
    struct token_key other;
    static const uint8_t seed[TOKEN_SEED_BYTES] = {9};
    token_key_init(&other, seed);
    struct token_claims claims = claims_of(NOW_MS, NOW_MS + 900000);
    char text[TOKEN_TEXT_MAX];
    token_sign(&other, &claims, text);
    assert_int_equal(verify(text, NOW_MS), ERR_TOKEN_INVALID);
    memcpy(other.kid, key.kid, sizeof key.kid); /* the right name, the wrong key */
    token_sign(&other, &claims, text);
    assert_int_equal(verify(text, NOW_MS), ERR_TOKEN_INVALID);
    token_key_fini(&other);
    assert_true(sodium_is_zero((const uint8_t *)&other, sizeof other));
}

static void other_claims_are_refused(void **state)
{
    (void)state;
    static const char *const claims[] = {
        "{}",
        "[]",
        "{" IDS "," TIMES ",\"aud\":\"duet\"}",
        "{" WHO "," TIMES "}",
        "{" WHO "," IDS "}",
        "{\"iss\":\"other\",\"aud\":\"duet\"," IDS "," TIMES "}",
        "{\"iss\":\"duet\",\"aud\":\"other\"," IDS "," TIMES "}",
        "{\"iss\":\"duet\",\"aud\":[\"duet\"]," IDS "," TIMES "}",
        "{" WHO "," IDS "," TIMES ",\"admin\":true}",
        "{" WHO "," IDS "," TIMES ",\"sub\":\"AQAAAAAAAAAAAAAAAAAAAA\"}",
        "{" WHO "," IDS ",\"iat\":1750000000,\"nbf\":1750000000,\"exp\":\"1750000900\"}",
        "{" WHO "," IDS ",\"iat\":1750000000,\"nbf\":1750000000,\"exp\":1750000900.5}",
        "{" WHO "," IDS ",\"iat\":1750000000,\"nbf\":1750000000,\"exp\":1e18}",
        "{" WHO "," IDS ",\"iat\":1750000000,\"nbf\":1750000000,\"exp\":9223372036854775807}",
        "{" WHO "," IDS ",\"iat\":1750000000,\"nbf\":-1,\"exp\":1750000900}",
        "{" WHO "," IDS ",\"iat\":1750000000,\"nbf\":1750000900,\"exp\":1750000900}",
        "{" WHO ",\"sub\":\"AQAAAAAAAAAAAAAAAAAAA\",\"sid\":\"AgAAAAAAAAAAAAAAAAAAAA\","
        "\"dev\":\"AwAAAAAAAAAAAAAAAAAAAA\",\"jti\":\"BAAAAAAAAAAAAAAAAAAAAA\"," TIMES "}",
    };
    for (size_t i = 0; i < COUNT_OF(claims); i++) {
        assert_int_equal(verify_signed(good_header(), claims[i]), ERR_TOKEN_INVALID);
    }
}

static void times_are_kept(void **state)
{
    (void)state;
    static const struct {
        int64_t nbf_ms, exp_ms;
        int status;
    } cases[] = {
        {NOW_MS - 1000, NOW_MS + 1000, 0},
        {NOW_MS - 1000, NOW_MS, ERR_TOKEN_EXPIRED},
        {NOW_MS - 900000, NOW_MS - 1000, ERR_TOKEN_EXPIRED},
        {NOW_MS + 30000, NOW_MS + 900000, 0},
        {NOW_MS + 31000, NOW_MS + 900000, ERR_TOKEN_INVALID},
        {NOW_MS, NOW_MS - 1000, ERR_TOKEN_INVALID},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct token_claims claims = claims_of(cases[i].nbf_ms, cases[i].exp_ms);
        char text[TOKEN_TEXT_MAX];
        token_sign(&key, &claims, text);
        assert_int_equal(verify(text, NOW_MS), cases[i].status);
    }
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    char *text = malloc(1 << 20);
    assert_non_null(text);
    memset(text, 'A', 1 << 20);
    struct token_claims claims;
    text[10] = text[20] = '.';
    assert_int_equal(token_verify(&key, text, 1 << 20, NOW_MS, &claims), ERR_TOKEN_INVALID);
    assert_int_equal(token_verify(&key, text, TOKEN_TEXT_MAX - 1, NOW_MS, &claims),
                     ERR_TOKEN_INVALID);
    memset(text, '.', 100);
    for (size_t len = 0; len < 100; len++) {
        assert_int_equal(token_verify(&key, text, len, NOW_MS, &claims), ERR_TOKEN_INVALID);
    }
    free(text);
    char json[TOKEN_TEXT_MAX];
    (void)!snprintf(json, sizeof json, "{" WHO "," IDS "," TIMES "%500s}", "");
    assert_int_equal(verify_signed(good_header(), json), ERR_TOKEN_INVALID);
}

static void refresh_tokens_round_trip(void **state)
{
    (void)state;
    struct refresh_token token, back;
    randombytes_buf(&token, sizeof token);
    char text[REFRESH_TOKEN_CHARS + 1];
    refresh_token_make(&token, text);
    assert_int_equal(strlen(text), REFRESH_TOKEN_CHARS);
    assert_int_equal(refresh_token_parse(text, REFRESH_TOKEN_CHARS, &back), 0);
    assert_memory_equal(&back, &token, sizeof token);
}

static void other_texts_are_no_refresh_tokens(void **state)
{
    (void)state;
    struct refresh_token token = {0}, back;
    char text[REFRESH_TOKEN_CHARS + 2];
    refresh_token_make(&token, text);
    for (size_t len = 0; len < REFRESH_TOKEN_CHARS; len++) {
        assert_int_equal(refresh_token_parse(text, len, &back), ERR_TOKEN_INVALID);
    }
    text[REFRESH_TOKEN_CHARS] = 'A';
    assert_int_equal(refresh_token_parse(text, REFRESH_TOKEN_CHARS + 1, &back), ERR_TOKEN_INVALID);
    for (size_t i = 0; i < REFRESH_TOKEN_CHARS; i++) {
        static const char bad[] = {'+', '/', '=', '.', ' ', '\0', (char)0x80};
        for (size_t j = 0; j < sizeof bad; j++) {
            text[i] = bad[j];
            assert_int_equal(refresh_token_parse(text, REFRESH_TOKEN_CHARS, &back),
                             ERR_TOKEN_INVALID);
        }
        text[i] = 'A';
    }
    text[REFRESH_TOKEN_CHARS - 1] = 'B'; /* bits beyond the last byte */
    assert_int_equal(refresh_token_parse(text, REFRESH_TOKEN_CHARS, &back), ERR_TOKEN_INVALID);
}

static void only_its_secret_matches_a_hash(void **state)
{
    (void)state;
    uint8_t secret[REFRESH_SECRET_BYTES] = {7}, hash[REFRESH_HASH_BYTES];
    refresh_token_hash(secret, hash);
    assert_true(refresh_token_matches(secret, hash));
    for (size_t i = 0; i < sizeof secret; i++) {
        secret[i] ^= 1;
        assert_false(refresh_token_matches(secret, hash));
        secret[i] ^= 1;
    }
}

int main(void)
{
    static const uint8_t seed[TOKEN_SEED_BYTES] = {1, 2, 3};
    if (sodium_init() < 0) {
        return 1;
    }
    token_key_init(&key, seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signed_token_is_accepted),
        cmocka_unit_test(every_changed_byte_is_noticed),
        cmocka_unit_test(every_truncation_and_addition_is_noticed),
        cmocka_unit_test(other_headers_are_refused),
        cmocka_unit_test(a_mac_made_with_the_public_key_is_refused),
        cmocka_unit_test(another_key_is_refused),
        cmocka_unit_test(other_claims_are_refused),
        cmocka_unit_test(times_are_kept),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(refresh_tokens_round_trip),
        cmocka_unit_test(other_texts_are_no_refresh_tokens),
        cmocka_unit_test(only_its_secret_matches_a_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
