/**
 * The border to LMDB: its codes become ours here, and nowhere else. Internal to storage/.
 */
#ifndef STORAGE_LMDB_ERROR_H
#define STORAGE_LMDB_ERROR_H

#include <lmdb.h>

/** 0, or the code for an LMDB or errno value. Any thread. */
int lmdb_error(int rc);

/** storage_fatal with LMDB's text. */
_Noreturn void lmdb_fatal(const char *what, int rc);

/**
 * Is the file as long as its newest meta page claims? ERR_CORRUPT if not, ERR_IO. To be asked
 * right after mdb_env_open: reading a page beyond the end of a file is a SIGBUS.
 */
int lmdb_check_length(MDB_env *env);

#endif
