#include "bench/actor_shapes.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "bench/actor_node.h"
#include "bench/folder.h"
#include "bench/interrupt.h"
#include "bench/measure.h"

#define ACTIVATION_WINDOW 64
#define ACTIVATION_IDLE_MS 100
#define WAIT_MAX_US (60 * INT64_C(1000000))

/* --- who talks to whom ------------------------------------------------------------------------ */

static struct bench_slot *slot_at(uint16_t shard, uint32_t k)
{
    return &bench_actors.slots[bench_actor_number(shard, k)];
}

static void arrange_ring(uint16_t shards, uint32_t per_shard)
{
    for (uint16_t s = 0; s < shards; s++) {
        for (uint32_t k = 0; k < per_shard; k++) {
            slot_at(s, k)->next = bench_actor_number(s, (k + 1) % per_shard);
            slot_at(s, k)->begins = true;
        }
    }
}

/** Through all shards in turn, and then on to the next actor of the first. */
static void arrange_ring_across(uint16_t shards, uint32_t per_shard)
{
    for (uint16_t s = 0; s < shards; s++) {
        uint16_t to = (uint16_t)((s + 1) % shards);
        for (uint32_t k = 0; k < per_shard; k++) {
            slot_at(s, k)->next = bench_actor_number(to, (k + (to == 0)) % per_shard);
            slot_at(s, k)->begins = true;
        }
    }
}

/** The even ones ask, each one another odd one. */
static void arrange_pairs(uint16_t shards, uint32_t per_shard, uint16_t distance)
{
    for (uint16_t s = 0; s < shards; s++) {
        uint16_t to = (uint16_t)((s + distance) % shards);
        for (uint32_t k = 0; k + 1 < per_shard; k += 2) {
            slot_at(s, k)->next = bench_actor_number(to, k + 1);
            slot_at(s, k)->begins = true;
        }
    }
}

static void arrange_ask(uint16_t shards, uint32_t per_shard)
{
    arrange_pairs(shards, per_shard, 0);
}

static void arrange_ask_across(uint16_t shards, uint32_t per_shard)
{
    arrange_pairs(shards, per_shard, 1);
}

static void arrange_fan_in(uint16_t shards, uint32_t per_shard)
{
    for (uint32_t n = 1; n < shards * per_shard; n++) {
        bench_actors.slots[n].next = 0;
        bench_actors.slots[n].begins = true;
    }
}

const struct actor_shape actor_shapes[] = {
    {.name = "ring",
     .peer = "ring",
     .doc = "each passes on what it gets, to one of its shard",
     .first = BENCH_HOP,
     .arrange = arrange_ring},
    {.name = "ring_across",
     .peer = "ring",
     .doc = "the same, always to another shard",
     .across = true,
     .first = BENCH_HOP,
     .arrange = arrange_ring_across},
    {.name = "ask",
     .peer = "ask",
     .doc = "round trips: half of them ask one of their shard, which answers",
     .first = BENCH_ANSWER,
     .arrange = arrange_ask},
    {.name = "ask_across",
     .peer = "ask",
     .doc = "the same, with one of another shard",
     .across = true,
     .first = BENCH_ANSWER,
     .arrange = arrange_ask_across},
    {.name = "fan_in",
     .peer = "fan_in",
     .doc = "all send to one, in bursts that it asks for",
     .mailbox_max = 1 << 20,
     .first = BENCH_GO,
     .arrange = arrange_fan_in},
    {.name = "call", .doc = "from outside, with a reply; nothing is stored", .call = BENCH_CALL},
    {.name = "store",
     .doc = "from outside, each an event, durable before the reply",
     .call = BENCH_STORE},
};
const uint32_t actor_shape_count = sizeof actor_shapes / sizeof actor_shapes[0];

/* --- running ---------------------------------------------------------------------------------- */

static void pause_ms(int64_t ms)
{
    for (int64_t until = monotonic_us() + ms * 1000; monotonic_us() < until && !interrupted();) {
        usleep(1000);
    }
}

/** Does `run_in` with a temporary folder of its own. */
static int with_folder(const char *parent, int (*run_in)(const char *folder, void *context),
                       void *context)
{
    char folder[PATH_MAX];
    if (folder_make(parent, folder) != 0) {
        return ERR_IO;
    }
    int error = run_in(folder, context);
    folder_remove(folder);
    if (error != 0 && !interrupted()) {
        fprintf(stderr, "duet-bench: the node in %s failed: %s\n", folder, error_name(error));
    }
    return error;
}

struct shape_run {
    const struct actor_shape *shape;
    const struct actor_run *run;
    struct actor_rate *out;
};

