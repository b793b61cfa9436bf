/** Memory that LMDB's maps hold. */
#ifndef STORAGE_LMDB_TRIM_H
#define STORAGE_LMDB_TRIM_H

#include <lmdb.h>

/**
 * Lets the kernel unmap the environment's pages; they stay in its cache, and a later access maps
 * them again. Without it a server's resident memory grows with what it ever wrote or read. The map
 * is read-only and shared, so nothing is lost. Any thread, any time while the environment is open.
 */
void lmdb_trim(MDB_env *env);

#endif
