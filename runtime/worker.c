/*
 * A shard's thread: its libuv loop, its inbox, and the end of each turn.
 *
 * Whatever ran in a turn (messages, sockets, timers) has staged records and messages; prepare and
 * check, which run around the poll, hand them over. The inbox is the only thing other threads
 * touch.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/pool.h"
#include "runtime/node_internal.h"

#define STATS_MS 200

void worker_post(struct worker *worker, struct message_list *messages)
{
    uv_mutex_lock(&worker->lock);
    message_list_splice(&worker->inbox, messages);
    bool polling = worker->polling;
    worker->polling = false; /* one wake-up is enough */
    uv_mutex_unlock(&worker->lock);
    if (polling) { /* also before the loop runs and after it ended: its descriptors are open */
        uv_async_send(&worker->wake);
    }
}

void worker_set_phase(struct worker *worker, enum worker_phase phase)
{
    /* release: what the node prepared before is seen by the worker's acquire in on_wake */
    atomic_store_explicit(&worker->phase, (int)phase, memory_order_release);
    uv_async_send(&worker->wake);
}

static void publish_stats(struct worker *worker)
{
    uint64_t now = uv_now(&worker->loop);
    if (now - worker->stats_ms >= STATS_MS) {
        worker->stats_ms = now;
        struct shard_stats stats;
        shard_stats(worker->shard, &stats);
        uv_mutex_lock(&worker->lock);
        worker->stats = stats;
        uv_mutex_unlock(&worker->lock);
    }
}

static void flush_for_stop(struct worker *worker)
{
    if (shard_flush_all(worker->shard) && shard_quiet(worker->shard)) {
        /* release: paired with the node's acquire in wait_drained */
        atomic_store_explicit(&worker->drained, true, memory_order_release);
    }
}

static void turn_end(struct worker *worker)
{
    if (worker->node->edge.turn_end != NULL && worker->edge != NULL) {
        worker->node->edge.turn_end(worker->edge);
    }
    shard_turn_end(worker->shard);
    publish_stats(worker);
    if (atomic_load_explicit(&worker->phase, memory_order_relaxed) == WORKER_FLUSHING) {
        flush_for_stop(worker);
    }
}

/** While it is active the poll does not wait. */
static void on_again(uv_idle_t *again)
{
    struct worker *worker = again->data;
    if (worker->tick_due_now) {
        worker->tick_due_now = false;
        worker->tick_due_ms = 0;
        shard_tick(worker->shard);
    }
}

/** From here to the check, whoever posts wakes the poll; what came before keeps it from waiting. */
static void on_prepare(uv_prepare_t *prepare)
{
    struct worker *worker = prepare->data;
    turn_end(worker);
    uv_mutex_lock(&worker->lock);
    bool waiting = worker->inbox.count != 0;
    worker->polling = !waiting;
    uv_mutex_unlock(&worker->lock);
    if (waiting || worker->tick_due_now) {
        uv_idle_start(&worker->again, on_again);
    } else {
        uv_idle_stop(&worker->again);
    }
}

static void on_check(uv_check_t *check)
{
    struct worker *worker = check->data;
    struct message_list messages = {0};
    uv_mutex_lock(&worker->lock);
    worker->polling = false;
    message_list_splice(&messages, &worker->inbox);
    uv_mutex_unlock(&worker->lock);
    if (messages.count != 0) {
        shard_receive(worker->shard, &messages);
    }
    turn_end(worker);
}

static void close_handles(struct worker *worker)
{
    uv_handle_t *handles[] = {(uv_handle_t *)&worker->wake, (uv_handle_t *)&worker->prepare,
                              (uv_handle_t *)&worker->check, (uv_handle_t *)&worker->tick,
                              (uv_handle_t *)&worker->again};
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++) {
        if (!uv_is_closing(handles[i])) {
            uv_close(handles[i], NULL);
        }
    }
}

static void enter_phase(struct worker *worker, enum worker_phase phase)
{
    struct node_edge *edge = &worker->node->edge;
    if (phase == WORKER_DRAINING && worker->edge != NULL && edge->drain != NULL) {
        edge->drain(worker->edge);
    } else if (phase == WORKER_FLUSHING && worker->edge != NULL) {
        edge->close(worker->edge);
    } else if (phase == WORKER_CLOSING) {
        close_handles(worker);
    }
}