static int run_shape_in(const char *folder, void *context)
{
    struct shape_run *mine = context;
    const struct actor_run *run = mine->run;
    bench_actors.first = (uint16_t)mine->shape->first;
    const struct actor_node_config config = {.data = folder,
                                             .shards = run->shards,
                                             .mailbox_max = mine->shape->mailbox_max,
                                             .start = mine->shape->first != 0,
                                             .call = mine->shape->call,
                                             .window = run->window};
    struct actor_node *node;
    int error = actor_node_start(&config, &node);
    if (error != 0) {
        return error;
    }
    pause_ms(run->warmup_ms);
    uint64_t before = bench_actors_handled();
    int64_t began = monotonic_us();
    pause_ms(run->measure_ms);
    uint64_t after = bench_actors_handled();
    double seconds = (double)(monotonic_us() - began) / 1e6;
    pause_ms(250); /* so that the node's figures are of now */
    *mine->out =
        (struct actor_rate){.per_s = (double)(after - before) / seconds,
                            .ns_each = run->shards * seconds * 1e9 / (double)(after - before),
                            .dropped = actor_node_figure(node, "dropped"),
                            .refused = (int64_t)actor_node_refused(node)};
    actor_node_close(node);
    return interrupted() ? ERR_END : 0;
}

int actor_shape_run(const struct actor_shape *shape, const struct actor_run *run,
                    struct actor_rate *out)
{
    struct shape_run context = {.shape = shape, .run = run, .out = out};
    bench_actors_init(run->shards, run->per_shard);
    if (shape->arrange != NULL) {
        shape->arrange(run->shards, run->per_shard);
    }
    int error = with_folder(run->data_parent, run_shape_in, &context);
    bench_actors_fini();
    return error;
}

/* --- activation ------------------------------------------------------------------------------- */

struct activation_run {
    const struct actor_run *run;
    uint32_t per_shard;
    struct actor_activation *out;
};

static bool wait_for(bool (*reached)(struct actor_node *node, uint64_t target),
                     struct actor_node *node, uint64_t target)
{
    int64_t until = monotonic_us() + WAIT_MAX_US;
    while (!reached(node, target)) {
        if (interrupted() || monotonic_us() > until) {
            return false;
        }
        usleep(200);
    }
    return true;
}

static bool have_answered(struct actor_node *node, uint64_t target)
{
    return actor_node_answered(node) >= target;
}

static bool are_awake(struct actor_node *node, uint64_t target)
{
    return actor_node_figure(node, "actors_awake") == (int64_t)target;
}

/** One command to each actor; how long that took, or -1. */
static double round_seconds(struct actor_node *node, enum bench_command code, uint64_t count)
{
    int64_t began = monotonic_us();
    uint64_t target = actor_node_answered(node) + count;
    actor_node_round(node, code);
    return wait_for(have_answered, node, target) ? (double)(monotonic_us() - began) / 1e6 : -1;
}

static int measure_activation(struct actor_node *node, struct activation_run *mine)
{
    uint64_t count = (uint64_t)mine->per_shard * mine->run->shards;
    double shards = mine->run->shards;
    if (round_seconds(node, BENCH_STORE, count) < 0 || !wait_for(are_awake, node, count)) {
        return ERR_END;
    }
    pause_ms(ACTIVATION_IDLE_MS);
    int64_t began = monotonic_us();
    if (!wait_for(are_awake, node, 0)) {
        return ERR_END;
    }
    double put_away = (double)(monotonic_us() - began) / 1e6;
    double cold = round_seconds(node, BENCH_CALL, count);
    double warm = round_seconds(node, BENCH_CALL, count);
    if (cold < 0 || warm < 0) {
        return ERR_END;
    }
    *mine->out = (struct actor_activation){.actors = count,
                                           .per_s = (double)count / cold,
                                           .us_each = shards * cold * 1e6 / (double)count,
                                           .awake_us_each = shards * warm * 1e6 / (double)count,
                                           .put_away_per_s = (double)count / put_away};
    return 0;
}

static int run_activation_in(const char *folder, void *context)
{
    struct activation_run *mine = context;
    const struct actor_node_config config = {.data = folder,
                                             .shards = mine->run->shards,
                                             .idle_ms = ACTIVATION_IDLE_MS,
                                             .window = ACTIVATION_WINDOW,
                                             .calls = mine->per_shard};
    struct actor_node *node;
    int error = actor_node_start(&config, &node);
    if (error == 0) {
        error = measure_activation(node, mine);
        actor_node_close(node);
    }
    return error;
}

int actor_activation_run(const struct actor_run *run, uint32_t per_shard,
                         struct actor_activation *out)
{
    struct activation_run context = {.run = run, .per_shard = per_shard, .out = out};
    bench_actors_init(run->shards, per_shard);
    int error = with_folder(run->data_parent, run_activation_in, &context);
    bench_actors_fini();
    return error;
}
