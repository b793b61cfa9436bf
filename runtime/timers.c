/*
 * Durable timers. The truth is the actor's row; the heap here is a reminder of what is near.
 *
 * A reminder whose actor's row says otherwise is dropped, so doubles and stale ones do no harm.
 * Rows of STATE_TIMERS are read up to a horizon, which moves on; timers set since, and not yet
 * flushed, are found in the layers of dirty actors.
 */
#include <stdlib.h>

#include "runtime/shard_internal.h"

#define HORIZON_MS (10LL * 60 * 1000)
#define FIRED_PER_TICK 1000
#define FAILED_RETRY_MS 1000

static void heap_swap(struct shard *shard, uint32_t a, uint32_t b)
{
    struct timer_item item = shard->timers[a];
    shard->timers[a] = shard->timers[b];
    shard->timers[b] = item;
}

static void heap_push(struct shard *shard, struct timer_item item)
{
    item.when_ms = item.when_ms == 0 ? item.due_ms : item.when_ms;
    if (shard->timer_count == shard->timer_cap) {
        shard->timer_cap = shard->timer_cap == 0 ? 64 : shard->timer_cap * 2;
        shard->timers = memory_resize(shard->timers, shard->timer_cap * sizeof *shard->timers);
    }
    uint32_t at = shard->timer_count++;
    shard->timers[at] = item;
    while (at != 0 && shard->timers[(at - 1) / 2].when_ms > shard->timers[at].when_ms) {
        heap_swap(shard, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

static struct timer_item heap_pop(struct shard *shard)
{
    struct timer_item top = shard->timers[0];
    shard->timers[0] = shard->timers[--shard->timer_count];
    uint32_t at = 0;
    for (;;) {
        uint32_t least = at;
        for (uint32_t child = 2 * at + 1; child <= 2 * at + 2; child++) {
            if (child < shard->timer_count &&
                shard->timers[child].when_ms < shard->timers[least].when_ms) {
                least = child;
            }
        }
        if (least == at) {
            return top;
        }
        heap_swap(shard, at, least);
        at = least;
    }
}

void timers_add(struct shard *shard, struct timer_item item)
{
    if (shard->started && item.due_ms < shard->timers_loaded_to_ms) {
        heap_push(shard, item);
        shard->world->tick_at(shard->world->self, shard->config.index, item.due_ms);
    }
}

struct load {
    struct shard *shard;
    struct address address;
    int64_t from_ms;
};

static bool load_row(void *context, struct bytes key, struct bytes value)
{
    struct load *load = context;
    (void)value;
    CHECK_ALWAYS(key.len == 1 + 8 + ADDRESS_BYTES + 4);
    heap_push(load->shard, (struct timer_item){.due_ms = (int64_t)get_u64(key.data + 1),
                                               .address = address_decode(key.data + 9),
                                               .id = get_u32(key.data + 9 + ADDRESS_BYTES)});
    return true;
}

static bool load_layer_row(void *context, struct bytes key, struct bytes value)
{
    struct load *load = context;
    int64_t due = (int64_t)get_u64(value.data);
    if (due >= load->from_ms && due < load->shard->timers_loaded_to_ms) {
        heap_push(
            load->shard,
            (struct timer_item){.due_ms = due, .address = load->address, .id = get_u32(key.data)});
    }
    return true;
}

/** Reads what falls due before the new horizon. */
void timers_load(struct shard *shard)
{
    struct load load = {.shard = shard, .from_ms = shard->timers_loaded_to_ms};
    shard->timers_loaded_to_ms = shard->now_ms + HORIZON_MS;
    for (uint32_t p = shard->config.index; p < PARTITION_COUNT; p += shard->config.count) {
        uint8_t from[9] = {(uint8_t)p}, to[9] = {(uint8_t)p};
        put_u64(from + 1, (uint64_t)load.from_ms);
        put_u64(to + 1, (uint64_t)shard->timers_loaded_to_ms);
        int error =
            shard->world->state_scan(shard->world->self, shard->config.index, STATE_TIMERS,
                                     bytes_of(from, 9), bytes_of(to, 9), false, load_row, &load);
        CHECK_ALWAYS(error == 0);
    }
    struct bytes all = bytes_of(NULL, 0);
    struct actor *actor;
    TAILQ_FOREACH (actor, &shard->lru, lru) {
        if (actor->current != NULL || actor->frozen != NULL) {
            load.address = actor->address;
            actor_range(shard, actor, COLLECTION_TIMERS, all, all, UINT32_MAX, false,
                        load_layer_row, &load);
        }
    }
}

int64_t timers_next_ms(const struct shard *shard)
{
    int64_t refill = shard->timers_loaded_to_ms - HORIZON_MS / 2;
    int64_t due = shard->timer_count == 0 ? INT64_MAX : shard->timers[0].when_ms;
    return due < refill ? due : refill;
}

void timers_fire(struct shard *shard)
{
    if (shard->now_ms >= shard->timers_loaded_to_ms - HORIZON_MS / 2) {
        timers_load(shard);
    }
    for (int i = 0;
         i < FIRED_PER_TICK && shard->timer_count != 0 && shard->timers[0].when_ms <= shard->now_ms;
         i++) {
        struct timer_item item = heap_pop(shard);
        struct effect_timer *due = memory_alloc(sizeof *due);
        due->message.type = EFFECT_TIMER;
        due->to = item.address;
        due->id = item.id;
        due->due_ms = item.due_ms;
        shard_send_message(shard, shard->config.index, &due->message);
    }
}

static int step_timer(struct ctx *ctx, const void *argument)
{
    const struct effect_timer *due = argument;
    ctx_timer_clear(ctx, due->id);
    return ctx->actor->kind->timer(ctx, ctx->actor->root, due->id,
                                   due->due_ms < ctx->shard->started_ms);
}

void timers_dispatch(struct shard *shard, const struct effect_timer *due)
{
    struct actor *actor = actor_get(shard, due->to);
    uint8_t id[4];
    struct bytes row;
    put_u32(id, due->id);
    if (actor_row_get(shard, actor, COLLECTION_TIMERS, bytes_of(id, 4), &row) != 0 ||
        (int64_t)get_u64(row.data) != due->due_ms) {
        return; /* cleared, moved, or fired already */
    }
    CHECK_ALWAYS(actor->kind->timer != NULL);
    struct ctx ctx;
    ctx_begin(&ctx, shard, actor, NULL);
    int error = run_actor(shard, &ctx, step_timer, due);
    ctx_end(&ctx);
    if (error == 0) {
        shard->stats.timers_fired++;
        return;
    }
    shard->stats.handler_failures++;
    heap_push(shard, (struct timer_item){.when_ms = shard->now_ms + FAILED_RETRY_MS,
                                         .due_ms = due->due_ms,
                                         .address = due->to,
                                         .id = due->id});
}
