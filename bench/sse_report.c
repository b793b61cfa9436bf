#include "bench/chat.h"
#include "bench/report.h"
#include "bench/scenario.h"
#include "bench/sse.h"

static double growth_per(int64_t before, int64_t after, double count)
{
    return before < 0 || after < 0 || count <= 0 ? -1 : (double)(after - before) / count;
}

static bool is_silent(const struct sse_run *run)
{
    return run->options->silence != 0 && run->silence_us > run->options->silence * 1000000;
}

bool sse_is_good(const struct sse_run *run)
{
    const struct rest_run *writers = run->writers;
    bool quiet = run->options->rate == 0;
    return run->lost == 0 && run->refused == 0 && run->strange == 0 && !is_silent(run) &&
           (quiet || (writers != NULL && !tally_is_bad(&writers->tally) &&
                      writers->counts.wrong_status == 0 && writers->counts.malformed == 0 &&
                      writers->unanswered == 0 && writers->connections_lost == 0 &&
                      writers->tally.delivered != 0));
}

static void put_memory(const struct sse_run *run, json_t *report)
{
    double count = (double)run->count;
    report_put_count(report, "server_rss_bytes_before", run->before.rss_bytes);
    report_put_count(report, "server_rss_bytes_after", run->settled.rss_bytes);
    report_put_count(report, "server_rss_bytes_end", run->chatted.rss_bytes);
    report_put(report, "bytes_per_stream",
               growth_per(run->before.rss_bytes, run->settled.rss_bytes, count));
    report_put(report, "bytes_per_stream_held",
               growth_per(run->before.rss_bytes, run->held.rss_bytes, count));
    report_put(report, "anon_bytes_per_stream",
               growth_per(run->before.anon_bytes, run->settled.anon_bytes, count));
}

static void put_hold(const struct sse_run *run, json_t *report)
{
    double held_us = (double)(run->held.at_us - run->settled.at_us);
    double cpu = growth_per(run->settled.cpu_us, run->held.cpu_us, held_us);
    uint64_t heartbeats = 0;
    size_t without = 0;
    for (size_t i = 0; i < run->count; i++) {
        heartbeats += run->clients[i].heartbeats;
        without += run->clients[i].heartbeats == 0;
    }
    report_put(report, "hold_s", held_us / 1e6);
    report_put(report, "server_cpu_percent_of_a_core", cpu < 0 ? -1 : 100 * cpu);
    report_put_count(report, "heartbeats", (int64_t)heartbeats);
    report_put_count(report, "streams_without_heartbeat", (int64_t)without);
    report_put(report, "silence_max_s", (double)run->silence_us / 1e6);
}

static void put_chat(const struct sse_run *run, json_t *report)
{
    const struct rest_run *writers = run->writers;
    double messages = (double)writers->tally.acked;
    chat_put_tally(report, &writers->tally);
    report_put_count(report, "wrong_status", (int64_t)writers->counts.wrong_status);
    report_put_count(report, "own_events", (int64_t)run->own);
    scenario_quantiles(report, "delivery", &run->delivery);
    scenario_quantiles(report, "answer", &writers->of_op[REST_SEND]);
    report_put(report, "server_cpu_us_per_message",
               growth_per(run->held.cpu_us, run->chatted.cpu_us, messages));
    scenario_latencies(report, "delivery", &run->delivery);
    scenario_latencies(report, "answer", &writers->of_op[REST_SEND]);
}

void sse_report(const struct sse_run *run, json_t *report)
{
    report_put_count(report, "streams", (int64_t)run->count);
    report_put(report, "opened_per_s", (double)run->count * 1e6 / (double)run->opened_in_us);
    put_memory(run, report);
    put_hold(run, report);
    if (run->writers != NULL) {
        put_chat(run, report);
    }
    report_put_count(report, "streams_lost", (int64_t)run->lost);
    report_put_count(report, "streams_refused", (int64_t)run->refused);
    report_put_count(report, "other_events", (int64_t)run->others);
    report_put_count(report, "strange_events", (int64_t)run->strange);
    json_object_set_new(report, "good", json_boolean(sse_is_good(run)));
}
