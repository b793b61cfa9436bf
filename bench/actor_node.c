#include "bench/actor_node.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/check.h"
#include "base/error.h"
#include "bench/interrupt.h"
#include "bench/measure.h"
#include "bench/node_figure.h"
#include "runtime/node.h"

#define CALL_RETRY_MS 10
#define ROUND_US_MAX (60 * INT64_C(1000000))
#define POLL_US 200
#define NO_END UINT64_MAX

static const uint8_t body[ACTOR_BODY_BYTES] = "duet";

struct caller_shard {
    struct actor_node *owner;
    struct shard *shard;
    uint16_t index;
    uv_timer_t timer;        /* begins, and repeats what was refused */
    uv_async_t round;        /* begins a round */
    enum bench_command code; /* what it calls with */
    uint64_t left;           /* calls to submit yet; NO_END: until it is closed */
    uint32_t next;           /* actor, in turn */
    uint32_t *again;         /* actors whose calls were refused, `window` at most */
    uint32_t again_count;
    uint64_t rounds, unanswered; /* of the round */
    uint64_t began_ns;
    bool begun, closed;
    /* Written by the shard's thread alone. The main thread sets took_ns to 0 before a round, and
     * waits for another value: stored with release, loaded with acquire. */
    _Alignas(64) _Atomic uint64_t took_ns;
    _Atomic uint64_t refused;
};

struct actor_node {
    struct actor_node_config config;
    struct node *node;
    struct caller_shard *shards;
    enum bench_command round_code;
    uint32_t round_count;
    _Atomic uint64_t rounds; /* asked for; release by the main thread, acquire by the shards */
};

static void add_one(_Atomic uint64_t *figure)
{
    /* relaxed: a figure, and there is one writer */
    atomic_store_explicit(figure, atomic_load_explicit(figure, memory_order_relaxed) + 1,
                          memory_order_relaxed);
}

static void submit(struct caller_shard *mine, enum bench_command code, uint32_t number,
                   uint32_t generation)
{
    struct command *command =
        command_create(bench_command_type(code), bench_actors.addresses[number]);
    struct bench_message *message = command->args;
    message->body = bytes_of(arena_copy(&command->arena, body, sizeof body), sizeof body);
    message->has_body = true;
    command->caller = (struct caller){.session = {.shard = mine->index, .generation = generation},
                                      .request = number};
    shard_submit(mine->shard, command);
}

static void call_next(struct caller_shard *mine)
{
    uint32_t per_shard = bench_actors.count / mine->owner->config.shards;
    if (mine->closed || mine->left == 0) {
        return;
    }
    mine->left -= mine->left != NO_END;
    uint32_t number = bench_actor_number(mine->index, mine->next);
    mine->next = (mine->next + 1) % per_shard;
    submit(mine, mine->code, number, 1);
}

static void call_window(struct caller_shard *mine)
{
    for (uint32_t i = 0; i < mine->owner->config.window; i++) {
        call_next(mine);
    }
}

static void on_reply(void *self, const struct reply *reply)
{
    struct caller_shard *mine = self;
    if (reply->error != 0) {
        add_one(&mine->refused);
        mine->again[mine->again_count++] = reply->caller.request; /* not at once: it was too much */
        return;
    }
    if (mine->unanswered != 0 && --mine->unanswered == 0) {
        atomic_store_explicit(&mine->took_ns, uv_hrtime() - mine->began_ns, memory_order_release);
    }
    call_next(mine);
}

static void on_timer(uv_timer_t *timer)
{
    struct caller_shard *mine = timer->data;
    const struct actor_node_config *config = &mine->owner->config;
    if (!mine->begun) {
        mine->begun = true;
        if (config->start) {
            submit(mine, BENCH_START, bench_actor_number(mine->index, 0), 0);
        }
        if (config->call != 0) {
            mine->code = config->call;
            mine->left = NO_END;
            call_window(mine);
        }
    }
    for (uint32_t left = mine->again_count; left != 0 && !mine->closed; left--) {
        submit(mine, mine->code, mine->again[--mine->again_count], 1);
    }
}

static void on_round(uv_async_t *async)
{
    struct caller_shard *mine = async->data;
    struct actor_node *owner = mine->owner;
    uint64_t rounds = atomic_load_explicit(&owner->rounds, memory_order_acquire);
    if (rounds == mine->rounds) {
        return;
    }
    mine->rounds = rounds;
    mine->code = owner->round_code;
    mine->left = mine->unanswered = owner->round_count;
    mine->next = 0;
    mine->began_ns = uv_hrtime();
    call_window(mine);
}

