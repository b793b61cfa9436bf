/**
 * What a run found: one JSON object, printed as such or as a table.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>

#include <jansson.h>

/** A new object that begins with command line, date and machine. */
json_t *report_create(void);

/** Value of a figure that may not have been measured: null when negative. */
json_t *report_figure(double value);

/** Prints to stdout, as one JSON line or as a table, and frees it. */
void report_print(json_t *report, bool as_json);

/** A line of progress on stderr, over the one before when that is a terminal. */
void progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Ends the line of progress. */
void progress_end(void);

#endif
