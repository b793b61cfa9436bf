/*
 * What is wrong with a request is mostly known when its head has come. It is told when the body
 * has come too, so that the connection can be used again; at once only to a client that asked
 * before sending the body (Expect: 100-continue).
 */
#include "edge/rest.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "edge/http_check.h"
#include "edge/metrics.h"
#include "edge/rest_internal.h"
#include "wire/base64.h"
#include "wire/rest_args.h"

#define CALLERS_DEFAULT 16384
#define CALLER_IDLE_MS (5 * 60 * 1000)
#define PREFIX "/api"
#define VERSION_PREFIX "/api/v1"

/* --- calls ----------------------------------------------------------------------------------- */

struct rest_call *rest_call_take(struct rest *rest)
{
    struct rest_call *call = rest->free_calls;
    if (call == NULL) {
        call = memory_alloc(sizeof *call);
    } else {
        rest->free_calls = call->next_free;
        memset(call, 0, offsetof(struct rest_call, trace));
    }
    call->rest = rest;
    return call;
}

void rest_call_give(struct rest_call *call)
{
    json_decref(call->args);
    call->args = NULL;
    call->next_free = call->rest->free_calls;
    call->rest->free_calls = call;
}

/* --- the head -------------------------------------------------------------------------------- */

static struct bytes header(const struct http_request *request, const char *name)
{
    struct bytes value = {0};
    (void)http_request_header(request, name, &value);
    return value;
}

void rest_make_id(struct rest *rest, char out[ID_TEXT_CHARS + 1])
{
    uint8_t id[ID_BYTES];
    put_u64(id, rest->trace_prefix);
    put_u64(id + 8, ++rest->trace_count);
    base64_encode(id, sizeof id, out, ID_TEXT_CHARS + 1);
}

/** The client's own id, or a new one. */
static void take_trace(struct rest_call *call, const struct http_request *request)
{
    struct bytes given = header(request, "x-request-id");
    if (rest_is_request_id(given)) {
        memcpy(call->trace, given.data, given.len);
        call->trace_len = (uint8_t)given.len;
        return;
    }
    uint8_t id[ID_BYTES];
    char text[ID_TEXT_CHARS + 1];
    put_u64(id, call->rest->trace_prefix);
    put_u64(id + 8, ++call->rest->trace_count);
    crypto_shorthash(id + 8, id, sizeof id, call->rest->trace_key); /* tells no count */
    base64_encode(id, sizeof id, text, sizeof text);
    memcpy(call->trace, text, ID_TEXT_CHARS);
    call->trace_len = ID_TEXT_CHARS;
}

static void take_origin(struct rest_call *call, const struct http_request *request)
{
    const struct rest_config *config = &call->rest->config;
    struct bytes origin = header(request, "origin");
    for (uint32_t i = 0; i < config->origin_count && origin.len != 0; i++) {
        if (bytes_equal(origin, text_of(config->origins[i]))) {
            call->origin = origin;
        } else if (strcmp(config->origins[i], "*") == 0 && call->origin.len == 0) {
            call->origin = origin;
            call->any_origin = true;
        }
    }
}

static bool is_safe(const struct http_request *request)
{
    return request->method == HTTP_GET || request->method == HTTP_HEAD ||
           request->method == HTTP_OPTIONS;
}

/**
 * A cookie is sent by the browser on its own, so a page that we do not trust could use it: with a
 * cookie, only pages of our own host and of listed origins may change anything.
 */
static bool is_cross_site(const struct rest_call *call, const struct http_request *request)
{
    struct bytes origin = header(request, "origin");
    if (is_safe(request)) {
        return false;
    }
    bool listed = call->origin.len != 0 && !call->any_origin;
    return !listed && !rest_is_same_origin(origin, header(request, "host"));
}

int rest_call_take_token(struct rest_call *call, const struct http_request *request,
                         bool *by_cookie)
{
    struct bytes authorization = header(request, "authorization");
    if (authorization.len != 0) {
        return rest_bearer(authorization, &call->token) ? 0 : ERR_TOKEN_INVALID;
    }
    *by_cookie = rest_cookie(header(request, "cookie"), REST_ACCESS_COOKIE, &call->token);
    return call->token.len != 0 ? 0 : ERR_UNAUTHENTICATED;
}

