/*
 * The code made of a declaration does what the interpreter does with its table: writes the same
 * bytes, and takes nothing that the interpreter would not take, nor otherwise.
 */
#include "tests/unit/wire/test.h"

#include "tests/unit/wire/random.h"
#include "wire/codec.h"

#define ROUNDS 20000

#define CODED(F, R)                                                                                \
    F(R, BOOL, yes, REQUIRED, 0, 0, NULL, BODY, "a truth", "true")                                 \
    F(R, BOOL, maybe, OPTIONAL, 0, 0, NULL, BODY, "a truth", "true")                               \
    F(R, INT, small, REQUIRED, -10, 10, NULL, BODY, "a small number", "-3")                        \
    F(R, INT, any, OPTIONAL, 0, 0, NULL, BODY, "any number", "17")                                 \
    F(R, INT, count, REQUIRED, 0, 300, NULL, BODY, "a count", "17")                                \
    F(R, TEXT, text, REQUIRED, 0, 400, NULL, BODY, "a text", "\"hi\"")                             \
    F(R, TEXT, a_name_of_more_than_thirty_one_bytes, OPTIONAL, 1, 20, NULL, BODY, "a text",        \
      "\"hi\"")                                                                                    \
    F(R, BYTES, blob, OPTIONAL, 2, 70000, NULL, BODY, "bytes", "\"AAEC\"")                         \
    F(R, ID, id, REQUIRED, 0, 0, NULL, BODY, "an id", "\"AAECAwQFBgcICQoLDA0ODw\"")                \
    F(R, ID, other, OPTIONAL, 0, 0, NULL, BODY, "an id", "\"AAECAwQFBgcICQoLDA0ODw\"")             \
    F(R, INSTANT, sent_at, OPTIONAL, 0, 0, NULL, BODY, "when", "1750000000000")
RECORD_DECLARE(coded, CODED)
RECORD_DEFINE(coded, CODED, "Every kind of field for which there is code.")

/** The same without its code. */
static struct record_type interpreted(void)
{
    struct record_type type = coded_type;
    type.room = NULL;
    type.put_array = type.put_map = NULL;
    type.get_array = NULL;
    type.get_map = NULL;
    type.copy = NULL;
    return type;
}

static struct id random_id(uint64_t *seed)
{
    struct id id;
    for (size_t i = 0; i < ID_BYTES; i++) {
        id.bytes[i] = (uint8_t)random_next(seed);
    }
    return id;
}

static struct coded random_coded(uint64_t *seed, struct arena *arena)
{
    static uint8_t zeros[70000];
    bool large = random_below(seed, 100) == 0;
    return (struct coded){.yes = random_bool(seed),
                          .maybe = random_bool(seed),
                          .has_maybe = random_bool(seed),
                          .small = (int64_t)random_below(seed, 21) - 10,
                          .any = random_int(seed),
                          .has_any = random_bool(seed),
                          .count = random_below(seed, 301),
                          .text = random_text(seed, arena, 0, random_bool(seed) ? 10 : 400),
                          .a_name_of_more_than_thirty_one_bytes = random_text(seed, arena, 1, 20),
                          .has_a_name_of_more_than_thirty_one_bytes = random_bool(seed),
                          .blob =
                              bytes_of(zeros, large ? sizeof zeros : 2 + random_below(seed, 400)),
                          .has_blob = random_bool(seed),
                          .id = random_id(seed),
                          .other = random_id(seed),
                          .has_other = random_bool(seed),
                          .sent_at = random_int(seed),
                          .has_sent_at = random_bool(seed)};
}

static void same_bytes(const struct record_type *plain, enum record_shape shape,
                       const struct coded *value, struct buffer *by_code)
{
    struct buffer by_table = {0};
    buffer_clear(by_code);
    record_encode(&coded_type, shape, value, by_code);
    record_encode(plain, shape, value, &by_table);
    assert_true(bytes_equal(buffer_bytes(by_code), buffer_bytes(&by_table)));
    assert_true(by_code->len <= coded_type.room(value));
    buffer_fini(&by_table);
}

static void test_writes_what_the_interpreter_writes(void **state)
{
    (void)state;
    uint64_t seed = 1;
    struct record_type plain = interpreted();
    struct buffer out = {0};
    for (int i = 0; i < ROUNDS; i++) {
        struct arena arena = {0};
        struct coded value = random_coded(&seed, &arena);
        same_bytes(&plain, RECORD_AS_MAP, &value, &out);
        same_bytes(&plain, RECORD_AS_ARRAY, &value, &out);
        arena_fini(&arena);
    }
    buffer_fini(&out);
}

