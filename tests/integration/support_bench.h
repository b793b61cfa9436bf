/**
 * duet-bench of this build, run as people run it. Everything here fails the running test when it
 * does not work.
 */
#ifndef TESTS_INTEGRATION_SUPPORT_BENCH_H
#define TESTS_INTEGRATION_SUPPORT_BENCH_H

#include <jansson.h>

/** Runs it with `words` (NULL-ended); its exit status. What it printed is left in bench_output. */
int bench_run(const char *const *words);
extern char bench_output[];

/** Runs it with `words` and --json, which must end with `status`; the object that it printed. */
json_t *bench_report(const char *const *words, int status);

/** A member that must be a number. */
double bench_number(const json_t *report, const char *name);

/** The only *.json of a folder, whose name must begin with `begins`. */
json_t *bench_saved(const char *folder, const char *begins);

#define BENCH_TOKENS_PATH 32
/** Writes what `duetctl seed` would, for that many couples with tokens that a fake server knows:
 * "token-0", "token-1" … To be unlinked. */
void bench_write_tokens(char path[BENCH_TOKENS_PATH], int couples);

#endif
