/*
 * What the writer threads do, on the real log and state: LMDB's instructions are counted, the
 * kernel's are not, so the disk does not matter.
 */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "storage/log.h"
#include "storage/state.h"
#include "tests/guard/guard.h"

#define SEGMENT_BYTES (UINT64_C(32) << 20)
#define RECORDS 64 /* of one commit */
#define COMMITS 100
#define WARM_COMMITS 10
#define PAYLOAD_BYTES 250 /* about what a message of 200 bytes is */
#define COUPLES 100
#define MESSAGES 10 /* of each couple in one flush */
#define FLUSHES 20
#define MAP_BYTES (UINT64_C(1) << 30)

static char *make_place(void)
{
    char *path = text_copy(access("/dev/shm", W_OK) == 0 ? "/dev/shm/duet-guard-XXXXXX"
                                                         : "/tmp/duet-guard-XXXXXX");
    if (mkdtemp(path) == NULL) {
        guard_fail("cannot make %s", path);
    }
    return path;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static void remove_place(char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(path);
}

/* --- log -------------------------------------------------------------------------------------- */

static struct log *open_log(const char *directory)
{
    struct log_config config = {
        .directory = directory, .segment_bytes = SEGMENT_BYTES, .reserve_bytes = 1};
    struct log *log = NULL;
    int error = log_open(&config, &log);
    if (error != 0) {
        guard_fail("cannot open a log in %s: %s", directory, error_name(error));
    }
    return log;
}

static void commit_records(struct log *log, uint32_t commits)
{
    uint8_t payload[PAYLOAD_BYTES];
    struct lsn tail;
    memset(payload, 'p', sizeof payload);
    for (uint32_t i = 0; i < commits; i++) {
        struct buffer run = {0};
        for (uint32_t r = 0; r < RECORDS; r++) {
            struct log_record record = {.address = {.kind = 7, .id = {{(uint8_t)r}}},
                                        .at_ms = 1767225600000 + i,
                                        .payload = bytes_of(payload, sizeof payload)};
            log_record_encode(&record, &run);
        }
        struct bytes batch = buffer_bytes(&run);
        log_commit(log, &batch, 1, &tail);
        buffer_fini(&run);
    }
}

static uint64_t count_commits(void)
{
    char *place = make_place();
    struct log *log = open_log(place);
    commit_records(log, WARM_COMMITS);
    guard_count_begin();
    commit_records(log, COMMITS);
    guard_count_end();
    log_close(log);
    remove_place(place);
    return COMMITS * RECORDS;
}

static uint64_t count_reading(void)
{
    char *place = make_place();
    struct log *log = open_log(place);
    struct log_reader *reader;
    struct log_record record;
    uint64_t records = 0;
    commit_records(log, COMMITS);
    if (log_reader_open(log, (struct lsn){1}, &reader) != 0) {
        guard_fail("the log cannot be read");
    }
    guard_count_begin();
    while (log_reader_next(reader, &record) == 0) {
        records++;
    }
    guard_count_end();
    if (records != COMMITS * RECORDS) {
        guard_fail("%llu records were read", (unsigned long long)records);
    }
    log_reader_close(reader);
    log_close(log);
    remove_place(place);
    return records;
}

/* --- state ------------------------------------------------------------------------------------ */

/** Each couple's root and its newest messages, as a flush brings them. */
static uint64_t commit_flush(struct state *state, uint64_t flush)
{
    static uint8_t keys[COUPLES * (MESSAGES + 1)][ADDRESS_BYTES + 9];
    static struct state_change changes[COUPLES * (MESSAGES + 1)];
    static uint8_t value[PAYLOAD_BYTES];
    size_t count = 0;
    for (uint32_t couple = 0; couple < COUPLES; couple++) {
        for (uint32_t row = 0; row <= MESSAGES; row++) {
            uint8_t *key = keys[count];
            put_u32(key + 1, couple * UINT32_C(2654435761)); /* random order, as addresses are */
            key[ADDRESS_BYTES] = row == 0 ? 200 : 1;
            put_u64(key + ADDRESS_BYTES + 1, row == 0 ? 0 : flush * MESSAGES + row);
            changes[count++] = (struct state_change){.table = STATE_ROWS,
                                                     .key = bytes_of(key, sizeof keys[0]),
                                                     .value = bytes_of(value, sizeof value)};
        }
    }
    state_commit(state, changes, count);
    return count;
}

static uint64_t count_state(void)
{
    char *place = make_place();
    struct state_config config = {.directory = place, .map_bytes = MAP_BYTES, .readers_max = 8};
    struct state *state = NULL;
    uint64_t rows = 0;
    int error = state_open(&config, &state);
    if (error != 0) {
        guard_fail("cannot open a state in %s: %s", place, error_name(error));
    }
    commit_flush(state, 0);
    guard_count_begin();
    for (uint64_t i = 1; i <= FLUSHES; i++) {
        rows += commit_flush(state, i);
    }
    guard_count_end();
    state_close(state);
    remove_place(place);
    return rows;
}

const struct guard_scenario guard_disk_scenarios[] = {
    {"log_commit", "record", count_commits},
    {"log_read", "record", count_reading},
    {"state_commit", "row", count_state},
    {0},
};
