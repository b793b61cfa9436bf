#include "bench/report.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "bench/options.h"

#define NAME_WIDTH 26

/* The value of the first line "name : value" of a /proc file, or "unknown". */
static void proc_value(const char *path, const char *name, char *out, size_t size)
{
    char line[256];
    snprintf(out, size, "unknown");
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *colon = strchr(line, ':');
        if (colon != NULL && strncmp(line, name, strlen(name)) == 0) {
            line[strcspn(line, "\n")] = '\0';
            snprintf(out, size, "%s", colon + 1 + strspn(colon + 1, " \t"));
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

json_t *report_create(void)
{
    char cpu[128];
    char memory[64];
    char date[32];
    struct utsname system = {0};
    time_t now = time(NULL);
    struct tm utc;
    proc_value("/proc/cpuinfo", "model name", cpu, sizeof cpu);
    proc_value("/proc/meminfo", "MemTotal", memory, sizeof memory);
    uname(&system);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    json_t *machine = json_pack("{s:s, s:I, s:s, s:s, s:s}", "cpu", cpu, "cores",
                                (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "memory", memory,
                                "kernel", system.release, "arch", system.machine);
    return json_pack("{s:s, s:s, s:o}", "command", command_line, "date", date, "machine", machine);
}

json_t *report_figure(double value)
{
    return value < 0 || !isfinite(value) ? json_null() : json_real(value);
}

static void print_value(const json_t *value)
{
    if (json_is_integer(value)) {
        printf("%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        printf("%.*f", fabs(json_real_value(value)) < 1000 ? 2 : 0, json_real_value(value));
    } else if (json_is_string(value)) {
        printf("%s", json_string_value(value));
    } else if (json_is_boolean(value)) {
        printf("%s", json_is_true(value) ? "yes" : "no");
    } else {
        printf("-");
    }
}

static void print_table(const json_t *report, const char *prefix)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)report, name, value)
    {
        char full[64];
        snprintf(full, sizeof full, "%s%s", prefix, name);
        if (json_is_object(value)) {
            strncat(full, ".", sizeof full - strlen(full) - 1);
            print_table(value, full);
            continue;
        }
        printf("%-*s ", NAME_WIDTH, full);
        print_value(value);
        printf("\n");
    }
}

void report_print(json_t *report, bool as_json)
{
    if (as_json) {
        char *text = json_dumps(report, JSON_COMPACT | JSON_REAL_PRECISION(10));
        puts(text != NULL ? text : "null");
        free(text);
    } else {
        print_table(report, "");
    }
    json_decref(report);
}

static bool progress_open;

void progress(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs(isatty(STDERR_FILENO) ? "\r\033[K" : "", stderr);
    vfprintf(stderr, format, arguments);
    fputs(isatty(STDERR_FILENO) ? "" : "\n", stderr);
    va_end(arguments);
    progress_open = isatty(STDERR_FILENO);
}

void progress_end(void)
{
    if (progress_open) {
        fputc('\n', stderr);
    }
    progress_open = false;
}
