/*
 * Opening a session takes two or three answers: of the user's stream, of session_attach, and of the
 * couple's stream if there is a couple. The user's stream is followed before session_attach is
 * asked, so that whatever changes after that answer (couple, revocation) arrives as a control.
 * Streams are attached without going live; reading pages from the chosen position makes them live.
 * The response goes out before the first page is asked for, so nothing can overtake it.
 */
#include <stdlib.h>

#include "edge/session_internal.h"

static void refuse(struct session *session, const struct rpc_request *request, int error)
{
    session_send_error(session, request->id,
                       &(struct rpc_error){.code = error,
                                           .lang = request->meta.lang,
                                           .trace = request->meta.trace});
}

/** Guessing tokens, or asking again and again, ends the connection. */
static void count_failure(struct session *session, int error)
{
    if (++session->open_failures >= OPEN_FAILURES_MAX) {
        session_close(session, error_close_code(error) != 0 ? error : ERR_UNAUTHENTICATED);
    }
}

static int verify(const struct session *session, struct bytes token, struct token_claims *claims)
{
    const struct session_table *table = session->table;
    return token_verify(table->config.key, (const char *)token.data, token.len,
                        session_now_ms(table), claims);
}

static void ask_user(struct session *session, const struct principal *who, uint32_t id)
{
    struct session_table *table = session->table;
    struct address user = {.kind = table->stream_kinds[STREAM_USER]->code, .id = who->user};
    struct command *command = command_create(table->attach_command, user);
    struct session_attach_args *args = command->args;
    *args = (struct session_attach_args){
        .sid = who->sid, .has_sid = true, .device = who->device, .has_device = true};
    command_origin(command)->who = *who;
    command->caller = (struct caller){.session = session->ref, .request = id};
    shard_submit(table->config.shard, command);
}

/* --- session.open ---------------------------------------------------------------------------- */

static struct session_opening *opening_create(uint32_t request, const struct token_claims *claims)
{
    struct session_opening *opening = memory_alloc(sizeof *opening);
    opening->request = request;
    opening->who = (struct principal){
        .user = claims->user, .sid = claims->sid, .device = claims->device, .signed_in = true};
    return opening;
}

static void take_cursors(struct session_opening *opening, const struct list *list)
{
    const struct stream_cursor *cursors = list->items;
    for (uint32_t i = 0; i < list->count; i++) {
        opening->cursors[cursors[i].stream] = (struct session_cursor){
            .given = true, .epoch = cursors[i].epoch, .after = cursors[i].after};
    }
}

void session_opening_free(struct session *session)
{
    free(session->opening);
    session->opening = NULL;
}

static void start_opening(struct session *session, struct session_opening *opening,
                          enum language lang, struct bytes trace)
{
    session->state = SESSION_OPENING;
    session->opening = opening;
    requests_add(&session->requests, opening->request, REQUEST_FOR_OPEN, lang, trace);
    session_stream_attach(session, STREAM_USER, opening->who.user, &opening->who);
    ask_user(session, &opening->who, opening->request);
}

void session_start(struct session *session, uint32_t id, const struct token_claims *claims,
                   unsigned follows, const struct session_cursor *cursors)
{
    struct session_opening *opening = opening_create(id, claims);
    for (uint32_t i = 0; cursors != NULL && i < STREAM_COUNT; i++) {
        opening->cursors[i] = cursors[i];
    }
    session->follows = follows;
    start_opening(session, opening, LANGUAGE_EN, (struct bytes){0});
}

void session_open(struct session *session, const struct rpc_request *request,
                  const struct session_open_args *args)
{
    struct token_claims claims;
    if (session->state != SESSION_CONNECTED || session->table->attach_command == NULL) {
        refuse(session, request, ERR_ALREADY_OPEN);
        return;
    }
    int error = verify(session, args->access_token, &claims);
    if (error == 0 && !id_equal(claims.device, args->device)) {
        error = ERR_TOKEN_INVALID;
    }
    if (error != 0) {
        refuse(session, request, error);
        count_failure(session, error);
        return;
    }
    struct session_opening *opening = opening_create(request->id, &claims);
    take_cursors(opening, &args->cursors);
    start_opening(session, opening, request->meta.lang, request->meta.trace);
}

void session_open_note(struct session_opening *opening, int error, int64_t retry_ms)
{
    if (opening->error == 0) {
        opening->error = error;
        opening->retry_ms = retry_ms;
    }
}

static void fail_open(struct session *session)
{
    struct request request = {0};
    struct session_opening *opening = session->opening;
    session->opening = NULL;
    session->state = SESSION_CONNECTED;
    for (uint32_t i = 0; i < STREAM_COUNT; i++) {
        session_stream_detach(session, i);
    }
    requests_take(&session->requests, opening->request, &request);
    session_send_error(session, opening->request,
                       &(struct rpc_error){.code = opening->error,
                                           .retry_ms = opening->retry_ms,
                                           .lang = request.lang,
                                           .trace = request_trace(&request)});
    free(request.trace);
    count_failure(session, opening->error);
    free(opening);
}

