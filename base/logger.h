/**
 * The operator's log: one JSON object a line on standard error. Not the event log.
 *
 *     LOG(WARN, "slow commit", LOG_PAIR("took_us", LOG_INT(took)));
 *
 * Values are escaped, so CR, LF and NUL of a peer never reach a line raw. Never pass tokens,
 * passwords or message texts. Any thread; a line is written whole.
 */
#ifndef BASE_LOGGER_H
#define BASE_LOGGER_H

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR, LOG_LEVEL_OFF };

struct log_value {
    enum { LOG_VALUE_INT, LOG_VALUE_TEXT, LOG_VALUE_END } type;
    int64_t integer;
    const char *text;
};
struct log_pair {
    const char *name;
    struct log_value value;
};

#define LOG_INT(number) ((struct log_value){.type = LOG_VALUE_INT, .integer = (int64_t)(number)})
#define LOG_TEXT(string) ((struct log_value){.type = LOG_VALUE_TEXT, .text = (string)})
#define LOG_PAIR(name_, value_) ((struct log_pair){.name = (name_), .value = (value_)})

/** Default INFO. Any thread, any time. */
void logger_set_level(enum log_level level);
/** Level by name ("debug", "info", "warn", "error", "off"), or -1. */
int logger_level_from_name(const char *name);

/** `pairs` is an array of `count` named values; use the macro below. */
void logger_write(enum log_level level, const char *message, const struct log_pair *pairs,
                  size_t count);

/** LOG(INFO, "listening", LOG_PAIR("port", LOG_INT(port)), …) */
#define LOG(level, message, ...)                                                                   \
    logger_write(LOG_LEVEL_##level, (message),                                                     \
                 (const struct log_pair[]){__VA_ARGS__ __VA_OPT__(, ){0}},                         \
                 sizeof((const struct log_pair[]){__VA_ARGS__ __VA_OPT__(, ){0}}) /                \
                         sizeof(struct log_pair) -                                                 \
                     1)

#endif
