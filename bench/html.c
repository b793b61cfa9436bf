#include "bench/html.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void html_raw(struct buffer *out, const char *markup)
{
    buffer_append(out, markup, strlen(markup));
}

void html_text(struct buffer *out, const char *text)
{
    static const struct {
        char character;
        const char *escaped;
    } rows[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};
    for (; *text != '\0'; text++) {
        const char *escaped = NULL;
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            escaped = *text == rows[i].character ? rows[i].escaped : escaped;
        }
        if (escaped != NULL) {
            html_raw(out, escaped);
        } else {
            buffer_append(out, text, 1);
        }
    }
}

void html_numbers(struct buffer *out, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    html_raw(out, text);
}

/* Three digits that count, and commas between thousands. */
static void write_number(double value, char *out, size_t size)
{
    char digits[400];
    double size_of = fabs(value);
    int decimals = size_of >= 100 || value == floor(value) ? 0 : size_of >= 10 ? 1 : 2;
    snprintf(digits, sizeof digits, "%.*f", decimals, value);
    size_t whole = strcspn(digits, ".");
    size_t sign = digits[0] == '-';
    size_t len = 0;
    for (size_t i = 0; digits[i] != '\0' && len + 2 < size; i++) {
        if (i > sign && i < whole && (whole - i) % 3 == 0) {
            out[len++] = ',';
        }
        out[len++] = digits[i];
    }
    out[len] = '\0';
}

struct unit {
    double from; /* the smallest value it is used for */
    double divisor;
    const char *name;
};

static void write_scaled(const struct unit *units, double value, char *out, size_t size)
{
    size_t i = 0;
    while (units[i].from > 0 && fabs(value) < units[i].from) {
        i++;
    }
    char number[64];
    write_number(value / units[i].divisor, number, sizeof number);
    snprintf(out, size, "%s%s", number, units[i].name);
}

static const struct unit microseconds[] = {{1e6, 1e6, " s"}, {1e3, 1e3, " ms"}, {0, 1, " µs"}};
static const struct unit milliseconds[] = {{1e3, 1e3, " s"}, {0, 1, " ms"}};
static const struct unit bytes[] = {{1e9, 1e9, " GB"}, {1e6, 1e6, " MB"}, {0, 1, " B"}};
static const struct unit seconds[] = {{0, 1, " s"}};
static const struct unit per_second[] = {{0, 1, "/s"}};
static const struct unit percent[] = {{0, 1, " %"}};
static const struct unit plain[] = {{0, 1, ""}};

static bool ends_in(const char *name, const char *end)
{
    size_t len = strlen(name);
    size_t end_len = strlen(end);
    return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

static const struct unit *unit_of(const char *name)
{
    static const struct {
        const char *part;
        bool at_end;
        const struct unit *units;
    } rows[] = {{"_per_s", true, per_second},     {"cpu_us", false, microseconds},
                {"us_per_", false, microseconds}, {"_us", true, microseconds},
                {"_ms", true, milliseconds},      {"_s", true, seconds},
                {"bytes", false, bytes},          {"percent", false, percent}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].at_end ? ends_in(name, rows[i].part) : strstr(name, rows[i].part) != NULL) {
            return rows[i].units;
        }
    }
    return plain;
}

void html_figure(const char *name, double value, char *out, size_t size)
{
    write_scaled(unit_of(name), value, out, size);
}

void html_cell(struct buffer *out, const char *name, double value)
{
    char text[64] = "–";
    if (isfinite(value)) {
        html_figure(name, value, text, sizeof text);
    }
    html_raw(out, "<td>");
    html_text(out, text);
    html_raw(out, "</td>");
}
