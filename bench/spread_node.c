#include "bench/spread_node.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include <sodium.h>

#include "actors/couple_records.h"
#include "actors/kinds.h"
#include "actors/registry.h"
#include "base/check.h"
#include "base/error.h"
#include "bench/measure.h"
#include "bench/node_figure.h"
#include "runtime/node.h"

#define RETRY_MS 10
#define PACE_MS 1
#define SEGMENT_BYTES ((uint64_t)64 << 20) /* small, so that reserving them is spread evenly */

enum phase { PHASE_CHAT, PHASE_MEASURE, PHASE_STOP };

/* A message that waits for its answer. */
struct slot {
    uint32_t couple;
    uint8_t member;
    int64_t no;
    int64_t due_us; /* when it was sent first, or should have been */
    bool measured;
};

/* What stands on a shard in the place of its sessions; its thread's alone, but for the counts. */
struct chat_edge {
    struct spread_node *owner;
    struct shard *shard;
    uint16_t index;
    uv_timer_t timer; /* begins, and sends again what was refused */
    uv_timer_t pace;  /* with a rate: sends what is due */
    bool begun, closed;
    double us_each; /* with a rate, between two messages; else 0 */
    double next_due_us;
    uint32_t *order; /* of its couples */
    uint32_t order_count, next;
    struct slot *slots;
    uint32_t window;
    uint32_t *free; /* with a rate: slots without a message */
    uint32_t free_count;
    uint32_t *again; /* a ring of slots whose commands were BUSY, `window` at most */
    uint32_t again_first, again_count;
    struct histogram *latencies;
    /* Written by the shard's thread; release, so that who has seen a count sees those before it. */
    _Alignas(64) _Atomic uint64_t sent, acked, busy, errors;
    atomic_int first_error;
};

struct spread_node {
    struct spread_node_config config;
    struct node *node;
    struct chat_edge *edges; /* one per shard; NULL until the node is open */
    uint16_t shards;
    const struct op *send;
    atomic_int phase; /* set by the main thread; relaxed, seen some messages later */
};

/* There is one writer. */
static void add_one(_Atomic uint64_t *count)
{
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1,
                          memory_order_release);
}

static enum phase phase_of(const struct spread_node *node)
{
    return (enum phase)atomic_load_explicit(&node->phase, memory_order_relaxed);
}

/* --- on a shard ----------------------------------------------------------------------------- */

static void submit(struct chat_edge *edge, uint32_t at)
{
    const struct slot *slot = &edge->slots[at];
    const struct log_couple *couple = &edge->owner->config.chat->couples[slot->couple];
    const struct principal who = {.user = couple->members[slot->member],
                                  .device = couple->devices[slot->member],
                                  .couple = couple->couple,
                                  .signed_in = true};
    char text[LOG_CHAT_TEXT_BYTES];
    memset(text, 'a' + (int)(slot->no % 26), sizeof text);
    struct command *command =
        command_create(&edge->owner->send->command, (struct address){.kind = 0});
    struct chat_send_args *args = command->args;
    args->no = slot->no;
    args->text = bytes_of(arena_copy(&command->arena, text, sizeof text), sizeof text);
    CHECK_ALWAYS(edge->owner->send->route(&who, args, &command->to) == 0);
    command_origin(command)->who = who;
    command->caller =
        (struct caller){.session = {.shard = edge->index, .generation = 1}, .request = at};
    shard_submit(edge->shard, command);
}

static void send_next(struct chat_edge *edge, uint32_t at, int64_t due_us)
{
    enum phase phase = phase_of(edge->owner);
    if (edge->closed || phase == PHASE_STOP) {
        return;
    }
    uint32_t number = edge->order[edge->next];
    edge->next = (edge->next + 1) % edge->order_count;
    struct log_couple *couple = &edge->owner->config.chat->couples[number];
    uint8_t member = couple->messages++ & 1;
    edge->slots[at] = (struct slot){.couple = number,
                                    .member = member,
                                    .no = ++couple->sent[member],
                                    .due_us = due_us,
                                    .measured = phase == PHASE_MEASURE};
    add_one(&edge->sent);
    submit(edge, at);
}

/* The slot has its answer. */
static void go_on(struct chat_edge *edge, uint32_t at, int64_t now_us)
{
    if (edge->us_each > 0) {
        edge->free[edge->free_count++] = at;
    } else {
        send_next(edge, at, now_us);
    }
}

