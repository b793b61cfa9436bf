/*
 * What only REST has: methods, paths, bodies, entity tags, request ids. For every op that is there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "tests/integration/declared_ops/cases.h"
#include "tests/integration/declared_ops/web.h"

static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
#define METHOD_COUNT (sizeof methods / sizeof methods[0])

/* --- methods --- */

static bool path_has(const char *path, const char *method)
{
    for (size_t i = 0; i < registry_count(world.registry); i++) {
        const struct op *op = registry_at(world.registry, i);
        if (op->rest.method != NULL && strcmp(op->rest.path, path) == 0 &&
            strcmp(op->rest.method, method) == 0) {
            return true;
        }
    }
    return false;
}

static bool list_has(const char *list, const char *item)
{
    size_t len = strlen(item);
    for (const char *at = list; at != NULL && (at = strstr(at, item)) != NULL; at += len) {
        if ((at == list || at[-1] == ' ') && (at[len] == 0 || at[len] == ',')) {
            return true;
        }
    }
    return false;
}

/** Exactly the methods of the path. */
static void expect_allow(const struct web *web)
{
    const char *allow = rest_header(&web->reply, "allow");
    const char *path = web->op->rest.path;
    bool right = list_has(allow, "OPTIONS") && list_has(allow, "HEAD") == path_has(path, "GET");
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        right = right && list_has(allow, methods[i]) == path_has(path, methods[i]);
    }
    if (!right) {
        complain("allow is '%s'", allow != NULL ? allow : "missing");
    }
}

static void try_methods(const struct op *op)
{
    struct web web;
    web_begin(&web, op);
    json_t *before = snapshot(ANNA, BERT);
    for (size_t i = 0; i < METHOD_COUNT; i++) {
        if (!path_has(op->rest.path, methods[i])) {
            web.call.method = methods[i];
            web.call.has_body = strcmp(methods[i], "GET") != 0;
            trying("%s by %s %s", op->command.name, methods[i], op->rest.path);
            web_ask(&web);
            expect_status(&web, 405);
            expect_allow(&web);
        }
    }
    trying("OPTIONS %s", op->rest.path);
    web.call = (struct rest_call){.method = "OPTIONS", .target = web.call.target};
    web_ask(&web);
    expect_status(&web, 204);
    expect_allow(&web);
    expect_same_snapshot(before, ANNA, BERT);
    web_end(&web);
}

void other_methods_are_told_what_is_allowed(void **state)
{
    (void)state;
    every_web_op(try_methods);
}

/* --- paths --- */

static bool begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/** Whether any segment more is a parameter of another path. */
static bool has_parameter_below(const char *path)
{
    char below[256];
    (void)!snprintf(below, sizeof below, "%s/{", path);
    for (size_t i = 0; i < registry_count(world.registry); i++) {
        const struct op *op = registry_at(world.registry, i);
        if (op->rest.method != NULL && begins_with(op->rest.path, below)) {
            return true;
        }
    }
    return false;
}

/** Other spellings, which are no other names of it. */
static const struct {
    const char *prefix, *tail;
    bool is_below; /* a segment more */
} other_paths[] = {
    {"/api/v1", "/", false},       {"/api/v1", "/nothing", true}, {"/api/v1/", "", false},
    {"/api/v2", "", false},        {"/api//v1", "", false},       {"/API/v1", "", false},
    {"/api/v1/api/v1", "", false}, {"/api/v1/.", "", false},      {"/api/v1/x/..", "", false},
    {"/api/v1", "%2f", false},     {"/api/v1", "%00", false},     {"/%61pi/v1", "", false},
    {"/api/v1", "/..", true},      {"/api/v1", ";x", false},      {"", "", false},
};

/** A parameter takes what is put to its end; then the op refuses it. */
static bool is_refused(const struct web *web)
{
    bool parameter_last = web->op->rest.path[strlen(web->op->rest.path) - 1] == '}';
    return web->reply.status == 404 || web->reply.status == 400 ||
           (parameter_last && web->reply.status >= 400);
}

