#include "bench/report.h"
#include "bench/scenario.h"
#include "bench/storm.h"

#define BAR_RESUMED_US 10000000

bool storm_is_good(const struct storm_run *run)
{
    return !tally_is_bad(&run->tally) && run->malformed == 0 && run->resets == 0 &&
           run->resumed_all_us != 0 && run->figures.gave_up == 0 &&
           background_is_good(&run->background);
}

static void put_ms(json_t *report, const char *name, int64_t us)
{
    report_put(report, name, us < 0 ? -1 : (double)us / 1000);
}

static void put_setting(json_t *report, const struct storm_run *run)
{
    report_put_count(report, "clients_used", (int64_t)run->cut_count);
    if (run->limit_note[0] != '\0') {
        json_object_set_new(report, "clients_note", json_string(run->limit_note));
    }
}

static void put_resumption(json_t *report, const struct storm_run *run)
{
    report_put_count(report, "resumed", (int64_t)run->live_count);
    put_ms(report, "resumed_p50_ms", (int64_t)histogram_quantile(&run->resumed, 0.5));
    put_ms(report, "resumed_p99_ms", (int64_t)histogram_quantile(&run->resumed, 0.99));
    put_ms(report, "resumed_all_ms", run->resumed_all_us != 0 ? run->resumed_all_us : -1);
    crowd_put_figures(report, &run->figures);
    report_put_count(report, "thrown_out", (int64_t)run->thrown_out);
    report_put_count(report, "entries_replayed", (int64_t)run->replayed);
    report_put_count(report, "sent_again", (int64_t)run->sent_again);
    report_put_count(report, "sent_again_was_there", (int64_t)run->repetitions);
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
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        background_put_phase(&run->background, report, rows[i].phase, rows[i].name);
    }
}

/* Of the storm's clients and the others together. */
static void put_tally(json_t *report, const struct storm_run *run)
{
    const struct chat_run *others = run->background.others;
    struct tally sum = run->tally;
    tally_add(&sum, &others->tally);
    chat_put_tally(report, &sum);
    report_put_count(report, "malformed", (int64_t)(run->malformed + others->malformed));
    report_put_count(report, "streams_reset", (int64_t)run->resets);
    report_put_count(report, "others_lost_connections", (int64_t)others->connections_lost);
}

static int64_t cpu_of(const struct storm_run *run, enum storm_phase phase, bool own)
{
    const struct sample *from = &run->background.samples[phase];
    const struct sample *to = &run->background.samples[phase + 1];
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
    background_put_server(&run->background, report, STORM_OUTAGE, STORM_DRAIN, STORM_STORM);
}

void storm_report(const struct storm_run *run)
{
    json_t *report = run->report;
    put_setting(report, run);
    put_resumption(report, run);
    put_others(report, run);
    put_tally(report, run);
    put_server(report, run);
    json_object_set_new(
        report, "bar_resumed_in_10_s",
        json_boolean(run->resumed_all_us != 0 && run->resumed_all_us <= BAR_RESUMED_US));
    json_object_set_new(report, "good", json_boolean(storm_is_good(run)));
    scenario_latencies(report, "resumed", &run->resumed);
    scenario_latencies(report, "others_during", &run->background.delivery[STORM_STORM]);
}
