#include "bench/page.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bench/html.h"

static const char style[] =
    ":root{--bg:#fbfbfa;--card:#fff;--text:#1d1f23;--soft:#5c626c;--line:#d9dce1;--grid:#e7e9ed;"
    "--c0:#2458c5;--c1:#b3541e;--c2:#1b7a55;--f1:#a9b1bd;--bad:#b3261e}"
    "@media(prefers-color-scheme:dark){:root{--bg:#15171a;--card:#1d2024;--text:#e6e8eb;"
    "--soft:#a0a7b1;--line:#363b42;--grid:#2b3036;--c0:#7aa7ff;--c1:#f0a06a;--c2:#63c99d;"
    "--f1:#59616c;--bad:#ff8a80}}"
    "*{box-sizing:border-box}html{color-scheme:light dark}"
    "body{margin:0 auto;padding:1.5rem clamp(.75rem,3vw,2rem) 4rem;max-width:90rem;"
    "background:var(--bg);color:var(--text);font:16px/1.5 system-ui,sans-serif}"
    "h1{font-size:1.6rem;margin:0 0 .25rem}h2{font-size:1.25rem;margin:2.5rem 0 .75rem}"
    "h3{font-size:1.1rem;margin:0 0 .75rem}h3 small{margin-left:.6rem;font-weight:400;"
    "font-size:.85rem;color:var(--soft)}"
    "section{background:var(--card);border:1px solid var(--line);border-radius:10px;"
    "padding:1rem clamp(.75rem,2vw,1.25rem);margin:0 0 1rem}"
    ".plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,27rem),1fr));"
    "gap:1rem 1.5rem}.plots.bars{grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),"
    "1fr))}figure{margin:0;min-width:0}figcaption{font-weight:600;font-size:.95rem}"
    "svg{display:block;width:100%;max-width:36rem;height:auto;font:12px system-ui,sans-serif}"
    "svg text{fill:var(--soft)}svg .value,svg .name{fill:var(--text)}"
    ".mid{text-anchor:middle}.end{text-anchor:end}.grid{stroke:var(--grid)}"
    ".line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}"
    ".thin{stroke-width:1.2;opacity:.6}"
    ".c0{stroke:var(--c0)}.c1{stroke:var(--c1)}.c2{stroke:var(--c2)}"
    ".f0{fill:var(--c0)}.f1{fill:var(--f1)}"
    ".legend{margin:.25rem 0 0;font-size:.85rem;color:var(--soft);display:flex;flex-wrap:wrap;"
    "gap:.15rem 1rem}.legend i{display:inline-block;width:1.1rem;height:3px;border-radius:2px;"
    "margin-right:.4rem;vertical-align:middle}"
    ".b0{background:var(--c0)}.b1{background:var(--c1)}.b2{background:var(--c2)}"
    ".wide{overflow-x:auto;margin-top:.75rem}table{border-collapse:collapse;font-size:.9rem;"
    "font-variant-numeric:tabular-nums}th,td{padding:.3rem .75rem .3rem 0;text-align:right;"
    "border-bottom:1px solid var(--grid);white-space:nowrap}th{font-weight:600}"
    "th:first-child,td:first-child,.left{text-align:left}tbody th{white-space:normal}"
    "tbody th a{display:inline-block;min-width:13rem}td.left{white-space:normal;"
    "min-width:16rem}thead th{color:var(--soft);font-weight:500}tbody th{font-weight:400}"
    "td small{color:var(--soft)}.origin,.note{font-size:.85rem;color:var(--soft);"
    "margin:.75rem 0}.origin div{overflow-wrap:anywhere}code{font:.95em ui-monospace,monospace;"
    "overflow-wrap:anywhere}"
    ".bad{color:var(--bad);font-weight:600}summary{cursor:pointer;font-size:.9rem;"
    "padding:.25rem 0}a{color:var(--c0)}";

const char *page_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

double page_median(const json_t *result, const char *figure)
{
    const json_t *summary = json_object_get(json_object_get(result, "figures"), figure);
    const json_t *median = json_object_get(summary, "median");
    return json_is_number(median) ? json_number_value(median) : -1;
}

void page_setting(const json_t *result, char *out, size_t size)
{
    const char *name;
    json_t *value;
    out[0] = '\0';
    json_object_foreach(json_object_get(result, "setting"), name, value)
    {
        size_t len = strlen(out);
        const char *before = len != 0 ? ", " : "";
        if (json_is_integer(value) && json_integer_value(value) != 0) {
            snprintf(out + len, size - len, "%s%s %lld", before, name,
                     (long long)json_integer_value(value));
        } else if (json_is_string(value)) {
            snprintf(out + len, size - len, "%s%s %s", before, name, json_string_value(value));
        } else if (json_is_true(value)) {
            snprintf(out + len, size - len, "%s%s", before, name);
        }
    }
}

static void write_scalar(struct buffer *out, const char *name, const json_t *value)
{
    char text[64] = "–";
    if (json_is_string(value)) {
        html_text(out, json_string_value(value));
        return;
    }
    if (json_is_number(value)) {
        html_figure(name, json_number_value(value), text, sizeof text);
    } else if (json_is_boolean(value)) {
        snprintf(text, sizeof text, "%s", json_is_true(value) ? "yes" : "no");
    }
    html_text(out, text);
}

/* "title: name value, name value" for a flat object. */
static void write_object(struct buffer *out, const char *title, const json_t *object)
{
    const char *name;
    json_t *value;
    const char *before = "";
    if (json_object_size(object) == 0) {
        return;
    }
    html_raw(out, "<div><strong>");
    html_text(out, title);
    html_raw(out, "</strong> ");
    json_object_foreach((json_t *)object, name, value)
    {
        if (!json_is_object(value)) {
            html_raw(out, before);
            html_text(out, name);
            html_raw(out, " ");
            write_scalar(out, name, value);
            before = ", ";
        }
    }
    html_raw(out, "</div>\n");
}

