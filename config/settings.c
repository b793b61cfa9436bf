#include "config/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

const char *const settings_log_levels[] = {"debug", "info", "warn", "error", "off", NULL};

#define SETTINGS_ROW_(type_, name_, initial_, min_, max_, choices_, hidden_, doc_)                 \
    {.name = #name_,                                                                               \
     .type = OPTION_##type_,                                                                       \
     .initial = (initial_),                                                                        \
     .min = (min_),                                                                                \
     .max = (max_),                                                                                \
     .choices = (choices_),                                                                        \
     .hidden = (hidden_),                                                                          \
     .offset = offsetof(struct settings, name_),                                                   \
     .doc = (doc_)},

static const struct option_row rows[] = {SETTINGS(SETTINGS_ROW_)};

const struct option_table settings_table = {.rows = rows, .count = sizeof rows / sizeof rows[0]};

static int refuse_listen(const char *listen, struct option_fault *fault)
{
    snprintf(fault->text, sizeof fault->text,
             "listen cannot be \"%s\": write address:port, like 127.0.0.1:7400", listen);
    return ERR_INVALID_ARGUMENT;
}

int settings_split_listen(const char *listen, char *host, size_t host_size, uint16_t *port,
                          struct option_fault *fault)
{
    const char *colon = strrchr(listen, ':');
    if (colon == NULL || colon == listen || colon[1] < '0' || colon[1] > '9') {
        return refuse_listen(listen, fault);
    }
    char *end = NULL;
    long number = strtol(colon + 1, &end, 10);
    const char *from = listen;
    size_t len = (size_t)(colon - listen);
    if (from[0] == '[' && len > 2 && from[len - 1] == ']') {
        from++;
        len -= 2;
    }
    if (*end != 0 || number > 65535 || len >= host_size) {
        return refuse_listen(listen, fault);
    }
    memcpy(host, from, len);
    host[len] = 0;
    *port = (uint16_t)number;
    return 0;
}
