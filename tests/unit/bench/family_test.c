#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/family.h"

#define BURN_US 200000

static int64_t cpu_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void burn(void)
{
    int64_t end_us = cpu_now_us() + BURN_US;
    while (cpu_now_us() < end_us) {
    }
}

static void finish_line(int fd)
{
    char c = 0;
    assert_int_equal(write(fd, &c, 1), 1);
}

/* In a child: one grandchild that worked and ended, one that worked and stays. */
static _Noreturn void raise_family(int ready)
{
    if (fork() == 0) {
        burn();
        _exit(0);
    }
    wait(NULL);
    if (fork() == 0) {
        burn();
        finish_line(ready);
        pause();
    }
    pause();
    _exit(0);
}

static void descendants_count_whether_they_live_or_ended(void **state)
{
    (void)state;
    int ends[2];
    char c;
    pid_t pids[FAMILY_MAX];
    int64_t cpu_us = -1;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        raise_family(ends[1]);
    }
    assert_int_equal(read(ends[0], &c, 1), 1);
    size_t count = family_of(child, pids, &cpu_us);
    assert_int_equal(count, 2);
    assert_int_equal(pids[0], child);
    assert_true(cpu_us >= 2 * BURN_US - 40000); /* ticks are 10 ms each */
    kill(pids[1], SIGKILL);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(ends[0]);
    close(ends[1]);
}

static void who_does_not_live_has_no_figures(void **state)
{
    (void)state;
    pid_t pids[FAMILY_MAX];
    int64_t cpu_us = -1;
    pid_t child = fork();
    if (child == 0) {
        _exit(0);
    }
    waitpid(child, NULL, 0);
    assert_int_equal(family_of(child, pids, &cpu_us), 0);
    assert_int_equal(cpu_us, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descendants_count_whether_they_live_or_ended),
        cmocka_unit_test(who_does_not_live_has_no_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
