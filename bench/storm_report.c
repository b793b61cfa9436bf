#include <stdio.h>

#include "base/error.h"
#include "bench/report.h"
#include "bench/scenario.h"
#include "bench/storm.h"

#define BAR_RESUMED_US 10000000
#define BAR_OTHERS_US 100000

bool storm_is_good(const struct storm_run *run)
{
    const struct chat_run *others = run->others;
    return !tally_is_bad(&run->tally) && run->malformed == 0 && run->resets == 0 &&
           run->resumed_all_us != 0 && run->figures.gave_up == 0 && !tally_is_bad(&others->tally) &&
           others->malformed == 0 && others->dups == 0 && others->connections_lost == 0;
}

static void put(json_t *report, const char *name, int64_t value)
{
    json_object_set_new(report, name, value < 0 ? json_null() : json_integer(value));
}

static void put_ms(json_t *report, const char *name, int64_t us)
{
    json_object_set_new(report, name, report_figure(us < 0 ? -1 : (double)us / 1000));
}

static void put_setting(json_t *report, const struct storm_run *run)
{
    put(report, "clients_used", (int64_t)run->cut_count);
    if (run->limit_note[0] != '\0') {
        json_object_set_new(report, "clients_note", json_string(run->limit_note));
    }
}

static void put_resumption(json_t *report, const struct storm_run *run)
{
    const struct crowd_figures *figures = &run->figures;
    put(report, "resumed", (int64_t)run->live_count);
    put_ms(report, "resumed_p50_ms", (int64_t)histogram_quantile(&run->resumed, 0.5));
    put_ms(report, "resumed_p99_ms", (int64_t)histogram_quantile(&run->resumed, 0.99));
    put_ms(report, "resumed_all_ms", run->resumed_all_us != 0 ? run->resumed_all_us : -1);
    put(report, "connects", (int64_t)figures->dials);
    put(report, "connects_refused", (int64_t)figures->refused);
    put(report, "closed_before_resumed", (int64_t)figures->closed);
    put(report, "told_to_wait", (int64_t)figures->told_wait);
    put(report, "thrown_out", (int64_t)run->thrown_out);
    put(report, "entries_replayed", (int64_t)run->replayed);
    put(report, "sent_again", (int64_t)run->sent_again);
    put(report, "sent_again_was_there", (int64_t)run->repetitions);
    if (figures->first_error != 0) {
        json_object_set_new(report, "first_refusal", json_string(error_name(figures->first_error)));
    }
    if (figures->first_close_code != 0) {
        put(report, "first_close_code", figures->first_close_code);
    }
}

static void put_others(json_t *report, const struct storm_run *run)
{
    static const struct {
        const char *name;
        enum storm_phase phase;
    } rows[] = {{"others_before", STORM_BEFORE},
                {"others_outage", STORM_OUTAGE},
                {"others_during", STORM_STORM},
                {"others_after", STORM_AFTER}};
    static const struct {
        const char *name;
        double quantile;
    } quantiles[] = {{"p50", 0.5}, {"p99", 0.99}, {"max", 1.0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct histogram *delivery = &run->delivery[rows[i].phase];
        char name[64];
        snprintf(name, sizeof name, "%s_messages", rows[i].name);
        put(report, name, (int64_t)delivery->total);
        for (size_t k = 0; k < sizeof quantiles / sizeof quantiles[0]; k++) {
            snprintf(name, sizeof name, "%s_%s_ms", rows[i].name, quantiles[k].name);
            put_ms(report, name, (int64_t)histogram_quantile(delivery, quantiles[k].quantile));
        }
    }
}

static void put_tally(json_t *report, const struct storm_run *run)
{
    const struct tally *mine = &run->tally;
    const struct tally *others = &run->others->tally;
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {{"sent", mine->sent + others->sent},
                {"acked", mine->acked + others->acked},
                {"delivered", mine->delivered + others->delivered},
                {"lost", mine->lost + others->lost},
                {"doubled", mine->doubled + others->doubled},
                {"disordered", mine->disordered + others->disordered},
                {"gaps", mine->gaps + others->gaps},
                {"unanswered", mine->unanswered + others->unanswered},
                {"unexpected", mine->unexpected + others->unexpected},
                {"refused", mine->refused + others->refused},
                {"malformed", run->malformed + run->others->malformed},
                {"streams_reset", run->resets},
                {"others_lost_connections", run->others->connections_lost}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        put(report, rows[i].name, (int64_t)rows[i].value);
    }
}

static int64_t cpu_of(const struct storm_run *run, enum storm_phase phase, bool own)
{
    const struct sample *from = &run->samples[phase];
    const struct sample *to = &run->samples[phase + 1];
    if (own) {
        return to->own_cpu_us - from->own_cpu_us;
    }
    return from->cpu_us < 0 || to->cpu_us < 0 ? -1 : to->cpu_us - from->cpu_us;
}

static void put_server(json_t *report, const struct storm_run *run)
{
    put_ms(report, "server_cpu_outage_ms", cpu_of(run, STORM_OUTAGE, false));
    put_ms(report, "server_cpu_storm_ms", cpu_of(run, STORM_STORM, false));
    put_ms(report, "generator_cpu_storm_ms", cpu_of(run, STORM_STORM, true));
    put(report, "server_rss_bytes_before", run->samples[STORM_OUTAGE].rss_bytes);
    put(report, "server_rss_bytes_peak", run->rss_peak != 0 ? run->rss_peak : -1);
    put(report, "server_rss_bytes_after", run->samples[STORM_DRAIN].rss_bytes);
}

void storm_report(const struct storm_run *run)
{
    json_t *report = run->report;
    uint64_t others_p99 = histogram_quantile(&run->delivery[STORM_STORM], 0.99);
    put_setting(report, run);
    put_resumption(report, run);
    put_others(report, run);
    put_tally(report, run);
    put_server(report, run);
    json_object_set_new(
        report, "bar_resumed_in_10_s",
        json_boolean(run->resumed_all_us != 0 && run->resumed_all_us <= BAR_RESUMED_US));
    json_object_set_new(report, "bar_others_p99_below_100_ms",
                        json_boolean(others_p99 < BAR_OTHERS_US));
    json_object_set_new(report, "good", json_boolean(storm_is_good(run)));
    scenario_latencies(report, "resumed", &run->resumed);
    scenario_latencies(report, "others_during", &run->delivery[STORM_STORM]);
}
