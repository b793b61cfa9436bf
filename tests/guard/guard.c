/*
 * The guard's command line, for guard.sh:
 *
 *     guard --about       what the figures depend on: compiler, C library, processor
 *     guard --list        the scenarios
 *     guard SCENARIO      runs it and prints its units
 */
#include <gnu/libc-version.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

#include "base/logger.h"
#include "tests/guard/guard.h"

static const struct guard_scenario *const groups[] = {guard_chat_scenarios, guard_session_scenarios,
                                                      guard_storage_scenarios, guard_disk_scenarios,
                                                      guard_actor_scenarios};

#define GROUPS (sizeof groups / sizeof groups[0])

void guard_count_begin(void)
{
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
}

void guard_count_end(void)
{
    CALLGRIND_STOP_INSTRUMENTATION;
}

void guard_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("guard: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static void about(void)
{
#if defined(__clang__)
    const char *compiler = "clang";
#else
    const char *compiler = "gcc";
#endif
#if defined(__x86_64__)
    const char *processor =
        __builtin_cpu_supports("avx2") ? "x86-64 with AVX2" : "x86-64 without AVX2";
#else
    const char *processor = "not x86-64";
#endif
    printf("%s %s, glibc %s, libsodium %s, %s\n", compiler, __VERSION__, gnu_get_libc_version(),
           sodium_version_string(), processor);
}

static void list(void)
{
    for (size_t g = 0; g < GROUPS; g++) {
        for (const struct guard_scenario *s = groups[g]; s->name != NULL; s++) {
            printf("%s %s\n", s->name, s->unit);
        }
    }
}

static const struct guard_scenario *find(const char *name)
{
    for (size_t g = 0; g < GROUPS; g++) {
        for (const struct guard_scenario *s = groups[g]; s->name != NULL; s++) {
            if (strcmp(s->name, name) == 0) {
                return s;
            }
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--about") == 0) {
        about();
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--list") == 0) {
        list();
        return 0;
    }
    const struct guard_scenario *scenario = argc == 2 ? find(argv[1]) : NULL;
    if (scenario == NULL) {
        fprintf(stderr, "usage: guard --about | --list | SCENARIO (one of --list)\n");
        return 2;
    }
    if (sodium_init() < 0) {
        return 1;
    }
    logger_set_level(LOG_LEVEL_ERROR);
    printf("%llu\n", (unsigned long long)scenario->run());
    return 0;
}
