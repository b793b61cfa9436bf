/* The log writer and the state writer as steps: what runtime/log_writer.c and state_writer.c do. */
#include <stdlib.h>

#include "base/check.h"
#include "tests/simulation/machine.h"
#include "tests/simulation/trace.h"

#define TAIL_EVERY_US 50000
#define IDLE_US 200000

static const char checkpoint_key[] = "checkpoint";

static struct bytes key_bytes(void)
{
    return bytes_of(checkpoint_key, sizeof checkpoint_key - 1);
}

/** Counts a commit; true when the node dies before it. */
static bool dies_before(struct machine *machine)
{
    machine->commits++;
    bool its_turn = machine->armed && machine->armed_commits++ == machine->crash_commit;
    if (its_turn) {
        machine->crash_due = true;
    }
    return its_turn && !machine->crash_after;
}

/* --- log --- */

static void batches_drop(struct batches *batches)
{
    for (uint32_t i = 0; i < batches->count; i++) {
        buffer_fini(&batches->buffers[i]);
    }
    free(batches->buffers);
    *batches = (struct batches){0};
}

static void tell_durable(struct machine *machine, uint16_t to, const struct batches *batches,
                         struct lsn lsn, struct lsn tail)
{
    struct message_list list = {0};
    struct durable *durable = memory_alloc(sizeof *durable);
    durable->message.type = MESSAGE_DURABLE;
    durable->message.to_shard = to;
    durable->first = batches->count == 0 ? 1 : batches->first;
    durable->last = batches->count == 0 ? 0 : batches->first + batches->records - 1;
    durable->lsn = lsn;
    durable->tail = tail;
    message_list_push(&list, &durable->message);
    machine_post(machine, FROM_LOG_WRITER, to, &list);
}

static void tell_tail(struct machine *machine, void *subject, uint64_t number)
{
    static const struct batches none;
    (void)subject;
    if (machine->log_busy || number != machine->commits_told) {
        return; /* not idle: the next commit does it, or comes here again */
    }
    for (uint16_t i = 0; i < machine->shard_count; i++) {
        tell_durable(machine, i, &none, (struct lsn){0}, store_tail(machine->store));
    }
}

static void log_take(struct machine *machine, void *subject, uint64_t number);

static void log_committed(struct machine *machine, void *subject, uint64_t number)
{
    (void)subject;
    (void)number;
    if (dies_before(machine)) {
        trace("the node dies before log commit %llu", (unsigned long long)machine->commits);
        return;
    }
    struct lsn tail, firsts[SHARDS_MAX];
    struct bytes *runs = NULL;
    uint32_t count = 0;
    uint64_t records = 0;
    for (uint16_t i = 0; i < machine->shard_count; i++) {
        struct batches *taken = &machine->lanes[i].taken;
        firsts[i].v = store_tail(machine->store).v + 1 + records;
        records += taken->records;
        runs = memory_resize(runs, (count + taken->count + 1) * sizeof *runs);
        for (uint32_t b = 0; b < taken->count; b++) {
            runs[count++] = buffer_bytes(&taken->buffers[b]);
        }
    }
    store_append(machine->store, runs, count, &tail);
    free(runs);
    trace("log commit %llu: %llu records, tail %llu", (unsigned long long)machine->commits,
          (unsigned long long)records, (unsigned long long)tail.v);
    bool tell_all = machine->now_us - machine->tail_told_us >= TAIL_EVERY_US;
    machine->tail_told_us = tell_all ? machine->now_us : machine->tail_told_us;
    bool again = false;
    for (uint16_t i = 0; i < machine->shard_count; i++) {
        if (tell_all || machine->lanes[i].taken.count != 0) {
            tell_durable(machine, i, &machine->lanes[i].taken, firsts[i], tail);
        }
        batches_drop(&machine->lanes[i].taken);
        again = again || machine->lanes[i].waiting.count != 0;
    }
    machine->log_busy = again;
    machine->commits_told++;
    if (again) {
        machine_schedule_life(machine, 1, log_take, NULL, 0);
    } else if (!tell_all) {
        machine_schedule_life(machine, IDLE_US, tell_tail, NULL, machine->commits_told);
    }
}

static void log_take(struct machine *machine, void *subject, uint64_t number)
{
    (void)subject;
    (void)number;
    for (uint16_t i = 0; i < machine->shard_count; i++) {
        machine->lanes[i].taken = machine->lanes[i].waiting;
        machine->lanes[i].waiting = (struct batches){0};
    }
    machine_schedule_life(machine, sim_between(&machine->random, 50, machine->weather.commit_us),
                          log_committed, NULL, 0);
}

void writers_append(struct machine *machine, uint16_t lane, struct buffer *records, uint64_t first,
                    uint64_t count)
{
    struct batches *waiting = &machine->lanes[lane].waiting;
    waiting->buffers =
        memory_resize(waiting->buffers, (waiting->count + 1) * sizeof *waiting->buffers);
    if (waiting->count == 0) {
        waiting->first = first;
    }
    CHECK_ALWAYS(waiting->first + waiting->records == first);
    waiting->buffers[waiting->count++] = *records;
    waiting->records += count;
    *records = (struct buffer){0};
    if (!machine->log_busy) {
        machine->log_busy = true;
        machine_schedule_life(machine, sim_between(&machine->random, 1, 50), log_take, NULL, 0);
    }
}

