/**
 * Results as one HTML page that needs nothing beside itself: no network, no scripts, no fonts.
 */
#ifndef BENCH_PAGE_H
#define BENCH_PAGE_H

#include <jansson.h>

#include "base/bytes.h"

/**
 * Appends the page. `results`: array of results as result_read made them, each with its "file";
 * `comparisons`: array of {"file", "results", "peers"} as gathered by results_gather. Anything in
 * them may be missing or of another type; all of it is escaped.
 */
void page_write(struct buffer *out, const json_t *results, const json_t *comparisons);

/** Its sections; used by page_write. */
void page_result(struct buffer *out, const json_t *result);
void page_comparison(struct buffer *out, const json_t *comparison);

/** Where it was measured, with what and how: machine, versions, command, calibration. */
void page_origin(struct buffer *out, const json_t *result);

/** A member that is a text, or "". Valid as long as the object. */
const char *page_text(const json_t *object, const char *name);

/** The median of a figure of a result; -1 if there is none. */
double page_median(const json_t *result, const char *figure);

/** A line for people that tells a result from others: "couples 100, window 16". */
void page_setting(const json_t *result, char *out, size_t size);

#endif
