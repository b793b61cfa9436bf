/*
 * Peers beside duet under the same load: bars and a table for every setting that was measured.
 * The bars take all good runs of a system; a ratio only those that were made in turn.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/figures.h"
#include "bench/html.h"
#include "bench/page.h"
#include "bench/plot.h"

#define OURS "duet"

static const char *system_of(const json_t *result)
{
    return page_text(json_object_get(result, "setting"), "system");
}

static const char *beside_of(const json_t *result)
{
    return page_text(json_object_get(result, "setting"), "beside");
}

/* What was asked for, whoever was measured. */
static void load_of(const json_t *result, char *out, size_t size)
{
    json_t *setting = json_copy(json_object_get(result, "setting"));
    json_object_del(setting, "system");
    json_object_del(setting, "beside");
    json_object_del(setting, "protocol");
    json_t *load = json_pack("{s:o}", "setting", setting != NULL ? setting : json_object());
    page_setting(load, out, size);
    json_decref(load);
}

/* Good runs of a system under a load (and, if not NULL, beside a peer), summed up as a result. */
static json_t *gather(const json_t *results, const char *system, const char *beside,
                      const char *load)
{
    json_t *runs = json_array();
    for (size_t i = 0; i < json_array_size(results); i++) {
        const json_t *result = json_array_get(results, i);
        char own_load[256];
        load_of(result, own_load, sizeof own_load);
        if (strcmp(system_of(result), system) != 0 || strcmp(own_load, load) != 0 ||
            (beside != NULL && strcmp(beside_of(result), beside) != 0)) {
            continue;
        }
        json_t *all = json_object_get(result, "runs");
        for (size_t k = 0; k < json_array_size(all); k++) {
            if (json_is_true(json_object_get(json_array_get(all, k), "good"))) {
                json_array_append(runs, json_array_get(all, k));
            }
        }
    }
    json_t *setting = json_object();
    json_t *figures = figures_summarize(runs, setting);
    json_decref(setting);
    return json_pack("{s:s, s:o, s:o}", "system", system, "runs", runs, "figures", figures);
}

/* A message counts when it is acknowledged and delivered. -1: not measured. */
static double rate_of(const json_t *result)
{
    return fmin(page_median(result, "acked_per_s"), page_median(result, "delivered_per_s"));
}

static bool has_system(const json_t *systems, const char *name)
{
    for (size_t i = 0; i < json_array_size(systems); i++) {
        if (strcmp(page_text(json_array_get(systems, i), "system"), name) == 0) {
            return true;
        }
    }
    return false;
}

/* Every system under one load, the fastest first. */
static json_t *gather_all(const json_t *results, const char *load)
{
    json_t *systems = json_array();
    for (size_t i = 0; i < json_array_size(results); i++) {
        const char *name = system_of(json_array_get(results, i));
        if (name[0] == '\0' || has_system(systems, name)) {
            continue;
        }
        json_t *found = gather(results, name, NULL, load);
        size_t at = 0;
        while (at < json_array_size(systems) &&
               rate_of(json_array_get(systems, at)) >= rate_of(found)) {
            at++;
        }
        json_array_insert_new(systems, at, found);
    }
    return systems;
}

static const json_t *find_peer(const json_t *comparison, const char *name)
{
    const json_t *peers = json_object_get(comparison, "peers");
    for (size_t i = 0; i < json_array_size(peers); i++) {
        if (strcmp(page_text(json_array_get(peers, i), "peer"), name) == 0) {
            return json_array_get(peers, i);
        }
    }
    return NULL;
}

static const char *synced_of(const json_t *comparison, const char *system)
{
    return strcmp(system, OURS) == 0 ? "yes" : page_text(find_peer(comparison, system), "synced");
}

static void write_bars(struct buffer *out, const json_t *comparison, const json_t *systems,
                       const char *title, const char *figure)
{
    size_t count = json_array_size(systems);
    struct plot_bar *bars = memory_alloc((count + 1) * sizeof *bars);
    char description[160];
    for (size_t i = 0; i < count; i++) {
        const json_t *system = json_array_get(systems, i);
        const char *name = page_text(system, "system");
        bool synced = strcmp(synced_of(comparison, name), "yes") == 0;
        double value =
            strcmp(figure, "acked_per_s") == 0 ? rate_of(system) : page_median(system, figure);
        bars[i] =
            (struct plot_bar){.name = name,
                              .note = synced ? "synced before the acknowledgement" : "not synced",
                              .value = value,
                              .accent = strcmp(name, OURS) == 0};
    }
    snprintf(description, sizeof description,
             "A bar for each of %zu systems, duet in colour; the table below has the same figures.",
             count);
    plot_bars(out, title, description, figure, bars, count);
    free(bars);
}

static void write_number(struct buffer *out, const char *name, double value)
{
    html_cell(out, name, value >= 0 ? value : NAN);
}

