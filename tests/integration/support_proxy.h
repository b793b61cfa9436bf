/**
 * nginx and haproxy in front of a daemon, with the configurations of config/: only addresses are
 * put in, and what a test has to have otherwise.
 */
#ifndef TESTS_INTEGRATION_SUPPORT_PROXY_H
#define TESTS_INTEGRATION_SUPPORT_PROXY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct proxy {
    const char *name;
    pid_t pid; /* 0: not running */
    uint16_t port;
    char place[256]; /* its files; removed by proxy_stop */
};

/** Whether the program is installed. */
bool proxy_has_nginx(void);
bool proxy_has_haproxy(void);

/** Starts one in front of this port of the loopback, and waits until it takes connections; fails
 * the test if it does not. It dies with this process. */
void proxy_start_nginx(struct proxy *proxy, uint16_t backend);
void proxy_start_haproxy(struct proxy *proxy, uint16_t backend);
void proxy_stop(struct proxy *proxy);

#endif
