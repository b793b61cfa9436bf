#include "tests/unit/storage/fixture.h"

static struct bytes encode(const struct log_record *record, struct buffer *run)
{
    log_record_encode(record, run);
    assert_true(run->len > 4);
    assert_int_equal(get_u32(run->data), run->len - 4);
    return bytes_of(run->data + 4, run->len - 4);
}

static struct log_record sample(void)
{
    return (struct log_record){
        .address = {.kind = 3, .id = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}},
        .at_ms = 1712345678901,
        .payload = bytes_of("hello", 5)};
}

static void expect_same(const struct log_record *a, const struct log_record *b)
{
    assert_true(address_equal(a->address, b->address));
    assert_int_equal(a->at_ms, b->at_ms);
    assert_int_equal(a->key_id, b->key_id);
    assert_memory_equal(a->nonce, b->nonce, sizeof a->nonce);
    assert_true(id_equal(a->request_key, b->request_key));
    assert_true(bytes_equal(a->payload, b->payload));
}

static void every_combination_of_optional_parts_comes_back(void **state)
{
    (void)state;
    for (int parts = 0; parts < 8; parts++) {
        struct log_record record = sample();
        if (parts & 1) {
            record.key_id = 77;
            memset(record.nonce, 0xa5, sizeof record.nonce);
        }
        if (parts & 2) {
            memset(record.request_key.bytes, 0x5a, ID_BYTES);
        }
        if (parts & 4) {
            record.payload = bytes_of(NULL, 0);
        }
        struct buffer run = {0};
        struct log_record back = {0};
        assert_int_equal(log_record_decode(encode(&record, &run), &back), 0);
        expect_same(&record, &back);
        buffer_fini(&run);
    }
}

static void the_stored_form_is_frozen(void **state)
{
    (void)state;
    static const uint8_t golden[] = {
        0x00, 0x00, 0x00, 0x2c, 0x01, 0x2f, 0x51, 0xb4, 0x34, 0x75, 0x11, 0x2b,
        0xb7, 0x00, 0x03, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09,
        0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x00, 0x00, 0x01, 0x8e, 0xaf,
        0xc1, 0x84, 0x35, 0x00, 0x00, 0x00, 0x00, 'h',  'e',  'l',  'l',  'o',
    };
    struct log_record record = sample();
    struct buffer run = {0};
    log_record_encode(&record, &run);
    assert_int_equal(run.len, sizeof golden);
    assert_memory_equal(run.data, golden, sizeof golden);
    buffer_fini(&run);
}

static void any_flipped_bit_is_noticed(void **state)
{
    (void)state;
    struct log_record record = sample();
    record.key_id = 1;
    record.request_key.bytes[0] = 1;
    struct buffer run = {0};
    struct bytes stored = encode(&record, &run);
    struct log_record back;
    for (size_t bit = 0; bit < stored.len * 8; bit++) {
        run.data[4 + bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(log_record_decode(stored, &back), ERR_CORRUPT);
        run.data[4 + bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(log_record_decode(stored, &back), 0);
    buffer_fini(&run);
}

static void a_cut_record_is_refused_at_every_length(void **state)
{
    (void)state;
    struct log_record record = sample();
    record.key_id = 1;
    struct buffer run = {0};
    struct bytes stored = encode(&record, &run);
    struct log_record back;
    for (size_t len = 0; len < stored.len; len++) {
        /* A copy, so that a sanitizer sees a read beyond it. */
        uint8_t *cut = memory_copy(stored.data, len);
        assert_int_equal(log_record_decode(bytes_of(cut, len), &back), ERR_CORRUPT);
        free(cut);
    }
    buffer_fini(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_combination_of_optional_parts_comes_back),
        cmocka_unit_test(the_stored_form_is_frozen),
        cmocka_unit_test(any_flipped_bit_is_noticed),
        cmocka_unit_test(a_cut_record_is_refused_at_every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
