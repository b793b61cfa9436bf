/**
 * What a run found: one JSON object, printed as such or as a table.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

/** A new object that begins with command line, date and machine: for what is no scenario. */
json_t *report_create(void);

#define REPORT_DATE_BYTES 32
/** The date and time now, in UTC, as "2026-01-31T23:59:59Z". */
void report_date(char out[REPORT_DATE_BYTES]);

#define REPORT_NAME_WIDTH 26
#define REPORT_DIGITS 10 /* of numbers in JSON */

/** Value of a figure that may not have been measured: null when negative. */
json_t *report_figure(double value);

/** Puts it under a name; negative or not finite: null. */
void report_put(json_t *report, const char *name, double value);
/** The same of a whole number. */
void report_put_count(json_t *report, const char *name, int64_t value);

/** Prints to stdout, as one JSON line or as a table (without lists and curves), and frees it. */
void report_print(json_t *report, bool as_json);

/** One value, 12 wide and with a blank before it: "-" for what is no number. */
void report_print_cell(const json_t *value);

/** Says on stderr what is wrong, with the program's name in front, below any progress. No newline
 * at its end. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** A line of progress on stderr, over the one before when that is a terminal. */
void progress(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Ends the line of progress. */
void progress_end(void);

#endif
