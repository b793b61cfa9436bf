#include "tools/offline.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"

/* Opening prepares a next segment; the daemon throws it away, so the smallest will do. */
#define SEGMENT_BYTES (4u << 20)

static bool is_data_directory(const char *data)
{
    char *path = NULL;
    if (asprintf(&path, "%s/FORMAT", data) < 0) {
        return false;
    }
    bool found = access(path, F_OK) == 0;
    free(path);
    return found;
}

int offline_open(const char *data, struct offline *out)
{
    *out = (struct offline){0};
    if (!is_data_directory(data)) {
        return ERR_NOT_FOUND;
    }
    int error = datadir_open(data, &out->datadir, &out->holder);
    if (error != 0) {
        return error;
    }
    struct log_config config = {
        .directory = datadir_log(out->datadir), .segment_bytes = SEGMENT_BYTES, .reserve_bytes = 1};
    error = log_open(&config, &out->log);
    if (error != 0) {
        datadir_close(out->datadir);
    }
    return error;
}

void offline_close(struct offline *offline)
{
    log_close(offline->log);
    datadir_close(offline->datadir);
}