static void on_wake(uv_async_t *wake)
{
    struct worker *worker = wake->data;
    int phase = atomic_load_explicit(&worker->phase, memory_order_acquire);
    while (worker->phase_seen < phase) { /* none is passed over, however late this is */
        enter_phase(worker, (enum worker_phase)++ worker->phase_seen);
    }
}

int worker_init(struct worker *worker, struct node *node, uint16_t index)
{
    worker->node = node;
    worker->index = index;
    atomic_init(&worker->phase, WORKER_RUNNING);
    atomic_init(&worker->drained, false);
    CHECK_ALWAYS(uv_mutex_init(&worker->lock) == 0);
    CHECK_ALWAYS(uv_loop_init(&worker->loop) == 0);
    CHECK_ALWAYS(uv_async_init(&worker->loop, &worker->wake, on_wake) == 0);
    uv_prepare_init(&worker->loop, &worker->prepare);
    uv_check_init(&worker->loop, &worker->check);
    uv_timer_init(&worker->loop, &worker->tick);
    uv_idle_init(&worker->loop, &worker->again);
    worker->polling = true;
    uv_prepare_start(&worker->prepare, on_prepare);
    uv_check_start(&worker->check, on_check);
    worker->wake.data = worker->prepare.data = worker->check.data = worker;
    worker->tick.data = worker->again.data = worker;
    int error = state_reader_open(node->state, &worker->reader);
    if (error != 0) {
        return error;
    }
    struct shard_config config = {.index = index,
                                  .count = node->worker_count,
                                  .kinds = node->config.kinds,
                                  .kind_count = node->config.kind_count,
                                  .mailbox_max = node->config.mailbox_max,
                                  .idle_ms = node->config.actor_idle_ms,
                                  .flush_age_ms = node->config.flush_age_ms,
                                  .overlay_bytes_max =
                                      node->config.unflushed_max / node->config.shards,
                                  .replay_max = node->config.replay_max};
    worker->shard = shard_create(&config, &node->world);
    return 0;
}

/** Others ask it for its sessions. */
static void set_edge(struct worker *worker, void *edge)
{
    uv_mutex_lock(&worker->lock);
    worker->edge = edge;
    uv_mutex_unlock(&worker->lock);
}

static void run(void *argument)
{
    struct worker *worker = argument;
    if (worker->thread_started) {
        char name[16];
        snprintf(name, sizeof name, "duet-shard-%u", worker->index % 1000u);
        pthread_setname_np(pthread_self(), name);
    }
    uv_run(&worker->loop, UV_RUN_DEFAULT);
    if (worker->edge != NULL) {
        void *edge = worker->edge;
        set_edge(worker, NULL);
        if (worker->node->edge.destroy != NULL) {
            worker->node->edge.destroy(edge);
        }
        uv_run(&worker->loop, UV_RUN_DEFAULT);
    }
    pool_trim();
}

int worker_start(struct worker *worker)
{
    struct node_edge *edge = &worker->node->edge;
    if (edge->start != NULL) {
        void *started = NULL;
        int error = edge->start(edge->self, worker->index, &worker->loop, worker->shard, &started);
        if (error != 0) {
            return error;
        }
        set_edge(worker, started);
    }
    worker->thread_started = true;
    CHECK_ALWAYS(uv_thread_create(&worker->thread, run, worker) == 0);
    uv_async_send(&worker->wake); /* what came before it ran */
    return 0;
}

void worker_fini(struct worker *worker)
{
    if (!worker->thread_started) {
        close_handles(worker);
        run(worker);
    }
    shard_destroy(worker->shard);
    struct message *message;
    while ((message = message_list_pop(&worker->inbox)) != NULL) {
        message_destroy(message);
    }
    state_reader_close(worker->reader);
    int open = uv_loop_close(&worker->loop);
    if (open != 0) {
        LOG(WARN, "a loop still had handles at its end");
    }
    uv_mutex_destroy(&worker->lock);
}
