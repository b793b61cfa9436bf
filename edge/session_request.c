#include <sodium.h>

#include "base/check.h"
#include "edge/session_internal.h"

struct refusal {
    int error;
    struct field_fault fault;
    int64_t retry_ms;
};

static void refuse(struct session *session, const struct rpc_request *request,
                   const struct refusal *refusal)
{
    session_send_error(session, request->id,
                       &(struct rpc_error){.code = refusal->error,
                                           .fault = &refusal->fault,
                                           .retry_ms = refusal->retry_ms,
                                           .lang = request->meta.lang,
                                           .trace = request->meta.trace});
}

/** Into `out`, with all that it points to in `arena`. */
static int decode_args(const struct record_type *type, const struct rpc_request *request,
                       struct arena *arena, void *out, struct field_fault *fault)
{
    if (request->args_json != NULL) {
        return record_decode_json(type, request->args_json, arena, out, fault);
    }
    struct bytes args =
        bytes_of(arena_copy(arena, request->args.data, request->args.len), request->args.len);
    return record_decode(type, RECORD_AS_MAP, args, arena, out, fault);
}

static int check_needs(const struct session *session, enum op_needs needs)
{
    static const struct id none;
    if (needs != OP_NEEDS_NOTHING && session->state != SESSION_OPEN) {
        return ERR_UNAUTHENTICATED;
    }
    if (needs == OP_NEEDS_PAIRED && id_equal(session->principal.couple, none)) {
        return ERR_NOT_PAIRED;
    }
    return 0;
}

static int check_rate(struct session *session, const struct op *op, struct refusal *refusal)
{
    const struct session_limits *limits = &session->table->config.limits;
    int64_t now_ms;
    if (op->rate != OP_RATE_COSTLY) {
        return 0;
    }
    now_ms = session_now_ms(session->table);
    if (!bucket_take(&session->costly, limits->costly_per_minute, now_ms, &refusal->retry_ms) ||
        !bucket_take(session->costly_address, limits->costly_per_minute_address, now_ms,
                     &refusal->retry_ms)) {
        return ERR_RATE_LIMITED;
    }
    return 0;
}

static int check_request(struct session *session, const struct rpc_request *request,
                         const struct op *op, struct refusal *refusal)
{
    if (requests_contain(&session->requests, request->id)) {
        return ERR_REQUEST_ID_IN_USE;
    }
    if (session->requests.count >= session->table->config.limits.requests_max) {
        refusal->retry_ms = RETRY_BUSY_MS;
        return ERR_BUSY;
    }
    int error = check_needs(session, op->needs);
    return error != 0 ? error : check_rate(session, op, refusal);
}

/** The key is the caller's own: nobody can meet another's by choosing the same text. */
static void set_idempotency(struct session *session, const struct rpc_request *request,
                            const struct op *op, struct command *command)
{
    static const struct id nobody;
    const struct id *owner = op->keyed_by_actor ? &nobody : &session->principal.user;
    struct origin *origin = command_origin(command);
    struct buffer *body = &session->table->body;
    buffer_clear(body);
    buffer_append(body, owner->bytes, ID_BYTES);
    buffer_append(body, request->meta.key.data, request->meta.key.len);
    origin->request_key = id_from_hash(body->data, body->len);
    if (op->keyed_by_actor) {
        return; /* args may hold a secret: no hash of them is made */
    }
    buffer_clear(body);
    buffer_append(body, op->command.name, strlen(op->command.name));
    record_encode(op->command.args, RECORD_AS_MAP, command->args, body); /* null is not absent */
    origin->request_hash = id_from_hash(body->data, body->len);
    origin->keyed = true;
}

