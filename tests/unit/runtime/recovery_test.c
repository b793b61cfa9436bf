/*
 * A start on state and log that do not fit each other: a real node, real files. What can be made
 * again from the log is; what cannot be proved whole is refused, and nothing of it is changed.
 */
#include "tests/unit/runtime/toy.h"

#include <stdio.h>
#include <unistd.h>

#include "runtime/entries.h"
#include "runtime/node_internal.h"

#define TOYS 5
#define BUMPS_PER_RECORD 1000
#define RECORDS_PER_TOY 200 /* of all: some 11 MB, more than two segments */
#define SEGMENT_BYTES (4u << 20)
#define REPLAY_MAX 100 /* so replay flushes on its way */
#define TOTAL (BUMPS_PER_RECORD * RECORDS_PER_TOY)

struct place {
    char root[64], data[80], kept[80]; /* `kept`: what a test laid aside of the data */
};

static struct address toy_number(uint32_t number)
{
    struct address address = {.kind = TOY_KIND};
    put_u32(address.id.bytes, number);
    return address;
}

/* --- another version of toys: what they count counts twice ----------------------------------- */

static void apply_twice(struct ctx *ctx, void *state, const struct event_type *type,
                        const void *body)
{
    toy_apply(ctx, state, type, body);
    toy_apply(ctx, state, type, body);
}

static const struct kind toy_kind_2 = {.code = TOY_KIND,
                                       .name = "toy",
                                       .state_version = 2,
                                       .root = &toy_root_type,
                                       .commands = toy_commands,
                                       .command_count = 3,
                                       .events = toy_events,
                                       .event_count = 4,
                                       .apply = apply_twice,
                                       .outcome = toy_outcome,
                                       .timer = toy_timer};
static const struct kind *const toy_kinds_2[] = {&toy_kind_2};

/* --- the stage ------------------------------------------------------------------------------- */

static void __attribute__((format(printf, 1, 2))) run(const char *format, ...)
{
    char command[256];
    va_list words;
    va_start(words, format);
    vsnprintf(command, sizeof command, format, words);
    va_end(words);
    assert_int_equal(system(command), 0);
}

static int open_node(const struct place *place, const struct kind *const *kinds, struct node **node)
{
    const struct node_config config = {.data = place->data,
                                       .shards = 1,
                                       .kinds = kinds,
                                       .kind_count = 1,
                                       .log_segment_bytes = SEGMENT_BYTES,
                                       .log_reserve_bytes = 1,
                                       .log_keep = true,
                                       .replay_max = REPLAY_MAX};
    return node_open(&config, node);
}

static struct log *open_log(const struct place *place)
{
    char directory[96];
    struct log *log;
    snprintf(directory, sizeof directory, "%s/log", place->data);
    struct log_config config = {
        .directory = directory, .segment_bytes = SEGMENT_BYTES, .reserve_bytes = 1};
    assert_int_equal(log_open(&config, &log), 0);
    return log;
}

static void append_record(struct buffer *out, uint32_t toy, bool first)
{
    struct buffer payload = {0};
    struct entry_birth birth = {.incarnation = {{(uint8_t)(toy + 1)}}};
    struct toy_bumped one = {.n = 1};
    if (first) {
        entry_append(&payload, ENTRY_BIRTH, 0, 0, &entry_birth_type, &birth);
    }
    for (int i = 0; i < BUMPS_PER_RECORD; i++) {
        entry_append(&payload, ENTRY_EVENT, toy_bumped_event.tag, toy_bumped_event.version,
                     &toy_bumped_type, &one);
    }
    struct log_record record = {.address = toy_number(toy), .payload = buffer_bytes(&payload)};
    log_record_encode(&record, out);
    buffer_fini(&payload);
}

/** Every toy counts to TOTAL, in as many commits as it takes. */
static void fill_log(const struct place *place)
{
    struct log *log = open_log(place);
    struct lsn tail = log_tail(log);
    for (int i = 0; i < RECORDS_PER_TOY; i++) {
        struct buffer batch = {0};
        for (uint32_t toy = 0; toy < TOYS; toy++) {
            append_record(&batch, toy, tail.v == 0);
        }
        struct bytes bytes = buffer_bytes(&batch);
        log_prepare(log);
        log_commit(log, &bytes, 1, &tail);
        buffer_fini(&batch);
    }
    log_close(log);
}

/** Drops what comes before the log's last segment. */
static void cut_log(const struct place *place)
{
    struct log *log = open_log(place);
    struct log_reader *reader;
    struct log_record record;
    assert_int_equal(log_drop_below(log, log_tail(log)), 0);
    assert_int_equal(log_reader_open(log, (struct lsn){1}, &reader), 0);
    assert_int_equal(log_reader_next(reader, &record), 0);
    assert_true(record.lsn.v > 2);
    log_reader_close(reader);
    log_close(log);
}

static int set_up(void **state)
{
    struct place *place = memory_alloc(sizeof *place);
    struct node *node;
    snprintf(place->root, sizeof place->root, "/tmp/duet-recovery-XXXXXX");
    assert_non_null(mkdtemp(place->root));
    snprintf(place->data, sizeof place->data, "%s/data", place->root);
    snprintf(place->kept, sizeof place->kept, "%s/kept", place->root);
    assert_int_equal(open_node(place, toy_kinds, &node), 0);
    node_close(node);
    fill_log(place);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    run("rm -r %s", place->root);
    free(place);
    return 0;
}

