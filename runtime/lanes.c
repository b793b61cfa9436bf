#include "runtime/lanes.h"

#include <stdlib.h>
#include <uv.h>

#include "base/check.h"
#include "base/error.h"
#include "base/logger.h"
#include "runtime/partition.h"

#define BATCH_RECORDS 512
#define BATCH_BYTES ((size_t)256 << 10)
#define BATCHES_WAITING 4 /* of one lane: enough that neither side waits for the other */

/** Records with their payloads, which stand in `bytes`; offsets until the batch is complete. */
struct batch {
    struct log_record records[BATCH_RECORDS];
    uint32_t count;
    struct buffer bytes;
};

struct lane {
    struct shard *shard;
    uv_thread_t thread;
    struct batch *filling; /* the reader's */

    uv_mutex_t lock; /* of what follows */
    uv_cond_t changed;
    struct batch *waiting[BATCHES_WAITING];
    uint32_t first, count; /* a ring */
    struct message_list flushed;
    bool busy, stop;
    int error;
    struct batch *spare; /* to be filled again */
};

struct lanes {
    struct partition_cache partitions;
    struct lane *items;
    uint16_t count;
};

/* --- the lane's thread --- */

static int apply(struct lane *lane, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct log_record *record = &batch->records[i];
        int error = shard_replay(lane->shard, record);
        if (error != 0) {
            LOG(ERROR, "a record belongs to a kind that this version does not know",
                LOG_PAIR("lsn", LOG_INT(record->lsn.v)),
                LOG_PAIR("kind", LOG_INT(record->address.kind)));
            return error;
        }
    }
    return 0;
}

static void batch_destroy(struct batch *batch)
{
    if (batch != NULL) {
        buffer_fini(&batch->bytes);
        free(batch);
    }
}

/** Gives the shard its flushes back. The lock is held, but for that. */
static void take_flushed(struct lane *lane)
{
    struct message_list flushed = {0};
    message_list_splice(&flushed, &lane->flushed);
    lane->busy = true;
    uv_mutex_unlock(&lane->lock);
    shard_deliver(lane->shard, &flushed);
    uv_mutex_lock(&lane->lock);
    lane->busy = false;
    uv_cond_broadcast(&lane->changed);
}

/** Starts a flush if it is time for one, and waits for it if nothing more fits into memory. */
static void flush(struct lane *lane)
{
    while (shard_replay_flush(lane->shard)) {
        struct message_list flushed = {0};
        uv_mutex_lock(&lane->lock);
        while (lane->flushed.count == 0) {
            uv_cond_wait(&lane->changed, &lane->lock);
        }
        message_list_splice(&flushed, &lane->flushed);
        uv_mutex_unlock(&lane->lock);
        shard_deliver(lane->shard, &flushed);
    }
}

/** The next batch, or NULL when there will be none. The lock is held. */
static struct batch *take(struct lane *lane)
{
    for (;;) {
        if (lane->flushed.count != 0) {
            take_flushed(lane);
        } else if (lane->count == 0 && (!lane->stop || shard_flushing(lane->shard))) {
            uv_cond_wait(&lane->changed, &lane->lock);
        } else {
            break;
        }
    }
    if (lane->count == 0) {
        return NULL;
    }
    struct batch *batch = lane->waiting[lane->first];
    lane->first = (lane->first + 1) % BATCHES_WAITING;
    lane->count--;
    lane->busy = true;
    uv_cond_broadcast(&lane->changed);
    return batch;
}

static void run(void *argument)
{
    struct lane *lane = argument;
    uv_mutex_lock(&lane->lock);
    struct batch *batch;
    while ((batch = take(lane)) != NULL) {
        int error = lane->error; /* after one nothing more is applied */
        uv_mutex_unlock(&lane->lock);
        if (error == 0) {
            error = apply(lane, batch);
            flush(lane);
        }
        uv_mutex_lock(&lane->lock);
        lane->error = error;
        lane->busy = false;
        batch_destroy(lane->spare);
        lane->spare = batch;
        uv_cond_broadcast(&lane->changed);
    }
    uv_mutex_unlock(&lane->lock);
}

