/**
 * The admin socket of a running duetd: DATA/admin.sock, a unix stream of mode 0600. One line of
 * JSON in, one line of JSON out.
 *
 *   {"cmd":"stats"}                      → {"log_tail":…, "rss_bytes":…, …}
 *   {"cmd":"log-level","level":"debug"}  → {"level":"debug"}
 *   {"cmd":"log","from":1,"limit":100}   → {"records":[…]}, see duetd_admin_log.h
 *   else                                 → {"error":"…"}
 */
#ifndef TOOLS_ADMIN_H
#define TOOLS_ADMIN_H

#include "base/bytes.h"

#define ADMIN_SOCKET_NAME "admin.sock"
#define ADMIN_LINE_MAX (1 << 20)

/**
 * Binds and listens, non-blocking; replaces a socket left behind, so the caller must hold the data
 * directory's lock. 0 or ERR_IO. The caller closes `*fd` and calls admin_unlink.
 */
int admin_listen(const char *data, int *fd);
void admin_unlink(const char *data);

/**
 * Sends one request line (without newline) and appends the reply line without its newline.
 * 0, ERR_NOT_FOUND when no daemon answers there, ERR_IO.
 */
int admin_ask(const char *data, const char *request, struct buffer *reply);

#endif
