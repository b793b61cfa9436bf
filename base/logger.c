#include "base/logger.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"

#define LINE_BYTES 4096

/* Relaxed: a line more or less around a change does no harm. */
static atomic_int minimum_level = LOG_LEVEL_INFO;

static const char *const level_names[] = {
    [LOG_LEVEL_DEBUG] = "debug", [LOG_LEVEL_INFO] = "info", [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_OFF] = "off",
};

struct line {
    char text[LINE_BYTES];
    size_t len;
};

void logger_set_level(enum log_level level)
{
    atomic_store_explicit(&minimum_level, (int)level, memory_order_relaxed);
}

int logger_level_from_name(const char *name)
{
    for (int i = 0; i <= LOG_LEVEL_OFF; i++) {
        if (strcmp(level_names[i], name) == 0) {
            return i;
        }
    }
    return -1;
}

static void line_char(struct line *line, char c)
{
    if (line->len < sizeof line->text - 4) { /* room to close the line stays */
        line->text[line->len++] = c;
    }
}

static void line_text(struct line *line, const char *text)
{
    for (; *text != '\0'; text++) {
        line_char(line, *text);
    }
}

static void line_quoted(struct line *line, const char *text)
{
    line_char(line, '"');
    for (; text != NULL && *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            line_char(line, '\\');
            line_char(line, (char)c);
        } else if (c < 0x20 || c == 0x7f) {
            char escape[8];
            snprintf(escape, sizeof escape, "\\u%04x", c);
            line_text(line, escape);
        } else {
            line_char(line, (char)c);
        }
    }
    line_char(line, '"');
}

static void line_time(struct line *line)
{
    struct timespec now;
    struct tm parts;
    char text[48];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + len, sizeof text - len, ".%03ldZ", now.tv_nsec / 1000000);
    line_quoted(line, text);
}

void logger_write(enum log_level level, const char *message, const struct log_pair *pairs,
                  size_t count)
{
    if ((int)level < atomic_load_explicit(&minimum_level, memory_order_relaxed)) {
        return;
    }
    struct line line = {.len = 0};
    line_text(&line, "{\"time\":");
    line_time(&line);
    line_text(&line, ",\"level\":");
    line_quoted(&line, level_names[level]);
    line_text(&line, ",\"message\":");
    line_quoted(&line, message);
    for (size_t i = 0; i < count; i++) {
        line_char(&line, ',');
        line_quoted(&line, pairs[i].name);
        line_char(&line, ':');
        if (pairs[i].value.type == LOG_VALUE_INT) {
            char number[24];
            snprintf(number, sizeof number, "%" PRId64, pairs[i].value.integer);
            line_text(&line, number);
        } else {
            line_quoted(&line, pairs[i].value.text);
        }
    }
    line.text[line.len++] = '}';
    line.text[line.len++] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line.text, line.len);
    (void)ignored; /* a log that cannot be written has nowhere to complain to */
}
