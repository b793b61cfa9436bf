#include "runtime/node.h"

#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "runtime/node_internal.h"

#define STOP_FLUSH_MS 20000
#define SHARDS_MAX 256

uint16_t node_default_shards(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    long shards = cores > 2 ? cores - 1 : 1;
    return (uint16_t)(shards < SHARDS_MAX ? shards : SHARDS_MAX);
}

static void config_defaults(struct node_config *config)
{
    config->shards = config->shards != 0 ? config->shards : node_default_shards();
    config->replay_max = config->replay_max != 0 ? config->replay_max : 1000000;
    config->access_ms = config->access_ms != 0 ? config->access_ms : 30LL * 60 * 1000;
    config->refresh_ms = config->refresh_ms != 0 ? config->refresh_ms : 7LL * 86400 * 1000;
    config->drain_ms = config->drain_ms != 0 ? config->drain_ms : 5000;
}

static int open_storage(struct node *node)
{
    int pid = 0;
    int error = datadir_open(node->config.data, &node->datadir, &pid);
    if (error != 0) {
        LOG(ERROR, "cannot use the data directory", LOG_PAIR("path", LOG_TEXT(node->config.data)),
            LOG_PAIR("error", LOG_TEXT(error_name(error))), LOG_PAIR("held_by", LOG_INT(pid)));
        return error;
    }
    uint8_t secret[64];
    error = datadir_signing_key(node->datadir, secret);
    if (error != 0) {
        return error;
    }
    token_key_init(&node->token_key, secret); /* an Ed25519 secret key begins with its seed */
    sodium_memzero(secret, sizeof secret);
    struct log_config log = {.directory = datadir_log(node->datadir),
                             .segment_bytes = node->config.log_segment_bytes,
                             .reserve_bytes = node->config.log_reserve_bytes,
                             .test_nosync = node->config.test_log_nosync};
    error = log_open(&log, &node->log);
    if (error != 0) {
        return error;
    }
    struct state_config state = {.directory = datadir_state(node->datadir)};
    return state_open(&state, &node->state);
}

static void close_storage(struct node *node)
{
    if (node->state != NULL) {
        state_close(node->state);
    }
    log_close(node->log);
    if (node->datadir != NULL) {
        datadir_close(node->datadir);
    }
    token_key_fini(&node->token_key);
}

int node_open(const struct node_config *config, struct node **out)
{
    /* Argon2id takes 64 MiB a run: two at once, the rest waits in libuv's queue. */
    setenv("UV_THREADPOOL_SIZE", "2", 1);
    struct node *node = memory_alloc(sizeof *node);
    node->config = *config;
    config_defaults(&node->config);
    node->worker_count = node->config.shards;
    node->workers = memory_alloc(node->worker_count * sizeof *node->workers);
    world_uv_init(&node->world, node);
    int error = open_storage(node);
    if (error == 0) {
        error = node_recover(node);
    }
    if (error != 0) {
        node_close(node);
        return error;
    }
    *out = node;
    return 0;
}

static void stop_workers(struct node *node)
{
    for (uint16_t i = 0; i < node->worker_count; i++) {
        if (node->workers[i].thread_started) {
            worker_set_phase(&node->workers[i], WORKER_CLOSING);
        }
    }
    for (uint16_t i = 0; i < node->worker_count; i++) {
        if (node->workers[i].thread_started) {
            uv_thread_join(&node->workers[i].thread);
        }
    }
}

int node_start(struct node *node, const struct node_edge *edge)
{
    if (edge != NULL) {
        node->edge = *edge;
    }
    log_writer_start(&node->log_writer, node);
    node->started = true;
    struct lsn tail = log_tail(node->log);
    for (uint16_t i = 0; i < node->worker_count; i++) {
        shard_start(node->workers[i].shard, tail);
    }
    for (uint16_t i = 0; i < node->worker_count; i++) {
        int error = worker_start(&node->workers[i]);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

uint64_t node_open_sessions(const struct node *node)
{
    uint64_t sessions = 0;
    for (uint16_t i = 0; i < node->worker_count; i++) {
        struct worker *worker = &node->workers[i];
        uv_mutex_lock(&worker->lock); /* it is not freed meanwhile */
        if (worker->edge != NULL && node->edge.sessions != NULL) {
            sessions += node->edge.sessions(worker->edge);
        }
        uv_mutex_unlock(&worker->lock);
    }
    return sessions;
}

static bool all_drained(struct node *node)
{
    for (uint16_t i = 0; i < node->worker_count; i++) {
        /* acquire: paired with flush_for_stop in worker.c */
        if (!atomic_load_explicit(&node->workers[i].drained, memory_order_acquire)) {
            return false;
        }
    }
    return true;
}

static void set_phase(struct node *node, enum worker_phase phase)
{
    for (uint16_t i = 0; i < node->worker_count; i++) {
        worker_set_phase(&node->workers[i], phase);
    }
}

static bool all_started(const struct node *node)
{
    for (uint16_t i = 0; i < node->worker_count; i++) {
        if (!node->workers[i].thread_started) {
            return false;
        }
    }
    return node->started;
}

static void drain(struct node *node)
{
    set_phase(node, WORKER_DRAINING);
    for (int64_t waited = 0; waited < node->config.drain_ms && node_open_sessions(node) != 0;
         waited += 10) {
        usleep(10000);
    }
    set_phase(node, WORKER_FLUSHING);
    for (int waited = 0; waited < STOP_FLUSH_MS && !all_drained(node); waited += 5) {
        usleep(5000);
    }
    if (!all_drained(node)) {
        LOG(WARN, "state was not flushed whole; the log will be replayed at the next start");
    }
}

void node_close(struct node *node)
{
    if (node == NULL) {
        return;
    }
    if (all_started(node)) {
        drain(node);
    }
    if (node->started) {
        stop_workers(node);
        log_writer_stop(&node->log_writer);
    }
    state_writer_stop(&node->state_writer);
    for (uint16_t i = 0; i < node->worker_count; i++) {
        if (node->workers[i].node != NULL) {
            worker_fini(&node->workers[i]);
        }
    }
    if (node->state_writer.node != NULL) {
        state_writer_fini(&node->state_writer);
    }
    close_storage(node);
    free(node->workers);
    free(node);
}

struct id node_id(const struct node *node)
{
    return datadir_node(node->datadir);
}

const struct token_key *node_token_key(const struct node *node)
{
    return &node->token_key;
}

struct log *node_log(const struct node *node)
{
    return node->log;
}
