#include "bench/actor_node.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/check.h"
#include "base/error.h"
#include "runtime/node.h"

#define CALL_RETRY_MS 10
#define FIGURES_MAX 128

static const uint8_t body[ACTOR_BODY_BYTES] = "duet";

struct caller_shard {
    struct actor_node *owner;
    struct shard *shard;
    uint16_t index;
    uv_timer_t timer; /* begins, and repeats what was refused */
    uint64_t submitted, rounds;
    uint32_t again; /* calls to submit by the timer */
    bool begun, closed;
    _Alignas(64) _Atomic uint64_t answered; /* written by the shard's thread alone, as the next */
    _Atomic uint64_t refused;
};

struct actor_node {
    struct actor_node_config config;
    struct node *node;
    struct caller_shard *shards;
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
    const struct actor_node_config *config = &mine->owner->config;
    uint32_t per_shard = bench_actors.count / config->shards;
    if (mine->closed || (config->calls != 0 && mine->submitted >= config->calls * mine->rounds)) {
        return;
    }
    uint32_t number = bench_actor_number(mine->index, (uint32_t)(mine->submitted++ % per_shard));
    submit(mine, config->call, number, 1);
}

static void on_reply(void *self, const struct reply *reply)
{
    struct caller_shard *mine = self;
    if (reply->error != 0) {
        add_one(&mine->refused);
        mine->again++; /* not at once: it was too much */
        return;
    }
    add_one(&mine->answered);
    call_next(mine);
}

static void on_timer(uv_timer_t *timer)
{
    struct caller_shard *mine = timer->data;
    struct actor_node *owner = mine->owner;
    if (!mine->begun) {
        mine->begun = true;
        if (owner->config.start) {
            submit(mine, BENCH_START, bench_actor_number(mine->index, 0), 0);
        }
        mine->again = owner->config.call != 0 ? owner->config.window : 0;
    }
    uint64_t rounds = atomic_load_explicit(&owner->rounds, memory_order_acquire);
    if (rounds != mine->rounds) {
        mine->rounds = rounds;
        mine->again = owner->config.window;
    }
    for (uint32_t left = mine->again; left != 0; left--) {
        mine->again--;
        call_next(mine);
    }
}

static int edge_start(void *self, uint16_t index, uv_loop_t *loop, struct shard *shard, void **edge)
{
    struct caller_shard *mine = &((struct actor_node *)self)->shards[index];
    mine->owner = self;
    mine->shard = shard;
    mine->index = index;
    mine->timer.data = mine;
    uv_timer_init(loop, &mine->timer);
    uv_timer_start(&mine->timer, on_timer, 0, CALL_RETRY_MS);
    shard_set_edge(shard, &(struct shard_edge){.self = mine, .reply = on_reply});
    *edge = mine;
    return 0;
}

static void edge_nothing(void *edge)
{
    (void)edge;
}

static void edge_drain(void *edge)
{
    ((struct caller_shard *)edge)->closed = true;
}

static void edge_close(void *edge)
{
    uv_close((uv_handle_t *)&((struct caller_shard *)edge)->timer, NULL);
}

static uint64_t edge_sessions(void *edge)
{
    (void)edge;
    return 0;
}

int actor_node_start(const struct actor_node_config *config, struct actor_node **out)
{
    static const struct kind *const kinds[] = {&bench_kind};
    struct actor_node *node = memory_alloc(sizeof *node);
    node->config = *config;
    node->shards = aligned_alloc(64, config->shards * sizeof *node->shards);
    CHECK_ALWAYS(node->shards != NULL);
    memset(node->shards, 0, config->shards * sizeof *node->shards);
    const struct node_edge edge = {.self = node,
                                   .start = edge_start,
                                   .drain = edge_drain,
                                   .turn_end = edge_nothing,
                                   .close = edge_close,
                                   .destroy = edge_nothing,
                                   .sessions = edge_sessions};
    const struct node_config node_config = {.data = config->data,
                                            .shards = config->shards,
                                            .kinds = kinds,
                                            .kind_count = 1,
                                            .log_keep = true,
                                            .mailbox_max = config->mailbox_max,
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

void actor_node_round(struct actor_node *node, enum bench_command code)
{
    node->config.call = code;
    atomic_fetch_add_explicit(&node->rounds, 1, memory_order_release);
}

void actor_node_close(struct actor_node *node)
{
    if (node == NULL) {
        return;
    }
    /* relaxed: seen some messages later, by each */
    atomic_store_explicit(&bench_actors.stop, true, memory_order_relaxed);
    node_close(node->node);
    free(node->shards);
    free(node);
}

uint64_t actor_node_answered(struct actor_node *node)
{
    uint64_t sum = 0;
    for (uint16_t i = 0; i < node->config.shards; i++) {
        sum += atomic_load_explicit(&node->shards[i].answered, memory_order_relaxed);
    }
    return sum;
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
    struct node_figure figures[FIGURES_MAX];
    uint32_t count = node_figures(node->node, figures, FIGURES_MAX);
    for (uint32_t i = 0; i < count && i < FIGURES_MAX; i++) {
        if (strcmp(figures[i].name, name) == 0) {
            return figures[i].value;
        }
    }
    return -1;
}
