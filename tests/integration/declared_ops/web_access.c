/*
 * What browsers bring along: cookies, origins; and how often one may ask.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "tests/integration/declared_ops/web.h"

#define COSTLY_PER_MINUTE "3"
#define COSTLY_TRIES 5

/* --- the header --- */

static void try_other_scheme(const struct op *op)
{
    static const char *const lines[] = {
        "Authorization: Basic YW5uYTpwYXNzd29yZA==", "Authorization: Bearer", "Authorization: x",
        "Authorization: Bearer  two words"};
    struct web web;
    if (op->needs == OP_NEEDS_NOTHING) {
        return;
    }
    web_begin(&web, op);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        trying("%s with %s", op->command.name, lines[i]);
        web.call.headers[WEB_SIGN_IN] = lines[i];
        web_ask(&web);
        expect_status(&web, 401);
    }
    web_end(&web);
}

void other_ways_to_sign_in_are_refused(void **state)
{
    (void)state;
    every_web_op(try_other_scheme);
}

/* --- cookies --- */

static void set_cookie(struct web *web, char line[WEB_LINE_MAX])
{
    const char *token = json_string_value(json_object_get(web->caller->facts, "access_token"));
    (void)!snprintf(line, WEB_LINE_MAX, "Cookie: other=1; __Host-duet_access=%s", token);
    web->call.headers[WEB_SIGN_IN] = line;
}

/** Reading is for any page, since it cannot read the answer; writing is not. */
static void try_cookie(const struct op *op)
{
    char line[WEB_LINE_MAX], own[64];
    struct web web;
    bool reads = strcmp(op->rest.method, "GET") == 0;
    if (op->needs == OP_NEEDS_NOTHING) {
        return;
    }
    (void)!snprintf(own, sizeof own, "Origin: http://127.0.0.1:%u", world.daemon.port);
    web_begin(&web, op);
    set_cookie(&web, line);
    const char *const origins[] = {NULL, "Origin: http://127.0.0.1:1", "Origin: null",
                                   "Origin: http://127.0.0.1.example.org"};
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        trying("%s with a cookie and %s", op->command.name,
               origins[i] != NULL ? origins[i] : "no origin");
        web.call.headers[WEB_OTHER] = origins[i];
        web_ask(&web);
        expect_status(&web, reads ? op->rest.status : 403);
        if (rest_header(&web.reply, "access-control-allow-origin") != NULL) {
            complain("another page may read it");
        }
    }
    trying("%s with a cookie from a page of its own", op->command.name);
    web.call.headers[WEB_OTHER] = own;
    web_ask(&web);
    if (web.reply.status != op->rest.status && must_succeed(op)) {
        complain("status %d: %s", web.reply.status, answer_text(&web.answer));
    }
    web_end(&web);
    if (op->writes) {
        mend();
    }
}

/** What a page asks to be kept in cookies is not in the body. */
static void try_tokens(const struct op *op)
{
    struct web web;
    if (op->rest.tokens != OP_TOKENS_GIVEN) {
        return;
    }
    web_begin(&web, op);
    trying("%s for cookies", op->command.name);
    web.call.headers[WEB_OTHER] = "X-Duet-Session: cookie";
    web_ask(&web);
    const char *cookie = rest_header(&web.reply, "set-cookie");
    const char *token = json_string_value(json_object_get(web.answer.result, "refresh_token"));
    if (web.reply.status != op->rest.status || cookie == NULL || token == NULL ||
        strlen(token) > 16 || strstr(cookie, "HttpOnly") == NULL ||
        strstr(cookie, "Secure") == NULL || strstr(cookie, "SameSite=Strict") == NULL) {
        complain("set-cookie is '%s': %s", cookie != NULL ? cookie : "missing",
                 answer_text(&web.answer));
    }
    web_end(&web);
    mend();
}

void cookies_need_a_page_that_is_trusted(void **state)
{
    (void)state;
    every_web_op(try_cookie);
    every_web_op(try_tokens);
}

/* --- how often --- */

/** Each request counts; that its args are wrong is only seen after that. */
static void try_way_often(const struct op *op, enum way way)
{
    int error = 0;
    trying("%s too often in %s", op->command.name, way_names[way]);
    for (int i = 0; i < COSTLY_TRIES && error != ERR_RATE_LIMITED; i++) {
        struct answer answer;
        ask_op(way, caller_for(op), op, wrong_args(op), &answer);
        error = answer.error;
        answer_fini(&answer);
    }
    if (error != ERR_RATE_LIMITED) {
        complain("is never RATE_LIMITED, but %s", error_name(error));
    }
}

static void try_often(const struct op *op)
{
    for (enum way way = WAY_JSON; way < WAY_COUNT && op->rate == OP_RATE_COSTLY;
         way = way_next(op, way)) {
        try_way_often(op, way);
    }
}

static void try_connection_often(const struct op *op)
{
    for (enum way way = WAY_JSON; way < WAY_COUNT && op->rate == OP_RATE_COSTLY;
         way = way_next(op, way)) {
        if (way != WAY_REST || op->needs != OP_NEEDS_NOTHING) {
            try_way_often(op, way);
        }
    }
}

/**
 * The last case: the daemon is another one from now on. retry_ms and Retry-After are judged.
 * Connections have a limit; who is not signed in and asks over REST is known by the address only.
 */
void costly_ops_say_when_to_come_back(void **state)
{
    (void)state;
    restart("--costly-per-minute", COSTLY_PER_MINUTE);
    every_op(try_connection_often);
    restart("--costly-per-minute-address", COSTLY_PER_MINUTE);
    every_op(try_often);
}
