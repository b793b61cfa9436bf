#include "tests/simulation/trace.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINES 300
#define LINE_CHARS 200
#define NAMES 8

static struct {
    const char *scenario;
    uint64_t seed;
    const int64_t *now_us;
    char point[64];
    bool live;
    uint32_t count;
    char lines[LINES][LINE_CHARS];
} now;

void trace_begin(const char *scenario, uint64_t seed, const int64_t *now_us)
{
    now.scenario = scenario;
    now.seed = seed;
    now.now_us = now_us;
    now.count = 0;
    now.point[0] = '\0';
}

void trace_set_point(const char *options)
{
    snprintf(now.point, sizeof now.point, "%s", options);
}

void trace_live(bool live)
{
    now.live = live;
}

void trace(const char *format, ...)
{
    char *line = now.lines[now.count++ % LINES];
    va_list arguments;
    int64_t us = now.now_us == NULL ? 0 : *now.now_us;
    int len = snprintf(line, LINE_CHARS, "%8lld.%03lld  ", (long long)(us / 1000 % 100000000),
                       (long long)(us % 1000));
    va_start(arguments, format);
    vsnprintf(line + len, (size_t)(LINE_CHARS - len), format, arguments);
    va_end(arguments);
    if (now.live) {
        puts(line);
    }
}

static void show(void)
{
    uint32_t from = now.count > LINES ? now.count - LINES : 0;
    for (uint32_t i = from; i < now.count && !now.live; i++) {
        puts(now.lines[i % LINES]);
    }
    printf("scenario %s, seed %llu %s\nrepeat with: simulation --scenario %s --seed %llu%s%s"
           " --trace\n",
           now.scenario, (unsigned long long)now.seed, now.point, now.scenario,
           (unsigned long long)now.seed, now.point[0] == '\0' ? "" : " ", now.point);
}

_Noreturn void sim_fail(const char *format, ...)
{
    va_list arguments;
    show();
    va_start(arguments, format);
    printf("BROKEN: ");
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n0 passed, 1 failed\n");
    fflush(stdout);
    _exit(1);
}

static void on_abort(int number)
{
    (void)number;
    signal(SIGABRT, SIG_DFL);
    sim_fail("a check of the server failed; it stands above on standard error");
}

void trace_catch_aborts(void)
{
    signal(SIGABRT, on_abort);
}

const char *trace_id(struct id id)
{
    static char names[NAMES][ID_TEXT_CHARS + 1];
    static uint32_t next;
    char *name = names[next++ % NAMES];
    id_to_text(id, name);
    name[6] = '\0';
    return name;
}

const char *trace_address(struct address address)
{
    static const char *const kinds[] = {"none", "user", "couple", "identity", "invite"};
    static char names[NAMES][32];
    static uint32_t next;
    char *name = names[next++ % NAMES];
    snprintf(name, sizeof names[0], "%s:%s",
             address.kind < sizeof kinds / sizeof kinds[0] ? kinds[address.kind] : "other",
             trace_id(address.id));
    return name;
}
