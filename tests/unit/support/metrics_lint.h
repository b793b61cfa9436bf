/**
 * Whether a text is in the format of Prometheus (0.0.4), as its own linter sees it: names, labels,
 * help and type in front of the samples of their family, each series once, histograms whose buckets
 * only grow and end with the count.
 */
#ifndef TESTS_UNIT_SUPPORT_METRICS_LINT_H
#define TESTS_UNIT_SUPPORT_METRICS_LINT_H

/** Fails the running test at the first line that is wrong. */
void metrics_lint(const char *text);

/** The value of a series, "name{labels}" or "name"; -1: it is not there. */
double metrics_value(const char *text, const char *series);

#endif
