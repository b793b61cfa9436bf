/* What a running node counts, for operators. Its figures have to fit into NODE_FIGURES_MAX. */
#include "runtime/node_internal.h"

struct figures {
    struct node_figure *out;
    uint32_t count, max;
};

static void add(struct figures *figures, const char *name, uint64_t value)
{
    if (figures->count < figures->max) {
        figures->out[figures->count] = (struct node_figure){.name = name, .value = (int64_t)value};
    }
    figures->count++;
}

static struct shard_stats sum_stats(struct node *node)
{
    struct shard_stats sum = {0};
    uint64_t *to = (uint64_t *)&sum, deepest = 0;
    for (uint16_t i = 0; i < node->worker_count; i++) {
        uv_mutex_lock(&node->workers[i].lock);
        const uint64_t *from = (const uint64_t *)&node->workers[i].stats;
        for (size_t f = 0; f < sizeof sum / sizeof *to; f++) {
            to[f] += from[f];
        }
        uint64_t own = node->workers[i].stats.mailbox_deepest;
        deepest = own > deepest ? own : deepest;
        uv_mutex_unlock(&node->workers[i].lock);
    }
    sum.mailbox_deepest = deepest;
    return sum;
}
_Static_assert(sizeof(struct shard_stats) % sizeof(uint64_t) == 0, "all figures are 64 bits");

static void add_shards(struct figures *figures, const struct shard_stats *stats)
{
    add(figures, "commands", stats->commands);
    add(figures, "records", stats->records);
    add(figures, "replies", stats->replies);
    add(figures, "pushes", stats->pushes);
    add(figures, "busy", stats->busy);
    add(figures, "dropped", stats->dropped);
    add(figures, "stashed", stats->stashed);
    add(figures, "activations", stats->activations);
    add(figures, "evictions", stats->evictions);
    add(figures, "flushes", stats->flushes);
    add(figures, "flushed_actors", stats->flushed_actors);
    add(figures, "timers_fired", stats->timers_fired);
    add(figures, "sends", stats->sends);
    add(figures, "resends", stats->resends);
    add(figures, "handler_failures", stats->handler_failures);
    add(figures, "actors_awake", stats->actors_awake);
    add(figures, "actors_dirty", stats->actors_dirty);
    add(figures, "records_undurable", stats->records_undurable);
    add(figures, "bytes_undurable", stats->bytes_undurable);
    add(figures, "attached_sessions", stats->attached_sessions);
    add(figures, "commands_waiting", stats->commands_waiting);
    add(figures, "mailbox_deepest", stats->mailbox_deepest);
}

uint32_t node_figures(struct node *node, struct node_figure *out, uint32_t max)
{
    struct figures figures = {.out = out, .max = max};
    struct log_stats log;
    struct state_stats state;
    log_stats(node->log, &log);
    state_stats(node->state, &state);
    struct shard_stats shards = sum_stats(node);
    uint64_t tail = log_tail(node->log).v;
    uint64_t checkpoint =
        atomic_load_explicit(&node->state_writer.checkpoint, memory_order_acquire);
    add(&figures, "shards", node->worker_count);
    add(&figures, "sessions", node_open_sessions(node));
    add(&figures, "log_tail", tail);
    add(&figures, "checkpoint", checkpoint);
    add(&figures, "log_to_replay", tail > checkpoint ? tail - checkpoint : 0);
    add(&figures, "flush_lag_ms",
        node->started ? (uint64_t)log_writer_lag_ms(&node->log_writer, checkpoint) : 0);
    add(&figures, "log_commits", log.commits);
    add(&figures, "log_records", log.records);
    add(&figures, "log_bytes", log.bytes);
    add(&figures, "log_segments", log.segments);
    add(&figures, "log_commit_us_total", log.commit_us_total);
    add(&figures, "log_commit_us_max", log.commit_us_max);
    add(&figures, "state_commits", state.commits);
    add(&figures, "state_changes", state.changes);
    add(&figures, "state_bytes", state.bytes);
    add(&figures, "recovered_records", node->recovered_records);
    add(&figures, "recovery_ms", (uint64_t)node->recovery_ms);
    add_shards(&figures, &shards);
    return figures.count;
}

const struct bucket_bounds *node_commit_us(const struct node *node, struct bucket_counts *out)
{
    buckets_read(&node->log_writer.commit_us, out);
    return &log_writer_us_bounds;
}

const struct bucket_bounds *node_commit_records(const struct node *node, struct bucket_counts *out)
{
    buckets_read(&node->log_writer.commit_records, out);
    return &log_writer_record_bounds;
}

bool node_has_room(const struct node *node)
{
    return log_has_room(node->log);
}
