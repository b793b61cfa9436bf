#include "tests/integration/declared_ops/rest.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <curl/curl.h>

#include "base/error.h"

#define WAIT_S 60L
#define LINE_MAX_BYTES 2048

/* --- HTTP --- */

static size_t take_body(char *data, size_t size, size_t count, void *reply)
{
    buffer_append(&((struct rest_reply *)reply)->body, data, size * count);
    return size * count;
}

static size_t take_header(char *data, size_t size, size_t count, void *context)
{
    struct rest_reply *reply = context;
    char line[LINE_MAX_BYTES];
    size_t len = size * count;
    (void)!snprintf(line, sizeof line, "%.*s", (int)len, data);
    line[strcspn(line, "\r\n")] = 0;
    char *colon = strchr(line, ':');
    if (strncmp(line, "HTTP/", 5) == 0) {
        json_object_clear(reply->headers); /* those of 100 Continue do not count */
    } else if (colon != NULL) {
        *colon = 0;
        for (char *at = line; *at != 0; at++) {
            *at = (char)tolower((unsigned char)*at);
        }
        if (json_object_get(reply->headers, line) != NULL && strcmp(line, "set-cookie") != 0) {
            complain("the header %s is there twice", line);
        }
        json_object_set_new(reply->headers, line, json_string(colon + 1 + strspn(colon + 1, " ")));
    }
    return len;
}

static struct curl_slist *header_list(const struct rest_call *call)
{
    /* curl would add these on its own */
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    bool typed = false;
    for (size_t i = 0; i < sizeof call->headers / sizeof call->headers[0]; i++) {
        if (call->headers[i] != NULL) {
            list = curl_slist_append(list, call->headers[i]);
            typed = typed || strncasecmp(call->headers[i], "content-type:", 13) == 0;
        }
    }
    return typed ? list : curl_slist_append(list, "Content-Type:");
}

static void set_method(CURL *easy, const struct rest_call *call)
{
    if (call->has_body) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                         call->body.len != 0 ? (const char *)call->body.data : "");
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    }
    if (strcmp(call->method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
    }
}