static int edge_start(void *self, uint16_t index, uv_loop_t *loop, struct shard *shard, void **edge)
{
    struct caller_shard *mine = &((struct actor_node *)self)->shards[index];
    mine->owner = self;
    mine->shard = shard;
    mine->index = index;
    mine->timer.data = mine;
    mine->round.data = mine;
    uv_async_init(loop, &mine->round, on_round);
    uv_timer_init(loop, &mine->timer);
    uv_timer_start(&mine->timer, on_timer, 0, CALL_RETRY_MS);
    shard_set_edge(shard, &(struct shard_edge){.self = mine, .reply = on_reply});
    *edge = mine;
    return 0;
}

static void edge_drain(void *edge)
{
    ((struct caller_shard *)edge)->closed = true;
}

static void edge_close(void *edge)
{
    struct caller_shard *mine = edge;
    uv_close((uv_handle_t *)&mine->timer, NULL);
    uv_close((uv_handle_t *)&mine->round, NULL);
}

int actor_node_start(const struct actor_node_config *config, struct actor_node **out)
{
    static const struct kind *const kinds[] = {&bench_kind};
    struct actor_node *node = memory_alloc(sizeof *node);
    node->config = *config;
    node->shards = aligned_alloc(64, config->shards * sizeof *node->shards);
    CHECK_ALWAYS(node->shards != NULL);
    memset(node->shards, 0, config->shards * sizeof *node->shards);
    for (uint16_t i = 0; i < config->shards; i++) {
        node->shards[i].again = memory_alloc(config->window * sizeof *node->shards[i].again);
    }
    const struct node_edge edge = {
        .self = node, .start = edge_start, .drain = edge_drain, .close = edge_close};
    const struct node_config node_config = {.data = config->data,
                                            .shards = config->shards,
                                            .kinds = kinds,
                                            .kind_count = 1,
                                            .log_keep = true,
                                            .mailbox_max = config->mailbox_max,
                                            .flush_age_ms = config->flush_age_ms,
                                            .actor_idle_ms = config->idle_ms};
    int error = node_open(&node_config, &node->node);
    if (error == 0) {
        error = node_start(node->node, &edge);
    }
    if (error != 0) {
        actor_node_close(node);
        return error;
    }
    *out = node;
    return 0;
}

void actor_node_close(struct actor_node *node)
{
    if (node == NULL) {
        return;
    }
    /* relaxed: seen some messages later, by each */
    atomic_store_explicit(&bench_actors.stop, true, memory_order_relaxed);
    node_close(node->node);
    for (uint16_t i = 0; i < node->config.shards; i++) {
        free(node->shards[i].again);
    }
    free(node->shards);
    free(node);
}

/* 0 while the shard's round is under way. */
static uint64_t took_ns(const struct actor_node *node, uint16_t shard)
{
    return atomic_load_explicit(&node->shards[shard].took_ns, memory_order_acquire);
}

int actor_node_round(struct actor_node *node, enum bench_command code, uint32_t count,
                     struct actor_round *out)
{
    struct actor_round round = {0};
    int64_t until_us = monotonic_us() + ROUND_US_MAX;
    node->round_code = code;
    node->round_count = count;
    for (uint16_t i = 0; i < node->config.shards; i++) {
        atomic_store_explicit(&node->shards[i].took_ns, 0, memory_order_relaxed);
    }
    atomic_fetch_add_explicit(&node->rounds, 1, memory_order_release);
    for (uint16_t i = 0; i < node->config.shards; i++) {
        uv_async_send(&node->shards[i].round);
    }
    for (uint16_t i = 0; i < node->config.shards; i++) {
        while (took_ns(node, i) == 0) {
            if (interrupted() || monotonic_us() > until_us) {
                return interrupted() ? ERR_END : ERR_BUSY;
            }
            usleep(POLL_US);
        }
        double took = (double)took_ns(node, i);
        round.longest_ns = took > round.longest_ns ? took : round.longest_ns;
        round.sum_ns += took;
    }
    *out = round;
    return 0;
}

uint64_t actor_node_refused(struct actor_node *node)
{
    uint64_t sum = 0;
    for (uint16_t i = 0; i < node->config.shards; i++) {
        sum += atomic_load_explicit(&node->shards[i].refused, memory_order_relaxed);
    }
    return sum;
}

int64_t actor_node_figure(struct actor_node *node, const char *name)
{
    return find_node_figure(node->node, name);
}
