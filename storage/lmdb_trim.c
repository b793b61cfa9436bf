#include "storage/lmdb_trim.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* LMDB does not say where its map lies; the kernel does. */
static void *find_map(int fd)
{
    struct stat file;
    FILE *maps = fopen("/proc/self/maps", "re");
    void *found = NULL;
    char line[512];
    if (maps == NULL || fstat(fd, &file) != 0) {
        file.st_ino = 0;
    }
    while (maps != NULL && found == NULL && fgets(line, sizeof line, maps) != NULL) {
        uintptr_t start;
        unsigned long inode;
        if (sscanf(line, "%" SCNxPTR "-%*x %*s %*x %*s %lu", &start, &inode) == 2 && inode != 0 &&
            inode == file.st_ino) {
            found = (void *)start;
        }
    }
    if (maps != NULL) {
        fclose(maps);
    }
    return found;
}

void lmdb_trim(MDB_env *env)
{
    MDB_envinfo info;
    MDB_stat stat;
    int fd;
    if (mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &stat) != 0 ||
        mdb_env_get_fd(env, &fd) != 0) {
        return;
    }
    void *map = find_map(fd);
    if (map != NULL) { /* a refusal only means that memory stays as it is */
        (void)madvise(map, (info.me_last_pgno + 1) * stat.ms_psize, MADV_DONTNEED);
    }
}
