/*
 * Answers: the envelope, and the headers around it. What is the same for every answer is one text.
 */
#include <sodium.h>
#include <stdio.h>

#include "edge/http_error.h"
#include "edge/rest_internal.h"
#include "edge/rest_link.h"
#include "wire/base64.h"
#include "wire/rest_envelope.h"

#define ETAG_BYTES 16
#define ETAG_CHARS (BASE64_CHARS(ETAG_BYTES) + 2) /* with its quotes */
#define PREFLIGHT_AGE_S "600"

static const char common_headers[] =
    "x-content-type-options: nosniff\r\n"
    "referrer-policy: no-referrer\r\n"
    "x-frame-options: DENY\r\n"
    "content-security-policy: default-src 'none'; frame-ancestors 'none'\r\n"
    "strict-transport-security: max-age=31536000\r\n"
    "vary: origin, accept-language, authorization, cookie\r\n";

static const char preflight_headers[] =
    "access-control-allow-headers: authorization, content-type, idempotency-key, if-none-match, "
    "accept-language, last-event-id, x-request-id, x-duet-session\r\n"
    "access-control-max-age: " PREFLIGHT_AGE_S "\r\n";

static void put(struct buffer *out, const char *text)
{
    buffer_append(out, text, strlen(text));
}

static void put_header(struct buffer *out, const char *name, struct bytes value)
{
    put(out, name);
    put(out, ": ");
    buffer_append(out, value.data, value.len);
    put(out, "\r\n");
}

static void put_origin(struct rest_call *call, struct buffer *out)
{
    if (call->origin.len == 0) {
        return;
    }
    put_header(out, "access-control-allow-origin", call->any_origin ? text_of("*") : call->origin);
    if (!call->any_origin) {
        put(out, "access-control-allow-credentials: true\r\n");
    }
    put(out, "access-control-expose-headers: etag, link, retry-after, x-request-id\r\n");
}

/** Begins the answer's headers. */
struct buffer *rest_headers_begin(struct rest_call *call)
{
    struct buffer *out = &call->rest->headers;
    buffer_clear(out);
    buffer_append(out, common_headers, sizeof common_headers - 1);
    put_header(out, "x-request-id", bytes_of(call->trace, call->trace_len));
    put_origin(call, out);
    return out;
}

static void finish(struct rest_call *call, int status, struct bytes body)
{
    http_answer(call->exchange,
                &(struct http_response){
                    .status = status,
                    .headers = buffer_bytes(&call->rest->headers),
                    .body = body,
                    .close = status == 411}); /* a body may follow that nobody knows the end of */
    rest_call_give(call);
}

/* --- cookies --------------------------------------------------------------------------------- */

static void put_cookie(struct buffer *out, const char *name, struct bytes value, int64_t age_s)
{
    char end[96];
    (void)!snprintf(end, sizeof end,
                    "; Path=/; Max-Age=%lld; HttpOnly; Secure; SameSite=Strict\r\n",
                    (long long)(age_s > 0 ? age_s : 0));
    put(out, "set-cookie: ");
    put(out, name);
    put(out, "=");
    buffer_append(out, value.data, value.len);
    put(out, end);
}

/** The values of a map of which some go into cookies. */
struct tokens {
    struct bytes access, refresh;
    int64_t access_ends_ms, refresh_ends_ms;
};

/**
 * Copies the result, a map, with the text "cookie" in the place of each token: what a page's
 * scripts cannot read they cannot lose.
 */
static bool take_tokens(struct bytes result, struct buffer *out, struct tokens *tokens)
{
    struct cursor cursor = cursor_of(result);
    uint32_t count = cursor_map(&cursor);
    pack_map(out, count);
    for (uint32_t i = 0; i < count && !cursor.failed; i++) {
        struct bytes name = cursor_text(&cursor);
        struct bytes value = cursor_skip(&cursor);
        struct cursor inner = cursor_of(value);
        pack_text(out, name);
        if (bytes_equal(name, text_of("access_token"))) {
            tokens->access = cursor_text(&inner);
            pack_text(out, text_of("cookie"));
            continue;
        }
        if (bytes_equal(name, text_of("refresh_token"))) {
            tokens->refresh = cursor_text(&inner);
            pack_text(out, text_of("cookie"));
            continue;
        }
        if (bytes_equal(name, text_of("access_expires_at"))) {
            tokens->access_ends_ms = cursor_int(&inner);
        } else if (bytes_equal(name, text_of("refresh_expires_at"))) {
            tokens->refresh_ends_ms = cursor_int(&inner);
        }
        buffer_append(out, value.data, value.len);
    }
    return !cursor.failed && tokens->access.len != 0 && tokens->refresh.len != 0;
}

/** Sets or ends cookies; `result` may become another one, in `room`. */
static void put_cookies(struct rest_call *call, struct buffer *out, struct buffer *room,
                        struct bytes *result)
{
    enum op_tokens what = call->route_op->op->rest.tokens;
    int64_t now_ms = call->rest->config.now_ms(call->rest->config.clock);
    struct tokens tokens = {0};
    if (what == OP_TOKENS_ENDED) {
        put_cookie(out, REST_ACCESS_COOKIE, (struct bytes){0}, 0);
        put_cookie(out, REST_REFRESH_COOKIE, (struct bytes){0}, 0);
    } else if (what == OP_TOKENS_GIVEN && call->cookies_wanted && !call->any_origin &&
               take_tokens(*result, room, &tokens)) {
        put_cookie(out, REST_ACCESS_COOKIE, tokens.access, (tokens.access_ends_ms - now_ms) / 1000);
        put_cookie(out, REST_REFRESH_COOKIE, tokens.refresh,
                   (tokens.refresh_ends_ms - now_ms) / 1000);
        *result = buffer_bytes(room);
    }
}

