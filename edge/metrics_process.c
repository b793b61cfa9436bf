/*
 * Figures of the process, under the names that Prometheus has for them, and of the node. A figure
 * of the node that has no row here is still shown, without help, so that none is forgotten.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "edge/metrics_internal.h"
#include "edge/metrics_text.h"

/* --- the process ----------------------------------------------------------------------------- */

static uint64_t resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file != NULL) {
        if (fscanf(file, "%*u %lu", &pages) != 1) {
            pages = 0;
        }
        fclose(file);
    }
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/** Counted by the kernel since Linux 6.2; to count them here would stop a shard with many. 0: not
 * known. */
static uint64_t open_descriptors(void)
{
    struct stat status;
    return stat("/proc/self/fd", &status) == 0 ? (uint64_t)status.st_size : 0;
}

static void render_one(struct buffer *out, const char *name, const char *type, const char *help,
                       uint64_t value, uint64_t unit)
{
    metrics_text_family(out, name, type, help);
    metrics_text_fraction(out, name, "", value, unit);
}

static void render_process(const struct metrics *metrics, struct buffer *out)
{
    struct rlimit limit = {0};
    uint64_t descriptors = open_descriptors();
    getrlimit(RLIMIT_NOFILE, &limit);
    render_one(out, "process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes(),
               1);
    render_one(out, "process_cpu_seconds_total", "counter", "Processor time, user and system.",
               cpu_us(), 1000000);
    render_one(out, "process_start_time_seconds", "gauge", "Start, in seconds since 1970.",
               (uint64_t)metrics->started_s, 1);
    if (descriptors != 0) {
        render_one(out, "process_open_fds", "gauge", "Open file descriptors.", descriptors, 1);
    }
    render_one(out, "process_max_fds", "gauge", "Most file descriptors that may be open.",
               limit.rlim_cur, 1);
}

static void render_build(const struct metrics *metrics, struct buffer *out)
{
    static const char first[] = "version=\"";
    struct buffer labels = {0};
    buffer_append(&labels, first, sizeof first - 1);
    metrics_text_label(&labels, metrics->config.version);
    buffer_append(&labels, "\"", 2);
    metrics_text_family(out, "duet_build_info", "gauge", "What is running; always 1.");
    metrics_text_sample(out, "duet_build_info", (const char *)labels.data, 1);
    buffer_fini(&labels);
}

/* --- the node -------------------------------------------------------------------------------- */

struct row {
    const char *figure; /* of node_figures */
    const char *name, *type, *help;
    uint64_t unit;
};

#define COUNTER(figure, name, help)                                                                \
    {                                                                                              \
        figure, "duet_" name, "counter", help, 1                                                   \
    }
#define GAUGE(figure, name, help)                                                                  \
    {                                                                                              \
        figure, "duet_" name, "gauge", help, 1                                                     \
    }

