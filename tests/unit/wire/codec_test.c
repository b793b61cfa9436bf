#include "tests/unit/wire/test.h"

#include <math.h>

#include "tests/unit/wire/random.h"
#include "wire/codec.h"

struct fixture {
    struct arena arena;
    struct buffer in;
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
    buffer_fini(&fixture->in);
    free(fixture);
    return 0;
}

static int decode(struct fixture *fixture, enum record_shape shape, struct bytes in)
{
    struct bytes copy = tight_copy(in);
    memset(&fixture->fault, 0, sizeof fixture->fault);
    int status = record_decode(&all_kinds_type, shape, copy, &fixture->arena, &fixture->out,
                               &fixture->fault);
    tight_free(copy);
    return status;
}

static struct bytes put(struct fixture *fixture, const char *key)
{
    pack_text(&fixture->in, text_of(key));
    return buffer_bytes(&fixture->in);
}

static void give_raw(struct fixture *fixture, struct bytes value)
{
    buffer_append(&fixture->in, value.data, value.len);
}

/** Starts a map with the required fields and announces `more` others. */
static void begin(struct fixture *fixture, uint32_t more)
{
    static const uint8_t id[ID_BYTES] = {9};
    buffer_clear(&fixture->in);
    pack_map(&fixture->in, 4 + more);
    put(fixture, "yes");
    pack_bool(&fixture->in, true);
    put(fixture, "small");
    pack_int(&fixture->in, -3);
    put(fixture, "text");
    pack_text(&fixture->in, text_of("hi"));
    put(fixture, "id");
    pack_bin(&fixture->in, bytes_of(id, sizeof id));
}

static void assert_refused(struct fixture *fixture, const char *field, const char *reason)
{
    int status = decode(fixture, RECORD_AS_MAP, buffer_bytes(&fixture->in));
    assert_int_equal(status, ERR_INVALID_ARGUMENT);
    assert_string_equal(fixture->fault.field, field);
    assert_string_equal(fixture->fault.reason, reason);
}

static void assert_malformed(struct fixture *fixture)
{
    int status = decode(fixture, RECORD_AS_MAP, buffer_bytes(&fixture->in));
    assert_int_equal(status, ERR_MALFORMED);
    assert_string_equal(fixture->fault.field, "");
}

static void required_fields_suffice(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture, 0);
    assert_int_equal(decode(fixture, RECORD_AS_MAP, buffer_bytes(&fixture->in)), 0);
    assert_true(fixture->out.yes && fixture->out.has_yes);
    assert_int_equal(fixture->out.small, -3);
    assert_int_equal(fixture->out.id.bytes[0], 9);
    assert_false(fixture->out.has_big || fixture->out.has_text == false);
}

static void missing_or_nil_required_fields_are_named(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"yes", "small", "text", "id"};
    for (size_t missing = 0; missing < COUNT_OF(names); missing++) {
        begin(fixture, 0);
        struct cursor cursor = cursor_of(buffer_bytes(&fixture->in));
        (void)cursor_map(&cursor);
        struct buffer less = {0};
        pack_map(&less, 3);
        struct buffer nil = {0};
        pack_map(&nil, 4);
        for (size_t i = 0; i < COUNT_OF(names); i++) {
            struct bytes key = cursor_skip(&cursor);
            struct bytes value = cursor_skip(&cursor);
            buffer_append(&nil, key.data, key.len);
            if (i == missing) {
                pack_nil(&nil);
                continue;
            }
            buffer_append(&nil, value.data, value.len);
            buffer_append(&less, key.data, key.len);
            buffer_append(&less, value.data, value.len);
        }
        buffer_clear(&fixture->in);
        buffer_append(&fixture->in, less.data, less.len);
        assert_refused(fixture, names[missing], "is required");
        buffer_clear(&fixture->in);
        buffer_append(&fixture->in, nil.data, nil.len);
        assert_refused(fixture, names[missing], "is required");
        buffer_fini(&less);
        buffer_fini(&nil);
    }
}

/** One MessagePack value of every type. */
static const struct bytes typed_values[] = {
    [CURSOR_NIL] = {(const uint8_t *)"\xc0", 1},
    [CURSOR_BOOL] = {(const uint8_t *)"\xc3", 1},
    [CURSOR_INT] = {(const uint8_t *)"\x01", 1},
    [CURSOR_FLOAT] = {(const uint8_t *)"\xca\x3f\x00\x00\x00", 5},
    [CURSOR_TEXT] = {(const uint8_t *)"\xa1?", 2},
    [CURSOR_BIN] = {(const uint8_t *)"\xc4\x01?", 3},
    [CURSOR_ARRAY] = {(const uint8_t *)"\x90", 1},
    [CURSOR_MAP] = {(const uint8_t *)"\x80", 1},
    [CURSOR_EXT] = {(const uint8_t *)"\xd4\x01?", 3},
};

