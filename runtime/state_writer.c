/*
 * The one writer of the state environment, and the keeper of the checkpoint.
 *
 * A flush arrives when everything in it is durable in the log. Flushes that wait together are
 * committed together. Each says below which LSN its shard needs no record once it is committed;
 * the least of these over all shards is the checkpoint, and it is part of the same commit.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

#include "runtime/lanes.h"
#include "runtime/node_internal.h"

#define HOUSE_KEEPING_MS 3000
#define READERS_EVERY_TURNS 20

static const char checkpoint_key[] = "checkpoint";

static struct bytes key_bytes(void)
{
    return bytes_of(checkpoint_key, sizeof checkpoint_key - 1);
}

int state_writer_read_checkpoint(struct node *node, struct lsn *out)
{
    struct state_reader *reader;
    struct bytes value;
    int error = state_reader_open(node->state, &reader);
    if (error != 0) {
        return error;
    }
    *out = (struct lsn){0};
    error = state_get(reader, STATE_META, key_bytes(), &value);
    if (error == 0 && value.len == 8) {
        out->v = get_u64(value.data);
    }
    state_reader_close(reader);
    return error == ERR_NOT_FOUND ? 0 : error;
}

void state_writer_init(struct state_writer *writer, struct node *node, struct lsn checkpoint)
{
    writer->node = node;
    writer->low = memory_alloc(node->worker_count * sizeof *writer->low);
    for (uint16_t i = 0; i < node->worker_count; i++) {
        writer->low[i] = checkpoint;
    }
    atomic_init(&writer->checkpoint, checkpoint.v);
    CHECK_ALWAYS(uv_mutex_init(&writer->lock) == 0);
    CHECK_ALWAYS(uv_cond_init(&writer->wake) == 0);
}

void state_writer_add(struct state_writer *writer, struct flush *flush)
{
    uv_mutex_lock(&writer->lock);
    message_list_push(&writer->waiting, &flush->message);
    uv_cond_signal(&writer->wake);
    uv_mutex_unlock(&writer->lock);
}

static uint64_t least_low(const struct state_writer *writer)
{
    uint64_t least = UINT64_MAX;
    for (uint16_t i = 0; i < writer->node->worker_count; i++) {
        least = writer->low[i].v < least ? writer->low[i].v : least;
    }
    return least;
}

/** Commits a run of flushes at once and moves the checkpoint. */
static void commit(struct state_writer *writer, const struct message_list *flushes)
{
    struct node *node = writer->node;
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
        writer->low[flush->message.to_shard] = flush->low;
    }
    uint8_t value[8];
    uint64_t checkpoint = least_low(writer);
    put_u64(value, checkpoint);
    changes[at] = (struct state_change){.table = STATE_META,
                                        .action = STATE_PUT,
                                        .key = key_bytes(),
                                        .value = bytes_of(value, sizeof value)};
    state_commit(node->state, changes, total);
    free(changes);
    /* release: whoever reads this checkpoint may rely on the commit above. */
    atomic_store_explicit(&writer->checkpoint, checkpoint, memory_order_release);
    if (!node->config.log_keep) {
        /* relaxed: see take() in log_writer.c */
        atomic_store_explicit(&node->log_writer.drop_below, checkpoint + 1, memory_order_relaxed);
    }
}

/** To where the shards run: in their lanes while the log is replayed, in their workers else. */
static void give_back(const struct state_writer *writer, struct message_list *flushes)
{
    struct node *node = writer->node;
    struct message *m;
    while ((m = message_list_pop(flushes)) != NULL) {
        if (node->lanes != NULL) {
            lanes_flushed(node->lanes, m);
        } else {
            struct message_list one = {0};
            message_list_push(&one, m);
            worker_post(&node->workers[m->to_shard], &one);
        }
    }
}

/** Now and then, busy or idle. */
static void house_keeping(struct state_writer *writer)
{
    uint64_t now = uv_hrtime() / 1000000;
    if (now - writer->kept_ms >= HOUSE_KEEPING_MS) {
        writer->kept_ms = now;
        state_trim(writer->node->state);
        if (++writer->kept_turns % READERS_EVERY_TURNS == 0) {
            state_check_readers(writer->node->state);
        }
    }
}

/** No flush for a while: what the last ones held goes back to the system, once. */
static void rest(struct state_writer *writer)
{
    house_keeping(writer);
    if (!writer->rested) {
        writer->rested = true;
        malloc_trim(0);
    }
}

static bool take(struct state_writer *writer, struct message_list *taken)
{
    uv_mutex_lock(&writer->lock);
    while (writer->waiting.count == 0 && !writer->stop) {
        if (uv_cond_timedwait(&writer->wake, &writer->lock, HOUSE_KEEPING_MS * 1000000ull) != 0) {
            uv_mutex_unlock(&writer->lock);
            rest(writer);
            uv_mutex_lock(&writer->lock);
        }
    }
    message_list_splice(taken, &writer->waiting);
    uv_mutex_unlock(&writer->lock);
    return taken->count != 0;
}

static void run(void *argument)
{
    struct state_writer *writer = argument;
    pthread_setname_np(pthread_self(), "duet-state");
    struct message_list taken = {0};
    while (take(writer, &taken)) {
        commit(writer, &taken);
        give_back(writer, &taken);
        house_keeping(writer);
        writer->rested = false;
    }
}

void state_writer_start(struct state_writer *writer)
{
    CHECK_ALWAYS(uv_thread_create(&writer->thread, run, writer) == 0);
    writer->running = true;
}

void state_writer_stop(struct state_writer *writer)
{
    if (!writer->running) {
        return;
    }
    writer->running = false;
    uv_mutex_lock(&writer->lock);
    writer->stop = true;
    uv_cond_signal(&writer->wake);
    uv_mutex_unlock(&writer->lock);
    uv_thread_join(&writer->thread);
}

void state_writer_fini(struct state_writer *writer)
{
    uv_cond_destroy(&writer->wake);
    uv_mutex_destroy(&writer->lock);
    free(writer->low);
}
