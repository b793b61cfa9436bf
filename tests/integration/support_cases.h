/**
 * What strangers send, as tables: for a daemon alone and behind proxies.
 */
#ifndef TESTS_INTEGRATION_SUPPORT_CASES_H
#define TESTS_INTEGRATION_SUPPORT_CASES_H

#include "tests/integration/support_hostile.h"

#define TABLE(cases)                                                                               \
    const struct hostile_table hostile_##cases = {#cases, cases, sizeof(cases) / sizeof(cases)[0]}

extern const struct hostile_table hostile_lines, hostile_request_lines, hostile_targets,
    hostile_hosts, hostile_headers, hostile_connections, hostile_lengths, hostile_codings,
    hostile_chunks, hostile_expectations, hostile_noises, hostile_errors, hostile_queries,
    hostile_paths, hostile_looked_at;

/** All of them; the list ends with NULL. */
extern const struct hostile_table *const hostile_tables[];

#endif
