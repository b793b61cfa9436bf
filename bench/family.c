#include "bench/family.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"

struct process {
    pid_t pid, parent;
    uint64_t ticks;
    bool counted;
};

struct process_list {
    struct process *items;
    size_t count, capacity;
};

static bool read_process(pid_t pid, struct process *out)
{
    char path[64];
    char text[1024] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    unsigned long own[2];
    unsigned long waited_for[2];
    const char *rest = strrchr(text, ')'); /* the name may hold blanks */
    if (rest == NULL ||
        sscanf(rest + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %lu %lu",
               &out->parent, &own[0], &own[1], &waited_for[0], &waited_for[1]) != 5) {
        return false;
    }
    out->pid = pid;
    out->ticks = own[0] + own[1] + waited_for[0] + waited_for[1];
    out->counted = false;
    return true;
}

static struct process_list read_all(void)
{
    struct process_list list = {0};
    struct dirent *entry;
    DIR *proc = opendir("/proc");
    while (proc != NULL && (entry = readdir(proc)) != NULL) {
        long pid = strtol(entry->d_name, NULL, 10);
        if (list.count == list.capacity) {
            list.capacity = list.capacity == 0 ? 256 : list.capacity * 2;
            list.items = memory_resize(list.items, list.capacity * sizeof *list.items);
        }
        if (pid > 0 && read_process((pid_t)pid, &list.items[list.count])) {
            list.count++;
        }
    }
    if (proc != NULL) {
        closedir(proc);
    }
    return list;
}

static bool contains(const pid_t *pids, size_t count, pid_t pid)
{
    for (size_t i = 0; i < count; i++) {
        if (pids[i] == pid) {
            return true;
        }
    }
    return false;
}

size_t family_of(pid_t root, pid_t out[FAMILY_MAX], int64_t *cpu_us)
{
    struct process_list list = read_all();
    size_t count = 0;
    uint64_t ticks = 0;
    bool grew = true;
    while (grew) { /* a child may stand before its parent in the list */
        grew = false;
        for (size_t i = 0; i < list.count && count < FAMILY_MAX; i++) {
            struct process *process = &list.items[i];
            bool belongs = process->pid == root || contains(out, count, process->parent);
            if (belongs && !process->counted) {
                process->counted = grew = true;
                out[count++] = process->pid;
                ticks += process->ticks;
            }
        }
    }
    free(list.items);
    if (count != 0) {
        *cpu_us = (int64_t)ticks * 1000000 / sysconf(_SC_CLK_TCK);
    }
    return count;
}
