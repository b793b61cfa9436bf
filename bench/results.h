/**
 * The `report` command: all results of a folder as one page.
 */
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include <jansson.h>

/**
 * Reads every *.json (a result, or a run as --json prints it) and *.jsonl (a comparison: such
 * runs, and descriptions of peers, one a line) in `folder`, in the order of their names. New
 * arrays for page_write, even if something is wrong. Names on stderr what cannot be read and
 * passes it over; returns how much that was, or -1 if the folder cannot be read.
 */
int results_gather(const char *folder, json_t **results, json_t **comparisons);

int results_main(int argc, char **argv);

#endif
