/**
 * Assertions in three tiers. Never on what a peer sent: that is input, and gets an error.
 *
 *   CHECK_ALWAYS   broken means that going on could lose or corrupt data: always ends the process
 *   CHECK_DEBUG    broken means a bug that tests should find: ends debug and sanitizer builds
 *   CHECK_RECOVER  evaluates to the condition; when false it is logged, and the caller fails its
 *                  one request and goes on:  if (!CHECK_RECOVER(x)) { return ERR_INTERNAL; }
 */
#ifndef BASE_CHECK_H
#define BASE_CHECK_H

#include <stdbool.h>

_Noreturn void check_failed(const char *file, int line, const char *condition);
bool check_recoverable(bool holds, const char *file, int line, const char *condition);

#define CHECK_ALWAYS(condition)                                                                    \
    (__builtin_expect(!!(condition), 1) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

#ifdef NDEBUG
#define CHECK_DEBUG(condition) ((void)sizeof(!!(condition)))
#else
#define CHECK_DEBUG(condition) CHECK_ALWAYS(condition)
#endif

#define CHECK_RECOVER(condition)                                                                   \
    (__builtin_expect(!!(condition), 1)                                                            \
         ? true                                                                                    \
         : check_recoverable(false, __FILE__, __LINE__, #condition))

#endif
