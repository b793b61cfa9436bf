/* When state is flushed (docs/decisions/write-behind.md): who, in which order, how many at once. */
#include "tests/unit/runtime/toy.h"

#include <stdio.h>

#define TOYS 400
#define AGE_MS 20000
#define REPLAY_MAX 400000
#define QUARTER (REPLAY_MAX / 4)
#define SLICES 100 /* of all that is dirty, in the time that anything may wait */

struct stage {
    struct small_world small;
    uint64_t log_to_replay;
    struct address toys[TOYS + 1]; /* the last one stands for all the others */
    uint32_t order[TOYS + 1];      /* who was flushed, in which order */
    uint32_t flushed;
    struct lsn low; /* of the last flush: records up to here are needed no more */
};

static uint64_t log_to_replay(void *self)
{
    const struct stage *stage = self; /* its world comes first */
    return stage->log_to_replay;
}

static int set_up(void **state)
{
    struct stage *stage = memory_alloc(sizeof *stage);
    struct small_world *small = &stage->small;
    small->tail = 1; /* not zero: an LSN of 0 is none */
    toy_world_start(small, 1);
    small->world.log_to_replay = log_to_replay;
    small->shard->config.flush_age_ms = AGE_MS;
    small->shard->config.replay_max = REPLAY_MAX;
    for (uint32_t i = 0; i <= TOYS; i++) {
        stage->toys[i] = toy_address(small, i, true);
    }
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;
    small_fini(&stage->small);
    free(stage);
    return 0;
}

/* --- verbs ----------------------------------------------------------------------------------- */

/** Everyone counts, one commit each, so that their oldest records are in order. */
static void all_count(struct stage *stage)
{
    for (uint32_t i = 0; i < TOYS; i++) {
        toy_say(&stage->small, stage->toys[i], 1, i);
        small_commit(&stage->small);
    }
}

/** The log's end moves on by the records of others; no time passes. */
static void log_grows(struct stage *stage, uint64_t records)
{
    stage->small.tail += records - 2; /* and one record, and its commit */
    toy_say(&stage->small, stage->toys[TOYS], 1, 1);
    small_commit(&stage->small);
}

static void time_passes(struct stage *stage, int64_t ms)
{
    stage->small.now_ms += ms;
}

static uint32_t number_of(const struct stage *stage, const struct actor *actor)
{
    for (uint32_t i = 0; i <= TOYS; i++) {
        if (address_equal(stage->toys[i], actor->address)) {
            return i;
        }
    }
    fail_msg("an actor that nobody asked for");
    return 0;
}

/** One tick, with the state writer's answers. How many actors it flushed. */
static uint32_t tick(struct stage *stage)
{
    uint32_t before = stage->flushed;
    struct message *message;
    shard_tick(stage->small.shard);
    small_turn(&stage->small);
    while ((message = small_caught(&stage->small)) != NULL) {
        struct flush *flush = (struct flush *)message;
        struct message_list list = {0};
        assert_int_equal(message->type, MESSAGE_FLUSHED);
        assert_true(stage->flushed + flush->actor_count <= TOYS + 1);
        for (uint32_t i = 0; i < flush->actor_count; i++) {
            stage->order[stage->flushed++] = number_of(stage, flush->actors[i]);
        }
        assert_true(flush->low.v >= stage->low.v);
        stage->low = flush->low;
        message_list_push(&list, message);
        shard_receive(stage->small.shard, &list);
        small_turn(&stage->small);
    }
    struct shard_stats stats;
    shard_stats(stage->small.shard, &stats);
    assert_int_equal(stats.flushed_actors, stage->flushed);
    return stage->flushed - before;
}

