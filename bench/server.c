#include "bench/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "bench/folder.h"
#include "bench/interrupt.h"
#include "bench/measure.h"
#include "bench/report.h"

#define START_TIMEOUT_US 60000000
#define RESTART_TIMEOUT_US 3600000000 /* replays the log; one that ends is noticed at once */
#define STOP_TIMEOUT_US 60000000
#define POLL_US 20000
#define ARGUMENTS_MAX 12

static int fail(const char *what, const char *detail)
{
    complain("%s: %s", what, detail);
    return ERR_IO;
}

/* Where our programs' errors go. */
static void log_path(const struct server *server, char *out, size_t size)
{
    snprintf(out, size, "%s/duetd.stderr", server->data);
}

/* Path of a program that stands beside this one. */
static int find_program(const char *name, char out[PATH_MAX])
{
    char folder[PATH_MAX];
    if (folder_of_program(folder) != 0) {
        return fail("/proc/self/exe", strerror(errno));
    }
    snprintf(out, PATH_MAX, "%.*s/%s", PATH_MAX - 32, folder, name);
    return access(out, X_OK) == 0 ? 0 : fail(out, strerror(errno));
}

/* In the child: its output goes to `out_fd`, its errors to the file `log`. */
static _Noreturn void become(const char *path, char *const *arguments, int out_fd, const char *log)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    setpgid(0, 0); /* an interrupt from the terminal is for us, who then stop it in order */
    int errors = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (errors >= 0 && dup2(errors, STDERR_FILENO) >= 0 && dup2(out_fd, STDOUT_FILENO) >= 0) {
        execv(path, arguments);
    }
    _exit(127);
}

/* Starts a program; `*out` reads its standard output. */
static int spawn(const char *path, char *const *arguments, const char *log, pid_t *pid, int *out)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return fail("pipe", strerror(errno));
    }
    fflush(NULL);
    *pid = fork();
    if (*pid == 0) {
        become(path, arguments, ends[1], log);
    }
    close(ends[1]);
    if (*pid < 0) {
        close(ends[0]);
        return fail("fork", strerror(errno));
    }
    *out = ends[0];
    return 0;
}

static int seed(struct server *server, const struct server_options *options, const char *log)
{
    char program[PATH_MAX];
    char count[24];
    pid_t pid;
    int out;
    snprintf(count, sizeof count, "%lld", (long long)options->couples);
    char *arguments[ARGUMENTS_MAX] = {"duetctl",   "seed", "--data", server->data,
                                      "--couples", count,  "--out",  server->tokens};
    if (options->password != NULL) {
        arguments[8] = "--password";
        arguments[9] = (char *)(uintptr_t)options->password;
    }
    if (find_program("duetctl", program) != 0 || spawn(program, arguments, log, &pid, &out) != 0) {
        return ERR_IO;
    }
    progress("seeding %s couples", count);
    char drained[512];
    while (read(out, drained, sizeof drained) > 0) {
    }
    close(out);
    int status = 0;
    waitpid(pid, &status, 0);
    if (WIFSIGNALED(status)) {
        return fail("duetctl seed was ended by a signal", strsignal(WTERMSIG(status)));
    }
    return WEXITSTATUS(status) == 0 ? 0 : fail("duetctl seed failed, see", log);
}

/* Reads "listening on 127.0.0.1:PORT" from the daemon. */
static int await_port(struct server *server, int out, int64_t timeout_us)
{
    char text[512];
    size_t len = 0;
    int64_t deadline_us = monotonic_us() + timeout_us;
    while (len < sizeof text - 1) {
        int64_t left_us = deadline_us - monotonic_us();
        struct pollfd poller = {.fd = out, .events = POLLIN};
        if (left_us <= 0 || poll(&poller, 1, (int)(left_us / 1000)) <= 0) {
            break;
        }
        ssize_t got = read(out, text + len, sizeof text - 1 - len);
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
        text[len] = '\0';
        const char *line = strstr(text, "listening on ");
        if (line != NULL && strchr(line, '\n') != NULL &&
            sscanf(line, "listening on 127.0.0.1:%hu", &server->port) == 1) {
            return 0;
        }
    }
    return ERR_IO;
}

