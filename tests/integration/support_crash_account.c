#include "tests/integration/support_crash_account.h"

#include <stdio.h>
#include <sys/random.h>

#include "actors/identity_records.h"
#include "base/error.h"

#define HOST "127.0.0.1"

static int complain(const struct crash_account *account, const char *what, int error)
{
    const char *text = "";
    if (account->client != NULL) {
        text = duet_client_failure(account->client)->message;
    }
    (void)fprintf(stderr, "%s: %s %s\n", what, error_name(error), text);
    return error;
}

static int connect_to(struct crash_account *account, uint16_t port)
{
    crash_account_close(account);
    int error =
        duet_client_connect(HOST, port, DUET_SUBPROTOCOL_MSGPACK, CRASH_CALL_MS, &account->client);
    return error == 0 ? 0 : complain(account, "connecting", error);
}

void crash_account_close(struct crash_account *account)
{
    duet_client_destroy(account->client);
    account->client = NULL;
    account->refreshing = false;
}

void crash_account_fini(struct crash_account *account)
{
    crash_account_close(account);
    arena_fini(&account->arena);
}

int crash_account_call(struct crash_account *account, const char *op,
                       const struct record_type *args_type, const void *args,
                       const struct record_type *result_type, void *result)
{
    arena_reset(&account->arena);
    return duet_client_call(account->client, op, args_type, args, result_type, &account->arena,
                            result, CRASH_CALL_MS);
}

/* --- tokens --- */

static void take_tokens(struct crash_account *account, const struct auth_tokens *tokens)
{
    account->user = tokens->user;
    (void)snprintf(account->access, sizeof account->access, "%.*s", (int)tokens->access_token.len,
                   (const char *)tokens->access_token.data);
    (void)snprintf(account->refresh, sizeof account->refresh, "%.*s",
                   (int)tokens->refresh_token.len, (const char *)tokens->refresh_token.data);
}

int crash_account_signup(struct crash_account *account, const char *email, uint16_t port)
{
    struct auth_tokens tokens;
    if (getrandom(account->device.bytes, ID_BYTES, 0) != ID_BYTES) {
        return ERR_IO;
    }
    struct auth_signup_args args = {.email = text_of(email),
                                    .password = text_of("nobody types this one"),
                                    .birth_date = {.year = 1998, .month = 4, .day = 1},
                                    .device = account->device};
    int error = connect_to(account, port);
    if (error == 0) {
        error = crash_account_call(account, "auth.signup", &auth_signup_args_type, &args,
                                   &auth_tokens_type, &tokens);
        if (error != 0) {
            return complain(account, email, error);
        }
        take_tokens(account, &tokens);
        crash_account_close(account);
    }
    return error;
}

int crash_account_refresh(struct crash_account *account, uint16_t port)
{
    struct auth_tokens tokens;
    struct auth_refresh_args args = {.refresh_token = text_of(account->refresh)};
    int error = connect_to(account, port);
    if (error != 0) {
        return error;
    }
    error = crash_account_call(account, "auth.refresh", &auth_refresh_args_type, &args,
                               &auth_tokens_type, &tokens);
    if (error != 0) {
        return complain(account, "auth.refresh", error);
    }
    take_tokens(account, &tokens);
    return 0;
}

void crash_account_refresh_begin(struct crash_account *account)
{
    struct auth_refresh_args args = {.refresh_token = text_of(account->refresh)};
    account->refreshing =
        !account->refreshing &&
        duet_client_start(account->client, "auth.refresh", &auth_refresh_args_type, &args, NULL,
                          CRASH_CALL_MS, &account->refresh_id) == 0;
}

void crash_account_refresh_take(struct crash_account *account)
{
    struct auth_tokens tokens;
    arena_reset(&account->arena);
    if (account->refreshing &&
        duet_client_finish(account->client, account->refresh_id, &auth_tokens_type, &account->arena,
                           &tokens, 0) == 0) {
        take_tokens(account, &tokens);
        account->refreshing = false;
    }
}

/* --- sessions --- */

int crash_account_open(struct crash_account *account, uint16_t port,
                       const struct stream_cursor *cursor, struct session_open_result *result)
{
    struct session_open_args args = {.access_token = text_of(account->access),
                                     .device = account->device,
                                     .cursors = {.items = cursor, .count = 1},
                                     .has_cursors = cursor != NULL};
    int error = connect_to(account, port);
    if (error != 0) {
        return error;
    }
    error = crash_account_call(account, "session.open", &session_open_args_type, &args,
                               &session_open_result_type, result);
    return error == 0 ? 0 : complain(account, "session.open", error);
}
