/**
 * A real daemon for tests: started on any free port, on a data directory of its own, stopped,
 * killed and started again. Everything here fails the running test when it does not work.
 */
#ifndef TESTS_INTEGRATION_SUPPORT_DAEMON_H
#define TESTS_INTEGRATION_SUPPORT_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define DAEMON_OPTIONS_MAX 16

struct daemon {
    char data[64]; /* under the current directory; removed by daemon_destroy */
    const char *options[DAEMON_OPTIONS_MAX];
    pid_t pid; /* 0: not running */
    uint16_t port;
    int output; /* of its standard output */
};

/** Path of a program of this build: $DUET_BIN/<name>. Static until the next call. */
const char *program_path(const char *name);

/**
 * Runs a program with standard output (and, with `merge`, standard error) into `out`, which gets a
 * NUL. Returns its exit status, or -signal.
 */
int program_run(char *const *argv, char *out, size_t out_size, bool merge);

/** Makes a data directory; nothing runs. `options` (NULL-ended, or NULL) are kept by reference. */
void daemon_init(struct daemon *daemon, const char *const *options);
/** Starts it and waits until it listens. */
void daemon_start(struct daemon *daemon);
/** SIGTERM; it must end with status 0. */
void daemon_stop(struct daemon *daemon);
/** SIGKILL. */
void daemon_kill(struct daemon *daemon);
/** Kills it if it runs, removes the directory. */
void daemon_destroy(struct daemon *daemon);

/** A figure of the admin socket's stats. */
int64_t daemon_figure(const struct daemon *daemon, const char *name);

#endif
