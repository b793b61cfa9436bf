#include "bench/thread_cpu.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TASKS "/proc/self/task"

/* User and system time of a thread of this name, in ticks; 0 for any other, and for one that has
 * just ended. */
static uint64_t read_ticks(const char *task, const char *name)
{
    char path[sizeof TASKS + 300];
    char text[1024] = "";
    unsigned long user = 0;
    unsigned long kernel = 0;
    snprintf(path, sizeof path, TASKS "/%s/stat", task);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    const char *begin = strchr(text, '(');
    const char *rest = strrchr(text, ')'); /* the name may hold blanks */
    bool wanted = begin != NULL && rest != NULL && strncmp(begin + 1, name, strlen(name)) == 0 &&
                  sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                         &kernel) == 2;
    return wanted ? user + kernel : 0;
}

int64_t thread_cpu_us(const char *name)
{
    struct dirent *entry;
    uint64_t ticks = 0;
    DIR *tasks = opendir(TASKS);
    if (tasks == NULL) {
        return -1;
    }
    while ((entry = readdir(tasks)) != NULL) {
        ticks += entry->d_name[0] != '.' ? read_ticks(entry->d_name, name) : 0;
    }
    closedir(tasks);
    return (int64_t)ticks * 1000000 / sysconf(_SC_CLK_TCK);
}
