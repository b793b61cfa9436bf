/**
 * The admin command `log`: a page of records, for tools that read the log while the daemon runs.
 */
#ifndef TOOLS_DUETD_ADMIN_LOG_H
#define TOOLS_DUETD_ADMIN_LOG_H

struct json_t;
struct log;

/**
 * {"cmd":"log","from":LSN,"limit":N} → {"records":[{lsn, at_ms, kind, id, key_id, payload}]}, the
 * payload in base64url, or {"fault": LSN} where the log is damaged. A new reference. Any thread.
 */
struct json_t *admin_log_answer(struct log *log, const struct json_t *request);

#endif
