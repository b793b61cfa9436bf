#include "tests/integration/support_crash_server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "client/tcp.h"
#include "tests/integration/support_daemon.h"

#define START_TIMEOUT_MS 120000

static void watch_writes(const struct crash_server_options *options)
{
    (void)setenv("DUET_POWERCUT_DIR", options->data, 1);
    (void)setenv("DUET_POWERCUT_JOURNAL", options->journal, 1);
    (void)setenv("LD_PRELOAD", program_path("libduetpowercut.so"), 1);
}

static _Noreturn void become(const struct crash_server_options *options, int out)
{
    const char *words[6 + 2 * CRASH_OPTIONS_MAX] = {"duetd", "--data", options->data, "--listen",
                                                    "127.0.0.1:0"};
    size_t count = 5;
    for (size_t i = 0; i < CRASH_OPTIONS_MAX && options->set[i] != NULL; i++) {
        words[count++] = "--set";
        words[count++] = options->set[i];
    }
    char log[PATH_MAX];
    (void)snprintf(log, sizeof log, "%s.stderr", options->data);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    int errors = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (errors < 0 || dup2(errors, STDERR_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0) {
        _exit(127);
    }
    if (options->journal != NULL) {
        watch_writes(options);
    }
    (void)execv(program_path("duetd"), (char *const *)words);
    _exit(127);
}

/* Reads "listening on 127.0.0.1:PORT". */
static int await_port(struct crash_server *server)
{
    char text[512];
    size_t len = 0;
    int64_t deadline_ms = tcp_now_ms() + START_TIMEOUT_MS;
    while (len < sizeof text - 1 && tcp_wait(server->out, POLLIN, deadline_ms) == 0) {
        ssize_t got = read(server->out, text + len, sizeof text - 1 - len);
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
        text[len] = '\0';
        if (strchr(text, '\n') != NULL) {
            int found = sscanf(text, "listening on 127.0.0.1:%hu", &server->port);
            return found == 1 ? 0 : ERR_IO;
        }
    }
    return ERR_IO;
}

int crash_server_start(const struct crash_server_options *options, struct crash_server *server)
{
    int ends[2];
    *server = (struct crash_server){0};
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return ERR_IO;
    }
    (void)fflush(NULL);
    server->out = ends[0];
    server->pid = fork();
    if (server->pid == 0) {
        become(options, ends[1]);
    }
    (void)close(ends[1]);
    if (server->pid < 0 || await_port(server) != 0) {
        (void)fprintf(stderr, "duetd did not start, see %s.stderr\n", options->data);
        (void)crash_server_kill(server);
        return ERR_IO;
    }
    return 0;
}

bool crash_server_kill(struct crash_server *server)
{
    int status = 0;
    if (server->pid <= 0) {
        return true;
    }
    (void)kill(server->pid, SIGKILL);
    (void)waitpid(server->pid, &status, 0);
    (void)close(server->out);
    *server = (struct crash_server){0};
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    if (!killed) {
        (void)fprintf(stderr, "duetd ended by itself, wait status %#x\n", (unsigned)status);
    }
    return killed;
}

/* --- places --- */

void crash_place_make(char out[PATH_MAX])
{
    char here[PATH_MAX - 32];
    if (getcwd(here, sizeof here) == NULL) {
        abort();
    }
    (void)snprintf(out, PATH_MAX, "%s/crash.XXXXXX", here);
    if (mkdtemp(out) == NULL) {
        perror(out);
        abort();
    }
}

static void run(const char *const *words)
{
    char output[256];
    if (program_run((char *const *)(uintptr_t)words, output, sizeof output, true) != 0) {
        (void)fprintf(stderr, "%s failed: %s\n", words[0], output);
        abort();
    }
}

void crash_place_remove(const char *place)
{
    run((const char *const[]){"/bin/rm", "-rf", "--", place, NULL});
}

void crash_place_copy(const char *from, const char *to)
{
    run((const char *const[]){"/bin/cp", "-a", "--", from, to, NULL});
}