static int start_daemon(struct server *server, int64_t timeout_us)
{
    char program[PATH_MAX];
    char log[PATH_MAX + 32];
    char shard_text[24];
    int out;
    log_path(server, log, sizeof log);
    snprintf(shard_text, sizeof shard_text, "%lld", (long long)server->shards);
    char *arguments[ARGUMENTS_MAX] = {"duetd", "--data", server->data, "--listen", "127.0.0.1:0"};
    if (server->shards != 0) {
        arguments[5] = "--shards";
        arguments[6] = shard_text;
    }
    if (find_program("duetd", program) != 0) {
        return ERR_IO;
    }
    server->forked_us = monotonic_us();
    if (spawn(program, arguments, log, &server->pid, &out) != 0) {
        return ERR_IO;
    }
    progress("starting %s", program);
    int error = await_port(server, out, timeout_us);
    if (error != 0) {
        close(out);
        return interrupted() ? error : fail("duetd did not start, see", log);
    }
    /* Left open: the daemon may print hints, and must not get SIGPIPE for them. */
    return 0;
}

/* Waits until our daemon ended; false if it did not in time. */
static bool await_end(pid_t pid)
{
    int64_t deadline_us = monotonic_us() + STOP_TIMEOUT_US;
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        if (monotonic_us() > deadline_us) {
            return false;
        }
        usleep(POLL_US);
    }
    return true;
}

void server_kill(struct server *server)
{
    if (server->own && server->pid > 0) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
        server->pid = 0;
    }
}

int server_restart(struct server *server)
{
    return start_daemon(server, RESTART_TIMEOUT_US);
}

void server_stop(struct server *server)
{
    if (!server->own) {
        return;
    }
    if (server->pid > 0) {
        kill(server->pid, SIGTERM);
        if (!await_end(server->pid)) {
            fail("duetd", "did not stop within 60 s of SIGTERM; killed");
            server_kill(server);
        }
        server->pid = 0;
    }
    if (server->keep) {
        fprintf(stderr, "data left in %s\n", server->data);
    } else {
        folder_remove(server->data);
    }
}

static int start_own(const struct server_options *options, struct server *server)
{
    char log[PATH_MAX + 32];
    int error = folder_make(options->data != NULL ? options->data : ".", server->data);
    if (error != 0) {
        return error;
    }
    server->own = true;
    server->keep = options->keep;
    server->shards = options->shards;
    snprintf(server->host, sizeof server->host, "127.0.0.1");
    snprintf(server->tokens, sizeof server->tokens, "%.*s/tokens.jsonl", PATH_MAX - 32,
             server->data);
    log_path(server, log, sizeof log);
    error = seed(server, options, log);
    error = error != 0 ? error : start_daemon(server, START_TIMEOUT_US);
    if (error != 0) {
        struct stat status; /* kept if the programs wrote why */
        server->keep = stat(log, &status) == 0 && status.st_size != 0;
        server_stop(server);
    }
    return error;
}

/* "host:port[,port...]", with or without a scheme in front. */
static int parse_address(const char *url, struct server *server)
{
    const char *scheme = strstr(url, "://");
    const char *address = scheme != NULL ? scheme + 3 : url;
    int len = 0;
    if (sscanf(address, "%255[^:/]:%hu%n", server->host, &server->port, &len) != 2) {
        return fail(url, "not of the form host:port");
    }
    server->ports[server->port_count++] = server->port;
    for (const char *more = address + len; *more == ','; more += len) {
        if (server->port_count == SERVER_PORTS_MAX ||
            sscanf(more, ",%hu%n", &server->ports[server->port_count++], &len) != 1) {
            return fail(url, "not of the form host:port,port");
        }
    }
    return 0;
}

static int use_running(const struct server_options *options, struct server *server)
{
    if (parse_address(options->url, server) != 0) {
        return ERR_IO;
    }
    if (server->protocol->needs_tokens && options->tokens == NULL) {
        return fail("--server", "needs --tokens FILE, as written by duetctl seed --out FILE");
    }
    server->pid = (pid_t)options->pid;
    if (options->tokens != NULL) {
        snprintf(server->tokens, sizeof server->tokens, "%s", options->tokens);
    }
    if (options->data != NULL) {
        snprintf(server->data, sizeof server->data, "%s", options->data);
        server->pid = server->pid != 0 ? server->pid : sample_find_server(server->data);
    }
    return 0;
}

int server_start(const struct server_options *options, struct server *server)
{
    *server = (struct server){0};
    server->protocol = protocol_find(options->protocol != NULL ? options->protocol : "duet");
    if (server->protocol == NULL) {
        return ERR_INVALID_ARGUMENT;
    }
    if (options->url != NULL) {
        return use_running(options, server);
    }
    return server->protocol == &duet_protocol
               ? start_own(options, server)
               : fail(server->protocol->name, "needs --server host:port; see bench/peers/");
}