void rest_exchange(struct rest *rest, uint16_t port, const struct rest_call *call,
                   struct rest_reply *out)
{
    char *url = NULL;
    long status = 0;
    *out = (struct rest_reply){.headers = json_object()};
    if (rest->easy == NULL) {
        rest->easy = curl_easy_init();
        assert_non_null(rest->easy);
    }
    curl_easy_reset(rest->easy);
    struct curl_slist *headers = header_list(call);
    assert_true(asprintf(&url, "http://127.0.0.1:%u%s", port, call->target) > 0);
    curl_easy_setopt(rest->easy, CURLOPT_URL, url);
    curl_easy_setopt(rest->easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(rest->easy, CURLOPT_PROXY, "");
    curl_easy_setopt(rest->easy, CURLOPT_TIMEOUT, WAIT_S);
    curl_easy_setopt(rest->easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(rest->easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(rest->easy, CURLOPT_WRITEDATA, out);
    curl_easy_setopt(rest->easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(rest->easy, CURLOPT_HEADERDATA, out);
    set_method(rest->easy, call);
    CURLcode code = curl_easy_perform(rest->easy);
    if (code != CURLE_OK) {
        fail_msg("%s %s: %s", call->method, call->target, curl_easy_strerror(code));
    }
    curl_easy_getinfo(rest->easy, CURLINFO_RESPONSE_CODE, &status);
    out->status = (int)status;
    curl_slist_free_all(headers);
    free(url);
}

void rest_fini(struct rest *rest)
{
    curl_easy_cleanup(rest->easy);
    rest->easy = NULL;
}

void rest_reply_fini(struct rest_reply *reply)
{
    json_decref(reply->headers);
    buffer_fini(&reply->body);
}

const char *rest_header(const struct rest_reply *reply, const char *name)
{
    return json_string_value(json_object_get(reply->headers, name));
}

/* --- the form of answers --- */

static void copy_member(const json_t *object, const char *name, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(object, name));
    (void)!snprintf(out, size, "%s", text != NULL ? text : "");
}

static void expect_header(const struct rest_reply *reply, const char *name, const char *value)
{
    const char *given = rest_header(reply, name);
    if (given == NULL || (value != NULL && strcmp(given, value) != 0)) {
        complain("the header %s is '%s'", name, given != NULL ? given : "missing");
    }
}

static void read_error(const struct rest_reply *reply, const json_t *error, struct answer *out)
{
    const json_t *details = json_object_get(error, "details");
    const char *code = json_string_value(json_object_get(error, "code"));
    out->error = error_from_name(code != NULL ? code : "");
    out->retry_ms = json_integer_value(json_object_get(error, "retry_ms"));
    copy_member(error, "message", out->message, sizeof out->message);
    copy_member(error, "trace_id", out->trace, sizeof out->trace);
    copy_member(details, "field", out->field, sizeof out->field);
    copy_member(details, "reason", out->reason, sizeof out->reason);
    if (reply->status != error_http_status(out->error)) {
        complain("%s with status %d", error_name(out->error), reply->status);
    }
    if (reply->status == 401) { /* RFC 9110, 15.5.2 */
        expect_header(reply, "www-authenticate", NULL);
    }
    if (reply->status == 429 || reply->status == 503) {
        char seconds[24];
        (void)!snprintf(seconds, sizeof seconds, "%lld", (long long)((out->retry_ms + 999) / 1000));
        expect_header(reply, "retry-after", seconds);
    }
    expect_header(reply, "x-request-id", out->trace);
}

void rest_read(const struct rest_reply *reply, const struct op *op, struct answer *out)
{
    *out = (struct answer){0};
    json_t *body =
        json_loadb((const char *)reply->body.data, reply->body.len, JSON_REJECT_DUPLICATES, NULL);
    const char *status = json_string_value(json_object_get(body, "status"));
    expect_header(reply, "content-type", "application/json");
    expect_header(reply, "x-content-type-options", "nosniff");
    expect_header(reply, "x-request-id", NULL);
    expect_header(reply, "cache-control", NULL);
    if (status != NULL && strcmp(status, "ok") == 0 && json_object_size(body) == 2) {
        out->result = json_incref(json_object_get(body, "data"));
        if (op != NULL && reply->status != op->rest.status) {
            complain("success with status %d", reply->status);
        }
    } else if (status != NULL && strcmp(status, "error") == 0 && json_object_size(body) == 2) {
        read_error(reply, json_object_get(body, "error"), out);
    } else {
        complain("status %d with no envelope: %.*s", reply->status, (int)reply->body.len,
                 (const char *)reply->body.data);
        out->error = ERR_INTERNAL;
    }
    json_decref(body);
}

/* --- forms --- */

static void put(struct buffer *out, const char *text)
{
    buffer_append(out, text, strlen(text));
}

static void put_escaped(struct buffer *out, const char *text)
{
    static const char plain[] = "-._~"; /* beside letters and digits: RFC 3986, 2.3 */
    for (; *text != 0; text++) {
        char code[4];
        (void)!snprintf(code, sizeof code, "%%%02X", (unsigned char)*text);
        bool is_plain = isalnum((unsigned char)*text) || strchr(plain, *text) != NULL;
        buffer_append(out, is_plain ? text : code, is_plain ? 1 : 3);
    }
}

/** A value as text: a string without its quotes. */
static void put_value(struct buffer *out, const json_t *value)
{
    char *text = json_is_string(value) ? strdup(json_string_value(value))
                                       : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_non_null(text);
    put_escaped(out, text);
    free(text);
}

bool rest_takes_body(const struct op *op)
{
    for (uint32_t i = 0; i < op->command.args->count; i++) {
        if (op->command.args->fields[i].place == FIELD_BODY) {
            return true;
        }
    }
    return false;
}

/** Where the member goes; a field that nobody knows goes with most of the others. */
static enum field_place place_of(const struct op *op, const char *name)
{
    for (uint32_t i = 0; i < op->command.args->count; i++) {
        if (strcmp(op->command.args->fields[i].name, name) == 0) {
            return op->command.args->fields[i].place;
        }
    }
    return rest_takes_body(op) ? FIELD_BODY : FIELD_QUERY;
}

/** "/things/{thing}" with the thing. */
static void put_path(struct buffer *out, const struct request *request)
{
    const char *at = request->op->rest.path;
    while (*at != 0) {
        if (*at != '{') {
            buffer_append_u8(out, (uint8_t)*at++);
            continue;
        }
        size_t len = strcspn(at + 1, "}");
        const json_t *value = json_object_getn(request->args, at + 1, len);
        if (value != NULL) {
            put_value(out, value);
        }
        at += len + 2;
    }
}

static void replace_if(struct buffer *text, struct bytes mark, struct bytes instead)
{
    if (mark.len != 0 && text->len != 0 &&
        memmem(text->data, text->len, mark.data, mark.len) != NULL) {
        bytes_replace(text, mark, instead);
    }
}

void rest_form_init(struct rest_form *form, const char *prefix, const struct request *request)
{
    json_t *body = json_object();
    const char *name;
    const char *joint = "?";
    json_t *value;
    *form = (struct rest_form){0};
    put(&form->target, prefix);
    put_path(&form->target, request);
    json_object_foreach(request->args, name, value)
    {
        enum field_place place = place_of(request->op, name);
        if (place == FIELD_BODY) {
            json_object_set(body, name, value);
        } else if (place == FIELD_QUERY && !json_is_null(value)) {
            put(&form->target, joint);
            put_escaped(&form->target, name);
            put(&form->target, "=");
            put_value(&form->target, value);
            joint = "&";
        }
    }
    if (rest_takes_body(request->op)) {
        char *text = json_dumps(body, JSON_COMPACT);
        put(&form->body, text);
        free(text);
    }
    replace_if(&form->target, request->mark, request->instead);
    replace_if(&form->body, request->mark, request->instead);
    buffer_append_u8(&form->target, 0);
    json_decref(body);
}

void rest_form_fini(struct rest_form *form)
{
    buffer_fini(&form->target);
    buffer_fini(&form->body);
}

/* --- asking --- */

struct lines {
    char text[6][LINE_MAX_BYTES];
    size_t count;
};

static void add_line(struct lines *lines, struct rest_call *call, const char *name,
                     const char *value)
{
    if (value != NULL) {
        char *line = lines->text[lines->count];
        assert_true(snprintf(line, sizeof lines->text[0], "%s: %s", name, value) <
                    (int)sizeof lines->text[0]);
        call->headers[lines->count++] = line;
    }
}

void rest_ask(struct rest *rest, uint16_t port, const char *token, const struct request *request,
              struct answer *out)
{
    struct rest_form form;
    struct rest_reply reply;
    struct lines lines = {.count = 0};
    char bearer[LINE_MAX_BYTES - 64];
    rest_form_init(&form, REST_PREFIX, request);
    bool posts = strcmp(request->op->rest.method, "GET") != 0;
    struct rest_call call = {.method = request->op->rest.method,
                             .target = (const char *)form.target.data,
                             .body = buffer_bytes(&form.body),
                             .has_body = posts};
    (void)!snprintf(bearer, sizeof bearer, "Bearer %s", token != NULL ? token : "");
    add_line(&lines, &call, "Authorization", token != NULL ? bearer : NULL);
    add_line(&lines, &call, "Content-Type", form.body.len != 0 ? "application/json" : NULL);
    add_line(&lines, &call, "Idempotency-Key", request->key);
    add_line(&lines, &call, "Accept-Language", request->lang);
    add_line(&lines, &call, "X-Request-ID", request->trace);
    rest_exchange(rest, port, &call, &reply);
    rest_read(&reply, request->op, out);
    answer_judge(WAY_REST, request->op, out, (struct bytes){0});
    rest_reply_fini(&reply);
    rest_form_fini(&form);
}
