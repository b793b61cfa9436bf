#include <stdio.h>
#include <string.h>

#include "bench/figures.h"
#include "bench/result.h"

static const char *const heads[] = {"format",  "scenario", "command",    "date",
                                    "machine", "versions", "calibration"};
/* What a flat object holds beside its figures. */
static const char *const settings[] = {
    "system",   "beside", "protocol", "couples", "window",      "rate",    "bytes",
    "seconds",  "warmup", "shards",   "hold",    "joining",     "clients", "others",
    "halves",   "missed", "before",   "outage",  "after",       "limit",   "what",
    "messages", "tail",   "actors",   "cold",    "connections", "only",    "alone"};

static json_t *collect_setting(const json_t *flat)
{
    json_t *setting = json_object();
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        json_t *value = json_object_get(flat, settings[i]);
        if (value != NULL) {
            json_object_set(setting, settings[i], value);
        }
    }
    return setting;
}

/* What tells where it comes from goes up, all else is its only run. */
static json_t *unflatten(json_t *flat)
{
    json_t *result = json_object();
    json_t *run = json_copy(flat);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        json_t *value = json_object_get(flat, heads[i]);
        if (value != NULL) {
            json_object_set(result, heads[i], value);
            json_object_del(run, heads[i]);
        }
    }
    json_t *runs = json_pack("[o]", run);
    json_t *setting = collect_setting(flat);
    json_object_set_new(result, "figures", figures_summarize(runs, setting));
    json_object_set_new(result, "setting", setting);
    json_t *latencies = json_object_get(run, "histograms");
    json_object_set_new(result, "latencies",
                        latencies != NULL ? json_incref(latencies) : json_object());
    json_object_set_new(result, "good", json_boolean(!json_is_false(json_object_get(run, "good"))));
    json_object_set_new(result, "runs", runs);
    json_decref(flat);
    return result;
}

static const char *find_fault(const json_t *result)
{
    const json_t *format = json_object_get(result, "format");
    const json_t *runs = json_object_get(result, "runs");
    if (format != NULL &&
        (!json_is_string(format) || strcmp(json_string_value(format), RESULT_FORMAT) != 0)) {
        return "of another format than \"" RESULT_FORMAT "\"";
    }
    if (!json_is_string(json_object_get(result, "scenario"))) {
        return "no result of duet-bench: it has no \"scenario\"";
    }
    if (!json_is_array(runs) || json_array_size(runs) == 0) {
        return "it has no runs";
    }
    for (size_t i = 0; i < json_array_size(runs); i++) {
        if (!json_is_object(json_array_get(runs, i))) {
            return "one of its runs is no object";
        }
    }
    if (!json_is_object(json_object_get(result, "figures")) ||
        !json_is_object(json_object_get(result, "setting"))) {
        return "it has no \"figures\" or no \"setting\"";
    }
    return NULL;
}

json_t *result_read(json_t *json, char *why, size_t size)
{
    if (json_is_object(json) && json_object_get(json, "runs") == NULL) {
        json = unflatten(json);
    }
    const char *fault = json_is_object(json) ? find_fault(json) : "it is no JSON object";
    if (fault == NULL) {
        return json;
    }
    snprintf(why, size, "%s", fault);
    json_decref(json);
    return NULL;
}