/** A slice each time that a hundredth of the waiting has gone by; `step` lets it go by. */
static void flush_in_slices(struct stage *stage, void (*step)(struct stage *stage, bool whole))
{
    for (int i = 1; i < SLICES; i++) { /* then the rest has waited twice as long */
        uint32_t dirty = stage->small.shard->dirty_count;
        assert_int_equal(tick(stage), dirty / SLICES + 1);
        assert_int_equal(tick(stage), 0);
        step(stage, false);
        assert_int_equal(tick(stage), 0);
        step(stage, true);
    }
}

static void expect_order(const struct stage *stage)
{
    for (uint32_t i = 0; i < stage->flushed; i++) {
        assert_int_equal(stage->order[i], i);
    }
}

/* --- by the clock ---------------------------------------------------------------------------- */

static void step_of_time(struct stage *stage, bool whole)
{
    time_passes(stage, whole ? 1 : AGE_MS / SLICES - 1);
}

static void test_a_quiet_server_waits_for_the_clock(void **state)
{
    struct stage *stage = *state;
    all_count(stage);
    assert_int_equal(tick(stage), 0);
    time_passes(stage, AGE_MS - 1);
    assert_int_equal(tick(stage), 0);
    time_passes(stage, 1);
    assert_int_equal(tick(stage), TOYS / SLICES + 1);
    expect_order(stage);
}

static void test_those_who_woke_together_are_flushed_in_slices(void **state)
{
    struct stage *stage = *state;
    all_count(stage);
    time_passes(stage, AGE_MS);
    flush_in_slices(stage, step_of_time);
    expect_order(stage);
    assert_true(stage->flushed > TOYS / 2 && stage->flushed < TOYS);
}

static void test_who_waited_twice_as_long_is_flushed_with_all_others(void **state)
{
    struct stage *stage = *state;
    all_count(stage);
    time_passes(stage, 2 * AGE_MS);
    assert_int_equal(tick(stage), TOYS);
    expect_order(stage);
    assert_int_equal(stage->low.v, stage->small.tail);
}

static void test_many_changes_of_one_actor_are_written_once(void **state)
{
    struct stage *stage = *state;
    for (int i = 0; i < 30; i++) {
        all_count(stage);
    }
    time_passes(stage, 2 * AGE_MS);
    assert_int_equal(tick(stage), TOYS);
    assert_int_equal(stage->small.row_count, TOYS);
    time_passes(stage, 2 * AGE_MS);
    assert_int_equal(tick(stage), 0);
}

/* --- by the log ------------------------------------------------------------------------------ */

static void step_of_log(struct stage *stage, bool whole)
{
    log_grows(stage, whole ? 10 : QUARTER / SLICES - 10);
}

static void test_a_busy_server_waits_for_the_log(void **state)
{
    struct stage *stage = *state;
    all_count(stage);
    uint64_t oldest = actor_get(stage->small.shard, stage->toys[0])->first_dirty_lsn.v;
    log_grows(stage, QUARTER - (stage->small.tail - oldest) - 1);
    assert_int_equal(stage->small.tail, oldest + QUARTER - 1);
    assert_int_equal(tick(stage), 0);
    log_grows(stage, 2);
    assert_int_equal(tick(stage), (TOYS + 1) / SLICES + 1);
    expect_order(stage);
}

static void test_slices_are_by_the_log_as_well(void **state)
{
    struct stage *stage = *state;
    all_count(stage);
    log_grows(stage, QUARTER);
    flush_in_slices(stage, step_of_log);
    expect_order(stage);
}

static void test_every_flush_moves_the_checkpoint_to_the_oldest_that_is_left(void **state)
{
    struct stage *stage = *state;
    all_count(stage);
    time_passes(stage, AGE_MS);
    for (int i = 0; i < SLICES; i++) {
        uint64_t before = stage->low.v;
        tick(stage);
        const struct actor *oldest = TAILQ_FIRST(&stage->small.shard->dirty);
        assert_true(stage->low.v > before);
        assert_int_equal(stage->low.v, oldest->first_dirty_lsn.v - 1);
        time_passes(stage, AGE_MS / SLICES);
    }
}

