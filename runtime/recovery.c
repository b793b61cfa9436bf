/*
 * Start-up: from state and log to actors that stand where the last durable record left them.
 *
 * The log is read from the checkpoint on; an actor whose state is newer than a record passes over
 * it. Partitions go to whatever number of shards runs today, and each shard replays on a thread of
 * its own. When a long log is replayed (state was lost, or its directory deleted), state is flushed
 * on the way, so memory stays bounded.
 */
#include <stdlib.h>

#include "runtime/lanes.h"
#include "runtime/node_internal.h"

#define PROGRESS_EVERY_MS 2000
#define PROGRESS_EVERY_RECORDS 65536

static void say_progress(uint64_t records, uint64_t *said_ms)
{
    uint64_t now = uv_hrtime() / 1000000;
    if (now - *said_ms >= PROGRESS_EVERY_MS) {
        *said_ms = now;
        LOG(INFO, "replaying the log", LOG_PAIR("records", LOG_INT(records)));
    }
}

/** Only a commit record, which is not returned, may stand between the checkpoint and the first. */
static int check_first(struct lsn checkpoint, struct lsn first)
{
    if (first.v <= checkpoint.v + 2) {
        return 0;
    }
    LOG(ERROR, "the log has been cut behind what the state needs; restore both from one backup",
        LOG_PAIR("needed", LOG_INT(checkpoint.v + 1)), LOG_PAIR("first", LOG_INT(first.v)));
    return ERR_CORRUPT;
}

static struct lanes *start_lanes(struct node *node)
{
    struct shard **shards = memory_alloc(node->worker_count * sizeof(struct shard *));
    for (uint16_t i = 0; i < node->worker_count; i++) {
        shards[i] = node->workers[i].shard;
    }
    struct lanes *lanes = lanes_start(shards, node->worker_count);
    free(shards);
    return lanes;
}

static int feed(struct node *node, struct log_reader *reader, struct lsn checkpoint)
{
    struct log_record record;
    uint64_t said_ms = uv_hrtime() / 1000000;
    int error;
    while ((error = log_reader_next(reader, &record)) == 0) {
        error = node->recovered_records == 0 ? check_first(checkpoint, record.lsn) : 0;
        if (error != 0) {
            return error;
        }
        lanes_add(node->lanes, &record);
        if (++node->recovered_records % PROGRESS_EVERY_RECORDS == 0) {
            say_progress(node->recovered_records, &said_ms);
        }
    }
    return error == ERR_END ? 0 : error;
}

static int replay(struct node *node, struct log_reader *reader, struct lsn checkpoint)
{
    node->lanes = start_lanes(node);
    int error = feed(node, reader, checkpoint);
    int failed = lanes_stop(node->lanes);
    node->lanes = NULL;
    error = error != 0 ? error : failed;
    const char *reason;
    struct lsn at = log_reader_fault(reader, &reason);
    if (error == ERR_CORRUPT && at.v != 0) {
        LOG(ERROR, "the log is damaged; run duetctl verify", LOG_PAIR("lsn", LOG_INT(at.v)),
            LOG_PAIR("reason", LOG_TEXT(reason)));
    }
    return error;
}

int node_recover(struct node *node)
{
    uint64_t began = uv_hrtime();
    struct lsn checkpoint, tail = log_tail(node->log);
    int error = state_version_check(node);
    if (error == 0) {
        error = state_writer_read_checkpoint(node, &checkpoint);
    }
    if (error != 0) {
        return error;
    }
    if (checkpoint.v > tail.v) {
        LOG(ERROR, "state is ahead of the log: they do not belong together",
            LOG_PAIR("checkpoint", LOG_INT(checkpoint.v)), LOG_PAIR("log", LOG_INT(tail.v)));
        return ERR_CORRUPT;
    }
    state_writer_init(&node->state_writer, node, checkpoint);
    for (uint16_t i = 0; i < node->worker_count; i++) {
        error = worker_init(&node->workers[i], node, i);
        if (error != 0) {
            return error;
        }
    }
    struct log_reader *reader;
    error = log_reader_open(node->log, (struct lsn){checkpoint.v + 1}, &reader);
    if (error != 0) {
        return error;
    }
    state_writer_start(&node->state_writer);
    error = replay(node, reader, checkpoint);
    log_reader_close(reader);
    node->recovery_ms = (int64_t)((uv_hrtime() - began) / 1000000);
    LOG(INFO, "recovered", LOG_PAIR("records", LOG_INT(node->recovered_records)),
        LOG_PAIR("log_tail", LOG_INT(tail.v)), LOG_PAIR("took_ms", LOG_INT(node->recovery_ms)));
    return error;
}
