#include "bench/actor_kind.h"

#include <stdlib.h>

#include "base/check.h"
#include "wire/op.h"

#define BENCH_KIND 250

RECORD_DEFINE(bench_message, BENCH_MESSAGE_FIELDS, "what the bench's actors tell each other")

#define BENCH_ROOT_FIELDS(F, R)                                                                    \
    F(R, INT, stored, REQUIRED, 0, INT_BOUND, NULL, BODY, "events so far", "1")
RECORD_DECLARE(bench_root, BENCH_ROOT_FIELDS)
RECORD_DEFINE(bench_root, BENCH_ROOT_FIELDS, "an actor of the bench")

struct bench_actors bench_actors;
static uint32_t actors_per_shard;

static const struct event_type stored_event = {1, 1, "stored", &bench_message_type};

/* --- the set ---------------------------------------------------------------------------------- */

static struct address address_of_number(uint32_t number, uint32_t try)
{
    uint8_t seed[8];
    put_u32(seed, number);
    put_u32(seed + 4, try);
    struct address address = {.kind = BENCH_KIND, .id = id_from_hash(seed, sizeof seed)};
    put_u32(address.id.bytes, number);
    return address;
}

void bench_actors_init(uint16_t shards, uint32_t per_shard)
{
    uint32_t count = shards * per_shard;
    bench_actors.count = count;
    bench_actors.addresses = memory_alloc(count * sizeof *bench_actors.addresses);
    bench_actors.slots = aligned_alloc(64, count * sizeof *bench_actors.slots);
    CHECK_ALWAYS(bench_actors.slots != NULL);
    atomic_init(&bench_actors.stop, false);
    actors_per_shard = per_shard;
    for (uint32_t n = 0; n < count; n++) {
        uint16_t shard = (uint16_t)(n / per_shard);
        uint32_t try = 0;
        do {
            bench_actors.addresses[n] = address_of_number(n, try++);
        } while (address_partition(bench_actors.addresses[n]) % shards != shard);
        bench_actors.slots[n] = (struct bench_slot){.next = n, .shard = shard};
    }
}

void bench_actors_fini(void)
{
    free(bench_actors.slots);
    free(bench_actors.addresses);
    bench_actors = (struct bench_actors){0};
}

uint32_t bench_actor_number(uint16_t shard, uint32_t k)
{
    return shard * actors_per_shard + k;
}

uint64_t bench_actors_handled(void)
{
    uint64_t sum = 0;
    for (uint32_t n = 0; n < bench_actors.count; n++) {
        /* relaxed: a figure, nothing hangs on it */
        sum += atomic_load_explicit(&bench_actors.slots[n].handled, memory_order_relaxed);
    }
    return sum;
}

/* --- handlers --------------------------------------------------------------------------------- */

static struct bench_slot *slot_of(const struct ctx *ctx)
{
    return &bench_actors.slots[get_u32(ctx_self(ctx).id.bytes)];
}

/** Only this thread writes it: a load and a store, no locked instruction. */
static void count(struct bench_slot *slot)
{
    uint64_t handled = atomic_load_explicit(&slot->handled, memory_order_relaxed);
    atomic_store_explicit(&slot->handled, handled + 1, memory_order_relaxed);
}

static bool goes_on(void)
{
    return !atomic_load_explicit(&bench_actors.stop, memory_order_relaxed);
}

static void tell(struct ctx *ctx, uint32_t number, enum bench_command code,
                 const struct bench_message *message)
{
    ctx_tell(ctx, bench_actors.addresses[number], (uint16_t)code, &bench_message_type, message);
}

static int handle_start(struct ctx *ctx, const void *state, const void *args)
{
    (void)state;
    uint16_t shard = slot_of(ctx)->shard;
    for (uint32_t k = 0; k < actors_per_shard; k++) {
        uint32_t number = bench_actor_number(shard, k);
        if (bench_actors.slots[number].begins) {
            tell(ctx, number, bench_actors.first, args);
        }
    }
    return 0;
}

static int handle_hop(struct ctx *ctx, const void *state, const void *args)
{
    (void)state;
    struct bench_slot *slot = slot_of(ctx);
    count(slot);
    if (goes_on()) {
        tell(ctx, slot->next, BENCH_HOP, args);
    }
    return 0;
}

static int handle_ask(struct ctx *ctx, const void *state, const void *args)
{
    (void)state;
    ctx_tell(ctx, ctx_sender(ctx), BENCH_ANSWER, &bench_message_type, args);
    return 0;
}

static int handle_answer(struct ctx *ctx, const void *state, const void *args)
{
    (void)state;
    struct bench_slot *slot = slot_of(ctx);
    count(slot);
    if (goes_on()) {
        tell(ctx, slot->next, BENCH_ASK, args);
    }
    return 0;
}

static int handle_go(struct ctx *ctx, const void *state, const void *args)
{
    (void)state;
    uint32_t receiver = slot_of(ctx)->next;
    for (int i = 0; i < ACTOR_BURST && goes_on(); i++) {
        tell(ctx, receiver, i == ACTOR_BURST - 1 ? BENCH_LAST : BENCH_DATA, args);
    }
    return 0;
}

static int handle_data(struct ctx *ctx, const void *state, const void *args)
{
    (void)state;
    (void)args;
    count(slot_of(ctx));
    return 0;
}

static int handle_last(struct ctx *ctx, const void *state, const void *args)
{
    (void)state;
    count(slot_of(ctx));
    ctx_tell(ctx, ctx_sender(ctx), BENCH_GO, &bench_message_type, args);
    return 0;
}

static int handle_call(struct ctx *ctx, const void *state, const void *args)
{
    (void)state;
    count(slot_of(ctx));
    ctx_reply(ctx, &bench_message_type, args);
    return 0;
}

static int handle_store(struct ctx *ctx, const void *state, const void *args)
{
    (void)state;
    count(slot_of(ctx));
    ctx_emit(ctx, &stored_event, args);
    ctx_reply(ctx, &bench_message_type, args);
    return 0;
}

static void apply(struct ctx *ctx, void *state, const struct event_type *type, const void *body)
{
    (void)ctx;
    (void)type;
    (void)body;
    struct bench_root *root = state;
    root->stored++;
}

#define COMMAND(code_, name_, handle_)                                                             \
    {                                                                                              \
        .code = (code_), .name = (name_), .args = &bench_message_type,                             \
        .result = &bench_message_type, .handle = (handle_)                                         \
    }

static const struct command_type commands[] = {
    COMMAND(BENCH_START, "start", handle_start), COMMAND(BENCH_HOP, "hop", handle_hop),
    COMMAND(BENCH_ASK, "ask", handle_ask),       COMMAND(BENCH_ANSWER, "answer", handle_answer),
    COMMAND(BENCH_GO, "go", handle_go),          COMMAND(BENCH_DATA, "data", handle_data),
    COMMAND(BENCH_LAST, "last", handle_last),    COMMAND(BENCH_CALL, "call", handle_call),
    COMMAND(BENCH_STORE, "store", handle_store),
};

const struct command_type *bench_command_type(enum bench_command code)
{
    return &commands[code - 1];
}

static const struct event_type *const events[] = {&stored_event};

const struct kind bench_kind = {.code = BENCH_KIND,
                                .name = "bench",
                                .state_version = 1,
                                .root = &bench_root_type,
                                .commands = commands,
                                .command_count = sizeof commands / sizeof commands[0],
                                .events = events,
                                .event_count = 1,
                                .apply = apply};
