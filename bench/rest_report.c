#include <stdio.h>

#include "bench/chat.h"
#include "bench/report.h"
#include "bench/rest.h"
#include "bench/scenario.h"

static double grown(int64_t before, int64_t after)
{
    return before < 0 || after < 0 ? -1 : (double)(after - before);
}

static double per(double value, double count)
{
    return value < 0 || count <= 0 ? -1 : value / count;
}

uint64_t rest_answered(const struct rest_counts *counts)
{
    uint64_t sum = 0;
    for (int op = 0; op < REST_OPS; op++) {
        sum += counts->answered[op];
    }
    return sum;
}

bool rest_is_good(const struct rest_run *run)
{
    return !tally_is_bad(&run->tally) && run->counts.wrong_status == 0 &&
           run->counts.malformed == 0 && run->unanswered == 0 && run->connections_lost == 0 &&
           run->tally.acked == run->tally.delivered && run->all.total != 0;
}

static void put_latencies(json_t *report, const char *prefix, const struct histogram *histogram)
{
    static const struct {
        const char *name;
        double quantile;
    } rows[] = {{"p50_us", 0.5}, {"p99_us", 0.99}, {"p999_us", 0.999}, {"max_us", 1.0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s", prefix, rows[i].name);
        report_put_count(report, name, (int64_t)histogram_quantile(histogram, rows[i].quantile));
    }
}

static void put_ops(json_t *report, const struct rest_run *run)
{
    for (int op = 0; op < REST_OPS; op++) {
        char prefix[32];
        snprintf(prefix, sizeof prefix, "%s_", rest_op_names[op]);
        if (run->only == REST_OPS && run->of_op[op].total != 0) {
            put_latencies(report, prefix, &run->of_op[op]);
            scenario_latencies(report, rest_op_names[op], &run->of_op[op]);
        }
    }
}

static void put_faults(json_t *report, const struct rest_run *run)
{
    chat_put_tally(report, &run->tally);
    report_put_count(report, "refused", (int64_t)run->counts.refused);
    report_put_count(report, "wrong_status", (int64_t)run->counts.wrong_status);
    report_put_count(report, "malformed", (int64_t)run->counts.malformed);
    report_put_count(report, "unanswered",
                     (int64_t)(run->unanswered > run->tally.unanswered ? run->unanswered
                                                                       : run->tally.unanswered));
    report_put_count(report, "connections_lost", (int64_t)run->connections_lost);
    report_put_count(report, "reopened", (int64_t)run->reopened);
    if (run->first_wrong != 0) {
        report_put_count(report, "first_wrong_status", run->first_wrong);
    }
}

static void put_server(json_t *report, const struct rest_run *run, double answered, double written)
{
    const struct sample *from = &run->sample_at[0];
    const struct sample *to = &run->sample_at[1];
    report_put(report, "server_cpu_us_per_request", per(grown(from->cpu_us, to->cpu_us), answered));
    report_put(report, "generator_cpu_us_per_request",
               per(grown(from->own_cpu_us, to->own_cpu_us), answered));
    report_put_count(report, "server_rss_bytes", to->rss_bytes);
    report_put_count(report, "server_rss_bytes_start", from->rss_bytes);
    report_put_count(report, "server_anon_bytes", to->anon_bytes);
    report_put(report, "device_bytes_per_write",
               per(grown(from->device_bytes, to->device_bytes), written));
    report_put_count(report, "log_to_replay_start", from->log_to_replay);
    report_put_count(report, "log_to_replay_end", to->log_to_replay);
}

void rest_report(const struct rest_run *run)
{
    json_t *report = run->report;
    const struct rest_options *options = run->options;
    const struct rest_counts *from = &run->counts_at[0];
    const struct rest_counts *to = &run->counts_at[1];
    double seconds = (double)(run->sample_at[1].at_us - run->sample_at[0].at_us) / 1e6;
    double answered = (double)(rest_answered(to) - rest_answered(from));
    double written = (double)(to->answered[REST_SEND] - from->answered[REST_SEND]);
    json_object_set_new(report, "mix",
                        run->only == REST_OPS ? json_string(options->mix) : json_null());
    report_put_count(report, "connections", (int64_t)run->count);
    report_put_count(report, "rate", options->rate == 0 ? -1 : options->rate);
    report_put_count(report, "shards", options->server.shards == 0 ? -1 : options->server.shards);
    report_put(report, "measured_s", seconds);
    report_put(report, "requests_per_s", answered / seconds);
    report_put(report, "reads_per_s", (answered - written) / seconds);
    report_put(report, "writes_per_s", written / seconds);
    put_latencies(report, "", &run->all);
    put_ops(report, run);
    put_faults(report, run);
    put_server(report, run, answered, written);
    json_object_set_new(report, "good", json_boolean(rest_is_good(run)));
    scenario_latencies(report, "answer", &run->all);
}

void rest_report_second(struct rest_run *run, const struct rest_counts *before, int64_t elapsed_us)
{
    double seconds = (double)elapsed_us / 1e6;
    if (run->phase == REST_MEASURE) {
        json_t *report = run->report;
        scenario_series(report, "t_s", (double)(monotonic_us() - run->sample_at[0].at_us) / 1e6);
        scenario_series(report, "requests_per_s",
                        (double)(rest_answered(&run->counts) - rest_answered(before)) / seconds);
        scenario_series(report, "writes_per_s",
                        (double)(run->counts.answered[REST_SEND] - before->answered[REST_SEND]) /
                            seconds);
        scenario_series(report, "p50_us", (double)histogram_quantile(&run->second, 0.5));
        scenario_series(report, "p99_us", (double)histogram_quantile(&run->second, 0.99));
        scenario_series(report, "log_to_replay", (double)watch_latest(&run->watch));
    }
}
