/* Rows through current layer, frozen layer and state, against a model without any layers. */
#include "tests/unit/runtime/toy.h"

#define TABLES 3
#define KEYS 24
#define STEPS 4000

struct model {
    bool present[TABLES + 2][KEYS];
    uint8_t value[TABLES + 2][KEYS];
};

struct bench {
    struct small_world small;
    struct actor *actor;
    struct model model;
    uint64_t random;
};

static uint32_t below(struct bench *bench, uint32_t bound)
{
    bench->random = bench->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(bench->random >> 33) % bound;
}

/** Keys of one and two bytes, so that one is a prefix of others; ordered as their numbers. */
static struct bytes key_of(uint32_t number, uint8_t room[2])
{
    room[0] = (uint8_t)(10 + number / 4);
    room[1] = (uint8_t)(number % 4);
    return bytes_of(room, number % 4 == 0 ? 1 : 2);
}

static uint32_t number_of(struct bytes key)
{
    return (uint32_t)(key.data[0] - 10) * 4 + (key.len == 2 ? key.data[1] : 0);
}

static void put(struct bench *bench, uint8_t table, uint32_t number)
{
    uint8_t room[2], value = (uint8_t)below(bench, 256);
    struct bytes bytes = bytes_of(&value, 1);
    actor_row_set(bench->small.shard, bench->actor, table, key_of(number, room), &bytes);
    bench->model.present[table][number] = true;
    bench->model.value[table][number] = value;
}

static void take_out(struct bench *bench, uint8_t table, uint32_t number)
{
    uint8_t room[2];
    actor_row_set(bench->small.shard, bench->actor, table, key_of(number, room), NULL);
    bench->model.present[table][number] = false;
}

static void clear(struct bench *bench, uint8_t table)
{
    overlay_clear(bench->actor->current, table);
    memset(bench->model.present[table], 0, sizeof bench->model.present[table]);
}

static void freeze(struct bench *bench)
{
    if (bench->actor->frozen == NULL) {
        bench->actor->frozen = bench->actor->current;
        bench->actor->current = overlay_create();
    }
}

/** What the state writer does with a frozen layer. */
static void store(struct bench *bench)
{
    struct overlay *frozen = bench->actor->frozen;
    uint8_t prefix[ADDRESS_BYTES + 1];
    if (frozen == NULL) {
        return;
    }
    address_encode(bench->actor->address, prefix);
    for (uint32_t i = 0; i < frozen->table_count; i++) {
        const struct overlay_table *table = &frozen->tables[i];
        if (table->cleared) {
            prefix[ADDRESS_BYTES] = table->collection;
            small_change(&bench->small,
                         &(struct state_change){.table = STATE_ROWS,
                                                .action = STATE_DELETE_PREFIX,
                                                .key = bytes_of(prefix, sizeof prefix)});
        }
        for (uint32_t k = 0; k < table->count; k++) {
            const struct overlay_row *row = table->rows[k];
            small_change(&bench->small,
                         &(struct state_change){.table = STATE_ROWS,
                                                .action = row->removed ? STATE_DELETE : STATE_PUT,
                                                .key = overlay_row_stored_key(row),
                                                .value = overlay_row_value(row)});
        }
    }
    overlay_destroy(frozen);
    bench->actor->frozen = NULL;
}

struct seen {
    uint32_t numbers[KEYS];
    uint8_t values[KEYS];
    uint32_t count, stop_after;
};

static bool see(void *context, struct bytes key, struct bytes value)
{
    struct seen *seen = context;
    assert_true(seen->count < KEYS);
    assert_int_equal(value.len, 1);
    seen->numbers[seen->count] = number_of(key);
    seen->values[seen->count++] = value.data[0];
    return seen->count != seen->stop_after;
}

static void check_range(struct bench *bench)
{
    uint8_t table = (uint8_t)(1 + below(bench, TABLES)), from_room[2], to_room[2];
    uint32_t from = below(bench, KEYS), to = below(bench, KEYS + 4);
    uint32_t limit = below(bench, 4) == 0 ? below(bench, 5) : UINT32_MAX;
    bool reverse = below(bench, 2) == 1;
    struct seen seen = {.stop_after = below(bench, 3) == 0 ? 1 + below(bench, 4) : UINT32_MAX};
    struct bytes to_key = to < KEYS ? key_of(to, to_room) : bytes_of(NULL, 0);
    to = to < KEYS ? to : KEYS;
    actor_range(bench->small.shard, bench->actor, table, key_of(from, from_room), to_key, limit,
                reverse, see, &seen);
    uint32_t expected = 0;
    for (uint32_t i = 0; from < to && i < to - from; i++) {
        uint32_t number = reverse ? to - 1 - i : from + i;
        if (!bench->model.present[table][number] || expected >= limit ||
            expected >= seen.stop_after) {
            continue;
        }
        assert_true(expected < seen.count);
        assert_int_equal(seen.numbers[expected], number);
        assert_int_equal(seen.values[expected], bench->model.value[table][number]);
        expected++;
    }
    assert_int_equal(seen.count, expected);
}

static void check_rows(struct bench *bench)
{
    uint8_t room[2];
    for (uint8_t table = 1; table <= TABLES; table++) {
        for (uint32_t number = 0; number < KEYS; number++) {
            struct bytes value;
            int error = actor_row_get(bench->small.shard, bench->actor, table, key_of(number, room),
                                      &value);
            assert_int_equal(error, bench->model.present[table][number] ? 0 : ERR_NOT_FOUND);
            if (error == 0) {
                assert_int_equal(value.data[0], bench->model.value[table][number]);
            }
        }
    }
}

static void change(struct bench *bench)
{
    uint8_t table = (uint8_t)(1 + below(bench, TABLES));
    uint32_t what = below(bench, 100);
    if (what < 55) {
        put(bench, table, below(bench, KEYS));
    } else if (what < 85) {
        take_out(bench, table, below(bench, KEYS));
    } else if (what < 89) {
        clear(bench, table);
    } else if (what < 95) {
        freeze(bench);
    } else {
        store(bench);
    }
}

static void test_layers_read_as_one_table(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct bench bench = {.random = seed};
        toy_world_start(&bench.small, 1);
        bench.actor = actor_get(bench.small.shard, toy_address(&bench.small, 0, true));
        actor_get(bench.small.shard, toy_address(&bench.small, 1, true)); /* a neighbour */
        actor_mark_dirty(bench.small.shard, bench.actor, 1, (struct lsn){1});
        for (int i = 0; i < STEPS; i++) {
            change(&bench);
            check_range(&bench);
            if (i % 50 == 0) {
                check_rows(&bench);
            }
        }
        small_fini(&bench.small);
    }
}

static void test_a_clear_hides_what_lies_below_and_not_what_comes_after(void **state)
{
    struct bench bench = {.random = 1};
    (void)state;
    toy_world_start(&bench.small, 1);
    bench.actor = actor_get(bench.small.shard, toy_address(&bench.small, 0, true));
    actor_mark_dirty(bench.small.shard, bench.actor, 1, (struct lsn){1});
    put(&bench, 1, 0);
    put(&bench, 1, 5);
    freeze(&bench);
    store(&bench);
    put(&bench, 1, 7);
    freeze(&bench);
    clear(&bench, 1);
    check_rows(&bench);
    put(&bench, 1, 5);
    check_rows(&bench);
    store(&bench);
    freeze(&bench);
    store(&bench);
    check_rows(&bench);
    assert_int_equal(bench.small.row_count, 1);
    small_fini(&bench.small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers_read_as_one_table),
        cmocka_unit_test(test_a_clear_hides_what_lies_below_and_not_what_comes_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