static void note_error(struct chat_edge *edge, int error)
{
    if (atomic_load_explicit(&edge->first_error, memory_order_relaxed) == 0) {
        atomic_store_explicit(&edge->first_error, error, memory_order_relaxed);
    }
    add_one(&edge->errors);
}

static void on_reply(void *self, const struct reply *reply)
{
    struct chat_edge *edge = self;
    uint32_t at = reply->caller.request;
    const struct slot *slot = &edge->slots[at];
    int64_t now_us = monotonic_us();
    if (reply->error == ERR_BUSY) {
        add_one(&edge->busy);
        /* not at once: it was too much */
        edge->again[(edge->again_first + edge->again_count++) % edge->window] = at;
        return;
    }
    if (reply->error != 0) {
        note_error(edge, reply->error);
    } else {
        if (slot->measured && phase_of(edge->owner) == PHASE_MEASURE) {
            histogram_add(edge->latencies, (uint64_t)(now_us - slot->due_us));
        }
        add_one(&edge->acked);
    }
    go_on(edge, at, now_us);
}

static void on_timer(uv_timer_t *timer)
{
    struct chat_edge *edge = timer->data;
    if (!edge->begun) {
        edge->begun = true;
        edge->next_due_us = (double)monotonic_us();
        for (uint32_t i = 0; i < edge->window; i++) {
            go_on(edge, i, monotonic_us());
        }
    }
    for (uint32_t left = edge->again_count; left != 0 && !edge->closed; left--) {
        uint32_t at = edge->again[edge->again_first];
        edge->again_first = (edge->again_first + 1) % edge->window;
        edge->again_count--;
        submit(edge, at); /* which may be BUSY again, and last in the ring */
    }
}

/* What finds no free slot is due all the same, and its latency counts from then. */
static void on_pace(uv_timer_t *timer)
{
    struct chat_edge *edge = timer->data;
    double now_us = (double)monotonic_us();
    while (edge->free_count != 0 && edge->next_due_us <= now_us) {
        send_next(edge, edge->free[--edge->free_count], (int64_t)edge->next_due_us);
        edge->next_due_us += edge->us_each;
    }
}

static int edge_start(void *self, uint16_t index, uv_loop_t *loop, struct shard *shard, void **out)
{
    struct chat_edge *edge = &((struct spread_node *)self)->edges[index];
    edge->shard = shard;
    edge->timer.data = edge->pace.data = edge;
    uv_timer_init(loop, &edge->timer);
    uv_timer_init(loop, &edge->pace);
    uv_timer_start(&edge->timer, on_timer, 0, RETRY_MS);
    if (edge->us_each > 0) {
        uv_timer_start(&edge->pace, on_pace, PACE_MS, PACE_MS);
    }
    shard_set_edge(shard, &(struct shard_edge){.self = edge, .reply = on_reply});
    *out = edge;
    return 0;
}

static void edge_drain(void *edge)
{
    ((struct chat_edge *)edge)->closed = true;
}

static void edge_close(void *self)
{
    struct chat_edge *edge = self;
    uv_close((uv_handle_t *)&edge->timer, NULL);
    uv_close((uv_handle_t *)&edge->pace, NULL);
}

/* --- the node ------------------------------------------------------------------------------- */

static void shuffle(uint32_t *items, uint32_t count)
{
    for (uint32_t i = count; i > 1; i--) {
        uint32_t other = randombytes_uniform(i);
        uint32_t item = items[i - 1];
        items[i - 1] = items[other];
        items[other] = item;
    }
}

/* What does not divide evenly goes to the first ones. */
static uint32_t share_of(uint32_t all, uint16_t shards, uint16_t index)
{
    return all / shards + (index < all % shards);
}

