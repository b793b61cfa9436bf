#include "bench/folder.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "bench/report.h"

#define TEMPLATE "/duet-bench.XXXXXX"

int folder_make(const char *parent, char out[PATH_MAX])
{
    char top[PATH_MAX] = "";
    if (realpath(parent, top) != NULL && strlen(top) + sizeof TEMPLATE <= PATH_MAX) {
        memcpy(out, top, strlen(top));
        memcpy(out + strlen(top), TEMPLATE, sizeof TEMPLATE);
        if (mkdtemp(out) != NULL) {
            return 0;
        }
    }
    complain("no temporary folder in %s: %s", parent, strerror(errno));
    return ERR_IO;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

void folder_remove(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int folder_of_program(char out[PATH_MAX])
{
    char self[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    if (len <= 0) {
        return ERR_IO;
    }
    self[len] = '\0';
    *strrchr(self, '/') = '\0'; /* the path is absolute */
    snprintf(out, PATH_MAX, "%s", self);
    return 0;
}
