/*
 * What the first touch of memory costs. On a virtual machine that was just booted the host has not
 * backed most of the guest's memory yet: the first touch of such a page ends in the host, and costs
 * many times a page fault of the guest alone. Whatever is measured then measures the host.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "bench/calibrate.h"
#include "bench/figures.h"
#include "bench/interrupt.h"
#include "bench/measure.h"
#include "bench/report.h"

#define FAULT_ROUNDS 15
#define FAULT_BYTES ((size_t)4 << 20)
#define TOUCH_STEP_BYTES ((size_t)64 << 20)
#define TOUCH_LEAVE_PART 8 /* of what is available stays untouched, at least … */
#define TOUCH_LEAVE_BYTES ((int64_t)512 << 20)
#define TOUCH_US_MAX 300000000

static void *map(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }
    madvise(memory, bytes, MADV_NOHUGEPAGE); /* else one fault brings 512 pages */
    return memory;
}

static void touch(uint8_t *memory, size_t bytes, size_t page)
{
    for (size_t at = 0; at < bytes; at += page) {
        ((volatile uint8_t *)memory)[at] = 1;
    }
}

int calibrate_page_fault(double *median_us)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    double us[FAULT_ROUNDS];
    void *mapped[FAULT_ROUNDS] = {NULL};
    int error = 0;
    /* All stay mapped until the end: a page that was given back would be warm. */
    for (int i = 0; i < FAULT_ROUNDS && error == 0; i++) {
        mapped[i] = map(FAULT_BYTES);
        if (mapped[i] == NULL) {
            error = ERR_NO_MEMORY;
            break;
        }
        int64_t before_us = monotonic_us();
        touch(mapped[i], FAULT_BYTES, page);
        us[i] = (double)(monotonic_us() - before_us) / (double)(FAULT_BYTES / page);
    }
    for (int i = 0; i < FAULT_ROUNDS && mapped[i] != NULL; i++) {
        munmap(mapped[i], FAULT_BYTES);
    }
    if (error == 0) {
        *median_us = figures_median(us, FAULT_ROUNDS);
    }
    return error;
}

static int64_t available_bytes(void)
{
    long long kib = -1;
    char line[128];
    FILE *file = fopen("/proc/meminfo", "re");
    while (file != NULL && kib < 0 && fgets(line, sizeof line, file) != NULL) {
        sscanf(line, "MemAvailable: %lld kB", &kib);
    }
    if (file != NULL) {
        fclose(file);
    }
    return kib < 0 ? -1 : (int64_t)kib * 1024;
}

int touch_memory(int64_t *touched_bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    int64_t available = available_bytes();
    if (available < 0) {
        return ERR_IO;
    }
    int64_t leave = available / TOUCH_LEAVE_PART;
    leave = leave > TOUCH_LEAVE_BYTES ? leave : TOUCH_LEAVE_BYTES;
    int64_t goal = (available - leave) / (int64_t)TOUCH_STEP_BYTES * (int64_t)TOUCH_STEP_BYTES;
    if (goal <= 0) {
        *touched_bytes = 0;
        return 0;
    }
    uint8_t *memory = map((size_t)goal);
    if (memory == NULL) {
        return ERR_NO_MEMORY;
    }
    int64_t start_us = monotonic_us();
    int64_t at = 0;
    /* What others took meanwhile is not taken from them: it stops when little is available. */
    while (at < goal && !interrupted() && monotonic_us() - start_us < TOUCH_US_MAX &&
           available_bytes() > leave / 2) {
        touch(memory + at, TOUCH_STEP_BYTES, page);
        at += (int64_t)TOUCH_STEP_BYTES;
        progress("touching memory: %lld of %lld MiB", (long long)(at >> 20),
                 (long long)(goal >> 20));
    }
    munmap(memory, (size_t)goal);
    *touched_bytes = at;
    return 0;
}
