/**
 * The settings of duetd: one line per option, two expansions, so that struct and table cannot
 * drift.
 *
 *     X(type, name, default, min, max, choices, hidden, doc)
 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include "config/options.h"

#define SETTINGS_KIB 1024LL
#define SETTINGS_MIB (1024LL * SETTINGS_KIB)
#define SETTINGS_GIB (1024LL * SETTINGS_MIB)
#define SETTINGS_SECOND 1000LL
#define SETTINGS_MINUTE (60LL * SETTINGS_SECOND)
#define SETTINGS_DAY (1440LL * SETTINGS_MINUTE)

#define SETTINGS(X)                                                                                \
    X(TEXT, data, "./data", 0, 0, NULL, false,                                                     \
      "Directory with everything duetd keeps. Made when it is missing. One process may use it at " \
      "a time.")                                                                                   \
    X(TEXT, listen, "127.0.0.1:7400", 0, 0, NULL, false,                                           \
      "Address and port for WebSocket and HTTP. Port 0 takes any free one, which is printed. "     \
      "Several are separated by blanks. Plain, without TLS: to be reached from outside, put a "    \
      "proxy with TLS in front.")                                                                  \
    X(COUNT, shards, "0", 0, 256, NULL, false,                                                     \
      "Threads that run actors and connections. 0: one per core, less one. May be changed at any " \
      "start.")                                                                                    \
    X(CHOICE, log_level, "info", 0, 0, settings_log_levels, false,                                 \
      "The least level of what is written to standard error, one JSON object a line.")             \
    X(SIZE, log_segment, "1GiB", 4 * SETTINGS_MIB, 64 * SETTINGS_GIB, NULL, false,                 \
      "Largest size of a segment of the event log, reserved on disk in advance; the first one "    \
      "has 64MiB, and each next one twice as much.")                                               \
    X(SIZE, log_reserve, "256MiB", 0, 1024 * SETTINGS_GIB, NULL, false,                            \
      "Free disk space below which writes are refused with STORAGE_FULL. Reading goes on.")        \
    X(BOOL, log_keep, "yes", 0, 0, NULL, false,                                                    \
      "Keep segments of the log that the state no longer needs. Without them nothing can be "      \
      "replayed from the beginning.")                                                              \
    X(COUNT, replay_max, "1000000", 1000, 1000000000, NULL, false,                                 \
      "Records to replay after a crash at most, which bounds how long a start takes. Near it, "    \
      "writes are admitted more slowly.")                                                          \
    X(SIZE, unflushed_max, "256MiB", SETTINGS_MIB, 1024 * SETTINGS_GIB, NULL, false,               \
      "Memory for changes that are in the log and not yet in the state. At three quarters, state " \
      "is written at once; when it is full, writes are refused as busy until some is.")            \
    X(DURATION, flush_age, "20s", 10, SETTINGS_MINUTE, NULL, false,                                \
      "What changed is written to the state at the latest after this time, on a busy server much " \
      "earlier: when a quarter of replay_max has come since. It is in the log at once, so "        \
      "nothing "                                                                                   \
      "is at risk meanwhile.")                                                                     \
    X(DURATION, actor_idle, "1m", 100, SETTINGS_DAY, NULL, false,                                  \
      "A user or couple that nobody asked for this long leaves memory.")                           \
    X(DURATION, access_life, "30m", SETTINGS_SECOND, SETTINGS_DAY, NULL, false,                    \
      "Life of an access token.")                                                                  \
    X(DURATION, refresh_life, "7d", 2 * SETTINGS_SECOND, 400 * SETTINGS_DAY, NULL, false,          \
      "Life of a refresh token: who stays away longer signs in again.")                            \
    X(DURATION, drain, "5s", 0, 10 * SETTINGS_MINUTE, NULL, false,                                 \
      "Time that connections are given to end when the server stops.")                             \
    X(TEXT, origins, "none", 0, 0, NULL, false,                                                    \
      "Web pages that may connect: their exact origins, like https://example.org, separated by "   \
      "blanks. * lets any page connect. Programs that send no Origin always may.")                 \
    X(TEXT, trusted_proxies, "none", 0, 0, NULL, false,                                            \
      "Proxies in front whose X-Forwarded-For tells whose request it is: networks like "           \
      "127.0.0.1 or 10.0.0.0/8, separated by blanks. Limits per address go by what it says.")      \
    X(TEXT, metrics_networks, "127.0.0.0/8 ::1", 0, 0, NULL, false,                                \
      "Networks that may read /metrics, separated by blanks; none: nobody. Who comes through a "   \
      "proxy needs to be in one of them and the proxy in trusted_proxies.")                        \
    X(COUNT, connections_max, "200000", 1, 10000000, NULL, false,                                  \
      "Connections of one shard, WebSocket and HTTP together; more are turned away.")              \
    X(COUNT, in_flight_max, "1024", 1, 65536, NULL, false,                                         \
      "Requests of one connection that may wait for an answer; more get BUSY.")                    \
    X(SIZE, pending_bytes_max, "1MiB", 64 * SETTINGS_KIB, 256 * SETTINGS_MIB, NULL, false,         \
      "Bytes that may wait for a slow reader before its connection is closed.")                    \
    X(DURATION, open_within, "5s", 100, 10 * SETTINGS_MINUTE, NULL, false,                         \
      "A connection without a session is closed after this time.")                                 \
    X(DURATION, heartbeat, "1m", 100, SETTINGS_DAY, NULL, false,                                   \
      "A connection without traffic for this long is pinged.")                                     \
    X(DURATION, http_idle, "75s", 100, 60 * SETTINGS_MINUTE, NULL, false,                          \
      "A kept HTTP connection without a request for this long is closed. Proxies in front should " \
      "close theirs earlier.")                                                                     \
    X(DURATION, http_head_within, "10s", 100, 10 * SETTINGS_MINUTE, NULL, false,                   \
      "The head of an HTTP request has to come within this time from its first byte.")             \
    X(DURATION, http_body_within, "20s", 100, 10 * SETTINGS_MINUTE, NULL, false,                   \
      "The body of an HTTP request has to come within this time from its head.")                   \
    X(DURATION, http_read_within, "20s", 100, 10 * SETTINGS_MINUTE, NULL, false,                   \
      "A client that reads its HTTP answer more slowly than 8 KiB in this time is cut off.")       \
    X(DURATION, sse_heartbeat, "15s", 100, 10 * SETTINGS_MINUTE, NULL, false,                      \
      "A stream of server-sent events on which nothing was sent for this long gets a comment, so " \
      "that proxies and clients see that it lives.")                                               \
    X(COUNT, costly_per_minute, "60", 1, 1000000, NULL, false,                                     \
      "Costly requests (passwords, invite codes) that a connection may make a minute; so many at " \
      "once, too.")                                                                                \
    X(COUNT, costly_per_minute_address, "600", 1, 10000000, NULL, false,                           \
      "The same for all connections from one address together.")                                   \
    X(BOOL, test_log_nosync, "no", 0, 0, NULL, true,                                               \
      "Test-only: opens the log without syncing, to show that the power-cut test notices. Loses "  \
      "what was acknowledged.")

#define SETTINGS_CTYPE_TEXT char *
#define SETTINGS_CTYPE_BOOL bool
#define SETTINGS_CTYPE_COUNT int64_t
#define SETTINGS_CTYPE_SIZE int64_t
#define SETTINGS_CTYPE_DURATION int64_t
#define SETTINGS_CTYPE_CHOICE int

#define SETTINGS_MEMBER_(type, name, ...) SETTINGS_CTYPE_##type name;

/** Sizes in bytes, durations in milliseconds. */
struct settings {
    SETTINGS(SETTINGS_MEMBER_)
};

/** In the order of enum log_level, ended by NULL. */
extern const char *const settings_log_levels[];

extern const struct option_table settings_table;

#endif
