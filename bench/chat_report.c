#include "base/error.h"
#include "bench/chat.h"
#include "bench/report.h"
#include "bench/scenario.h"

/* Growth of a sampled figure over the measurement; -1 if it was not to be had. */
static double grown(int64_t before, int64_t after)
{
    return before < 0 || after < 0 ? -1 : (double)(after - before);
}

static double per(double value, double count)
{
    return value < 0 || count <= 0 ? -1 : value / count;
}

/* What was asked for and did not apply is null. */
static void put_setting(json_t *report, const struct chat_options *options)
{
    report_put_count(report, "window", options->rate == 0 ? options->window : -1);
    report_put_count(report, "rate", options->rate == 0 ? -1 : options->rate);
    report_put_count(report, "shards", options->server.shards == 0 ? -1 : options->server.shards);
    json_object_set_new(report, "own_server", json_boolean(options->server.url == NULL));
}

static void put_latencies(json_t *report, const struct chat_run *run)
{
    static const struct {
        const char *delivery, *answer;
        double quantile;
    } rows[] = {{"p50_us", "ack_p50_us", 0.5},
                {"p99_us", "ack_p99_us", 0.99},
                {"p999_us", "ack_p999_us", 0.999},
                {"max_us", "ack_max_us", 1.0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        report_put_count(report, rows[i].delivery,
                         (int64_t)histogram_quantile(&run->delivery, rows[i].quantile));
        report_put_count(report, rows[i].answer,
                         (int64_t)histogram_quantile(&run->answer, rows[i].quantile));
    }
}

void chat_put_tally(json_t *report, const struct tally *tally)
{
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {{"sent", tally->sent},
                {"acked", tally->acked},
                {"delivered", tally->delivered},
                {"lost", tally->lost},
                {"doubled", tally->doubled},
                {"disordered", tally->disordered},
                {"gaps", tally->gaps},
                {"unanswered", tally->unanswered},
                {"unexpected", tally->unexpected},
                {"refused", tally->refused}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        report_put_count(report, rows[i].name, (int64_t)rows[i].value);
    }
}

static void put_faults(json_t *report, const struct chat_run *run)
{
    chat_put_tally(report, &run->tally);
    report_put_count(report, "malformed", (int64_t)run->malformed);
    report_put_count(report, "dups", (int64_t)run->dups);
    report_put_count(report, "connections_lost", (int64_t)run->connections_lost);
    if (run->first_error != 0) {
        json_object_set_new(report, "first_refusal", json_string(error_name(run->first_error)));
    }
}

/* A run too short for the watch has what stood at its two ends. */
static int64_t replay_mean(const struct chat_run *run, int quarter)
{
    int64_t count = run->replay[quarter].count;
    return count != 0 ? run->replay[quarter].sum / count : run->sample_at[quarter].log_to_replay;
}

static void put_server(json_t *report, const struct chat_run *run, double acked)
{
    const struct sample *from = &run->sample_at[0];
    const struct sample *to = &run->sample_at[1];
    report_put(report, "server_cpu_us_per_msg", per(grown(from->cpu_us, to->cpu_us), acked));
    report_put_count(report, "server_rss_bytes", to->rss_bytes);
    report_put_count(report, "server_rss_bytes_start", from->rss_bytes);
    report_put_count(report, "server_anon_bytes", to->anon_bytes);
    report_put_count(report, "server_anon_bytes_start", from->anon_bytes);
    report_put(report, "device_bytes_per_msg",
               per(grown(from->device_bytes, to->device_bytes), acked));
    report_put_count(report, "log_to_replay_start", replay_mean(run, 0));
    report_put_count(report, "log_to_replay_end", replay_mean(run, 1));
    report_put(report, "generator_cpu_us_per_msg",
               per(grown(from->own_cpu_us, to->own_cpu_us), acked));
}

void chat_report(const struct chat_run *run)
{
    json_t *report = run->report;
    double seconds = (double)(run->sample_at[1].at_us - run->sample_at[0].at_us) / 1e6;
    double acked = (double)(run->tally_at[1].acked - run->tally_at[0].acked);
    double delivered = (double)(run->tally_at[1].delivered - run->tally_at[0].delivered);
    json_object_set_new(report, "protocol", json_string(run->server.protocol->name));
    put_setting(report, run->options);
    report_put(report, "measured_s", seconds);
    report_put(report, "acked_per_s", acked / seconds);
    report_put(report, "delivered_per_s", delivered / seconds);
    put_latencies(report, run);
    put_faults(report, run);
    put_server(report, run, acked);
    json_object_set_new(report, "good", json_boolean(chat_is_good(run)));
    scenario_latencies(report, "delivery", &run->delivery);
    scenario_latencies(report, "answer", &run->answer);
}

void chat_relate(json_t *report, const json_t *calibration)
{
    char name[64];
    int64_t window = json_integer_value(json_object_get(report, "window"));
    snprintf(name, sizeof name, "echo_window_%lld_per_s", (long long)window);
    double raw_per_s = json_number_value(json_object_get(calibration, name));
    snprintf(name, sizeof name, "raw_server_cpu_us_w%lld", (long long)window);
    double raw_cpu_us = json_number_value(json_object_get(calibration, name));
    double per_s = json_number_value(json_object_get(report, "acked_per_s"));
    double cpu_us = json_number_value(json_object_get(report, "server_cpu_us_per_msg"));
    if (raw_per_s > 0) { /* there is one of this window */
        report_put(report, "raw_ratio", per(raw_per_s, per_s));
        report_put(report, "raw_cpu_ratio", cpu_us > 0 ? per(cpu_us, raw_cpu_us) : -1);
    }
}

void chat_report_second(struct chat_run *run, const struct tally *before, int64_t elapsed_us,
                        int64_t log_to_replay)
{
    double seconds = (double)elapsed_us / 1e6;
    int64_t begun_us = run->sample_at[0].at_us;
    if (run->phase == CHAT_MEASURE && run->report != NULL) {
        json_t *report = run->report;
        scenario_series(report, "t_s", (double)(monotonic_us() - begun_us) / 1e6);
        scenario_series(report, "acked_per_s",
                        (double)(run->tally.acked - before->acked) / seconds);
        scenario_series(report, "delivered_per_s",
                        (double)(run->tally.delivered - before->delivered) / seconds);
        scenario_series(report, "p50_us", (double)histogram_quantile(&run->second, 0.5));
        scenario_series(report, "p99_us", (double)histogram_quantile(&run->second, 0.99));
        scenario_series(report, "log_to_replay", (double)log_to_replay);
    }
}
