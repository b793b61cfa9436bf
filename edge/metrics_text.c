#include "edge/metrics_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define LINE_MAX_BYTES 1024

__attribute__((format(printf, 2, 3))) static void append(struct buffer *out, const char *format,
                                                         ...)
{
    char line[LINE_MAX_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    buffer_append(out, line, (size_t)len < sizeof line ? (size_t)len : sizeof line - 1);
}

void metrics_text_family(struct buffer *out, const char *name, const char *type, const char *help)
{
    append(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void append_name(struct buffer *out, const char *name, const char *suffix,
                        const char *labels)
{
    append(out, labels[0] == '\0' ? "%s%s%s " : "%s%s{%s} ", name, suffix, labels);
}

/** Exact where the unit is a power of ten, as all are; without zeros at its end. */
static void append_fraction(struct buffer *out, uint64_t value, uint64_t unit)
{
    uint64_t rest = value % unit;
    append(out, "%" PRIu64, value / unit);
    if (rest != 0) {
        append(out, ".");
    }
    while (rest != 0) {
        unit /= 10;
        append(out, "%" PRIu64, rest / unit);
        rest %= unit;
    }
}

void metrics_text_sample(struct buffer *out, const char *name, const char *labels, uint64_t value)
{
    metrics_text_fraction(out, name, labels, value, 1);
}

void metrics_text_fraction(struct buffer *out, const char *name, const char *labels, uint64_t value,
                           uint64_t unit)
{
    append_name(out, name, "", labels);
    append_fraction(out, value, unit);
    buffer_append(out, "\n", 1);
}

void metrics_text_histogram(struct buffer *out, const char *name, const char *labels,
                            const struct bucket_bounds *bounds, const struct bucket_counts *counts,
                            uint64_t unit)
{
    const char *comma = labels[0] == '\0' ? "" : ",";
    uint64_t total = 0;
    for (uint32_t i = 0; i < bounds->count; i++) {
        total += counts->counts[i];
        append(out, "%s_bucket{%s%sle=\"", name, labels, comma);
        append_fraction(out, bounds->upper[i], unit);
        append(out, "\"} %" PRIu64 "\n", total);
    }
    total += counts->counts[bounds->count];
    append(out, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, labels, comma, total);
    append_name(out, name, "_sum", labels);
    append_fraction(out, counts->sum, unit);
    buffer_append(out, "\n", 1);
    append_name(out, name, "_count", labels);
    append(out, "%" PRIu64 "\n", total);
}

void metrics_text_label(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            buffer_append(out, "\\", 1);
        }
        buffer_append(out, *text == '\n' ? "\\n" : text, *text == '\n' ? 2 : 1);
    }
}
