/**
 * TCP connections with deadlines, and the monotonic clock they are counted on.
 */
#ifndef CLIENT_TCP_H
#define CLIENT_TCP_H

#include <stdint.h>

/** Milliseconds of CLOCK_MONOTONIC. Any thread. */
int64_t tcp_now_ms(void);

/** Waits for `events` of poll(). 0 when ready, ERR_END when the deadline passed, ERR_IO. */
int tcp_wait(int fd, short events, int64_t deadline_ms);

/**
 * Connects to `host` (numeric or a name), from the numeric IPv4 address `source` unless it is NULL.
 * `*out` is non-blocking, without Nagle's delay, and the caller's to close.
 * Returns 0, ERR_END when the deadline passed, ERR_IO, or ERR_INVALID_ARGUMENT for a bad `source`.
 */
int tcp_connect(const char *host, uint16_t port, const char *source, int64_t deadline_ms, int *out);

#endif