static bool accepts(enum field_kind kind, enum cursor_type type)
{
    static const uint32_t accepted[FIELD_KIND_COUNT] = {[FIELD_BOOL] = 1u << CURSOR_BOOL,
                                                        [FIELD_INT] = 1u << CURSOR_INT,
                                                        [FIELD_FLOAT] =
                                                            1u << CURSOR_FLOAT | 1u << CURSOR_INT,
                                                        [FIELD_TEXT] = 1u << CURSOR_TEXT,
                                                        [FIELD_BYTES] = 1u << CURSOR_BIN,
                                                        [FIELD_ID] = 1u << CURSOR_BIN,
                                                        [FIELD_INSTANT] = 1u << CURSOR_INT,
                                                        [FIELD_DAY] = 1u << CURSOR_TEXT,
                                                        [FIELD_ENUM] = 1u << CURSOR_TEXT,
                                                        [FIELD_RECORD] = 1u << CURSOR_MAP,
                                                        [FIELD_LIST] = 1u << CURSOR_ARRAY};
    return type == CURSOR_NIL || (accepted[kind] >> type & 1u) != 0;
}

static void wrong_types_are_named_for_every_kind(void **state)
{
    struct fixture *fixture = *state;
    for (uint32_t i = 0; i < all_kinds_type.count; i++) {
        const struct field *field = &all_kinds_type.fields[i];
        for (enum cursor_type type = 0; type < CURSOR_BAD; type++) {
            if (accepts(field->kind, type)) {
                continue;
            }
            buffer_clear(&fixture->in);
            pack_map(&fixture->in, 1);
            put(fixture, field->name);
            buffer_append(&fixture->in, typed_values[type].data, typed_values[type].len);
            assert_int_equal(decode(fixture, RECORD_AS_MAP, buffer_bytes(&fixture->in)),
                             ERR_INVALID_ARGUMENT);
            assert_string_equal(fixture->fault.field, field->name);
            assert_memory_equal(fixture->fault.reason, "must be ", 8);
        }
    }
}

static void integers_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *field;
        int64_t value;
        const char *reason; /* NULL: fine */
    } cases[] = {
        {"small", 10, NULL},
        {"small", -10, NULL},
        {"small", 11, "is too large"},
        {"small", -11, "is too small"},
        {"big", INT_BOUND, NULL},
        {"big", -INT_BOUND, NULL},
        {"big", INT_BOUND + 1, "is too large"},
        {"big", -INT_BOUND - 1, "is too small"},
        {"big", INT64_MAX, "is too large"},
        {"big", INT64_MIN, "is too small"},
        {"sent_at", INT_BOUND, NULL},
        {"sent_at", INT_BOUND + 1, "is too large"},
        {"sent_at", -INT_BOUND - 1, "is too small"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buffer_clear(&fixture->in);
        pack_map(&fixture->in, 1);
        put(fixture, cases[i].field);
        pack_int(&fixture->in, cases[i].value);
        bool fine = cases[i].reason == NULL;
        assert_refused(fixture, fine ? "yes" : cases[i].field,
                       fine ? "is required" : cases[i].reason);
    }
}

static void lengths_are_bounded_in_code_points(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *text;
        const char *reason;
    } cases[] = {
        {"", "is empty"},
        {"가나다라마바사아자차카타파하가나다라마바", NULL},
        {"가나다라마바사아자차카타파하가나다라마바사", "is too long"},
        {"e\xcc\x81"
         "e\xcc\x81"
         "e\xcc\x81"
         "e\xcc\x81"
         "e\xcc\x81"
         "e\xcc\x81"
         "e\xcc\x81"
         "e\xcc\x81"
         "e\xcc\x81"
         "e\xcc\x81"
         "e\xcc\x81",
         NULL}, /* 22 code points as sent, 11 in NFC */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buffer_clear(&fixture->in);
        pack_map(&fixture->in, 1);
        put(fixture, "text");
        pack_text(&fixture->in, text_of(cases[i].text));
        bool fine = cases[i].reason == NULL;
        assert_refused(fixture, fine ? "yes" : "text", fine ? "is required" : cases[i].reason);
    }
}

