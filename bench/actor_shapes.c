#include "bench/actor_shapes.h"

#include <limits.h>
#include <unistd.h>

#include "base/error.h"
#include "bench/actor_node.h"
#include "bench/folder.h"
#include "bench/interrupt.h"
#include "bench/measure.h"
#include "bench/report.h"

#define ACTIVATION_WINDOW 64
#define ACTIVATION_IDLE_MS 2000 /* longer than a round and what is looked up after it */
#define ACTIVATION_FLUSH_MS 200
#define ACTIVATION_AWAKE_MAX 8192 /* of a shard, which keeps more than these awake */
#define FIGURES_LATE_MS 250
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
        complain("the node in %s failed: %s", folder, error_name(error));
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
    pause_ms(FIGURES_LATE_MS);
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

/* Until every actor was put away; how long that took. 0 or an error. */
static int wait_until_asleep(struct actor_node *node, double *ms)
{
    int64_t began = monotonic_us();
    pause_ms(FIGURES_LATE_MS);
    while (actor_node_figure(node, "actors_awake") != 0) {
        if (interrupted() || monotonic_us() - began > WAIT_MAX_US) {
            return interrupted() ? ERR_END : ERR_BUSY;
        }
        pause_ms(1);
    }
    *ms = (double)(monotonic_us() - began) / 1e3;
    return 0;
}

/* A round of calls, and how many actors it woke. 0 or an error. */
static int count_woken(struct actor_node *node, uint32_t per_shard, struct actor_round *round,
                       int64_t *woken)
{
    int64_t before = actor_node_figure(node, "activations");
    int error = actor_node_round(node, BENCH_CALL, per_shard, round);
    pause_ms(FIGURES_LATE_MS);
    *woken = actor_node_figure(node, "activations") - before;
    return error;
}

static int measure_activation(struct actor_node *node, struct activation_run *mine)
{
    struct actor_round stored, cold, warm;
    int64_t woken_cold, woken_warm;
    struct actor_activation *out = mine->out;
    uint32_t shards = mine->run->shards;
    uint32_t few = mine->per_shard < ACTIVATION_AWAKE_MAX ? mine->per_shard : ACTIVATION_AWAKE_MAX;
    double count = (double)mine->per_shard * shards;
    int error = actor_node_round(node, BENCH_STORE, mine->per_shard, &stored);
    error = error != 0 ? error : wait_until_asleep(node, &out->put_away_ms);
    error = error != 0 ? error : count_woken(node, mine->per_shard, &cold, &woken_cold);
    /* Twice: after the first all of these are awake, whoever was put away for want of room. */
    for (int i = 0; i < 2 && error == 0; i++) {
        error = count_woken(node, few, &warm, &woken_warm);
    }
    if (error != 0) {
        return error;
    }
    out->actors = (uint64_t)count;
    out->per_s = count * 1e9 / cold.longest_ns;
    out->us_each = cold.sum_ns / 1e3 / count;
    out->awake_us_each = warm.sum_ns / 1e3 / ((double)few * shards);
    out->awake_already = (int64_t)count - woken_cold;
    out->asleep_still = woken_warm;
    return interrupted() ? ERR_END : 0;
}

static int run_activation_in(const char *folder, void *context)
{
    struct activation_run *mine = context;
    const struct actor_node_config config = {.data = folder,
                                             .shards = mine->run->shards,
                                             .idle_ms = ACTIVATION_IDLE_MS,
                                             .flush_age_ms = ACTIVATION_FLUSH_MS,
                                             .window = ACTIVATION_WINDOW};
    struct actor_node *node;
    int error = actor_node_start(&config, &node);
    if (error == 0) {
        error = measure_activation(node, mine);
        if (error == ERR_BUSY) {
            complain("calls were not answered, or actors not put away, in 60 s");
        }
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