static int take_sign_in(struct rest_call *call, const struct http_request *request)
{
    const struct op *op = call->route_op->op;
    struct bytes cookies = header(request, "cookie");
    bool by_cookie = false;
    call->cookies_wanted = bytes_equal(header(request, "x-duet-session"), text_of("cookie"));
    if (op->needs != OP_NEEDS_NOTHING) {
        int error = rest_call_take_token(call, request, &by_cookie);
        if (error != 0) {
            return error;
        }
    }
    if (op->rest.cookie_field != NULL) {
        by_cookie = rest_cookie(cookies, REST_REFRESH_COOKIE, &call->refresh_cookie);
        call->cookies_wanted = call->cookies_wanted || by_cookie;
    }
    bool from_page = header(request, "origin").len != 0;
    bool risky = by_cookie || (call->cookies_wanted && from_page);
    return risky && is_cross_site(call, request) ? ERR_CROSS_SITE : 0;
}

static bool has_required_body(const struct op *op)
{
    const struct record_type *type = op->command.args;
    for (uint32_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        bool from_cookie =
            op->rest.cookie_field != NULL && strcmp(op->rest.cookie_field, field->name) == 0;
        if (field->place == FIELD_BODY && field->required == FIELD_REQUIRED && !from_cookie) {
            return true;
        }
    }
    return false;
}

static int check_body(const struct op *op, const struct http_request *request)
{
    if (!rest_args_has_body(op)) {
        return 0;
    }
    if (!request->has_body) {
        return has_required_body(op) ? ERR_LENGTH_REQUIRED : 0;
    }
    struct bytes coding = header(request, "content-encoding");
    bool empty = bytes_equal(header(request, "content-length"), text_of("0"));
    bool plain = coding.len == 0 || bytes_equal(coding, text_of("identity"));
    bool json = plain && rest_is_json(header(request, "content-type"));
    return empty || json ? 0 : ERR_UNSUPPORTED_MEDIA_TYPE;
}

/** The path below /api/v1 or /api. */
static struct bytes below(struct bytes path)
{
    static const char *const prefixes[] = {VERSION_PREFIX, PREFIX};
    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(prefixes[i]);
        if (path.len > len && memcmp(path.data, prefixes[i], len) == 0 && path.data[len] == '/') {
            return bytes_of(path.data + len, path.len - len);
        }
    }
    return (struct bytes){0};
}

bool rest_is_mine(struct bytes path)
{
    size_t len = strlen(PREFIX);
    return path.len >= len && memcmp(path.data, PREFIX, len) == 0 &&
           (path.len == len || path.data[len] == '/');
}

static int judge(struct rest_call *call, const struct http_request *request)
{
    call->match = rest_routes_find(call->rest->config.routes, below(request->path));
    if (call->match.route == NULL) {
        return ERR_UNKNOWN_OP;
    }
    call->allow = call->match.route->allow;
    http_set_endpoint(call->exchange, (uint16_t)(METRICS_FIRST_ROUTE + call->match.route->index));
    if (request->method == HTTP_OPTIONS) {
        return 0;
    }
    call->route_op = rest_route_op(call->match.route, request->method_text);
    if (call->route_op == NULL) {
        return ERR_METHOD_NOT_ALLOWED;
    }
    int error = take_sign_in(call, request);
    return error != 0 ? error : check_body(call->route_op->op, request);
}

struct rest_call *rest_call_begin(struct rest *rest, struct http_exchange *exchange)
{
    const struct http_request *request = http_request(exchange);
    struct rest_call *call = rest_call_take(rest);
    call->exchange = exchange;
    call->lang = rest_language(header(request, "accept-language"));
    take_trace(call, request);
    take_origin(call, request);
    return call;
}

/* --- the request ----------------------------------------------------------------------------- */

static int read_args(struct rest_call *call, const struct http_request *request,
                     struct field_fault *fault)
{
    return rest_args_read(&(struct rest_request){.route_op = call->route_op,
                                                 .match = &call->match,
                                                 .query = request->query,
                                                 .body = request->body,
                                                 .cookie = call->refresh_cookie},
                          &call->args, fault);
}