static void bytes_ids_days_and_enums_are_checked(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *field;
        struct bytes value; /* MessagePack */
        const char *reason;
    } cases[] = {
        {"blob", {(const uint8_t *)"\xc4\x01?", 3}, "is too short"},
        {"id", {(const uint8_t *)"\xc4\x01?", 3}, "must be 16 bytes"},
        {"id", {(const uint8_t *)"\xc4\x00", 2}, "must be 16 bytes"},
        {"day",
         {(const uint8_t *)"\xaa"
                           "2023-02-29",
          11},
         "must be a day, YYYY-MM-DD"},
        {"mood",
         {(const uint8_t *)"\xa4"
                           "glum",
          5},
         "is not one of the known values"},
        {"mood", {(const uint8_t *)"\xa0", 1}, "is not one of the known values"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buffer_clear(&fixture->in);
        pack_map(&fixture->in, 1);
        put(fixture, cases[i].field);
        buffer_append(&fixture->in, cases[i].value.data, cases[i].value.len);
        assert_refused(fixture, cases[i].field, cases[i].reason);
    }
}

static void faults_inside_are_named_by_path(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture, 1);
    put(fixture, "list");
    pack_array(&fixture->in, 2);
    for (int i = 0; i < 2; i++) { /* the second one has a note that is too long */
        pack_map(&fixture->in, 2);
        put(fixture, "leaf");
        pack_map(&fixture->in, 1);
        put(fixture, "after");
        pack_int(&fixture->in, 1);
        put(fixture, "leaves");
        pack_array(&fixture->in, 1);
        pack_map(&fixture->in, 2);
        put(fixture, "after");
        pack_int(&fixture->in, 1);
        put(fixture, "note");
        pack_text(&fixture->in, text_of(i == 0 ? "12345678" : "123456789"));
    }
    assert_refused(fixture, "list.1.leaves.0.note", "is too long");
    begin(fixture, 1);
    put(fixture, "branch");
    pack_map(&fixture->in, 0);
    assert_refused(fixture, "branch.leaf", "is required");
    begin(fixture, 1);
    put(fixture, "list");
    pack_array(&fixture->in, 1);
    pack_nil(&fixture->in);
    assert_refused(fixture, "list.0", "must be an object");
}

static void lists_are_bounded_before_they_are_read(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture, 1);
    put(fixture, "list");
    pack_array(&fixture->in, 0);
    assert_refused(fixture, "list", "has too few items");
    begin(fixture, 1);
    put(fixture, "list");
    pack_array(&fixture->in, 5);
    memset(buffer_extend(&fixture->in, 5), 0x80, 5);
    assert_refused(fixture, "list", "has too many items");
    begin(fixture, 1);
    put(fixture, "list");
    give_raw(fixture, BYTES("\xdd\xff\xff\xff\xff"));
    assert_malformed(fixture);
}

static void unknown_fields_are_skipped_and_checked(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture, 2);
    put(fixture, "later");
    give_raw(fixture, BYTES("\x82\xa1x\x92\x01\x02\xa1y\xd4\x01?"));
    put(fixture, "");
    pack_nil(&fixture->in);
    assert_int_equal(decode(fixture, RECORD_AS_MAP, buffer_bytes(&fixture->in)), 0);
    begin(fixture, 1);
    put(fixture, "later");
    give_raw(fixture, BYTES("\xa1\xff"));
    assert_malformed(fixture);
    begin(fixture, 1);
    give_raw(fixture, BYTES("\xa1\xff\xc0"));
    assert_malformed(fixture);
    begin(fixture, 1);
    give_raw(fixture, BYTES("\x05\xc0")); /* a key that is no text */
    assert_malformed(fixture);
}

static void depth_counts_from_the_outside(void **state)
{
    struct fixture *fixture = *state;
    for (uint32_t depth = RECORD_DEPTH_MAX - 1; depth <= RECORD_DEPTH_MAX; depth++) {
        begin(fixture, 1);
        put(fixture, "later");
        memset(buffer_extend(&fixture->in, depth), 0x91, depth);
        pack_nil(&fixture->in);
        int status = decode(fixture, RECORD_AS_MAP, buffer_bytes(&fixture->in));
        assert_int_equal(status, depth < RECORD_DEPTH_MAX ? 0 : ERR_MALFORMED);
    }
    begin(fixture, 1);
    put(fixture, "later");
    memset(buffer_extend(&fixture->in, 100000), 0x91, 100000);
    assert_malformed(fixture);
}

