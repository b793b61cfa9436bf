#include "bench/watch.h"

#include <poll.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench/measure.h"

#define PERIOD_MS 1000

static void *ask_repeatedly(void *argument)
{
    struct watch *watch = argument;
    struct pollfd poller = {.fd = watch->wake, .events = POLLIN};
    do {
        int64_t found = sample_log_to_replay(watch->data);
        if (found >= 0) {
            atomic_store_explicit(&watch->latest, found, memory_order_relaxed);
        }
    } while (poll(&poller, 1, PERIOD_MS) == 0);
    return NULL;
}

void watch_start(struct watch *watch, const char *data)
{
    snprintf(watch->data, sizeof watch->data, "%s", data);
    atomic_init(&watch->latest, -1);
    watch->running = false;
    watch->wake = data[0] != '\0' ? eventfd(0, EFD_CLOEXEC) : -1;
    if (watch->wake >= 0) {
        watch->running = pthread_create(&watch->thread, NULL, ask_repeatedly, watch) == 0;
    }
}

int64_t watch_latest(const struct watch *watch)
{
    return atomic_load_explicit(&watch->latest, memory_order_relaxed);
}

void watch_stop(struct watch *watch)
{
    if (watch->running && eventfd_write(watch->wake, 1) == 0) {
        pthread_join(watch->thread, NULL);
    }
    if (watch->wake >= 0) {
        close(watch->wake);
    }
    watch->running = false;
}