/* How many times the peer's rate duet reached in the runs between the peer's. */
static double ratio_to(const json_t *results, const json_t *peer, const char *load)
{
    const char *name = page_text(peer, "system");
    json_t *ours = gather(results, OURS, name, load);
    double ratio = rate_of(ours) > 0 && rate_of(peer) > 0 ? rate_of(ours) / rate_of(peer) : -1;
    json_decref(ours);
    return strcmp(name, OURS) == 0 ? -1 : ratio;
}

static void write_table(struct buffer *out, const json_t *comparison, const json_t *systems,
                        const char *load)
{
    static const char *const figures[] = {"p50_us", "p99_us", "server_cpu_us_per_msg",
                                          "device_bytes_per_msg"};
    html_raw(out,
             "<div class=\"wide\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">system</th>"
             "<th scope=\"col\">runs</th><th scope=\"col\">messages/s</th>"
             "<th scope=\"col\">p50</th><th scope=\"col\">p99</th>"
             "<th scope=\"col\">CPU a message</th>"
             "<th scope=\"col\">device bytes a message</th>"
             "<th scope=\"col\">duet's rate / its</th>"
             "<th scope=\"col\">synced before the ack</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < json_array_size(systems); i++) {
        const json_t *system = json_array_get(systems, i);
        const char *name = page_text(system, "system");
        double ratio = ratio_to(json_object_get(comparison, "results"), system, load);
        html_raw(out, "<tr><th scope=\"row\">");
        html_text(out, name);
        html_numbers(out, "</th><td>%zu</td>", json_array_size(json_object_get(system, "runs")));
        write_number(out, "acked_per_s", rate_of(system));
        for (size_t k = 0; k < sizeof figures / sizeof figures[0]; k++) {
            write_number(out, figures[k], page_median(system, figures[k]));
        }
        write_number(out, "", ratio);
        html_raw(out, "<td>");
        html_text(out, synced_of(comparison, name));
        html_raw(out, "</td></tr>\n");
    }
    html_raw(out, "</tbody></table></div>\n");
}

static void write_load(struct buffer *out, const json_t *comparison, const json_t *first,
                       const char *load)
{
    json_t *systems = gather_all(json_object_get(comparison, "results"), load);
    html_raw(out, "<section><h3>peers<small>");
    html_text(out, load);
    html_raw(out, "</small></h3><div class=\"plots bars\">");
    write_bars(out, comparison, systems, "Messages a second", "acked_per_s");
    write_bars(out, comparison, systems, "99th percentile, send to receipt", "p99_us");
    write_bars(out, comparison, systems, "Server CPU a message", "server_cpu_us_per_msg");
    html_raw(out, "</div>\n");
    write_table(out, comparison, systems, load);
    page_origin(out, first);
    html_raw(out, "</section>\n");
    json_decref(systems);
}

static void write_peers(struct buffer *out, const json_t *peers)
{
    html_raw(
        out,
        "<section><h3>What the peers are</h3><div class=\"wide\" tabindex=\"0\"><table><thead><tr>"
        "<th scope=\"col\">peer</th><th scope=\"col\" class=\"left\">version</th>"
        "<th scope=\"col\" class=\"left\">does not guarantee, where duet does</th></tr>"
        "</thead><tbody>\n");
    for (size_t i = 0; i < json_array_size(peers); i++) {
        const json_t *peer = json_array_get(peers, i);
        const char *skipped = page_text(peer, "skipped");
        html_raw(out, "<tr><th scope=\"row\">");
        html_text(out, page_text(peer, "peer"));
        html_raw(out, "</th><td class=\"left\">");
        html_text(out, page_text(peer, "version"));
        html_raw(out, "</td><td class=\"left\">");
        html_text(out, skipped[0] != '\0' ? "skipped: " : page_text(peer, "not_guaranteed"));
        html_text(out, skipped);
        html_raw(out, "</td></tr>\n");
    }
    html_raw(out, "</tbody></table></div></section>\n");
}

void page_comparison(struct buffer *out, const json_t *comparison)
{
    const json_t *results = json_object_get(comparison, "results");
    json_t *seen = json_object();
    html_raw(out, "<h2>Beside peers<small class=\"note\"> ");
    html_text(out, page_text(comparison, "file"));
    html_raw(out, "</small></h2>\n");
    for (size_t i = 0; i < json_array_size(results); i++) {
        char load[256];
        const json_t *result = json_array_get(results, i);
        load_of(result, load, sizeof load);
        if (system_of(result)[0] != '\0' && json_object_get(seen, load) == NULL) {
            json_object_set_new(seen, load, json_true());
            write_load(out, comparison, result, load);
        }
    }
    html_raw(out, "<details><summary>The runs of each system</summary>\n");
    for (size_t i = 0; i < json_array_size(results); i++) {
        page_result(out, json_array_get(results, i));
    }
    html_raw(out, "</details>\n");
    if (json_array_size(json_object_get(comparison, "peers")) != 0) {
        write_peers(out, json_object_get(comparison, "peers"));
    }
    json_decref(seen);
}
