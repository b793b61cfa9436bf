/*
 * The next segment is made ready beside the writer, by a thread of its own: reserving space takes
 * milliseconds, and writing zeros ahead keeps a device as busy as the log itself does.
 *
 * Segments double in size up to the configured one, so that a small server reserves little. Zeros
 * go into the next one at the pace at which the present one fills up, so that it is full when it is
 * needed, and nothing is written for nothing.
 */
#include <signal.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/error.h"
#include "base/logger.h"
#include "storage/log_internal.h"

#define FIRST_BYTES ((uint64_t)64 << 20)
#define RETRY_MS 1000

uint64_t log_next_bytes(const struct log *log)
{
    uint64_t bytes = log->current == NULL ? FIRST_BYTES : 2 * log->current->file_bytes;
    return bytes < log->segment_bytes ? bytes : log->segment_bytes;
}

/* Nothing until an eighth of the present segment is used, all of it when 92 % are. */
static uint64_t fill_goal(const struct log *log, const struct segment *next)
{
    double used = (double)log->end / (double)log->current->file_bytes;
    double goal = (used - 0.125) * 1.25;
    goal = goal < 0 ? 0 : goal > 1 ? 1 : goal;
    return (uint64_t)(goal * (double)next->file_bytes);
}

void log_next_request(struct log *log)
{
    struct log_next *next = &log->next;
    (void)pthread_mutex_lock(&log->lock);
    if (next->segment != NULL) {
        next->fill_to = fill_goal(log, next->segment);
    } else if (!next->busy && log_clock_ms() >= next->retry_ms) {
        next->create_bytes = log_next_bytes(log);
    }
    (void)pthread_cond_signal(&next->wake);
    (void)pthread_mutex_unlock(&log->lock);
}

struct segment *log_next_take(struct log *log)
{
    struct log_next *next = &log->next;
    (void)pthread_mutex_lock(&log->lock);
    while (next->busy) {
        (void)pthread_cond_wait(&next->ready, &log->lock);
    }
    struct segment *taken = next->segment;
    next->segment = NULL;
    next->create_bytes = 0;
    next->fill_to = 0;
    (void)pthread_mutex_unlock(&log->lock);
    return taken;
}

/* --- the thread --- */

static void create(struct log *log, uint64_t bytes)
{
    struct log_next *next = &log->next;
    struct segment *made = NULL;
    (void)pthread_mutex_unlock(&log->lock);
    int error = log_disk_has(log, bytes + log->reserve_bytes) ? log_make_segment(log, bytes, &made)
                                                              : ERR_STORAGE_FULL;
    (void)pthread_mutex_lock(&log->lock);
    next->segment = made;
    next->retry_ms = error == 0 ? 0 : log_clock_ms() + RETRY_MS;
    atomic_store_explicit(&log->next_failed, error != 0, memory_order_relaxed);
}

static void fill(struct log *log, struct segment *segment)
{
    (void)pthread_mutex_unlock(&log->lock);
    bool more = segment_fill_ahead(segment);
    (void)pthread_mutex_lock(&log->lock);
    if (!more) {
        log->next.fill_to = 0;
    }
}

/* One piece of what there is to do, without the lock meanwhile. False: nothing. */
static bool work(struct log *log)
{
    struct log_next *next = &log->next;
    uint64_t bytes = next->create_bytes;
    next->create_bytes = 0;
    next->busy = true;
    if (next->segment == NULL && bytes != 0) {
        create(log, bytes);
    } else if (next->segment != NULL && next->segment->filled_bytes < next->fill_to) {
        fill(log, next->segment);
    } else {
        next->busy = false;
        return false;
    }
    next->busy = false;
    (void)pthread_cond_broadcast(&next->ready);
    return true;
}

static void *run(void *context)
{
    struct log *log = context;
    (void)pthread_setname_np(pthread_self(), "duet-segment");
    (void)pthread_mutex_lock(&log->lock);
    while (!log->next.stop) {
        if (!work(log)) {
            (void)pthread_cond_wait(&log->next.wake, &log->lock);
        }
    }
    (void)pthread_mutex_unlock(&log->lock);
    return NULL;
}

void log_next_start(struct log *log)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all); /* signals are the main thread's */
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    CHECK_ALWAYS(pthread_create(&log->next.thread, NULL, run, log) == 0);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    log->next.running = true;
}

void log_next_stop(struct log *log)
{
    struct log_next *next = &log->next;
    if (next->running) {
        (void)pthread_mutex_lock(&log->lock);
        next->stop = true;
        (void)pthread_cond_signal(&next->wake);
        (void)pthread_mutex_unlock(&log->lock);
        (void)pthread_join(next->thread, NULL);
        next->running = false;
    }
    segment_close(next->segment);
    next->segment = NULL;
}
