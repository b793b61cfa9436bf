/**
 * One user on one device: tokens, and at most one connection at a time.
 */
#ifndef TESTS_INTEGRATION_SUPPORT_CRASH_ACCOUNT_H
#define TESTS_INTEGRATION_SUPPORT_CRASH_ACCOUNT_H

#include <stdbool.h>

#include "base/bytes.h"
#include "client/duet_client.h"
#include "edge/session_ops.h"

#define CRASH_CALL_MS 60000 /* far above what anything takes, also under sanitizers */

struct crash_account {
    struct id user;
    struct id device;
    char access[1024];
    char refresh[257];
    struct duet_client *client; /* NULL: not connected */
    struct arena arena;         /* texts and lists of the last result; reset by the next call */
    bool refreshing;
    uint32_t refresh_id;
};

/** Signs up on a connection of its own that is closed again. 0 or a code after printing why. */
int crash_account_signup(struct crash_account *account, const char *email, uint16_t port);
void crash_account_fini(struct crash_account *account);

/**
 * Connects and opens a session; with `cursor`, resumes that stream. Fails if the tokens are not
 * good any more: they have to be. 0 or a code after printing why; `result` lives until the next
 * call.
 */
int crash_account_open(struct crash_account *account, uint16_t port,
                       const struct stream_cursor *cursor, struct session_open_result *result);
void crash_account_close(struct crash_account *account);

/** One call on the open connection; a result's texts and lists live until the next. */
int crash_account_call(struct crash_account *account, const char *op,
                       const struct record_type *args_type, const void *args,
                       const struct record_type *result_type, void *result);

/**
 * Refreshes the tokens: begin and forget, or wait. What a crash did to the former does not matter,
 * a refresh token dies only when its successor is used.
 */
void crash_account_refresh_begin(struct crash_account *account);
void crash_account_refresh_take(struct crash_account *account); /* the answer, if it has come */
int crash_account_refresh(struct crash_account *account, uint16_t port);

#endif
