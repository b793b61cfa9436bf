/**
 * Folders: temporary ones, by default below the current one, since /tmp may be memory and no disk;
 * and that of the program.
 */
#ifndef BENCH_FOLDER_H
#define BENCH_FOLDER_H

#include <limits.h>

/** Makes `parent`/duet-bench.XXXXXX and writes its absolute path. 0, or ERR_IO after a message. */
int folder_make(const char *parent, char out[PATH_MAX]);

/** Removes it with all that is in it. */
void folder_remove(const char *path);

/** Folder that this program stands in. 0, or ERR_IO with errno; then `out` is untouched. */
int folder_of_program(char out[PATH_MAX]);

#endif
