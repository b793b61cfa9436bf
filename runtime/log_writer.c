/*
 * Group commit: one thread gathers what all shards emitted and commits it at once.
 *
 * While a commit syncs, the shards go on and their batches pile up; the next commit takes all of
 * them. So the batch size adapts by itself to the disk and the load, and one sync pays for
 * hundreds of records. Every shard learns which of its numbers are durable, and the new tail.
 */
#include <stdlib.h>

#include "runtime/node_internal.h"

#define IDLE_MS 200
#define TAIL_EVERY_MS 50
#define TEND_EVERY_MS 20 /* fills a segment ahead faster than one fills up */

void log_writer_add(struct log_writer *writer, uint16_t shard, struct buffer *records,
                    uint64_t first, uint64_t count)
{
    uv_mutex_lock(&writer->lock);
    struct shard_batches *batches = &writer->waiting[shard];
    if (batches->count == batches->cap) {
        batches->cap = batches->cap == 0 ? 16 : batches->cap * 2;
        batches->buffers = memory_resize(batches->buffers, batches->cap * sizeof *batches->buffers);
    }
    if (batches->count == 0) {
        batches->first = first;
        batches->records = 0;
    }
    batches->buffers[batches->count++] = *records;
    batches->records += count;
    bool was_idle = !writer->any;
    writer->any = true;
    uv_mutex_unlock(&writer->lock);
    *records = (struct buffer){0};
    if (was_idle) {
        uv_cond_signal(&writer->wake);
    }
}

/** What the log needs besides commits. Never idle is no excuse: it would run out of segments. */
static void tend(struct log_writer *writer)
{
    log_prepare(writer->node->log);
    /* Relaxed: a segment dropped a little later does no harm. */
    uint64_t below = atomic_exchange_explicit(&writer->drop_below, 0, memory_order_relaxed);
    if (below != 0) {
        log_drop_below(writer->node->log, (struct lsn){below});
    }
}

/** Waits for work; swaps it out. False: stopped and nothing left. */
static bool take(struct log_writer *writer, struct shard_batches *taken)
{
    uv_mutex_lock(&writer->lock);
    while (!writer->any && !writer->stop) {
        if (uv_cond_timedwait(&writer->wake, &writer->lock, IDLE_MS * 1000000ull) != 0) {
            uv_mutex_unlock(&writer->lock);
            tend(writer);
            uv_mutex_lock(&writer->lock);
        }
    }
    bool any = writer->any;
    for (uint16_t i = 0; any && i < writer->node->worker_count; i++) {
        struct shard_batches empty = taken[i];
        taken[i] = writer->waiting[i];
        empty.count = 0;
        writer->waiting[i] = empty;
    }
    writer->any = false;
    uv_mutex_unlock(&writer->lock);
    return any;
}

static void tell_durable(struct node *node, uint16_t shard, uint64_t first, uint64_t count,
                         struct lsn lsn, struct lsn tail)
{
    struct durable *durable = memory_alloc(sizeof *durable);
    durable->message.type = MESSAGE_DURABLE;
    durable->message.to_shard = shard;
    durable->first = count == 0 ? 1 : first;
    durable->last = count == 0 ? 0 : first + count - 1;
    durable->lsn = lsn;
    durable->tail = tail;
    struct message_list list = {0};
    message_list_push(&list, &durable->message);
    worker_post(&node->workers[shard], &list);
}

static uint32_t gather(struct node *node, struct shard_batches *taken, struct bytes *runs)
{
    uint32_t count = 0;
    for (uint16_t i = 0; i < node->worker_count; i++) {
        for (uint32_t b = 0; b < taken[i].count; b++) {
            runs[count++] = buffer_bytes(&taken[i].buffers[b]);
        }
    }
    return count;
}

static void commit(struct log_writer *writer, struct shard_batches *taken, uint64_t *tail_told_ms)
{
    struct node *node = writer->node;
    uint32_t total = 0;
    for (uint16_t i = 0; i < node->worker_count; i++) {
        total += taken[i].count;
    }
    struct bytes *runs = memory_alloc(total * sizeof *runs);
    uint32_t count = gather(node, taken, runs);
    struct lsn tail = {0};
    uint64_t lsn = log_commit(node->log, runs, count, &tail).v;
    free(runs);
    uint64_t now = uv_hrtime() / 1000000;
    bool tell_all = now - *tail_told_ms >= TAIL_EVERY_MS;
    *tail_told_ms = tell_all ? now : *tail_told_ms;
    for (uint16_t i = 0; i < node->worker_count; i++) {
        uint64_t records = taken[i].count == 0 ? 0 : taken[i].records;
        if (records != 0 || tell_all) {
            tell_durable(node, i, taken[i].first, records, (struct lsn){lsn}, tail);
        }
        lsn += records;
        for (uint32_t b = 0; b < taken[i].count; b++) {
            buffer_fini(&taken[i].buffers[b]);
        }
        taken[i].count = 0;
    }
}

static void run(void *argument)
{
    struct log_writer *writer = argument;
    uint16_t shards = writer->node->worker_count;
    struct shard_batches *taken = memory_alloc(shards * sizeof *taken);
    uint64_t tail_told_ms = 0;
    uint64_t tended_ms = 0;
    while (take(writer, taken)) {
        commit(writer, taken, &tail_told_ms);
        uint64_t now = uv_hrtime() / 1000000;
        if (now - tended_ms >= TEND_EVERY_MS) {
            tend(writer);
            tended_ms = now;
        }
    }
    for (uint16_t i = 0; i < shards; i++) {
        free(taken[i].buffers);
    }
    free(taken);
}

void log_writer_start(struct log_writer *writer, struct node *node)
{
    writer->node = node;
    writer->waiting = memory_alloc(node->worker_count * sizeof *writer->waiting);
    CHECK_ALWAYS(uv_mutex_init(&writer->lock) == 0);
    CHECK_ALWAYS(uv_cond_init(&writer->wake) == 0);
    CHECK_ALWAYS(uv_thread_create(&writer->thread, run, writer) == 0);
}

void log_writer_stop(struct log_writer *writer)
{
    uv_mutex_lock(&writer->lock);
    writer->stop = true;
    uv_cond_signal(&writer->wake);
    uv_mutex_unlock(&writer->lock);
    uv_thread_join(&writer->thread);
    for (uint16_t i = 0; i < writer->node->worker_count; i++) {
        free(writer->waiting[i].buffers);
    }
    free(writer->waiting);
    uv_cond_destroy(&writer->wake);
    uv_mutex_destroy(&writer->lock);
}
