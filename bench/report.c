#include "bench/report.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/machine.h"
#include "bench/options.h"

json_t *report_create(void)
{
    char date[REPORT_DATE_BYTES];
    report_date(date);
    return json_pack("{s:s, s:s, s:o}", "command", command_line, "date", date, "machine",
                     machine_describe("."));
}

void report_date(char out[REPORT_DATE_BYTES])
{
    time_t now = time(NULL);
    struct tm utc;
    strftime(out, REPORT_DATE_BYTES, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
}

json_t *report_figure(double value)
{
    return value < 0 || !isfinite(value) ? json_null() : json_real(value);
}

void report_put(json_t *report, const char *name, double value)
{
    json_object_set_new(report, name, report_figure(value));
}

void report_put_count(json_t *report, const char *name, int64_t value)
{
    json_object_set_new(report, name, value < 0 ? json_null() : json_integer(value));
}

static void write_value(const json_t *value, char *out, size_t size)
{
    if (json_is_integer(value)) {
        snprintf(out, size, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        double number = json_real_value(value);
        bool whole = fabs(number) >= 1000 || number == floor(number);
        snprintf(out, size, "%.*f", whole ? 0 : 2, number);
    } else if (json_is_string(value)) {
        snprintf(out, size, "%s", json_string_value(value));
    } else if (json_is_boolean(value)) {
        snprintf(out, size, "%s", json_is_true(value) ? "yes" : "no");
    } else {
        snprintf(out, size, "-");
    }
}

void report_print_cell(const json_t *value)
{
    char text[64];
    write_value(json_is_number(value) ? value : NULL, text, sizeof text);
    printf(" %12s", text);
}

/* Has a place in JSON and in plots only. */
static bool is_bulky(const char *name, const json_t *value)
{
    return json_is_array(value) || strcmp(name, "series") == 0 || strcmp(name, "histograms") == 0;
}

static void print_table(const json_t *report, const char *prefix)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)report, name, value)
    {
        char full[64];
        char text[1024];
        snprintf(full, sizeof full, "%s%s", prefix, name);
        if (is_bulky(name, value)) {
            continue;
        }
        if (json_is_object(value)) {
            strncat(full, ".", sizeof full - strlen(full) - 1);
            print_table(value, full);
            continue;
        }
        write_value(value, text, sizeof text);
        printf("%-*s %s\n", REPORT_NAME_WIDTH, full, text);
    }
}

void report_print(json_t *report, bool as_json)
{
    if (as_json) {
        char *text = json_dumps(report, JSON_COMPACT | JSON_REAL_PRECISION(REPORT_DIGITS));
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

void complain(const char *format, ...)
{
    va_list arguments;
    progress_end();
    fputs("duet-bench: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}
