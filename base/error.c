#include "base/error.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

struct error_row {
    const char *name;
    int http_status;
    int close_code;
    const char *text[2];
};

static const struct error_row error_rows[] = {
#define X(error_name_, http, close, en, ko)                                                        \
    [DUET_ERROR_INDEX_##error_name_] = {.name = #error_name_,                                      \
                                        .http_status = (http),                                     \
                                        .close_code = (close),                                     \
                                        .text = {[LANGUAGE_EN] = (en), [LANGUAGE_KO] = (ko)}},
    DUET_ERRORS(X)
#undef X
};

static const struct error_row *row_of(int error)
{
    int index = -1 - error;
    if (index < 0 || index >= DUET_ERROR_COUNT) {
        index = DUET_ERROR_INDEX_INTERNAL;
    }
    return &error_rows[index];
}

const char *error_name(int error)
{
    return row_of(error)->name;
}

const char *error_text(int error, enum language language)
{
    return row_of(error)->text[language == LANGUAGE_KO ? LANGUAGE_KO : LANGUAGE_EN];
}

int error_http_status(int error)
{
    return row_of(error)->http_status;
}

int error_close_code(int error)
{
    return row_of(error)->close_code;
}

int error_from_close_code(int code)
{
    for (int i = 0; i < DUET_ERROR_COUNT; i++) {
        if (code != 0 && error_rows[i].close_code == code) {
            return -1 - i;
        }
    }
    return ERR_INTERNAL;
}

int error_from_errno(int number)
{
    switch (number) {
    case 0:
        return 0;
    case ENOMEM:
        return ERR_NO_MEMORY;
    case ENOSPC:
    case EDQUOT:
        return ERR_STORAGE_FULL;
    case EEXIST:
        return ERR_EXISTS;
    default:
        return ERR_IO;
    }
}

int error_from_name(const char *name)
{
    for (int i = 0; i < DUET_ERROR_COUNT; i++) {
        if (strcmp(error_rows[i].name, name) == 0) {
            return -1 - i;
        }
    }
    return ERR_INTERNAL;
}
