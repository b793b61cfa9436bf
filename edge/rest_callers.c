#include "edge/rest_callers.h"

#include <stdlib.h>
#include <uthash.h>

#include "base/check.h"
#include "edge/bucket.h"

#define FAILURES_PER_MINUTE 600 /* wrong tokens of one address: 36 ms of verifying a minute */
#define KEY_CHARS 24            /* the end of a token is the end of its signature */
#define EVICT_TRIES 16
#define RETRY_BUSY_MS 100
#define OPEN_REQUEST 0 /* id of session_start; requests count from 1 */

enum caller_state { CALLER_OPENING, CALLER_OPEN, CALLER_DEAD };

struct rest_caller {
    struct rest_callers *callers;
    enum caller_state state;
    struct session *session;
    struct rest_request_ref *oldest, *newest; /* in work, or waiting while opening */
    uint32_t last_id;
    struct rest_caller *previous, *next; /* signed in: by last use; dead: next only */
    int64_t used_ms, expires_ms;
    UT_hash_handle hh;
    char *token; /* owned; NULL: not signed in */
    size_t token_len;
};

struct rest_callers {
    struct rest_callers_config config;
    struct rest_caller *by_token;
    struct rest_caller *newest, *oldest; /* signed in, by last use */
    struct rest_caller *dead;
    uint32_t count;
    struct bucket_table failures;
};

static int64_t now_ms(const struct rest_callers *callers)
{
    return callers->config.now_ms(callers->config.clock);
}

/* --- a caller's requests --------------------------------------------------------------------- */

static void link_request(struct rest_caller *caller, struct rest_request_ref *request)
{
    request->caller = caller;
    request->id = ++caller->last_id != OPEN_REQUEST ? caller->last_id : ++caller->last_id;
    request->next = NULL;
    request->previous = caller->newest;
    *(caller->newest != NULL ? &caller->newest->next : &caller->oldest) = request;
    caller->newest = request;
}

static void unlink_request(struct rest_request_ref *request)
{
    struct rest_caller *caller = request->caller;
    struct rest_request_ref *previous = request->previous, *next = request->next;
    *(previous != NULL ? &previous->next : &caller->oldest) = next;
    *(next != NULL ? &next->previous : &caller->newest) = previous;
    request->caller = NULL;
}

static struct rest_request_ref *find_request(const struct rest_caller *caller, uint32_t id)
{
    struct rest_request_ref *at = caller->oldest;
    while (at != NULL && at->id != id) {
        at = at->next;
    }
    return at;
}

/* --- the order of use ------------------------------------------------------------------------ */

static void link_caller(struct rest_callers *callers, struct rest_caller *caller)
{
    caller->previous = NULL;
    caller->next = callers->newest;
    *(callers->newest != NULL ? &callers->newest->previous : &callers->oldest) = caller;
    callers->newest = caller;
}

static void unlink_caller(struct rest_callers *callers, struct rest_caller *caller)
{
    struct rest_caller *previous = caller->previous, *next = caller->next;
    *(previous != NULL ? &previous->next : &callers->newest) = next;
    *(next != NULL ? &next->previous : &callers->oldest) = previous;
}

/** It is found no more; it is freed at the end of the turn, when nobody stands in its code. */
static void bury(struct rest_caller *caller)
{
    struct rest_callers *callers = caller->callers;
    if (caller->state == CALLER_DEAD) {
        return;
    }
    caller->state = CALLER_DEAD;
    if (caller->token != NULL) {
        HASH_DEL(callers->by_token, caller);
        unlink_caller(callers, caller);
        callers->count--;
    }
    caller->next = callers->dead;
    callers->dead = caller;
}

/** All that wait for it are told. */
static void fail_all(struct rest_caller *caller, const struct rpc_error *error)
{
    const struct rest_callers_config *config = &caller->callers->config;
    while (caller->oldest != NULL) {
        struct rest_request_ref *request = caller->oldest;
        unlink_request(request);
        config->error(config->self, request, error);
    }
}

/* --- as what carries the session ------------------------------------------------------------- */

static void opened(struct rest_caller *caller)
{
    const struct rest_callers_config *config = &caller->callers->config;
    caller->state = CALLER_OPEN;
    uint32_t last = caller->last_id;
    struct rest_request_ref *at = caller->oldest;
    while (at != NULL && at->id <= last && caller->state == CALLER_OPEN) {
        struct rest_request_ref *next = at->next;
        config->ready(config->self, at);
        at = next;
    }
}