static void keys_given_twice_are_refused(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture, 1);
    put(fixture, "small");
    pack_int(&fixture->in, 2);
    assert_malformed(fixture);
    begin(fixture, 2);
    put(fixture, "big");
    pack_nil(&fixture->in);
    put(fixture, "big");
    pack_int(&fixture->in, 2);
    assert_malformed(fixture);
}

static void trailing_bytes_are_refused(void **state)
{
    struct fixture *fixture = *state;
    begin(fixture, 0);
    pack_nil(&fixture->in);
    assert_malformed(fixture);
}

static void what_is_no_object_is_refused(void **state)
{
    struct fixture *fixture = *state;
    for (enum cursor_type type = 0; type < CURSOR_BAD; type++) {
        if (type != CURSOR_MAP) {
            int status = decode(fixture, RECORD_AS_MAP, typed_values[type]);
            assert_int_equal(status, ERR_INVALID_ARGUMENT);
            assert_string_equal(fixture->fault.field, "");
            assert_string_equal(fixture->fault.reason, "must be an object");
        }
    }
    assert_int_equal(decode(fixture, RECORD_AS_MAP, (struct bytes){0}), ERR_MALFORMED);
}

static void text_is_normalised_and_checked(void **state)
{
    struct fixture *fixture = *state;
    struct all_kinds out;
    buffer_clear(&fixture->in);
    pack_map(&fixture->in, 4);
    put(fixture, "id");
    pack_bin(&fixture->in, BYTES("0123456789abcdef"));
    put(fixture, "text");
    pack_text(&fixture->in, text_of("e\xcc\x81"));
    put(fixture, "small"); /* not in the order of the declaration */
    pack_int(&fixture->in, 1);
    put(fixture, "yes");
    pack_bool(&fixture->in, false);
    assert_int_equal(record_decode(&all_kinds_type, RECORD_AS_MAP, buffer_bytes(&fixture->in),
                                   &fixture->arena, &out, NULL),
                     0);
    assert_bytes(out.text, text_of("é"));
    static const struct bytes bad[] = {{(const uint8_t *)"\xa2\xc3(", 3},
                                       {(const uint8_t *)"\xa3\xed\xa0\x80", 4},
                                       {(const uint8_t *)"\xa2\xc0\x80", 3},
                                       {(const uint8_t *)"\xa3"
                                                         "a\0b",
                                        4}};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        static const char *const fields[] = {"text", "day", "mood"};
        for (size_t j = 0; j < COUNT_OF(fields); j++) {
            buffer_clear(&fixture->in);
            pack_map(&fixture->in, 1);
            put(fixture, fields[j]);
            buffer_append(&fixture->in, bad[i].data, bad[i].len);
            assert_malformed(fixture);
        }
    }
}

static void not_a_number_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static const double values[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        begin(fixture, 1);
        put(fixture, "ratio");
        pack_float(&fixture->in, values[i]);
        assert_malformed(fixture);
    }
}

static void records_round_trip(void **state)
{
    struct fixture *fixture = *state;
    const char *given = getenv("DUET_TEST_SEED");
    uint64_t random = given != NULL ? strtoull(given, NULL, 0) : 1;
    for (int round = 0; round < 3000; round++) {
        struct all_kinds value = {0};
        random_record(&random, &fixture->arena, &value);
        for (enum record_shape shape = RECORD_AS_MAP; shape <= RECORD_AS_ARRAY; shape++) {
            struct buffer again = {0};
            struct all_kinds out;
            buffer_clear(&fixture->in);
            record_encode(&all_kinds_type, shape, &value, &fixture->in);
            assert_int_equal(record_decode(&all_kinds_type, shape, buffer_bytes(&fixture->in),
                                           &fixture->arena, &out, &fixture->fault),
                             0);
            assert_int_equal(out.big, value.big);
            assert_true(out.ratio == value.ratio);
            assert_bytes(out.text, value.text);
            assert_int_equal(out.has_list, value.has_list);
            assert_int_equal(out.list.count, value.list.count);
            record_encode(&all_kinds_type, shape, &out, &again);
            assert_bytes(buffer_bytes(&again), buffer_bytes(&fixture->in));
            buffer_fini(&again);
        }
        arena_reset(&fixture->arena);
    }
}