static void try_paths(const struct op *op)
{
    char path[256], target[512];
    struct web web;
    web_begin(&web, op);
    json_t *before = snapshot(ANNA, BERT);
    (void)!snprintf(path, sizeof path, "%s", web.call.target + strlen(REST_PREFIX));
    path[strcspn(path, "?")] = 0;
    for (size_t i = 0; i < sizeof other_paths / sizeof other_paths[0]; i++) {
        if (other_paths[i].is_below && has_parameter_below(op->rest.path)) {
            continue;
        }
        (void)!snprintf(target, sizeof target, "%s%s%s", other_paths[i].prefix, path,
                        other_paths[i].tail);
        web.call.target = target;
        trying("%s %s", op->rest.method, target);
        web_ask(&web);
        if (!is_refused(&web)) {
            complain("status %d: %s", web.reply.status, answer_text(&web.answer));
        }
    }
    expect_same_snapshot(before, ANNA, BERT);
    web_end(&web);
}

void other_paths_are_not_found(void **state)
{
    (void)state;
    every_web_op(try_paths);
}

/** By its answer where it reads, else by that it is known and refused alike. */
static void try_prefixes(const struct op *op)
{
    struct web first, second;
    char target[1024];
    web_begin(&first, op);
    trying("%s %s with and without v1", op->rest.method, op->rest.path);
    if (op->writes) {
        first.call.headers[WEB_SIGN_IN] = NULL;
        first.call.body = (struct bytes){0};
    }
    second = first;
    (void)!snprintf(target, sizeof target, "/api%s", first.call.target + strlen(REST_PREFIX));
    second.call.target = target;
    web_ask(&first);
    web_ask(&second);
    strip_volatile(first.answer.result);
    strip_volatile(second.answer.result);
    if (first.reply.status == 404 || first.reply.status != second.reply.status ||
        first.answer.error != second.answer.error ||
        (first.answer.result != NULL && !json_equal(first.answer.result, second.answer.result))) {
        complain("%d is not %d: %s", first.reply.status, second.reply.status,
                 answer_text(&second.answer));
    }
    web_forget(&second);
    web_end(&first);
}

void both_prefixes_are_the_same(void **state)
{
    (void)state;
    every_web_op(try_prefixes);
}

/* --- bodies --- */

static bool has_required_body(const struct op *op)
{
    const struct record_type *type = op->command.args;
    for (uint32_t i = 0; i < type->count; i++) {
        const char *cookie = op->rest.cookie_field;
        if (type->fields[i].place == FIELD_BODY && type->fields[i].required == FIELD_REQUIRED &&
            (cookie == NULL || strcmp(cookie, type->fields[i].name) != 0)) {
            return true;
        }
    }
    return false;
}

static void try_types(struct web *web)
{
    static const char *const wrong[] = {
        "Content-Type: text/plain", "Content-Type: application/x-www-form-urlencoded",
        "Content-Type: application/jsonx", "Content-Type: application/msgpack", NULL};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        trying("%s with %s", web->op->command.name, wrong[i] != NULL ? wrong[i] : "no type");
        web->call.headers[WEB_TYPE] = wrong[i];
        web_ask(web);
        expect_status(web, 415);
    }
    web->call.headers[WEB_TYPE] = "Content-Type: application/json";
}

static void try_no_objects(struct web *web)
{
    static const struct {
        const char *text;
        int error;
    } bodies[] = {{"[]", ERR_INVALID_ARGUMENT}, {"null", ERR_INVALID_ARGUMENT},
                  {"7", ERR_INVALID_ARGUMENT},  {"\"text\"", ERR_INVALID_ARGUMENT},
                  {"{", ERR_MALFORMED},         {"{}{}", ERR_MALFORMED},
                  {"{a:1}", ERR_MALFORMED},     {"\xef\xbb\xbf{}", ERR_MALFORMED}};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        trying("%s with the body %s", web->op->command.name, bodies[i].text);
        web->call.body = text_of(bodies[i].text);
        web_ask(web);
        expect_error(&web->answer, bodies[i].error);
        if (bodies[i].error == ERR_INVALID_ARGUMENT &&
            (web->answer.field[0] == 0 || web->answer.reason[0] == 0)) {
            complain("without details");
        }
    }
}

static void try_body(const struct op *op)
{
    struct web web;
    web_begin(&web, op);
    if (rest_takes_body(op)) {
        try_types(&web);
        try_no_objects(&web);
        trying("%s without a body", op->command.name);
        web.call.has_body = false;
        web.call.headers[WEB_TYPE] = NULL;
        web_ask(&web);
        if ((web.reply.status == 411) != has_required_body(op)) {
            complain("status %d: %s", web.reply.status, answer_text(&web.answer));
        }
        if (op->writes && web.answer.error == 0) {
            mend();
        }
    }
    web_end(&web);
}