static void expect_total(const struct node *node, int64_t total)
{
    for (uint32_t toy = 0; toy < TOYS; toy++) {
        const struct actor *actor = actor_get(node->workers[0].shard, toy_number(toy));
        const struct toy_root *root = actor->root;
        assert_int_equal(root->total, total);
    }
}

/** Starts, finds `total` in each toy after `replayed` records, flushes all state and stops. */
static void serves(const struct place *place, const struct kind *const *kinds, int64_t total,
                   uint64_t replayed)
{
    struct node *node;
    assert_int_equal(open_node(place, kinds, &node), 0);
    assert_int_equal(node->recovered_records, replayed);
    expect_total(node, total);
    assert_int_equal(node_start(node, NULL), 0);
    node_close(node);
}

/** Does not start: says `error` and, on standard error, `why`. */
static void refuses(const struct place *place, const struct kind *const *kinds, int error,
                    const char *why)
{
    char path[80], said[4096];
    struct node *node;
    snprintf(path, sizeof path, "%s/said", place->root);
    fflush(stderr);
    int kept = dup(STDERR_FILENO);
    FILE *file = fopen(path, "w+");
    assert_true(kept >= 0 && file != NULL && dup2(fileno(file), STDERR_FILENO) >= 0);
    int got = open_node(place, kinds, &node);
    dup2(kept, STDERR_FILENO);
    close(kept);
    rewind(file);
    said[fread(said, 1, sizeof said - 1, file)] = '\0';
    fclose(file);
    assert_int_equal(got, error);
    if (strstr(said, why) == NULL) {
        fail_msg("not said: %s\nbut: %s", why, said);
    }
}

/* --- promises -------------------------------------------------------------------------------- */

static void test_state_of_another_version_is_made_again_from_the_log(void **state)
{
    const struct place *place = *state;
    uint64_t all = (uint64_t)TOYS * RECORDS_PER_TOY;
    serves(place, toy_kinds, TOTAL, all);
    serves(place, toy_kinds, TOTAL, 0); /* it was all in the state */
    serves(place, toy_kinds_2, 2 * TOTAL, all);
    serves(place, toy_kinds_2, 2 * TOTAL, 0);
    serves(place, toy_kinds, TOTAL, all); /* and back, as after a downgrade */
}

static void test_a_long_log_is_flushed_while_it_is_replayed(void **state)
{
    const struct place *place = *state;
    struct node *node;
    assert_int_equal(open_node(place, toy_kinds, &node), 0);
    node_close(node); /* never started: what replay itself flushed is all that is kept */
    assert_int_equal(open_node(place, toy_kinds, &node), 0);
    assert_true(node->recovered_records <= 6 * REPLAY_MAX); /* a lane takes 512 at once */
    expect_total(node, TOTAL);
    node_close(node);
}

static void test_another_version_without_the_whole_log_is_refused_and_harms_nothing(void **state)
{
    const struct place *place = *state;
    serves(place, toy_kinds, TOTAL, (uint64_t)TOYS * RECORDS_PER_TOY);
    cut_log(place);
    refuses(place, toy_kinds_2, ERR_FORMAT_VERSION, "start the duetd that wrote it");
    serves(place, toy_kinds, TOTAL, 0);
}

static void test_a_lost_state_whose_log_was_cut_is_refused_until_both_are_back(void **state)
{
    const struct place *place = *state;
    serves(place, toy_kinds, TOTAL, (uint64_t)TOYS * RECORDS_PER_TOY);
    cut_log(place);
    run("mv %s/state %s", place->data, place->kept);
    refuses(place, toy_kinds, ERR_CORRUPT, "restore both from one backup");
    refuses(place, toy_kinds, ERR_CORRUPT, "restore both from one backup"); /* not half replayed */
    run("rm -r %s/state", place->data);
    run("mv %s %s/state", place->kept, place->data);
    serves(place, toy_kinds, TOTAL, 0);
}

static void test_an_older_state_is_refused_when_the_log_between_is_gone(void **state)
{
    const struct place *place = *state;
    uint64_t all = (uint64_t)TOYS * RECORDS_PER_TOY;
    serves(place, toy_kinds, TOTAL, all);
    run("cp -a %s/state %s", place->data, place->kept);
    fill_log(place);
    run("cp -a %s/log %s-log", place->data, place->kept);
    cut_log(place);
    refuses(place, toy_kinds, ERR_CORRUPT, "the log has been cut behind what the state needs");
    run("rm -r %s/log", place->data);
    run("mv %s-log %s/log", place->kept, place->data);
    serves(place, toy_kinds, 2 * TOTAL, all);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_state_of_another_version_is_made_again_from_the_log),
        TEST(test_a_long_log_is_flushed_while_it_is_replayed),
        TEST(test_another_version_without_the_whole_log_is_refused_and_harms_nothing),
        TEST(test_a_lost_state_whose_log_was_cut_is_refused_until_both_are_back),
        TEST(test_an_older_state_is_refused_when_the_log_between_is_gone),
    };
    logger_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