static void a_copy_is_what_decoding_gives(void **state)
{
    struct fixture *fixture = *state;
    uint64_t random = 7;
    for (int round = 0; round < 3000; round++) {
        struct all_kinds value = {0}, out;
        struct buffer again = {0};
        struct arena scratch = {0}, mine = {0};
        random_record(&random, &scratch, &value);
        buffer_clear(&fixture->in);
        record_encode(&all_kinds_type, RECORD_AS_ARRAY, &value, &fixture->in);
        memset(&out, 0xa5, sizeof out);
        record_copy(&all_kinds_type, &value, &mine, &out);
        arena_fini(&scratch); /* nothing of the copy is there: the sanitizers would tell */
        struct all_kinds decoded;
        assert_int_equal(record_decode(&all_kinds_type, RECORD_AS_ARRAY, buffer_bytes(&fixture->in),
                                       &fixture->arena, &decoded, &fixture->fault),
                         0);
        for (uint32_t i = 0; i < all_kinds_type.count; i++) {
            size_t has = all_kinds_type.fields[i].has_offset;
            assert_int_equal(((bool *)&out)[has], ((bool *)&decoded)[has]);
        }
        record_encode(&all_kinds_type, RECORD_AS_ARRAY, &out, &again);
        assert_bytes(buffer_bytes(&again), buffer_bytes(&fixture->in));
        buffer_fini(&again);
        arena_fini(&mine);
        arena_reset(&fixture->arena);
    }
}

static void every_truncation_is_refused(void **state)
{
    struct fixture *fixture = *state;
    uint64_t random = 7;
    for (int round = 0; round < 20; round++) {
        struct all_kinds value = {0};
        random_record(&random, &fixture->arena, &value);
        for (enum record_shape shape = RECORD_AS_MAP; shape <= RECORD_AS_ARRAY; shape++) {
            buffer_clear(&fixture->in);
            record_encode(&all_kinds_type, shape, &value, &fixture->in);
            for (size_t len = 0; len < fixture->in.len; len++) {
                int status = decode(fixture, shape, bytes_of(fixture->in.data, len));
                assert_int_equal(status, ERR_MALFORMED);
            }
        }
    }
}

static void flipped_bytes_never_read_beyond_the_input(void **state)
{
    struct fixture *fixture = *state;
    uint64_t random = 11;
    for (int round = 0; round < 300; round++) {
        struct all_kinds value = {0};
        random_record(&random, &fixture->arena, &value);
        buffer_clear(&fixture->in);
        record_encode(&all_kinds_type, RECORD_AS_MAP, &value, &fixture->in);
        for (int flips = 0; flips < 30; flips++) {
            fixture->in.data[random_below(&random, (uint32_t)fixture->in.len)] =
                (uint8_t)random_next(&random);
            int status = decode(fixture, RECORD_AS_MAP, buffer_bytes(&fixture->in));
            assert_true(status == 0 || status == ERR_MALFORMED || status == ERR_INVALID_ARGUMENT);
        }
        arena_reset(&fixture->arena);
    }
}

static void arrays_may_be_shorter_and_never_longer(void **state)
{
    struct fixture *fixture = *state;
    give_raw(fixture, BYTES("\x97\xc3\x01\xc0\xc0\xa2hi\xc0\xc4\x10"));
    give_raw(fixture, BYTES("0123456789abcdef"));
    assert_int_equal(decode(fixture, RECORD_AS_ARRAY, buffer_bytes(&fixture->in)), 0);
    assert_false(fixture->out.has_big || fixture->out.has_list);
    buffer_clear(&fixture->in);
    pack_array(&fixture->in, all_kinds_type.count + 1);
    memset(buffer_extend(&fixture->in, all_kinds_type.count + 1), 0xc0, all_kinds_type.count + 1);
    assert_int_equal(decode(fixture, RECORD_AS_ARRAY, buffer_bytes(&fixture->in)), ERR_MALFORMED);
}

static void the_empty_record_needs_no_struct(void **state)
{
    struct fixture *fixture = *state;
    record_encode(&empty_type, RECORD_AS_MAP, NULL, &fixture->in);
    assert_bytes(buffer_bytes(&fixture->in), BYTES("\x80"));
    assert_int_equal(record_decode(&empty_type, RECORD_AS_MAP, buffer_bytes(&fixture->in),
                                   &fixture->arena, NULL, &fixture->fault),
                     0);
    assert_int_equal(record_decode(&empty_type, RECORD_AS_MAP, BYTES("\x81\xa1x\x01"),
                                   &fixture->arena, NULL, &fixture->fault),
                     0);
}

