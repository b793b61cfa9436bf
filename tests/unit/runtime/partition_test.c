/* The cache of partitions says what address_partition says, whatever was asked before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "runtime/partition.h"

#define QUESTIONS 200000

static struct partition_cache *cache;

static int set_up(void **state)
{
    (void)state;
    cache = memory_alloc(sizeof *cache);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(cache);
    return 0;
}

static void asks(struct address address)
{
    assert_int_equal(partition_of(cache, address), address_partition(address));
}

static uint64_t draw(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *random >> 16;
}

static void test_any_address_in_any_order(void **state)
{
    (void)state;
    uint64_t random = 11;
    for (uint32_t i = 0; i < QUESTIONS; i++) {
        struct address address = {.kind = (uint8_t)(1 + draw(&random) % 4)};
        uint64_t number = draw(&random) % (3ull * PARTITION_SLOTS); /* many come again */
        memcpy(address.id.bytes, &number, sizeof number);
        asks(address);
    }
}

static void test_addresses_of_one_slot_do_not_take_each_other_s_partition(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3000; i++) {
        struct address address = {.kind = 2};
        put_u64(address.id.bytes + 8, i % 1000); /* the half of the id that chooses no slot */
        asks(address);
    }
}

static void test_one_id_under_two_kinds(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        struct address user = {.kind = 1}, couple = {.kind = 1 + 8};
        put_u32(user.id.bytes + 8, i);
        couple.id = user.id;
        asks(user);
        asks(couple);
    }
}

static void test_an_empty_slot_holds_no_actor(void **state)
{
    (void)state;
    for (uint32_t kind = 1; kind < 256; kind++) {
        asks((struct address){.kind = (uint8_t)kind}); /* the id that empty slots hold, too */
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_any_address_in_any_order),
        TEST(test_addresses_of_one_slot_do_not_take_each_other_s_partition),
        TEST(test_one_id_under_two_kinds),
        TEST(test_an_empty_slot_holds_no_actor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
