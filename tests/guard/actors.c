/*
 * Message passing between actors, without edge or log: tokens of 64 bytes go round a ring of actors
 * by ctx_tell, through mailboxes, into handlers. With two shards each hop crosses.
 */
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/error.h"
#include "runtime/shard.h"
#include "tests/guard/guard.h"

#define RING_KIND 77
#define RING_HOP 1
#define ACTORS 1000
#define HOPS 20 /* counted, of each token */
#define WARM_HOPS 2
#define CARGO_BYTES 64
#define SHARDS 2

struct ring {
    struct world world;
    struct shard *shards[SHARDS];
    struct message_list inbox[SHARDS];
    struct address addresses[ACTORS];
    uint64_t hops;
    uint16_t shard_count;
};
static struct ring ring; /* handlers are handed no other context */

#define RING_HOP_ARGS(F, R)                                                                        \
    F(R, INT, place, REQUIRED, 0, ACTORS, NULL, BODY, "of the receiver in the ring", "1")          \
    F(R, INT, left, REQUIRED, 0, INT_BOUND, NULL, BODY, "hops to go", "1")                         \
    F(R, BYTES, cargo, REQUIRED, 0, CARGO_BYTES, NULL, BODY, "carried along", "\"AA\"")
#define RING_ROOT(F, R) F(R, INT, unused, REQUIRED, 0, INT_BOUND, NULL, BODY, "nothing", "1")
RECORD_DECLARE(ring_hop_args, RING_HOP_ARGS)
RECORD_DECLARE(ring_root, RING_ROOT)
RECORD_DEFINE(ring_hop_args, RING_HOP_ARGS, "a token")
RECORD_DEFINE(ring_root, RING_ROOT, "a member of the ring")

static int handle_hop(struct ctx *ctx, const void *state, const void *args)
{
    const struct ring_hop_args *in = args;
    (void)state;
    ring.hops++;
    if (in->left != 0) {
        int64_t next = (in->place + 1) % ACTORS;
        struct ring_hop_args out = {.place = next, .left = in->left - 1, .cargo = in->cargo};
        ctx_tell(ctx, ring.addresses[next], RING_HOP, &ring_hop_args_type, &out);
    }
    return 0;
}

static void apply_nothing(struct ctx *ctx, void *state, const struct event_type *type,
                          const void *body)
{
    (void)ctx;
    (void)state;
    (void)type;
    (void)body;
}

static const struct command_type ring_commands[] = {
    {RING_HOP, "hop", &ring_hop_args_type, NULL, handle_hop}};
static const struct kind ring_kind = {.code = RING_KIND,
                                      .name = "ring",
                                      .state_version = 1,
                                      .root = &ring_root_type,
                                      .commands = ring_commands,
                                      .command_count = 1,
                                      .apply = apply_nothing};
static const struct kind *const ring_kinds[] = {&ring_kind};

/* --- a world in which nothing is written ------------------------------------------------------ */

static int64_t fake_now_ms(void *self)
{
    (void)self;
    return 1767225600000;
}

static void fake_random(void *self, void *out, size_t len)
{
    (void)self;
    memset(out, 7, len);
}

static void fake_post(void *self, uint16_t from, uint16_t to, struct message_list *messages)
{
    (void)self;
    (void)from;
    message_list_splice(&ring.inbox[to], messages);
}

static void fake_tick_at(void *self, uint16_t shard, int64_t due_ms)
{
    (void)self;
    (void)shard;
    (void)due_ms;
}

static bool fake_job(void *self, uint16_t shard, struct job_request *request)
{
    (void)self;
    (void)shard;
    (void)request;
    return false;
}

static void fake_append(void *self, uint16_t shard, struct buffer *records, uint64_t first,
                        uint64_t count)
{
    (void)self;
    (void)shard;
    (void)records;
    (void)first;
    guard_fail("a tell has made %llu records", (unsigned long long)count);
}

static bool fake_has_room(void *self)
{
    (void)self;
    return true;
}

static uint64_t fake_log_to_replay(void *self)
{
    (void)self;
    return 0;
}

static int fake_state_get(void *self, uint16_t shard, enum state_table table, struct bytes key,
                          struct bytes *value)
{
    (void)self;
    (void)shard;
    (void)table;
    (void)key;
    (void)value;
    return ERR_NOT_FOUND;
}