static void carry_result(void *self, uint32_t id, struct bytes result)
{
    struct rest_caller *caller = self;
    const struct rest_callers_config *config = &caller->callers->config;
    if (id == OPEN_REQUEST) {
        opened(caller);
        return;
    }
    struct rest_request_ref *request = find_request(caller, id);
    if (CHECK_RECOVER(request != NULL)) {
        unlink_request(request);
        config->result(config->self, request, result);
    }
    if (caller->token == NULL) {
        bury(caller);
    }
}

static void carry_error(void *self, uint32_t id, const struct rpc_error *error)
{
    struct rest_caller *caller = self;
    const struct rest_callers_config *config = &caller->callers->config;
    if (id == OPEN_REQUEST) {
        bury(caller);
        fail_all(caller, error);
        return;
    }
    struct rest_request_ref *request = find_request(caller, id);
    if (CHECK_RECOVER(request != NULL)) {
        unlink_request(request);
        config->error(config->self, request, error);
    }
    if (caller->token == NULL) {
        bury(caller);
    }
}

static size_t carry_pending(void *self)
{
    (void)self; /* answers are bounded by their connections: one each */
    return 0;
}

static void carry_close(void *self, int code, const char *reason)
{
    struct rest_caller *caller = self;
    (void)reason;
    bury(caller);
    fail_all(caller, &(struct rpc_error){.code = error_from_close_code(code)});
}

static struct rest_caller *caller_create(struct rest_callers *callers, struct bytes remote)
{
    struct rest_caller *caller = memory_alloc(sizeof *caller);
    caller->callers = callers;
    caller->session = session_connect(callers->config.sessions, SUBPROTOCOL_VALUES, remote,
                                      &(struct transport){.self = caller,
                                                          .pending = carry_pending,
                                                          .close = carry_close,
                                                          .result = carry_result,
                                                          .error = carry_error});
    if (caller->session == NULL) {
        free(caller);
        return NULL;
    }
    return caller;
}

/* --- finding --------------------------------------------------------------------------------- */

static struct rest_caller *find_caller(struct rest_callers *callers, struct bytes token)
{
    struct rest_caller *found = NULL;
    if (token.len < KEY_CHARS) {
        return NULL;
    }
    HASH_FIND(hh, callers->by_token, token.data + token.len - KEY_CHARS, KEY_CHARS, found);
    return found != NULL && bytes_equal(bytes_of(found->token, found->token_len), token) ? found
                                                                                         : NULL;
}

/** Makes room for one more; false when all are busy. */
static bool make_room(struct rest_callers *callers)
{
    struct rest_caller *at = callers->oldest;
    for (int i = 0; i < EVICT_TRIES && at != NULL && callers->count >= callers->config.max; i++) {
        struct rest_caller *next = at->previous;
        if (at->oldest == NULL) {
            bury(at);
        }
        at = next;
    }
    return callers->count < callers->config.max;
}

int rest_callers_verify(struct rest_callers *callers, struct bytes token, struct bytes remote,
                        struct token_claims *out, int64_t *retry_ms)
{
    struct bucket *failures = bucket_table_find(&callers->failures, remote);
    struct bucket before = *failures;
    if (!bucket_take(failures, FAILURES_PER_MINUTE, now_ms(callers), retry_ms)) {
        return ERR_RATE_LIMITED;
    }
    int error = token_verify(callers->config.key, (const char *)token.data, token.len,
                             now_ms(callers), out);
    if (error == 0) {
        *failures = before; /* only failures count */
    }
    return error;
}

/** A new caller, whose session is not started yet. */
static int admit(struct rest_callers *callers, struct bytes token, struct bytes remote,
                 const struct token_claims *claims, struct rest_caller **out)
{
    struct rest_caller *caller = make_room(callers) ? caller_create(callers, remote) : NULL;
    if (caller == NULL) {
        return ERR_BUSY;
    }
    caller->token = memory_alloc(token.len);
    memcpy(caller->token, token.data, token.len);
    caller->token_len = token.len;
    caller->expires_ms = claims->exp_ms;
    HASH_ADD_KEYPTR(hh, callers->by_token, caller->token + token.len - KEY_CHARS, KEY_CHARS,
                    caller);
    link_caller(callers, caller);
    callers->count++;
    *out = caller;
    return 0;
}

