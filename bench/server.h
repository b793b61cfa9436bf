/**
 * The server under test: one that runs already, or a duetd of our own on a temporary data
 * directory. Ours is ended when we end, however that happens, and no other process is ever
 * signalled.
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bench/options.h"
#include "bench/protocol.h"

#define SERVER_PORTS_MAX 8

struct server_options {
    const char *protocol; /* of protocol.h; NULL: duet */
    const char *url;      /* host:port[,port...] of a running one; NULL: start our own, a duetd */
    int64_t pid;          /* with url: the process to account for; 0: unknown */
    const char *tokens;   /* with url: what `duetctl seed` wrote */
    const char *data;     /* with url: its data directory or NULL; else: where to make ours */
    int64_t couples;      /* to seed */
    const char *password; /* of them all; NULL: none, only the tokens can be used */
    int64_t shards;       /* 0: the daemon's default */
    bool keep;            /* leave our data directory behind */
};

struct server {
    const struct chat_protocol *protocol;
    char host[256];
    uint16_t port;                    /* the first */
    uint16_t ports[SERVER_PORTS_MAX]; /* of processes that share the couples out in turn */
    size_t port_count;                /* 0: only `port` */
    pid_t pid;                        /* 0: unknown */
    int64_t shards;                   /* of our own; 0: the daemon's default */
    int64_t forked_us;                /* monotonic: when our own was last about to be started */
    char data[PATH_MAX];              /* "": unknown */
    char tokens[PATH_MAX];
    bool own;
    bool keep;
};

/** Where the server is, for a scenario's table; `server_` is a struct server_options. */
#define SERVER_OPTIONS(server_)                                                                    \
    OPTION_ROW("server", OPTION_PLACE, &(server_).url, 0, 0, "host:port of a running server"),     \
        OPTION_ROW("tokens", OPTION_PLACE, &(server_).tokens, 0, 0,                                \
                   "with --server: from duetctl seed"),                                            \
        OPTION_ROW("data", OPTION_PLACE, &(server_).data, 0, 0,                                    \
                   "where to make the data directory; with --server: its own"),                    \
        OPTION_ROW("shards", OPTION_INT, &(server_).shards, 0, 256,                                \
                   "shards, 0: one per core, less one"),                                           \
        OPTION_ROW("keep", OPTION_FLAG, &(server_).keep, 0, 0, "leave the data directory behind")

/**
 * Fills `server`, seeding and starting a daemon unless options->url is given. Returns 0 or a code
 * after printing what is wrong; then nothing is left behind but the data directory, if what was
 * started wrote there why.
 */
int server_start(const struct server_options *options, struct server *server);

/** Kills our own daemon (SIGKILL), which may be down already, and waits for it. */
void server_kill(struct server *server);

/**
 * Starts our own daemon again on the same directory, however long its recovery takes. 0, or a code
 * after printing why not (nothing is printed after an interrupt).
 */
int server_restart(struct server *server);

/** Ends our own daemon gracefully, waits for it, and removes its directory. */
void server_stop(struct server *server);

#endif