/** What says who asks, or what is asked, is said once: of two, readers would choose differently. */
static int check_doubled(const struct http_request *request, struct field_fault *fault)
{
    static const struct {
        const char *name;
        size_t len;
    } once[] = {{"authorization", 13}, {"content-type", 12}, {"idempotency-key", 15}};
    unsigned seen = 0;
    for (uint32_t i = 0; i < request->header_count; i++) {
        struct bytes name = request->headers[i].name;
        for (unsigned at = 0; at < sizeof once / sizeof once[0]; at++) {
            if (name.len != once[at].len || !http_check_is_named(name, once[at].name)) {
                continue;
            }
            if ((seen & (1u << at)) != 0) {
                (void)!snprintf(fault->field, sizeof fault->field, "%s", once[at].name);
                fault->reason = "is given twice";
                return ERR_INVALID_ARGUMENT;
            }
            seen |= 1u << at;
        }
    }
    return 0;
}

static void handle_request(struct http_exchange *exchange)
{
    struct rest_call *call = *http_context(exchange);
    struct rest *rest = call->rest;
    const struct http_request *request = http_request(exchange);
    struct field_fault fault = {0};
    if (call->refusal == 0 && request->method == HTTP_OPTIONS) {
        rest_answer_options(call);
        return;
    }
    int error = check_doubled(request, &fault);
    if (error == 0) {
        error = call->refusal != 0 ? call->refusal : read_args(call, request, &fault);
    }
    if (error != 0) {
        rest_answer_error(call, &(struct rpc_error){.code = error, .fault = &fault});
        return;
    }
    uint8_t room[FORWARDED_ADDRESS_BYTES];
    rest_callers_join(rest->callers, call->token, rest_customer(rest, request, room), &call->ref);
}

static int take_key(const struct rest_call *call, struct rpc_request *rpc)
{
    const struct http_request *request = http_request(call->exchange);
    struct bytes value;
    if (!op_takes_key(call->route_op->op) ||
        !http_request_header(request, "idempotency-key", &value)) {
        return 0;
    }
    value = rest_key(value);
    const char *reason = value.len == 0              ? "is empty"
                         : value.len > FRAME_KEY_MAX ? "is too long"
                                                     : NULL;
    for (size_t i = 0; i < value.len && reason == NULL; i++) {
        if (value.data[i] <= ' ' || value.data[i] > '~') {
            reason = "must be visible ASCII";
        }
    }
    if (reason != NULL) {
        rpc->error = ERR_INVALID_ARGUMENT;
        rpc->fault = (struct field_fault){.field = "Idempotency-Key", .reason = reason};
        return rpc->error;
    }
    rpc->meta.key = value;
    return 0;
}

static struct rest_call *call_of(struct rest_request_ref *ref)
{
    return (struct rest_call *)((uint8_t *)ref - offsetof(struct rest_call, ref));
}

static void handle_ready(void *self, struct rest_request_ref *ref)
{
    struct rest *rest = self;
    struct rest_call *call = call_of(ref);
    struct rpc_request rpc = {.args_json = call->args};
    json_t *args = call->args;
    call->args = NULL; /* the call may be gone when this returns */
    (void)take_key(call, &rpc);
    rest_callers_submit(rest->callers, ref, call->route_op->op, &rpc);
    json_decref(args);
}

static void handle_result(void *self, struct rest_request_ref *ref, struct bytes result)
{
    (void)self;
    rest_answer_ok(call_of(ref), result);
}

static void handle_error(void *self, struct rest_request_ref *ref, const struct rpc_error *error)
{
    (void)self;
    rest_answer_error(call_of(ref), error);
}

static void handle_gone(struct http_exchange *exchange)
{
    struct rest_call *call = *http_context(exchange);
    call->exchange = NULL;
    if (call->ref.caller == NULL || rest_callers_leave(call->rest->callers, &call->ref)) {
        rest_call_give(call);
    }
}

static const struct exchange_owner owner = {.request = handle_request, .gone = handle_gone};

