/**
 * A duetd that is there to be killed: started on a data directory, killed without warning, started
 * again. Dies with this process.
 */
#ifndef TESTS_INTEGRATION_SUPPORT_CRASH_SERVER_H
#define TESTS_INTEGRATION_SUPPORT_CRASH_SERVER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CRASH_OPTIONS_MAX 12

struct crash_server_options {
    const char *data;
    const char *journal; /* start under libduetpowercut.so with this journal; NULL: without */
    const char *set[CRASH_OPTIONS_MAX]; /* "name=value", as for --set; a NULL ends them */
};

struct crash_server {
    pid_t pid; /* 0: not running */
    int out;
    uint16_t port;
};

/**
 * Starts one and waits until it listens. Its log is appended to `<data>.stderr`. 0, or ERR_IO after
 * printing why; then nothing runs.
 */
int crash_server_start(const struct crash_server_options *options, struct crash_server *server);

/** SIGKILL, and waits for the end. False if it had ended by itself before: a failure of its own. */
bool crash_server_kill(struct crash_server *server);

/** A new directory below the working directory. */
void crash_place_make(char out[PATH_MAX]);
/** Removes a file or a whole directory; none is fine. */
void crash_place_remove(const char *place);
/** Copies a directory with all that is in it; `to` must not be there. */
void crash_place_copy(const char *from, const char *to);

#endif
