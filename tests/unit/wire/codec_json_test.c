#include "tests/unit/wire/test.h"

#include <jansson.h>
#include <sodium.h>

#include "tests/unit/wire/random.h"
#include "wire/codec.h"
#include "wire/json_text.h"

#define MINIMUM "\"yes\":true,\"small\":-3,\"text\":\"hi\",\"id\":\"AAECAwQFBgcICQoLDA0ODw\""

struct fixture {
    struct arena arena;
    struct all_kinds out;
    struct field_fault fault;
};

static int set_up(void **state)
{
    *state = memory_alloc(sizeof(struct fixture));
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_fini(&fixture->arena);
    free(fixture);
    return 0;
}

static int decode(struct fixture *fixture, const char *text)
{
    json_t *json = NULL;
    memset(&fixture->fault, 0, sizeof fixture->fault);
    struct bytes copy = tight_copy(text_of(text));
    int status = json_parse_bounded(copy, &json);
    tight_free(copy);
    if (status == 0) {
        status = record_decode_json(&all_kinds_type, json, &fixture->arena, &fixture->out,
                                    &fixture->fault);
    }
    json_decref(json);
    return status;
}

static void required_fields_suffice(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(decode(fixture, "{" MINIMUM ",\"later\":[1,{}],\"big\":null}"), 0);
    assert_int_equal(fixture->out.small, -3);
    assert_bytes(fixture->out.text, text_of("hi"));
    assert_int_equal(fixture->out.id.bytes[15], 15);
    assert_false(fixture->out.has_big);
}

static void malformed_json_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static const char *const texts[] = {
        "",
        "{",
        "{}x",
        "{} {}",
        "{\"big\":1,\"big\":2}",
        "{\"later\":{\"a\":1,\"a\":1}}",
        "{\"text\":\"a\\u0000b\"}",
        "{\"text\":\"\xff\"}",
        "{\"text\":\"\\ud800\"}",
        "{\"text\":\"\xed\xa0\x80\"}",
        "{\"ratio\":NaN}",
        "{\"ratio\":1e999}",
        "{\"big\":9223372036854775808}",
        "{'a':1}",
        "[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_int_equal(decode(fixture, texts[i]), ERR_MALFORMED);
    }
}

static void depth_is_bounded_and_brackets_in_strings_do_not_count(void **state)
{
    (void)state;
    json_t *json = NULL;
    assert_int_equal(json_parse_bounded(text_of("[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]"), &json), 0);
    json_decref(json);
    assert_int_equal(json_parse_bounded(text_of("[\"[[[[[[[[[[[[\\\"[[[[[[[[[[[[\"]"), &json), 0);
    json_decref(json);
    char *deep = malloc(100000);
    assert_non_null(deep);
    memset(deep, '[', 100000);
    assert_int_equal(json_parse_bounded(bytes_of(deep, 100000), &json), ERR_MALFORMED);
    free(deep);
}

static void faults_name_field_and_reason(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *text, *field, *reason;
    } cases[] = {
        {"[]", "", "must be an object"},
        {"{}", "yes", "is required"},
        {"{\"yes\":null}", "yes", "is required"},
        {"{\"yes\":1}", "yes", "must be a boolean"},
        {"{\"yes\":true,\"small\":1.0}", "small", "must be an integer"},
        {"{\"yes\":true,\"small\":\"1\"}", "small", "must be an integer"},
        {"{\"yes\":true,\"small\":11}", "small", "is too large"},
        {"{\"yes\":true,\"small\":-11}", "small", "is too small"},
        {"{\"big\":9007199254740992}", "big", "is too large"},
        {"{\"big\":-9007199254740992}", "big", "is too small"},
        {"{\"ratio\":\"1\"}", "ratio", "must be a number"},
        {"{\"text\":\"\"}", "text", "is empty"},
        {"{\"text\":5}", "text", "must be a text"},
        {"{\"text\":\"123456789012345678901\"}", "text", "is too long"},
        {"{\"blob\":\"AA\"}", "blob", "is too short"},
        {"{\"blob\":\"AAEC=\"}", "blob", "must be base64url without padding"},
        {"{\"blob\":\"A+/C\"}", "blob", "must be base64url without padding"},
        {"{\"blob\":\"A\"}", "blob", "must be base64url without padding"},
        {"{\"blob\":[0]}", "blob", "must be bytes"},
        {"{\"id\":\"AAECAwQFBgcICQoLDA0OD\"}", "id", "must be an id of 22 characters"},
        {"{\"id\":\"AAECAwQFBgcICQoLDA0OD*\"}", "id", "must be an id of 22 characters"},
        {"{\"id\":\"AAECAwQFBgcICQoLDA0ODx\"}", "id", "must be an id of 22 characters"},
        {"{\"id\":\"AAECAwQFBgcICQoLDA0Oé\"}", "id", "must be an id of 22 characters"},
        {"{\"blob\":\"AAé\"}", "blob", "must be base64url without padding"},
        {"{\"id\":7}", "id", "must be an id"},
        {"{\"sent_at\":\"now\"}", "sent_at", "must be an instant"},
        {"{\"day\":\"2023-02-29\"}", "day", "must be a day, YYYY-MM-DD"},
        {"{\"day\":20230228}", "day", "must be a day"},
        {"{\"mood\":\"glum\"}", "mood", "is not one of the known values"},
        {"{\"mood\":0}", "mood", "must be a text"},
        {"{\"branch\":[]}", "branch", "must be an object"},
        {"{\"branch\":{}}", "branch.leaf", "is required"},
        {"{\"list\":{}}", "list", "must be a list"},
        {"{\"list\":[]}", "list", "has too few items"},
        {"{\"list\":[1,2,3,4,5]}", "list", "has too many items"},
        {"{\"list\":[{\"leaf\":{\"after\":1}},null]}", "list.1", "must be an object"},
        {"{\"list\":[{\"leaf\":{\"after\":1,\"note\":\"123456789\"}}]}", "list.0.leaf.note",
         "is too long"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(decode(fixture, cases[i].text), ERR_INVALID_ARGUMENT);
        assert_string_equal(fixture->fault.field, cases[i].field);
        assert_string_equal(fixture->fault.reason, cases[i].reason);
    }
}