size_t rest_head(struct rest *rest, struct http_exchange *exchange)
{
    const struct http_request *request = http_request(exchange);
    struct rest_call *call = rest_call_begin(rest, exchange);
    call->refusal = judge(call, request);
    if (call->refusal != 0 && header(request, "expect").len != 0) {
        rest_answer_error(call, &(struct rpc_error){.code = call->refusal});
        return 0;
    }
    call->owner = &owner;
    *http_context(exchange) = call;
    return REST_BODY_MAX;
}

/* --- for other paths ------------------------------------------------------------------------- */

void rest_refuse(struct rest *rest, struct http_exchange *exchange, const struct rpc_error *error)
{
    rest_answer_error(rest_call_begin(rest, exchange), error);
}

void rest_refuse_method(struct rest *rest, struct http_exchange *exchange, const char *allow)
{
    struct rest_call *call = rest_call_begin(rest, exchange);
    call->allow = allow;
    if (http_request(exchange)->method == HTTP_OPTIONS) {
        rest_answer_options(call);
    } else {
        rest_answer_error(call, &(struct rpc_error){.code = ERR_METHOD_NOT_ALLOWED});
    }
}

int rest_sign_in(struct rest *rest, struct http_exchange *exchange, struct token_claims *out,
                 int64_t *retry_ms)
{
    const struct http_request *request = http_request(exchange);
    struct rest_call *call = rest_call_begin(rest, exchange);
    bool by_cookie = false;
    int error = rest_call_take_token(call, request, &by_cookie);
    if (error == 0) {
        uint8_t room[FORWARDED_ADDRESS_BYTES];
        error = rest_callers_verify(rest->callers, call->token, rest_customer(rest, request, room),
                                    out, retry_ms);
    }
    rest_call_give(call);
    return error;
}

struct bytes rest_customer(const struct rest *rest, const struct http_request *request,
                           uint8_t room[FORWARDED_ADDRESS_BYTES])
{
    struct forwarded_lines lines = {0};
    for (uint32_t i = 0; rest->config.forwarded != NULL && i < request->header_count; i++) {
        const struct http_header *line = &request->headers[i];
        if (http_check_is_named(line->name, "x-forwarded-for")) {
            forwarded_lines_add(&lines, line->value);
        }
    }
    return forwarded_customer(
        forwarded_remote(rest->config.forwarded, request->peer, &lines, room));
}

void rest_common_headers(struct rest *rest, struct http_exchange *exchange, struct buffer *out)
{
    struct rest_call *call = rest_call_begin(rest, exchange);
    struct buffer *common = rest_headers_begin(call);
    buffer_append(out, common->data, common->len);
    rest_call_give(call);
}

/* --- life ------------------------------------------------------------------------------------ */

struct rest *rest_create(const struct rest_config *config)
{
    struct rest *rest = memory_alloc(sizeof *rest);
    rest->config = *config;
    randombytes_buf(&rest->trace_prefix, sizeof rest->trace_prefix);
    crypto_shorthash_keygen(rest->trace_key);
    rest->callers = rest_callers_create(&(struct rest_callers_config){
        .sessions = config->sessions,
        .key = config->key,
        .max = config->callers_max != 0 ? config->callers_max : CALLERS_DEFAULT,
        .idle_ms = CALLER_IDLE_MS,
        .self = rest,
        .ready = handle_ready,
        .result = handle_result,
        .error = handle_error,
        .now_ms = config->now_ms,
        .clock = config->clock});
    return rest;
}

void rest_destroy(struct rest *rest)
{
    if (rest == NULL) {
        return;
    }
    rest_callers_destroy(rest->callers);
    while (rest->free_calls != NULL) {
        struct rest_call *call = rest->free_calls;
        rest->free_calls = call->next_free;
        free(call);
    }
    buffer_fini(&rest->headers);
    buffer_fini(&rest->body);
    free(rest);
}

void rest_tick(struct rest *rest)
{
    rest_callers_tick(rest->callers);
}

void rest_turn_end(struct rest *rest)
{
    rest_callers_turn_end(rest->callers);
}
