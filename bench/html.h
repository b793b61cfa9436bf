/**
 * Writing HTML. Everything that comes from a file or from a person goes through html_text.
 */
#ifndef BENCH_HTML_H
#define BENCH_HTML_H

#include <stddef.h>

#include "base/bytes.h"

/** Appends markup as it is: for constants of the program only. */
void html_raw(struct buffer *out, const char *markup);

/** Appends text with &, <, >, " and ' escaped: for content and for attributes in quotes. */
void html_text(struct buffer *out, const char *text);

/** Markup with numbers: a constant format that has no %s. At most 255 bytes. */
void html_numbers(struct buffer *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * A figure for people, by the unit that its name ends in: "p99_us" 11500 is "11.5 ms",
 * "acked_per_s" 57300 "57,300/s", "rss_bytes" 2e8 "200 MB". Writes at most `size` bytes.
 */
void html_figure(const char *name, double value, char *out, size_t size);

/** Appends a cell of a table with a figure; one that is not finite was not measured. */
void html_cell(struct buffer *out, const char *name, double value);

#endif
