/*
 * Lanes apply every record once, each actor's in order, and stop at what they do not know.
 */
#include "tests/unit/runtime/toy.h"

#include "runtime/lanes.h"

#define ACTORS 40
#define RINGS 200 /* of each */

struct fixture {
    struct small_world small[2];
    struct shard *shards[2];
    uint64_t lsn;
};

static int set_up(void **state)
{
    struct fixture *fixture = memory_alloc(sizeof *fixture);
    for (int i = 0; i < 2; i++) {
        small_start(&fixture->small[i], toy_kinds, 1, 1);
        fixture->shards[i] = fixture->small[i].shard;
    }
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    small_fini(&fixture->small[0]);
    small_fini(&fixture->small[1]);
    free(fixture);
    return 0;
}

static struct address toy_number(uint8_t number)
{
    return (struct address){.kind = TOY_KIND, .id = {{number, 1}}};
}

static void add_ring(struct fixture *fixture, struct lanes *lanes, struct address to, int64_t n)
{
    struct buffer payload = {0};
    entry_append(&payload, ENTRY_EVENT, 3, 1, &toy_bumped_type, &(struct toy_bumped){.n = n});
    lanes_add(lanes, &(struct log_record){.lsn = {++fixture->lsn},
                                          .address = to,
                                          .at_ms = 1,
                                          .payload = buffer_bytes(&payload)});
    buffer_fini(&payload); /* which is why it must have been copied */
}

static void rings_are(struct fixture *fixture, int64_t count)
{
    for (uint8_t i = 0; i < ACTORS; i++) {
        struct address address = toy_number(i);
        struct shard *shard = fixture->shards[address_partition(address) % 2];
        const struct toy_root *toy = actor_get(shard, address)->root;
        assert_int_equal(toy->rings, count);
        assert_int_equal(toy->rang, count);
    }
}

static void test_every_record_is_applied_once_and_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct lanes *lanes = lanes_start(fixture->shards, 2);
    for (int64_t n = 1; n <= RINGS; n++) {
        for (uint8_t i = 0; i < ACTORS; i++) {
            add_ring(fixture, lanes, toy_number(i), n);
        }
        if (n == RINGS / 2) {
            assert_int_equal(lanes_settle(lanes), 0);
            rings_are(fixture, n); /* in the middle they are the caller's */
        }
    }
    assert_int_equal(lanes_stop(lanes), 0);
    rings_are(fixture, RINGS);
}

static void test_nothing_is_applied_after_an_unknown_kind(void **state)
{
    struct fixture *fixture = *state;
    struct lanes *lanes = lanes_start(fixture->shards, 1);
    struct address stranger = {.kind = TOY_KIND + 1, .id = {{1}}};
    add_ring(fixture, lanes, toy_number(1), 1);
    add_ring(fixture, lanes, stranger, 1);
    assert_int_equal(lanes_settle(lanes), ERR_CORRUPT);
    add_ring(fixture, lanes, toy_number(1), 2);
    assert_int_equal(lanes_stop(lanes), ERR_CORRUPT);
    const struct toy_root *toy = actor_get(fixture->shards[0], toy_number(1))->root;
    assert_int_equal(toy->rings, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_record_is_applied_once_and_in_order, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_nothing_is_applied_after_an_unknown_kind, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
