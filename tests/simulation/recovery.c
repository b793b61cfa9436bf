/* Start-up after a crash: what runtime/recovery.c does. */
#include <stdlib.h>

#include "actors/registry.h"
#include "base/check.h"
#include "tests/simulation/machine.h"
#include "tests/simulation/trace.h"

static void give_back(struct lane *lane)
{
    struct message_list flushed = {0};
    message_list_splice(&flushed, &lane->recovered);
    shard_deliver(lane->shard, &flushed);
}

static void flush_all(struct machine *machine)
{
    for (uint16_t i = 0; i < machine->shard_count; i++) {
        while (!shard_flush_all(machine->lanes[i].shard)) {
            give_back(&machine->lanes[i]);
        }
    }
}

/** As the real lanes do: replay goes on while a flush is under way, which ends at any time. */
static void flush_beside(struct machine *machine)
{
    for (uint16_t i = 0; i < machine->shard_count; i++) {
        struct lane *lane = &machine->lanes[i];
        while (shard_replay_flush(lane->shard) || sim_one_in(&machine->random, 8)) {
            give_back(lane);
        }
    }
}

static void end_flushes(struct machine *machine)
{
    for (uint16_t i = 0; i < machine->shard_count; i++) {
        while (shard_flushing(machine->lanes[i].shard)) {
            give_back(&machine->lanes[i]);
        }
    }
}

/** From memory that is gone right after, as the real reader's is. */
static void replay(struct machine *machine, struct log_record record)
{
    uint16_t lane = (uint16_t)(address_partition(record.address) % machine->shard_count);
    void *payload =
        record.payload.len == 0 ? NULL : memory_copy(record.payload.data, record.payload.len);
    record.payload.data = payload;
    if (shard_replay(machine->lanes[lane].shard, &record) != 0) {
        sim_fail("record %llu cannot be replayed", (unsigned long long)record.lsn.v);
    }
    free(payload);
    machine->replayed++;
}

void recovery_run(struct machine *machine)
{
    struct lsn tail = store_tail(machine->store);
    struct log_record record;
    /* Besides what fills the memory: at times all of it, at once. */
    bool flushes = sim_one_in(&machine->random, 3) && !machine->weather.steady;
    uint32_t flush_one_in = flushes ? 20 : 0;
    writers_read_checkpoint(machine);
    if (machine->checkpoint.v > tail.v) {
        sim_fail("state is ahead of the log");
    }
    for (uint16_t i = 0; i < machine->shard_count; i++) {
        machine->lanes[i].low = machine->checkpoint;
    }
    trace("recovers from %llu to %llu on %d shards", (unsigned long long)machine->checkpoint.v,
          (unsigned long long)tail.v, machine->shard_count);
    machine->recovering = true;
    for (struct lsn at = {machine->checkpoint.v + 1}; at.v <= tail.v; at.v++) {
        if (!store_record(machine->store, at, &record)) {
            continue;
        }
        replay(machine, record);
        if (flush_one_in != 0 && sim_one_in(&machine->random, flush_one_in)) {
            flush_all(machine);
        }
        flush_beside(machine);
    }
    end_flushes(machine);
    machine->recovering = false;
}

struct store *machine_rebuild(struct machine *machine, uint16_t shards)
{
    struct machine *other = memory_alloc(sizeof *other);
    struct store *rebuilt = store_create();
    struct log_record record;
    struct lsn tail = store_tail(machine->store);
    other->random = machine->random;
    other->weather = machine->weather;
    other->now_us = machine->now_us;
    other->store = rebuilt;
    other->shard_count = shards;
    other->recovering = other->rebuilding = true;
    world_fill(other);
    for (uint16_t i = 0; i < shards; i++) {
        struct shard_config config = {.index = i,
                                      .count = shards,
                                      .kinds = actor_kinds,
                                      .kind_count = (uint32_t)actor_kind_count};
        other->lanes[i].snapshot = UINT64_MAX;
        other->lanes[i].shard = shard_create(&config, &other->world);
    }
    uint32_t flush_one_in = 1 + sim_below(&other->random, 100);
    for (struct lsn at = {1}; at.v <= tail.v; at.v++) {
        if (store_record(machine->store, at, &record)) {
            replay(other, record);
            if (sim_one_in(&other->random, flush_one_in)) {
                flush_all(other);
            }
        }
    }
    flush_all(other);
    for (uint16_t i = 0; i < shards; i++) {
        shard_destroy(other->lanes[i].shard);
    }
    free(other);
    return rebuilt;
}
