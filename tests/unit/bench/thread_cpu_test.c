/* CPU is told apart by the names of threads. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/measure.h"
#include "bench/thread_cpu.h"

#define WORK_US 200000
#define STEPS_US 40000 /* two threads, the kernel's step, and what it rounds */
#define PATIENCE_US 20000000

static atomic_int working;
static atomic_bool end;

static int64_t used_us(void)
{
    struct timespec used;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

/* Uses up so much CPU, then waits: who has ended is not counted. */
static void *work(void *name)
{
    pthread_setname_np(pthread_self(), name);
    while (used_us() < WORK_US) {
    }
    atomic_fetch_sub(&working, 1);
    while (!atomic_load(&end)) {
        usleep(1000);
    }
    return NULL;
}

static void threads_are_counted_by_the_beginning_of_their_name(void **state)
{
    static char names[][16] = {"one (a) 1", "one (b) 2", "other"};
    pthread_t threads[3];
    int64_t until_us = monotonic_us() + PATIENCE_US;
    (void)state;
    atomic_store(&working, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work, names[i]), 0);
    }
    while (atomic_load(&working) != 0 && monotonic_us() < until_us) {
        usleep(1000);
    }
    int64_t both_us = thread_cpu_us("one");
    int64_t second_us = thread_cpu_us("one (b)");
    int64_t nobody_us = thread_cpu_us("none");
    atomic_store(&end, true);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_in_range(both_us, 2 * WORK_US - STEPS_US, 2 * WORK_US + 2 * STEPS_US);
    assert_in_range(second_us, WORK_US - STEPS_US, WORK_US + STEPS_US);
    assert_int_equal(nobody_us, 0);
    assert_int_equal(thread_cpu_us("one"), 0); /* they have ended */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_are_counted_by_the_beginning_of_their_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
