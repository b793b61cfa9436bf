#include "storage/lmdb_error.h"

#include <errno.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"
#include "storage/fatal.h"

int lmdb_error(int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return 0;
    case MDB_NOTFOUND:
        return ERR_NOT_FOUND;
    case MDB_KEYEXIST:
        return ERR_EXISTS;
    case MDB_PAGE_NOTFOUND:
    case MDB_CORRUPTED:
    case MDB_VERSION_MISMATCH:
    case MDB_INVALID:
    case MDB_INCOMPATIBLE:
        return ERR_CORRUPT;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
        return ERR_STORAGE_FULL;
    case MDB_READERS_FULL:
        return ERR_BUSY;
    case ENOMEM:
        return ERR_NO_MEMORY;
    default:
        return ERR_IO;
    }
}

_Noreturn void lmdb_fatal(const char *what, int rc)
{
    storage_fatal(what, mdb_strerror(rc));
}

int lmdb_check_length(MDB_env *env)
{
    int fd;
    MDB_envinfo info;
    MDB_stat stat;
    struct stat file;
    if (mdb_env_get_fd(env, &fd) != 0 || mdb_env_info(env, &info) != 0 ||
        mdb_env_stat(env, &stat) != 0 || fstat(fd, &file) != 0) {
        return ERR_IO;
    }
    if (stat.ms_psize == 0 ||
        info.me_last_pgno >= (uint64_t)file.st_size / (uint64_t)stat.ms_psize) {
        return ERR_CORRUPT;
    }
    return 0;
}