static void text_is_normalised(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(decode(fixture, "{\"yes\":true,\"small\":1,\"text\":\"e\\u0301\","
                                     "\"id\":\"AAECAwQFBgcICQoLDA0ODw\"}"),
                     0);
    assert_bytes(fixture->out.text, text_of("é"));
}

static void records_round_trip_and_agree_with_messagepack(void **state)
{
    struct fixture *fixture = *state;
    uint64_t random = 3;
    for (int round = 0; round < 500; round++) {
        struct all_kinds value = {0};
        random_record(&random, &fixture->arena, &value);
        json_t *json = record_encode_json(&all_kinds_type, &value);
        assert_non_null(json);
        assert_int_equal(record_decode_json(&all_kinds_type, json, &fixture->arena, &fixture->out,
                                            &fixture->fault),
                         0);
        struct buffer a = {0}, b = {0}, text = {0};
        record_encode(&all_kinds_type, RECORD_AS_MAP, &value, &a);
        record_encode(&all_kinds_type, RECORD_AS_MAP, &fixture->out, &b);
        assert_bytes(buffer_bytes(&b), buffer_bytes(&a));
        /* The transcription of the MessagePack is the same document. */
        assert_int_equal(json_text_transcribe(&text, buffer_bytes(&a)), 0);
        json_t *transcribed = NULL;
        assert_int_equal(json_parse_bounded(buffer_bytes(&text), &transcribed), 0);
        assert_int_equal(record_decode_json(&all_kinds_type, transcribed, &fixture->arena,
                                            &fixture->out, &fixture->fault),
                         0);
        buffer_clear(&b);
        record_encode(&all_kinds_type, RECORD_AS_MAP, &fixture->out, &b);
        assert_bytes(buffer_bytes(&b), buffer_bytes(&a));
        buffer_fini(&a);
        buffer_fini(&b);
        buffer_fini(&text);
        json_decref(transcribed);
        json_decref(json);
        arena_reset(&fixture->arena);
    }
}

static void transcription_refuses_what_json_cannot_say(void **state)
{
    (void)state;
    static const struct bytes refused[] = {
        {(const uint8_t *)"", 0},
        {(const uint8_t *)"\xd4\x01?", 3},
        {(const uint8_t *)"\x81\x01\x02", 3},
        {(const uint8_t *)"\x01\x02", 2},
        {(const uint8_t *)"\xa1\xff", 2},
        {(const uint8_t *)"\xca\x7f\x80\x00\x00", 5},
        {(const uint8_t *)"\x92\x01", 2},
        {(const uint8_t *)"\xdd\xff\xff\xff\xff", 5},
    };
    struct buffer out = {0};
    json_text_raw(&out, "kept");
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        assert_int_equal(json_text_transcribe(&out, refused[i]), ERR_MALFORMED);
        assert_bytes(buffer_bytes(&out), BYTES("kept"));
    }
    buffer_clear(&out);
    assert_int_equal(
        json_text_transcribe(&out, BYTES("\x97\xc0\xc3\xc2\xff\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a"
                                         "\xa7\"\\\n\x01/\xc3\xa9\xc4\x03\x00\x01\x02")),
        0);
    assert_bytes(buffer_bytes(&out),
                 text_of("[null,true,false,-1,0.1,\"\\\"\\\\\\n\\u0001/é\",\"AAEC\"]"));
    buffer_fini(&out);
}

static void null_clears_where_it_may(void **state)
{
    struct fixture *fixture = *state;
    struct patched out;
    json_t *json = NULL;
    assert_int_equal(
        json_parse_bounded(text_of("{\"text\":null,\"day\":null,\"other\":null}"), &json), 0);
    assert_int_equal(
        record_decode_json(&patched_type, json, &fixture->arena, &out, &fixture->fault), 0);
    assert_true(out.has_text && out.has_day);
    assert_false(out.has_other || out.has_blob || out.has_count);
    json_t *again = record_encode_json(&patched_type, &out);
    assert_int_equal(json_object_size(again), 2);
    assert_true(json_is_null(json_object_get(again, "text")));
    assert_true(json_is_null(json_object_get(again, "day")));
    json_decref(again);
    json_decref(json);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(required_fields_suffice),
        TEST(malformed_json_is_refused),
        TEST(depth_is_bounded_and_brackets_in_strings_do_not_count),
        TEST(faults_name_field_and_reason),
        TEST(text_is_normalised),
        TEST(records_round_trip_and_agree_with_messagepack),
        TEST(transcription_refuses_what_json_cannot_say),
        TEST(null_clears_where_it_may),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
