/**
 * Directories and small files that survive a power cut. Internal to storage/.
 *
 * A new, renamed or removed name is durable only after its directory was synced, whatever was
 * synced of the file itself. All functions: any thread, errors as in error_from_errno.
 */
#ifndef STORAGE_DIRECTORY_H
#define STORAGE_DIRECTORY_H

#include <stdint.h>

#include "base/bytes.h"

/** "<directory>/<name>", owned by the caller (free). */
char *path_join(const char *directory, const char *name);

/**
 * Makes it with mode 0700 and syncs its parent, if it is missing; parents are not made. ERR_IO
 * also when the name is taken by something that is no directory, or by a symbolic link.
 */
int directory_make(const char *path);

/** Makes its present names durable. */
int directory_sync(const char *path);

/** directory_sync of the directory that holds `path`. */
int directory_sync_parent(const char *path);

/**
 * Replaces or creates the file, mode 0600, durably and atomically: after a crash the old content
 * or the new one is there, whole. The name plus ".new" is used meanwhile.
 */
int file_replace(const char *path, struct bytes content);

/** Appends up to `limit` bytes of content to `out`. ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_IO. */
int file_read(const char *path, size_t limit, struct buffer *out);

#endif
