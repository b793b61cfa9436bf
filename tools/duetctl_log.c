/*
 * duetctl log: what happened, record by record, while the daemon runs or not.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "base/error.h"
#include "tools/duetctl.h"
#include "tools/log_json.h"
#include "tools/log_source.h"

#define FOLLOW_MS 200

struct log_options {
    const char *data;
    const char *from_text, *limit_text, *kind_text;
    bool follow, json;
    int64_t from, limit;
    uint8_t kind; /* 0: all */
};

static void print_json(const json_t *record)
{
    char *line = json_dumps(record, JSON_COMPACT);
    if (line != NULL) {
        puts(line);
        free(line);
    }
}

static void print_entry(const json_t *entry)
{
    const char *name = json_string_value(json_object_get(entry, "name"));
    const json_t *body = json_object_get(entry, "body");
    char *text = json_dumps(body != NULL ? body : entry, JSON_COMPACT);
    printf("  %s%s%s", name != NULL ? name : "?", json_object_size(body) == 0 ? "" : " ",
           json_object_size(body) == 0 || text == NULL ? "" : text);
    free(text);
}

static void print_text(const json_t *record, const struct log_record *raw)
{
    char at[40];
    time_t seconds = (time_t)(raw->at_ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    size_t len = strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(at + len, sizeof at - len, ".%03dZ", (int)(raw->at_ms % 1000));
    const char *kind = log_kind_name(raw->address.kind);
    char id[ID_TEXT_CHARS + 1];
    id_to_text(raw->address.id, id);
    printf("%" PRIu64 " %s %s/%s", raw->lsn.v, at, kind != NULL ? kind : "?", id);
    size_t index;
    const json_t *entry;
    json_array_foreach(json_object_get(record, "entries"), index, entry)
    {
        print_entry(entry);
    }
    putchar('\n');
}

static void print_record(const struct log_options *options, const struct log_record *raw)
{
    json_t *record = log_record_json(raw);
    if (options->json) {
        print_json(record);
    } else {
        print_text(record, raw);
    }
    json_decref(record);
}

/** Waits for more of a live log. False when there will be none. */
static bool wait_for_more(const struct log_options *options, const struct log_source *source)
{
    if (!options->follow || !log_source_is_live(source)) {
        return false;
    }
    fflush(stdout);
    const struct timespec pause = {.tv_nsec = FOLLOW_MS * 1000000L};
    nanosleep(&pause, NULL);
    return true;
}

static int list(const struct log_options *options, struct log_source *source)
{
    struct log_record record;
    int64_t listed = 0;
    int error = 0;
    while (!ferror(stdout) && (options->limit == 0 || listed < options->limit)) {
        error = log_source_next(source, &record);
        if (error == ERR_END && wait_for_more(options, source)) {
            continue;
        }
        if (error != 0) {
            break;
        }
        if (options->kind == 0 || record.address.kind == options->kind) {
            print_record(options, &record);
            listed++;
        }
    }
    fflush(stdout);
    return error == ERR_END ? 0 : error;
}

static int explain(int error, const char *data, const struct log_source *source)
{
    const char *reason = "";
    struct lsn at = {0};
    switch (error) {
    case 0:
        return 0;
    case ERR_NOT_FOUND:
        return complain(&subcommand_log, 1, "%s is no data directory of duet; --data says which",
                        data);
    case ERR_LOCKED:
        return complain(&subcommand_log, 1,
                        "%s is in use by a process that does not answer at %s/admin.sock", data,
                        data);
    case ERR_CORRUPT:
        if (source != NULL) {
            at = log_source_fault(source, &reason);
        }
        return complain(&subcommand_log, 1, "damaged at LSN %" PRIu64 ": %s", at.v, reason);
    default:
        return complain(&subcommand_log, 1, "cannot read the log in %s: %s", data,
                        error_text(error, LANGUAGE_EN));
    }
}

static bool parse_options(struct log_options *options)
{
    if (options->from_text != NULL &&
        !parse_count(&subcommand_log, "--from", options->from_text, 0, &options->from)) {
        return false;
    }
    if (options->limit_text != NULL &&
        !parse_count(&subcommand_log, "--limit", options->limit_text, 1, &options->limit)) {
        return false;
    }
    if (options->kind_text != NULL) {
        options->kind = log_kind_from_text(options->kind_text);
        if (options->kind == 0) {
            complain(&subcommand_log, 2,
                     "--kind cannot be \"%s\": write user, couple, identity or "
                     "invite",
                     options->kind_text);
            return false;
        }
    }
    return true;
}

static int run_log(int argc, char **argv)
{
    struct log_options options = {.data = "./data"};
    const struct flag flags[] = {
        {"--data", "DIR", "default ./data", &options.data, NULL},
        {"--from", "LSN", "begin there", &options.from_text, NULL},
        {"--limit", "N", "at most so many records", &options.limit_text, NULL},
        {"--kind", "KIND", "only records of user, couple, identity or invite", &options.kind_text,
         NULL},
        {"--follow", NULL, "go on with what a running daemon adds", NULL, &options.follow},
        {"--json", NULL, "one JSON object a line", NULL, &options.json},
        {0}};
    int status = flags_parse(&subcommand_log, flags, argc, argv);
    if (status >= 0) {
        return status;
    }
    if (!parse_options(&options)) {
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    struct log_source *source = NULL;
    int error = log_source_open(options.data, (struct lsn){(uint64_t)options.from}, &source);
    if (error == 0) {
        error = list(&options, source);
    }
    status = explain(error, options.data, source);
    log_source_close(source);
    return status;
}

const struct subcommand subcommand_log = {
    .name = "log", .summary = "list the event log, or follow it", .run = run_log};
