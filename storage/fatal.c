#include "storage/fatal.h"

#include <unistd.h>

#include "base/logger.h"

#define EXIT_STORAGE_FAILED 70

_Noreturn void storage_fatal(const char *what, const char *reason)
{
    LOG(ERROR, "storage failed, ending the process", LOG_PAIR("what", LOG_TEXT(what)),
        LOG_PAIR("reason", LOG_TEXT(reason)));
    _exit(EXIT_STORAGE_FAILED);
}
