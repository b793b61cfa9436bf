/* The log writer on a real log: what one commit cannot hold goes into several. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "runtime/node_internal.h"

#define RECORD_BYTES 100000
#define RECORDS 400 /* 40 MB: three commits */
#define PATIENCE_MS 60000

static void fill(struct buffer *out, uint32_t records)
{
    uint8_t *payload = memory_alloc(RECORD_BYTES);
    for (uint32_t i = 0; i < records; i++) {
        struct log_record record = {.address = {.kind = 1},
                                    .payload = bytes_of(payload, RECORD_BYTES)};
        put_u32(payload, i);
        log_record_encode(&record, out);
    }
    free(payload);
}

/** Waits until the shard was told of all its records, in order; returns in how many parts. */
static uint32_t told(struct worker *worker, uint64_t last)
{
    uint64_t next = 1;
    uint32_t parts = 0;
    for (int waited = 0; next <= last && waited < PATIENCE_MS; waited++) {
        struct message *message;
        uv_mutex_lock(&worker->lock);
        message = message_list_pop(&worker->inbox);
        uv_mutex_unlock(&worker->lock);
        if (message == NULL) {
            usleep(1000);
            continue;
        }
        struct durable *durable = (struct durable *)message;
        if (durable->first <= durable->last) {
            assert_int_equal(durable->first, next);
            next = durable->last + 1;
            parts++;
        }
        message_destroy(message);
    }
    assert_int_equal(next, last + 1);
    return parts;
}

static uint32_t count_in_log(struct log *log)
{
    struct log_reader *reader;
    struct log_record record;
    uint32_t count = 0;
    assert_int_equal(log_reader_open(log, (struct lsn){1}, &reader), 0);
    while (log_reader_next(reader, &record) == 0) {
        assert_int_equal(get_u32(record.payload.data), count % RECORDS);
        count++;
    }
    log_reader_close(reader);
    return count;
}

static void on_wake(uv_async_t *wake)
{
    (void)wake; /* the test looks into the inbox itself */
}

static void test_what_piled_up_is_committed_in_parts(void **state)
{
    char directory[] = "/tmp/duet-log-writer-XXXXXX", command[64];
    struct worker worker = {0};
    struct node node = {.workers = &worker, .worker_count = 1};
    struct buffer records = {0};
    (void)state;
    assert_non_null(mkdtemp(directory));
    struct log_config config = {
        .directory = directory, .segment_bytes = 64u << 20, .reserve_bytes = 1};
    assert_int_equal(log_open(&config, &node.log), 0);
    assert_int_equal(uv_mutex_init(&worker.lock), 0);
    assert_int_equal(uv_loop_init(&worker.loop), 0);
    assert_int_equal(uv_async_init(&worker.loop, &worker.wake, on_wake), 0);
    log_writer_start(&node.log_writer, &node);
    fill(&records, RECORDS);
    log_writer_add(&node.log_writer, 0, &records, 1, RECORDS);
    assert_int_equal(told(&worker, RECORDS), 3);
    assert_int_equal(count_in_log(node.log), RECORDS);
    assert_int_equal(log_writer_lag_ms(&node.log_writer, log_tail(node.log).v), 0);
    usleep(20000);
    assert_in_range(log_writer_lag_ms(&node.log_writer, 0), 20, PATIENCE_MS);
    log_writer_stop(&node.log_writer);
    struct bucket_counts took = {0}, sizes = {0};
    const struct bucket_bounds *bounds = node_commit_records(&node, &sizes);
    (void)node_commit_us(&node, &took);
    uint64_t commits = 0, timed = 0;
    for (uint32_t i = 0; i <= bounds->count; i++) {
        commits += sizes.counts[i];
        timed += took.counts[i];
    }
    assert_int_equal(commits, 3);
    assert_int_equal(timed, 3);
    assert_int_equal(sizes.sum, RECORDS);
    assert_true(took.sum > 0);
    struct message *message; /* when all is quiet, shards are told the tail once more */
    while ((message = message_list_pop(&worker.inbox)) != NULL) {
        message_destroy(message);
    }
    log_close(node.log);
    uv_close((uv_handle_t *)&worker.wake, NULL);
    uv_run(&worker.loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&worker.loop), 0);
    uv_mutex_destroy(&worker.lock);
    snprintf(command, sizeof command, "rm -r %s", directory);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_piled_up_is_committed_in_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
