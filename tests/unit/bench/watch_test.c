#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/folder.h"
#include "bench/measure.h"
#include "bench/watch.h"

#define SLOW_US 200000
#define PATIENCE_US 10000000

static char folder[PATH_MAX];

/* A daemon that answers one question, after a while. */
static void *answer_slowly(void *argument)
{
    static const char answer[] = "{\"log_to_replay\":42}\n";
    char question[256];
    int fd = accept(*(int *)argument, NULL, NULL);
    if (fd >= 0 && read(fd, question, sizeof question) > 0) {
        usleep(SLOW_US);
        if (write(fd, answer, sizeof answer - 1) < 0) {
            perror("write");
        }
    }
    close(fd);
    return NULL;
}

static int listen_as_daemon(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int len = snprintf(at.sun_path, sizeof at.sun_path, "%s/admin.sock", folder);
    assert_true(len > 0 && (size_t)len < sizeof at.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 4), 0);
    return fd;
}

static void a_slow_daemon_holds_nobody_up(void **state)
{
    (void)state;
    static struct watch watch;
    pthread_t daemon;
    assert_int_equal(folder_make("/tmp", folder), 0); /* names of sockets are short */
    int listener = listen_as_daemon();
    assert_int_equal(pthread_create(&daemon, NULL, answer_slowly, &listener), 0);
    int64_t begun_us = monotonic_us();
    watch_start(&watch, folder);
    assert_int_equal(watch_latest(&watch), -1);
    assert_true(monotonic_us() - begun_us < SLOW_US);
    while (watch_latest(&watch) < 0 && monotonic_us() - begun_us < PATIENCE_US) {
        usleep(1000);
    }
    assert_int_equal(watch_latest(&watch), 42);
    assert_true(monotonic_us() - begun_us >= SLOW_US);
    pthread_join(daemon, NULL);
    close(listener);
    watch_stop(&watch);
    folder_remove(folder);
}

static void without_a_data_directory_nothing_is_asked(void **state)
{
    (void)state;
    static struct watch watch;
    watch_start(&watch, "");
    assert_int_equal(watch_latest(&watch), -1);
    assert_false(watch.running);
    watch_stop(&watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_daemon_holds_nobody_up),
        cmocka_unit_test(without_a_data_directory_nothing_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