static const struct row rows[] = {
    GAUGE("shards", "shards", "Threads that run actors and connections."),
    GAUGE("sessions", "sessions", "Open sessions of all edges."),
    GAUGE("log_tail", "log_tail", "Number of the last durable record."),
    GAUGE("checkpoint", "log_checkpoint", "Number up to which the state needs no record."),
    GAUGE("log_to_replay", "flush_lag_records", "Records that a start would replay."),
    {"flush_lag_ms", "duet_flush_lag_seconds", "gauge",
     "Age of the oldest record that is not in the state.", 1000},
    COUNTER("log_commits", "log_commits_total", "Commits of the log."),
    COUNTER("log_records", "log_records_total", "Records that were committed."),
    COUNTER("log_bytes", "log_bytes_total", "Bytes that were committed."),
    GAUGE("log_segments", "log_segments", "Segments of the log."),
    {"log_commit_us_total", "duet_log_commit_time_seconds_total", "counter",
     "Time that commits of the log took.", 1000000},
    {"log_commit_us_max", "duet_log_commit_longest_seconds", "gauge",
     "The longest commit since the start.", 1000000},
    COUNTER("state_commits", "state_commits_total", "Commits of the state."),
    COUNTER("state_changes", "state_changes_total", "Changes that were written to the state."),
    COUNTER("state_bytes", "state_bytes_total", "Bytes that were written to the state."),
    GAUGE("recovered_records", "recovered_records", "Records that the last start replayed."),
    {"recovery_ms", "duet_recovery_seconds", "gauge", "Time that the last start took to replay.",
     1000},
    COUNTER("commands", "commands_total", "Commands that actors handled."),
    COUNTER("records", "records_total", "Records that actors made."),
    COUNTER("replies", "replies_total", "Answers to requests."),
    COUNTER("pushes", "pushes_total", "Messages to subscribed sessions."),
    COUNTER("busy", "mailbox_full_total", "Requests that were refused as busy."),
    COUNTER("dropped", "mailbox_dropped_total", "Tells that found a mailbox full."),
    COUNTER("stashed", "stashed_total", "Commands that waited for their actor's next event."),
    COUNTER("activations", "activations_total", "Actors that were woken."),
    COUNTER("evictions", "evictions_total", "Actors that were put away."),
    COUNTER("flushes", "flushes_total", "How often state was handed to its writer."),
    COUNTER("flushed_actors", "flushed_actors_total", "Actors whose state was written."),
    COUNTER("timers_fired", "timers_fired_total", "Timers that fired."),
    COUNTER("sends", "sends_total", "Reliable messages between actors."),
    COUNTER("resends", "resends_total", "Reliable messages that were sent again."),
    COUNTER("handler_failures", "handler_failures_total", "Commands that failed an invariant."),
    GAUGE("actors_awake", "actors_awake", "Actors in memory, each with its mailbox."),
    GAUGE("actors_dirty", "actors_dirty", "Actors with changes that are not in the state."),
    GAUGE("records_undurable", "records_undurable", "Records that wait for their commit."),
    GAUGE("bytes_undurable", "undurable_bytes", "Bytes that wait for their commit."),
    GAUGE("attached_sessions", "attached_sessions", "Sessions that are attached to actors."),
    GAUGE("commands_waiting", "mailbox_waiting", "Commands that wait in mailboxes."),
    GAUGE("mailbox_deepest", "mailbox_deepest", "Most that ever waited in one mailbox."),
};

static const struct row *find_row(const char *figure)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (strcmp(rows[i].figure, figure) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static void render_figure(const struct node_figure *figure, struct buffer *out)
{
    char name[128];
    const struct row *row = find_row(figure->name);
    if (row != NULL) {
        render_one(out, row->name, row->type, row->help, (uint64_t)figure->value, row->unit);
    } else {
        snprintf(name, sizeof name, "duet_%s", figure->name);
        render_one(out, name, "untyped", "A figure of the node.", (uint64_t)figure->value, 1);
    }
}

static void render_node(struct node *node, struct buffer *out)
{
    struct node_figure figures[NODE_FIGURES_MAX];
    struct bucket_counts took = {0}, records = {0};
    uint32_t count = node_figures(node, figures, NODE_FIGURES_MAX);
    for (uint32_t i = 0; i < count && i < NODE_FIGURES_MAX; i++) {
        render_figure(&figures[i], out);
    }
    const struct bucket_bounds *bounds = node_commit_us(node, &took);
    metrics_text_family(out, "duet_log_commit_seconds", "histogram",
                        "How long commits of the log took.");
    metrics_text_histogram(out, "duet_log_commit_seconds", "", bounds, &took, 1000000);
    bounds = node_commit_records(node, &records);
    metrics_text_family(out, "duet_log_commit_records", "histogram",
                        "Records in one commit of the log.");
    metrics_text_histogram(out, "duet_log_commit_records", "", bounds, &records, 1);
}

void metrics_render_process(const struct metrics *metrics, struct buffer *out)
{
    render_build(metrics, out);
    render_process(metrics, out);
    if (metrics->config.node != NULL) {
        render_node(metrics->config.node, out);
    }
}