/* --- in a hurry ------------------------------------------------------------------------------ */

static void test_three_quarters_of_the_replay_make_it_hurry(void **state)
{
    struct stage *stage = *state;
    all_count(stage);
    stage->log_to_replay = REPLAY_MAX - QUARTER;
    assert_int_equal(tick(stage), 0);
    stage->log_to_replay++;
    assert_int_equal(tick(stage), TOYS);
    expect_order(stage);
}

static void test_a_full_overlay_makes_it_hurry(void **state)
{
    struct stage *stage = *state;
    struct shard *shard = stage->small.shard;
    for (uint32_t i = 0; i < TOYS; i++) {
        toy_wake_at(&stage->small, stage->toys[i], 1, stage->small.now_ms + 3600000); /* rows */
        small_commit(&stage->small);
    }
    assert_true(shard->overlay_bytes > TOYS);
    shard->config.overlay_bytes_max = shard->overlay_bytes * 4 / 3 + 4;
    assert_int_equal(tick(stage), 0);
    shard->config.overlay_bytes_max -= 8;
    assert_int_equal(tick(stage), TOYS);
    assert_int_equal(shard->overlay_bytes, 0);
}

static int answer_to_count(struct stage *stage, uint32_t toy)
{
    uint32_t before = stage->small.replies;
    toy_say(&stage->small, stage->toys[toy], 1, 1);
    small_commit(&stage->small);
    assert_int_equal(stage->small.replies, before + 1);
    return stage->small.last.error;
}

static void test_what_clients_write_waits_while_memory_is_full(void **state)
{
    struct stage *stage = *state;
    struct shard *shard = stage->small.shard;
    toy_wake_at(&stage->small, stage->toys[0], 1, stage->small.now_ms + 50);
    small_commit(&stage->small);
    shard->config.overlay_bytes_max = shard->overlay_bytes;
    assert_int_equal(answer_to_count(stage, 1), 0);
    shard->config.overlay_bytes_max--;
    assert_int_equal(answer_to_count(stage, 1), ERR_BUSY);
    assert_true(stage->small.last.retry_ms > 0);
    time_passes(stage, 50); /* what is due rings all the same */
    struct message_list none = {0};
    shard_receive(shard, &none);
    timers_fire(shard);
    shard_receive(shard, &none);
    small_commit(&stage->small);
    assert_int_equal(toy_at(&stage->small, stage->toys[0])->rings, 1);
    assert_int_equal(toy_at(&stage->small, stage->toys[1])->total, 1);
    tick(stage); /* in a hurry */
    assert_int_equal(answer_to_count(stage, 1), 0);
}

/* --- and never before the log ---------------------------------------------------------------- */

static void test_state_waits_until_its_newest_record_is_durable(void **state)
{
    struct stage *stage = *state;
    all_count(stage);
    time_passes(stage, 2 * AGE_MS);
    toy_say(&stage->small, stage->toys[3], 1, 1); /* applied; not on disk */
    assert_int_equal(tick(stage), 0);
    assert_int_equal(stage->small.row_count, 0);
    small_commit(&stage->small);
    assert_int_equal(tick(stage), TOYS);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_quiet_server_waits_for_the_clock),
        TEST(test_those_who_woke_together_are_flushed_in_slices),
        TEST(test_who_waited_twice_as_long_is_flushed_with_all_others),
        TEST(test_many_changes_of_one_actor_are_written_once),
        TEST(test_a_busy_server_waits_for_the_log),
        TEST(test_slices_are_by_the_log_as_well),
        TEST(test_every_flush_moves_the_checkpoint_to_the_oldest_that_is_left),
        TEST(test_three_quarters_of_the_replay_make_it_hurry),
        TEST(test_a_full_overlay_makes_it_hurry),
        TEST(test_what_clients_write_waits_while_memory_is_full),
        TEST(test_state_waits_until_its_newest_record_is_durable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
