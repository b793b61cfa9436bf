#include "tests/integration/support_daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "tools/admin.h"

#define LISTEN_WITHIN_MS 120000 /* sanitizers, and a machine that does other things */

const char *program_path(const char *name)
{
    static char path[512];
    const char *directory = getenv("DUET_BIN");
    snprintf(path, sizeof path, "%s/%s", directory != NULL ? directory : ".", name);
    return path;
}

static void run_child(char *const *argv, int out, bool merge)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that dies leaves nothing behind */
    dup2(out, STDOUT_FILENO);
    if (merge) {
        dup2(out, STDERR_FILENO);
    }
    execv(argv[0], argv);
    fprintf(stderr, "cannot run %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

static pid_t spawn(char *const *argv, int *output, bool merge)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        run_child(argv, ends[1], merge);
    }
    close(ends[1]);
    *output = ends[0];
    return pid;
}

static int reap(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        assert_int_equal(errno, EINTR);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int program_run(char *const *argv, char *out, size_t out_size, bool merge)
{
    int output = -1;
    pid_t pid = spawn(argv, &output, merge);
    size_t len = 0;
    char rest[4096];
    ssize_t count;
    do {
        bool full = len + 1 >= out_size;
        count = read(output, full ? rest : out + len, full ? sizeof rest : out_size - 1 - len);
        len += count > 0 && !full ? (size_t)count : 0;
    } while (count > 0);
    out[len] = 0;
    close(output);
    return reap(pid);
}

void daemon_init(struct daemon *daemon, const char *const *options)
{
    *daemon = (struct daemon){.output = -1};
    snprintf(daemon->data, sizeof daemon->data, "daemon_test.XXXXXX");
    assert_non_null(mkdtemp(daemon->data));
    for (size_t i = 0; options != NULL && options[i] != NULL; i++) {
        assert_true(i + 1 < DAEMON_OPTIONS_MAX);
        daemon->options[i] = options[i];
    }
}

/** The port in "listening on 127.0.0.1:PORT". */
static uint16_t read_port(int output)
{
    char line[256];
    size_t len = 0;
    struct pollfd fd = {.fd = output, .events = POLLIN};
    while (len + 1 < sizeof line && (len == 0 || line[len - 1] != '\n')) {
        assert_int_equal(poll(&fd, 1, LISTEN_WITHIN_MS), 1);
        if (read(output, line + len, 1) != 1) {
            fail_msg("the daemon ended before it listened");
        }
        len++;
    }
    line[len] = 0;
    unsigned port = 0;
    assert_int_equal(sscanf(line, "listening on 127.0.0.1:%u", &port), 1);
    return (uint16_t)port;
}

void daemon_start(struct daemon *daemon)
{
    char path[512];
    snprintf(path, sizeof path, "%s", program_path("duetd"));
    char *argv[DAEMON_OPTIONS_MAX + 12] = {path,
                                           (char[]){"--data"},
                                           daemon->data,
                                           (char[]){"--listen"},
                                           (char[]){"127.0.0.1:0"},
                                           (char[]){"--log-segment"},
                                           (char[]){"16MiB"},
                                           (char[]){"--log-level"},
                                           (char[]){"warn"}};
    size_t count = 9;
    for (size_t i = 0; daemon->options[i] != NULL; i++) {
        argv[count++] = (char *)(uintptr_t)daemon->options[i];
    }
    daemon->pid = spawn(argv, &daemon->output, false);
    daemon->port = read_port(daemon->output);
}

static int end(struct daemon *daemon, int number)
{
    assert_true(daemon->pid > 0);
    kill(daemon->pid, number);
    int status = reap(daemon->pid);
    daemon->pid = 0;
    close(daemon->output);
    daemon->output = -1;
    return status;
}

void daemon_stop(struct daemon *daemon)
{
    assert_int_equal(end(daemon, SIGTERM), 0);
}

void daemon_kill(struct daemon *daemon)
{
    assert_int_equal(end(daemon, SIGKILL), -SIGKILL);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *at)
{
    (void)info;
    (void)type;
    (void)at;
    return remove(path);
}

void daemon_destroy(struct daemon *daemon)
{
    if (daemon->pid > 0) {
        end(daemon, SIGKILL);
    }
    nftw(daemon->data, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int64_t daemon_figure(const struct daemon *daemon, const char *name)
{
    struct buffer reply = {0};
    assert_int_equal(admin_ask(daemon->data, "{\"cmd\":\"stats\"}", &reply), 0);
    json_error_t error;
    json_t *figures = json_loadb((const char *)reply.data, reply.len, 0, &error);
    const json_t *value = json_object_get(figures, name);
    if (!json_is_integer(value)) {
        fail_msg("no figure %s in %.*s", name, (int)reply.len, (const char *)reply.data);
    }
    int64_t number = (int64_t)json_integer_value(value);
    json_decref(figures);
    buffer_fini(&reply);
    return number;
}