/** A known caller becomes the one that was used last. */
static int touch(struct rest_callers *callers, struct rest_caller *caller)
{
    if (now_ms(callers) >= caller->expires_ms) {
        return ERR_TOKEN_EXPIRED;
    }
    if (callers->newest != caller) {
        unlink_caller(callers, caller);
        link_caller(callers, caller);
    }
    return 0;
}

static void refuse(struct rest_callers *callers, struct rest_request_ref *request, int error,
                   int64_t retry_ms)
{
    const struct rest_callers_config *config = &callers->config;
    retry_ms = error == ERR_BUSY ? RETRY_BUSY_MS : retry_ms;
    config->error(config->self, request, &(struct rpc_error){.code = error, .retry_ms = retry_ms});
}

static void join(struct rest_caller *caller, struct rest_request_ref *request)
{
    caller->used_ms = now_ms(caller->callers);
    link_request(caller, request);
}

/** Its request stands in line before the session starts, which may be refused at once. */
static void join_new(struct rest_callers *callers, struct bytes token, struct bytes remote,
                     struct rest_request_ref *request)
{
    struct token_claims claims;
    struct rest_caller *caller = NULL;
    int64_t retry_ms = 0;
    int error = rest_callers_verify(callers, token, remote, &claims, &retry_ms);
    if (error == 0) {
        error = admit(callers, token, remote, &claims, &caller);
    }
    if (error != 0) {
        refuse(callers, request, error, retry_ms);
        return;
    }
    join(caller, request);
    session_start(caller->session, OPEN_REQUEST, &claims, 0, NULL);
}

void rest_callers_join(struct rest_callers *callers, struct bytes token, struct bytes remote,
                       struct rest_request_ref *request)
{
    const struct rest_callers_config *config = &callers->config;
    struct rest_caller *caller = find_caller(callers, token);
    int error = 0;
    if (token.len != 0 && caller == NULL) {
        join_new(callers, token, remote, request);
        return;
    }
    if (caller != NULL) {
        error = touch(callers, caller);
    } else {
        caller = caller_create(callers, remote);
        error = caller == NULL ? ERR_BUSY : 0;
    }
    if (error != 0) {
        refuse(callers, request, error, 0);
        return;
    }
    join(caller, request);
    if (caller->state == CALLER_OPEN || caller->token == NULL) {
        config->ready(config->self, request);
    }
}

void rest_callers_submit(struct rest_callers *callers, struct rest_request_ref *request,
                         const struct op *op, struct rpc_request *rpc)
{
    (void)callers;
    rpc->id = request->id;
    session_request(request->caller->session, op, rpc);
}

bool rest_callers_leave(struct rest_callers *callers, struct rest_request_ref *request)
{
    struct rest_caller *caller = request->caller;
    (void)callers;
    if (caller == NULL || caller->state != CALLER_OPENING || caller->token == NULL) {
        return false;
    }
    unlink_request(request);
    return true;
}

/* --- life ------------------------------------------------------------------------------------ */

void rest_callers_tick(struct rest_callers *callers)
{
    int64_t before_ms = now_ms(callers) - callers->config.idle_ms;
    while (callers->oldest != NULL && callers->oldest->oldest == NULL &&
           callers->oldest->used_ms < before_ms) {
        bury(callers->oldest);
    }
}

void rest_callers_turn_end(struct rest_callers *callers)
{
    while (callers->dead != NULL) {
        struct rest_caller *caller = callers->dead;
        callers->dead = caller->next;
        CHECK_RECOVER(caller->oldest == NULL);
        session_disconnected(caller->session);
        free(caller->token);
        free(caller);
    }
}

struct rest_callers *rest_callers_create(const struct rest_callers_config *config)
{
    struct rest_callers *callers = memory_alloc(sizeof *callers);
    callers->config = *config;
    bucket_table_init(&callers->failures);
    return callers;
}

void rest_callers_destroy(struct rest_callers *callers)
{
    if (callers == NULL) {
        return;
    }
    while (callers->newest != NULL) {
        bury(callers->newest);
    }
    while (callers->dead != NULL) {
        struct rest_caller *caller = callers->dead;
        callers->dead = caller->next;
        session_disconnected(caller->session);
        free(caller->token);
        free(caller);
    }
    free(callers);
}

uint32_t rest_callers_count(const struct rest_callers *callers)
{
    return callers->count;
}