void page_origin(struct buffer *out, const json_t *result)
{
    const json_t *machine = json_object_get(result, "machine");
    html_raw(out, "<div class=\"origin\"><div><strong>Command</strong> <code>");
    html_text(out, page_text(result, "command"));
    html_raw(out, "</code></div><div><strong>Date</strong> ");
    html_text(out, page_text(result, "date"));
    html_raw(out, "</div>\n");
    write_object(out, "Machine", machine);
    write_object(out, "Disk", json_object_get(machine, "disk"));
    write_object(out, "Versions", json_object_get(result, "versions"));
    write_object(out, "Calibration", json_object_get(result, "calibration"));
    html_raw(out, "</div>\n");
}

/* The scenario's main figures, as its results name them. */
static json_t *headlines_of(const json_t *result)
{
    json_t *names = json_object_get(result, "headlines");
    if (json_array_size(names) != 0) {
        return json_incref(names);
    }
    json_t *first = json_array();
    const char *name;
    json_t *summary;
    json_object_foreach(json_object_get(result, "figures"), name, summary)
    {
        if (json_array_size(first) < 6) {
            json_array_append_new(first, json_string(name));
        }
    }
    return first;
}

static void write_headline(struct buffer *out, const json_t *result, const char *name)
{
    const json_t *summary = json_object_get(json_object_get(result, "figures"), name);
    const json_t *spread = json_object_get(summary, "spread");
    char text[64] = "–";
    if (json_is_number(json_object_get(summary, "median"))) {
        html_figure(name, page_median(result, name), text, sizeof text);
    }
    html_raw(out, "<td>");
    html_text(out, text);
    if (json_is_number(spread) && json_array_size(json_object_get(result, "runs")) > 1) {
        html_numbers(out, " <small>± %.0f %%</small>", 50 * json_number_value(spread));
    }
    html_raw(out, "</td>");
}

static void write_row(struct buffer *out, size_t index, const json_t *result, const json_t *names)
{
    char setting[256];
    page_setting(result, setting, sizeof setting);
    html_numbers(out, "<tr><th scope=\"row\"><a href=\"#r%zu\">", index);
    html_text(out, setting[0] != '\0' ? setting : page_text(result, "scenario"));
    html_numbers(out, "</a></th><td>%zu</td>", json_array_size(json_object_get(result, "runs")));
    html_raw(out, json_is_false(json_object_get(result, "good")) ? "<td class=\"bad\">no</td>"
                                                                 : "<td>yes</td>");
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        write_headline(out, result, name != NULL ? name : "");
    }
    html_raw(out, "<td>");
    html_text(out, page_text(result, "date"));
    html_raw(out, "</td></tr>\n");
}

static void write_table(struct buffer *out, const json_t *results, const char *scenario,
                        const json_t *names)
{
    html_raw(out, "<section><h3>");
    html_text(out, scenario);
    html_raw(
        out,
        "</h3><div class=\"wide\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">setting</th>"
        "<th scope=\"col\">runs</th><th scope=\"col\">good</th>");
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        html_raw(out, "<th scope=\"col\">");
        html_text(out, name != NULL ? name : "");
        html_raw(out, "</th>");
    }
    html_raw(out, "<th scope=\"col\">date</th></tr></thead><tbody>\n");
    for (size_t i = 0; i < json_array_size(results); i++) {
        const json_t *result = json_array_get(results, i);
        if (strcmp(page_text(result, "scenario"), scenario) == 0) {
            write_row(out, i, result, names);
        }
    }
    html_raw(out, "</tbody></table></div></section>\n");
}

static bool was_before(const json_t *results, size_t index)
{
    const char *scenario = page_text(json_array_get(results, index), "scenario");
    for (size_t i = 0; i < index; i++) {
        if (strcmp(page_text(json_array_get(results, i), "scenario"), scenario) == 0) {
            return true;
        }
    }
    return false;
}

static void write_summary(struct buffer *out, const json_t *results)
{
    for (size_t i = 0; i < json_array_size(results); i++) {
        const json_t *result = json_array_get(results, i);
        if (!was_before(results, i)) {
            json_t *names = headlines_of(result);
            write_table(out, results, page_text(result, "scenario"), names);
            json_decref(names);
        }
    }
}

void page_write(struct buffer *out, const json_t *results, const json_t *comparisons)
{
    html_raw(out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                  "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
                  "<title>duet: what was measured</title><style>");
    html_raw(out, style);
    html_raw(out, "</style></head><body>\n<h1>duet: what was measured</h1>\n"
                  "<p class=\"note\">Medians over the runs; ± is half of (max − min) / median. "
                  "Figures can be compared only on the same machine in the same session, with the "
                  "calibration taken beside them.</p>\n");
    if (json_array_size(results) != 0) {
        html_raw(out, "<h2>Summary</h2>\n");
        write_summary(out, results);
    }
    for (size_t i = 0; i < json_array_size(comparisons); i++) {
        page_comparison(out, json_array_get(comparisons, i));
    }
    if (json_array_size(results) != 0) {
        html_raw(out, "<h2>Results</h2>\n");
    }
    for (size_t i = 0; i < json_array_size(results); i++) {
        html_numbers(out, "<div id=\"r%zu\">\n", i);
        page_result(out, json_array_get(results, i));
        html_raw(out, "</div>\n");
    }
    html_raw(out, "</body></html>\n");
}