/** Where the client goes on: after its cursor if the stream still knows it, else at the head. */
static int64_t choose_start(struct session_opening *opening, uint32_t name)
{
    struct stream_position *position = &opening->positions[name];
    if (!opening->cursors[name].given) {
        return position->head;
    }
    position->reset = !id_equal(opening->cursors[name].epoch, position->epoch) ||
                      opening->cursors[name].after > position->head;
    return position->reset ? position->head : opening->cursors[name].after;
}

static void send_opened(struct session *session, const struct session_opening *opening,
                        const struct stream_position *positions, uint32_t count)
{
    struct session_open_result result = {
        .user = session->principal.user,
        .sid = session->principal.sid,
        .couple = session->principal.couple,
        .has_couple = !id_is_zero(session->principal.couple),
        .streams = {.items = positions, .count = count},
    };
    session_send_record(session, opening->request, &session_open_result_type, &result);
}

static void finish_open(struct session *session)
{
    struct session_opening *opening = session->opening;
    struct stream_position positions[STREAM_COUNT];
    struct request request = {0};
    uint32_t count = 0;
    requests_take(&session->requests, opening->request, &request);
    free(request.trace);
    session->opening = NULL;
    session->state = SESSION_OPEN;
    session->principal = opening->who;
    session->deadline_ms = opening->family_ends_ms;
    session_stop_waiting(session);
    for (uint32_t i = 0; i < STREAM_COUNT; i++) {
        if (session->streams[i].state == STREAM_ATTACHED && session_follows(session, i)) {
            session->streams[i].after = choose_start(opening, i);
            positions[count++] = opening->positions[i];
        }
    }
    send_opened(session, opening, positions, count);
    free(opening);
    for (uint32_t i = 0; i < STREAM_COUNT; i++) {
        if (session->streams[i].state == STREAM_ATTACHED && session_follows(session, i)) {
            session_stream_read(session, &session->streams[i]);
        }
    }
    if (session->couple_changed && session->state == SESSION_OPEN) {
        session->couple_changed = false;
        session_set_couple(session, session->next_couple);
    }
}

void session_open_continue(struct session *session)
{
    struct session_opening *opening = session->opening;
    for (uint32_t i = 0; i < STREAM_COUNT; i++) {
        if (session->streams[i].state == STREAM_ATTACHING) {
            return;
        }
    }
    if (!opening->alive) {
        return;
    }
    if (opening->error != 0) {
        fail_open(session);
    } else {
        finish_open(session);
    }
}

static int decode_attach(const struct reply *reply, struct session_attach_result *out)
{
    struct arena arena = {0};
    struct field_fault fault;
    int error = reply->error;
    if (error == 0) {
        error = record_decode(&session_attach_result_type, RECORD_AS_MAP, reply->result, &arena,
                              out, &fault);
    }
    arena_fini(&arena); /* the result has ids and numbers only */
    return error;
}

void session_open_attach_done(struct session *session, const struct reply *reply)
{
    struct session_opening *opening = session->opening;
    struct session_attach_result result = {0};
    int error = decode_attach(reply, &result);
    opening->alive = true;
    session_open_note(opening, error, reply->retry_ms);
    if (opening->error == 0) {
        opening->family_ends_ms = result.family_expires_at;
        if (result.has_couple) {
            opening->who.couple = result.couple;
            if (session_follows(session, STREAM_COUPLE)) {
                session_stream_attach(session, STREAM_COUPLE, result.couple, &opening->who);
            }
        }
    }
    session_open_continue(session);
}

/* --- session.renew, and the edge's own question when a family ends --------------------------- */

void session_renew(struct session *session, const struct rpc_request *request,
                   const struct session_renew_args *args)
{
    struct token_claims claims;
    int error = verify(session, args->access_token, &claims);
    if (error == 0 && (!id_equal(claims.user, session->principal.user) ||
                       !id_equal(claims.sid, session->principal.sid))) {
        error = ERR_TOKEN_INVALID;
    }
    if (error != 0) {
        refuse(session, request, error);
        count_failure(session, error);
        return;
    }
    struct session_renew_result result = {.access_expires_at = claims.exp_ms};
    session->open_failures = 0;
    session_send_record(session, request->id, &session_renew_result_type, &result);
}

void session_recheck(struct session *session)
{
    uint32_t id = UINT32_MAX; /* any that the client does not use now */
    while (requests_contain(&session->requests, id)) {
        id--;
    }
    session->rechecking = true;
    requests_add(&session->requests, id, REQUEST_FOR_RECHECK, LANGUAGE_EN, (struct bytes){0});
    ask_user(session, &session->principal, id);
}

void session_recheck_done(struct session *session, const struct reply *reply)
{
    struct session_attach_result result = {0};
    struct request request;
    int error = decode_attach(reply, &result);
    int64_t now_ms = session_now_ms(session->table);
    requests_take(&session->requests, reply->caller.request, &request);
    session->rechecking = false;
    if (error == ERR_BUSY) {
        session->deadline_ms = now_ms + RECHECK_EVERY_MS;
    } else if (error != 0 || result.family_expires_at <= now_ms) {
        session_close(session, ERR_SESSION_REVOKED);
    } else {
        session->deadline_ms = result.family_expires_at;
    }
}
