/**
 * A result: what one invocation of a scenario found, as one JSON object.
 *
 *   format       "duet-bench 1"
 *   scenario, command, date
 *   machine, versions          see bench/machine.h
 *   setting      the options' values
 *   headlines    names of the main figures
 *   calibration  what the machine could do at best, when it was taken
 *   figures      median, min, max and spread of each figure over the runs
 *   latencies    percentile curves of the runs' histograms added up
 *   runs         each with its figures, and its "series" and "histograms" over time
 *   good         whether every run was
 */
#ifndef BENCH_RESULT_H
#define BENCH_RESULT_H

#include <stdbool.h>

#include <jansson.h>

#define RESULT_FORMAT "duet-bench 1"

/**
 * One with no runs yet, described with the disk of `folder`. Takes `setting`; `headlines` is
 * NULL-ended, or NULL.
 */
json_t *result_create(const char *scenario, const char *folder, json_t *setting,
                      const char *const *headlines);

/** Appends a run, which is taken. */
void result_add(json_t *result, json_t *run);

/** Sums up the runs, of which there is at least one. Of their histograms the curves are left. */
void result_finish(json_t *result);

/** Prints to stdout: one JSON line, or tables. A single run is printed flat. */
void result_print(const json_t *result, bool as_json);

/** Makes `folder` with all above it, before anything is measured. 0, or ERR_IO after a message. */
int result_prepare(const char *folder);

/**
 * Writes it to a new file in `folder`, which exists, named after the scenario, the values of the
 * options `named_by` (NULL-ended, or NULL) and the date, and says so on stderr. 0, or ERR_IO after
 * a message.
 */
int result_save(const json_t *result, const char *folder, const char *const *named_by);

/**
 * Takes what a file held: a result, or the flat object of a single run as --json prints it, which
 * becomes a result. NULL, after writing what is wrong to `why` (of `size` bytes), if it is neither.
 */
json_t *result_read(json_t *json, char *why, size_t size);

#endif