/* --- the reader --- */

/** Hands over what gathered. The payloads' places are known only now. */
static void submit(struct lane *lane)
{
    struct batch *batch = lane->filling;
    if (batch == NULL || batch->count == 0) {
        return;
    }
    size_t at = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        batch->records[i].payload.data = batch->bytes.data + at;
        at += batch->records[i].payload.len;
    }
    uv_mutex_lock(&lane->lock);
    while (lane->count == BATCHES_WAITING) {
        uv_cond_wait(&lane->changed, &lane->lock);
    }
    lane->waiting[(lane->first + lane->count++) % BATCHES_WAITING] = batch;
    lane->filling = lane->spare;
    lane->spare = NULL;
    uv_cond_broadcast(&lane->changed);
    uv_mutex_unlock(&lane->lock);
    if (lane->filling != NULL) {
        lane->filling->count = 0;
        buffer_clear(&lane->filling->bytes);
    }
}

void lanes_add(struct lanes *lanes, const struct log_record *record)
{
    uint8_t partition = partition_of(&lanes->partitions, record->address);
    struct lane *lane = &lanes->items[partition % lanes->count];
    if (lane->filling == NULL) {
        lane->filling = memory_alloc(sizeof *lane->filling);
    }
    struct batch *batch = lane->filling;
    batch->records[batch->count++] = *record;
    buffer_append(&batch->bytes, record->payload.data, record->payload.len);
    if (batch->count == BATCH_RECORDS || batch->bytes.len >= BATCH_BYTES) {
        submit(lane);
    }
}

static int settle(struct lane *lane)
{
    submit(lane);
    uv_mutex_lock(&lane->lock);
    while (lane->count != 0 || lane->busy || shard_flushing(lane->shard)) {
        uv_cond_wait(&lane->changed, &lane->lock);
    }
    int error = lane->error;
    uv_mutex_unlock(&lane->lock);
    return error;
}

int lanes_settle(struct lanes *lanes)
{
    int error = 0;
    for (uint16_t i = 0; i < lanes->count; i++) {
        int failed = settle(&lanes->items[i]);
        error = error != 0 ? error : failed;
    }
    return error;
}

void lanes_flushed(struct lanes *lanes, struct message *message)
{
    struct lane *lane = &lanes->items[message->to_shard];
    uv_mutex_lock(&lane->lock);
    message_list_push(&lane->flushed, message);
    uv_cond_broadcast(&lane->changed);
    uv_mutex_unlock(&lane->lock);
}

struct lanes *lanes_start(struct shard *const *shards, uint16_t count)
{
    struct lanes *lanes = memory_alloc(sizeof *lanes);
    lanes->count = count;
    lanes->items = memory_alloc(count * sizeof *lanes->items);
    for (uint16_t i = 0; i < count; i++) {
        struct lane *lane = &lanes->items[i];
        lane->shard = shards[i];
        CHECK_ALWAYS(uv_mutex_init(&lane->lock) == 0);
        CHECK_ALWAYS(uv_cond_init(&lane->changed) == 0);
        CHECK_ALWAYS(uv_thread_create(&lane->thread, run, lane) == 0);
    }
    return lanes;
}

static void lane_stop(struct lane *lane)
{
    uv_mutex_lock(&lane->lock);
    lane->stop = true;
    uv_cond_broadcast(&lane->changed);
    uv_mutex_unlock(&lane->lock);
    uv_thread_join(&lane->thread);
    uv_cond_destroy(&lane->changed);
    uv_mutex_destroy(&lane->lock);
    batch_destroy(lane->filling);
    batch_destroy(lane->spare);
}

int lanes_stop(struct lanes *lanes)
{
    int error = lanes_settle(lanes);
    for (uint16_t i = 0; i < lanes->count; i++) {
        lane_stop(&lanes->items[i]);
    }
    free(lanes->items);
    free(lanes);
    return error;
}
