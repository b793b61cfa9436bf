/*
 * Forms that are fixed for ever: data on disk, tokens in the field and other clients depend on
 * them. A failure here is never repaired by changing the expectation.
 */
#include "tests/unit/wire/test.h"

#include <sodium.h>

#include "base/ids.h"
#include "wire/codec.h"
#include "wire/frame.h"
#include "wire/token.h"

static void partitions_of_addresses(void **state)
{
    (void)state;
    static const struct {
        struct address address;
        uint8_t partition;
    } cases[] = {
        {{1, {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}}, 95},
        {{3, {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}}, 170},
        {{7, {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}}}, 149},
        {{255, {{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}}},
         129},
        {{4, {{255, 254, 253, 252, 251, 250, 249, 248, 247, 246, 245, 244, 243, 242, 241, 240}}},
         251},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(address_partition(cases[i].address), cases[i].partition);
    }
}

static void ids_from_text(void **state)
{
    (void)state;
    static const struct {
        const char *text, *id;
    } cases[] = {
        {"", "yuZpQdnvvUBOTYh1jqZ2cA"},
        {"alice@example.com", "qZHiNlGQe6mhN0Jj4vRyHQ"},
        {"사랑해", "5sHwgK9wj6H_BGhDeP9XAA"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[ID_TEXT_CHARS + 1];
        id_to_text(id_from_hash(cases[i].text, strlen(cases[i].text)), text);
        assert_string_equal(text, cases[i].id);
    }
}

static void ids_as_text(void **state)
{
    (void)state;
    static const struct {
        struct id id;
        const char *text;
    } cases[] = {
        {{{0}}, "AAAAAAAAAAAAAAAAAAAAAA"},
        {{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}, "AAECAwQFBgcICQoLDA0ODw"},
        {{{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}},
         "_____________________w"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[ID_TEXT_CHARS + 1];
        struct id back;
        id_to_text(cases[i].id, text);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(id_from_text(text, ID_TEXT_CHARS, &back), 0);
        assert_true(id_equal(back, cases[i].id));
    }
}

/* The key of RFC 8037, appendix A. */
static const char key_seed[] = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

static const char token_text[] =
    "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCIsImtpZCI6ImVFbXNNRWxvQy1FIn0.eyJpc3MiOiJk"
    "dWV0IiwiYXVkIjoiZHVldCIsInN1YiI6IkFBRUNBd1FGQmdjSUNRb0xEQTBPRHciLCJzaWQiOiJFQkVT"
    "RXhRVkZoY1lHUm9iSEIwZUh3IiwiZGV2IjoiSUNFaUl5UWxKaWNvS1NvckxDMHVMdyIsImlhdCI6MTc1"
    "MDAwMDAwMCwibmJmIjoxNzUwMDAwMDAwLCJleHAiOjE3NTAwMDA5MDAsImp0aSI6Ik1ERXlNelExTmpj"
    "NE9UbzdQRDAtUHcifQ.3gFWAWmOTkFAg1Dgi1WMYjqNI-QPe6erdk5xmWyx2NPT3G9hcjpiFG5YECz0L"
    "oiaUsUhOM9BsbrdkOp__huyDQ";

static void tokens(void **state)
{
    (void)state;
    uint8_t seed[TOKEN_SEED_BYTES];
    size_t len = 0;
    assert_int_equal(sodium_base642bin(seed, sizeof seed, key_seed, strlen(key_seed), NULL, &len,
                                       NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                     0);
    struct token_key key;
    token_key_init(&key, seed);
    assert_string_equal(key.kid, "eEmsMEloC-E");
    struct token_claims claims;
    assert_int_equal(token_verify(&key, token_text, strlen(token_text), 1750000000000, &claims), 0);
    for (size_t i = 0; i < ID_BYTES; i++) {
        assert_int_equal(claims.user.bytes[i], i);
        assert_int_equal(claims.sid.bytes[i], 0x10 + i);
        assert_int_equal(claims.device.bytes[i], 0x20 + i);
        assert_int_equal(claims.jti.bytes[i], 0x30 + i);
    }
    assert_true(claims.exp_ms == 1750000900000);
    char again[TOKEN_TEXT_MAX];
    token_sign(&key, &claims, again);
    assert_string_equal(again, token_text);
    struct buffer jwks = {0};
    token_jwks(&key, &jwks);
    assert_bytes(buffer_bytes(&jwks),
                 text_of("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"use\":\"sig\","
                         "\"alg\":\"EdDSA\",\"kid\":\"eEmsMEloC-E\","
                         "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}"));
    buffer_fini(&jwks);
}

static void refresh_tokens(void **state)
{
    (void)state;
    struct refresh_token token = {.user = {{1}}, .sid = {{2}}, .secret = {3}};
    char text[REFRESH_TOKEN_CHARS + 1];
    refresh_token_make(&token, text);
    assert_string_equal(
        text,
        "AQAAAAAAAAAAAAAAAAAAAAIAAAAAAAAAAAAAAAAAAAADAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    uint8_t hash[REFRESH_HASH_BYTES];
    static const uint8_t expected[REFRESH_HASH_BYTES] = {
        0,  218, 41, 183, 160, 157, 163, 105, 55,  130, 176, 11,  181, 136, 170, 107,
        29, 250, 54, 40,  194, 104, 200, 107, 136, 94,  24,  172, 6,   178, 16,  108};
    refresh_token_hash(token.secret, hash);
    assert_memory_equal(hash, expected, sizeof hash);
}

static void a_request_and_its_answers(void **state)
{
    (void)state;
    struct buffer out = {0};
    frame_append_request(&out, 1, "ping", &empty_type, NULL, BYTES("k"));
    assert_bytes(buffer_bytes(&out), BYTES("\x95\x00\x01\xa4ping\x80\x81\xa3key\xa1k"));
    buffer_clear(&out);
    frame_append_result(&out, 1, BYTES("\x80"));
    assert_bytes(buffer_bytes(&out), BYTES("\x94\x01\x01\xc0\x80"));
    buffer_clear(&out);
    frame_append_push(&out, "typing", BYTES("\x80"));
    assert_bytes(buffer_bytes(&out), BYTES("\x93\x02\xa6typing\x80"));
    buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partitions_of_addresses),
        cmocka_unit_test(ids_from_text),
        cmocka_unit_test(ids_as_text),
        cmocka_unit_test(tokens),
        cmocka_unit_test(refresh_tokens),
        cmocka_unit_test(a_request_and_its_answers),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
