/* Behind the log: replay at start-up, and the flush of state. */
#include "tests/guard/guard.h"
#include "tests/guard/town.h"

#define COUPLES 100

static uint64_t replay(void)
{
    struct town town;
    town_init(&town, COUPLES, 2);
    town_connect_all(&town, false);
    town_pair_all(&town);
    if (!machine_flush(&town.machine)) {
        guard_fail("the state cannot be flushed");
    }
    for (uint32_t i = 0; i < 32; i++) {
        town_chat(&town, 1);
    }
    town_disconnect_all(&town);
    uint64_t before = town.machine.replayed;
    guard_count_begin();
    machine_crash(&town.machine);
    while (!town.machine.up) {
        machine_step(&town.machine);
    }
    guard_count_end();
    uint64_t replayed = town.machine.replayed - before;
    town_fini(&town);
    return replayed;
}

static struct {
    void (*flush)(void *self, uint16_t shard, struct flush *flush);
    uint64_t rows;
} counted;

static void fake_flush_counted(void *self, uint16_t shard, struct flush *flush)
{
    counted.rows += flush->change_count;
    counted.flush(self, shard, flush);
}

static uint64_t flush(void)
{
    struct town town;
    town_init(&town, COUPLES, 2);
    town_connect_all(&town, false);
    town_pair_all(&town);
    for (uint32_t i = 0; i < 16; i++) {
        town_chat(&town, 1);
    }
    town_disconnect_all(&town);
    counted.flush = town.machine.world.flush;
    town.machine.world.flush = fake_flush_counted;
    guard_count_begin();
    if (!machine_flush(&town.machine)) {
        guard_fail("the state cannot be flushed");
    }
    guard_count_end();
    town_fini(&town);
    return counted.rows;
}

const struct guard_scenario guard_storage_scenarios[] = {
    {"log_replay", "record", replay},
    {"state_flush", "row", flush},
    {0},
};