/* --- entity tags ----------------------------------------------------------------------------- */

/** Of the body's bytes, so equal answers have equal tags on every shard and after a restart. */
static size_t make_etag(struct bytes body, char out[ETAG_CHARS + 1])
{
    uint8_t hash[ETAG_BYTES];
    crypto_generichash(hash, sizeof hash, body.data, body.len, NULL, 0);
    out[0] = '"';
    size_t len = base64_encode(hash, sizeof hash, out + 1, ETAG_CHARS);
    out[len + 1] = '"';
    return len + 2;
}

/** True: the client has it already. */
static bool put_validators(struct rest_call *call, struct buffer *out, struct bytes body)
{
    const struct http_request *request = http_request(call->exchange);
    char etag[ETAG_CHARS + 1];
    struct bytes known;
    if (!op_is_tagged(call->route_op->op)) {
        put(out, "cache-control: no-store\r\n");
        return false;
    }
    size_t len = make_etag(body, etag);
    put(out, "cache-control: private, no-cache\r\n");
    put_header(out, "etag", bytes_of(etag, len));
    return http_request_header(request, "if-none-match", &known) &&
           rest_etag_matches(known, bytes_of(etag, len));
}

/* --- answers --------------------------------------------------------------------------------- */

void rest_answer_ok(struct rest_call *call, struct bytes result)
{
    struct buffer *body = &call->rest->body;
    if (call->exchange == NULL) {
        rest_call_give(call);
        return;
    }
    struct buffer *out = rest_headers_begin(call), room = {0};
    const struct op_rest *declared = &call->route_op->op->rest;
    if (declared->tokens != OP_TOKENS_NONE) {
        put_cookies(call, out, &room, &result);
    }
    if (declared->paging != OP_PAGING_NONE) {
        const struct http_request *request = http_request(call->exchange);
        rest_link_append(request->path, request->query, result, out);
    }
    buffer_clear(body);
    int error = rest_append_ok(body, result);
    buffer_fini(&room);
    if (error != 0) {
        rest_answer_error(call, &(struct rpc_error){.code = ERR_INTERNAL});
        return;
    }
    bool known = put_validators(call, out, buffer_bytes(body));
    put(out, "content-type: application/json\r\n");
    finish(call, known ? 304 : declared->status, buffer_bytes(body));
}

/** Whole seconds, at least one. */
static void put_retry_after(struct buffer *out, int64_t retry_ms)
{
    char text[32];
    int64_t seconds = (retry_ms + 999) / 1000;
    (void)!snprintf(text, sizeof text, "retry-after: %lld\r\n",
                    (long long)(seconds > 0 ? seconds : 1));
    put(out, text);
}

static void put_error_headers(struct rest_call *call, struct buffer *out, int status,
                              int64_t retry_ms)
{
    put(out, "cache-control: no-store\r\ncontent-type: application/json\r\n");
    put(out, call->lang == LANGUAGE_KO ? "content-language: ko\r\n" : "content-language: en\r\n");
    if (status == 401) {
        put(out, call->token.len == 0
                     ? "www-authenticate: Bearer realm=\"duet\"\r\n"
                     : "www-authenticate: Bearer realm=\"duet\", error=\"invalid_token\"\r\n");
    }
    if (status == 405 && call->allow != NULL) {
        put_header(out, "allow", text_of(call->allow));
    }
    if (status == 429 || status == 503) {
        put_retry_after(out, retry_ms);
    }
}

void rest_answer_error(struct rest_call *call, const struct rpc_error *error)
{
    struct rpc_error full = *error;
    struct buffer *body = &call->rest->body;
    if (call->exchange == NULL) {
        rest_call_give(call);
        return;
    }
    full.lang = call->lang;
    full.trace = bytes_of(call->trace, call->trace_len);
    int status = error_http_status(full.code);
    put_error_headers(call, rest_headers_begin(call), status, full.retry_ms);
    buffer_clear(body);
    rest_append_error(body, &full);
    finish(call, status, buffer_bytes(body));
}

void rest_answer_options(struct rest_call *call)
{
    const struct http_request *request = http_request(call->exchange);
    struct buffer *out = rest_headers_begin(call);
    struct bytes wanted;
    put_header(out, "allow", text_of(call->allow));
    if (call->origin.len != 0 &&
        http_request_header(request, "access-control-request-method", &wanted)) {
        put_header(out, "access-control-allow-methods", text_of(call->allow));
        put(out, preflight_headers);
    }
    finish(call, 204, (struct bytes){0});
}

void rest_refusal(struct rest *rest, int status, const char *fault, struct http_response *out)
{
    struct field_fault why = {.reason = fault};
    char id[ID_TEXT_CHARS + 1]; /* the client's own is not known here */
    rest_make_id(rest, id);
    buffer_clear(&rest->body);
    buffer_clear(&rest->headers);
    rest_append_error(&rest->body, &(struct rpc_error){.code = http_error_of(status),
                                                       .fault = &why,
                                                       .trace = bytes_of(id, ID_TEXT_CHARS)});
    buffer_append(&rest->headers, common_headers, sizeof common_headers - 1);
    put_header(&rest->headers, "x-request-id", bytes_of(id, ID_TEXT_CHARS));
    put(&rest->headers, "cache-control: no-store\r\ncontent-type: application/json\r\n");
    if (status == 503) {
        put_retry_after(&rest->headers, 0);
    }
    out->headers = buffer_bytes(&rest->headers);
    out->body = buffer_bytes(&rest->body);
}
