/**
 * The log of a data directory whose daemon does not run, for tools that only read.
 */
#ifndef TOOLS_OFFLINE_H
#define TOOLS_OFFLINE_H

#include "storage/datadir.h"
#include "storage/log.h"

struct offline {
    struct datadir *datadir;
    struct log *log;
    int holder; /* after ERR_LOCKED: the process that runs, or 0 */
};

/**
 * Takes the lock and opens the log. ERR_NOT_FOUND when `data` is no data directory (nothing is
 * made), ERR_LOCKED when a daemon runs, and those of datadir_open and log_open.
 */
int offline_open(const char *data, struct offline *out);
void offline_close(struct offline *offline);

#endif