/** JSON is JSON with a parameter, too. */
static void try_charset(const struct op *op)
{
    struct web web;
    web_begin(&web, op);
    if (rest_takes_body(op)) {
        trying("%s in JSON with a charset", op->command.name);
        web.call.headers[WEB_TYPE] = "Content-Type: Application/JSON; charset=utf-8";
        web_ask(&web);
        if (web.reply.status != op->rest.status && must_succeed(op)) {
            complain("status %d: %s", web.reply.status, answer_text(&web.answer));
        }
        mend();
    }
    web_end(&web);
}

void bodies_are_json_with_a_length(void **state)
{
    (void)state;
    every_web_op(try_body);
    every_web_op(try_charset);
}

/** In a query, a field of the body is one that nobody knows. */
static void try_place(const struct op *op)
{
    const struct record_type *type = op->command.args;
    char target[2048];
    struct web web;
    web_begin(&web, op);
    for (uint32_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        const json_t *value = json_object_get(web.args, field->name);
        if (field->place != FIELD_BODY || field->required != FIELD_REQUIRED || value == NULL) {
            continue;
        }
        json_t *body = json_copy(web.args);
        json_object_del(body, field->name);
        char *text = json_dumps(body, JSON_COMPACT);
        (void)!snprintf(target, sizeof target, "%s%s%s=1", web.form.target.data,
                        strchr((const char *)web.form.target.data, '?') != NULL ? "&" : "?",
                        field->name);
        trying("%s with %s in the query", op->command.name, field->name);
        web.call.target = target;
        web.call.body = text_of(text);
        web_ask(&web);
        if (web.answer.error != ERR_INVALID_ARGUMENT ||
            strcmp(web.answer.field, field->name) != 0) {
            complain("not INVALID_ARGUMENT of %s, but %s", field->name, answer_text(&web.answer));
        }
        json_decref(body);
        free(text);
    }
    web_end(&web);
}

void fields_count_only_where_they_stand(void **state)
{
    (void)state;
    every_web_op(try_place);
}

/* --- reads --- */

static bool is_get(const struct op *op)
{
    return strcmp(op->rest.method, "GET") == 0;
}

static void try_head(const struct op *op)
{
    struct web get, head;
    if (!is_get(op)) {
        return;
    }
    web_begin(&get, op);
    trying("HEAD %s", op->rest.path);
    web_ask(&get);
    head = get;
    head.reply = (struct rest_reply){0};
    head.answer = (struct answer){0};
    head.call.method = "HEAD";
    web_ask(&head);
    static const char *const names[] = {"content-length", "content-type", "etag"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *left = rest_header(&get.reply, names[i]);
        const char *right = rest_header(&head.reply, names[i]);
        bool neither = left == NULL && right == NULL && !op_is_tagged(op) && i == 2; /* the tag */
        if (!neither && (left == NULL || right == NULL || strcmp(left, right) != 0)) {
            complain("%s is '%s'", names[i], right != NULL ? right : "missing");
        }
    }
    expect_status(&head, get.reply.status);
    if (head.reply.body.len != 0) {
        complain("with a body");
    }
    web_forget(&head);
    web_end(&get);
}

void head_is_get_without_the_body(void **state)
{
    (void)state;
    every_web_op(try_head);
}

static void ask_if_none_match(struct web *web, const char *format, const char *etag, int status)
{
    char line[256];
    (void)!snprintf(line, sizeof line, "If-None-Match: ");
    (void)!snprintf(line + strlen(line), sizeof line - strlen(line), "%s", format);
    char *at = strchr(line, '@');
    if (at != NULL) {
        char tail[64];
        (void)!snprintf(tail, sizeof tail, "%s", at + 1);
        (void)!snprintf(at, sizeof line - (size_t)(at - line), "%s%s", etag, tail);
    }
    trying("%s with %s", web->op->command.name, line);
    web->call.headers[WEB_OTHER] = line;
    web_ask(web);
    expect_status(web, status);
    web->call.headers[WEB_OTHER] = NULL;
    if (status == 304 && (web->reply.body.len != 0 || rest_header(&web->reply, "etag") == NULL)) {
        complain("with a body, or without its tag");
    }
}

