/**
 * A scenario measures once and fills in one JSON object. Its options, repeating it, summing up,
 * printing and saving are here, the same for all.
 */
#ifndef BENCH_SCENARIO_H
#define BENCH_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "bench/histogram.h"
#include "bench/options.h"

struct scenario {
    struct command command;       /* .run is not used */
    const char *const *named_by;  /* options that tell its results apart: for names of files */
    const char *const *headlines; /* its main figures: for the line after each run */
    /**
     * Whether options that are each valid go together; says on stderr why not, which ends the
     * program as a wrong command line. NULL: they always do.
     */
    bool (*accepts)(const void *options);
    /**
     * Measures once, on a server and a data directory of its own, and ends what it started.
     * `report` already holds the options' values under their names; all that is added and is a
     * number counts as a figure (report_figure: null for one that could not be had). A member
     * "good": false marks a run that must not be counted. Returns 0, EXIT_INTERRUPTED, or
     * EXIT_FAILURE after a message on stderr; figures of a failed run may be left out.
     */
    int (*run)(const void *options, json_t *report);
    /** Adds to a run what it is in relation to the calibration, if one was taken. NULL: nothing. */
    void (*relate)(json_t *report, const json_t *calibration);
};

/**
 * The command line of a scenario: parses `rows` and the options that all have (--repeat, --save,
 * --calibrate, --json), runs it, prints and saves what was found. `options` is handed to `run`. A
 * row named "data" tells which disk the machine is described with. Returns an exit code.
 */
int scenario_main(const struct scenario *scenario, const struct option_row *rows, size_t count,
                  const void *options, int argc, char **argv);

/** Appends one moment's value to the time series `name` of a run; negative: null. */
void scenario_series(json_t *report, const char *name, double value);

/** Leaves a histogram of microseconds in a run's report, for curves and for merging. */
void scenario_latencies(json_t *report, const char *name, const struct histogram *histogram);

/** Puts <name>_p50_ms, _p99_ms and _max_ms of a histogram of microseconds into a run's report. */
void scenario_quantiles(json_t *report, const char *name, const struct histogram *histogram);

#endif
