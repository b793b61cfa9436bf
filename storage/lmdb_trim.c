#include "storage/lmdb_trim.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

/*
 * LMDB does not say where its map lies; the kernel does. Inode numbers are unique on one device
 * only, and device numbers are not told alike on every file system, so another file may look the
 * same: a program's, of which a private page would be lost. Only a shared mapping is taken, and no
 * more than that: of such a one nothing can be lost.
 */
static void *find_map(int fd, size_t *size)
{
    struct stat file;
    FILE *maps = fopen("/proc/self/maps", "re");
    void *found = NULL;
    char line[512];
    if (maps == NULL || fstat(fd, &file) != 0) {
        file.st_ino = 0;
    }
    while (maps != NULL && found == NULL && fgets(line, sizeof line, maps) != NULL) {
        uintptr_t start, end;
        char shared;
        unsigned long inode;
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %*3c%c %*s %*s %lu", &start, &end, &shared,
                   &inode) == 4 &&
            shared == 's' && inode != 0 && inode == file.st_ino) {
            found = (void *)start;
            *size = end - start;
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
    size_t size = 0;
    if (mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &stat) != 0 ||
        mdb_env_get_fd(env, &fd) != 0) {
        return;
    }
    void *map = find_map(fd, &size);
    size_t used = (info.me_last_pgno + 1) * stat.ms_psize;
    if (map != NULL) { /* a refusal only means that memory stays as it is */
        (void)madvise(map, used < size ? used : size, MADV_DONTNEED);
    }
}
