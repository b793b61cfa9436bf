#include "bench/calibrate.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "bench/folder.h"
#include "bench/interrupt.h"
#include "bench/options.h"
#include "bench/report.h"

#define ECHO_US 4000000
#define DISK_US 2000000

struct calibrate_options {
    const char *data;
    int64_t couples;
    bool json;
};

static const struct command calibrate_command = {
    .name = "calibrate",
    .summary = "Bounds of this machine: raw epoll echo, fdatasync, LMDB commit. About 15 s.",
    .details = "Run it in the same session as any other figure, and print it beside that.\n"};

static int echo(json_t *report, const struct calibrate_options *options, uint32_t window,
                const char *name)
{
    double per_s;
    progress("raw epoll echo, window %u", (unsigned)window);
    int error = calibrate_echo((uint32_t)options->couples, window, ECHO_US, &per_s);
    if (error == 0) {
        json_object_set_new(report, name, json_real(per_s));
    }
    return error;
}

static int lmdb(json_t *report, const char *folder, uint32_t records, const char *name)
{
    double median_us;
    progress("LMDB commit of %u records", (unsigned)records);
    int error = calibrate_lmdb(folder, records, DISK_US, &median_us);
    if (error == 0) {
        json_object_set_new(report, name, json_real(median_us));
    }
    return error;
}

static int measure_all(json_t *report, const struct calibrate_options *options, const char *folder)
{
    double sync_us;
    int error = echo(report, options, 1, "echo_window_1_per_s");
    error = error != 0 ? error : echo(report, options, 16, "echo_window_16_per_s");
    if (error == 0) {
        progress("fdatasync");
        error = calibrate_sync(folder, DISK_US, &sync_us);
    }
    if (error == 0) {
        json_object_set_new(report, "fdatasync_us", json_real(sync_us));
        error = lmdb(report, folder, 1, "lmdb_commit_1_us");
    }
    return error != 0 ? error : lmdb(report, folder, 64, "lmdb_commit_64_us");
}

static int run(const struct calibrate_options *options)
{
    char folder[PATH_MAX];
    if (folder_make(options->data, folder) != 0) {
        return EXIT_FAILURE;
    }
    json_t *report = report_create();
    json_object_set_new(report, "scenario", json_string("calibrate"));
    json_object_set_new(report, "couples", json_integer(options->couples));
    int error = measure_all(report, options, folder);
    progress_end();
    folder_remove(folder);
    if (error != 0) {
        fprintf(stderr, "duet-bench: calibration failed: %s\n", error_text(error, LANGUAGE_EN));
        json_decref(report);
        return EXIT_FAILURE;
    }
    report_print(report, options->json);
    return interrupted() ? EXIT_INTERRUPTED : EXIT_SUCCESS;
}

int calibrate_main(int argc, char **argv)
{
    struct calibrate_options options = {.data = ".", .couples = 100};
    const struct option_row rows[] = {
        {"data", OPTION_TEXT, &options.data, 0, 0, "folder on the file system to measure"},
        {"couples", OPTION_INT, &options.couples, 1, 10000, "couples of the echo"},
        {"json", OPTION_FLAG, &options.json, 0, 0, "print one JSON object"},
    };
    int code = options_parse(&calibrate_command, rows, sizeof rows / sizeof rows[0], argc, argv);
    return code >= 0 ? code : run(&options);
}
