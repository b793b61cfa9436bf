/* The table finds what was added and not removed, whatever order that came in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "runtime/address_table.h"

#define THINGS 5000

struct thing {
    struct address address;
    bool in;
};

static struct thing *make_things(void)
{
    struct thing *things = memory_alloc(THINGS * sizeof *things);
    for (uint32_t i = 0; i < THINGS; i++) {
        things[i].address.kind = (uint8_t)(1 + i % 3);
        put_u32(things[i].address.id.bytes, i / 3); /* the same id under three kinds */
    }
    return things;
}

static uint32_t draw(uint64_t *random)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*random >> 33);
}

static void test_it_holds_what_was_added_and_not_removed(void **state)
{
    (void)state;
    struct address_table table = {.key = 42};
    struct thing *things = make_things();
    uint64_t random = 1;
    uint32_t in = 0;
    for (uint32_t round = 0; round < 200000; round++) {
        /* fills up, then empties: so it grows and shrinks */
        struct thing *thing = &things[draw(&random) % THINGS];
        bool filling = round < 100000;
        struct address *found = address_table_find(&table, thing->address);
        assert_ptr_equal(found, thing->in ? &thing->address : NULL);
        if (thing->in != filling && draw(&random) % 8 != 0) {
            filling ? address_table_add(&table, &thing->address)
                    : address_table_remove(&table, &thing->address);
            thing->in = filling;
            in += filling ? 1 : -1u;
        } else if (thing->in && draw(&random) % 4 == 0) {
            address_table_remove(&table, &thing->address);
            thing->in = false;
            in--;
        }
        assert_int_equal(table.count, in);
    }
    for (uint32_t i = 0; i < THINGS; i++) {
        assert_ptr_equal(address_table_find(&table, things[i].address),
                         things[i].in ? &things[i].address : NULL);
    }
    assert_true(table.capacity <= 2048);
    address_table_fini(&table);
    free(things);
}

/** Ids that differ in one bit, or count up, spread: no long runs, so that probing stays short. */
static void test_counting_ids_spread(void **state)
{
    (void)state;
    struct address_table table = {.key = UINT64_C(0x123456789abcdef)};
    struct thing *things = make_things();
    uint32_t longest = 0, run = 0;
    for (uint32_t i = 0; i < THINGS; i++) {
        address_table_add(&table, &things[i].address);
    }
    for (uint32_t i = 0; i < table.capacity; i++) {
        run = table.hashes[i] != 0 ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    assert_true(longest < 100);
    address_table_fini(&table);
    free(things);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_holds_what_was_added_and_not_removed),
        cmocka_unit_test(test_counting_ids_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
