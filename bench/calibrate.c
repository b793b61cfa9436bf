#include "bench/calibrate.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "bench/folder.h"
#include "bench/interrupt.h"
#include "bench/report.h"
#include "bench/scenario.h"

#define ECHO_US 4000000
#define DISK_US 2000000

struct calibrate_options {
    const char *data;
    int64_t couples;
    bool touch_memory;
};

static int echo(json_t *report, uint32_t couples, uint32_t window)
{
    struct echo_figures figures;
    char name[64];
    progress("raw epoll echo, window %u", (unsigned)window);
    int error = calibrate_echo(couples, window, ECHO_US, &figures);
    if (error == 0) {
        snprintf(name, sizeof name, "echo_window_%u_per_s", (unsigned)window);
        json_object_set_new(report, name, json_real(figures.per_s));
        snprintf(name, sizeof name, "raw_server_cpu_us_w%u", (unsigned)window);
        json_object_set_new(report, name, json_real(figures.server_cpu_us));
    }
    return error;
}

static int page_fault(json_t *report)
{
    double us;
    int error = calibrate_page_fault(&us);
    if (error == 0) {
        json_object_set_new(report, "page_fault_us", json_real(us));
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

static int measure_all(json_t *report, uint32_t couples, const char *folder)
{
    double sync_us;
    int error = page_fault(report);
    error = error != 0 ? error : echo(report, couples, 1);
    error = error != 0 ? error : echo(report, couples, 16);
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

json_t *calibrate(const char *parent, uint32_t couples)
{
    char folder[PATH_MAX];
    if (folder_make(parent, folder) != 0) {
        return NULL;
    }
    json_t *report = json_pack("{s:I}", "couples", (json_int_t)couples);
    int error = measure_all(report, couples, folder);
    progress_end();
    folder_remove(folder);
    if (error != 0 && !interrupted()) {
        complain("calibration failed: %s", error_text(error, LANGUAGE_EN));
    }
    if (error != 0 || interrupted()) {
        json_decref(report);
        return NULL;
    }
    return report;
}

static int run(const void *context, json_t *report)
{
    const struct calibrate_options *options = context;
    int64_t touched_bytes;
    if (options->touch_memory) {
        int error = touch_memory(&touched_bytes);
        progress_end();
        if (error != 0) {
            complain("cannot touch memory: %s", error_text(error, LANGUAGE_EN));
            return EXIT_FAILURE;
        }
        json_object_set_new(report, "touched_bytes", json_integer(touched_bytes));
    }
    json_t *figures = calibrate(options->data, (uint32_t)options->couples);
    if (figures == NULL) {
        return interrupted() ? EXIT_INTERRUPTED : EXIT_FAILURE;
    }
    json_object_update(report, figures);
    json_decref(figures);
    return EXIT_SUCCESS;
}

static const struct scenario scenario = {
    .command = {.name = "calibrate",
                .summary =
                    "Bounds of this machine: raw epoll echo, fdatasync, LMDB commit. About 15 s.",
                .details = "Run it in the same session as any other figure, and print it beside "
                           "that.\nOn a virtual machine that was just booted, page_fault_us is "
                           "many times what it is later,\nand everything else suffers: run it "
                           "once with --touch-memory before measuring.\n"},
    .headlines =
        (const char *const[]){"echo_window_1_per_s", "echo_window_16_per_s", "raw_server_cpu_us_w1",
                              "fdatasync_us", "lmdb_commit_1_us", NULL},
    .run = run};

int calibrate_main(int argc, char **argv)
{
    struct calibrate_options options = {.data = ".", .couples = CALIBRATE_COUPLES};
    const struct option_row rows[] = {
        {"data", OPTION_PLACE, &options.data, 0, 0, "folder on the file system to measure"},
        {"couples", OPTION_INT, &options.couples, 1, CALIBRATE_COUPLES_MAX, "couples of the echo"},
        {"touch-memory", OPTION_FLAG, &options.touch_memory, 0, 0,
         "first touch most of the free memory once, so that the host backs it"},
    };
    return scenario_main(&scenario, rows, sizeof rows / sizeof rows[0], &options, argc, argv);
}
