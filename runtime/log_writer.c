/*
 * Group commit: one thread gathers what all shards emitted and commits it at once.
 *
 * While a commit syncs, the shards go on and their batches pile up; the next commit takes all of
 * them. So the batch size adapts by itself to the disk and the load, and one sync pays for
 * hundreds of records. Every shard learns which of its numbers are durable, and the new tail.
 */
#include <pthread.h>
#include <stdlib.h>

#include "runtime/node_internal.h"

#define IDLE_MS 200
#define TAIL_EVERY_MS 50
#define COMMIT_BYTES_MAX ((size_t)16 << 20) /* log_commit's bound */
#define RUN_PREFIX 4                        /* before each encoded record */
#define TEND_EVERY_MS 20                    /* fills a segment ahead faster than one fills up */
#define MARK_EVERY_MS 1000

const struct bucket_bounds log_writer_us_bounds = {.count = 14,
                                                   .upper = {100, 200, 300, 500, 750, 1000, 2000,
                                                             5000, 10000, 20000, 50000, 100000,
                                                             500000, 1000000}};
const struct bucket_bounds log_writer_record_bounds = {
    .count = 14, .upper = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384, 65536}};

static int64_t now_ms(void)
{
    return (int64_t)(uv_hrtime() / 1000000);
}

/** Remembers when the log had come so far. */
static void mark_tail(struct log_writer *writer, struct lsn tail)
{
    struct tail_mark mark = {.lsn = tail.v, .at_ms = now_ms()};
    uint32_t last = (writer->mark_count - 1) % TAIL_MARKS;
    if (writer->mark_count == 0 || mark.at_ms - writer->marks[last].at_ms >= MARK_EVERY_MS) {
        uv_mutex_lock(&writer->lock);
        writer->marks[writer->mark_count++ % TAIL_MARKS] = mark;
        uv_mutex_unlock(&writer->lock);
    }
}

int64_t log_writer_lag_ms(struct log_writer *writer, uint64_t checkpoint)
{
    int64_t oldest_ms = 0;
    uv_mutex_lock(&writer->lock);
    uint32_t kept = writer->mark_count < TAIL_MARKS ? writer->mark_count : TAIL_MARKS;
    for (uint32_t i = writer->mark_count - kept; i < writer->mark_count && oldest_ms == 0; i++) {
        const struct tail_mark *mark = &writer->marks[i % TAIL_MARKS];
        oldest_ms = mark->lsn > checkpoint ? mark->at_ms : 0;
    }
    uv_mutex_unlock(&writer->lock);
    return oldest_ms == 0 ? 0 : now_ms() - oldest_ms;
}

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

/** A shard that had no record in the last commits still has to know how far the log is. */
static void tell_tail(struct log_writer *writer)
{
    struct node *node = writer->node;
    for (uint16_t i = 0; !writer->tail_told && i < node->worker_count; i++) {
        tell_durable(node, i, 0, 0, (struct lsn){0}, log_tail(node->log));
    }
    writer->tail_told = true;
}

/** Waits for work; swaps it out. False: stopped and nothing left. */
static bool take(struct log_writer *writer, struct shard_batches *taken)
{
    uv_mutex_lock(&writer->lock);
    while (!writer->any && !writer->stop) {
        if (uv_cond_timedwait(&writer->wake, &writer->lock, IDLE_MS * 1000000ull) != 0) {
            uv_mutex_unlock(&writer->lock);
            tell_tail(writer);
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

/** Where in what was taken the next commit begins. */
struct place {
    uint16_t shard;
    uint32_t buffer;
    size_t offset;
};

/** Bytes of whole records at the front of `rest` that fit into `room`. */
static size_t fit(struct bytes rest, size_t room, uint64_t *records)
{
    size_t at = 0;
    while (at < rest.len) {
        size_t len = RUN_PREFIX + get_u32(rest.data + at);
        if (len > room - at) {
            break;
        }
        at += len;
        (*records)++;
    }
    return at;
}

/** Fills `runs` and the number of records per shard, up to what one commit may hold. */
static uint32_t gather(struct node *node, const struct shard_batches *taken, struct place *place,
                       struct bytes *runs, uint64_t *records)
{
    size_t room = COMMIT_BYTES_MAX;
    uint32_t count = 0;
    for (; place->shard < node->worker_count; place->shard++, place->buffer = 0) {
        const struct shard_batches *batches = &taken[place->shard];
        for (; place->buffer < batches->count; place->buffer++, place->offset = 0) {
            struct bytes rest = buffer_bytes(&batches->buffers[place->buffer]);
            rest = bytes_of(rest.data + place->offset, rest.len - place->offset);
            size_t len = fit(rest, room, &records[place->shard]);
            runs[count] = bytes_of(rest.data, len);
            count += len != 0;
            if (len < rest.len) {
                CHECK_ALWAYS(count != 0);
                place->offset += len;
                return count;
            }
            room -= len;
        }
    }
    return count;
}

static void tell_all_durable(struct log_writer *writer, struct shard_batches *taken,
                             const uint64_t *records, struct lsn lsn, struct lsn tail)
{
    struct node *node = writer->node;
    uint64_t now = uv_hrtime() / 1000000;
    bool tell_all = now - writer->tail_told_ms >= TAIL_EVERY_MS;
    writer->tail_told_ms = tell_all ? now : writer->tail_told_ms;
    writer->tail_told = tell_all;
    for (uint16_t i = 0; i < node->worker_count; i++) {
        if (records[i] != 0 || tell_all) {
            tell_durable(node, i, taken[i].first, records[i], lsn, tail);
        }
        lsn.v += records[i];
        taken[i].first += records[i];
    }
}

static uint64_t sum(const uint64_t *numbers, uint16_t count)
{
    uint64_t sum = 0;
    for (uint16_t i = 0; i < count; i++) {
        sum += numbers[i];
    }
    return sum;
}

/** In one commit if it fits: what piled up during a slow one may be more than the log takes. */
static void commit(struct log_writer *writer, struct shard_batches *taken)
{
    struct node *node = writer->node;
    uint16_t shards = node->worker_count;
    struct place place = {0};
    uint32_t total = 0;
    for (uint16_t i = 0; i < shards; i++) {
        total += taken[i].count;
    }
    struct bytes *runs = memory_alloc(total * sizeof *runs);
    uint64_t *records = memory_alloc(shards * sizeof *records);
    while (place.shard < shards) {
        struct lsn tail = {0};
        memset(records, 0, shards * sizeof *records);
        uint32_t count = gather(node, taken, &place, runs, records);
        uint64_t began_ns = uv_hrtime();
        struct lsn first = log_commit(node->log, runs, count, &tail);
        buckets_add(&writer->commit_us, &log_writer_us_bounds, (uv_hrtime() - began_ns) / 1000);
        buckets_add(&writer->commit_records, &log_writer_record_bounds, sum(records, shards));
        mark_tail(writer, tail);
        tell_all_durable(writer, taken, records, first, tail);
    }
    free(records);
    free(runs);
    for (uint16_t i = 0; i < shards; i++) {
        for (uint32_t b = 0; b < taken[i].count; b++) {
            buffer_fini(&taken[i].buffers[b]);
        }
        taken[i].count = 0;
    }
}

static void run(void *argument)
{
    struct log_writer *writer = argument;
    pthread_setname_np(pthread_self(), "duet-log");
    uint16_t shards = writer->node->worker_count;
    struct shard_batches *taken = memory_alloc(shards * sizeof *taken);
    uint64_t tended_ms = 0;
    while (take(writer, taken)) {
        commit(writer, taken);
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
