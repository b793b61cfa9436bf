#include "base/check.h"

#include <stdlib.h>

#include "base/logger.h"

_Noreturn void check_failed(const char *file, int line, const char *condition)
{
    LOG(ERROR, "check failed, ending the process", LOG_PAIR("file", LOG_TEXT(file)),
        LOG_PAIR("line", LOG_INT(line)), LOG_PAIR("condition", LOG_TEXT(condition)));
    abort();
}

bool check_recoverable(bool holds, const char *file, int line, const char *condition)
{
    if (!holds) {
        LOG(ERROR, "check failed, failing the request", LOG_PAIR("file", LOG_TEXT(file)),
            LOG_PAIR("line", LOG_INT(line)), LOG_PAIR("condition", LOG_TEXT(condition)));
    }
    return holds;
}