static int fake_state_scan(void *self, uint16_t shard, enum state_table table, struct bytes from,
                           struct bytes to, bool reverse, state_visitor *visit, void *context)
{
    (void)self;
    (void)shard;
    (void)table;
    (void)from;
    (void)to;
    (void)reverse;
    (void)visit;
    (void)context;
    return 0;
}

static void fake_state_refresh(void *self, uint16_t shard)
{
    (void)self;
    (void)shard;
}

static void fake_flush(void *self, uint16_t shard, struct flush *flush)
{
    (void)self;
    (void)shard;
    (void)flush;
    guard_fail("a tell has changed state");
}

/* --- the ring --------------------------------------------------------------------------------- */

/** Neighbours stand on different shards, if there are two. */
static void choose_addresses(void)
{
    uint32_t number = 0;
    for (uint32_t i = 0; i < ACTORS; i++) {
        struct address *address = &ring.addresses[i];
        address->kind = RING_KIND;
        do {
            put_u32(address->id.bytes, number++);
        } while (shard_of(ring.shards[0], *address) != i % ring.shard_count);
    }
}

static void ring_init(uint16_t shards)
{
    ring = (struct ring){.shard_count = shards};
    ring.world = (struct world){.self = &ring,
                                .now_ms = fake_now_ms,
                                .random = fake_random,
                                .post = fake_post,
                                .tick_at = fake_tick_at,
                                .job = fake_job,
                                .append = fake_append,
                                .has_room = fake_has_room,
                                .log_to_replay = fake_log_to_replay,
                                .state_get = fake_state_get,
                                .state_scan = fake_state_scan,
                                .state_refresh = fake_state_refresh,
                                .flush = fake_flush};
    for (uint16_t i = 0; i < shards; i++) {
        struct shard_config config = {
            .index = i, .count = shards, .kinds = ring_kinds, .kind_count = 1};
        ring.shards[i] = shard_create(&config, &ring.world);
    }
    for (uint16_t i = 0; i < shards; i++) {
        shard_start(ring.shards[i], (struct lsn){0});
    }
    choose_addresses();
}

static void ring_fini(void)
{
    for (uint16_t i = 0; i < ring.shard_count; i++) {
        shard_destroy(ring.shards[i]);
    }
}

/** Puts a token before every actor, to go so many hops. */
static void put_tokens(int64_t hops)
{
    static const uint8_t cargo[CARGO_BYTES] = {1, 2, 3};
    for (uint32_t i = 0; i < ACTORS; i++) {
        struct command *command = command_create(&ring_commands[0], ring.addresses[i]);
        struct ring_hop_args *args = command->args;
        *args = (struct ring_hop_args){
            .place = i,
            .left = hops - 1,
            .cargo = bytes_of(arena_copy(&command->arena, cargo, sizeof cargo), sizeof cargo)};
        message_list_push(&ring.inbox[i % ring.shard_count], &command->message);
    }
}

static void run_until_still(void)
{
    bool any = true;
    while (any) {
        any = false;
        for (uint16_t i = 0; i < ring.shard_count; i++) {
            struct message_list taken = {0};
            message_list_splice(&taken, &ring.inbox[i]);
            any = any || taken.count != 0;
            shard_receive(ring.shards[i], &taken);
            shard_turn_end(ring.shards[i]);
            any = any || !shard_quiet(ring.shards[i]); /* a turn has a bound */
        }
    }
}

static uint64_t tell(uint16_t shards)
{
    ring_init(shards);
    put_tokens(WARM_HOPS);
    run_until_still();
    put_tokens(HOPS);
    guard_count_begin();
    run_until_still();
    guard_count_end();
    ring_fini();
    if (ring.hops != (uint64_t)ACTORS * (WARM_HOPS + HOPS)) {
        guard_fail("%llu hops", (unsigned long long)ring.hops);
    }
    return (uint64_t)ACTORS * HOPS;
}

static uint64_t tell_same_shard(void)
{
    return tell(1);
}

static uint64_t tell_across_shards(void)
{
    return tell(2);
}

const struct guard_scenario guard_actor_scenarios[] = {
    {"tell_same_shard", "message", tell_same_shard},
    {"tell_across_shards", "message", tell_across_shards},
    {0},
};