/** Every NULLABLE field as null, and the one that is not; `absent`: none of them. */
static struct bytes patch_of(struct fixture *fixture, bool absent)
{
    static const char *const names[] = {"text", "blob", "id", "count", "sent_at", "day", "other"};
    buffer_clear(&fixture->in);
    pack_map(&fixture->in, absent ? 0 : COUNT_OF(names));
    for (size_t i = 0; !absent && i < COUNT_OF(names); i++) {
        put(fixture, names[i]);
        pack_nil(&fixture->in);
    }
    return buffer_bytes(&fixture->in);
}

static struct patched read_patch(struct fixture *fixture, enum record_shape shape, struct bytes in)
{
    struct patched out;
    assert_int_equal(
        record_decode(&patched_type, shape, in, &fixture->arena, &out, &fixture->fault), 0);
    return out;
}

static void null_of_a_nullable_field_is_told_from_absent(void **state)
{
    struct fixture *fixture = *state;
    struct patched out = read_patch(fixture, RECORD_AS_MAP, patch_of(fixture, false));
    assert_true(out.has_text && out.has_blob && out.has_id);
    assert_true(out.has_count && out.has_sent_at && out.has_day);
    assert_false(out.has_other); /* OPTIONAL: the same as absent */
    assert_int_equal(out.text.len, 0);
    assert_int_equal(out.day.month, 0);
    struct buffer again = {0};
    struct patched copy;
    record_copy(&patched_type, &out, &fixture->arena, &copy);
    record_encode(&patched_type, RECORD_AS_MAP, &copy, &again);
    out = read_patch(fixture, RECORD_AS_MAP, buffer_bytes(&again));
    assert_true(out.has_text && out.has_day && out.has_count && !out.has_other);
    buffer_clear(&again); /* an array knows absent alone */
    record_encode(&patched_type, RECORD_AS_ARRAY, &out, &again);
    out = read_patch(fixture, RECORD_AS_ARRAY, buffer_bytes(&again));
    assert_false(out.has_text || out.has_blob || out.has_id || out.has_count || out.has_day);
    out = read_patch(fixture, RECORD_AS_MAP, patch_of(fixture, true));
    assert_false(out.has_text || out.has_blob || out.has_id || out.has_count || out.has_day);
    buffer_fini(&again);
}

static void a_nullable_field_has_its_bounds(void **state)
{
    struct fixture *fixture = *state;
    struct patched out = {.text = text_of("hi"), .has_text = true, .count = 3, .has_count = true};
    buffer_clear(&fixture->in);
    record_encode(&patched_type, RECORD_AS_MAP, &out, &fixture->in);
    out = read_patch(fixture, RECORD_AS_MAP, buffer_bytes(&fixture->in));
    assert_true(bytes_equal(out.text, text_of("hi")) && out.count == 3);
    buffer_clear(&fixture->in);
    pack_map(&fixture->in, 1);
    put(fixture, "text");
    pack_text(&fixture->in, text_of("")); /* no other way to say null */
    assert_int_equal(record_decode(&patched_type, RECORD_AS_MAP, buffer_bytes(&fixture->in),
                                   &fixture->arena, &out, &fixture->fault),
                     ERR_INVALID_ARGUMENT);
    assert_string_equal(fixture->fault.field, "text");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(required_fields_suffice),
        TEST(missing_or_nil_required_fields_are_named),
        TEST(wrong_types_are_named_for_every_kind),
        TEST(integers_are_bounded),
        TEST(lengths_are_bounded_in_code_points),
        TEST(bytes_ids_days_and_enums_are_checked),
        TEST(faults_inside_are_named_by_path),
        TEST(lists_are_bounded_before_they_are_read),
        TEST(unknown_fields_are_skipped_and_checked),
        TEST(depth_counts_from_the_outside),
        TEST(keys_given_twice_are_refused),
        TEST(trailing_bytes_are_refused),
        TEST(what_is_no_object_is_refused),
        TEST(text_is_normalised_and_checked),
        TEST(not_a_number_is_refused),
        TEST(records_round_trip),
        TEST(a_copy_is_what_decoding_gives),
        TEST(every_truncation_is_refused),
        TEST(flipped_bytes_never_read_beyond_the_input),
        TEST(arrays_may_be_shorter_and_never_longer),
        TEST(the_empty_record_needs_no_struct),
        TEST(null_of_a_nullable_field_is_told_from_absent),
        TEST(a_nullable_field_has_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