static void try_etag(const struct op *op)
{
    struct web web;
    char etag[128] = "";
    if (!is_get(op)) {
        return;
    }
    web_begin(&web, op);
    trying("the entity tag of %s", op->command.name);
    web_ask(&web);
    const char *given = rest_header(&web.reply, "etag");
    if (!op_is_tagged(op)) {
        const char *control = rest_header(&web.reply, "cache-control");
        if (given != NULL || control == NULL || strcmp(control, "no-store") != 0) {
            complain("something may be kept");
        }
        web_end(&web);
        return;
    }
    if (given == NULL || given[0] != '"') {
        complain("is %s", given != NULL ? given : "missing");
        web_end(&web);
        return;
    }
    (void)!snprintf(etag, sizeof etag, "%s", given);
    static const char *const same[] = {"@", "W/@", "\"another\", @", "@ , \"another\"", "*"};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        ask_if_none_match(&web, same[i], etag, 304);
    }
    ask_if_none_match(&web, "\"another\"", etag, op->rest.status);
    web_end(&web);
}

/** What is read differs now, and so must its tag. */
static void try_tag_moves(void)
{
    struct web web;
    char before[128] = "";
    struct answer answer;
    const struct op *send = op_named("chat.send");
    web_begin(&web, op_named("couple.info"));
    trying("whether a tag changes with what it is of");
    web_ask(&web);
    (void)!snprintf(before, sizeof before, "%s", rest_header(&web.reply, "etag"));
    ask_op(WAY_REST, web.caller, send, args_for(send, web.caller), &answer);
    answer_fini(&answer);
    ask_if_none_match(&web, "@", before, 200);
    web_end(&web);
}

void entity_tags_save_the_body(void **state)
{
    (void)state;
    every_web_op(try_etag);
    try_tag_moves();
    no_complaints();
}

/* --- request ids and languages --- */

static void try_request_id(const struct op *op)
{
    static const char *const refused[] = {NULL, "X-Request-ID: two words", "X-Request-ID: \"q\"",
                                          "X-Request-ID: 0123456789012345678901234567890123456789"
                                          "0123456789012345678901234"};
    struct web web;
    char last[80] = "";
    web_begin(&web, op);
    web.call.headers[WEB_SIGN_IN] = NULL; /* refused or not, all answers have one */
    web.call.body = op->writes ? (struct bytes){0} : web.call.body;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        trying("%s with %s", op->command.name, refused[i] != NULL ? refused[i] : "no request id");
        web.call.headers[WEB_OTHER] = refused[i];
        web_ask(&web);
        const char *id = rest_header(&web.reply, "x-request-id");
        if (id == NULL || strlen(id) < 8 || strcmp(id, last) == 0 ||
            (refused[i] != NULL && strstr(refused[i], id) != NULL)) {
            complain("x-request-id is '%s' after '%s'", id != NULL ? id : "missing", last);
        }
        (void)!snprintf(last, sizeof last, "%s", id != NULL ? id : "");
    }
    trying("%s with a request id", op->command.name);
    web.call.headers[WEB_OTHER] = "X-Request-ID: from-the-test_1";
    web_ask(&web);
    const char *id = rest_header(&web.reply, "x-request-id");
    if (id == NULL || strcmp(id, "from-the-test_1") != 0) {
        complain("x-request-id is '%s'", id != NULL ? id : "missing");
    }
    web_end(&web);
}

void request_ids_come_back(void **state)
{
    (void)state;
    every_web_op(try_request_id);
}

static void try_languages(const struct op *op)
{
    static const struct {
        const char *header;
        enum language language;
    } rows[] = {
        {"Accept-Language: ko", LANGUAGE_KO},
        {"Accept-Language: ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", LANGUAGE_KO},
        {"Accept-Language: en;q=0.5, ko;q=0.8", LANGUAGE_KO},
        {"Accept-Language: en, ko;q=0.8", LANGUAGE_EN},
        {"Accept-Language: fr, de;q=0.5", LANGUAGE_EN},
        {"Accept-Language: ko;q=0", LANGUAGE_EN},
        {NULL, LANGUAGE_EN},
    };
    struct web web;
    web_begin(&web, op);
    if (op->needs != OP_NEEDS_NOTHING) {
        web.call.headers[WEB_SIGN_IN] = NULL;
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            trying("%s without a session and with %s", op->command.name,
                   rows[i].header != NULL ? rows[i].header : "no language");
            web.call.headers[WEB_OTHER] = rows[i].header;
            web_ask(&web);
            expect_error(&web.answer, ERR_UNAUTHENTICATED);
            if (strcmp(web.answer.message, error_text(ERR_UNAUTHENTICATED, rows[i].language)) !=
                0) {
                complain("says '%s'", web.answer.message);
            }
        }
    }
    web_end(&web);
}

void languages_are_weighed(void **state)
{
    (void)state;
    every_web_op(try_languages);
}