static int submit(struct session *session, const struct rpc_request *request, const struct op *op,
                  struct refusal *refusal)
{
    struct command *command = command_create(&op->command, (struct address){0});
    int error =
        decode_args(op->command.args, request, &command->arena, command->args, &refusal->fault);
    if (error == 0) {
        error = op->route(&session->principal, command->args, &command->to);
    }
    if (error != 0) {
        message_destroy(&command->message);
        return error;
    }
    if (op_takes_key(op) && request->meta.key.len != 0) {
        set_idempotency(session, request, op, command);
    }
    command_origin(command)->who = session->principal;
    command->caller = (struct caller){.session = session->ref, .request = request->id};
    requests_add(&session->requests, request->id, REQUEST_FOR_CLIENT, request->meta.lang,
                 request->meta.trace);
    shard_submit(session->table->config.shard, command);
    return 0;
}

static void answer_ping(struct session *session, const struct rpc_request *request)
{
    struct ping_result result = {.now_ms = session_now_ms(session->table)};
    session_send_record(session, request->id, &ping_result_type, &result);
}

/** Ops of the edge itself: answered here, or after asking the user actor. */
static int run_own(struct session *session, const struct rpc_request *request, const struct op *op,
                   struct refusal *refusal)
{
    union {
        struct session_open_args open;
        struct session_renew_args renew;
        struct empty empty;
    } args;
    struct arena arena = {0};
    int error = ERR_UNKNOWN_OP;
    if (CHECK_RECOVER(op->command.args->size <= sizeof args)) {
        error = decode_args(op->command.args, request, &arena, &args, &refusal->fault);
    }
    if (error == 0) {
        switch ((enum session_op_code)op->command.code) {
        case SESSION_OP_OPEN:
            session_open(session, request, &args.open);
            break;
        case SESSION_OP_RENEW:
            session_renew(session, request, &args.renew);
            break;
        case SESSION_OP_PING:
            answer_ping(session, request);
            break;
        }
    }
    arena_fini(&arena);
    return error;
}

void session_request(struct session *session, const struct op *op,
                     const struct rpc_request *request)
{
    struct refusal refusal = {.error = request->error};
    if (request->error != 0) {
        refusal.fault = request->fault;
        refuse(session, request, &refusal);
        return;
    }
    refusal.error = op == NULL ? ERR_UNKNOWN_OP : check_request(session, request, op, &refusal);
    if (refusal.error == 0) {
        refusal.error = op->route == NULL ? run_own(session, request, op, &refusal)
                                          : submit(session, request, op, &refusal);
    }
    if (refusal.error != 0) {
        refuse(session, request, &refusal);
    }
}

static void handle_request(struct session *session, const struct rpc_request *request)
{
    const struct op *op =
        request->error == 0 ? registry_find(session->table->config.registry, request->op) : NULL;
    session_request(session, op, request);
}

static const char *malformed_reason(int close_code)
{
    return close_code == 1002 ? "not a request" : error_name(ERR_MALFORMED);
}

static void receive_msgpack(struct session *session, struct bytes message)
{
    struct frame_reader reader;
    struct rpc_request request;
    int status;
    frame_reader_init(&reader, message);
    while ((status = frame_reader_next(&reader, &request)) == 0 &&
           session->state != SESSION_CLOSING) {
        handle_request(session, &request);
    }
    if (status == ERR_MALFORMED) {
        session_close_code(session, reader.close_code, malformed_reason(reader.close_code));
    }
}

static void receive_json(struct session *session, struct bytes message)
{
    struct frame_json_reader reader;
    struct rpc_request request;
    int status;
    frame_json_reader_init(&reader, message);
    while ((status = frame_json_reader_next(&reader, &request)) == 0 &&
           session->state != SESSION_CLOSING) {
        handle_request(session, &request);
    }
    if (status == ERR_MALFORMED) {
        session_close_code(session, reader.close_code, malformed_reason(reader.close_code));
    }
    frame_json_reader_fini(&reader);
}

void session_receive(struct session *session, struct bytes message)
{
    if (session->state == SESSION_CLOSING) {
        return;
    }
    if (message.len > FRAME_BYTES_MAX) {
        session_close(session, ERR_TOO_LARGE);
        return;
    }
    if (session->subprotocol == SUBPROTOCOL_JSON) {
        receive_json(session, message);
    } else {
        receive_msgpack(session, message);
    }
}