static void edge_init(struct chat_edge *edge, struct spread_node *owner, uint16_t index)
{
    uint16_t shards = owner->shards;
    edge->owner = owner;
    edge->index = index;
    edge->order_count = share_of((uint32_t)owner->config.chat->count, shards, index);
    edge->window = edge->order_count != 0 ? share_of(owner->config.window, shards, index) : 0;
    edge->order = memory_alloc(edge->order_count * sizeof *edge->order + 1);
    edge->slots = memory_alloc(edge->window * sizeof *edge->slots + 1);
    edge->free = memory_alloc(edge->window * sizeof *edge->free + 1);
    edge->again = memory_alloc(edge->window * sizeof *edge->again + 1);
    edge->latencies = memory_alloc(sizeof *edge->latencies);
    if (owner->config.rate != 0) { /* each as many as it has couples */
        edge->us_each = 1e6 * (double)owner->config.chat->count /
                        ((double)owner->config.rate * (double)edge->order_count);
    }
    for (uint32_t i = 0; i < edge->order_count; i++) {
        edge->order[i] = i * shards + index;
    }
    shuffle(edge->order, edge->order_count);
}

static void edges_create(struct spread_node *node)
{
    node->edges = aligned_alloc(64, node->shards * sizeof *node->edges);
    CHECK_ALWAYS(node->edges != NULL);
    memset(node->edges, 0, node->shards * sizeof *node->edges);
    for (uint16_t i = 0; i < node->shards; i++) {
        edge_init(&node->edges[i], node, i);
    }
}

static const struct op *find_send(void)
{
    for (uint32_t i = 0; i < couple_kind.op_count; i++) {
        if (couple_kind.ops[i]->command.code == COUPLE_CHAT_SEND) {
            return couple_kind.ops[i];
        }
    }
    CHECK_ALWAYS(false && "the op that sends a message is gone");
    return NULL;
}

static int open_node(struct spread_node *node)
{
    const struct spread_node_config *config = &node->config;
    const struct node_config node_config = {.data = config->data,
                                            .shards = config->shards,
                                            .kinds = actor_kinds,
                                            .kind_count = (uint32_t)actor_kind_count,
                                            .log_segment_bytes = SEGMENT_BYTES,
                                            .log_keep = true,
                                            .replay_max = config->replay_max,
                                            .flush_age_ms = config->flush_age_ms,
                                            .unflushed_max = config->unflushed_max};
    const struct node_edge edge = {
        .self = node, .start = edge_start, .drain = edge_drain, .close = edge_close};
    int error = node_open(&node_config, &node->node);
    if (error != 0) {
        return error;
    }
    node->shards = (uint16_t)find_node_figure(node->node, "shards");
    edges_create(node);
    return node_start(node->node, &edge);
}

int spread_node_start(const struct spread_node_config *config, struct spread_node **out)
{
    struct spread_node *node = memory_alloc(sizeof *node);
    node->config = *config;
    node->send = find_send();
    int error = open_node(node);
    if (error != 0) {
        spread_node_close(node, NULL);
        return error;
    }
    *out = node;
    return 0;
}

void spread_node_close(struct spread_node *node, struct histogram *latencies)
{
    if (node == NULL) {
        return;
    }
    node_close(node->node);
    for (uint16_t i = 0; i < node->shards; i++) { /* whose threads have ended */
        struct chat_edge *edge = &node->edges[i];
        if (latencies != NULL) {
            histogram_merge(latencies, edge->latencies);
        }
        free(edge->order);
        free(edge->slots);
        free(edge->free);
        free(edge->again);
        free(edge->latencies);
    }
    free(node->edges);
    free(node);
}

struct spread_count spread_node_count(const struct spread_node *node)
{
    struct spread_count sum = {0};
    for (uint16_t i = 0; i < node->shards; i++) {
        struct chat_edge *edge = &node->edges[i];
        /* acquire: `sent` is read last, so there are no answers to what was not sent */
        sum.acked += atomic_load_explicit(&edge->acked, memory_order_acquire);
        sum.busy += atomic_load_explicit(&edge->busy, memory_order_acquire);
        sum.errors += atomic_load_explicit(&edge->errors, memory_order_acquire);
        sum.sent += atomic_load_explicit(&edge->sent, memory_order_acquire);
        int error = atomic_load_explicit(&edge->first_error, memory_order_relaxed);
        sum.first_error = sum.first_error != 0 ? sum.first_error : error;
    }
    return sum;
}

int64_t spread_node_figure(const struct spread_node *node, const char *name)
{
    return find_node_figure(node->node, name);
}

void spread_node_measure(struct spread_node *node)
{
    atomic_store_explicit(&node->phase, PHASE_MEASURE, memory_order_relaxed);
}

void spread_node_stop(struct spread_node *node)
{
    atomic_store_explicit(&node->phase, PHASE_STOP, memory_order_relaxed);
}
