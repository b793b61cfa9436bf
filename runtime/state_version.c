/*
 * What versions of its kinds the state was written in.
 *
 * State is a consequence of the log, so another version of a kind's state needs no migration: it is
 * dropped and made again. That takes a log which still has its first record; without one, the
 * start is refused, and an older duetd can go on with the directory.
 */
#include "runtime/node_internal.h"

static const char versions_key[] = "versions";

static struct bytes key_bytes(void)
{
    return bytes_of(versions_key, sizeof versions_key - 1);
}

/** (u8 kind ∥ u16 version) of every kind. */
static void append_versions(const struct node *node, struct buffer *out)
{
    for (uint32_t i = 0; i < node->config.kind_count; i++) {
        buffer_append_u8(out, node->config.kinds[i]->code);
        buffer_append_u16(out, node->config.kinds[i]->state_version);
    }
}

static bool log_is_whole(struct node *node)
{
    struct log_reader *reader;
    struct log_record first;
    if (log_reader_open(node->log, (struct lsn){1}, &reader) != 0) {
        return false;
    }
    int error = log_reader_next(reader, &first);
    log_reader_close(reader);
    return error == ERR_END || (error == 0 && first.lsn.v == 1);
}

static int read_versions(struct node *node, struct buffer *out)
{
    struct state_reader *reader;
    struct bytes value;
    int error = state_reader_open(node->state, &reader);
    if (error != 0) {
        return error;
    }
    error = state_get(reader, STATE_META, key_bytes(), &value);
    if (error == 0) {
        buffer_append(out, value.data, value.len);
    }
    state_reader_close(reader);
    return error == ERR_NOT_FOUND ? 0 : error;
}

static void begin_anew(struct node *node, struct bytes versions)
{
    struct state_change changes[STATE_TABLE_COUNT + 1];
    for (unsigned i = 0; i < STATE_TABLE_COUNT; i++) {
        changes[i] = (struct state_change){.table = i, .action = STATE_DELETE_PREFIX};
    }
    changes[STATE_TABLE_COUNT] = (struct state_change){
        .table = STATE_META, .action = STATE_PUT, .key = key_bytes(), .value = versions};
    state_commit(node->state, changes, STATE_TABLE_COUNT + 1);
}

static int bring_up_to_date(struct node *node, struct bytes now, struct lsn checkpoint)
{
    if (checkpoint.v == 0) {
        begin_anew(node, now); /* there is nothing in it */
        return 0;
    }
    if (!log_is_whole(node)) {
        LOG(ERROR, "the state is of another version, and the log that it could be made from again "
                   "has been cut; start the duetd that wrote it");
        return ERR_FORMAT_VERSION;
    }
    LOG(INFO, "the state is of another version and is made again from the log");
    begin_anew(node, now);
    return 0;
}

int state_version_check(struct node *node)
{
    struct buffer now = {0};
    struct buffer stored = {0};
    struct lsn checkpoint;
    append_versions(node, &now);
    int error = read_versions(node, &stored);
    if (error == 0) {
        error = state_writer_read_checkpoint(node, &checkpoint);
    }
    if (error == 0 && !bytes_equal(buffer_bytes(&stored), buffer_bytes(&now))) {
        error = bring_up_to_date(node, buffer_bytes(&now), checkpoint);
    }
    buffer_fini(&now);
    buffer_fini(&stored);
    return error;
}