/** Whether the code took it; then the interpreter takes it too, for the same. */
static bool agrees(const struct record_type *plain, enum record_shape shape, struct bytes in)
{
    struct arena arena = {0};
    struct coded by_code = {0};
    struct coded by_table;
    struct field_fault fault;
    struct buffer first = {0};
    struct buffer second = {0};
    bool taken = shape == RECORD_AS_ARRAY ? coded_type.get_array(in, &by_code)
                                          : coded_type.get_map(in, &arena, &by_code);
    if (taken) {
        assert_int_equal(record_decode(plain, shape, in, &arena, &by_table, &fault), 0);
        record_encode(plain, shape, &by_code, &first);
        record_encode(plain, shape, &by_table, &second);
        assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
    }
    buffer_fini(&first);
    buffer_fini(&second);
    arena_fini(&arena);
    return taken;
}

static bool has_negative(const struct coded *value)
{
    return value->small < 0 || (value->has_any && value->any < 0) ||
           (value->has_sent_at && value->sent_at < 0);
}

/** A name of more bytes than a short head tells is left to the interpreter too. */
static bool is_beyond(const struct coded *value, enum record_shape shape)
{
    return has_negative(value) || (value->has_blob && value->blob.len > UINT16_MAX) ||
           (shape == RECORD_AS_MAP && value->has_a_name_of_more_than_thirty_one_bytes);
}

static void read_what_was_written(enum record_shape shape)
{
    uint64_t seed = 2;
    struct record_type plain = interpreted();
    struct buffer out = {0};
    for (int i = 0; i < ROUNDS; i++) {
        struct arena arena = {0};
        struct coded value = random_coded(&seed, &arena);
        same_bytes(&plain, shape, &value, &out);
        assert_int_equal(agrees(&plain, shape, buffer_bytes(&out)), !is_beyond(&value, shape));
        arena_fini(&arena);
    }
    buffer_fini(&out);
}

static void test_reads_what_was_written(void **state)
{
    (void)state;
    read_what_was_written(RECORD_AS_ARRAY);
    read_what_was_written(RECORD_AS_MAP);
}

static void take_nothing_that_the_interpreter_refuses(enum record_shape shape)
{
    uint64_t seed = 3;
    uint32_t taken = 0;
    struct record_type plain = interpreted();
    struct buffer out = {0};
    for (int i = 0; i < ROUNDS; i++) {
        struct arena arena = {0};
        struct coded value = random_coded(&seed, &arena);
        same_bytes(&plain, shape, &value, &out);
        for (int k = 0; k < 4; k++) {
            out.data[random_below(&seed, (uint32_t)out.len)] = (uint8_t)random_next(&seed);
            taken += agrees(&plain, shape, buffer_bytes(&out));
        }
        size_t cut = random_below(&seed, (uint32_t)out.len);
        uint8_t *exact = memory_copy(out.data, cut); /* so that a byte too far is seen */
        taken += agrees(&plain, shape, bytes_of(exact, cut));
        free(exact);
        arena_fini(&arena);
    }
    assert_true(taken != 0);
    buffer_fini(&out);
}

static void test_takes_nothing_that_the_interpreter_refuses(void **state)
{
    (void)state;
    take_nothing_that_the_interpreter_refuses(RECORD_AS_ARRAY);
    take_nothing_that_the_interpreter_refuses(RECORD_AS_MAP);
}

static void test_copies_what_the_interpreter_copies(void **state)
{
    (void)state;
    uint64_t seed = 4;
    struct record_type plain = interpreted();
    struct buffer first = {0}, second = {0};
    for (int i = 0; i < ROUNDS; i++) {
        struct arena arena = {0}, mine = {0};
        struct coded value = random_coded(&seed, &arena), by_code, by_table;
        memset(&by_code, 0xa5, sizeof by_code);
        record_copy(&coded_type, &value, &mine, &by_code);
        record_copy(&plain, &value, &mine, &by_table);
        arena_fini(&arena); /* nothing of the copies is there: the sanitizers would tell */
        buffer_clear(&first);
        buffer_clear(&second);
        record_encode(&plain, RECORD_AS_MAP, &by_code, &first);
        record_encode(&plain, RECORD_AS_MAP, &by_table, &second);
        assert_true(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
        assert_true(by_code.has_yes && by_code.has_id && by_code.has_text);
        assert_true(by_code.has_blob || by_code.blob.data == NULL);
        assert_true(by_code.has_other || id_is_zero(by_code.other));
        arena_fini(&mine);
    }
    buffer_fini(&first);
    buffer_fini(&second);
}

static void test_containers_are_left_to_the_interpreter(void **state)
{
    (void)state;
    assert_null(all_kinds_type.room);
    assert_null(all_kinds_type.get_array);
    assert_null(all_kinds_type.get_map);
    assert_null(all_kinds_type.copy);
    assert_non_null(leaf_type.put_map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writes_what_the_interpreter_writes),
        cmocka_unit_test(test_reads_what_was_written),
        cmocka_unit_test(test_takes_nothing_that_the_interpreter_refuses),
        cmocka_unit_test(test_copies_what_the_interpreter_copies),
        cmocka_unit_test(test_containers_are_left_to_the_interpreter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