/* --- state --- */

static uint64_t oldest_snapshot(const struct machine *machine)
{
    uint64_t oldest = UINT64_MAX;
    for (uint16_t i = 0; i < machine->shard_count; i++) {
        uint64_t snapshot = machine->lanes[i].snapshot;
        oldest = snapshot < oldest ? snapshot : oldest;
    }
    return oldest;
}

static struct lsn least_low(const struct machine *machine)
{
    struct lsn least = {UINT64_MAX};
    for (uint16_t i = 0; i < machine->shard_count; i++) {
        least = machine->lanes[i].low.v < least.v ? machine->lanes[i].low : least;
    }
    return least;
}

static void commit_flushes(struct machine *machine, struct message_list *flushes)
{
    size_t total = 1, at = 0;
    for (struct message *m = flushes->head; m != NULL; m = m->next) {
        total += ((struct flush *)m)->change_count;
    }
    struct state_change *changes = memory_alloc(total * sizeof *changes);
    for (struct message *m = flushes->head; m != NULL; m = m->next) {
        struct flush *flush = (struct flush *)m;
        if (flush->change_count != 0) {
            memcpy(changes + at, flush->changes, flush->change_count * sizeof *changes);
        }
        at += flush->change_count;
        machine->lanes[m->to_shard].low = flush->low;
    }
    uint8_t value[8];
    struct lsn checkpoint = least_low(machine);
    put_u64(value, checkpoint.v);
    changes[at] = (struct state_change){.table = STATE_META,
                                        .action = STATE_PUT,
                                        .key = key_bytes(),
                                        .value = bytes_of(value, sizeof value)};
    store_commit(machine->store, changes, total, oldest_snapshot(machine));
    free(changes);
    trace("state commit: %zu changes, checkpoint %llu of %llu", total,
          (unsigned long long)checkpoint.v, (unsigned long long)store_tail(machine->store).v);
    if (checkpoint.v < machine->checkpoint.v) {
        sim_fail("the checkpoint went back from %llu to %llu",
                 (unsigned long long)machine->checkpoint.v, (unsigned long long)checkpoint.v);
    }
    if (!machine->rebuilding && checkpoint.v > store_tail(machine->store).v) {
        sim_fail("the checkpoint is beyond the end of the log");
    }
    machine->checkpoint = checkpoint;
    struct message *message;
    while ((message = message_list_pop(flushes)) != NULL) {
        struct message_list one = {0};
        message_list_push(&one, message);
        if (machine->recovering) {
            message_list_splice(&machine->lanes[message->to_shard].recovered, &one);
        } else {
            machine_post(machine, FROM_STATE_WRITER, message->to_shard, &one);
        }
    }
}

static void state_take(struct machine *machine, void *subject, uint64_t number);

static void state_committed(struct machine *machine, void *subject, uint64_t number)
{
    (void)subject;
    (void)number;
    if (dies_before(machine)) {
        trace("the node dies before state commit %llu", (unsigned long long)machine->commits);
        return;
    }
    commit_flushes(machine, &machine->flushing);
    machine->state_busy = machine->flushes.count != 0;
    if (machine->state_busy) {
        machine_schedule_life(machine, 1, state_take, NULL, 0);
    }
}

static void state_take(struct machine *machine, void *subject, uint64_t number)
{
    (void)subject;
    (void)number;
    message_list_splice(&machine->flushing, &machine->flushes);
    machine_schedule_life(machine,
                          sim_between(&machine->random, 100, machine->weather.commit_us * 2),
                          state_committed, NULL, 0);
}

void writers_flush(struct machine *machine, struct flush *flush)
{
    struct message_list *list = &machine->flushes;
    if (machine->recovering) {
        struct message_list one = {0};
        message_list_push(&one, &flush->message);
        commit_flushes(machine, &one);
        return;
    }
    message_list_push(list, &flush->message);
    if (!machine->state_busy) {
        machine->state_busy = true;
        machine_schedule_life(machine, sim_between(&machine->random, 1, 200), state_take, NULL, 0);
    }
}

void writers_drop(struct machine *machine)
{
    struct message *message;
    for (int i = 0; i < SHARDS_MAX; i++) {
        machine->lost_records +=
            machine->lanes[i].waiting.records + machine->lanes[i].taken.records;
        batches_drop(&machine->lanes[i].waiting);
        batches_drop(&machine->lanes[i].taken);
    }
    while ((message = message_list_pop(&machine->flushes)) != NULL ||
           (message = message_list_pop(&machine->flushing)) != NULL) {
        message_destroy(message);
    }
    machine->log_busy = machine->state_busy = false;
}

bool writers_idle(const struct machine *machine)
{
    return !machine->log_busy && !machine->state_busy;
}

void writers_read_checkpoint(struct machine *machine)
{
    struct bytes value;
    machine->checkpoint = (struct lsn){0};
    if (store_get(machine->store, store_version(machine->store), STATE_META, key_bytes(), &value) ==
        0) {
        machine->checkpoint.v = get_u64(value.data);
    }
}
