/* Which numbers a device has used, and for which message: against a plain list, through flushes. */
#include "tests/unit/runtime/toy.h"

#include "actors/couple_records.h"
#include "actors/couple_sent.h"
#include "base/logger.h"

#define SENT_MAX 4000
#define DEVICES 3
#define NUMBERS 3000 /* drawn from so many, in any order, with gaps */

struct sent {
    int64_t member, no, msg;
    uint32_t device;
};

struct stage {
    struct small_world small;
    struct actor *actor;
    struct ctx ctx;
    struct sent sent[SENT_MAX];
    uint32_t count;
    int64_t msg; /* of the last message of all */
    uint64_t random;
};

/* --- the stage: an actor that applies ----------------------------------------------------------
 */

static void begin(struct stage *stage)
{
    stage->actor = actor_get(stage->small.shard, toy_address(&stage->small, 0, true));
    ctx_begin(&stage->ctx, stage->small.shard, stage->actor, NULL);
    actor_mark_dirty(stage->small.shard, stage->actor, 0, (struct lsn){1});
    stage->actor->durable_lsn.v = 1;
    stage->ctx.applying = true;
}

static int set_up(void **state)
{
    struct stage *stage = memory_alloc(sizeof *stage);
    stage->random = 5;
    toy_world_start(&stage->small, 1);
    begin(stage);
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;
    ctx_end(&stage->ctx);
    small_fini(&stage->small);
    free(stage);
    return 0;
}

/** What was written goes to the state, and memory forgets it. */
static void flush(struct stage *stage)
{
    ctx_end(&stage->ctx);
    small_flush_all(&stage->small);
    assert_null(stage->actor->current);
    begin(stage);
}

static uint32_t below(struct stage *stage, uint32_t bound)
{
    stage->random = stage->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(stage->random >> 33) % bound;
}

static struct id device_of(uint32_t number)
{
    struct id device = {{0}};
    device.bytes[ID_BYTES - 1] = (uint8_t)number; /* neighbours in the order of keys */
    return device;
}

static const struct sent *find(const struct stage *stage, int64_t member, uint32_t device,
                               int64_t no)
{
    for (uint32_t i = 0; i < stage->count; i++) {
        const struct sent *sent = &stage->sent[i];
        if (sent->member == member && sent->device == device && sent->no == no) {
            return sent;
        }
    }
    return NULL;
}

static void sends(struct stage *stage, int64_t member, uint32_t device, int64_t no)
{
    assert_true(stage->count < SENT_MAX);
    stage->sent[stage->count++] = (struct sent){member, no, ++stage->msg, device};
    couple_sent_add(&stage->ctx, member, device_of(device), no, stage->msg);
}

static void expect(struct stage *stage, int64_t member, uint32_t device, int64_t no)
{
    const struct sent *sent = find(stage, member, device, no);
    int64_t msg = -1;
    int error = couple_sent_find(&stage->ctx, member, device_of(device), no, &msg);
    assert_int_equal(error, sent != NULL ? 0 : ERR_NOT_FOUND);
    assert_int_equal(msg, sent != NULL ? sent->msg : -1);
}

static void expect_all(struct stage *stage)
{
    for (uint32_t i = 0; i < stage->count; i++) {
        const struct sent *sent = &stage->sent[i];
        expect(stage, sent->member, sent->device, sent->no);
        expect(stage, sent->member, sent->device, sent->no + 1);
        expect(stage, 1 - sent->member, sent->device, sent->no);
    }
}

static void expect_highest(struct stage *stage, int64_t member, uint32_t device)
{
    int64_t highest = 0;
    for (uint32_t i = 0; i < stage->count; i++) {
        const struct sent *sent = &stage->sent[i];
        bool its = sent->member == member && sent->device == device;
        highest = its && sent->no > highest ? sent->no : highest;
    }
    assert_int_equal(couple_sent_highest(&stage->ctx, member, device_of(device)), highest);
}

/* --- promises -------------------------------------------------------------------------------- */

static void test_each_number_leads_to_its_message(void **state)
{
    struct stage *stage = *state;
    while (stage->count < SENT_MAX / 2) {
        int64_t member = below(stage, 2), no = 1 + below(stage, NUMBERS);
        uint32_t device = below(stage, DEVICES);
        if (find(stage, member, device, no) == NULL) {
            sends(stage, member, device, no);
            expect_highest(stage, member, device);
        }
        if (stage->count % 500 == 0) {
            flush(stage);
        }
    }
    expect_all(stage);
}

static void test_a_device_that_sent_nothing_has_no_highest(void **state)
{
    struct stage *stage = *state;
    sends(stage, 0, 1, 40);
    sends(stage, 1, 2, 7);
    for (uint32_t device = 0; device < 4; device++) {
        expect_highest(stage, 0, device);
        expect_highest(stage, 1, device);
    }
    flush(stage);
    expect_highest(stage, 0, 1);
    expect_highest(stage, 1, 1);
}

static void test_runs_share_rows(void **state)
{
    struct stage *stage = *state;
    for (int64_t no = 0; no < 320; no++) {
        sends(stage, 0, 0, 320 + no);
    }
    flush(stage);
    expect_all(stage);
    assert_int_equal(stage->small.row_count, 320 / 32 + 1); /* and the root */
}

static void test_the_ends_of_what_numbers_can_be(void **state)
{
    struct stage *stage = *state;
    sends(stage, 0, 0, INT_BOUND);
    sends(stage, 0, 0, INT_BOUND - 1);
    sends(stage, 0, 0, 1);
    stage->msg = (INT64_C(1) << 40) - 1; /* as far from the first of its row as can be */
    sends(stage, 0, 0, INT_BOUND - 2);
    stage->msg = INT_BOUND - 1;
    sends(stage, 0, 0, 32);
    flush(stage);
    expect_all(stage);
    expect_highest(stage, 0, 0);
}

static void test_a_row_that_cannot_be_is_told_and_not_read(void **state)
{
    struct stage *stage = *state;
    int64_t msg = -1;
    sends(stage, 0, 0, 1);
    flush(stage);
    for (uint32_t i = 0; i < stage->small.row_count; i++) {
        struct small_row *row = &stage->small.rows[i];
        row->value.len -= row->key.data[ADDRESS_BYTES] == COUPLE_SENT ? 1 : 0;
    }
    logger_set_level(LOG_LEVEL_OFF);
    assert_int_equal(couple_sent_find(&stage->ctx, 0, device_of(0), 1, &msg), ERR_CORRUPT);
    logger_set_level(LOG_LEVEL_INFO);
    assert_int_equal(msg, -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_each_number_leads_to_its_message),
        TEST(test_a_device_that_sent_nothing_has_no_highest),
        TEST(test_runs_share_rows),
        TEST(test_the_ends_of_what_numbers_can_be),
        TEST(test_a_row_that_cannot_be_is_told_and_not_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
