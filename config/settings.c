#include "config/settings.h"

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
