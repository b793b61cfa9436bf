/**
 * Temporary folders. By default below the current one, since /tmp may be memory and no disk.
 */
#ifndef BENCH_FOLDER_H
#define BENCH_FOLDER_H

#include <limits.h>

/** Makes `parent`/duet-bench.XXXXXX and writes its absolute path. 0, or ERR_IO after a message. */
int folder_make(const char *parent, char out[PATH_MAX]);

/** Removes it with all that is in it. */
void folder_remove(const char *path);

#endif
